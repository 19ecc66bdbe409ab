/*
 * twilio.c - SMS and WhatsApp by Twilio (PROVIDERS.md 7.1), the second
 * provider of both channels.
 *
 * There is no key that makes a repeat harmless, so what may have been taken
 * is unsure; the address for their callbacks names the delivery, and tells
 * what became of it (api/webhook_sms.c).
 *
 * WhatsApp's templates are theirs: {"whatsapp": {"content_sid": "HX…",
 * "parameters": […]}}; a template that is named as Meta names them goes by the
 * other provider only.
 */
#include "channel/providers/providers.h"
#include "channel/providers/whatsapp.h"

#include "base/buf.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "channel/sms_text.h"

#define BODY_MAX	((size_t)32 * 1024)
#define TEXT_MAX	1600
#define VALIDITY_MIN_S	10
#define VALIDITY_MAX_S	14400
#define HEX		"0123456789abcdefABCDEF"

/* --- settings ---------------------------------------------------------------- */

static bool
is_sid(const char *s, const char *kind)
{
	return strlen(s) == 34 && text_starts(s, kind) &&
	    strspn(s + 2, HEX) == 32;
}

static int
configured(const struct account *acc, enum conf_key from, const char *name,
    struct err *e)
{
	if (!is_sid(account_str(acc, CONF_TWILIO_SID), "AC"))
		return err_set(e, ERR_CONFIG, "not_configured",
		    "TWILIO_ACCOUNT_SID is not set, or not AC and 32 digits");
	if (*account_str(acc, CONF_TWILIO_TOKEN) == '\0')
		return err_set(e, ERR_CONFIG, "not_configured",
		    "TWILIO_AUTH_TOKEN is not set");
	if (*account_str(acc, CONF_TWILIO_KEY) != '\0' &&
	    *account_str(acc, CONF_TWILIO_KEY_SECRET) == '\0')
		return err_set(e, ERR_CONFIG, "not_configured",
		    "GATEPOST_TWILIO_KEY_SECRET is not set");
	if (*account_str(acc, from) == '\0')
		return err_set(e, ERR_CONFIG, "not_configured",
		    "%s is not set", name);
	return 0;
}

static int
sms_configured(const struct account *acc, struct err *e)
{
	return configured(acc, CONF_TWILIO_SMS_FROM, "TWILIO_PHONE_NUMBER",
	    e);
}

static int
whatsapp_configured(const struct account *acc, struct err *e)
{
	return configured(acc, CONF_TWILIO_WHATSAPP_FROM,
	    "GATEPOST_TWILIO_WHATSAPP_FROM", e);
}

/* --- the request ----------------------------------------------------------------- */

static int
refuse(struct err *e, const char *code)
{
	return err_set(e, ERR_INPUT, code, "twilio");
}

static const char *
text_of(struct arena *a, const struct message *m, struct err *e)
{
	const char *text = json_str(json_get(m->content, "body"));
	struct rendered r;

	if (json_str(json_get(m->content, "template")) != NULL)
		return channel_render(a, m, "sms", &r, e) < 0 ? NULL : r.text;
	if (text == NULL || *text == '\0') {
		refuse(e, "no_text");
		return NULL;
	}
	return m->title == NULL || *m->title == '\0' ? text :
	    arena_printf(a, "%s\n%s", m->title, text);
}

static int
add_text(struct arena *a, struct buf *b, const struct message *m,
    unsigned *segments, struct err *e)
{
	const char *text = text_of(a, m, e);

	if (text == NULL)
		return -1;
	if (utf8_count(text) > TEXT_MAX)
		return refuse(e, "text_too_long");
	*segments = sms_segments(text);
	form_add(b, a, "Body", text);
	return 0;
}

/* {"1": "…", "2": "…"} of a list, or an object as it is. */
static int
add_variables(struct arena *a, struct buf *b, const struct json *p,
    struct err *e)
{
	struct buf text;
	struct jw w;

