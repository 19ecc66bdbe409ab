/*
 * user_admin.h - table user as administrators see it: lists, and the changes
 * that need the row held.
 */
#ifndef GP_STORE_USER_ADMIN_H
#define GP_STORE_USER_ADMIN_H

#include "store/user.h"

/* -1: either; else 0 or 1. */
struct user_filter {
	const char	*q;		/* in e-mail, phone or a name; "" all */
	int		 staff, superuser, active, verified;
	uint64_t	 group_id;	/* 0: any */
	const char	*ids;		/* JSON array: of these, by id; or NULL */
	const char	*ordering;	/* a word of USER_ORDERINGS */
	unsigned	 limit, offset;
};
#define USER_ORDERINGS "id|-id|created_at|-created_at|last_login_at|" \
	"-last_login_at|email|-email|last_name|-last_name"

struct user_seen {
	struct user	 u;
	const char	*last_login_ip;
	int64_t		 purge_us;	/* closing: when it goes; else 0 */
};
int64_t	 user_admin_count(struct db *db, const struct user_filter *f,
	    struct err *e) MUST_CHECK;
/* Rows of a page; `row` as in db_each with *s filled.  Rows or -1. */
int	 user_admin_each(struct db *db, struct arena *a,
	    const struct user_filter *f, struct user_seen *s,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
/* One: 1, 0, -1. */
int	 user_admin_find(struct db *db, struct arena *a, uint64_t id,
	    struct user_seen *s, struct err *e) MUST_CHECK;

/* Roles of the row, held until the commit: 1, 0 no such user, -1. */
int	 user_admin_hold(struct db *db, uint64_t id, struct user_roles *r,
	    struct err *e) MUST_CHECK;

/* Worker: an impersonation that is over and not in the audit yet: 1 and *x,
 * 0 none, -1. */
struct acting_over {
	uint64_t	 session_id, user_id, actor_id;
	const char	*reason;	/* "expired", "logout" … */
};
int	 acting_over(struct db *db, struct arena *a, struct acting_over *x,
	    struct err *e) MUST_CHECK;
/* Take it: 1 this call did, 0 another had, -1.  In the transaction that
 * writes the audit row. */
int	 acting_told(struct db *db, uint64_t session_id, struct err *e)
	    MUST_CHECK;

#endif
