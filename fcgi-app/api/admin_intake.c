/*
 * admin_intake.c - GET /api/admin/intake/: what sites asked for in SQL, by
 * cursor; of what was refused, why.
 */
#include "api/admin_log.h"
#include "api/cursor.h"

#include "store/intake.h"

struct intake_in { struct cursor_in page; const char *state, *key; };
static const struct field intake_rows[] = {
	CURSOR_FIELDS(struct intake_in, page),
	FIELD_ENUM(struct intake_in, state, "state",
	    "asked|accepted|refused", 0),
	FIELD_TEXT(struct intake_in, key, "key", 1, 255, F_LINE),
};
const struct fieldset admin_intake_fields =
    FIELDSET(struct intake_in, intake_rows, IN_QUERY);

static const char *const state_name[] = { "asked", "accepted", "refused" };

struct reading { struct jw *w; struct intake_row r; uint64_t last; };

static int
write_row(void *arg, struct err *e)
{
	struct reading *x = arg;
	const struct intake_row *r = &x->r;

	(void)e;
	x->last = r->id;
	jw_object(x->w, NULL);
	jw_id(x->w, "id", r->id);
	jw_str(x->w, "state", state_name[r->state < COUNT_OF(state_name) ?
	    r->state : INTAKE_REFUSED]);
	jw_str(x->w, "reason", r->reason);
	jw_str(x->w, "field", r->field);
	jw_id_or_null(x->w, "notification_id", r->notification_id);
	jw_str(x->w, "key", r->unique_key);
	jw_str(x->w, "asked_by", r->asked_by);
	jw_str(x->w, "asked", r->message);
	jw_time(x->w, "created_at", r->created_us);
	jw_time(x->w, "done_at", r->done_us);
	jw_end(x->w);
	return 0;
}

int
admin_intake_get(struct call *c, const void *in_, struct err *e)
{
	const struct intake_in *in = in_;
	struct intake_page p = { .state = -1,
	    .key = in->key == NULL ? "" : in->key };
	struct reading x = { .last = 0 };
	struct cursor k;
	int n;

	if (cursor_read(c, &in->page, &k, e) < 0)
		return -1;
	p.span = k.span;
	p.limit = k.limit;
	for (size_t i = 0; in->state != NULL && i < COUNT_OF(state_name); i++)
		if (strcmp(in->state, state_name[i]) == 0)
			p.state = (int)i;
	x.w = resp_json(c->resp, 200);
	jw_array(x.w, "results");
	if ((n = intake_each(c->db, c->arena, &p, &x.r, write_row, &x,
	    e)) < 0)
		return -1;
	jw_end(x.w);
	cursor_next(c, x.w, &k, n == (int)p.limit ? x.last : 0,
	    arena_printf(c->arena, "%s%s", query_part(c, "state", in->state),
	    query_part(c, "key", in->key)));
	resp_json_end(c->resp);
	return 0;
}
