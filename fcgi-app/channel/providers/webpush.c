/*
 * webpush.c - Web Push (RFC 8030, 8188, 8291, 8292; PROVIDERS.md section 2).
 *
 * An endpoint is a secret that a user gave us: the whole URL is never logged
 * and every connection passes the egress rules (H4).
 */
#include "channel/part.h"
#include "channel/providers/providers.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "channel/providers/vapid.h"
#include "channel/providers/webpush.h"
#include "channel/providers/webpush_crypt.h"

#define TTL_MAX_S	(28 * 24 * 60 * 60)	/* the smallest bridge's cap */
#define TTL_DEFAULT_S	(24 * 60 * 60)
#define TOPIC_LEN	32
#define DEVICE_WAIT_S	10	/* a device that is sent too much */

static struct vapid *signer;

/* The contact that push services may write to; what we mail from, else. */
static void
subject_of(char *out, size_t cap)
{
	const char *set = conf_str(CONF_VAPID_SUBJECT);
	const char *from = conf_str(CONF_SMTP_FROM), *open = strchr(from, '<');

	if (*set != '\0')
		snprintf(out, cap, "%s", set);
	else if (open != NULL)
		snprintf(out, cap, "mailto:%.*s", (int)strcspn(open + 1, ">"),
		    open + 1);
	else
		snprintf(out, cap, "mailto:%s", from);
}

int
webpush_setup(const struct keyring *k, struct err *e)
{
	struct p256_key *own = NULL;
	struct vapid *fresh;
	char subject[300];

	if (*conf_str(CONF_VAPID_PRIVATE) != '\0' &&
	    (own = vapid_key_parse(conf_str(CONF_VAPID_PRIVATE),
	    conf_str(CONF_VAPID_PUBLIC), e)) == NULL)
		return -1;
	if (own == NULL && k->vapid == NULL)
		return err_set(e, ERR_CONFIG, "not_configured",
		    "vapid.pem is not in the key directory");
	subject_of(subject, sizeof(subject));
	fresh = vapid_new(own != NULL ? own : k->vapid, subject, e);
	p256_free(own);
	if (fresh == NULL)
		return -1;
	vapid_free(signer);
	signer = fresh;
	return 0;
}

const char *
webpush_public_key(void)
{
	return signer == NULL ? NULL : vapid_public(signer);
}

static int
configured(const struct account *acc, struct err *e)
{
	(void)acc;
	return signer != NULL ? 0 : err_set(e, ERR_CONFIG, "not_configured",
	    "there is no VAPID key or subject (VAPID_SUBJECT)");
}

static const char *
member(const struct json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	return s == NULL ? "" : s;
}

static const char *
words(const struct message *m, const char *name)
{
	const char *s = part_text(m->content, m->locale, "web_push", name);

	return s == NULL ? "" : s;
}

/* What the service worker gets (API.md).  A url in `data` only is the
 * message's: a click has to go somewhere. */
static void
write_payload(struct arena *a, struct buf *b, const struct message *m,
    bool icon)
{
	const struct json *content = m->content;
	const struct json *data = json_get(content, "data");
	const char *url = words(m, "url"), *title = words(m, "title");
	bool interaction = true;
	const char *name;
	struct jw w;

	(void)!json_bool(json_get(content, "require_interaction"),
	    &interaction);
	if (*url == '\0')
		url = member(data, "url");
	if (*title == '\0' && m->title != NULL)
		title = m->title;
	jw_init(&w, b);
	jw_object(&w, NULL);
	jw_str(&w, "title", title);
	jw_str(&w, "head", title);
	jw_str(&w, "body", words(m, "body"));
	jw_str(&w, "url", url);
	if (icon)
		jw_str(&w, "icon", member(content, "icon"));
	jw_bool(&w, "requireInteraction", interaction);
	jw_object(&w, "data");
	jw_str(&w, "url", url);
	for (size_t i = 0; json_type(data) == JSON_OBJECT &&
	    i < json_len(data); i++) {
		const struct json *v = json_member(data, i, &name);

		if (strcmp(name, "url") != 0)
			jw_raw(&w, name, json_text(a, v));
	}
	jw_end(&w);
	jw_end(&w);
}

