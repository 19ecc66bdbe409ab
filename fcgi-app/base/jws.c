/*
 * jws.c - access tokens, HS256 (D6, S15-S19).
 *
 * Order of verification, each step on bytes the one before let through:
 * form (size, three canonical parts, the header exactly ours), the key by
 * kid, the MAC by our own HMAC and then by libjwt, the claims.  Both must
 * agree: ours compares in constant time for certain, and no JSON parser ever
 * reads a payload that we did not write.
 *
 * Of libjwt 1.10 (Debian 12) only its HS256 is used.  Its whole-token calls
 * cannot be: jwt_encode_str replaces any typ by "JWT" and jwt_decode refuses
 * any other, whereas ours is "at+jwt" (RFC 9068 §2.1, RFC 8725 §3.11).  The
 * two calls below are exported but in no header, so configure takes no other
 * version.  jwt_set_alg pins algorithm and key before them: nothing in a
 * token ever chooses either.
 */
#include "base/jws.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json_walk.h"
#include "base/log.h"
#include "base/text.h"

#include <jwt.h>

int	 jwt_sign_sha_hmac(jwt_t *jwt, char **out, unsigned int *len,
	    const char *text);
int	 jwt_verify_sha_hmac(jwt_t *jwt, const char *text, const char *mac);

#define MAC_N		32
#define MAC_B64		43		/* base64url of 32 bytes */
#define HEADER_MAX	256		/* ours is about 50 */
#define SKEW_S		60		/* clocks of two hosts */

/* Where the parts of header.payload.mac begin, and their lengths. */
struct parts {
	const char	*payload, *mac;
	size_t		 header_n, payload_n, signed_n;
};

static int
refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_AUTH, "invalid_token", "%s", why);
}

static bool
kid_valid(const char *kid)
{
	size_t n = strspn(kid, "abcdefghijklmnopqrstuvwxyz0123456789");

	return n >= 1 && n <= JWS_KID_MAX && kid[n] == '\0';
}

/* A word that needs no escaping in JSON. */
static bool
typ_valid(const char *typ)
{
	size_t n = strspn(typ, "abcdefghijklmnopqrstuvwxyz+-.");

	return n >= 1 && n <= 32 && typ[n] == '\0';
}

static int
split(struct parts *p, const char *token, size_t n, struct err *e)
{
	const char *dot, *end = token + n;

	if (n == 0 || n > JWS_MAX)
		return refuse(e, "size");
	if ((dot = memchr(token, '.', n)) == NULL)
		return refuse(e, "no first dot");
	p->header_n = (size_t)(dot - token);
	p->payload = dot + 1;
	dot = memchr(p->payload, '.', (size_t)(end - p->payload));
	if (dot == NULL)
		return refuse(e, "no second dot");
	p->payload_n = (size_t)(dot - p->payload);
	p->signed_n = (size_t)(dot - token);
	p->mac = dot + 1;
	/* Also refuses a third dot: the decoder knows no such letter. */
	if (end - p->mac != MAC_B64)
		return refuse(e, "length of signature");
	if (p->header_n == 0 || p->payload_n == 0)
		return refuse(e, "empty part");
	return 0;
}

/* The header as JSON (json_free); its alg is HS256 or it is refused. */
static int
header_open(const char *token, size_t n, struct json **out, struct err *e)
{
	char text[HEADER_MAX];
	struct err ignored = ERR_INIT;
	struct json *j = NULL;
	const char *alg;
	ssize_t got;

	if ((got = b64url_decode(text, sizeof(text), token, n)) < 0)
		return refuse(e, "header: not canonical base64url, or long");
	if (json_parse(text, (size_t)got, JSON_STRICT, 2, &j, &ignored) < 0)
		return refuse(e, "header: not JSON");
	alg = json_type(j) == JSON_OBJECT ? json_str(json_get(j, "alg")) : NULL;
	if (alg == NULL || strcmp(alg, "HS256") != 0) {
		json_free(j);
		return refuse(e, "header: alg is not HS256");
	}
	*out = j;
	return 0;
}

/* Nothing but alg, kid and typ, each a string, typ as wanted. */
static int
header_ours(const struct json *j, const char *typ,
    char kid[JWS_KID_MAX + 1], struct err *e)
{
	const char *id = json_str(json_get(j, "kid"));
	const char *t = json_str(json_get(j, "typ"));

	if (json_len(j) != 3 || id == NULL || t == NULL)
		return refuse(e, "header: not exactly alg, kid, typ");
	if (strcmp(t, typ) != 0)
		return refuse(e, "header: other typ");
	if (!kid_valid(id) || !text_copy(kid, JWS_KID_MAX + 1, id))
		return refuse(e, "header: kid");
	return 0;
}

static int
mac_check(const char *token, const struct parts *p, const uint8_t key[32],
    struct err *e)
{
	uint8_t given[MAC_N], ours[MAC_N];

	if (b64url_decode(given, sizeof(given), p->mac, MAC_B64) != MAC_N)
		return refuse(e, "signature: not canonical base64url");
	hmac_sha256(ours, key, 32, token, p->signed_n);
	if (!secret_equal(given, sizeof(given), ours, sizeof(ours)))
		return refuse(e, "signature");
	return 0;
}

/* libjwt with HS256 and this key, whatever a token says. */
static jwt_t *
libjwt_new(const uint8_t key[32])
{
	jwt_t *jwt = NULL;

	if (jwt_new(&jwt) != 0 ||
	    jwt_set_alg(jwt, JWT_ALG_HS256, key, 32) != 0)
		fatal("libjwt: out of memory");
	return jwt;
}

