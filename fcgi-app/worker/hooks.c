/*
 * hooks.c - see hooks.h.
 */
#include "worker/hooks.h"

#include "auth/audit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/rand.h"
#include "queue/enqueue.h"
#include "queue/secret.h"
#include "store/delivery.h"
#include "store/job.h"
#include "store/webhook.h"

#define EVENTS		250u
#define REPLAY_STEP	1000u
#define ROUNDS		8
#define JUDGE_US	(10 * US_PER_S)
#define ARENA_MAX	((size_t)16 << 20)
#define CONTENT_MAX	4096

struct turning {
	struct arena	*a;
	struct webhook_event it, *event;
	size_t		 n;
	uint64_t	 first_id;
};

static int
take(void *arg, struct err *e)
{
	struct turning *t = arg;

	(void)e;
	if (t->n == EVENTS)
		return 1;
	t->event[t->n++] = t->it;
	return 0;
}

/* {type, timestamp, data}: ids and words, no address and no text. */
static const char *
payload(struct arena *a, const struct webhook_event *v)
{
	const char *out;
	struct buf b;
	struct jw w;

	buf_init(&b, CONTENT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "type", v->notification_id == 0 ? "webhook.test" :
	    arena_printf(a, "delivery.%s", v->state));
	jw_time(&w, "timestamp", v->at_us);
	jw_object(&w, "data");
	if (v->notification_id != 0) {
		jw_str(&w, "id", arena_printf(a, "%" PRIu64 "-%" PRIu64,
		    v->notification_id, v->seq));
		jw_id(&w, "notification_id", v->notification_id);
		jw_user_or_null(&w, "user_id", v->user_id);
		jw_str(&w, "type", v->type);
		jw_str(&w, "channel", v->channel);
		jw_str(&w, "provider", v->provider);
		jw_str(&w, "provider_id", v->provider_id);
		jw_str(&w, "state", v->state);
		jw_str(&w, "reason", v->reason);
		jw_u64(&w, "attempts", v->attempts);
		jw_str(&w, "request_id", v->request_id);
		jw_time(&w, "created_at", v->created_us);
		jw_time(&w, "sent_at", v->sent_us);
	}
	jw_end(&w);
	jw_end(&w);
	out = b.over ? NULL : arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return out;
}

/* The same event has the same id, in a replay too: the receiver knows it. */
static const char *
event_id(struct arena *a, const struct webhook_event *v)
{
	return v->notification_id == 0 ? arena_printf(a, "evt_test_%" PRIu64,
	    v->id) : arena_printf(a, "evt_%" PRIu64 "_%" PRIu64 "_%s_%"
	    PRIu64, v->notification_id, v->seq, v->state, v->attempts);
}

static int
seal_job(struct arena *a, struct job_new *j, const struct webhook_event *v,
    struct err *e)
{
	struct json *open = NULL;
	const char *key;
	uint8_t *out = arena_alloc(a, JOB_SECRET_MAX);
	struct buf b;
	struct jw w;
	int rc = -1;

	buf_init(&b, JOB_SECRET_MAX);
	if (job_secret_open(a, v->secret, v->secret_len, v->webhook_id, &key,
	    e) < 0 || json_parse(key, strlen(key), JSON_PLAIN, 0, &open,
	    e) < 0)
		goto out;
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "url", v->url);
	jw_str(&w, "key", json_str(json_get(open, "key")));
	jw_str(&w, "id", event_id(a, v));
	jw_end(&w);
	j->secret = out;
	rc = job_secret_seal(out, JOB_SECRET_MAX, &j->secret_len, j->id,
	    buf_text(&b), e);
out:
	json_free(open);
	buf_fini(&b);
	return rc;
}

static int
turn_work(struct db *db, void *arg, struct err *e)
{
	struct turning *t = arg;
	const uint32_t life_s = (uint32_t)conf_int(CONF_WEBHOOK_LIFE_S);
	struct webhook_message *m;
	struct delivery_new *d;
	struct job_new *j;
	int64_t rows;
	uint64_t *id;
	size_t n = 0;

	arena_reset(t->a);
	t->event = arena_array(t->a, EVENTS, sizeof(*t->event));
	t->n = 0;
	if (webhook_events(db, t->a, EVENTS, &t->it, take, t, e) < 0)
		return -1;
	if (t->n == 0)
		return 1;
	id = arena_array(t->a, t->n, sizeof(*id));
	m = arena_array(t->a, t->n, sizeof(*m));
	d = arena_array(t->a, t->n, sizeof(*d));
	j = arena_array(t->a, t->n, sizeof(*j));
	for (size_t i = 0; i < t->n; i++) {
		const struct webhook_event *v = &t->event[i];
		const char *text;

		id[i] = v->id;
		if (v->url == NULL || (text = payload(t->a, v)) == NULL)
			continue;
		m[n] = (struct webhook_message){ .id = t->first_id + n,
		    .content = text, .life_s = life_s,
		    .title = v->notification_id == 0 ? "webhook.test" :
		    arena_printf(t->a, "delivery.%s", v->state) };
		d[n] = (struct delivery_new){ .notification_id = m[n].id,
		    .seq = 1, .channel = "webhook", .target = v->origin,
		    .provider = "webhook", .state = "queued", .reason = "" };
		webhook_target(d[n].target_hash, v->webhook_id);
		j[n] = (struct job_new){ .id = m[n].id,
		    .notification_id = m[n].id, .seq = 1,
		    .class = CLASS_TRANSACTIONAL, .provider = "webhook",
		    .expires_us = clock_now() + life_s * US_PER_S };
		if (seal_job(t->a, &j[n], v, e) < 0) {
			/* A key file of another installation: this one can
			 * never be told, and is not in others' way. */
			log_err(LOG_ERROR_, "webhook", e);
			err_clear(e);
			continue;
		}
		n++;
	}
	if (n > 0 && (webhook_messages(db, m, n, e) < 0 ||
	    delivery_insert(db, d, n, e) < 0 ||
	    job_insert(db, j, n, 0, e) < 0))
		return -1;
	if ((rows = webhook_events_drop(db, id, t->n, e)) < 0)
		return -1;
	/* Another took them: it told them, too. */
	return rows == (int64_t)t->n ? 0 : 1;
}

