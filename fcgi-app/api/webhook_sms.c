/*
 * webhook_sms.c - what became of a message, as Kavenegar and Twilio call it
 * (PROVIDERS.md 1.7, 1.8 and 7.1).
 *
 * Kavenegar signs nothing: the last part of the path is the secret, and a
 * wrong one is an address that does not exist.  Twilio signs the address as
 * it was given to them, and the members of the form.
 */
#include "api/webhook_own.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/text.h"
#include "channel/providers/kavenegar.h"
#include "channel/providers/whatsapp.h"
#include "store/opt_word.h"
#include "store/provider.h"
#include "store/whatsapp.h"

#define SECRET_MIN	20u

/* --- Kavenegar ------------------------------------------------------------------- */

int
kavenegar_webhook(struct call *c, const void *in, struct err *e)
{
	const char *want = conf_str(CONF_KAVENEGAR_SECRET), *given;
	struct webhook_form f = { .n = 0 };
	struct callback cb = { .provider = "kavenegar" };
	uint64_t id = 0, status = 0;

	(void)in;
	given = c->param[0] == NULL ? "" : c->param[0];
	if (strlen(want) < SECRET_MIN || !secret_equal(given, strlen(given),
	    want, strlen(want)))
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "another secret");
	if (webhook_read_all(c, &f, e) < 0)
		return -1;
	if (!text_u64(webhook_value(&f, "messageid"), INT64_MAX, &id) ||
	    !text_u64(webhook_value(&f, "status"), 1000, &status))
		return err_set(e, ERR_INPUT, "bad_request",
		    "messageid and status are numbers");
	cb.provider_id = arena_printf(c->arena, "%" PRIu64, id);
	cb.state = kavenegar_state((int)status, &cb.reason);
	if (cb.state != NULL && webhook_state(c, &cb, e) < 0)
		return -1;
	return webhook_answer(c);
}

/* --- Twilio ------------------------------------------------------------------------ */

static int
by_name(const void *a_, const void *b_)
{
	const struct webhook_pair *a = a_, *b = b_;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : strcmp(a->value, b->value);
}

/* Do they sign this address and these members?  `f` is sorted. */
static bool
signs(const struct req *q, const char *token, const char *url,
    const struct webhook_form *f)
{
	uint8_t mac[CRYPTO_MAC_MAX];
	char text[B64_SIZE(CRYPTO_MAC_MAX)];
	struct buf b;
	size_t n;

	buf_init(&b, (size_t)256 * 1024);
	buf_str(&b, url);
	for (size_t i = 0; i < f->n; i++) {
		/* A pair that is there twice counts once, as theirs does. */
		if (i > 0 && by_name(&f->pair[i - 1], &f->pair[i]) == 0)
			continue;
		buf_str(&b, f->pair[i].name);
		buf_str(&b, f->pair[i].value);
	}
	n = hmac_any(CRYPTO_SHA1, mac, token, strlen(token), b.p, b.len);
	b64_encode(text, sizeof(text), mac, n);
	buf_fini(&b);
	return secret_equal(text, strlen(text), q->twilio_signature,
	    strlen(q->twilio_signature));
}

/* The address as we gave it, and as they may have called it: with the port of
 * the scheme, or without one (their clients accept either). */
static bool
signs_any(struct call *c, const char *token, const struct webhook_form *f)
{
	const char *base = conf_str(CONF_PUBLIC_URL);
	const char *host = strstr(base, "://");
	const char *rest = arena_printf(c->arena, "%s%s%s", c->req->path,
	    *c->req->query != '\0' ? "?" : "", c->req->query);
	size_t n;

	if (*token == '\0' || host == NULL)
		return false;
	n = (size_t)(host - base) + 3;
	n += strcspn(base + n, ":/");
	return signs(c->req, token, arena_printf(c->arena, "%s%s", base, rest),
	    f) ||
	    signs(c->req, token, arena_printf(c->arena, "%.*s%s", (int)n, base,
	    rest), f) ||
	    signs(c->req, token, arena_printf(c->arena, "%.*s%s%s", (int)n, base,
	    text_starts(base, "https:") ? ":443" : ":80", rest), f);
}

/*
 * STOP and START in a message of the recipient's: their own word for it where
 * they read it (Advanced Opt-Out), else the words that they take by default,
 * alone in the message.
 */
static int
opt_out(struct call *c, const struct webhook_form *f, const char *from,
    struct err *e)
{
	const char *type = webhook_value(f, "OptOutType");
	const char *id = webhook_value(f, "MessageSid");
	const char *word = *type != '\0' ? type : webhook_value(f, "Body");
	bool whatsapp = text_starts(from, "whatsapp:"), out;
	struct opt_word w = { .reason = "stopped", .who = "twilio",
	    .also = whatsapp ? "unsubscribed,no_marketing,bounced" :
	    "unsubscribed", .said_us = clock_now(), .id = id,
	    .channel = whatsapp ? CHANNEL_WHATSAPP : CHANNEL_SMS };

