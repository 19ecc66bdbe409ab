/*
 * kavenegar.c - SMS by Kavenegar (PROVIDERS.md section 1): codes by
 * verify/lookup, everything else by sms/send.
 *
 * The API key stands in the path: the URL is never logged.  The answer echoes
 * the text: only its numbers are kept (D24).
 */
#include "channel/providers/kavenegar.h"
#include "channel/providers/providers.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "channel/sms_text.h"

#define BODY_MAX	((size_t)16 * 1024)
#define TOKEN_MAX	100
/* The lowest of the limits that the vendor's documents name (section 1.3). */
#define LATIN_MAX	612
#define OTHER_MAX	268
/* The vendor forgets a localid after some 12 h: then it guards nothing. */
#define LOCALID_LIFE_US	(INT64_C(11) * 3600 * US_PER_S)
#define FAILED_TRIES_MAX	3	/* of 402, "a few times" */

static int
configured(const struct account *acc, struct err *e)
{
	if (*account_str(acc, CONF_KAVENEGAR_KEY) == '\0')
		return err_set(e, ERR_CONFIG, "not_configured",
		    "KAVENEGAR_API_KEY is not set");
	if (*account_str(acc, CONF_KAVENEGAR_TEMPLATE) == '\0')
		return err_set(e, ERR_CONFIG, "not_configured",
		    "GATEPOST_KAVENEGAR_TEMPLATE is not set");
	return 0;
}

/* "+98912…" as 0912…, others as 00…: the forms the API documents.  NULL when
 * it is no E.164: a comma would be a second receptor. */
static const char *
receptor(struct arena *a, const char *e164)
{
	size_t n = strlen(e164);

	if (*e164 != '+' || n < 8 || n > 16 ||
	    strspn(e164 + 1, "0123456789") != n - 1)
		return NULL;
	return text_starts(e164, "+98") ? arena_printf(a, "0%s", e164 + 3) :
	    arena_printf(a, "00%s", e164 + 1);
}

static const char *
code_of(const struct message *m)
{
	return m->secret == NULL ? NULL : json_str(json_get(m->secret,
	    "code"));
}

/* No space, newline, underscore or separator, at most 100 (else 431). */
static bool
token_valid(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') ||
		    (s[i] >= 'A' && s[i] <= 'Z') ||
		    (s[i] >= 'a' && s[i] <= 'z')))
			return false;
	return n > 0 && n <= TOKEN_MAX;
}

/*
 * The only guard against sending twice (section 1.9), so every delivery needs
 * its own: two of one value, and the vendor gives the second person nothing.
 * 63 bits of a hash; id and seq side by side do not fit the vendor's integer.
 */
static const char *
localid(struct arena *a, const struct message *m)
{
	const char *name = arena_printf(a, "%" PRIu64 ".%" PRIu32,
	    m->notification_id, m->seq);
	uint64_t id = 0;
	uint8_t h[32];

	sha256(h, name, strlen(name));
	for (size_t i = 0; i < sizeof(id); i++)
		id = id << 8 | h[i];
	return arena_printf(a, "%" PRIu64, id & INT64_MAX);
}

static int
add_lookup(struct arena *a, struct buf *b, const struct message *m,
    struct err *e)
{
	const char *code = code_of(m);

	if (code == NULL || !token_valid(code))
		return err_set(e, ERR_INPUT, "bad_code",
		    "the code is no lookup token");
	form_add(b, a, "token", code);
	form_add(b, a, "template", account_str(m->account,
	    CONF_KAVENEGAR_TEMPLATE));
	return 0;
}

static int
add_text(struct arena *a, struct buf *b, const struct message *m,
    unsigned *segments, struct err *e)
{
	const char *sender = account_str(m->account, CONF_KAVENEGAR_SENDER);
	struct rendered r;
	size_t points;

	if (channel_render(a, m, "sms", &r, e) < 0)
		return -1;
	points = utf8_count(r.text);
	if (points == 0 || points > (points == strlen(r.text) ? LATIN_MAX :
	    OTHER_MAX))
		return err_set(e, ERR_INPUT, "text_too_long",
		    "%zu characters", points);
	*segments = sms_segments(r.text);
	form_add(b, a, "message", r.text);
	if (*sender != '\0')
		form_add(b, a, "sender", sender);
	form_add(b, a, "localid", localid(a, m));
	return 0;
}

void
kavenegar_request(const struct account *acc, const char *method,
    const struct buf *form, struct arena *a, struct out_request *out)
{
	const char *base = arena_strdup(a, account_str(acc,
	    CONF_KAVENEGAR_URL));

	out->kind = SEND_HTTP;
	out->url = arena_printf(a, "%s/v1/%s/%s.json", base,
	    url_encode(a, account_str(acc, CONF_KAVENEGAR_KEY)), method);
	out->log_url = base;
	out->method = "POST";
	out->header[0] = "Content-Type: application/x-www-form-urlencoded; "
	    "charset=utf-8";
	out->header[1] = "Accept: application/json";
	out->body = arena_memdup(a, form->p, form->len);
	out->body_len = form->len;
}