	if (json_len(p) == 0)
		return 0;
	buf_init(&text, BODY_MAX);
	jw_init(&w, &text);
	jw_object(&w, NULL);
	for (size_t i = 0; i < json_len(p); i++) {
		const char *name = arena_printf(a, "%zu", i + 1);
		const char *value = json_str(json_type(p) == JSON_ARRAY ?
		    json_at(p, i) : json_member(p, i, &name));

		if (value == NULL || !whatsapp_parameter_ok(value)) {
			buf_fini(&text);
			return refuse(e, "bad_parameters");
		}
		jw_str(&w, name, value);
	}
	jw_end(&w);
	form_add(b, a, "ContentVariables", buf_text(&text));
	buf_fini(&text);
	return 0;
}

static int
add_whatsapp(struct arena *a, struct buf *b, const struct message *m,
    struct err *e)
{
	const struct json *t = json_get(m->content, "whatsapp");
	const char *sid = json_str(json_get(t, "content_sid")), *code;
	unsigned none;

	if (message_is_code(m)) {
		sid = account_str(m->account, CONF_TWILIO_CODE_CONTENT);
		code = m->secret == NULL ? NULL : json_str(json_get(m->secret,
		    "code"));
		if (*sid == '\0')
			return refuse(e, "no_code_template");
		if (code == NULL || strspn(code, "0123456789") !=
		    strlen(code) || *code == '\0')
			return refuse(e, "bad_code");
		form_add(b, a, "ContentSid", sid);
		form_add(b, a, "ContentVariables", arena_printf(a,
		    "{\"1\":\"%s\"}", code));
		return 0;
	}
	if (t == NULL)
		return add_text(a, b, m, &none, e);
	if (sid == NULL || !is_sid(sid, "HX"))
		return refuse(e, "bad_template");
	form_add(b, a, "ContentSid", sid);
	return add_variables(a, b, json_get(t, "parameters"), e);
}

static void
add_from(struct arena *a, struct buf *b, const char *from, const char *scheme)
{
	if (is_sid(from, "MG"))
		form_add(b, a, "MessagingServiceSid", from);
	else
		form_add(b, a, "From", text_starts(from, "whatsapp:") ? from :
		    arena_printf(a, "%s%s", scheme, from));
}

static const char *
credentials(const struct account *acc, struct arena *a)
{
	const char *key = account_str(acc, CONF_TWILIO_KEY);
	const char *plain = *key != '\0' ? arena_printf(a, "%s:%s", key,
	    account_str(acc, CONF_TWILIO_KEY_SECRET)) : arena_printf(a,
	    "%s:%s", account_str(acc, CONF_TWILIO_SID),
	    account_str(acc, CONF_TWILIO_TOKEN));
	size_t n = strlen(plain);
	char *text = arena_alloc(a, B64_SIZE(n));

	b64_encode(text, B64_SIZE(n), plain, n);
	return arena_printf(a, "Authorization: Basic %s", text);
}

static bool
is_e164(const char *s)
{
	size_t n = strlen(s);

	return *s == '+' && n >= 8 && n <= 16 &&
	    strspn(s + 1, "0123456789") == n - 1;
}

static int
build(const struct message *m, struct arena *a, struct out_request *out,
    bool whatsapp, struct err *e)
{
	const char *scheme = whatsapp ? "whatsapp:" : "";
	const struct account *acc = m->account;
	int64_t left_s = (m->expires_us - m->now_us) / 1000000;
	char name[CALLBACK_NAME];
	struct buf b;
	int rc = -1;

	if (!is_e164(m->to))
		return refuse(e, "bad_number");
	callback_name(name, m->notification_id, m->seq);
	buf_init(&b, BODY_MAX);
	form_add(&b, a, "To", arena_printf(a, "%s%s", scheme, m->to));
	add_from(a, &b, account_str(acc, whatsapp ?
	    CONF_TWILIO_WHATSAPP_FROM : CONF_TWILIO_SMS_FROM), scheme);
	if ((whatsapp ? add_whatsapp(a, &b, m, e) : add_text(a, &b, m,
	    &out->segments, e)) < 0)
		goto out;
	/* A code that waits at theirs past its life is of no use. */
	if (message_is_code(m) && left_s >= VALIDITY_MIN_S)
		form_add(&b, a, "ValidityPeriod", arena_printf(a, "%" PRId64,
		    left_s < VALIDITY_MAX_S ? left_s :
		    (int64_t)VALIDITY_MAX_S));
	form_add(&b, a, "StatusCallback", arena_printf(a,
	    "%s/api/webhooks/twilio/?d=%s", conf_str(CONF_PUBLIC_URL), name));
	if (b.over) {
		refuse(e, "text_too_long");
		goto out;
	}
	out->kind = SEND_HTTP;
	out->url = arena_printf(a, "%s/2010-04-01/Accounts/%s/Messages.json",
	    account_str(acc, CONF_TWILIO_URL), account_str(acc,
	    CONF_TWILIO_SID));
	out->log_url = account_str(acc, CONF_TWILIO_URL);
	out->method = "POST";
	out->header[0] = credentials(acc, a);
	out->header[1] = "Content-Type: application/x-www-form-urlencoded";
	out->header[2] = "Accept: application/json";
	out->body = arena_memdup(a, b.p, b.len);
	out->body_len = b.len;
	rc = 0;
out:
	buf_fini(&b);
	return rc;
}

