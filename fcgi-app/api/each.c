/*
 * each.c - see each.h.
 */
#include "api/each.h"

static const struct field each_rows[] = {
	FIELD_OF(FT_TEXTS, struct each_in, ids, "ids", 1, EACH_MOST,
	    F_REQUIRED),
};
const struct fieldset each_fields =
    FIELDSET(struct each_in, each_rows, IN_BODY);

struct outcome { int status; const char *code; };

/* What is wrong with this one row, and not with us. */
static bool
its_own(const struct err *e)
{
	const int status = resp_status_of(e->kind);

	return status >= 400 && status < 500;
}

int
each_id(struct call *c, const struct texts *ids, size_t param,
    route_handler *one, struct err *e)
{
	struct outcome *was = arena_array(c->arena, ids->n, sizeof(*was));
	const char *why;
	int64_t done = 0;
	struct jw *w;

	for (size_t i = 0; i < ids->n; i++) {
		struct err fault = ERR_INIT;

		c->param[param] = ids->p[i];
		if (one(c, NULL, &fault) == 0) {
			was[i].status = c->resp->status;
			was[i].code = NULL;
			done++;
		} else if (its_own(&fault)) {
			was[i].status = resp_status_of(fault.kind);
			was[i].code = arena_strdup(c->arena, fault.code);
		} else {
			*e = fault;
			return -1;
		}
		resp_reset(c->resp);
	}
	w = resp_json(c->resp, 200);
	jw_i64(w, "done", done);
	jw_i64(w, "failed", (int64_t)ids->n - done);
	jw_array(w, "results");
	for (size_t i = 0; i < ids->n; i++) {
		jw_object(w, NULL);
		jw_str(w, "id", ids->p[i]);
		jw_i64(w, "status", was[i].status);
		jw_str(w, "code", was[i].code);
		why = was[i].code == NULL ? NULL : problem_detail(was[i].code);
		if (why == NULL)
			jw_null(w, "detail");
		else
			jw_str(w, "detail", resp_say(c->resp, why));
		jw_end(w);
	}
	jw_end(w);
	return 0;
}

/* --- the rows -------------------------------------------------------------- */

#define EACH(name, param, one)						\
	int								\
	name(struct call *c, const void *in_, struct err *e)		\
	{								\
		const struct each_in *in = in_;				\
									\
		if (each_id(c, &in->ids, (param), (one), e) < 0)	\
			return -1;					\
		resp_json_end(c->resp);					\
		return 0;						\
	}

EACH(subscriptions_remove, 0, subscription_delete)
EACH(admin_sessions_revoke, 0, admin_session_delete)
EACH(admin_users_disable, 0, admin_user_disable)
EACH(admin_users_enable, 0, admin_user_enable)
EACH(admin_users_sign_out, 0, admin_user_sign_out)
EACH(tokens_revoke, 0, token_delete)
EACH(admin_jobs_discard, 0, admin_job_delete)
EACH(suppressions_remove, 0, suppression_delete)
