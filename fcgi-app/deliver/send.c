/*
 * send.c - see send.h.
 */
#include "deliver/send.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/reason.h"
#include "base/text.h"
#include "deliver/pick.h"
#include "net/net.h"
#include "queue/backoff.h"
#include "queue/secret.h"
#include "queue/unsubscribe.h"

#define REQUEST_MAX	((size_t)2 << 20)	/* a mail with its parts */
#define SPARE_MAX	64

/* Arenas of requests that are over, wiped: the loop's alone. */
static struct arena *spare[SPARE_MAX];
static size_t spares;

static struct arena *
take_arena(void)
{
	return spares > 0 ? spare[--spares] : arena_new(REQUEST_MAX);
}

static void
give_arena(struct arena *a)
{
	if (a == NULL)
		return;
	if (spares == SPARE_MAX) {
		arena_free(a);
		return;
	}
	arena_reset(a);
	spare[spares++] = a;
}

void
send_end(struct item *it, const char *state, const char *reason,
    struct record *r)
{
	memset(r, 0, sizeof(*r));
	r->what = RECORD_FINAL;
	r->item = it;
	r->state = state;
	(void)text_copy(r->reason, sizeof(r->reason), reason);
}

void
send_hold(struct item *it, int64_t delay_us, struct record *r)
{
	memset(r, 0, sizeof(*r));
	r->what = RECORD_HOLD;
	r->item = it;
	r->state = "queued";
	it->ref.delay_us = delay_us;
}

void
send_move(struct item *it, const char *to, struct record *r)
{
	send_hold(it, 0, r);
	(void)text_copy(r->to, sizeof(r->to), to);
}

static bool
is_code(const struct item *it)
{
	return strcmp(it->note->type, "code") == 0;
}

static int
open_secret(struct item *it, struct err *e)
{
	const char *json;

	if (it->secret == NULL)
		return 0;
	if (job_secret_open(it->arena, it->secret, it->secret_len,
	    it->ref.id, &json, e) < 0)
		return -1;
	return json_parse(json, strlen(json), JSON_PLAIN, 0,
	    &it->secret_json, e);
}

/*
 * What nobody may turn off offers no link that would do nothing: class
 * critical, and the system's own (codes, notices).
 */
static const char *
unsubscribe_of(const struct item *it)
{
	const struct note *n = it->note;
	struct unsubscribe u = { .notification_id = n->id, .seq = it->seq,
	    .user_id = it->user_id };

	if (n->class == 0 || strcmp(n->type, "notice") == 0 || is_code(it) ||
	    strcmp(it->lane->p->channel, "email") != 0 ||
	    !text_copy(u.type, sizeof(u.type), n->type))
		return NULL;
	return unsubscribe_url(it->arena, &u);
}

int
send_build(struct item *it, int64_t now_us, struct record *r)
{
	struct err e = ERR_INIT;

	it->arena = take_arena();
	if (open_secret(it, &e) < 0)
		goto failed;
	it->account = it->lane->account == NULL ? NULL :
	    account_ref(it->lane->account);
	it->msg = (struct message){
		.account = it->account, .bearer = it->lane->token,
		.notification_id = it->note->id, .seq = it->seq,
		.try = it->tries, .type = it->note->type, .to = it->to,
		.title = it->note->title, .content = it->note->content,
		.secret = it->secret_json,
		.locale = it->note->locale[0] != '\0' ? it->note->locale :
		    it->locale == NULL ? "" : it->locale,
		.unsubscribe = unsubscribe_of(it),
		.created_us = it->note->created_us,
		.expires_us = it->expires_us, .now_us = now_us,
		.p256dh = it->keys ? it->p256dh : NULL,
		.auth = it->keys ? it->auth : NULL,
	};
	it->token_no = it->lane->token_no;
	memset(&it->req, 0, sizeof(it->req));
	if (it->lane->p->build(&it->msg, it->arena, &it->req, &e) < 0)
		goto failed;
	/* A one-time code is never sent twice, whatever would be harmless to
	 * the provider (D26). */
	if (is_code(it))
		it->req.repeat_ok = false;
	it->ref.repeat_ok = it->req.repeat_ok;
	return 0;
failed:
	if (e.kind != ERR_INPUT)
		log_err(LOG_ERROR_, it->lane->name, &e);
	send_unmade(it, e.code, r);
	return -1;
}

bool
send_wants_seal(const struct item *it)
{
	return it->account->p->seal != NULL;
}

int
send_seal(struct item *it, struct err *e)
{
	const struct provider *p = it->account->p;

	return p->seal == NULL ? 0 : p->seal(&it->msg, it->arena, &it->req,
	    e);
}

void
send_unmade(struct item *it, const char *code, struct record *r)
{
	send_unbuild(it);
	send_end(it, "failed", reason_find(code) != NULL ? code :
	    "cannot_build", r);
}

void
send_unbuild(struct item *it)
{
	json_free(it->secret_json);
	it->secret_json = NULL;
	give_arena(it->arena);
	it->arena = NULL;
	account_unref(it->account);
	it->account = NULL;
	memset(&it->msg, 0, sizeof(it->msg));
	memset(&it->req, 0, sizeof(it->req));
}

void
send_judge(struct item *it, const struct in_answer *in, struct verdict *v)
{
	memset(v, 0, sizeof(*v));
	it->account->p->judge(&it->msg, &it->req, in, v);
	send_rules(it, in, v);
}

