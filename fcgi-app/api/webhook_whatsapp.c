/*
 * webhook_whatsapp.c - what Meta calls: GET to see that the address is ours,
 * POST with states of messages and with messages of contacts (PROVIDERS.md
 * 4.5).
 *
 * What must stay true: nothing is parsed before the signature over the raw
 * bytes is right; of a contact's message only its time is kept, and whether
 * it says STOP; whatever a signed document holds beyond what we know is let
 * be, and 200.
 */
#include "api/webhook_own.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "channel/providers/whatsapp.h"
#include "store/opt_word.h"
#include "store/provider.h"
#include "store/suppression.h"
#include "store/whatsapp.h"

#define DEPTH_MAX	64
#define SENDER_MAX	40u
#define CHALLENGE_MAX	200u

const struct fieldset webhook_fields = FIELDSET_RAW;

/* --- is it ours? ----------------------------------------------------------------- */

static bool
same_secret(const char *given, enum conf_key k)
{
	const char *want = conf_str(k);

	return *want != '\0' && secret_equal(given, strlen(given), want,
	    strlen(want));
}

int
whatsapp_verify_get(struct call *c, const void *in, struct err *e)
{
	struct webhook_form f = { .n = 0 };
	const char *challenge;
	size_t n;

	(void)in;
	if (webhook_read_all(c, &f, e) < 0)
		return -1;
	challenge = webhook_value(&f, "hub.challenge");
	n = strlen(challenge);
	if (strcmp(webhook_value(&f, "hub.mode"), "subscribe") != 0 ||
	    !same_secret(webhook_value(&f, "hub.verify_token"),
	    CONF_WHATSAPP_VERIFY))
		return err_set(e, ERR_FORBIDDEN, "bad_signature",
		    "another verify token");
	/* Theirs is a number: nothing that a browser would take for more. */
	if (n == 0 || n > CHALLENGE_MAX || strspn(challenge, "0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-") != n)
		return err_set(e, ERR_INPUT, "bad_request", "hub.challenge");
	resp_text(c->resp, 200, "text/plain", challenge);
	return 0;
}

static bool
signs(const struct req *q, const char *secret, const uint8_t theirs[32])
{
	uint8_t mac[32];

	hmac_sha256(mac, secret, strlen(secret), q->body, q->body_len);
	return *secret != '\0' && secret_equal(mac, sizeof(mac), theirs, 32);
}

/* By the secret of the settings file's app, or of another account's.  1, 0,
 * -1. */
static int
is_signed(struct call *c, struct err *e)
{
	const char *given = c->req->hub_signature, *secret[PROVIDER_ROWS_MAX];
	uint8_t theirs[32];
	int n;

	if (!text_starts(given, "sha256=") || strlen(given) != 7 + 64 ||
	    hex_decode(theirs, 32, given + 7) < 0)
		return 0;
	if (signs(c->req, conf_str(CONF_WHATSAPP_SECRET), theirs))
		return 1;
	if ((n = webhook_secrets(c, "whatsapp", CONF_WHATSAPP_SECRET, secret,
	    COUNT_OF(secret), e)) < 0)
		return -1;
	while (n-- > 0)
		if (signs(c->req, secret[n], theirs))
			return 1;
	return 0;
}

/* --- what it says --------------------------------------------------------------- */

static const char *
str_of(const struct json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	return s == NULL ? "" : s;
}

/* Their numbers are strings; an integer serves too. */
static int64_t
number_of(const struct json *j, const char *name)
{
	int64_t v;

	if (json_int(json_get(j, name), &v))
		return v;
	return text_i64(str_of(j, name), 0, INT64_C(1) << 40, &v) ? v : 0;
}

/* Whoever it is from: the number, or their id where there is no number. */
static const char *
contact_of(struct call *c, const struct json *m, const struct json *value,
    const char *number, const char *id)
{
	const struct json *first = json_at(json_get(value, "contacts"), 0);
	const char *contact = whatsapp_contact(c->arena, str_of(m, number));

	if (contact == NULL)
		contact = whatsapp_contact(c->arena, str_of(m, id));
	if (contact == NULL && *str_of(m, number) == '\0')
		contact = whatsapp_contact(c->arena, str_of(first,
		    "user_id"));
	return contact;
}

/* Each form of a number that an address may be kept in. */
static int
say(struct call *c, const char *number, struct opt_word *w, struct err *e)
{
	char form[2][WHATSAPP_NUMBER_MAX];
	size_t n = whatsapp_forms(number, form);

	w->channel = CHANNEL_WHATSAPP;
	for (size_t i = 0; i < n; i++) {
		w->address = form[i];
		if (opt_word_take(c->db, w, e) < 0)
			return -1;
	}
	return 0;
}

/*
 * A message, or the button of a template, that says STOP and nothing else: no
 * more but what guards the account.  Whoever writes at all is there to be
 * written to, so what was said of a dead number is over.
 */
static int
take_stop(struct call *c, const struct json *m, int64_t at, struct err *e)
{
	const char *text = json_str(json_get(json_get(m, "text"), "body"));
	const char *from = str_of(m, "from");
	struct opt_word w = { .reason = "unsubscribed", .also =
	    "no_marketing,bounced", .said_us = at * US_PER_S };
	char form[2][WHATSAPP_NUMBER_MAX];
	size_t n = whatsapp_forms(from, form);

	if (text == NULL)
		text = json_str(json_get(json_get(m, "button"), "payload"));
	if (text != NULL && webhook_opt_word(text, true, &w.out))
		return say(c, from, &w, e);
	for (size_t i = 0; i < n; i++)
		if (suppression_lift(c->db, CHANNEL_WHATSAPP, form[i],
		    "bounced", e) < 0)
			return -1;
	return 0;
}

