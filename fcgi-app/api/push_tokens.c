/*
 * push_tokens.c - an app's Expo token made known, forgotten and tried [X].
 *
 * What must stay true: a token is of whoever registered it last, and nobody
 * learns whether another has it.
 */
#include "api/push_own.h"

#include "api/idem.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/rand.h"
#include "channel/providers/expo.h"
#include "queue/bell.h"
#include "store/delivery.h"

#define KIND		"expo"
#define AGENT_MAX	255
#define TEXT_MAX	60000		/* any length gets the same sentence */
#define TEST_LIFE_S	300
#define TEST_TITLE	"Test Notification"	/* as published, in any language */
#define TICKET_MESSAGE	"message"	/* a provider's member, no sentence of ours */
#define SHOWN		DEVICES_MOST
#define MADE_BIT	(UINT64_C(1) << 63)	/* ids have 63 */

struct token_in { const char *token, *device_type; };
static const struct field token_rows[] = {
	FIELD_TEXT(struct token_in, token, "token", 0, TEXT_MAX,
	    F_TRIM | F_LOOSE),
	FIELD_ENUM(struct token_in, device_type, "device_type",
	    "android|ios", 0),
};
const struct fieldset push_tokens_fields =
    FIELDSET(struct token_in, token_rows, IN_BODY);
const struct fieldset push_tokens_remove_fields =
    { token_rows, 1, sizeof(struct token_in), IN_BODY };

/* The sentences stand in documents that people have: no field before them. */
static int
check_token(const char *token, struct err *e)
{
	if (token == NULL || *token == '\0')
		return err_field(e, "token", "token_required", "none given");
	if (!expo_token_valid(token))
		return err_field(e, "token", "invalid_push_token",
		    "%zu bytes", strlen(token));
	return 0;
}

/* --- known, and forgotten ------------------------------------------------ */

struct registering {
	struct call		*c;
	const struct device_new	*n;
	uint64_t		 id;
	bool			 made;
};

static int
register_work(struct db *db, void *arg, struct err *e)
{
	struct registering *r = arg;
	struct call *c = r->c;
	int rc = device_register(db, r->n, &r->id, e);

	if (rc < 0)
		return -1;
	r->made = rc == 1;
	return idem_take(c, db, r->id | (r->made ? MADE_BIT : 0), e);
}

static void
say_registered(struct call *c, bool made)
{
	struct jw *w = resp_json(c->resp, 200);

	jw_bool(w, "success", true);
	jw_str(w, "message", resp_say(c->resp, made ?
	    "Push token registered" : "Push token updated"));
	jw_bool(w, "created", made);
	resp_json_end(c->resp);
}

int
push_tokens_post(struct call *c, const void *in_, struct err *e)
{
	const struct token_in *in = in_;
	struct device_new n = { .id = rand_id(), .user_id = c->who.user_id,
	    .kind = KIND, .target = in->token, .browser = "",
	    .most = DEVICES_MOST,
	    .device_type = in->device_type == NULL ? "android" :
	    in->device_type };
	struct registering r = { .c = c, .n = &n };
	uint8_t hash[32];

	if (check_token(in->token, e) < 0)
		return -1;
	sha256(hash, in->token, strlen(in->token));
	n.target_hash = hash;
	n.user_agent = text_cut(c->arena, c->req->user_agent, AGENT_MAX);
	if (device_room(c, &n, e) < 0 || db_tx(c->db, register_work, &r, e) < 0)
		return -1;
	say_registered(c, r.made);
	return 0;
}

int
push_tokens_replay(struct call *c, uint64_t id, struct err *e)
{
	(void)e;
	say_registered(c, (id & MADE_BIT) != 0);
	return 0;
}

