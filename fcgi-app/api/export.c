/*
 * export.c - GET /api/auth/export/: everything kept about the caller, by the
 * rules of store/personal.h.
 *
 * What must stay true: memory is that of a page, whatever there is; the last
 * member, "complete", tells a whole document from one that was cut.
 */
#include "api/answer.h"

#include "auth/throttle.h"
#include "base/clock.h"
#include "base/conf.h"
#include "store/personal.h"

#define DAY_S		86400U
#define ROW_MAX		((size_t)8 * 1024 * 1024)
#define WRITE_AT	((size_t)32 * 1024)

struct export {
	struct db	*db;
	uint64_t	 user_id;
	const struct transport *t;
	const struct personal_rule *rule;
	struct personal_value v[PERSONAL_COLS_MAX];
	struct buf	 b;
	struct jw	 w;
};

static int
flush(struct export *x, size_t at, struct err *e)
{
	if (x->b.len < at)
		return 0;
	if (x->b.over)
		return err_set(e, ERR_INTERNAL, "export_row",
		    "a row of %s outgrew its buffer", x->rule->table);
	if (x->t->write(x->t->t, x->b.p, x->b.len) < 0)
		return err_set(e, ERR_UNAVAILABLE, "unavailable",
		    "the peer went away");
	buf_reset(&x->b);
	return 0;
}

/* Text that is JSON goes out as JSON. */
static void
write_json(struct jw *w, const char *key, const char *text)
{
	struct err none = ERR_INIT;
	struct json *j = NULL;

	if (text == NULL || *text == '\0')
		jw_null(w, key);
	else if (json_parse(text, strlen(text), 0, 0, &j, &none) < 0)
		jw_str(w, key, text);
	else
		jw_raw(w, key, text);
	json_free(j);
}

static void
write_value(struct jw *w, const struct personal_col *c,
    const struct personal_value *v)
{
	switch (c->kind) {
	case PERSONAL_ID:
		jw_id(w, c->name, v->u);
		break;
	case PERSONAL_NUM:
		jw_u64(w, c->name, v->u);
		break;
	case PERSONAL_BOOL:
		jw_bool(w, c->name, v->b);
		break;
	case PERSONAL_TIME:
		jw_time(w, c->name, v->i);
		break;
	case PERSONAL_DATE:
	case PERSONAL_TEXT:
		jw_str(w, c->name, v->text);
		break;
	case PERSONAL_JSON:
		write_json(w, c->name, v->text);
		break;
	}
}

static int
write_row(void *arg, struct err *e)
{
	struct export *x = arg;

	jw_object(&x->w, NULL);
	for (size_t i = 0; i < x->rule->cols; i++)
		write_value(&x->w, &x->rule->col[i], &x->v[i]);
	jw_end(&x->w);
	return flush(x, WRITE_AT, e);
}

static int
write_all(void *arg, const struct transport *t, struct err *e)
{
	struct export *x = arg;
	int rc = -1;

	x->t = t;
	buf_init(&x->b, ROW_MAX);
	jw_init(&x->w, &x->b);
	jw_object(&x->w, NULL);
	jw_u64(&x->w, "id", x->user_id);
	jw_time(&x->w, "exported_at", clock_now());
	for (size_t i = 0; i < personal_rules_count; i++) {
		x->rule = &personal_rules[i];
		if (x->rule->read == NULL)
			continue;
		jw_array(&x->w, x->rule->table);
		if (personal_each(x->db, x->rule, x->user_id, x->v,
		    write_row, x, e) < 0)
			goto out;
		jw_end(&x->w);
	}
	jw_bool(&x->w, "complete", true);
	jw_end(&x->w);
	rc = flush(x, 0, e);
out:
	buf_fini(&x->b);
	return rc;
}

int
export_get(struct call *c, const void *in, struct err *e)
{
	struct export *x = arena_alloc(c->arena, sizeof(*x));

	(void)in;
	if (throttle_or_fail(c->db, "export_day", &c->who.user_id,
	    sizeof(c->who.user_id), (uint32_t)conf_int(CONF_EXPORT_DAY),
	    DAY_S, "too_many_exports", e) < 0 ||
	    answer_audit(c, "export", "ok", c->who.user_id,
	    c->who.session_id, e) < 0)
		return -1;
	x->db = c->db;
	x->user_id = c->who.user_id;
	resp_no_store(c->resp);
	resp_header(c->resp, "Content-Disposition",
	    "attachment; filename=\"account.json\"");
	resp_stream(c->resp, 200, "application/json", write_all, x);
	return 0;
}
