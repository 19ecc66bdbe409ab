/*
 * admin_devices.c - /api/admin/devices/: who has which, and switching them on
 * and off.
 */
#include "api/admin_log.h"
#include "api/cursor.h"

#include "api/answer.h"
#include "auth/audit.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/reason.h"
#include "base/text.h"
#include "store/device_admin.h"

struct devices_in {
	struct cursor_in page;
	struct opt_int	 user_id;
	struct opt_bool	 active;
	const char	*type, *q, *email, *token;
	int64_t		 since_us, until_us;
};
static const struct field devices_rows[] = {
	CURSOR_FIELDS(struct devices_in, page),
	FIELD_OF(FT_INT, struct devices_in, user_id, "user_id", 1,
	    INT64_C(9007199254740992), 0),
	FIELD_OF(FT_BOOL, struct devices_in, active, "is_active", 0, 0,
	    F_LOOSE),
	FIELD_ENUM(struct devices_in, type, "type", "web_push|expo", 0),
	FIELD_TEXT(struct devices_in, q, "q", 1, 100, F_TRIM | F_LINE),
	FIELD_TEXT(struct devices_in, email, "email", 1, 254,
	    F_TRIM | F_LINE),
	FIELD_TEXT(struct devices_in, token, "token", 1, 2048,
	    F_TRIM | F_LINE),
	FIELD_OF(FT_TIME, struct devices_in, since_us, "since", 0, 0, 0),
	FIELD_OF(FT_TIME, struct devices_in, until_us, "until", 0, 0, 0),
};
const struct fieldset admin_devices_fields =
    FIELDSET(struct devices_in, devices_rows, IN_QUERY);

struct many_in { struct texts ids; };
static const struct field many_rows[] = {
	FIELD_OF(FT_TEXTS, struct many_in, ids, "ids", 1, DEVICE_ADMIN_MAX,
	    F_REQUIRED),
};
const struct fieldset admin_device_ids_fields =
    FIELDSET(struct many_in, many_rows, IN_BODY);

struct writing { struct call *c; struct jw *w; struct device_seen d; };

/* Whose, and enough of the address to tell it from others: who has all of it
 * can send to it. */
static int
write_row(void *arg, struct err *e)
{
	struct writing *x = arg;
	const struct device_seen *d = &x->d;
	size_t n = strlen(d->target), head, tail;

	device_shown(d->kind, n, &head, &tail);
	(void)e;
	jw_object(x->w, NULL);
	jw_id(x->w, "id", d->id);
	jw_user_or_null(x->w, "user_id", d->user_id);
	jw_str(x->w, "email", d->email);
	jw_str(x->w, "type", d->kind);
	jw_str(x->w, "target", arena_printf(x->c->arena, "%.*s…%s",
	    (int)head, d->target, d->target + n - tail));
	jw_str(x->w, "browser", d->browser);
	jw_str(x->w, "user_agent", d->user_agent);
	jw_bool(x->w, "is_active", d->active);
	jw_str(x->w, "reason", d->dead_reason);
	jw_str(x->w, "reason_text", reason_say(resp_lang(x->c->resp),
	    d->dead_reason));
	jw_time(x->w, "ended_at", d->dead_us);
	jw_time(x->w, "created_at", d->created_us);
	jw_time(x->w, "seen_at", d->seen_us);
	jw_end(x->w);
	return 0;
}

static const char *
filters(struct call *c, const struct devices_in *in)
{
	char since[CLOCK_TEXT_MAX] = "", until[CLOCK_TEXT_MAX] = "";

	if (in->since_us != 0)
		clock_rfc3339(in->since_us, true, since);
	if (in->until_us != 0)
		clock_rfc3339(in->until_us, true, until);
	return arena_printf(c->arena, "%s%s%s%s%s%s%s%s", query_part(c, "type", in->type),
	    query_part(c, "q", in->q), query_part(c, "email", in->email),
	    query_part(c, "token", in->token),
	    query_part(c, "is_active", !in->active.set ? NULL :
	    in->active.v ? "true" : "false"),
	    query_part(c, "user_id", !in->user_id.set ? NULL :
	    arena_printf(c->arena, "%" PRId64, in->user_id.v)),
	    query_part(c, "since", since), query_part(c, "until", until));
}

