/*
 * dispatch.c - the order of D17, and nothing else.
 *
 * What must stay true: every request that was read gets exactly one answer
 * and one log line, whatever happened on the way.
 */
#include "api/dispatch_own.h"
#include "api/metrics.h"
#include "api/page.h"
#include "auth/cors.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/user.h"

#define HASH_WAIT_US	(2 * US_PER_S)		/* D3 */
#define HASH_AGAIN_S	5			/* as $gp_again of nginx */

/* 404 and 405. */
static int
find_row(struct call *c, const struct dispatch *d, unsigned *allow,
    struct err *e)
{
	if (route_find_in(d->table, d->rows, c->arena, c->req->method,
	    c->req->path, &c->route, c->param, allow) == 1)
		return 0;
	if (*allow == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found", "no such path");
	if (c->req->method == M_OPTIONS)
		return 0;
	return err_set(e, ERR_INPUT, "method_not_allowed", "%.20s",
	    c->req->method_text);
}

/* What this process must not even begin. */
static int
check_pool(const struct call *c, const struct dispatch *d, struct err *e)
{
	int64_t age_us = c->req->arrived_us == 0 ? 0 :
	    clock_now() - c->req->arrived_us;

	if (!d->every_pool && c->route->pool != d->pool)
		return err_set(e, ERR_UNAVAILABLE, "wrong_pool",
		    "%s is of pool %s and came to %s", c->route->path,
		    pool_name(c->route->pool), pool_name(d->pool));
	if (c->route->pool == POOL_HASH && age_us > HASH_WAIT_US) {
		err_set(e, ERR_UNAVAILABLE, "busy", "%" PRId64 " ms old",
		    age_us / 1000);
		/* The queue holds two seconds' work: who comes back sooner
		 * finds it as full, and is only refused again. */
		e->retry_after_s = HASH_AGAIN_S;
		return -1;
	}
	return 0;
}

/* 413 and 415. */
static int
check_body(const struct call *c, struct err *e)
{
	const struct req *q = c->req;
	size_t max = (size_t)c->route->body_max_kb * 1024;

	if (q->body_over || q->body_len > max)
		return err_set(e, ERR_TOO_LARGE, "too_large",
		    "%zu bytes of %zu", q->body_len, max);
	if ((q->method & SAFE_METHODS) == 0 &&
	    !bind_accepts(c->route->fields, bind_body_type(q)))
		return err_set(e, ERR_MEDIA, "unsupported_media", "\"%.80s\"",
		    q->content_type);
	return 0;
}

/* The handler, or the answer that the same request got before. */
static int
handle(struct call *c, struct err *e)
{
	int rc = idem_replay(c, e);

	if (rc == 0) {
		rc = c->route->handler(c, c->bound.in, e);
		if (rc >= 0 || e->kind != ERR_CONFLICT || !c->idem ||
		    strcmp(e->code, "idempotency_race") != 0)
			return rc;
		/* The other one has committed by now: its answer is ours. */
		err_clear(e);
		resp_reset(c->resp);
		rc = idem_replay(c, e);
		if (rc == 0)
			return err_set(e, ERR_CONFLICT, "idempotency_race",
			    "the other request was rolled back");
	}
	if (rc == 1)
		resp_header(c->resp, "Idempotency-Replayed", "true");
	return rc < 0 ? -1 : 0;
}

/* --- whose language ------------------------------------------------------ */

static enum lang
lang_by_header(void *arg)
{
	const struct req *q = arg;

	return lang_of_header(q->accept_language);
}

/*
 * Who signed in and has a locale chose it, for this site; the header is mostly
 * what a browser came with.  (What was chosen in this very browser comes before
 * both.)  Strangers, and accounts that are only asked about
 * (S24), never get here: the header alone serves them.
 */
static enum lang
lang_by_person(void *arg)
{
	struct call *c = arg;
	/* Who acts as somebody is the one who reads. */
	uint64_t reader = c->who.act_id != 0 ? c->who.act_id :
	    c->who.user_id;
	struct err own = ERR_INIT;
	struct user u = { 0 };
	enum lang l;

	if (user_find(c->db, c->arena, reader, &u, &own) < 0)
		log_err(LOG_WARN_, "language of an answer", &own);
	return lang_of_locale(u.locale, &l) == 1 ? l : lang_by_header(c->req);
}

static void
speak(struct resp *r, enum lang (*choose)(void *), void *arg)
{
	r->choose = choose;
	r->choose_arg = arg;
}

static int
identify(struct call *c, struct err *e)
{
	if (access_identify(c, e) < 0)
		return -1;
	if (c->who.kind == CALLER_SESSION)
		speak(c->resp, lang_by_person, c);
	return 0;
}

static int
run(struct call *c, const struct dispatch *d, struct err *e)
{
	unsigned allow = 0;

	if (find_row(c, d, &allow, e) < 0) {
		if (allow != 0)
			resp_header(c->resp, "Allow",
			    methods_text(c->arena, allow));
		return -1;
	}
	if (c->req->method == M_OPTIONS) {
		origin_preflight(c->req, c->resp, allow);
		return 0;
	}
	if (check_pool(c, d, e) < 0 || check_body(c, e) < 0 ||
	    identify(c, e) < 0 || origin_check(c, e) < 0 ||
	    access_allow(c, e) < 0 || limit_take(c, e) < 0 ||
	    bind_request(c->req, c->route->fields,
	    c->route->style == STYLE_OURS, &c->bound, e) < 0 ||
	    idem_read(c, e) < 0)
		return -1;
	return handle(c, e);
}

/* Our faults are incidents; a client's are its own affair. */
static void
log_refusal(const struct err *e)
{
	switch (e->kind) {
	case ERR_NONE:
	case ERR_INTERNAL:
	case ERR_CONFIG:
	case ERR_DB_DUP:
	case ERR_UNSURE:
		log_err(LOG_ERROR_, "request failed", e);
		break;
	case ERR_UNAVAILABLE:
	case ERR_DB_LOST:
		log_err(LOG_WARN_, "request refused", e);
		break;
	default:
		log_err(LOG_DEBUG_, "request refused", e);
	}
}

static bool
has_header(const struct resp *r, const char *name)
{
	for (size_t i = 0; i < r->headers; i++)
		if (strcasecmp(r->header[i].name, name) == 0)
			return true;
	return false;
}

static const char *
header_value(const struct resp *r, const char *name)
{
	for (size_t i = 0; i < r->headers; i++)
		if (strcmp(r->header[i].name, name) == 0)
			return r->header[i].value;
	return NULL;
}

static void
refuse(struct call *c, const struct err *e)
{
	/* resp_problem forgets what was begun; Allow belongs to the 405, and
	 * what a handler said of the cookies to any refusal (D13). */
	const char *allow = strcmp(e->code, "method_not_allowed") == 0 ?
	    header_value(c->resp, "Allow") : NULL;
	bool clear = has_header(c->resp, "X-Auth-Clear");

	if (c->route != NULL && page_hosted(c->route) && page_wanted(c->req)) {
		(void)page_refusal(c, e);
		if (clear)
			resp_clear_tokens(c->resp);
		return;
	}
	log_refusal(e);
	/* Without the database nobody's locale can be asked for. */
	if (resp_status_of(e->kind) >= 500)
		speak(c->resp, lang_by_header, c->req);
	resp_problem_faults(c->resp, c->req, c->route == NULL ? STYLE_OURS :
	    c->route->style, e, &c->bound.faults);
	if (allow != NULL)
		resp_header(c->resp, "Allow", allow);
	if (clear)
		resp_clear_tokens(c->resp);
	/* What is asked for comes along: a client needs no second request. */
	if (strcmp(e->code, "pow_required") == 0)
		challenge_member(c->resp);
}

void
dispatch_answer(const struct dispatch *d, struct req *q, struct resp *r,
    const struct route **row)
{
	struct call c = { .req = q, .resp = r, .arena = q->arena,
	    .db = d->db, .shm = d->shm, .slot = d->slot,
	    .pool_size = d->pool_size };
	struct err e = ERR_INIT;

	speak(r, lang_by_header, q);
	resp_read_in(r, q->chosen_language);
	if (run(&c, d, &e) < 0)
		refuse(&c, &e);
	cors_resp(q, r);
	/* Answers may hold what is personal: kept nowhere, unless a handler
	 * said otherwise. */
	if (!has_header(r, "Cache-Control"))
		resp_no_store(r);
	bind_fini(&c.bound);
	speak(r, lang_by_header, q);
	metrics_signin(&c);
	*row = c.route;
}

#define SLOW_US		(US_PER_S / 2)

/* nginx logs every request, with the same id and how long we took (gp_json):
 * ours are those that it cannot explain.  The gate refuses every stranger at
 * every asset of every site. */
static bool
worth_logging(const struct route *row, const struct resp *r, int64_t us)
{
	int least = row != NULL && row->pool == POOL_GATE ? 500 : 400;

	return r->status >= least || us >= SLOW_US || log_has(LOG_DEBUG_);
}

static void
log_request(const struct req *q, const struct resp *r,
    const struct route *row, int64_t us)
{
	log_event("request", LOG_KV("method", q->method_text),
	    LOG_KV("route", row == NULL ? "" : row->path),
	    LOG_KI("status", r->status), LOG_KI("us", us),
	    LOG_KI("bytes", r->body.len), LOG_KV("ip", q->remote_addr),
	    LOG_KV("trace", q->traceparent));
}

/* Parameters that make no request: say so, if anybody still listens. */
static void
answer_broken(struct req *q, struct resp *r, const struct err *e)
{
	log_err(LOG_WARN_, "request unreadable", e);
	speak(r, lang_by_header, q);
	resp_problem(r, q, STYLE_OURS, e);
}

int
dispatch_serve(const struct dispatch *d, const struct transport *t)
{
	int64_t begun = clock_mono(), us;
	const struct route *row = NULL;
	struct err e = ERR_INIT;
	struct resp r;
	struct req q;
	int rc;

	resp_init(&r, d->arena);
	rc = req_read(&q, d->arena, t, &e);
	log_context(q.request_id);
	if (rc < 0)
		answer_broken(&q, &r, &e);
	else
		dispatch_answer(d, &q, &r, &row);
	rc = resp_send(&r, &q, t);
	if (rc < 0)
		log_warn("the peer went away before its answer");
	us = clock_mono() - begun;
	metrics_request(row, row == NULL ? d->pool : row->pool, r.status, us);
	if (worth_logging(row, &r, us))
		log_request(&q, &r, row, us);
	log_context(NULL);
	resp_fini(&r);
	arena_reset(d->arena);
	return rc;
}
