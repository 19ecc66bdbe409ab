/*
 * facebook.c - the dialog, the Graph, and signed requests.
 */
#include "auth/facebook.h"

#include "auth/outward.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/mail.h"
#include "base/text.h"

#define ID_MAX		64
#define SIGNED_MAX	4096

static const char *
text_of(const struct json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	return s != NULL && *s != '\0' ? s : NULL;
}

const char *
facebook_start(struct arena *a, const struct social_provider *p,
    const char *redirect_uri, const struct social_visit *v)
{
	const char *const pair[][2] = {
		{ "client_id", p->client_id },
		{ "redirect_uri", redirect_uri }, { "state", v->state },
		{ "response_type", "code" }, { "scope", p->scopes },
		{ "code_challenge", v->challenge },
		{ "code_challenge_method", "S256" }, { NULL, NULL },
	};

	return arena_printf(a, "%s/%s/dialog/oauth?%s",
	    conf_str(CONF_FACEBOOK_URL), conf_str(CONF_FACEBOOK_VERSION),
	    form_text(a, pair));
}

static int
misconfigured(int64_t code, long status, struct err *e)
{
	err_set(e, ERR_UNAVAILABLE, "provider_misconfigured",
	    "facebook: %ld, code %" PRId64, status, code);
	e->retry_after_s = 60;
	return -1;
}

/* PROVIDERS 5.2, 5.3: what a Graph error means for a sign-in. */
static int
graph_error(const struct json *doc, long status, struct err *e)
{
	const struct json *why = json_get(doc, "error");
	int64_t code = 0, sub = 0;

	(void)!json_int(json_get(why, "code"), &code);
	(void)!json_int(json_get(why, "error_subcode"), &sub);
	switch (code) {
	case 1: case 101:
		return misconfigured(code, status, e);
	case 2: case 4: case 17: case 341:
		err_set(e, ERR_UNAVAILABLE, "provider_unavailable",
		    "facebook: code %" PRId64, code);
		e->retry_after_s = 5;
		return -1;
	case 102: case 190:
		return err_set(e, ERR_AUTH, "invalid_access_token",
		    "facebook: subcode %" PRId64, sub);
	case 100:
		if (sub == 36008)
			return misconfigured(code, status, e);
		return err_set(e, ERR_INPUT, "invalid_grant",
		    "facebook: subcode %" PRId64, sub);
	}
	return misconfigured(code, status, e);
}

int
facebook_exchange(struct arena *a, const struct social_provider *p,
    const char *redirect_uri, const char *code, const char *verifier,
    const char **token, struct err *e)
{
	const char *const pair[][2] = {
		{ "client_id", p->client_id },
		{ "redirect_uri", redirect_uri },
		{ "client_secret", p->client_secret }, { "code", code },
		{ "code_verifier", verifier }, { NULL, NULL },
	};
	const struct outward o = { .url = arena_printf(a,
	    "%s/%s/oauth/access_token", conf_str(CONF_FACEBOOK_GRAPH),
	    conf_str(CONF_FACEBOOK_VERSION)), .form = form_text(a, pair) };
	struct json *doc = NULL;
	const char *got;
	long status;
	int rc = -1;

	if (outward_ask(a, &o, &status, &doc, NULL, e) < 0)
		return -1;
	got = doc == NULL ? NULL : text_of(doc, "access_token");
	if (status != 200 || got == NULL) {
		graph_error(doc, status, e);
	} else {
		*token = arena_strdup(a, got);
		rc = 0;
	}
	json_free(doc);
	return rc;
}

int
facebook_probe(struct arena *a, const struct social_provider *p,
    const char *redirect_uri, struct err *e)
{
	const char *token;
	int rc = facebook_exchange(a, p, redirect_uri, "gatepost-probe", NULL,
	    &token, e);

	if (rc < 0 && strcmp(e->code, "invalid_grant") == 0) {
		err_clear(e);
		return 0;
	}
	return rc;
}

static int
bad_token(struct err *e, const char *why)
{
	return err_set(e, ERR_AUTH, "invalid_access_token", "%s", why);
}

