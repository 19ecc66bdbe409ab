/*
 * whatsapp.c - WhatsApp by Meta's Cloud API (PROVIDERS.md section 4).
 *
 * What is sent, by notification.content:
 *   {"whatsapp": {"template": "order_update", "language": "en_US",
 *     "parameters": ["Ann", "#1001"] or {"name": "Ann"}}}    any time
 *   {"body": "…"}, {"template": "taken"} (a text of ours)    in the 24 hours
 *      after the recipient wrote to us; later 131047
 * and codes by the authentication template that the settings name.
 *
 * The bearer token and its proof are secret: the URL is not logged.
 */
#include "channel/providers/providers.h"
#include "channel/providers/whatsapp.h"

#include "base/buf.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"

#define BODY_MAX	((size_t)64 * 1024)
#define CODE_MAX	15		/* characters of a code */
/* Between our turn and their clock a message is under way. */
#define PAIR_SLACK_S	1

/* --- settings ---------------------------------------------------------------- */

/* "/v25.0" at the front of s: its length, else 0. */
static size_t
version_at(const char *s)
{
	size_t n = 2, digits;

	if (s[0] != '/' || s[1] != 'v')
		return 0;
	digits = strspn(s + n, "0123456789");
	if (digits == 0 || digits > 3 || s[n + digits] != '.')
		return 0;
	n += digits + 1;
	digits = strspn(s + n, "0123456789");
	if (digits == 0 || digits > 3)
		return 0;
	n += digits;
	return s[n] == '\0' || s[n] == '/' ? n : 0;
}

/* The base and its version, whatever else an old setting has behind it. */
static const char *
graph(const struct account *acc, struct arena *a)
{
	const char *url = account_str(acc, CONF_WHATSAPP_URL), *path;
	size_t n = strlen(url);

	for (path = strstr(url, "/v"); path != NULL;
	    path = strstr(path + 1, "/v"))
		if (version_at(path) > 0)
			return arena_strndup(a, url, (size_t)(path - url) +
			    version_at(path));
	while (n > 0 && url[n - 1] == '/')
		n--;
	return arena_printf(a, "%.*s/%s", (int)n, url,
	    account_str(acc, CONF_WHATSAPP_VERSION));
}

static int
configured(const struct account *acc, struct err *e)
{
	const char *id = account_str(acc, CONF_WHATSAPP_NUMBER);
	const char *token = account_str(acc, CONF_WHATSAPP_TOKEN);
	char version[16];

	if (*id == '\0' || strspn(id, "0123456789") != strlen(id))
		return err_set(e, ERR_CONFIG, "not_configured",
		    "WHATSAPP_PHONE_NUMBER_ID is not set, or no number");
	if (*token == '\0' || strcspn(token, " \t\r\n") != strlen(token))
		return err_set(e, ERR_CONFIG, "not_configured",
		    "WHATSAPP_ACCESS_TOKEN is not set, or has blanks");
	snprintf(version, sizeof(version), "/%s",
	    account_str(acc, CONF_WHATSAPP_VERSION));
	if (version_at(version) != strlen(version))
		return err_set(e, ERR_CONFIG, "not_configured",
		    "GATEPOST_WHATSAPP_VERSION is not like v25.0");
	return 0;
}

/* --- the request ----------------------------------------------------------------- */

static int
refuse(struct err *e, const char *code)
{
	return err_set(e, ERR_INPUT, code, "whatsapp");
}

static void
text_parameter(struct jw *w, const char *name, const char *text)
{
	jw_object(w, NULL);
	jw_str(w, "type", "text");
	if (name != NULL)
		jw_str(w, "parameter_name", name);
	jw_str(w, "text", text);
	jw_end(w);
}

static void
begin_component(struct jw *w, const char *type)
{
	jw_object(w, NULL);
	jw_str(w, "type", type);
}

