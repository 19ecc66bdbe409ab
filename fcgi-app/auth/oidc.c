/*
 * oidc.c - the code flow from discovery to claims.
 *
 * What must stay true: every URL that is called comes from the document whose
 * issuer is the configured one; every claim that is used comes out of a token
 * that this issuer signed for us, for this visit (nonce), just now.
 */
#include "auth/oidc.h"

#include "auth/oidc_own.h"
#include "auth/outward.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/mail.h"
#include "base/text.h"

#define SKEW_S		60
#define FRESH_S		600		/* an id_token just made */
#define SUB_MAX		255

static int
bad(struct err *e, const char *why)
{
	return err_set(e, ERR_AUTH, "invalid_id_token", "%s", why);
}

static const char *
text_of(const struct json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	return s != NULL && *s != '\0' ? s : NULL;
}

/* --- claims ----------------------------------------------------------------- */

/* Ours, and nobody's beside it (Core §3.1.3.7: others must be trusted, and
 * we trust none). */
static bool
audience_is(const struct json *claims, const char *client_id)
{
	const struct json *aud = json_get(claims, "aud");
	const char *one = json_str(aud);

	if (one != NULL)
		return strcmp(one, client_id) == 0;
	if (json_type(aud) != JSON_ARRAY || json_len(aud) == 0)
		return false;
	for (size_t i = 0; i < json_len(aud); i++) {
		one = json_str(json_at(aud, i));
		if (one == NULL || strcmp(one, client_id) != 0)
			return false;
	}
	return true;
}

static bool
issuer_is(const char *iss, const struct oidc_want *w)
{
	/* Google's older tokens leave the scheme out. */
	return iss != NULL && (strcmp(iss, w->issuer) == 0 || (w->google &&
	    strcmp(iss, "accounts.google.com") == 0));
}

static int
times(const struct json *c, int64_t now_s, struct err *e)
{
	int64_t exp, iat, nbf;

	if (!json_int(json_get(c, "exp"), &exp) || exp <= now_s - SKEW_S)
		return bad(e, "exp");
	if (!json_int(json_get(c, "iat"), &iat) || iat > now_s + SKEW_S ||
	    iat < now_s - FRESH_S)
		return bad(e, "iat");
	if (json_has(c, "nbf") && (!json_int(json_get(c, "nbf"), &nbf) ||
	    nbf > now_s + SKEW_S))
		return bad(e, "nbf");
	return 0;
}

