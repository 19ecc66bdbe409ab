/*
 * admin_own.h - what the rows for administrators share.  Not for others.
 */
#ifndef GP_API_ADMIN_OWN_H
#define GP_API_ADMIN_OWN_H

#include "api/route.h"
#include "store/user_admin.h"

/* The user of the path: 0 and *s; -1 ERR_NOT_FOUND. */
int	 admin_user(struct call *c, struct user_seen *s, struct err *e)
	    MUST_CHECK;
/* Staff do not touch those above or beside them, whose roles are `r`: 0, or
 * -1 ERR_FORBIDDEN. */
int	 admin_may(const struct call *c, uint64_t user_id,
	    const struct user_roles *r, struct err *e) MUST_CHECK;
void	 admin_write_user(struct jw *w, const struct user_seen *s);
/* Answer with the user as he is now. */
int	 admin_answer(struct call *c, uint64_t id, struct err *e) MUST_CHECK;

#endif