static void
begin_template(struct jw *w, const char *name, const char *language)
{
	jw_str(w, "type", "template");
	jw_object(w, "template");
	jw_str(w, "name", name);
	jw_object(w, "language");
	jw_str(w, "code", language);
	jw_end(w);
}

/* The code goes twice: into the body and behind the button. */
static int
write_code(struct arena *a, struct jw *w, const struct message *m,
    struct err *e)
{
	const char *code = m->secret == NULL ? NULL :
	    json_str(json_get(m->secret, "code"));
	const char *name = account_str(m->account,
	    CONF_WHATSAPP_CODE_TEMPLATE);

	if (*name == '\0')
		return refuse(e, "no_code_template");
	if (code == NULL || *code == '\0' || strlen(code) > CODE_MAX ||
	    !whatsapp_parameter_ok(code))
		return refuse(e, "bad_code");
	begin_template(w, name, whatsapp_language(a, account_str(m->account,
	    CONF_WHATSAPP_CODE_LANGUAGES), m->locale));
	jw_array(w, "components");
	begin_component(w, "body");
	jw_array(w, "parameters");
	text_parameter(w, NULL, code);
	jw_end(w);
	jw_end(w);
	begin_component(w, "button");
	jw_str(w, "sub_type", "url");
	jw_str(w, "index", "0");
	jw_array(w, "parameters");
	text_parameter(w, NULL, code);
	jw_end(w);
	jw_end(w);
	jw_end(w);
	jw_end(w);
	return 0;
}

static int
write_parameters(struct jw *w, const struct json *p, struct err *e)
{
	size_t n = json_len(p);

	if (n == 0)
		return 0;
	if (n > WHATSAPP_PARAMETERS_MAX)
		return refuse(e, "bad_parameters");
	jw_array(w, "components");
	begin_component(w, "body");
	jw_array(w, "parameters");
	for (size_t i = 0; i < n; i++) {
		const char *name = NULL;
		const char *text = json_str(json_type(p) == JSON_ARRAY ?
		    json_at(p, i) : json_member(p, i, &name));

		if (text == NULL || !whatsapp_parameter_ok(text) ||
		    (name != NULL && !whatsapp_template_ok(name)))
			return refuse(e, "bad_parameters");
		text_parameter(w, name, text);
	}
	jw_end(w);
	jw_end(w);
	jw_end(w);
	return 0;
}

static int
write_template(struct jw *w, const struct json *t, struct err *e)
{
	const char *name = json_str(json_get(t, "template"));
	const char *language = json_str(json_get(t, "language"));

	if (name == NULL || !whatsapp_template_ok(name) || language == NULL ||
	    !whatsapp_language_ok(language))
		return refuse(e, "bad_template");
	begin_template(w, name, language);
	if (write_parameters(w, json_get(t, "parameters"), e) < 0)
		return -1;
	jw_end(w);
	return 0;
}

static int
write_text(struct arena *a, struct jw *w, const struct message *m,
    struct err *e)
{
	const char *text = json_str(json_get(m->content, "body"));
	struct rendered r;

	if (json_str(json_get(m->content, "template")) != NULL) {
		if (channel_render(a, m, "sms", &r, e) < 0)
			return -1;
		text = r.text;
	} else if (text != NULL && m->title != NULL && *m->title != '\0') {
		text = arena_printf(a, "%s\n%s", m->title, text);
	}
	if (text == NULL || *text == '\0')
		return refuse(e, "no_text");
	if (utf8_count(text) > WHATSAPP_TEXT_MAX)
		return refuse(e, "text_too_long");
	jw_str(w, "type", "text");
	jw_object(w, "text");
	jw_bool(w, "preview_url", false);
	jw_str(w, "body", text);
	jw_end(w);
	return 0;
}

static int
write_message(struct arena *a, struct jw *w, const struct message *m,
    struct err *e)
{
	const struct json *t = json_get(m->content, "whatsapp");

	return message_is_code(m) ? write_code(a, w, m, e) :
	    t != NULL ? write_template(w, t, e) : write_text(a, w, m, e);
}