/* Core §2: at most 255 ASCII characters. */
static bool
sub_valid(const char *sub)
{
	if (sub == NULL || strlen(sub) > SUB_MAX)
		return false;
	for (const char *p = sub; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			return false;
	return true;
}

int
oidc_claims(const struct json *c, const struct oidc_want *w, struct err *e)
{
	const char *nonce = text_of(c, "nonce");
	const char *azp = text_of(c, "azp"), *hash = text_of(c, "at_hash");

	if (!issuer_is(text_of(c, "iss"), w))
		return bad(e, "iss");
	if (!audience_is(c, w->client_id))
		return bad(e, "aud");
	if (json_has(c, "azp") && (azp == NULL ||
	    strcmp(azp, w->client_id) != 0))
		return bad(e, "azp");
	if (times(c, w->now_s, e) < 0)
		return -1;
	if (nonce == NULL || !secret_equal(nonce, strlen(nonce), w->nonce,
	    strlen(w->nonce)))
		return bad(e, "nonce");
	if (json_has(c, "at_hash") && w->access_token != NULL &&
	    (hash == NULL || !jwk_at_hash_is((enum jwk_alg)w->alg,
	    w->access_token, hash)))
		return bad(e, "at_hash");
	return sub_valid(text_of(c, "sub")) ? 0 : bad(e, "sub");
}

/* --- start -------------------------------------------------------------------- */

int
oidc_start(struct arena *a, const struct social_provider *p,
    const char *redirect_uri, const struct social_visit *v, const char **url,
    struct err *e)
{
	const char *const pair[][2] = {
		{ "response_type", "code" }, { "client_id", p->client_id },
		{ "redirect_uri", redirect_uri }, { "scope", p->scopes },
		{ "state", v->state }, { "nonce", v->nonce },
		{ "code_challenge", v->challenge },
		{ "code_challenge_method", "S256" }, { NULL, NULL },
	};
	const struct oidc_site *s = oidc_site(p, e);

	if (s == NULL)
		return -1;
	*url = arena_printf(a, "%s%c%s", s->authorize,
	    strchr(s->authorize, '?') == NULL ? '?' : '&',
	    form_text(a, pair));
	return 0;
}

/* --- finish ------------------------------------------------------------------- */

/* RFC 6749 §2.3.1: both are form-encoded before they are joined. */
static const char *
basic(struct arena *a, const struct social_provider *p)
{
	const char *pair = arena_printf(a, "%s:%s", url_encode(a,
	    p->client_id), url_encode(a, p->client_secret));
	size_t size = B64_SIZE(strlen(pair));
	char *b64 = arena_alloc(a, size);

	b64_encode(b64, size, pair, strlen(pair));
	return arena_printf(a, "Basic %s", b64);
}

static int
exchange(struct arena *a, const struct social_provider *p,
    const struct oidc_site *s, const char *redirect_uri,
    const struct social_visit *v, const char *code, struct json **doc,
    struct err *e)
{
	const bool secret = p->client_secret[0] != '\0';
	const char *const pair[][2] = {
		{ "grant_type", "authorization_code" }, { "code", code },
		{ "redirect_uri", redirect_uri },
		{ "code_verifier", v->verifier },
		{ "client_id", secret && s->basic ? NULL : p->client_id },
		{ "client_secret", secret && !s->basic ? p->client_secret :
		    NULL },
		{ NULL, NULL },
	};
	const struct outward o = { .url = s->token,
		.form = form_text(a, pair),
		.authorization = secret && s->basic ? basic(a, p) : NULL };
	const char *word;
	long status;

	if (outward_ask(a, &o, &status, doc, NULL, e) < 0)
		return -1;
	if (status == 200 && *doc != NULL)
		return 0;
	word = *doc == NULL ? NULL : text_of(*doc, "error");
	if (word != NULL && strcmp(word, "invalid_grant") == 0)
		return err_set(e, ERR_INPUT, "invalid_grant",
		    "%s refuses the code", p->name);
	err_set(e, ERR_UNAVAILABLE, "provider_misconfigured",
	    "%s: token endpoint: %ld %.60s", p->name, status,
	    word == NULL ? "" : word);
	e->retry_after_s = 60;
	return -1;
}

/* Signature, with one look for new keys when the token names one that is not
 * known yet. */
static int
prove_token(const struct social_provider *p, const char *token,
    struct json **claims, enum jwk_alg *alg, struct err *e)
{
	for (int round = 0;; round++) {
		const struct jwk_set *keys = oidc_keys(p, round > 0, e);
		bool unknown = false;

		if (keys == NULL)
			return -1;
		if (jwk_verify(keys, token, strlen(token), claims, alg,
		    &unknown, e) == 0)
			return 0;
		if (!unknown || round > 0)
			return -1;
	}
}

/* true, or the text "true" (Apple). */
static bool
is_true(const struct json *c, const char *name)
{
	const char *s = json_str(json_get(c, name));
	bool v = false;

	if (s != NULL)
		return strcmp(s, "true") == 0;
	return json_bool(json_get(c, name), &v) && v;
}

/* Google vouches for an address for good only when it is its own. */
static bool
google_owns(const struct json *c, const char *email)
{
	return text_ends(email, "@gmail.com") || text_of(c, "hd") != NULL;
}

void
oidc_person(struct arena *a, const struct social_provider *p,
    const struct json *c, struct social_person *who)
{
	const char *email = text_of(c, "email");
	const char *names[3] = { text_of(c, "name"), text_of(c, "given_name"),
		text_of(c, "family_name") };

	if (email != NULL && mail_parse(email, NULL, NULL)) {
		who->email = arena_strdup(a, email);
		who->email_verified = is_true(c, "email_verified") &&
		    (!p->google || google_owns(c, email));
	}
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i] == NULL || !text_is_line(names[i]))
			names[i] = "";
	who->name = arena_strdup(a, names[0]);
	who->first_name = arena_strdup(a, *names[1] != '\0' ? names[1] :
	    names[0]);
	who->last_name = arena_strdup(a, names[2]);
}

