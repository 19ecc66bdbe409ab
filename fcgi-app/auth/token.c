/*
 * token.c - access and refresh tokens as values (D6, D7).  No SQL.
 *
 * Owns the process's pointer to its keys.  The bytes of an access token are a
 * function of its claims alone, so that a replayed refresh gives the same
 * pair, byte for byte (S5).
 */
#include "auth/token.h"
#include "auth/factor.h"
#include "auth/token_cache.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/rand.h"
#include "base/text.h"

#define ACCESS_TYP	"at+jwt"
#define CLAIMS_MAX	2048
#define REFRESH_BODY	13		/* kid, session id, counter */
#define REFRESH_MAC	16
#define REFRESH_BYTES	(REFRESH_BODY + REFRESH_MAC)
#define ADMIN_PREFIX	"gp_"
#define ADMIN_BYTES	32

static const struct keyring *keys;

void
token_use(const struct keyring *k)
{
	keys = k;
}

const struct keyring *
token_keys(void)
{
	return keys;
}

static const char *
issuer(void)
{
	const char *iss = conf_str(CONF_ISSUER);

	return *iss == '\0' ? conf_str(CONF_PUBLIC_URL) : iss;
}

const char *
token_issuer(void)
{
	return issuer();
}

int
access_make(struct arena *a, const struct access_claims *c,
    const char **token, struct err *e)
{
	/* The key that signs is the one of the pair's birth, not of now:
	 * a replay after a key change must give the same bytes. */
	const struct jws_key *k = keyring_signer(keys, c->iat_s * US_PER_S);
	struct buf b;
	struct jw w;
	int rc;

	if (k == NULL)
		return err_set(e, ERR_CONFIG, "no_token_key",
		    "no access token key is usable yet");
	buf_init(&b, CLAIMS_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "iss", issuer());
	jw_str(&w, "aud", c->aud == NULL ? issuer() : c->aud);
	jw_str(&w, "sub", arena_printf(a, "%" PRIu64, c->user_id));
	jw_id(&w, "sid", c->session_id);
	jw_u64(&w, "seq", c->seq);
	jw_i64(&w, "iat", c->iat_s);
	jw_i64(&w, "exp", c->exp_s);
	jw_i64(&w, "auth_time", c->auth_s);
	jw_i64(&w, "send", c->session_end_s);
	jw_str(&w, "amr", c->amr);
	/* NIST SP 800-63B: two factors, or one (S67). */
	jw_u64(&w, "aal", amr_has(c->amr, "mfa") ? 2 : 1);
	jw_str(&w, "role", c->is_superuser ? "superuser" :
	    c->is_staff ? "staff" : "user");
	jw_str(&w, "email", c->email);
	jw_bool(&w, "verified", c->verified);
	if (c->claim)
		jw_bool(&w, "claim", true);
	jw_str(&w, "cc", c->country);
	if (c->act_id != 0) {
		jw_object(&w, "act");
		jw_str(&w, "sub", arena_printf(a, "%" PRIu64, c->act_id));
		jw_end(&w);
	}
	if (c->groups != NULL && *c->groups != '\0')
		jw_str(&w, "groups", c->groups);
	jw_end(&w);
	rc = b.over ? err_set(e, ERR_INTERNAL, "claims_too_long",
	    "claims of user %" PRIu64 " pass %d bytes", c->user_id,
	    CLAIMS_MAX) :
	    jws_sign(a, k, ACCESS_TYP, buf_text(&b), token, e);
	buf_fini(&b);
	return rc;
}

/* Member of `j` as an unsigned decimal string; -1 when it is none. */
static int
claim_id(const struct json *j, const char *name, uint64_t *v)
{
	const char *s = json_str(json_get(j, name));

	return s != NULL && text_u64(s, INT64_MAX, v) ? 0 : -1;
}

static const char *
claim_text(struct arena *a, const struct json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	return s == NULL ? "" : arena_strdup(a, s);
}

static int64_t
claim_int(const struct json *j, const char *name)
{
	int64_t v;

	return json_int(json_get(j, name), &v) ? v : 0;
}

static bool
claim_bool(const struct json *j, const char *name)
{
	bool v;

	return json_bool(json_get(j, name), &v) && v;
}

int
access_check(struct arena *a, const char *token, size_t n,
    struct access_claims *c, struct err *e)
{
	return access_check_for(a, token, n, NULL, c, e);
}