void
send_rules(const struct item *it, const struct in_answer *in,
    struct verdict *v)
{
	if (v->wait_s < 0)
		v->wait_s = 0;
	/* Nothing had happened yet: no doubt about it, whoever judges. */
	if (!in->complete && !in->body_sent && v->outcome == OUTCOME_UNSURE) {
		v->outcome = OUTCOME_RETRY;
		(void)text_copy(v->code, sizeof(v->code),
		    net_error_word(in->error));
	}
	/* Repeat only what may be repeated. */
	if (v->outcome == OUTCOME_UNSURE && it->req.repeat_ok)
		v->outcome = OUTCOME_RETRY;
}

static void
write_log(struct item *it, const struct verdict *v,
    const struct in_answer *in, int64_t now_us, struct record *r)
{
	struct json *check = NULL;
	struct err e = ERR_INIT;
	struct buf b;
	struct jw w;

	for (int with = v->log[0] != '\0' ? 1 : 0; with >= 0; with--) {
		buf_init(&b, sizeof(r->log) - 1);
		jw_init(&w, &b);
		jw_object(&w, NULL);
		jw_time(&w, "at", now_us);
		jw_str(&w, "provider", it->lane->name);
		jw_i64(&w, "status", in->status);
		jw_str(&w, "outcome", outcome_word(v->outcome));
		jw_str(&w, "reason", v->code);
		if (in->error != NET_OK)
			jw_str(&w, "error", net_error_word(in->error));
		jw_i64(&w, "ms", (clock_mono() - it->left_us) / 1000);
		if (with) {
			char answer[sizeof(v->log) + 3];

			snprintf(answer, sizeof(answer), "{%s}", v->log);
			/* What a provider file wrote must stay JSON. */
			if (json_parse(answer, strlen(answer), JSON_PLAIN, 0,
			    &check, &e) == 0)
				jw_raw(&w, "answer", answer);
			json_free(check);
			check = NULL;
		}
		jw_end(&w);
		if (!b.over)
			(void)text_copy(r->log, sizeof(r->log), buf_text(&b));
		buf_fini(&b);
		if (r->log[0] != '\0')
			return;
	}
}

/* Providers choose these bytes; the columns are ASCII. */
static void
plain(char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

static void
again(struct item *it, const struct verdict *v, int64_t now_us,
    int64_t hold_us, struct record *r)
{
	int64_t left = it->expires_us - now_us;
	int64_t delay = backoff_us(it->tries, v->wait_s * US_PER_S, left);

	if (v->outcome == OUTCOME_CONFIG) {
		/* Until the breaker lets one through; if the message does
		 * not live that long, it is seen then. */
		delay = (hold_us > v->wait_s * US_PER_S ? hold_us :
		    v->wait_s * US_PER_S) + backoff_us(1, 0, BACKOFF_BASE_US);
		if (delay > left)
			delay = left > 0 ? left : 0;
	}
	if (delay < 0) {
		r->what = RECORD_FINAL;
		r->state = "expired";
		return;
	}
	r->what = RECORD_RETRY;
	r->state = "queued";
	it->ref.delay_us = delay;
}

const char *
send_elsewhere(struct item *it, const struct verdict *v,
    const struct in_answer *in, const char *(*find)(const struct item *it))
{
	const char *to;

	if (pick_binds(v, in))
		it->bound = true;
	if (it->bound || !pick_elsewhere(v, in))
		return NULL;
	pick_add_tried(it->tried, it->lane->name);
	if ((to = find(it)) == NULL)
		it->tried[0] = '\0';	/* all were: a new round */
	return to;
}

void
send_record(struct item *it, const struct verdict *v,
    const struct in_answer *in, int64_t now_us, int64_t hold_us,
    const char *to, struct record *r)
{
	send_end(it, "unsure", v->code, r);
	plain(r->reason);
	r->closed = v->closed;
	(void)text_copy(r->sender, sizeof(r->sender), v->sender);
	/* What is paid for: not what never left. */
	if (v->outcome == OUTCOME_OK || v->outcome == OUTCOME_UNSURE)
		r->segments = v->segments != 0 ? v->segments :
		    it->req.segments;
	write_log(it, v, in, now_us, r);
	if (to != NULL && it->expires_us > now_us) {
		r->what = RECORD_RETRY;
		r->state = "queued";
		(void)text_copy(r->to, sizeof(r->to), to);
		it->ref.delay_us = 0;
		return;
	}
	switch (v->single ? OUTCOME_PERM : v->outcome) {
	case OUTCOME_OK:
		r->state = "sent";
		r->sent = true;
		r->reason[0] = '\0';
		(void)text_copy(r->provider_id, sizeof(r->provider_id),
		    v->provider_id);
		plain(r->provider_id);
		break;
	case OUTCOME_RETRY:
	case OUTCOME_SLOW:
	case OUTCOME_CONFIG:
		again(it, v, now_us, hold_us, r);
		break;
	case OUTCOME_DROP:
		r->state = "failed";
		r->device_dead = it->device_id != 0;
		r->address_dead = it->device_id == 0;
		break;
	case OUTCOME_PERM:
		r->state = "failed";
		break;
	case OUTCOME_UNSURE:
		break;
	}
}
