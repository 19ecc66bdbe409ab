/*
 * admin_sessions.c - /api/admin/sessions/: who is signed in, from where, and
 * ending one.
 */
#include "api/admin_log.h"
#include "api/admin_own.h"
#include "api/cursor.h"

#include "api/answer.h"
#include "auth/device_name.h"
#include "auth/grant.h"
#include "base/geo.h"
#include "base/text.h"
#include "store/session_admin.h"

struct sessions_in {
	struct cursor_in page;
	struct opt_bool	 active;
	const char	*user, *ip, *q;
};
static const struct field sessions_rows[] = {
	CURSOR_FIELDS(struct sessions_in, page),
	FIELD_TEXT(struct sessions_in, q, "q", 1, 100, F_TRIM | F_LINE),
	FIELD_TEXT(struct sessions_in, user, "user", 1, 254, F_TRIM | F_LINE),
	FIELD_OF(FT_BOOL, struct sessions_in, active, "is_active", 0, 0,
	    F_LOOSE),
	FIELD_TEXT(struct sessions_in, ip, "ip", 2, 45, F_TRIM | F_LINE),
};
const struct fieldset admin_sessions_fields =
    FIELDSET(struct sessions_in, sessions_rows, IN_QUERY);

struct writing {
	struct call	*c;
	struct jw	*w;
	struct session_row r;
};

static int
write_row(void *arg, struct err *e)
{
	struct writing *x = arg;
	const struct session_row *r = &x->r;
	const struct session_seen *s = &r->s;
	char device[DEVICE_NAME_MAX], city[GEO_CITY_TEXT];

	(void)e;
	geo_city(s->ip == NULL ? "" : s->ip, city);
	jw_object(x->w, NULL);
	jw_id(x->w, "id", s->id);
	jw_u64(x->w, "user_id", r->user_id);
	jw_str(x->w, "email", r->email);
	jw_str(x->w, "phone_number", r->phone);
	jw_bool(x->w, "current", s->id == x->c->who.session_id);
	jw_bool(x->w, "is_active", r->live);
	jw_time(x->w, "created_at", s->created_at_us);
	jw_time(x->w, "last_seen_at", s->seen_at_us);
	jw_time(x->w, "ends_at", s->ends_at_us);
	jw_time(x->w, "ended_at", r->ended_us);
	jw_str(x->w, "end_reason", r->end_reason);
	jw_str(x->w, "ip", s->ip);
	jw_str(x->w, "last_ip", s->last_ip);
	jw_str(x->w, "country", s->country);
	jw_str(x->w, "city", city);
	jw_str(x->w, "device", device_name(s->user_agent,
	    resp_lang(x->c->resp), device));
	jw_str(x->w, "user_agent", s->user_agent);
	jw_str(x->w, "amr", s->amr);
	jw_user_or_null(x->w, "actor_id", s->actor_id);
	jw_end(x->w);
	return 0;
}

int
admin_sessions_get(struct call *c, const void *in_, struct err *e)
{
	const struct sessions_in *in = in_;
	struct writing x = { .c = c };
	struct session_search f = { .live = -1, .ip = in->ip,
	    .q = in->q == NULL ? "" : in->q };
	struct cursor k;
	int n, rc;

	if (in->active.set)
		f.live = in->active.v ? 1 : 0;
	if (cursor_read(c, &in->page, &k, e) < 0)
		return -1;
	f.span = k.span;
	f.limit = k.limit;
	if (in->user != NULL) {
		if ((rc = user_typed(c, in->user, &f.user_id, e)) < 0)
			return -1;
		if (rc == 0)
			return field_refuse(c, "user", "unknown_user", e,
			    "There is no such user.");
	}
	/* Asked now: while rows come, the connection is theirs. */
	(void)resp_lang(c->resp);
	x.w = resp_json(c->resp, 200);
	jw_array(x.w, "results");
	if ((n = session_search(c->db, c->arena, &f, &x.r, write_row, &x,
	    e)) < 0)
		return -1;
	jw_end(x.w);
	cursor_next(c, x.w, &k, n == (int)k.limit ? x.r.s.id : f.edge,
	    arena_printf(c->arena, "%s%s%s%s",
	    query_part(c, "user", in->user),
	    query_part(c, "is_active", !in->active.set ? NULL :
	    in->active.v ? "true" : "false"), query_part(c, "ip", in->ip),
	    query_part(c, "q", in->q)));
	resp_json_end(c->resp);
	return 0;
}

struct ending {
	struct call	*c;
	uint64_t	 user_id, session_id;
	struct grant_ended ended;
	int		 n;
};

/* The session and the word of the audit about it, in one. */
static int
end_work(struct db *db, void *arg, struct err *e)
{
	struct ending *x = arg;
	struct user_roles r = { false, false, false };

	/* Held: he may be made an administrator meanwhile. */
	if (user_admin_hold(db, x->user_id, &r, e) < 0 ||
	    admin_may(x->c, x->user_id, &r, e) < 0)
		return -1;
	if ((x->n = grant_end(db, x->user_id, x->session_id, "revoked",
	    &x->ended, e)) <= 0)
		return x->n < 0 ? -1 : 1;
	return answer_audit(x->c, "session_revoked", "ok", x->user_id,
	    x->session_id, e);
}

int
admin_session_delete(struct call *c, const void *in, struct err *e)
{
	struct ending x = { .c = c };
	struct session s;
	int rc;

	(void)in;
	if (id_of_path(c, 0, &x.session_id, e) < 0 ||
	    (rc = session_find(c->db, c->arena, x.session_id, &s, e)) < 0)
		return -1;
	x.user_id = rc == 1 ? s.user_id : 0;
	if (rc == 1 && db_tx(c->db, end_work, &x, e) < 0)
		return -1;
	if (x.n == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such live session");
	grant_publish(&x.ended);
	if (x.session_id == c->who.session_id)
		resp_clear_tokens(c->resp);
	resp_empty(c->resp, 204);
	return 0;
}
