/*
 * push_answer.c - what became of a send, from its rows; so a replay of an
 * Idempotency-Key says the same (D25).
 */
#include "api/push_own.h"

#include "base/conf.h"
#include "base/log.h"
#include "store/delivery.h"

#define SHOWN		100		/* devices of one user */
#define PAGE		500
#define PAGE_ARENA	((size_t)4 * 1024 * 1024)
#define LIST_MAX	((size_t)2 * 1024 * 1024)

static bool
is_sent(const char *state)
{
	return strcmp(state, "sent") == 0 || strcmp(state, "delivered") == 0 ||
	    strcmp(state, "read") == 0;
}

/* Where to look again, with every answer that may change yet. */
static void
header_location(struct call *c, uint64_t id)
{
	resp_headerf(c->resp, "Location", "%s/api/notifications/%" PRIu64 "/",
	    conf_str(CONF_PUBLIC_URL), id);
}

void
push_answer_accepted(struct call *c, uint64_t id)
{
	struct jw *w;

	resp_reset(c->resp);
	w = resp_json(c->resp, 202);
	jw_str(w, "message", resp_say(c->resp, "Notification accepted"));
	jw_id(w, "id", id);
	jw_array(w, "deliveries");
	jw_end(w);
	resp_json_end(c->resp);
	header_location(c, id);
}

/* Attempts are kept as JSON lines of our own making. */
static void
write_attempts(struct call *c, struct jw *w, const char *log)
{
	jw_array(w, "attempts");
	while (log != NULL && *log != '\0') {
		size_t n = strcspn(log, "\n");

		if (n > 1 && log[0] == '{' && log[n - 1] == '}')
			jw_raw(w, NULL, arena_strndup(c->arena, log, n));
		log += n;
		log += *log == '\n';
	}
	jw_end(w);
}

void
push_delivery(struct call *c, struct jw *w, uint64_t id,
    const struct delivery *d)
{
	jw_object(w, NULL);
	jw_str(w, "id", arena_printf(c->arena, "%" PRIu64 "-%" PRIu64, id,
	    d->seq));
	jw_user_or_null(w, "user_id", d->user_id);
	jw_id_or_null(w, "device_id", d->device_id);
	jw_str(w, "channel", d->channel);
	jw_str(w, "provider", d->provider);
	jw_str(w, "target", d->target);
	jw_str(w, "state", d->state);
	jw_str(w, "reason", d->reason);
	write_attempts(c, w, d->attempt_log);
	jw_time(w, "sent_at", d->sent_us);
	jw_end(w);
}

/* --- one recipient ------------------------------------------------------ */

struct single {
	struct delivery	 it, row[SHOWN];
	size_t		 n, sent, unsure;
	const char	*reason;		/* of the first that failed */
};

static int
take(void *arg, struct err *e)
{
	struct single *s = arg;

	(void)e;
	if (s->n == SHOWN)
		return 1;
	s->row[s->n++] = s->it;
	s->sent += is_sent(s->it.state);
	s->unsure += strcmp(s->it.state, "unsure") == 0;
	if (s->reason == NULL && !is_sent(s->it.state) &&
	    s->it.reason[0] != '\0')
		s->reason = s->it.reason;
	return 0;
}

static void
write_deliveries(struct call *c, struct jw *w, uint64_t id,
    const struct single *s)
{
	jw_id(w, "id", id);
	jw_array(w, "deliveries");
	for (size_t i = 0; i < s->n; i++)
		push_delivery(c, w, id, &s->row[i]);
	jw_end(w);
}

/* Refused by the push service: a problem document that tells by whom. */
static void
answer_failed(struct call *c, uint64_t id, const struct single *s)
{
	const char *why = s->reason == NULL ? "no_device" : s->reason;
	struct jw *w = resp_json(c->resp, 400);

	c->resp->content_type = "application/problem+json";
	jw_str(w, "type", "urn:gatepost:problem:delivery_failed");
	jw_str(w, "title", resp_say(c->resp, problem_title(
	    "delivery_failed")));
	jw_i64(w, "status", 400);
	jw_str(w, "detail", resp_say(c->resp, problem_detail(
	    "delivery_failed")));
	jw_str(w, "code", "delivery_failed");
	jw_str(w, "request_id", c->req->request_id);
	jw_str(w, "error", why);
	write_deliveries(c, w, id, s);
	resp_json_end(c->resp);
}