	w.address = whatsapp ? from + 9 : from;
	if (*id == '\0' || strlen(id) > 64 || w.address[0] != '+' ||
	    strlen(w.address) > 16 || !webhook_opt_word(word, false, &out))
		return 0;
	w.out = out;
	return opt_word_take(c->db, &w, e) < 0 ? -1 : 0;
}

/* By the token of the settings file's account, or of another.  1, 0, -1. */
static int
is_signed(struct call *c, struct webhook_form *f, struct err *e)
{
	const char *token[PROVIDER_ROWS_MAX];
	int n;

	if (*c->req->twilio_signature == '\0')
		return 0;
	qsort(f->pair, f->n, sizeof(f->pair[0]), by_name);
	if (signs_any(c, conf_str(CONF_TWILIO_TOKEN), f))
		return 1;
	if ((n = webhook_secrets(c, "twilio", CONF_TWILIO_TOKEN, token,
	    COUNT_OF(token), e)) < 0)
		return -1;
	while (n-- > 0)
		if (signs_any(c, token[n], f))
			return 1;
	return 0;
}

/* A contact wrote: its 24 hours begin.  The time is ours; theirs is not in the
 * form. */
static int
inbound(struct call *c, const struct webhook_form *f, struct err *e)
{
	const char *from = webhook_value(f, "From");
	const char *to = webhook_value(f, "To"), *contact;

	if (opt_out(c, f, from, e) < 0)
		return -1;
	if (!text_starts(from, "whatsapp:") || !text_starts(to, "whatsapp:"))
		return 0;
	contact = whatsapp_contact(c->arena, from + 9);
	return contact == NULL || strlen(to) > 40 ? 0 : whatsapp_wrote(c->db,
	    to + 9, contact, from + 9, clock_now(), e);
}

static const char *
twilio_state(const char *word)
{
	static const struct { const char *word, *state; } row[] = {
		{ "sent", "sent" }, { "delivered", "delivered" },
		{ "read", "read" }, { "failed", "failed" },
		{ "undelivered", "failed" }, { "canceled", "failed" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (strcmp(row[i].word, word) == 0)
			return row[i].state;
	return NULL;
}

static const char *
twilio_reason(struct call *c, const struct webhook_form *f, const char *word)
{
	uint64_t code;

	if (text_u64(webhook_value(f, "ErrorCode"), 99999, &code) && code > 0)
		return arena_printf(c->arena, "twilio_%" PRIu64, code);
	return arena_printf(c->arena, "twilio_%s", word);
}

int
twilio_webhook_post(struct call *c, const void *in, struct err *e)
{
	struct webhook_form f = { .n = 0 }, query = { .n = 0 };
	struct callback cb = { .provider = "twilio", .reason = "" };
	const char *word;
	int rc;

	(void)in;
	if (webhook_read(c, &query, c->req->query, strlen(c->req->query),
	    e) < 0 || (bind_body_type(c->req) == BODY_FORM && webhook_read(c,
	    &f, c->req->body, c->req->body_len, e) < 0))
		return -1;
	if ((rc = is_signed(c, &f, e)) <= 0)
		return rc < 0 ? -1 : webhook_unsigned(e);
	word = webhook_value(&f, "MessageStatus");
	if (*word == '\0')
		word = webhook_value(&f, "SmsStatus");
	if (strcmp(word, "received") == 0) {
		if (inbound(c, &f, e) < 0)
			return -1;
		return webhook_answer(c);
	}
	cb.provider_id = webhook_value(&f, "MessageSid");
	if (callback_name_read(webhook_value(&query, "d"),
	    &cb.notification_id, &cb.seq) == 0)
		cb.notification_id = cb.seq = 0;
	if ((cb.state = twilio_state(word)) == NULL)
		return webhook_answer(c);
	if (strcmp(cb.state, "failed") == 0)
		cb.reason = twilio_reason(c, &f, word);
	if (strcmp(cb.reason, "twilio_63016") == 0) {
		const char *to = webhook_value(&f, "To");
		const char *contact = text_starts(to, "whatsapp:") ?
		    whatsapp_contact(c->arena, to + 9) : NULL;

		const char *from = webhook_value(&f, "From");

		if (contact != NULL && whatsapp_close(c->db,
		    text_starts(from, "whatsapp:") ? from + 9 : "", contact,
		    e) < 0)
			return -1;
	}
	if (webhook_state(c, &cb, e) < 0)
		return -1;
	return webhook_answer(c);
}
