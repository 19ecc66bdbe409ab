/*
 * communications.h - what the rows under /api/communications/ share: a user
 * (or a program with scope send) sends one message to one address.
 *
 * Who may is the row's word, ROLE_SENDER; see GATEPOST_USER_SEND.  A message
 * is a notification of type COMM_TYPE whose user_id is who sent it, and whose
 * content has its text as `body`; the history finds it by that.
 */
#ifndef GP_API_COMMUNICATIONS_H
#define GP_API_COMMUNICATIONS_H

#include "api/route.h"
#include "base/conf.h"

#define COMM_TYPE	"communication"
#define COMM_LIFE_S	(24 * 60 * 60)

struct comm {
	const char	*channel;	/* "email", "sms", "whatsapp" */
	const char	*to;		/* address as the channel takes it */
	const char	*title;		/* subject, or "" */
	const char	*content;	/* JSON */
	uint32_t	 life_s;	/* dead after this */
	enum conf_key	 day;		/* so many a day and user */
	const char	*message;	/* English, of base/lang_rows.def */
	/* Commits together with the notification `id`, or refuses (-1); may
	 * run more than once, as in db_tx.  NULL: nothing. */
	int		(*with)(struct db *db, const struct comm *m,
			    uint64_t id, struct err *e);
};

/*
 * Count it against the sender's day (tokens have none), accept it, ring the
 * worker, and answer 202 {success, data: {message, task_id}}.  The same key
 * twice at once is accepted once.  `check` runs between the count and the
 * acceptance; when it refuses (-1) the count is given back.  NULL: none.
 */
int	 comm_send(struct call *c, struct comm *m,
	    int (*check)(struct call *c, struct comm *m, void *arg,
	    struct err *e), void *arg, struct err *e) MUST_CHECK;
/* The 202 again, for a row's replay; `message` as above. */
int	 comm_accepted(struct call *c, uint64_t id, const char *message)
	    MUST_CHECK;

#endif