int
admin_devices_get(struct call *c, const void *in_, struct err *e)
{
	const struct devices_in *in = in_;
	struct device_search f = { .kind = in->type, .q = in->q, .active = -1,
	    .user_id = in->user_id.set ? (uint64_t)in->user_id.v : 0,
	    .since_us = in->since_us, .until_us = in->until_us };
	struct writing x = { .c = c };
	struct cursor k;
	uint8_t hash[32];
	int n = 0;

	if (in->active.set)
		f.active = in->active.v ? 1 : 0;
	if (cursor_read(c, &in->page, &k, e) < 0)
		return -1;
	f.span = k.span;
	f.limit = k.limit;
	if (in->token != NULL) {
		sha256(hash, in->token, strlen(in->token));
		f.target_hash = hash;
	}
	if (in->email != NULL) {
		struct identifier who;
		struct user u;
		int rc;

		identifier_read(c->arena, in->email, &who);
		if ((rc = identifier_find(c->db, c->arena, &who, &u, e)) < 0)
			return -1;
		/* Of somebody else than user_id: nobody's. */
		if (rc == 0 || (f.user_id != 0 && f.user_id != u.id))
			f.limit = 0;
		f.user_id = rc == 1 ? u.id : 0;
	}
	/* Asked now: while rows come, the connection is theirs. */
	(void)resp_lang(c->resp);
	x.w = resp_json(c->resp, 200);
	jw_array(x.w, "results");
	if (f.limit > 0 && (n = device_search(c->db, c->arena, &f, &x.d,
	    write_row, &x, e)) < 0)
		return -1;
	jw_end(x.w);
	cursor_next(c, x.w, &k, n > 0 && n == (int)f.limit ? x.d.id : f.edge,
	    filters(c, in));
	resp_json_end(c->resp);
	return 0;
}

struct switching {
	struct call	*c;
	uint64_t	*id;
	size_t		 n;
	bool		 on;
	int64_t		 rows;
};

static int
switch_work(struct db *db, void *arg, struct err *e)
{
	struct switching *s = arg;
	const struct caller *who = &s->c->who;
	struct audit_event ev = { .outcome = "ok", .event = s->on ?
	    "devices_activate" : "devices_deactivate",
	    .actor_id = who->user_id, .session_id = who->session_id };

	if ((s->rows = device_set_active(db, s->id, s->n, s->on, e)) < 0)
		return -1;
	if (s->rows == 0)
		return 1;
	ev.detail = arena_printf(s->c->arena, "{\"devices\":%" PRId64 "}",
	    s->rows);
	return audit_add(db, s->c->req, &ev, e);
}

static int
switch_many(struct call *c, const struct many_in *in, bool on, struct err *e)
{
	struct switching s = { .c = c, .n = in->ids.n, .on = on,
	    .id = arena_array(c->arena, in->ids.n + 1, sizeof(uint64_t)) };
	struct jw *w;

	for (size_t i = 0; i < s.n; i++)
		if (!id_read(in->ids.p[i], &s.id[i]))
			return field_refuse(c, "ids", "invalid", e,
			    "Give the id of a row.");
	if (db_tx(c->db, switch_work, &s, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_i64(w, "changed", s.rows);
	resp_json_end(c->resp);
	return 0;
}

int
admin_devices_activate(struct call *c, const void *in, struct err *e)
{
	return switch_many(c, in, true, e);
}

int
admin_devices_deactivate(struct call *c, const void *in, struct err *e)
{
	return switch_many(c, in, false, e);
}
