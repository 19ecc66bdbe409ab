/*
 * notice.h - our own messages to one person: codes and notices, as jobs.
 */
#ifndef GP_AUTH_NOTICE_H
#define GP_AUTH_NOTICE_H

#include "store/db.h"
#include "store/user.h"

struct notice {
	uint64_t	 id;		/* notification id, made before (D20) */
	uint64_t	 user_id;
	const char	*channel;	/* "sms" or "email" */
	const char	*to;		/* E.164, or e-mail as typed */
	const char	*locale;	/* NULL: the site's */
	const char	*template;	/* "code", "taken", "password_changed" … */
	const char	*purpose;	/* of a code, or NULL */
	const char	*code;		/* goes into job.secret only; or NULL */
	const char	*link;		/* the same: an undo link; or NULL */
	const char	*detail;	/* shown in a notice (masked number), or NULL */
	bool		 nobody;	/* same rows, no message leaves (S24) */
	uint32_t	 life_s;
	const char	*request_id;
};
/* In the caller's transaction if there is one.  An SMS is paid for before, by
 * sms_guard.h.  0 or -1. */
int	 notice_add(struct db *db, const struct notice *n, struct err *e)
	    MUST_CHECK;
/* To every proved channel of a user, one each, by SMS when sms_guard_notice
 * lets it (S46); ids are made by `ids[2]` before the transaction.  How many,
 * or -1. */
int	 notice_everywhere(struct db *db, const struct user *u,
	    const uint64_t ids[2], const char *template, const char *detail,
	    const char *request_id, struct err *e) MUST_CHECK;
/* The same with a link in it, which no delivery row shows (S74). */
int	 notice_link_everywhere(struct db *db, const struct user *u,
	    const uint64_t ids[2], const char *template, const char *link,
	    const char *request_id, struct err *e) MUST_CHECK;
/* After the commit: ring the workers. */
void	 notice_ring(void);

#endif