static int
libjwt_check(const char *token, const struct parts *p, const uint8_t key[32],
    struct err *e)
{
	char text[JWS_MAX + 1], mac[MAC_B64 + 1];
	jwt_t *jwt = libjwt_new(key);
	int rc;

	memcpy(text, token, p->signed_n);
	text[p->signed_n] = '\0';
	memcpy(mac, p->mac, MAC_B64);
	mac[MAC_B64] = '\0';
	rc = jwt_verify_sha_hmac(jwt, text, mac);
	jwt_free(jwt);
	return rc == 0 ? 0 : refuse(e, "signature, says libjwt");
}

static int
claims_check(const struct json *j, const struct jws_want *want, struct err *e)
{
	int64_t now_s = want->now_us / US_PER_S, at;
	const char *s;

	if (json_type(j) != JSON_OBJECT)
		return refuse(e, "claims: no object");
	s = json_str(json_get(j, "iss"));
	if (s == NULL || strcmp(s, want->iss) != 0)
		return refuse(e, "claims: iss");
	s = json_str(json_get(j, "aud"));
	if (s == NULL || strcmp(s, want->aud) != 0)
		return refuse(e, "claims: aud");
	if (!json_int(json_get(j, "exp"), &at))
		return refuse(e, "claims: no exp");
	if (at <= now_s)
		return refuse(e, "claims: expired");
	if (json_has(j, "iat") && (!json_int(json_get(j, "iat"), &at) ||
	    at > now_s + SKEW_S))
		return refuse(e, "claims: iat");
	if (json_has(j, "nbf") && (!json_int(json_get(j, "nbf"), &at) ||
	    at > now_s + SKEW_S))
		return refuse(e, "claims: nbf");
	return 0;
}

int
jws_verify(const char *token, size_t n, const struct jws_key *keys,
    size_t n_keys, const struct jws_want *want, struct json **claims,
    struct err *e)
{
	const struct jws_key *k = NULL;
	struct err ignored = ERR_INIT;
	struct json *j = NULL;
	char kid[JWS_KID_MAX + 1], text[JWS_MAX];
	struct parts p;
	ssize_t got;
	size_t i;
	int rc;

	*claims = NULL;
	if (split(&p, token, n, e) < 0 ||
	    header_open(token, p.header_n, &j, e) < 0)
		return -1;
	rc = header_ours(j, want->typ, kid, e);
	json_free(j);
	if (rc < 0)
		return -1;
	for (i = 0; i < n_keys && k == NULL; i++)
		if (strcmp(keys[i].kid, kid) == 0)
			k = &keys[i];
	if (k == NULL)
		return refuse(e, "unknown kid");
	if (k->verify_until_us != 0 && want->now_us > k->verify_until_us)
		return refuse(e, "key has ended");
	got = b64url_decode(text, sizeof(text), p.payload, p.payload_n);
	if (got < 0)
		return refuse(e, "payload: not canonical base64url");
	if (mac_check(token, &p, k->key, e) < 0 ||
	    libjwt_check(token, &p, k->key, e) < 0)
		return -1;
	if (json_parse(text, (size_t)got, JSON_STRICT, 0, &j, &ignored) < 0)
		return refuse(e, "payload: not strict JSON");
	if (claims_check(j, want, e) < 0) {
		json_free(j);
		return -1;
	}
	*claims = j;
	return 0;
}

int
jws_test_signature(const char *token, size_t n, const uint8_t key[32],
    struct err *e)
{
	uint8_t payload[JWS_MAX];
	struct json *j;
	struct parts p;

	if (split(&p, token, n, e) < 0 ||
	    header_open(token, p.header_n, &j, e) < 0)
		return -1;
	json_free(j);
	if (b64url_decode(payload, sizeof(payload), p.payload,
	    p.payload_n) < 0)
		return refuse(e, "payload: not canonical base64url");
	if (mac_check(token, &p, key, e) < 0)
		return -1;
	return libjwt_check(token, &p, key, e);
}

int
jws_sign(struct arena *a, const struct jws_key *k, const char *typ,
    const char *claims, const char **token, struct err *e)
{
	size_t claims_n = strlen(claims), size, n;
	struct err why = ERR_INIT;
	unsigned int mac_n = 0;
	char *mac = NULL, *t;
	const char *header;
	jwt_t *jwt;

	*token = NULL;
	if (!kid_valid(k->kid) || !typ_valid(typ))
		return err_set(e, ERR_INTERNAL, "jws_sign",
		    "kid \"%s\", typ \"%s\"", k->kid, typ);
	/* Looked through, not built: every refresh comes by here. */
	if (*claims != '{' || json_walk(claims, claims_n, JSON_STRICT,
	    JSON_DEPTH_MAX, &why) < 0)
		return err_set(e, ERR_INTERNAL, "jws_sign",
		    "claims are no JSON object");
	header = arena_printf(a, "{\"alg\":\"HS256\",\"kid\":\"%s\","
	    "\"typ\":\"%s\"}", k->kid, typ);
	size = B64_SIZE(strlen(header)) + B64_SIZE(claims_n) + MAC_B64 + 3;
	if (size > JWS_MAX)
		return err_set(e, ERR_INTERNAL, "jws_sign",
		    "claims of %zu bytes", claims_n);
	t = arena_alloc(a, size);
	n = b64url_encode(t, size, header, strlen(header));
	t[n++] = '.';
	n += b64url_encode(t + n, size - n, claims, claims_n);
	jwt = libjwt_new(k->key);
	if (jwt_sign_sha_hmac(jwt, &mac, &mac_n, t) != 0 || mac_n != MAC_N)
		fatal("libjwt: HS256");
	jwt_free(jwt);
	t[n++] = '.';
	b64url_encode(t + n, size - n, mac, mac_n);
	free(mac);
	*token = t;
	return 0;
}
