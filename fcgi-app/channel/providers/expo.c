/*
 * expo.c - Expo's push service (PROVIDERS.md section 3): up to 100 messages a
 * request.
 *
 * A ticket carries no name of the message it is for: the service gives them in
 * the order of the request, so position is the one link there is.  It holds
 * only while the count is right and every token that a ticket does name is the
 * one at its place; else what the tickets say is nobody's.  From the ticket on
 * (receipts) all goes by its id.  Codes, links and passwords never travel this
 * way (S74): the service and the phone's system read every word.
 */
#include "channel/providers/expo.h"

#include "channel/providers/expo_own.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/gzip.h"
#include "base/text.h"

#define PAYLOAD_MAX	4096		/* of APNs and FCM, all together */
#define PART_MAX	((size_t)256 * 1024)
#define BODY_MAX	((size_t)2 * 1024 * 1024)
#define ZIP_FROM	1024		/* as the official client does */
#define TTL_MAX_S	2419200		/* the most FCM keeps */

/* --- tokens -------------------------------------------------------------- */

static bool
in_brackets(const char *s)
{
	size_t n = strlen(s);

	if (n < 2 || n > 101 || s[n - 1] != ']')
		return false;
	for (size_t i = 0; i < n - 1; i++)
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '[' || s[i] == ']')
			return false;
	return true;
}

/* "[a-z\d]", not hexadecimal: as the official client has it. */
static bool
like_uuid(const char *s)
{
	if (strlen(s) != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = (char)(s[i] | 0x20);

		if (dash ? s[i] != '-' : !((c >= 'a' && c <= 'z') ||
		    (s[i] >= '0' && s[i] <= '9')))
			return false;
	}
	return true;
}

bool
expo_token_valid(const char *s)
{
	if (text_starts(s, "ExponentPushToken["))
		return in_brackets(s + strlen("ExponentPushToken["));
	if (text_starts(s, "ExpoPushToken["))
		return in_brackets(s + strlen("ExpoPushToken["));
	return like_uuid(s);
}

const char *
expo_token_shown(struct arena *a, const char *token)
{
	size_t head = strcspn(token, "[");

	if (!expo_token_valid(token))
		return "";
	if (token[head] != '[')
		return arena_printf(a, "%.4s...", token);
	return arena_printf(a, "%.*s[%.*s...]", (int)head, token,
	    (int)strcspn(token + head + 1, "]") > 8 ? 4 : 1,
	    token + head + 1);
}

/* --- a message's part ---------------------------------------------------- */

static int
configured(const struct account *acc, struct err *e)
{
	const char *token = account_str(acc, CONF_EXPO_TOKEN);

	if (*account_str(acc, CONF_EXPO_URL) == '\0')
		return err_set(e, ERR_CONFIG, "not_configured",
		    "GATEPOST_EXPO_URL is empty");
	if (strcspn(token, " \t\r\n") != strlen(token))
		return err_set(e, ERR_CONFIG, "not_configured",
		    "EXPO_ACCESS_TOKEN has blanks");
	return 0;
}

/* As it stands in the content; else what API.md says. */
static void
write_raw(struct arena *a, struct jw *w, const struct message *m,
    const char *name, const char *as, const char *otherwise)
{
	const struct json *v = json_get(m->content, name);

	if (v != NULL)
		jw_raw(w, as, json_text(a, v));
	else if (json_has(m->content, name))
		jw_null(w, as);
	else if (otherwise != NULL)
		jw_raw(w, as, otherwise);
}

static const char *
priority_of(const struct message *m)
{
	static const char *const words[] = { "default", "normal", "high" };
	const char *asked = json_str(json_get(m->content, "priority"));

	for (size_t i = 0; asked != NULL && i < COUNT_OF(words); i++)
		if (strcmp(asked, words[i]) == 0)
			return words[i];
	return "high";
}

/* Never longer than the message lives here: Apple's default is not to keep
 * it at all, Google's four weeks. */
static int64_t
ttl_of(const struct message *m)
{
	int64_t left = (m->expires_us - m->now_us) / US_PER_S, ttl = left;

	(void)!json_int(json_get(m->content, "ttl"), &ttl);
	if (ttl > left)
		ttl = left;
	return ttl < 0 ? 0 : ttl > TTL_MAX_S ? TTL_MAX_S : ttl;
}