/* The payload; the icon is dropped when it does not fit (API.md). */
static int
payload(struct arena *a, struct buf *b, const struct message *m,
    struct err *e)
{
	bool icon = *member(m->content, "icon") != '\0';

	write_payload(a, b, m, icon);
	if (icon && (b->over || b->len > WEBPUSH_PLAIN_MAX)) {
		buf_reset(b);
		write_payload(a, b, m, false);
	}
	if (b->over || b->len > WEBPUSH_PLAIN_MAX)
		return err_set(e, ERR_INPUT, "payload_too_large",
		    "%zu bytes of %d", b->len, WEBPUSH_PLAIN_MAX);
	return 0;
}

static int64_t
ttl_of(const struct message *m)
{
	int64_t ttl = TTL_DEFAULT_S;
	int64_t left = (m->expires_us - m->now_us) / US_PER_S;

	(void)!json_int(json_get(m->content, "ttl"), &ttl);
	if (ttl > left)
		ttl = left;
	return ttl < 0 ? 0 : ttl > TTL_MAX_S ? TTL_MAX_S : ttl;
}

static const char *
urgency_of(const struct message *m)
{
	static const char *const words[] = { "very-low", "low", "normal",
		"high" };
	const char *asked = member(m->content, "urgency");

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(asked, words[i]) == 0)
			return words[i];
	return "normal";
}

/*
 * A topic replaces an undelivered message.  Services differ in what they take
 * (Apple decodes it), so what goes out is 32 characters of a hash.
 */
static const char *
topic_of(struct arena *a, const struct message *m)
{
	const char *asked = member(m->content, "topic");
	char text[B64_SIZE(32)];
	uint8_t hash[32];

	if (*asked == '\0')
		return NULL;
	sha256(hash, asked, strlen(asked));
	b64url_encode(text, sizeof(text), hash, sizeof(hash));
	return arena_strndup(a, text, TOPIC_LEN);
}

/* Rows written before a rule was may hold what it now refuses. */
static bool
url_clean(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	return true;
}

static int
build(const struct message *m, struct arena *a, struct out_request *out,
    struct err *e)
{
	const char *topic = topic_of(a, m);
	char origin[VAPID_ORIGIN_MAX];
	struct buf plain;
	size_t h = 0;
	int rc = -1;

	if (m->p256dh == NULL || m->auth == NULL)
		return err_set(e, ERR_INPUT, "no_keys",
		    "the device has no keys");
	if (configured(m->account, e) < 0)
		return -1;
	if (!url_clean(m->to))
		return err_set(e, ERR_INPUT, "bad_endpoint",
		    "the endpoint is no URL");
	if (vapid_origin(origin, m->to, e) < 0)
		return -1;
	out->log_url = arena_strdup(a, origin);
	buf_init(&plain, (size_t)64 * 1024);
	if (payload(a, &plain, m, e) < 0)
		goto out;
	out->kind = SEND_HTTP;
	out->url = m->to;
	out->method = "POST";
	out->user_url = true;
	out->body = arena_strndup(a, plain.p, plain.len);
	out->body_len = plain.len;
	out->header[h++] = "Content-Type: application/octet-stream";
	out->header[h++] = "Content-Encoding: aes128gcm";
	out->header[h++] = arena_printf(a, "Authorization: %s",
	    vapid_authorization(signer, origin, m->now_us));
	out->header[h++] = arena_printf(a, "TTL: %" PRId64, ttl_of(m));
	/* Windows takes the TTL only with the policy it implies (2.4). */
	if (text_ends(origin, ".notify.windows.com"))
		out->header[h++] = ttl_of(m) > 0 ? "X-WNS-Cache-Policy: cache" :
		    "X-WNS-Cache-Policy: no-cache";
	out->header[h++] = arena_printf(a, "Urgency: %s", urgency_of(m));
	if (topic != NULL)
		out->header[h++] = arena_printf(a, "Topic: %s", topic);
	/* With a topic a repeat replaces the first; without, it would show
	 * twice (D26). */
	out->repeat_ok = topic != NULL;
	rc = 0;
out:
	buf_fini(&plain);
	return rc;
}

/* Four fifths of the work of a push. */
static int
seal_body(const struct message *m, struct arena *a, struct out_request *out,
    struct err *e)
{
	uint8_t *body = arena_alloc(a, WEBPUSH_BODY_MAX);
	struct webpush_to to;
	size_t n = 0;