int
access_check_for(struct arena *a, const char *token, size_t n,
    const char *aud, struct access_claims *c, struct err *e)
{
	const struct jws_want want = { ACCESS_TYP, issuer(),
	    aud == NULL ? issuer() : aud, clock_now() };
	struct json *j = NULL;
	const char *role;

	/* Verified for one audience is not verified for another. */
	if (token_cache_find(a, token, n, want.now_us, c) &&
	    (c->aud == NULL ? aud == NULL : aud != NULL &&
	    strcmp(c->aud, aud) == 0))
		return 0;
	memset(c, 0, sizeof(*c));
	if (jws_verify(token, n, keys->token, keys->tokens, &want, &j, e) < 0)
		return -1;
	role = claim_text(a, j, "role");
	c->is_superuser = strcmp(role, "superuser") == 0;
	c->is_staff = strcmp(role, "staff") == 0;
	c->iat_s = claim_int(j, "iat");
	c->exp_s = claim_int(j, "exp");
	c->auth_s = claim_int(j, "auth_time");
	c->session_end_s = claim_int(j, "send");
	c->seq = (uint32_t)claim_int(j, "seq");
	c->amr = claim_text(a, j, "amr");
	c->email = claim_text(a, j, "email");
	c->country = claim_text(a, j, "cc");
	c->groups = claim_text(a, j, "groups");
	c->aud = aud;
	c->verified = claim_bool(j, "verified");
	c->claim = claim_bool(j, "claim");
	if (claim_id(j, "sub", &c->user_id) < 0 ||
	    claim_id(j, "sid", &c->session_id) < 0 || c->iat_s == 0 ||
	    (json_has(j, "act") && claim_id(json_get(j, "act"), "sub",
	    &c->act_id) < 0)) {
		json_free(j);
		return err_set(e, ERR_AUTH, "invalid_token",
		    "signed, but sub, sid, iat or act is broken");
	}
	json_free(j);
	token_cache_keep(token, n, c);
	return 0;
}

/* --- refresh tokens ----------------------------------------------------- */

static void
refresh_body(uint8_t out[REFRESH_BODY], uint8_t kid, uint64_t session_id,
    uint32_t counter)
{
	out[0] = kid;
	for (int i = 0; i < 8; i++)
		out[1 + i] = (uint8_t)(session_id >> (56 - 8 * i));
	for (int i = 0; i < 4; i++)
		out[9 + i] = (uint8_t)(counter >> (24 - 8 * i));
}

static void
refresh_mac(uint8_t mac[32], const uint8_t key[32],
    const uint8_t body[REFRESH_BODY])
{
	static const char purpose[] = "gatepost refresh";
	const struct crypto_part part[] = {
		{ purpose, sizeof(purpose) },
		{ body, REFRESH_BODY }
	};

	hmac_sha256_parts(mac, key, 32, part, COUNT_OF(part));
}

void
refresh_make(char out[REFRESH_TEXT], uint64_t session_id, uint32_t counter)
{
	uint8_t raw[REFRESH_BYTES], mac[32];

	refresh_body(raw, keys->refresh[0].id, session_id, counter);
	refresh_mac(mac, keys->refresh[0].key, raw);
	memcpy(raw + REFRESH_BODY, mac, REFRESH_MAC);
	b64url_encode(out, REFRESH_TEXT, raw, sizeof(raw));
	secret_wipe(mac, sizeof(mac));
	secret_wipe(raw, sizeof(raw));
}

int
refresh_parse(const char *token, uint64_t *session_id, uint32_t *counter)
{
	uint8_t raw[REFRESH_BYTES], mac[32];

	if (strlen(token) != REFRESH_TEXT - 1 ||
	    b64url_decode(raw, sizeof(raw), token, REFRESH_TEXT - 1) !=
	    REFRESH_BYTES)
		return 0;
	for (size_t k = 0; k < keys->refreshes; k++) {
		if (keys->refresh[k].id != raw[0])
			continue;
		refresh_mac(mac, keys->refresh[k].key, raw);
		if (!secret_equal(mac, REFRESH_MAC, raw + REFRESH_BODY,
		    REFRESH_MAC))
			return 0;
		*session_id = 0;
		*counter = 0;
		for (int i = 0; i < 8; i++)
			*session_id = *session_id << 8 | raw[1 + i];
		for (int i = 0; i < 4; i++)
			*counter = *counter << 8 | raw[9 + i];
		return 1;
	}
	return 0;
}

/* --- admin tokens ------------------------------------------------------- */

void
admin_token_make(char out[ADMIN_TOKEN_TEXT], uint8_t hash[32])
{
	char body[B64_SIZE(ADMIN_BYTES)];

	rand_token(body, sizeof(body), ADMIN_BYTES);
	snprintf(out, ADMIN_TOKEN_TEXT, ADMIN_PREFIX "%s", body);
	sha256(hash, out, strlen(out));
	secret_wipe(body, sizeof(body));
}

bool
admin_token_hash(const char *token, uint8_t hash[32])
{
	uint8_t raw[ADMIN_BYTES];
	size_t n = strlen(token), skip = strlen(ADMIN_PREFIX);

	if (!text_starts(token, ADMIN_PREFIX) ||
	    b64url_decode(raw, sizeof(raw), token + skip, n - skip) !=
	    ADMIN_BYTES)
		return false;
	secret_wipe(raw, sizeof(raw));
	sha256(hash, token, n);
	return true;
}