static int
sms_build(const struct message *m, struct arena *a, struct out_request *out,
    struct err *e)
{
	return build(m, a, out, false, e);
}

static int
whatsapp_build(const struct message *m, struct arena *a,
    struct out_request *out, struct err *e)
{
	return build(m, a, out, true, e);
}

/* --- the answer ------------------------------------------------------------------ */

/* Codes that mean more than their range (7.1: never DROP on an unknown one). */
static const struct row { int code; enum outcome outcome; unsigned tries; }
    code_rows[] = {
	{ 20003, OUTCOME_CONFIG, 0 }, { 20429, OUTCOME_SLOW, 0 },
	{ 21211, OUTCOME_DROP, 0 }, { 21408, OUTCOME_CONFIG, 0 },
	{ 21608, OUTCOME_CONFIG, 0 }, { 21610, OUTCOME_DROP, 0 },
	{ 21612, OUTCOME_PERM, 0 }, { 21614, OUTCOME_DROP, 0 },
	{ 21617, OUTCOME_PERM, 0 },
	{ 30001, OUTCOME_RETRY, 0 }, { 30002, OUTCOME_CONFIG, 0 },
	{ 30003, OUTCOME_RETRY, 1 }, { 30004, OUTCOME_DROP, 0 },
	{ 30005, OUTCOME_DROP, 0 }, { 30006, OUTCOME_DROP, 0 },
	{ 30007, OUTCOME_PERM, 0 }, { 30008, OUTCOME_RETRY, 1 },
	{ 30034, OUTCOME_CONFIG, 0 },
	{ 63003, OUTCOME_PERM, 0 }, { 63016, OUTCOME_PERM, 0 },
	{ 63018, OUTCOME_SLOW, 0 }, { 63024, OUTCOME_DROP, 0 },
	{ 63032, OUTCOME_PERM, 0 },
};

/* `tries`: so many more, then it is final; 0: as long as it lives. */
static enum outcome
outcome_of(int64_t code, unsigned try)
{
	for (size_t i = 0; i < COUNT_OF(code_rows); i++) {
		const struct row *r = &code_rows[i];

		if (r->code == code)
			return r->outcome == OUTCOME_RETRY && r->tries > 0 &&
			    try >= r->tries ? OUTCOME_PERM : r->outcome;
	}
	return code >= 20000 && code < 21000 ? OUTCOME_CONFIG : OUTCOME_PERM;
}

static void
judge_error(const struct message *m, const struct in_answer *in,
    int64_t code, struct verdict *v)
{
	enum outcome o = outcome_of(code, m->try);

	snprintf(v->log, sizeof(v->log), "\"code\":%" PRId64, code);
	if (in->status >= 500)
		o = OUTCOME_RETRY;
	else if (in->status == 429)
		o = OUTCOME_SLOW;
	/* A country that is not enabled, a number that a trial account does
	 * not know: others are served. */
	v->single = code == 21408 || code == 21608;
	if (code == 63016) {
		const char *from = account_str(m->account,
		    CONF_TWILIO_WHATSAPP_FROM);

		/* Another number of ours may have heard from them since. */
		v->closed = v->elsewhere = true;
		if (!is_sid(from, "MG"))
			(void)text_copy(v->sender, sizeof(v->sender),
			    text_starts(from, "whatsapp:") ? from + 9 : from);
	}
	verdict_set(v, o, "twilio_%" PRId64, code);
}