int
push_tokens_remove_post(struct call *c, const void *in_, struct err *e)
{
	const struct token_in *in = in_;
	uint8_t hash[32];
	struct jw *w;
	int rc;

	if (check_token(in->token, e) < 0)
		return -1;
	sha256(hash, in->token, strlen(in->token));
	rc = device_remove_target(c->db, c->who.user_id, hash, e);
	if (rc < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_bool(w, "success", true);
	jw_str(w, "message", resp_say(c->resp, rc > 0 ?
	    "Push token removed" : "There is no such push token"));
	jw_bool(w, "deleted", rc > 0);
	resp_json_end(c->resp);
	return 0;
}

/* --- tried --------------------------------------------------------------- */

struct tried {
	struct call	*c;
	struct jw	 w;		/* of the tickets */
	struct buf	 text;
	struct delivery	 d;
	unsigned	 sent, queued, unsure;
};

/* What Expo said, out of our own line about the last attempt. */
static void
write_error(struct tried *t)
{
	const char *log = t->d.attempt_log, *last = log, *word = NULL;
	struct err own = ERR_INIT;
	struct json *j = NULL;

	for (const char *p = log; p != NULL && *p != '\0'; p += *p == '\n') {
		last = p;
		p += strcspn(p, "\n");
	}
	if (last != NULL && *last != '\0' && json_parse(last,
	    strcspn(last, "\n"), JSON_PLAIN, 0, &j, &own) == 0)
		word = json_str(json_get(json_get(j, "answer"), "error"));
	jw_str(&t->w, TICKET_MESSAGE, t->d.reason);
	jw_object(&t->w, "details");
	jw_str(&t->w, "error", word != NULL ? word : t->d.reason);
	jw_end(&t->w);
	json_free(j);
}

static int
write_ticket(void *arg, struct err *e)
{
	struct tried *t = arg;
	const char *state = t->d.state;

	(void)e;
	if (t->d.device_id == 0)
		return 0;		/* "there is none" is no device */
	jw_object(&t->w, NULL);
	if (strcmp(state, "sent") == 0 || strcmp(state, "delivered") == 0 ||
	    strcmp(state, "read") == 0) {
		t->sent++;
		jw_str(&t->w, "status", "ok");
		jw_str(&t->w, "id", t->d.provider_id);
	} else if (strcmp(state, "queued") == 0) {
		t->queued++;
		jw_str(&t->w, "status", "pending");
	} else {
		t->unsure += strcmp(state, "unsure") == 0;
		jw_str(&t->w, "status", "error");
		write_error(t);
	}
	jw_end(&t->w);
	return 0;
}

static void
write_tried(struct tried *t, bool pending)
{
	struct resp *r = t->c->resp;
	bool open = pending || (t->sent == 0 && t->unsure > 0);
	struct jw *w = resp_json(r, open ? 202 : 200);

	jw_bool(w, "success", open || t->sent > 0);
	jw_str(w, "message", resp_say(r, pending ? "Notification accepted" :
	    t->sent > 0 ? "Test notification sent" : t->unsure > 0 ?
	    "The push service's answer was lost: it may have arrived" :
	    "The push service refused the message."));
	jw_u64(w, "sent_to", t->sent);
	jw_object(w, "details");
	jw_raw(w, "data", buf_text(&t->text));
	jw_end(w);
	resp_json_end(r);
}

/* Asked before the rows are read: what ends meanwhile is only shown early. */
static int
answer_tried(struct call *c, uint64_t id, struct err *e)
{
	struct tried t = { .c = c };
	int pending = delivery_pending(c->db, id, e), rc = -1;

	buf_init(&t.text, RESP_BODY_MAX / 2);
	jw_init(&t.w, &t.text);
	jw_array(&t.w, NULL);
	if (pending < 0 || delivery_each(c->db, c->arena, id, 0, SHOWN, &t.d,
	    write_ticket, &t, e) < 0)
		goto out;
	jw_end(&t.w);
	write_tried(&t, pending > 0);
	rc = 0;
out:
	buf_fini(&t.text);
	return rc;
}

static void
no_tokens(struct call *c)
{
	struct jw *w = resp_json(c->resp, 200);

	jw_bool(w, "success", false);
	jw_str(w, "message", resp_say(c->resp, "No push tokens are "
	    "registered"));
	resp_json_end(c->resp);
}

/* It is accepted: whatever fails from here on makes no error of it. */
static void
wait_and_answer(struct call *c, struct push_wait *wait, uint64_t id)
{
	struct err own = ERR_INIT;
	struct tried none = { .c = c };

	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	push_wait_for(c, wait, id);
	if (answer_tried(c, id, &own) == 0)
		return;
	log_err(LOG_WARN_, "a test push was accepted, its outcome unread",
	    &own);
	resp_reset(c->resp);
	buf_init(&none.text, 16);
	buf_str(&none.text, "[]");
	write_tried(&none, true);
	buf_fini(&none.text);
}

int
push_tokens_test_post(struct call *c, const void *in, struct err *e)
{
	struct enqueue m = {
		.id = rand_id(), .user_id = c->who.user_id, .type = "system",
		.class = CLASS_TRANSACTIONAL, .channel = KIND,
		.title = TEST_TITLE, .life_s = TEST_LIFE_S,
		.content = "{\"title\":\"" TEST_TITLE "\","
		    "\"body\":\"This is a test notification\","
		    "\"data\":{\"type\":\"test\"}}",
		.request_id = c->req->request_id,
	};
	int rc = device_user_has(c->db, c->who.user_id, KIND, e);
	struct push_wait wait;
	uint64_t id = 0;

	(void)in;
	if (rc < 0)
		return -1;
	if (rc == 0) {
		no_tokens(c);
		return 0;
	}
	m.audience = arena_printf(c->arena, "{\"user_ids\":[%" PRIu64 "]}",
	    c->who.user_id);
	push_wait_begin(c, &wait, (int)conf_int(CONF_PUSH_WAIT_S));
	m.waiter = push_wait_name(&wait);
	rc = idem_enqueue(c, c->db, &m, &id, e);
	if (rc >= 0)
		wait_and_answer(c, &wait, id);
	if (rc == 0)
		resp_header(c->resp, "Idempotency-Replayed", "true");
	push_wait_end(c, &wait);
	return rc < 0 ? -1 : 0;
}

int
push_tokens_test_replay(struct call *c, uint64_t id, struct err *e)
{
	return answer_tried(c, id, e);
}