/* Some tell the address only at userinfo (Core §5.3): of the same sub. */
static int
ask_userinfo(struct arena *a, const struct social_provider *p,
    const struct oidc_site *s, const char *access_token,
    struct social_person *who, struct err *e)
{
	const struct outward o = { .url = s->userinfo,
	    .authorization = arena_printf(a, "Bearer %s", access_token) };
	struct json *doc = NULL;
	const char *sub;
	long status;
	int rc = 0;

	if (outward_ask(a, &o, &status, &doc, NULL, e) < 0)
		return -1;
	sub = doc == NULL ? NULL : text_of(doc, "sub");
	if (status == 200 && doc != NULL) {
		if (sub == NULL || strcmp(sub, who->sub) != 0)
			rc = bad(e, "userinfo: another sub");
		else
			oidc_person(a, p, doc, who);
	}
	json_free(doc);
	return rc;
}

int
oidc_finish(struct arena *a, const struct social_provider *p,
    const char *redirect_uri, const struct social_visit *v,
    const struct oidc_answer *answer, struct social_person *who,
    struct err *e)
{
	const struct oidc_site *s = oidc_site(p, e);
	struct json *doc = NULL, *claims = NULL;
	const char *token, *access;
	enum jwk_alg alg;
	int rc = -1;

	memset(who, 0, sizeof(*who));
	if (s == NULL)
		return -1;
	/* RFC 9207: who answers is who was asked (mix-up). */
	if (answer->iss != NULL ? strcmp(answer->iss, p->issuer) != 0 :
	    s->states_iss)
		return err_set(e, ERR_INPUT, "wrong_issuer", "%s: iss",
		    p->name);
	if (exchange(a, p, s, redirect_uri, v, answer->code, &doc, e) < 0)
		goto out;
	token = text_of(doc, "id_token");
	access = text_of(doc, "access_token");
	if (token == NULL) {
		bad(e, "none came");
		goto out;
	}
	if (prove_token(p, token, &claims, &alg, e) < 0)
		goto out;
	if (oidc_claims(claims, &(struct oidc_want){ .issuer = p->issuer,
	    .client_id = p->client_id, .nonce = v->nonce,
	    .access_token = access, .now_s = clock_now() / US_PER_S,
	    .google = p->google, .alg = (int)alg }, e) < 0)
		goto out;
	who->issuer = p->issuer;
	who->sub = arena_strdup(a, text_of(claims, "sub"));
	oidc_person(a, p, claims, who);
	if (who->email == NULL && s->userinfo != NULL && access != NULL &&
	    strstr(p->scopes, "email") != NULL &&
	    ask_userinfo(a, p, s, access, who, e) < 0)
		goto out;
	rc = 0;
out:
	json_free(claims);
	json_free(doc);
	return rc;
}

/* The refusal of a code that never was is how a good client is answered. */
int
oidc_probe(struct arena *a, const struct social_provider *p,
    const char *redirect_uri, struct err *e)
{
	const struct oidc_site *s = oidc_site(p, e);
	struct social_visit v = { .next = "/" };
	struct json *doc = NULL;
	int rc;

	memset(v.verifier, 'x', sizeof(v.verifier) - 1);
	if (s == NULL || oidc_keys(p, false, e) == NULL)
		return -1;
	rc = exchange(a, p, s, redirect_uri, &v, "gatepost-probe", &doc, e);
	json_free(doc);
	if (rc < 0 && strcmp(e->code, "invalid_grant") == 0) {
		err_clear(e);
		return 0;
	}
	return rc;
}