static void
write_shown(struct arena *a, struct jw *w, const struct message *m)
{
	const char *title = json_str(json_get(m->content, "title"));
	const char *channel = json_str(json_get(m->content, "channel_id"));

	if (title == NULL)
		title = m->title;
	if (title != NULL && *title != '\0')
		jw_str(w, "title", title);
	write_raw(a, w, m, "body", "body", NULL);
	if (json_get(m->content, "data") != NULL)
		write_raw(a, w, m, "data", "data", NULL);
	write_raw(a, w, m, "sound", "sound", "\"default\"");
	write_raw(a, w, m, "badge", "badge", "1");
	jw_str(w, "priority", priority_of(m));
	if (channel != NULL && *channel != '\0')
		jw_str(w, "channelId", channel);
	jw_i64(w, "ttl", ttl_of(m));
}

static int
check(const struct message *m, struct err *e)
{
	const struct json *data = json_get(m->content, "data");

	if (m->secret != NULL || message_is_code(m))
		return err_set(e, ERR_INPUT, "never_by_expo",
		    "a code, a link or a password");
	/* One malformed token would have the whole request refused. */
	if (!expo_token_valid(m->to))
		return err_set(e, ERR_INPUT, "bad_push_token",
		    "not of Expo's form");
	if (data != NULL && json_type(data) != JSON_OBJECT)
		return err_set(e, ERR_INPUT, "bad_data",
		    "data is no object");
	return 0;
}

static int
build(const struct message *m, struct arena *a, struct out_request *out,
    struct err *e)
{
	size_t to_len;
	struct buf b;
	struct jw w;

	if (check(m, e) < 0)
		return -1;
	buf_init(&b, PART_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "to", m->to);
	to_len = b.len;
	write_shown(a, &w, m);
	jw_end(&w);
	/* Sent all the same, it may come back as "not registered" and cost
	 * the device (3.5). */
	if (b.over || b.len - to_len > PAYLOAD_MAX) {
		err_set(e, ERR_INPUT, "payload_too_large", "%zu bytes of %d",
		    b.len - to_len, PAYLOAD_MAX);
		buf_fini(&b);
		return -1;
	}
	out->kind = SEND_HTTP;
	out->log_url = account_str(m->account, CONF_EXPO_URL);
	out->body = arena_memdup(a, b.p, b.len);
	out->body_len = b.len;
	out->repeat_ok = false;
	buf_fini(&b);
	return 0;
}

/* --- the request ---------------------------------------------------------- */

int
expo_request(const struct account *acc, struct arena *a, const char *path,
    const struct buf *body, struct out_request *out, struct err *e)
{
	const char *base = arena_strdup(a, account_str(acc, CONF_EXPO_URL));
	const char *token = account_str(acc, CONF_EXPO_TOKEN);
	const void *zipped = NULL;
	size_t h = 0, n = 0;

	if (body->over)
		return err_set(e, ERR_INTERNAL, "expo_body", "too long");
	if (body->len > ZIP_FROM)
		zipped = gzip_text(a, body->p, body->len, &n);
	out->kind = SEND_HTTP;
	out->url = arena_printf(a, "%s/--/api/v2/push/%s", base, path);
	out->log_url = base;
	out->method = "POST";
	out->zip = true;
	out->header[h++] = "Accept: application/json";
	out->header[h++] = "Content-Type: application/json";
	if (zipped != NULL)
		out->header[h++] = "Content-Encoding: gzip";
	if (*token != '\0')
		out->header[h++] = arena_printf(a, "Authorization: Bearer %s",
		    token);
	out->body = zipped != NULL ? zipped : arena_memdup(a, body->p,
	    body->len);
	out->body_len = zipped != NULL ? n : body->len;
	return 0;
}

static int
join(const struct account *acc, const struct out_request *const *part,
    size_t n, struct arena *a, struct out_request *out, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, BODY_MAX);
	buf_char(&b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_char(&b, ',');
		buf_add(&b, part[i]->body, part[i]->body_len);
	}
	buf_char(&b, ']');
	rc = expo_request(acc, a, "send", &b, out, e);
	buf_fini(&b);
	return rc;
}

static const struct setting settings[] = {
	{ "url", CONF_EXPO_URL, SETTING_SHARED },
	{ "access_token", CONF_EXPO_TOKEN, SETTING_SECRET },
	{ "project", CONF_EXPO_PROJECT, SETTING_PLAIN },
	{ NULL, CONF_KEYS, SETTING_PLAIN }
};

const struct provider provider_expo = {
	.name = "expo",
	.channel = "expo",
	.concurrency = 6,		/* as the official client */
	.per_s = 600,			/* messages a project */
	.settings = settings,
	.configured = configured,
	.build = build,
	.judge = expo_judge,
	.many_max = EXPO_MANY_MAX,
	.join = join,
	.judge_many = expo_judge_many,
	.receipts = &expo_receipts,
};