int
push_answer_single(struct call *c, uint64_t id, struct err *e)
{
	struct single *s = arena_alloc(c->arena, sizeof(*s));
	int pending = delivery_pending(c->db, id, e);
	struct jw *w;

	if (pending < 0 || delivery_each(c->db, c->arena, id, 0, SHOWN, &s->it,
	    take, s, e) < 0)
		return -1;
	if (pending == 0 && s->sent == 0 && s->unsure == 0) {
		answer_failed(c, id, s);
		return 0;
	}
	w = resp_json(c->resp, pending == 0 && s->sent > 0 ? 200 : 202);
	jw_str(w, "message", resp_say(c->resp, pending != 0 ?
	    "Notification accepted" : s->sent > 0 ? "Notification sent" :
	    "The push service's answer was lost: it may have arrived"));
	write_deliveries(c, w, id, s);
	resp_json_end(c->resp);
	if (c->resp->status == 202)
		header_location(c, id);
	return 0;
}

/* --- many --------------------------------------------------------------- */

enum pile { PILE_SUCCESS, PILE_ERROR, PILE_UNSURE, PILES };
static const char *const pile_name[PILES] = { "success", "error", "unsure" };

struct many {
	struct device_result it;
	struct buf	 text[PILES];
	struct jw	 w[PILES];
	uint64_t	 n[PILES], seen;
	bool		 cut;		/* a list was too long to be shown */
};

static int
sort_in(void *arg, struct err *e)
{
	struct many *m = arg;
	const char *state = m->it.state;
	enum pile f = is_sent(state) ? PILE_SUCCESS :
	    strcmp(state, "unsure") == 0 ? PILE_UNSURE : PILE_ERROR;

	(void)e;
	m->seen = m->it.seq;
	if (strcmp(state, "queued") == 0 || strcmp(state, "sending") == 0)
		return 0;
	m->n[f]++;
	/* A user without a device, or a group without anybody, has no endpoint
	 * to list; it counts. */
	if (m->it.target[0] == '\0')
		return 0;
	/* Escaped it may grow sixfold; endpoints are plain ASCII and do not. */
	if (m->text[f].len + 6 * strlen(m->it.target) + 8 > LIST_MAX)
		m->cut = true;
	else
		jw_str(&m->w[f], NULL, m->it.target);
	return 0;
}

/* In pages, so that a large audience does not fill the arena. */
static int
read_all(struct call *c, uint64_t id, struct many *m, struct err *e)
{
	struct arena *a = arena_new(PAGE_ARENA);
	int rows;

	do {
		rows = device_each_result(c->db, a, id, (uint32_t)m->seen,
		    PAGE, &m->it, sort_in, m, e);
		arena_reset(a);
	} while (rows == PAGE);
	arena_free(a);
	return rows < 0 ? -1 : 0;
}

static void
write_many(struct call *c, uint64_t id, struct many *m,
    const struct delivery_counts *n, bool pending)
{
	struct jw *w = resp_json(c->resp, pending ? 202 : 200);

	if (pending)
		jw_str(w, "message", resp_say(c->resp, "Notifications accepted"));
	for (enum pile f = 0; f < PILES; f++) {
		jw_end(&m->w[f]);
		if (f != PILE_UNSURE || m->n[f] > 0)
			jw_raw(w, pile_name[f], buf_text(&m->text[f]));
	}
	if (m->cut)
		jw_bool(w, "truncated", true);
	jw_u64(w, "total", n->total);
	jw_u64(w, "success_count", m->n[PILE_SUCCESS]);
	jw_u64(w, "error_count", m->n[PILE_ERROR]);
	jw_id(w, "id", id);
	resp_json_end(c->resp);
	if (pending)
		header_location(c, id);
}

int
push_answer_group(struct call *c, uint64_t id, struct err *e)
{
	struct many *m = arena_alloc(c->arena, sizeof(*m));
	struct delivery_counts n;
	int pending, rc = -1;

	for (enum pile f = 0; f < PILES; f++) {
		buf_init(&m->text[f], LIST_MAX);
		jw_init(&m->w[f], &m->text[f]);
		jw_array(&m->w[f], NULL);
	}
	/* Asked first: what ends while we read is only shown early. */
	if ((pending = delivery_pending(c->db, id, e)) < 0 ||
	    delivery_count(c->db, id, &n, e) < 0 ||
	    read_all(c, id, m, e) < 0)
		goto out;
	write_many(c, id, m, &n, pending != 0);
	rc = 0;
out:
	for (enum pile f = 0; f < PILES; f++)
		buf_fini(&m->text[f]);
	return rc;
}