static int
build(const struct message *m, struct arena *a, struct out_request *out,
    struct err *e)
{
	const char *to = receptor(a, m->to);
	struct buf b;

	if (to == NULL)
		return err_set(e, ERR_INPUT, "bad_number",
		    "the receptor is no E.164 number");
	buf_init(&b, BODY_MAX);
	form_add(&b, a, "receptor", to);
	if ((message_is_code(m) ? add_lookup(a, &b, m, e) :
	    add_text(a, &b, m, &out->segments, e)) < 0) {
		buf_fini(&b);
		return -1;
	}
	kavenegar_request(m->account, message_is_code(m) ? "verify/lookup" :
	    "sms/send", &b, a, out);
	out->repeat_ok = !message_is_code(m) &&
	    m->now_us - m->created_us < LOCALID_LIFE_US;
	buf_fini(&b);
	return 0;
}

/* return.status and what it means (section 1.6). */
static const struct { int status; enum outcome outcome; } status_rows[] = {
	{ 400, OUTCOME_PERM }, { 401, OUTCOME_CONFIG },
	{ 402, OUTCOME_RETRY }, { 403, OUTCOME_CONFIG },
	{ 404, OUTCOME_CONFIG }, { 405, OUTCOME_CONFIG },
	{ 406, OUTCOME_PERM }, { 407, OUTCOME_CONFIG },
	{ 409, OUTCOME_RETRY }, { 411, OUTCOME_DROP },
	{ 412, OUTCOME_CONFIG }, { 413, OUTCOME_PERM },
	{ 414, OUTCOME_PERM }, { 415, OUTCOME_PERM },
	{ 416, OUTCOME_CONFIG }, { 417, OUTCOME_PERM },
	{ 418, OUTCOME_CONFIG }, { 419, OUTCOME_PERM },
	{ 420, OUTCOME_PERM }, { 422, OUTCOME_PERM },
	{ 424, OUTCOME_CONFIG }, { 426, OUTCOME_CONFIG },
	{ 427, OUTCOME_CONFIG }, { 428, OUTCOME_PERM },
	{ 429, OUTCOME_SLOW }, { 431, OUTCOME_PERM },
	{ 432, OUTCOME_CONFIG }, { 451, OUTCOME_SLOW },
	{ 501, OUTCOME_CONFIG }, { 604, OUTCOME_PERM },
	{ 607, OUTCOME_CONFIG },
};

static enum outcome
outcome_of(int64_t status)
{
	for (size_t i = 0; i < COUNT_OF(status_rows); i++)
		if (status_rows[i].status == status)
			return status_rows[i].outcome;
	return status >= 800 && status <= 813 ? OUTCOME_PERM : OUTCOME_RETRY;
}

static bool
documented(int64_t status)
{
	for (size_t i = 0; i < COUNT_OF(status_rows); i++)
		if (status_rows[i].status == status)
			return true;
	return status >= 800 && status <= 813;
}

/* `entries` is an array in practice; some models read an object. */
static const struct json *
first_entry(const struct json *doc)
{
	const struct json *entries = json_get(doc, "entries");

	return json_type(entries) == JSON_ARRAY ? json_at(entries, 0) :
	    entries;
}

static int64_t
int_of(const struct json *j, const char *name)
{
	int64_t n;

	return json_int(json_get(j, name), &n) ? n : 0;
}

/* Numbers only: the entry beside them holds the text and the number (D24). */
static void
keep(struct verdict *v, const struct json *entry, int64_t status)
{
	int64_t id = int_of(entry, "messageid");
	const char *text = json_str(json_get(entry, "message"));

	/* A code's text is their template's: known by their answer only. */
	if (text != NULL)
		v->segments = sms_segments(text);

	if (id > 0)
		snprintf(v->provider_id, sizeof(v->provider_id), "%" PRId64,
		    id);
	snprintf(v->log, sizeof(v->log), "\"return_status\":%" PRId64
	    ",\"messageid\":%" PRId64 ",\"status\":%" PRId64 ",\"cost\":%"
	    PRId64, status, id, int_of(entry, "status"),
	    int_of(entry, "cost"));
}

/* Accepted, as far as we can tell: it may have been sent. */
static void
perhaps(struct verdict *v, const struct out_request *req,
    const struct in_answer *in, const char *code)
{
	verdict_set(v, req->repeat_ok || !in->body_sent ? OUTCOME_RETRY :
	    OUTCOME_UNSURE, "%s", code);
}