static int
turn_events(struct db *db, bool *more, struct err *e)
{
	struct turning t = { .a = arena_new(ARENA_MAX) };
	int rc = 0;

	for (int i = 0; rc == 0 && i < ROUNDS; i++) {
		t.first_id = rand_id();
		if (db_tx(db, turn_work, &t, e) < 0) {
			/* Ids are chance: fresh ones in a second. */
			rc = e->kind == ERR_DB_DUP ? 0 : -1;
			break;
		}
		*more = *more || t.n > 0;
		if (t.n < EVENTS)
			break;
	}
	arena_free(t.a);
	return rc;
}

/* --- health ------------------------------------------------------------------- */

struct off { uint64_t id; uint32_t after_s; const char *why; int done; };

static int
off_work(struct db *db, void *arg, struct err *e)
{
	struct off *o = arg;
	char detail[120];
	struct audit_event ev = { .event = "webhook_disabled",
	    .outcome = "ok", .detail = detail };

	if ((o->done = webhook_disable(db, o->id, o->after_s, o->why,
	    e)) <= 0)
		return o->done < 0 ? -1 : 1;
	if (webhook_cancel(db, o->id, "webhook_gone", e) < 0)
		return -1;
	snprintf(detail, sizeof(detail), "{\"webhook\":\"%" PRIu64
	    "\",\"reason\":\"%s\"}", o->id, o->why);
	return audit_add(db, NULL, &ev, e);
}

static int
switch_off(struct db *db, uint64_t id, uint32_t after_s, const char *why,
    struct err *e)
{
	struct off o = { .id = id, .after_s = after_s, .why = why };

	if (db_tx(db, off_work, &o, e) < 0)
		return -1;
	if (o.done > 0)
		log_warn("webhook %" PRIu64 " is switched off: %s", id, why);
	return 0;
}

struct listing { struct webhook it; uint64_t id[WEBHOOKS_MAX];
	int64_t ok_us[WEBHOOKS_MAX]; size_t n; };

static int
take_active(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	if (l->n == WEBHOOKS_MAX)
		return 1;
	if (l->it.active) {
		l->ok_us[l->n] = l->it.ok_us;
		l->id[l->n++] = l->it.id;
	}
	return 0;
}

static int
judge(struct db *db, struct err *e)
{
	static int64_t judged_us;
	const int64_t now = clock_mono();
	struct listing l = { .n = 0 };
	struct arena *a;
	int rc;

	if (judged_us != 0 && now - judged_us < JUDGE_US)
		return 0;
	judged_us = now;
	a = arena_new(1u << 20);
	rc = webhook_each(db, a, &l.it, take_active, &l, e);
	arena_free(a);
	for (size_t i = 0; rc >= 0 && i < l.n; i++) {
		struct webhook_health h;

		if ((rc = webhook_health(db, l.id[i], &h, e)) < 0)
			break;
		/* What arrived since the last look ends the count. */
		if ((rc = webhook_judged(db, l.id[i], h.ok_us, h.failed > 0 &&
		    h.ok_us <= l.ok_us[i], e)) < 0)
			break;
		rc = h.gone > 0 ? switch_off(db, l.id[i], 0, "gone", e) :
		    switch_off(db, l.id[i],
		    (uint32_t)conf_int(CONF_WEBHOOK_DISABLE_S), "failing", e);
	}
	return rc < 0 ? -1 : 0;
}

int
hooks_sweep(struct db *db, bool *more, struct err *e)
{
	int rc = webhook_replay_step(db, NULL, REPLAY_STEP, e);

	if (rc < 0)
		return -1;
	*more = rc > 0;
	if (turn_events(db, more, e) < 0)
		return -1;
	return judge(db, e);
}
