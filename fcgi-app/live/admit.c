/*
 * admit.c - see admit.h.
 *
 * What must stay true: a cookie alone, which a browser sends for any page,
 * connects nobody but from a page of ours; a token in an address is refused,
 * for addresses are kept by everything on the way.
 */
#include "live/admit.h"

#include "auth/cors.h"
#include "auth/country.h"
#include "auth/same_origin.h"
#include "auth/ticket.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/shm.h"
#include "base/text.h"

#define RETRY_S	2

/* What one of the three ways of signing in proves. */
struct proof {
	struct caller	 who;
	bool		 ticket;
	bool		 unproved;	/* its session may have ended */
	uint8_t		 hash[32];
};

static int
by_ticket(const struct gate *g, const struct asked *a, struct proof *p,
    struct err *e)
{
	struct ticket t;

	if (ticket_parse(a->ticket, &t, p->hash) == 0)
		return err_set(e, ERR_AUTH, "invalid_token",
		    "no ticket of ours, or too old");
	switch (shm_revoked(g->shm, t.session_id, t.user_id, t.iat_s,
	    clock_now())) {
	case SHM_CLEAR:
		break;
	case SHM_REVOKED:
		return err_set(e, ERR_AUTH, "invalid_token",
		    "the session has ended");
	case SHM_STALE:
		p->unproved = true;
		break;
	}
	p->ticket = true;
	p->who = (struct caller){ .kind = CALLER_SESSION,
	    .user_id = t.user_id, .session_id = t.session_id,
	    .act_id = t.act_id, .iat_s = t.iat_s, .exp_s = t.exp_s,
	    .countries = country_unpack(a->q.arena, t.countries) };
	return 0;
}

/*
 * A page of another site can open a WebSocket here with its visitor's cookie.
 * An event stream it could not read, and browsers name no Origin where a page
 * of ours asks for one.
 */
static int
check_origin(const struct asked *a, struct err *e)
{
	const struct req *q = &a->q;

	if (same_origin(q) || (a->sse && q->origin[0] == '\0' &&
	    (q->sec_fetch_site[0] == '\0' ||
	    strcmp(q->sec_fetch_site, "none") == 0)))
		return 0;
	return err_set(e, ERR_FORBIDDEN, "bad_origin",
	    "origin \"%.80s\", site \"%.20s\"", q->origin,
	    q->sec_fetch_site);
}

static int
by_bearer(const struct asked *a, const char *bearer, struct proof *p,
    struct err *e)
{
	int rc;

	if (strncmp(bearer, "gp_", 3) == 0)
		return err_set(e, ERR_FORBIDDEN, "session_required",
		    "an admin token has no inbox");
	if ((rc = grant_check_later(a->q.arena, &a->q, bearer, &p->who,
	    e)) < 0)
		return -1;
	p->unproved = rc > 0;
	if (p->who.claim)
		return err_set(e, ERR_FORBIDDEN, "not_verified", "a claim");
	return a->q.auth_source == AUTH_COOKIE ? check_origin(a, e) : 0;
}

static int
prove_caller(const struct gate *g, const struct asked *a, struct proof *p,
    struct err *e)
{
	const char *bearer;

	if (a->token_in_url)
		return err_field(e, "ticket", "token_in_url",
		    "a token in the address");
	if (a->ticket != NULL) {
		if (by_ticket(g, a, p, e) < 0)
			return -1;
	} else if ((bearer = req_bearer(&a->q)) == NULL) {
		return err_set(e, ERR_AUTH, "sign_in_required",
		    "no credential");
	} else if (by_bearer(a, bearer, p, e) < 0) {
		return -1;
	}
	return country_user(&a->q, p->who.countries, e);
}

static int
retry(struct err *e, const char *why)
{
	err_set(e, ERR_UNAVAILABLE, "unavailable", "%s", why);
	e->retry_after_s = RETRY_S;
	return -1;
}

