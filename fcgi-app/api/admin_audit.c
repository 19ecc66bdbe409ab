/*
 * admin_audit.c - GET /api/admin/audit/: newest first, by cursor.
 */
#include "api/push_own.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/text.h"
#include "store/audit_page.h"

#define FEW	50
#define MOST	200

struct audit_in {
	struct opt_int	 limit, user_id;
	const char	*before, *event, *outcome, *ip;
	int64_t		 since_us, until_us;
};
static const struct field audit_rows[] = {
	FIELD_OF(FT_INT, struct audit_in, limit, "limit", 1, MOST, 0),
	FIELD_OF(FT_INT, struct audit_in, user_id, "user_id", 1,
	    INT64_C(9007199254740992), 0),
	FIELD_TEXT(struct audit_in, before, "before", 1, 20, 0),
	FIELD_TEXT(struct audit_in, event, "event", 1, 40, F_LINE),
	FIELD_TEXT(struct audit_in, outcome, "outcome", 1, 12, F_LINE),
	FIELD_TEXT(struct audit_in, ip, "ip", 2, 45, F_TRIM | F_LINE),
	FIELD_OF(FT_TIME, struct audit_in, since_us, "since", 0, 0, 0),
	FIELD_OF(FT_TIME, struct audit_in, until_us, "until", 0, 0, 0),
};
const struct fieldset admin_audit_fields =
    FIELDSET(struct audit_in, audit_rows, IN_QUERY);

struct reading { struct jw *w; struct audit_row r; uint64_t last; };

static int
write_row(void *arg, struct err *e)
{
	struct reading *x = arg;
	const struct audit_row *r = &x->r;
	struct json *j = NULL;
	struct err none = ERR_INIT;
	char at[CLOCK_TEXT_MAX];

	(void)e;
	x->last = r->id;
	jw_object(x->w, NULL);
	jw_id(x->w, "id", r->id);
	/* To the microsecond: what came first must be told, and found again. */
	jw_str(x->w, "at", clock_rfc3339(r->at_us, true, at));
	jw_str(x->w, "event", r->event);
	jw_str(x->w, "outcome", r->outcome);
	jw_u64(x->w, "user_id", r->user_id);
	jw_u64(x->w, "actor_id", r->actor_id);
	jw_id(x->w, "session_id", r->session_id);
	jw_str(x->w, "request_id", r->request_id);
	jw_str(x->w, "ip", r->ip);
	jw_str(x->w, "country", r->country);
	jw_str(x->w, "user_agent", r->user_agent);
	if (r->detail[0] != '\0' && json_parse(r->detail, strlen(r->detail),
	    0, 0, &j, &none) == 0)
		jw_raw(x->w, "detail", r->detail);
	else
		jw_null(x->w, "detail");
	json_free(j);
	jw_end(x->w);
	return 0;
}

/* The next page keeps the filters. */
static const char *
next_page(struct call *c, const struct audit_in *in, uint64_t last,
    unsigned limit)
{
	char at[CLOCK_TEXT_MAX];
	const char *url = arena_printf(c->arena, "%s%s?before=%" PRIu64
	    "&limit=%u", conf_str(CONF_PUBLIC_URL), c->route->path, last,
	    limit);

	if (in->user_id.set)
		url = arena_printf(c->arena, "%s&user_id=%" PRId64, url,
		    in->user_id.v);
	if (in->event != NULL)
		url = arena_printf(c->arena, "%s&event=%s", url,
		    url_encode(c->arena, in->event));
	if (in->outcome != NULL)
		url = arena_printf(c->arena, "%s&outcome=%s", url,
		    url_encode(c->arena, in->outcome));
	if (in->ip != NULL)
		url = arena_printf(c->arena, "%s&ip=%s", url,
		    url_encode(c->arena, in->ip));
	if (in->since_us != 0)
		url = arena_printf(c->arena, "%s&since=%s", url,
		    clock_rfc3339(in->since_us, true, at));
	if (in->until_us != 0)
		url = arena_printf(c->arena, "%s&until=%s", url,
		    clock_rfc3339(in->until_us, true, at));
	return url;
}

int
admin_audit_get(struct call *c, const void *in_, struct err *e)
{
	const struct audit_in *in = in_;
	struct audit_filter f = {
		.user_id = in->user_id.set ? (uint64_t)in->user_id.v : 0,
		.event = in->event == NULL ? "" : in->event,
		.outcome = in->outcome == NULL ? "" : in->outcome,
		.ip = in->ip == NULL ? "" : in->ip,
		.since_us = in->since_us, .until_us = in->until_us,
		.limit = in->limit.set ? (unsigned)in->limit.v : FEW,
	};
	struct reading x = { .last = 0 };
	int n;

	if (in->before != NULL && !id_read(in->before, &f.before))
		return field_refuse(c, "before", "invalid", e,
		    "Give the id of a row.");
	x.w = resp_json(c->resp, 200);
	jw_array(x.w, "results");
	if ((n = audit_page(c->db, c->arena, &f, &x.r, write_row, &x,
	    e)) < 0)
		return -1;
	jw_end(x.w);
	jw_str(x.w, "next", n < (int)f.limit ? NULL :
	    next_page(c, in, x.last, f.limit));
	jw_null(x.w, "previous");
	resp_json_end(c->resp);
	return 0;
}