/* Tokens of any app work on /me: this one must be ours. */
static int
check_token(struct arena *a, const struct social_provider *p,
    const char *token, const char **user_id, struct err *e)
{
	const char *const pair[][2] = { { "input_token", token },
		{ "access_token", arena_printf(a, "%s|%s", p->client_id,
		    p->client_secret) }, { NULL, NULL } };
	const struct outward o = { .url = arena_printf(a, "%s/debug_token?%s",
	    conf_str(CONF_FACEBOOK_GRAPH), form_text(a, pair)) };
	const struct json *data;
	struct json *doc = NULL;
	const char *app, *user, *type;
	bool valid = false;
	int64_t ends = 0;
	long status;
	int rc = -1;

	if (outward_ask(a, &o, &status, &doc, NULL, e) < 0)
		return -1;
	data = json_get(doc, "data");
	app = text_of(data, "app_id");
	user = text_of(data, "user_id");
	type = text_of(data, "type");
	(void)!json_int(json_get(data, "expires_at"), &ends);
	if (status != 200)
		graph_error(doc, status, e);
	else if (!json_bool(json_get(data, "is_valid"), &valid) || !valid)
		bad_token(e, "not valid");
	else if (app == NULL || strcmp(app, p->client_id) != 0)
		bad_token(e, "of another app");
	else if (type == NULL || strcmp(type, "USER") != 0 || user == NULL)
		bad_token(e, "of no user");
	else if (ends != 0 && ends <= clock_now() / US_PER_S)
		bad_token(e, "expired");
	else {
		*user_id = arena_strdup(a, user);
		rc = 0;
	}
	json_free(doc);
	return rc;
}

static const char *
name_of(struct arena *a, const struct json *doc, const char *name)
{
	const char *s = text_of(doc, name);

	return s == NULL || !text_is_line(s) ? "" : arena_strdup(a, s);
}

static int
read_person(struct arena *a, const struct social_provider *p,
    const struct json *doc, struct social_person *who, struct err *e)
{
	const char *id = text_of(doc, "id"), *email = text_of(doc, "email");

	if (id == NULL || strlen(id) > ID_MAX ||
	    id[strspn(id, "0123456789")] != '\0')
		return bad_token(e, "no id");
	memset(who, 0, sizeof(*who));
	who->issuer = p->issuer;
	who->sub = arena_strdup(a, id);
	who->name = name_of(a, doc, "name");
	who->first_name = name_of(a, doc, "first_name");
	who->last_name = name_of(a, doc, "last_name");
	if (*who->first_name == '\0')
		who->first_name = who->name;
	if (email != NULL && mail_parse(email, NULL, NULL))
		who->email = arena_strdup(a, email);
	return 0;
}

int
facebook_person(struct arena *a, const struct social_provider *p,
    const char *token, bool foreign, struct social_person *who,
    struct err *e)
{
	const char *user = NULL;
	uint8_t mac[32];
	char proof[65];
	struct outward o = { .authorization = arena_printf(a, "Bearer %s",
	    token) };
	struct json *doc = NULL;
	long status;
	int rc;

	if (foreign && check_token(a, p, token, &user, e) < 0)
		return -1;
	hmac_sha256(mac, p->client_secret, strlen(p->client_secret), token,
	    strlen(token));
	hex_encode(proof, mac, sizeof(mac));
	o.url = arena_printf(a, "%s/%s/me?fields=id,name,first_name,"
	    "last_name,email&appsecret_proof=%s",
	    conf_str(CONF_FACEBOOK_GRAPH), conf_str(CONF_FACEBOOK_VERSION),
	    proof);
	if (outward_ask(a, &o, &status, &doc, NULL, e) < 0)
		return -1;
	rc = status == 200 && doc != NULL ? read_person(a, p, doc, who, e) :
	    graph_error(doc, status, e);
	json_free(doc);
	if (rc == 0 && user != NULL && strcmp(user, who->sub) != 0)
		return bad_token(e, "of another person");
	return rc;
}

int
facebook_signed_request(struct arena *a, const char *secret,
    const char *text, const char **user_id, int64_t *issued_at)
{
	const char *dot = strchr(text, '.'), *alg, *user;
	size_t n = dot == NULL ? 0 : (size_t)(dot - text);
	uint8_t mac[32], sig[32], payload[SIGNED_MAX];
	struct err ignored = ERR_INIT;
	struct json *j = NULL;
	ssize_t got;
	int rc = 0;

	if (n > 0 && text[n - 1] == '=')	/* seen in the wild */
		n--;
	if (n == 0 || strlen(text) > SIGNED_MAX || secret[0] == '\0' ||
	    b64url_decode(sig, sizeof(sig), text, n) != sizeof(sig))
		return 0;
	dot++;
	hmac_sha256(mac, secret, strlen(secret), dot, strlen(dot));
	if (!secret_equal(mac, sizeof(mac), sig, sizeof(sig)))
		return 0;
	got = b64_decode_any(payload, sizeof(payload), dot, strlen(dot));
	if (got <= 0 || json_parse((const char *)payload, (size_t)got,
	    JSON_STRICT, 0, &j, &ignored) < 0)
		return 0;
	alg = text_of(j, "algorithm");
	user = text_of(j, "user_id");
	*issued_at = 0;
	(void)!json_int(json_get(j, "issued_at"), issued_at);
	if (alg != NULL && strcmp(alg, "HMAC-SHA256") == 0 && user != NULL) {
		*user_id = arena_strdup(a, user);
		rc = 1;
	}
	json_free(j);
	return rc;
}