/* Not their envelope: a gateway's page.  The HTTP status decides, but the
 * number is not given up on a stranger's word (411 is "length required"). */
static void
judge_unreadable(struct verdict *v, const struct out_request *req,
    const struct in_answer *in)
{
	enum outcome o = outcome_of(in->status);

	if (in->status >= 500 || in->status < 400)
		perhaps(v, req, in, "kavenegar_unreadable");
	else
		verdict_set(v, o == OUTCOME_DROP ? OUTCOME_PERM : o,
		    "kavenegar_http_%ld", in->status);
}

/* 200: the entry has an id, and a state that is not yet final (1.7). */
static void
judge_entry(struct verdict *v, const struct out_request *req,
    const struct in_answer *in, const struct json *entry)
{
	int64_t state = int_of(entry, "status");

	if (in->status < 200 || in->status >= 300)
		perhaps(v, req, in, "kavenegar_unreadable");
	else if (v->provider_id[0] == '\0' || state == 100)
		perhaps(v, req, in, "kavenegar_no_id");
	else if (state == 6 || state == 11 || state == 13 || state == 14)
		verdict_set(v, OUTCOME_PERM, "kavenegar_state_%" PRId64,
		    state);
	else
		verdict_set(v, OUTCOME_OK, "accepted");
}

static void
judge(const struct message *m, const struct out_request *req,
    const struct in_answer *in, struct verdict *v)
{
	struct err e = ERR_INIT;
	struct json *doc = NULL;
	int64_t status = 0;

	v->wait_s = in->retry_after_s;
	if (!verdict_of_silence(v, in, req->repeat_ok)) {
		if (json_parse(in->body, in->body_len, JSON_PLAIN, 0, &doc,
		    &e) == 0)
			status = int_of(json_get(doc, "return"), "status");
		if (status != 0)
			keep(v, first_entry(doc), status);
		/* Their envelope with an error in it that we know: nothing
		 * was taken. */
		v->refused = status != 200 && documented(status);
		if (status == 0)
			judge_unreadable(v, req, in);
		else if (status == 200)
			judge_entry(v, req, in, first_entry(doc));
		else if (!documented(status) && (in->status >= 500 ||
		    (status >= 500 && status < 600)))
			/* In trouble, and in its own words: as a gateway. */
			perhaps(v, req, in, "kavenegar_unreadable");
		else
			verdict_set(v, status == 402 &&
			    m->try >= FAILED_TRIES_MAX ? OUTCOME_PERM :
			    outcome_of(status), "kavenegar_%" PRId64, status);
		json_free(doc);
	}
	/* "Failed" and "undelivered", said at once, or "operation failed"
	 * again and again: not sent, not charged, and not the number's fault
	 * (S51). */
	v->elsewhere = v->outcome == OUTCOME_PERM && (status == 402 ||
	    strcmp(v->code, "kavenegar_state_6") == 0 ||
	    strcmp(v->code, "kavenegar_state_11") == 0);
	/* What left with a localid can be asked for by it (section 1.5). */
	v->query = !message_is_code(m) && in->body_sent &&
	    (v->outcome == OUTCOME_UNSURE || (v->outcome == OUTCOME_RETRY &&
	    (status == 0 || status == 200)));
}

/* Which of them are final, and what they mean (section 1.7). */
const char *
kavenegar_state(int status, const char **reason)
{
	static const struct { int status; const char *state, *reason; }
	    row[] = {
		{ 4, "sent", "" }, { 5, "sent", "" },
		{ 6, "failed", "kavenegar_state_6" },
		{ 10, "delivered", "" },
		{ 11, "failed", "kavenegar_state_11" },
		{ 13, "failed", "kavenegar_state_13" },
		{ 14, "failed", "kavenegar_state_14" },
	};

	*reason = "";
	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (row[i].status == status) {
			*reason = row[i].reason;
			return row[i].state;
		}
	return NULL;
}

static const struct setting settings[] = {
	{ "api_key", CONF_KAVENEGAR_KEY, SETTING_SECRET },
	{ "url", CONF_KAVENEGAR_URL, SETTING_SHARED },
	{ "template", CONF_KAVENEGAR_TEMPLATE, SETTING_SHARED },
	{ "sender", CONF_KAVENEGAR_SENDER, SETTING_PLAIN },
	{ NULL, CONF_KEYS, SETTING_PLAIN }
};

const struct provider provider_kavenegar = {
	.name = "kavenegar",
	.channel = "sms",
	.concurrency = 4,
	.per_s = 10,
	.settings = settings,
	.configured = configured,
	.build = build,
	.judge = judge,
	.receipts = &kavenegar_receipts,
};
