/*
 * acting.c - see acting.h.  Whatever ended the session - its hour, its
 * logout, its owner, a role that was lost - the audit learns it here.
 */
#include "worker/acting.h"

#include "auth/audit.h"
#include "store/user_admin.h"

static int
tell_work(struct db *db, void *arg, struct err *e)
{
	const struct acting_over *x = arg;
	char detail[64];
	const struct audit_event ev = { .event = "impersonation_end",
	    .outcome = "ok", .user_id = x->user_id, .actor_id = x->actor_id,
	    .session_id = x->session_id, .detail = detail };
	int rc = acting_told(db, x->session_id, e);

	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	snprintf(detail, sizeof(detail), "{\"end\":\"%.24s\"}", x->reason);
	return audit_add(db, NULL, &ev, e);
}

int
acting_sweep(struct db *db, unsigned max, struct err *e)
{
	struct arena *a = arena_new(16384);
	struct acting_over x;
	unsigned n = 0;
	int rc = 0;

	while (n < max && (rc = acting_over(db, a, &x, e)) == 1) {
		if ((rc = db_tx(db, tell_work, &x, e)) < 0)
			break;
		arena_reset(a);
		n++;
	}
	arena_free(a);
	return rc < 0 ? -1 : (int)n;
}