	memcpy(to.p256dh, m->p256dh, sizeof(to.p256dh));
	memcpy(to.auth, m->auth, sizeof(to.auth));
	if (webpush_encrypt(body, &n, &to, out->body, out->body_len, e) < 0)
		return -1;
	out->body = body;
	out->body_len = n;
	return 0;
}

/* Words of an error body that make a refusal final for this subscription. */
static const char *const key_mismatch[] = {
	"VapidPkHashMismatch",
	"do not correspond to the credentials used to create",
	"does not correspond to the sender ID used to subscribe",
};
static const char *const auth_trouble[] = {
	"UnauthorizedRegistration", "invalid JWT", "BadJwtToken",
	"BadVapidPublicKey", "\"errno\":109", "\"errno\": 109",
};

static bool
says(const char *body, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (body != NULL && strstr(body, words[i]) != NULL)
			return true;
	return false;
}

/* Of one device (Apple's word, and a channel of Windows): it waits, and with
 * its service nobody else does. */
static void
throttled(const struct in_answer *in, struct verdict *v, const char *code)
{
	static const char *const of_device[] = { "TooManyRequests" };

	if (says(in->body, of_device, COUNT_OF(of_device)) ||
	    (in->header_reason != NULL && strcmp(in->header_reason,
	    "channelthrottled") == 0)) {
		verdict_set(v, OUTCOME_RETRY, "%s", code);
		v->refused = true;
		if (v->wait_s < DEVICE_WAIT_S)
			v->wait_s = DEVICE_WAIT_S;
	} else {
		verdict_set(v, OUTCOME_SLOW, "%s", code);
	}
}

/*
 * Accepted, unless Windows says otherwise beside its 200 (2.4).  The address
 * of the message resource is kept whole or not at all.
 */
static void
judge_success(const struct in_answer *in, struct verdict *v)
{
	const char *reason = in->header_reason, *at = in->header_location;

	if (reason != NULL && (strcmp(reason, "channelthrottled") == 0 ||
	    strcmp(reason, "appthrottled") == 0)) {
		throttled(in, v, "push_throttled");
		return;
	}
	if (reason != NULL && strcmp(reason, "dropped") == 0) {
		verdict_set(v, OUTCOME_PERM, "push_dropped");
		return;
	}
	verdict_set(v, OUTCOME_OK, "accepted");
	if (at != NULL && url_clean(at) &&
	    !text_copy(v->provider_id, sizeof(v->provider_id), at))
		v->provider_id[0] = '\0';
}

static void
judge(const struct message *m, const struct out_request *req,
    const struct in_answer *in, struct verdict *v)
{
	const long s = in->status;

	(void)m;
	v->wait_s = in->retry_after_s;
	if (verdict_of_silence(v, in, req->repeat_ok))
		return;
	snprintf(v->log, sizeof(v->log), "\"status\":%ld", s);
	if (s == 200 || s == 201 || s == 202 || s == 204) {
		judge_success(in, v);
	} else if (s == 404 || s == 410) {
		verdict_set(v, OUTCOME_DROP, "gone");
	} else if ((s == 400 || s == 401 || s == 403) && says(in->body,
	    key_mismatch, COUNT_OF(key_mismatch))) {
		verdict_set(v, OUTCOME_DROP, "vapid_key_mismatch");
	} else if (s == 401 || s == 403 || (s == 400 && says(in->body,
	    auth_trouble, COUNT_OF(auth_trouble)))) {
		verdict_set(v, OUTCOME_CONFIG, "vapid_refused_%ld", s);
	} else if (s == 406 || s == 429) {
		throttled(in, v, s == 406 ? "push_406" : "push_429");
	} else if (s == 413) {
		verdict_set(v, OUTCOME_PERM, "payload_too_large");
	} else if (s >= 500 || s == 408) {
		verdict_set(v, OUTCOME_RETRY, "push_%ld", s);
	} else {
		verdict_set(v, OUTCOME_PERM, "push_%ld", s);
	}
}

const struct provider provider_webpush = {
	.name = "webpush",
	.channel = "web_push",
	.concurrency = 96,
	.per_s = 0,
	.configured = configured,
	.build = build,
	.seal = seal_body,
	.judge = judge,
};