/* "Stop promotions", as the app has it. */
static int
take_preference(struct call *c, const struct json *p, struct err *e)
{
	const char *value = str_of(p, "value");
	struct opt_word w = { .reason = "no_marketing", .also = "",
	    .said_us = number_of(p, "timestamp") * US_PER_S,
	    .out = strcmp(value, "stop") == 0 };

	if (strcmp(str_of(p, "category"), "marketing_messages") != 0 ||
	    w.said_us <= 0 || (!w.out && strcmp(value, "resume") != 0))
		return 0;
	return say(c, str_of(p, "wa_id"), &w, e);
}

static int
take_message(struct call *c, const struct json *value, const struct json *m,
    struct err *e)
{
	const char *sender = str_of(json_get(value, "metadata"),
	    "phone_number_id");
	const char *contact = contact_of(c, m, value, "from", "from_user_id");
	const char *from = str_of(m, "from");
	int64_t at = number_of(m, "timestamp");

	/* A changed number is told by the network, not by the person. */
	if (contact == NULL || at <= 0 || strlen(sender) > SENDER_MAX ||
	    strcmp(str_of(m, "type"), "system") == 0)
		return 0;
	if (take_stop(c, m, at, e) < 0)
		return -1;
	return whatsapp_wrote(c->db, sender, contact,
	    *from == '\0' ? NULL : arena_printf(c->arena, "+%.20s", from),
	    at * US_PER_S, e);
}

static int
take_status(struct call *c, const struct json *value, const struct json *s,
    struct err *e)
{
	const struct json *error = json_at(json_get(s, "errors"), 0);
	struct callback cb = { .provider = "whatsapp",
	    .provider_id = str_of(s, "id"), .state = str_of(s, "status"),
	    .reason = "" };
	const char *contact;
	int64_t code;

	if (callback_name_read(str_of(s, "biz_opaque_callback_data"),
	    &cb.notification_id, &cb.seq) == 0)
		cb.notification_id = cb.seq = 0;
	if (strcmp(cb.state, "played") == 0)	/* a voice message */
		cb.state = "read";
	if (strcmp(cb.state, "failed") == 0) {
		code = number_of(error, "code");
		cb.reason = arena_printf(c->arena, "whatsapp_%" PRId64,
		    code);
		contact = contact_of(c, s, NULL, "recipient_id",
		    "recipient_user_id");
		if (code == 131047 && contact != NULL &&
		    whatsapp_close(c->db, str_of(json_get(value, "metadata"),
		    "phone_number_id"), contact, e) < 0)
			return -1;
	}
	return webhook_state(c, &cb, e);
}

static int
take_change(struct call *c, const struct json *change, struct err *e)
{
	const struct json *value = json_get(change, "value");
	const struct json *list = json_get(value, "statuses");

	if (strcmp(str_of(change, "field"), "user_preferences") == 0) {
		list = json_get(value, "user_preferences");
		for (size_t i = 0; i < json_len(list); i++)
			if (take_preference(c, json_at(list, i), e) < 0)
				return -1;
		return 0;
	}
	if (strcmp(str_of(change, "field"), "messages") != 0) {
		/* Templates, quality, the account: for whoever reads logs. */
		log_event("whatsapp_notice", LOG_KV("field", arena_printf(
		    c->arena, "%.60s", str_of(change, "field"))),
		    LOG_KV("event", arena_printf(c->arena, "%.60s",
		    str_of(value, "event"))));
		return 0;
	}
	for (size_t i = 0; i < json_len(list); i++)
		if (take_status(c, value, json_at(list, i), e) < 0)
			return -1;
	list = json_get(value, "messages");
	for (size_t i = 0; i < json_len(list); i++)
		if (take_message(c, value, json_at(list, i), e) < 0)
			return -1;
	return 0;
}

static int
take_all(struct call *c, const struct json *doc, struct err *e)
{
	const struct json *entries = json_get(doc, "entry");

	if (json_type(entries) != JSON_ARRAY)
		return 0;
	for (size_t i = 0; i < json_len(entries); i++) {
		const struct json *list = json_get(json_at(entries, i),
		    "changes");

		if (json_type(list) != JSON_ARRAY)
			continue;
		for (size_t k = 0; k < json_len(list); k++)
			if (take_change(c, json_at(list, k), e) < 0)
				return -1;
	}
	return 0;
}

int
whatsapp_webhook_post(struct call *c, const void *in, struct err *e)
{
	struct json *doc = NULL;
	int rc;

	(void)in;
	if ((rc = is_signed(c, e)) <= 0)
		return rc < 0 ? -1 : webhook_unsigned(e);
	if (json_parse((const char *)c->req->body, c->req->body_len,
	    JSON_PLAIN, DEPTH_MAX, &doc, e) < 0)
		return -1;
	rc = take_all(c, doc, e);
	json_free(doc);
	return rc < 0 ? -1 : webhook_answer(c);
}
