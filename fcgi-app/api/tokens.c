/*
 * tokens.c - admin tokens: made and revoked by superusers who are signed in
 * (S70).
 *
 * What must stay true: a token's text is in one answer and nowhere else; a
 * replay gives everything but it (D25).
 */
#include "api/answer.h"
#include "api/fresh.h"
#include "api/idem.h"
#include "api/list.h"
#include "api/push_own.h"

#include "auth/grant.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "store/admin_token.h"

#define NAME_MAX_	100
#define CIDR_MAX	255

struct generate_in {
	const char	*name, *cidr;
	struct texts	 scopes;
	int64_t		 expires_us;
};
static const struct field generate_rows[] = {
	FIELD_TEXT(struct generate_in, name, "name", 0, NAME_MAX_,
	    F_TRIM | F_LINE),
	FIELD_OF(FT_TEXTS, struct generate_in, scopes, "scopes", 1, 3, 0),
	FIELD_OF(FT_TIME, struct generate_in, expires_us, "expires_at", 0, 0,
	    0),
	FIELD_TEXT(struct generate_in, cidr, "cidr", 1, CIDR_MAX,
	    F_TRIM | F_LINE),
};
const struct fieldset token_generate_fields =
    FIELDSET(struct generate_in, generate_rows, IN_BODY);

static const struct { unsigned bit; const char *word; } scope_row[] = {
	{ SCOPE_BIT_PUSH, "push" }, { SCOPE_BIT_SEND, "send" },
	{ SCOPE_BIT_ADMIN, "admin" },
};

/* As published, an empty body gives a token for the push rows. */
static int
scopes_of(struct call *c, const struct texts *t, unsigned *scopes,
    struct err *e)
{
	*scopes = t->set ? 0 : SCOPE_BIT_PUSH;
	for (size_t i = 0; i < t->n; i++) {
		unsigned bit = 0;

		for (size_t k = 0; k < COUNT_OF(scope_row); k++)
			if (strcmp(scope_row[k].word, t->p[i]) == 0)
				bit = scope_row[k].bit;
		if (bit == 0)
			return field_refuse(c, "scopes", "invalid_scope", e,
			    "Use push, send and admin.");
		*scopes |= bit;
	}
	return 0;
}

static void
write_token(struct jw *w, const struct admin_token *t)
{
	jw_id(w, "id", t->id);
	jw_str(w, "name", t->name);
	jw_array(w, "scopes");
	for (size_t k = 0; k < COUNT_OF(scope_row); k++)
		if (t->scopes & scope_row[k].bit)
			jw_str(w, NULL, scope_row[k].word);
	jw_end(w);
	jw_str(w, "cidr", t->cidr);
	jw_u64(w, "user_id", t->user_id);
	jw_time(w, "created_at", t->created_us);
	jw_time(w, "expires_at", t->expires_us);
	jw_time(w, "last_used_at", t->last_used_us);
	jw_str(w, "last_used_ip", t->last_used_ip);
	jw_time(w, "revoked_at", t->revoked_us);
}

/* `text` NULL: without the token. */
static int
show(struct call *c, uint64_t id, const char *text, struct err *e)
{
	struct admin_token t;
	struct jw *w;
	int rc = admin_token_find(c->db, c->arena, id, &t, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_GONE, "gone",
		    "admin token %" PRIu64, id);
	resp_no_store(c->resp);
	w = resp_json(c->resp, 201);
	if (text != NULL)
		jw_str(w, "token", text);
	write_token(w, &t);
	resp_json_end(c->resp);
	return 0;
}

struct making { struct call *c; struct admin_token_new n; };

static int
make_work(struct db *db, void *arg, struct err *e)
{
	struct making *m = arg;
	struct call *c = m->c;

	if (admin_token_insert(db, &m->n, e) < 0 ||
	    idem_take(c, db, m->n.id, e) < 0)
		return -1;
	return answer_audit(c, "token_created", "ok", c->who.user_id,
	    c->who.session_id, e);
}

int
token_generate_post(struct call *c, const void *in_, struct err *e)
{
	const struct generate_in *in = in_;
	struct making m = { .c = c };
	char text[ADMIN_TOKEN_TEXT];
	uint8_t hash[32];
	int rc = -1;

	if (fresh_caller(c, e) < 0 ||
	    scopes_of(c, &in->scopes, &m.n.scopes, e) < 0)
		return -1;
	if (in->expires_us != 0 && in->expires_us <= clock_now())
		return field_refuse(c, "expires_at", "in_the_past", e,
		    "This time is over.");
	if (in->cidr != NULL && !admin_token_cidr_valid(in->cidr))
		return field_refuse(c, "cidr", "invalid_cidr", e,
		    "Use networks like 192.0.2.0/24, separated by commas.");
	admin_token_make(text, hash);
	m.n.id = rand_id();
	m.n.user_id = c->who.user_id;
	m.n.hash = hash;
	m.n.name = in->name == NULL ? "" : in->name;
	m.n.cidr = in->cidr;
	m.n.expires_us = in->expires_us;
	if (db_tx(c->db, make_work, &m, e) == 0)
		rc = show(c, m.n.id, text, e);
	secret_wipe(text, sizeof(text));
	return rc;
}

int
token_generate_replay(struct call *c, uint64_t id, struct err *e)
{
	return show(c, id, NULL, e);
}

struct listing { struct jw *w; struct admin_token t; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	write_token(l->w, &l->t);
	jw_end(l->w);
	return 0;
}

int
tokens_get(struct call *c, const void *in, struct err *e)
{
	struct listing row;
	struct list l;
	int64_t n;

	list_read(in, &l);
	if ((n = admin_token_count(c->db, e)) < 0)
		return -1;
	row.w = list_open(c, &l, n);
	if (admin_token_each(c->db, c->arena, l.limit, l.offset, &row.t,
	    write_row, &row, e) < 0)
		return -1;
	list_close(c);
	return 0;
}

struct ending { struct call *c; uint64_t id; int n; };

static int
end_work(struct db *db, void *arg, struct err *e)
{
	struct ending *d = arg;
	struct call *c = d->c;

	if ((d->n = admin_token_revoke(db, d->id, e)) <= 0)
		return d->n;
	return answer_audit(c, "token_revoked", "ok", c->who.user_id,
	    c->who.session_id, e);
}

int
token_delete(struct call *c, const void *in, struct err *e)
{
	struct ending d = { .c = c };

	(void)in;
	if (id_of_path(c, 0, &d.id, e) < 0 || db_tx(c->db, end_work, &d,
	    e) < 0)
		return -1;
	if (d.n == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such live token");
	grant_token_revoked(d.id);
	resp_empty(c->resp, 204);
	return 0;
}