/* "?appsecret_proof=…" where the app's secret is known: an app may be set to
 * ask for it, and a right one is never refused. */
static const char *
proof(const struct account *acc, struct arena *a)
{
	const char *secret = account_str(acc, CONF_WHATSAPP_SECRET);
	const char *token = account_str(acc, CONF_WHATSAPP_TOKEN);
	char hex[65];
	uint8_t mac[32];

	if (*secret == '\0')
		return "";
	hmac_sha256(mac, secret, strlen(secret), token, strlen(token));
	hex_encode(hex, mac, sizeof(mac));
	return arena_printf(a, "?appsecret_proof=%s", hex);
}

static int
build(const struct message *m, struct arena *a, struct out_request *out,
    struct err *e)
{
	const char *digits = *m->to == '+' ? m->to + 1 : "";
	const struct account *acc = m->account;
	char name[CALLBACK_NAME];
	struct buf b;
	struct jw w;
	int rc = -1;

	if (strlen(digits) < 7 || strlen(digits) > 15 ||
	    strspn(digits, "0123456789") != strlen(digits))
		return refuse(e, "bad_number");
	callback_name(name, m->notification_id, m->seq);
	buf_init(&b, BODY_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "messaging_product", "whatsapp");
	jw_str(&w, "recipient_type", "individual");
	jw_str(&w, "to", m->to);
	if (write_message(a, &w, m, e) < 0)
		goto out;
	jw_str(&w, "biz_opaque_callback_data", name);
	jw_end(&w);
	if (b.over) {
		refuse(e, "text_too_long");
		goto out;
	}
	out->kind = SEND_HTTP;
	out->url = arena_printf(a, "%s/%s/messages%s", graph(acc, a),
	    account_str(acc, CONF_WHATSAPP_NUMBER), proof(acc, a));
	out->log_url = account_str(acc, CONF_WHATSAPP_URL);
	out->method = "POST";
	out->header[0] = arena_printf(a, "Authorization: Bearer %s",
	    account_str(acc, CONF_WHATSAPP_TOKEN));
	out->header[1] = "Content-Type: application/json";
	out->header[2] = "Accept: application/json";
	out->body = arena_memdup(a, b.p, b.len);
	out->body_len = b.len;
	rc = 0;
out:
	buf_fini(&b);
	return rc;
}

static const struct setting settings[] = {
	{ "url", CONF_WHATSAPP_URL, SETTING_SHARED },
	{ "version", CONF_WHATSAPP_VERSION, SETTING_SHARED },
	{ "phone_number_id", CONF_WHATSAPP_NUMBER, SETTING_PLAIN },
	{ "access_token", CONF_WHATSAPP_TOKEN, SETTING_SECRET },
	{ "app_secret", CONF_WHATSAPP_SECRET, SETTING_SECRET },
	{ "code_template", CONF_WHATSAPP_CODE_TEMPLATE, SETTING_SHARED },
	{ "code_languages", CONF_WHATSAPP_CODE_LANGUAGES, SETTING_SHARED },
	{ NULL, CONF_KEYS, SETTING_PLAIN }
};

/* Free text goes to nobody who has not written lately. */
static const char *
trial(struct arena *a)
{
	const char *text;
	struct buf b;
	struct jw w;

	buf_init(&b, 2048);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "body", "");
	jw_object(&w, "whatsapp");
	jw_str(&w, "template", conf_str(CONF_WHATSAPP_TEMPLATE));
	jw_str(&w, "language", conf_str(CONF_WHATSAPP_LANGUAGE));
	jw_end(&w);
	jw_end(&w);
	text = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return text;
}

const struct provider provider_whatsapp = {
	.name = "whatsapp",
	.channel = "whatsapp",
	.trial = trial,
	.concurrency = 32,
	.per_s = 80,
	.pair_s = WHATSAPP_PAIR_S + PAIR_SLACK_S,
	.settings = settings,
	.configured = configured,
	.build = build,
	.judge = whatsapp_judge,
};
