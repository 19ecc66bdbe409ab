/*
 * superuser.h - what a superuser does to another's account, for a reason: the
 * same conditions before it, within it and in the audit.
 */
#ifndef GP_API_SUPERUSER_H
#define GP_API_SUPERUSER_H

#include "api/route.h"
#include "store/user.h"

struct superuser_act {
	struct call	*c;
	const char	*reason;
	struct user	 u;		/* of the path; in the call's arena */
	uint64_t	 notice_ids[2];
	int		 told;		/* how many of them stand */
};
#define REASON_ROW(S)	FIELD_TEXT(S, reason, "reason", 3, 200,		\
			    F_REQUIRED | F_TRIM | F_LINE)

/*
 * Signed in freshly, not too often (20 an hour and superuser, counted as
 * `what`), and the user of the path.  0; -1 ERR_FORBIDDEN "reauth_required",
 * ERR_THROTTLED, ERR_NOT_FOUND.
 */
int	 superuser_may(struct superuser_act *x, struct call *c,
	    const char *what, const char *reason, struct err *e) MUST_CHECK;
/*
 * In the transaction, first: both rows held, the superuser's before the
 * other's, so that a role taken, a sign-out or a disabling that comes now
 * waits for us and ends what it must.  1 and the user's roles, 0 he is gone;
 * -1 ERR_FORBIDDEN "role_required", ERR_AUTH.
 */
int	 superuser_hold(struct db *db, const struct superuser_act *x,
	    struct user_roles *r, struct err *e) MUST_CHECK;
/* Under the superuser's name and `session_id`, with the reason. */
int	 superuser_audit(struct db *db, const struct superuser_act *x,
	    const char *event, uint64_t session_id, struct err *e) MUST_CHECK;

#endif