static int
check_room(const struct gate *g, const struct asked *a,
    const struct proof *p, bool exempt, struct err *e)
{
	if (g->draining)
		return retry(e, "draining");
	if (g->away)
		return retry(e, "the database is away");
	if (hub_size() >= (size_t)conf_int(CONF_LIVE_MAX))
		return retry(e, "full");
	if (hub_of_user(p->who.user_id) >=
	    (unsigned)conf_int(CONF_LIVE_PER_USER))
		return err_throttled(e, "too_many_connections", 10);
	if (!exempt && hub_of_addr(a->q.addr_key) >=
	    (unsigned)conf_int(CONF_LIVE_PER_ADDRESS))
		return err_throttled(e, "too_many_connections", 10);
	return 0;
}

struct conn *
admit(const struct gate *g, const struct asked *a, struct err *e)
{
	bool exempt = a->q.loopback && !conf_bool(CONF_LIMITS_LOOPBACK);
	struct proof p = { .ticket = false };
	uint64_t after = 0;
	struct conn *c;

	if (!a->sse && !a->websocket) {
		err_set(e, ERR_INPUT, "not_acceptable",
		    "neither an upgrade nor an event stream");
		return NULL;
	}
	if (a->other_version) {
		err_field(e, "Sec-WebSocket-Version", "invalid", "not 13");
		return NULL;
	}
	if (a->after != NULL && text_u64(a->after, INT64_MAX, &after) == 0) {
		err_field(e, "after", "invalid", "no seq");
		return NULL;
	}
	if (country_route(&a->q, e) < 0 || prove_caller(g, a, &p, e) < 0 ||
	    check_room(g, a, &p, exempt, e) < 0)
		return NULL;
	c = hub_open(p.who.user_id, exempt ? NULL : a->q.addr_key);
	c->session_id = p.who.session_id;
	c->act_id = p.who.act_id;
	c->iat_s = p.who.iat_s;
	c->exp_s = p.who.exp_s;
	c->has_after = a->after != NULL;
	c->last = after;
	c->sse = a->sse && !a->websocket;
	c->unproved = p.unproved;
	if (p.ticket) {
		c->ticket = 1;
		if ((c->hash = malloc(32)) == NULL)
			fatal("admit: out of memory");
		memcpy(c->hash, p.hash, 32);
	}
	return c;
}

int
admit_renew(const struct conn *c, const char *text, int64_t *iat_s,
    int64_t *exp_s, uint8_t hash[32])
{
	struct ticket t;

	if (ticket_parse(text, &t, hash) == 0 ||
	    t.user_id != c->user->id || t.session_id != c->session_id ||
	    t.act_id != c->act_id)
		return 0;
	*iat_s = t.iat_s;
	*exp_s = t.exp_s;
	return 1;
}

/* --- refusals ----------------------------------------------------------------- */

static int
to_buf(void *t, const void *p, size_t n)
{
	buf_add(t, p, n);
	return 0;
}

static enum lang
by_header(void *arg)
{
	return lang_of_header(((const struct req *)arg)->accept_language);
}

void
admit_refuse(struct buf *b, const struct asked *a, const struct err *e)
{
	struct req q = a->q;
	struct buf out;
	const struct transport t = { .write = to_buf, .t = &out };
	struct resp r;
	const char *s;

	resp_init(&r, q.arena);
	r.choose = by_header;
	r.choose_arg = &q;
	q.method = M_GET;
	resp_problem(&r, &q, STYLE_OURS, e);
	cors_resp(&q, &r);
	resp_header(&r, "Connection", "close");
	if (a->other_version)		/* RFC 6455 §4.2.2 */
		resp_header(&r, "Sec-WebSocket-Version", "13");
	buf_init(&out, 65536);
	if (resp_send(&r, &q, &t) < 0)
		log_warn("a refusal outgrew its buffer");
	/* As CGI has it, "Status: 403 Forbidden" is the first line. */
	s = buf_text(&out);
	buf_str(b, "HTTP/1.1 ");
	buf_str(b, text_starts(s, "Status: ") ? s + 8 : "500 Error\r\n\r\n");
	buf_fini(&out);
	resp_fini(&r);
}
