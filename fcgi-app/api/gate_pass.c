/*
 * gate_pass.c - from sign-in back to the protected page (D15).
 *
 * The sign-in page asks here where to go; only what the gate signed is
 * answered.  At another host name of the same owner the way back carries a
 * one-time code, which that host's own address exchanges for a token that is
 * good there and nowhere else, of the same session.
 *
 * What must stay true: a code is good once, for a minute, for one host, in
 * the browser that asked for it; whatever is wrong with it is told in one
 * answer; and nobody is sent to a host that the settings do not name.
 */
#include "api/answer.h"
#include "api/gate.h"
#include "auth/audit.h"
#include "auth/grant.h"
#include "auth/return_to.h"
#include "auth/site.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/gate_code.h"

#define CODE_BYTES	32
#define CODE_LIFE_S	60
/* The state cookie lives 300 s (D13), the signature 600: past this the code
 * could meet no cookie, and the visitor is sent to ask again. */
#define AGE_LEFT_S	360

struct pass_in { const char *rd, *until, *sig, *bind; };
static const struct field pass_rows[] = {
	FIELD_TEXT(struct pass_in, rd, "rd", 1, RETURN_URL_MAX,
	    F_REQUIRED | F_LINE),
	FIELD_TEXT(struct pass_in, until, "until", 1, 20, F_REQUIRED),
	FIELD_TEXT(struct pass_in, sig, "sig", 1, 64, F_REQUIRED),
	FIELD_TEXT(struct pass_in, bind, "bind", 64, 64, 0),
};
const struct fieldset gate_pass_fields =
    FIELDSET(struct pass_in, pass_rows, IN_BODY);

struct redeem_in { const char *code, *to; };
static const struct field redeem_rows[] = {
	FIELD_TEXT(struct redeem_in, code, "code", 1, 64,
	    F_REQUIRED | F_SECRET),
	FIELD_TEXT(struct redeem_in, to, "to", 1, RETURN_URL_MAX,
	    F_REQUIRED | F_LINE),
};
const struct fieldset gate_redeem_fields =
    FIELDSET(struct redeem_in, redeem_rows, IN_QUERY);

/* A fresh code in the arena, its row written. */
static int
make_code(struct call *c, const char *host, const char *bind,
    const char **code, struct err *e)
{
	struct gate_code row = { .host = host, .user_id = c->who.user_id,
	    .session_id = c->who.session_id };
	char text[B64_SIZE(CODE_BYTES)];

	if (hex_decode(row.bind, sizeof(row.bind), bind) < 0)
		return err_field(e, "bind", "invalid", "no hex");
	rand_token(text, sizeof(text), CODE_BYTES);
	sha256(row.hash, text, strlen(text));
	*code = arena_strdup(c->arena, text);
	return gate_code_insert(c->db, &row, CODE_LIFE_S, e);
}

int
gate_pass_post(struct call *c, const void *in_, struct err *e)
{
	const struct pass_in *in = in_;
	const struct return_to r = { .url = in->rd, .until = in->until,
	    .bind = in->bind == NULL ? "" : in->bind };
	const char *host, *authority, *code, *url = in->rd;
	enum site site = site_of_url(c->arena, in->rd, &host, &authority);
	uint64_t until;
	struct jw *w;

	if (site == SITE_OTHER || !return_signed(&r, in->sig) ||
	    text_u64(in->until, INT64_MAX, &until) == 0)
		return err_field(e, "rd", "not_ours",
		    "not an address that the gate signed");
	/* Too old a request for a code begins again over there. */
	if (site == SITE_LISTED && *r.bind != '\0' && (int64_t)until -
	    clock_now() / US_PER_S >= AGE_LEFT_S) {
		if (make_code(c, host, r.bind, &code, e) < 0)
			return -1;
		url = arena_printf(c->arena,
		    "https://%s/_gatepost/cb?code=%s&to=%s", authority, code,
		    url_encode(c->arena, in->rd));
	}
	w = resp_json(c->resp, 200);
	jw_bool(w, "success", true);
	jw_str(w, "url", url);
	resp_no_store(c->resp);
	resp_json_end(c->resp);
	return 0;
}

/* --- at the other host ------------------------------------------------------ */

struct redeem {
	struct call		*c;
	struct gate_code	 row;
	const char		*access;
};

static int
refused(struct err *e)
{
	return err_set(e, ERR_INPUT, "invalid_code",
	    "unknown, used, too old, or of another host or browser");
}

/* The code, the token and the audit row: all or none. */
static int
redeem_work(struct db *db, void *arg, struct err *e)
{
	struct redeem *r = arg;
	struct audit_event ev = { .event = "site_signin", .outcome = "ok" };
	int rc = gate_code_use(db, &r->row, db_tx_key(db), e);

	if (rc == 1)
		rc = grant_for_site(db, r->c->arena, r->row.session_id,
		    r->row.host, &r->access, e);
	if (rc <= 0)
		return rc < 0 ? -1 : refused(e);
	ev.user_id = ev.actor_id = r->row.user_id;
	ev.session_id = r->row.session_id;
	ev.detail = arena_printf(r->c->arena, "{\"host\":\"%s\"}",
	    r->row.host);
	return audit_add(db, r->c->req, &ev, e);
}

/* A page that was loaded twice, or a second tab: the visitor is in already. */
static bool
is_in(struct call *c, const char *host)
{
	const char *bearer = c->req->authorization;
	struct err e = ERR_INIT;
	struct caller who;

	return c->req->auth_source == AUTH_COOKIE &&
	    text_starts(bearer, "Bearer ") && grant_check_for(c->db, c->arena,
	    c->req, bearer + strlen("Bearer "), host, &who, &e) == 0;
}

int
gate_redeem_get(struct call *c, const void *in_, struct err *e)
{
	const struct redeem_in *in = in_;
	/* nginx's word, at that host's own address alone. */
	const char *host = gate_audience(c->req->gate_site), *to_host = "";
	struct redeem r = { .c = c, .row = { .host = host } };

	if (host == NULL)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "not at the address of a listed site");
	if (site_of_url(c->arena, in->to, &to_host, NULL) != SITE_LISTED ||
	    strcmp(to_host, host) != 0)
		return err_field(e, "to", "not_ours", "not a page of %s",
		    host);
	sha256(r.row.hash, in->code, strlen(in->code));
	sha256(r.row.bind, c->req->state_cookie,
	    strlen(c->req->state_cookie));
	if ((!gate_state_ok(c->req->state_cookie) ? refused(e) :
	    db_tx(c->db, redeem_work, &r, e)) < 0) {
		if (e->kind != ERR_INPUT || !is_in(c, host))
			return -1;
		err_clear(e);
		r.access = NULL;
	}
	resp_set_tokens(c->resp, r.access, NULL);
	resp_header(c->resp, "Location", in->to);
	resp_no_store(c->resp);
	resp_empty(c->resp, 303);
	return 0;
}
