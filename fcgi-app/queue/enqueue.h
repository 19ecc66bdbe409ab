/*
 * enqueue.h - accept a notification durably: one CALL, two rows (D23), in the
 * caller's transaction if there is one.  Ring the bell after the commit.
 */
#ifndef GP_QUEUE_ENQUEUE_H
#define GP_QUEUE_ENQUEUE_H

#include "store/db.h"

enum job_class { CLASS_CODE = 0, CLASS_TRANSACTIONAL = 1, CLASS_CAMPAIGN = 2 };

/* A sender of more than so many at once, beyond so many a second, has many:
 * as the many of one notification they have classes of their own. */
#define SENDER_BURST	100
#define SENDER_PER_S	20

struct enqueue {
	uint64_t	 id;		/* notification id, from rand_id() */
	uint64_t	 user_id, token_id;	/* who sends; 0 the system */
	const char	*type;		/* "code", "notice", "system", "push" … */
	enum job_class	 class;
	const char	*channel;	/* "sms", "email", "web_push"; "" as the
					 * audience says, else by preference */
	const char	*title;
	const char	*content;	/* JSON the channel renders; no secrets */
	const char	*audience;	/* JSON: {"to": "+98…", "user_id": 7} or
					 * {"device_ids": ["1", …]} or
					 * {"user_ids": […]} or {"group_id": "…"} */
	const char	*request_id;
	const uint8_t	*idem_scope, *idem_key, *idem_mac;	/* or NULL */
	bool		 behind;	/* its sender has many: in nobody's
					 * way who has one (R9) */
	uint32_t	 life_s;	/* dead so long after it is due (R15) */
	int64_t		 run_us;	/* not before; 0 now */
	int64_t		 ends_us;	/* dead then, whatever life_s; or 0 */
	const char	*waiter;	/* socket name or NULL (D1) */
	const char	*secret;	/* JSON with code or link, sealed here; NULL */
};

/* Types that mean something to ourselves: a code is never sent twice and has no
 * link to unsubscribe, a digest's stops every kind.  Nobody else sends them. */
bool	 enqueue_type_ours(const char *type);

/*
 * 1 accepted; 0 the idempotency key was there: *existing names the
 * notification it made (and *same says whether the body was the same); -1.
 */
int	 enqueue(struct db *db, const struct enqueue *m, uint64_t *existing,
	    bool *same, struct err *e) MUST_CHECK;

#endif
