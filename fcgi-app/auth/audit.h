/*
 * audit.h - one row an auth event, no secret in it (S71), unchained at insert
 * with a keyed HMAC; the sealer of the worker chains them (D12).
 */
#ifndef GP_AUTH_AUDIT_H
#define GP_AUTH_AUDIT_H

#include "base/json.h"
#include "http/request.h"
#include "store/db.h"

struct audit_event {
	const char	*event;		/* "login", "refresh_reuse" … */
	const char	*outcome;	/* "ok", "refused", "failed" */
	uint64_t	 user_id, actor_id, session_id;
	const char	*detail;	/* JSON object text or NULL */
};
/* Insert, in the caller's transaction if there is one.  q may be NULL. */
int	 audit_add(struct db *db, const struct req *q,
	    const struct audit_event *ev, struct err *e) MUST_CHECK;
/* The same with what `write` puts into the detail's object. */
int	 audit_add_detail(struct db *db, const struct req *q,
	    const struct audit_event *ev,
	    void (*write)(struct jw *w, const void *arg), const void *arg,
	    struct err *e) MUST_CHECK;
/* Sealer: chain up to `max` rows if this process holds the lease.  Rows
 * sealed or -1.  For the worker. */
int	 audit_seal(struct db *db, uint64_t owner, unsigned max,
	    struct err *e) MUST_CHECK;
/*
 * Walk the chain from its first row: 0 whole, 1 broken (*at = first bad id),
 * -1.  Personal columns are checked too, unless they and the user's salt were
 * erased.  That the newest rows are gone only the journal's "audit_head" can
 * tell.
 */
int	 audit_verify(struct db *db, uint64_t *at, struct err *e) MUST_CHECK;

#endif