/* Not their document. */
static void
judge_unreadable(const struct in_answer *in, struct verdict *v)
{
	if (in->status >= 500 || in->status < 400)
		verdict_set(v, in->body_sent ? OUTCOME_UNSURE : OUTCOME_RETRY,
		    "twilio_unreadable");
	else
		verdict_set(v, in->status == 429 ? OUTCOME_SLOW :
		    in->status == 401 || in->status == 403 ||
		    in->status == 404 ? OUTCOME_CONFIG :
		    in->status == 408 ? OUTCOME_RETRY : OUTCOME_PERM,
		    "twilio_http_%ld", in->status);
}

static void
judge_message(const struct message *m, const struct in_answer *in,
    const struct json *doc, const char *sid, struct verdict *v)
{
	const char *status = json_str(json_get(doc, "status"));
	int64_t code = 0, parts = 0;
	uint64_t n = 0;

	if (!json_int(json_get(doc, "error_code"), &code))
		code = 0;
	if (json_str(json_get(doc, "num_segments")) != NULL &&
	    text_u64(json_str(json_get(doc, "num_segments")), 100, &n))
		parts = (int64_t)n;
	(void)text_copy(v->provider_id, sizeof(v->provider_id), sid);
	if (status != NULL && (strcmp(status, "failed") == 0 ||
	    strcmp(status, "undelivered") == 0)) {
		judge_error(m, in, code, v);
		return;
	}
	v->segments = (unsigned)parts;
	snprintf(v->log, sizeof(v->log), "\"segments\":%" PRId64, parts);
	verdict_set(v, OUTCOME_OK, "accepted");
}

static void
judge(const struct message *m, const struct out_request *req,
    const struct in_answer *in, struct verdict *v)
{
	struct err e = ERR_INIT;
	struct json *doc = NULL;
	const char *sid;
	int64_t code;

	v->wait_s = in->retry_after_s;
	if (verdict_of_silence(v, in, req->repeat_ok))
		return;
	if (json_parse(in->body, in->body_len, JSON_PLAIN, 0, &doc, &e) < 0) {
		judge_unreadable(in, v);
		return;
	}
	sid = json_str(json_get(doc, "sid"));
	if (in->status >= 200 && in->status < 300 && sid != NULL &&
	    (is_sid(sid, "SM") || is_sid(sid, "MM")))
		judge_message(m, in, doc, sid, v);
	else if (in->status >= 400 && json_int(json_get(doc, "code"), &code))
		judge_error(m, in, code, v);
	else
		judge_unreadable(in, v);
	json_free(doc);
}

#define ACCOUNT_SETTINGS						\
	{ "url", CONF_TWILIO_URL, SETTING_SHARED },			\
	{ "account_sid", CONF_TWILIO_SID, SETTING_PLAIN },		\
	{ "auth_token", CONF_TWILIO_TOKEN, SETTING_SECRET },		\
	{ "api_key", CONF_TWILIO_KEY, SETTING_PLAIN },			\
	{ "api_key_secret", CONF_TWILIO_KEY_SECRET, SETTING_SECRET }
static const struct setting sms_settings[] = {
	ACCOUNT_SETTINGS,
	{ "from", CONF_TWILIO_SMS_FROM, SETTING_PLAIN },
	{ NULL, CONF_KEYS, SETTING_PLAIN }
};
static const struct setting whatsapp_settings[] = {
	ACCOUNT_SETTINGS,
	{ "from", CONF_TWILIO_WHATSAPP_FROM, SETTING_PLAIN },
	{ "code_content", CONF_TWILIO_CODE_CONTENT, SETTING_PLAIN },
	{ NULL, CONF_KEYS, SETTING_PLAIN }
};

const struct provider provider_twilio = {
	.name = "twilio",
	.channel = "sms",
	.concurrency = 16,
	.per_s = 50,
	.settings = sms_settings,
	.configured = sms_configured,
	.build = sms_build,
	.judge = judge,
};

const struct provider provider_twilio_whatsapp = {
	.name = "twilio_whatsapp",
	.channel = "whatsapp",
	.concurrency = 16,
	.per_s = 80,
	.pair_s = 7,		/* as whatsapp.c's */
	.settings = whatsapp_settings,
	.configured = whatsapp_configured,
	.build = whatsapp_build,
	.judge = judge,
};
