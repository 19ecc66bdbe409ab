/*
 * admin_audit.c - GET /api/admin/audit/: by time, by cursor.
 */
#include "api/admin_log.h"
#include "api/cursor.h"

#include "base/clock.h"
#include "store/audit_page.h"

struct audit_in {
	struct cursor_in page;
	struct opt_int	 user_id;
	const char	*event, *outcome, *ip, *q;
	int64_t		 since_us, until_us;
};
static const struct field audit_rows[] = {
	CURSOR_FIELDS(struct audit_in, page),
	FIELD_TEXT(struct audit_in, q, "q", 1, 100, F_TRIM | F_LINE),
	FIELD_OF(FT_INT, struct audit_in, user_id, "user_id", 1,
	    INT64_C(9007199254740992), 0),
	FIELD_TEXT(struct audit_in, event, "event", 1, 40, F_LINE),
	FIELD_TEXT(struct audit_in, outcome, "outcome", 1, 12, F_LINE),
	FIELD_TEXT(struct audit_in, ip, "ip", 2, 45, F_TRIM | F_LINE),
	FIELD_OF(FT_TIME, struct audit_in, since_us, "since", 0, 0, 0),
	FIELD_OF(FT_TIME, struct audit_in, until_us, "until", 0, 0, 0),
};
const struct fieldset admin_audit_fields =
    FIELDSET(struct audit_in, audit_rows, IN_QUERY);

struct reading { struct jw *w; struct audit_row r; };

static int
write_row(void *arg, struct err *e)
{
	struct reading *x = arg;
	const struct audit_row *r = &x->r;
	struct json *j = NULL;
	struct err none = ERR_INIT;
	char at[CLOCK_TEXT_MAX];

	(void)e;
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
filters(struct call *c, const struct audit_in *in)
{
	char since[CLOCK_TEXT_MAX] = "", until[CLOCK_TEXT_MAX] = "";

	if (in->since_us != 0)
		clock_rfc3339(in->since_us, true, since);
	if (in->until_us != 0)
		clock_rfc3339(in->until_us, true, until);
	return arena_printf(c->arena, "%s%s%s%s%s%s%s", !in->user_id.set ? "" :
	    arena_printf(c->arena, "&user_id=%" PRId64, in->user_id.v),
	    query_part(c, "event", in->event),
	    query_part(c, "outcome", in->outcome),
	    query_part(c, "ip", in->ip), query_part(c, "q", in->q),
	    query_part(c, "since", since), query_part(c, "until", until));
}

/* Somebody's id, address or number is he; all else is text. */
static int
read_words(struct call *c, const struct audit_in *in, struct audit_filter *f,
    struct err *e)
{
	uint64_t who = 0;
	int rc;

	if (in->q == NULL)
		return 0;
	if ((rc = user_typed(c, in->q, &who, e)) < 0)
		return -1;
	if (rc == 1 && f->user_id == 0)
		f->user_id = who;
	else if (rc == 0 || f->user_id != who)
		f->q = in->q;
	return 0;
}

int
admin_audit_get(struct call *c, const void *in_, struct err *e)
{
	const struct audit_in *in = in_;
	struct audit_filter f = {
		.user_id = in->user_id.set ? (uint64_t)in->user_id.v : 0,
		.event = in->event == NULL ? "" : in->event,
		.outcome = in->outcome == NULL ? "" : in->outcome,
		.ip = in->ip == NULL ? "" : in->ip, .q = "",
		.since_us = in->since_us, .until_us = in->until_us,
	};
	struct reading x = { .w = NULL };
	struct cursor k;
	int n;

	if (cursor_read(c, &in->page, &k, e) < 0 ||
	    read_words(c, in, &f, e) < 0)
		return -1;
	f.span = k.span;
	f.limit = k.limit;
	x.w = resp_json(c->resp, 200);
	jw_array(x.w, "results");
	if ((n = audit_page(c->db, c->arena, &f, &x.r, write_row, &x,
	    e)) < 0)
		return -1;
	jw_end(x.w);
	cursor_next(c, x.w, &k, n == (int)k.limit ? x.r.id : f.edge,
	    filters(c, in));
	resp_json_end(c->resp);
	return 0;
}
