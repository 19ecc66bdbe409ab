/*
 * social.c - providers by configuration, and the visit to one (S63).
 *
 * The state is 128 random bits and only the browser has it; PKCE verifier and
 * nonce are HMACs of it, so that the database holds no secret of a visit.
 */
#include "auth/social.h"

#include "auth/token.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/social.h"

#define SECRET_BYTES	16
#define GOOGLE		"https://accounts.google.com"

#define OIDC(i) { CONF_OIDC##i##_NAME, CONF_OIDC##i##_LABEL, \
	CONF_OIDC##i##_ISSUER, CONF_OIDC##i##_ID, CONF_OIDC##i##_SECRET, \
	CONF_OIDC##i##_SCOPES }
static const struct { enum conf_key name, label, issuer, id, secret, scopes; }
    oidc_rows[] = { OIDC(1), OIDC(2), OIDC(3), OIDC(4) };

static bool
google(struct social_provider *p)
{
	p->kind = SOCIAL_OIDC;
	p->name = "google";
	p->label = "Google";
	p->issuer = conf_str(CONF_GOOGLE_ISSUER);
	p->client_id = conf_str(CONF_GOOGLE_ID);
	p->client_secret = conf_str(CONF_GOOGLE_SECRET);
	p->scopes = "openid email profile";
	p->google = true;
	return p->client_id[0] != '\0';
}

static bool
facebook(struct social_provider *p)
{
	p->kind = SOCIAL_FACEBOOK;
	p->name = "facebook";
	p->label = "Facebook";
	p->issuer = "https://www.facebook.com";
	p->client_id = conf_str(CONF_FACEBOOK_ID);
	p->client_secret = conf_str(CONF_FACEBOOK_SECRET);
	p->scopes = "email,public_profile";
	return p->client_id[0] != '\0';
}

static bool
oidc_row(size_t i, struct social_provider *p)
{
	p->kind = SOCIAL_OIDC;
	p->name = conf_str(oidc_rows[i].name);
	p->label = conf_str(oidc_rows[i].label);
	if (p->label[0] == '\0')
		p->label = p->name;
	p->issuer = conf_str(oidc_rows[i].issuer);
	p->client_id = conf_str(oidc_rows[i].id);
	p->client_secret = conf_str(oidc_rows[i].secret);
	p->scopes = conf_str(oidc_rows[i].scopes);
	/* Its rules for addresses are the issuer's, whatever the row's name. */
	p->google = strcmp(p->issuer, GOOGLE) == 0;
	return p->name[0] != '\0' && p->issuer[0] != '\0' &&
	    p->client_id[0] != '\0';
}

int
social_provider_at(size_t want, struct social_provider *p)
{
	size_t seen = 0;

	for (size_t i = 0; i < 2 + COUNT_OF(oidc_rows); i++) {
		bool on;

		memset(p, 0, sizeof(*p));
		on = i == 0 ? google(p) : i == 1 ? facebook(p) :
		    oidc_row(i - 2, p);
		if (on && seen++ == want)
			return 1;
	}
	return 0;
}

int
social_provider(const char *name, struct social_provider *p, struct err *e)
{
	for (size_t i = 0; social_provider_at(i, p) == 1; i++)
		if (strcmp(p->name, name) == 0)
			return 0;
	return err_set(e, ERR_NOT_FOUND, "unknown_provider", "%.40s", name);
}

void
social_derive(char out[44], const char *purpose, const char *text)
{
	const struct crypto_part part[] = { { "social:", 7 },
	    { purpose, strlen(purpose) + 1 }, { text, strlen(text) } };
	uint8_t mac[32];

	hmac_sha256_parts(mac, token_keys()->mac, 32, part, COUNT_OF(part));
	b64url_encode(out, 44, mac, sizeof(mac));
	secret_wipe(mac, sizeof(mac));
}

static void
derive_all(struct social_visit *v)
{
	uint8_t digest[32];

	social_derive(v->verifier, "verifier", v->state);
	social_derive(v->nonce, "nonce", v->state);
	sha256(digest, v->verifier, strlen(v->verifier));
	b64url_encode(v->challenge, sizeof(v->challenge), digest,
	    sizeof(digest));
}

static bool
secret_formed(const char *s)
{
	return strlen(s) == B64URL_SIZE(SECRET_BYTES) - 1;
}

static void
hash_of(uint8_t out[32], const char *s)
{
	sha256(out, s, strlen(s));
}

static void
fresh(char out[SOCIAL_SECRET_TEXT])
{
	char text[B64_SIZE(SECRET_BYTES)];

	rand_token(text, sizeof(text), SECRET_BYTES);
	(void)text_copy(out, SOCIAL_SECRET_TEXT, text);
}

int
social_begin(struct db *db, const struct req *q,
    const struct social_provider *p, const char *next, uint64_t user_id,
    struct social_visit *v, struct err *e)
{
	uint8_t state[32], browser[32];
	const struct visit row = { .id = rand_id(), .state_hash = state,
	    .browser_hash = browser, .provider = p->name, .next = next,
	    .user_id = user_id };

	memset(v, 0, sizeof(*v));
	fresh(v->state);
	if (!secret_formed(q->state_cookie) ||
	    !text_copy(v->browser, sizeof(v->browser), q->state_cookie))
		fresh(v->browser);
	v->next = next;
	v->user_id = user_id;
	derive_all(v);
	hash_of(state, v->state);
	hash_of(browser, v->browser);
	return visit_insert(db, &row, e);
}

int
social_back(struct db *db, const struct req *q,
    const struct social_provider *p, const char *state,
    struct social_visit *v, struct err *e)
{
	uint8_t state_hash[32], browser[32];
	struct visit row = { .state_hash = state_hash,
	    .browser_hash = browser, .provider = p->name };
	int rc = 0;

	memset(v, 0, sizeof(*v));
	if (state != NULL && secret_formed(state) &&
	    secret_formed(q->state_cookie)) {
		hash_of(state_hash, state);
		hash_of(browser, q->state_cookie);
		rc = visit_take(db, q->arena, &row, rand_id(), e);
	}
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_INPUT, "invalid_state",
		    "%s: unknown, used, over, or another browser's", p->name);
	(void)text_copy(v->state, sizeof(v->state), state);
	(void)text_copy(v->browser, sizeof(v->browser), q->state_cookie);
	v->next = row.next;
	v->user_id = row.user_id;
	derive_all(v);
	return 0;
}

int
social_state_ours(struct db *db, const char *state, struct err *e)
{
	uint8_t hash[32];

	if (!secret_formed(state))
		return 0;
	hash_of(hash, state);
	return visit_known(db, hash, e);
}
