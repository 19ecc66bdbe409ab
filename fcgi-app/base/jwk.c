/*
 * jwk.c - key sets and tokens of other issuers, as text; crypto_jwk.c has the
 * arithmetic.
 */
#include "base/jwk.h"
#include "base/crypto.h"
#include "base/text.h"

#include <strings.h>

#define SIG_MAX		1024		/* RSA of 8192 bits */
#define HEADER_MAX	2048
#define RSA_MIN		256		/* bytes of the modulus */
#define RSA_MAX		1024

static const struct { const char *name; enum jwk_alg alg; } alg_rows[] = {
	{ "RS256", JWK_RS256 }, { "PS256", JWK_PS256 },
	{ "ES256", JWK_ES256 }, { "EdDSA", JWK_EDDSA },
};

static enum jwk_alg
alg_of(const char *name)
{
	for (size_t i = 0; name != NULL && i < COUNT_OF(alg_rows); i++)
		if (strcmp(name, alg_rows[i].name) == 0)
			return alg_rows[i].alg;
	return JWK_NONE;
}

static bool
alg_fits(const struct jwk *k, enum jwk_alg alg)
{
	if (k->only != JWK_NONE && k->only != alg)
		return false;
	switch (k->kind) {
	case JWK_RSA:
		return alg == JWK_RS256 || alg == JWK_PS256;
	case JWK_P256:
		return alg == JWK_ES256;
	case JWK_ED25519:
		return alg == JWK_EDDSA;
	}
	return false;
}

/* --- key sets ------------------------------------------------------------- */

static bool
bytes(struct arena *a, const struct json *j, const char *name,
    const uint8_t **p, size_t *n)
{
	const char *s = json_str(json_get(j, name));
	size_t len = s == NULL ? 0 : strlen(s);
	uint8_t *out;
	ssize_t got;

	if (len == 0 || len > 4 * RSA_MAX)
		return false;
	out = arena_alloc(a, len);
	if ((got = b64url_decode(out, len, s, len)) <= 0)
		return false;
	/* Some write the sign byte of ASN.1 into the modulus. */
	while (got > 1 && *out == 0 && strcmp(name, "n") == 0) {
		out++;
		got--;
	}
	*p = out;
	*n = (size_t)got;
	return true;
}

static bool
for_verifying(const struct json *j)
{
	const struct json *ops = json_get(j, "key_ops");
	const char *use = json_str(json_get(j, "use"));

	if (json_has(j, "use") && (use == NULL || strcmp(use, "sig") != 0))
		return false;
	for (size_t i = 0; i < json_len(ops); i++) {
		const char *op = json_str(json_at(ops, i));

		if (op != NULL && strcmp(op, "verify") == 0)
			return true;
	}
	return !json_has(j, "key_ops");
}

/* An odd public exponent of 3 to 2^32: a larger one only costs time. */
static bool
rsa_sane(const struct jwk *k)
{
	return k->a_n >= RSA_MIN && k->a_n <= RSA_MAX && k->b_n <= 4 &&
	    (k->b[k->b_n - 1] & 1) != 0 && (k->b_n > 1 || k->b[0] >= 3);
}

static bool
read_key(struct jwk *k, struct arena *a, const struct json *j)
{
	const char *kty = json_str(json_get(j, "kty"));
	const char *crv = json_str(json_get(j, "crv"));
	const char *kid = json_str(json_get(j, "kid"));

	memset(k, 0, sizeof(*k));
	if (kty == NULL || !for_verifying(j))
		return false;
	k->kid = arena_strdup(a, kid == NULL ? "" : kid);
	if (json_has(j, "alg") && (k->only = alg_of(json_str(json_get(j,
	    "alg")))) == JWK_NONE)
		return false;
	if (strcmp(kty, "RSA") == 0) {
		k->kind = JWK_RSA;
		return bytes(a, j, "n", &k->a, &k->a_n) &&
		    bytes(a, j, "e", &k->b, &k->b_n) && rsa_sane(k);
	}
	if (strcmp(kty, "EC") == 0 && crv != NULL &&
	    strcmp(crv, "P-256") == 0) {
		k->kind = JWK_P256;
		return bytes(a, j, "x", &k->a, &k->a_n) && k->a_n == 32 &&
		    bytes(a, j, "y", &k->b, &k->b_n) && k->b_n == 32;
	}
	if (strcmp(kty, "OKP") == 0 && crv != NULL &&
	    strcmp(crv, "Ed25519") == 0) {
		k->kind = JWK_ED25519;
		return bytes(a, j, "x", &k->a, &k->a_n) && k->a_n == 32;
	}
	return false;
}

int
jwk_set_read(struct jwk_set *s, struct arena *a, const char *p, size_t n,
    struct err *e)
{
	struct json *j = NULL;
	const struct json *keys;

	s->n = 0;
	if (json_parse(p, n, JSON_STRICT, 0, &j, e) < 0)
		return -1;
	keys = json_get(j, "keys");
	if (json_type(j) != JSON_OBJECT || json_type(keys) != JSON_ARRAY) {
		json_free(j);
		return err_set(e, ERR_INPUT, "invalid_json", "no key set");
	}
	for (size_t i = 0; i < json_len(keys) && s->n < JWK_KEYS_MAX; i++)
		if (read_key(&s->key[s->n], a, json_at(keys, i)))
			s->n++;
	json_free(j);
	return 0;
}

/* --- tokens ---------------------------------------------------------------- */

static int
refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_AUTH, "invalid_id_token", "%s", why);
}

struct token {
	const char	*p, *payload;
	size_t		 header_n, payload_n, signed_n, sig_n;
	uint8_t		 sig[SIG_MAX];
	struct json	*header;
	const char	*kid;
	enum jwk_alg	 alg;
};

static int
split(struct token *t, const char *p, size_t n, struct err *e)
{
	const char *dot, *end = p + n;
	ssize_t sig_n;

	memset(t, 0, sizeof(*t));
	if (n == 0 || n > JWK_TOKEN_MAX)
		return refuse(e, "size");
	t->p = p;
	if ((dot = memchr(p, '.', n)) == NULL)
		return refuse(e, "no first dot");
	t->header_n = (size_t)(dot - p);
	t->payload = dot + 1;
	dot = memchr(t->payload, '.', (size_t)(end - t->payload));
	if (dot == NULL || t->header_n == 0)
		return refuse(e, "not three parts");
	t->payload_n = (size_t)(dot - t->payload);
	t->signed_n = (size_t)(dot - p);
	/* Also refuses a third dot: the decoder knows no such letter. */
	sig_n = b64url_decode(t->sig, sizeof(t->sig), dot + 1,
	    (size_t)(end - dot) - 1);
	if (sig_n <= 0)
		return refuse(e, "signature: not canonical base64url");
	t->sig_n = (size_t)sig_n;
	return 0;
}

/* Strictly decoded and parsed, or NULL. */
static struct json *
part(const char *p, size_t n, size_t max)
{
	uint8_t text[JWK_TOKEN_MAX];
	struct err ignored = ERR_INIT;
	struct json *j = NULL;
	ssize_t got;

	if (n == 0 || n > max ||
	    (got = b64url_decode(text, sizeof(text), p, n)) <= 0 ||
	    json_parse((const char *)text, (size_t)got, JSON_STRICT, 0, &j,
	    &ignored) < 0)
		return NULL;
	if (json_type(j) != JSON_OBJECT) {
		json_free(j);
		return NULL;
	}
	return j;
}

static int
read_header(struct token *t, struct err *e)
{
	/* Keys come from the issuer's set and nowhere else (RFC 8725 §3.10);
	 * what is critical to somebody else is unknown to us. */
	static const char *const never[] = { "crit", "jku", "jwk", "x5u",
		"x5c" };

	if ((t->header = part(t->p, t->header_n, HEADER_MAX)) == NULL)
		return refuse(e, "header: not base64url of a JSON object");
	for (size_t i = 0; i < COUNT_OF(never); i++)
		if (json_has(t->header, never[i]))
			return refuse(e, "header: a member never taken");
	t->alg = alg_of(json_str(json_get(t->header, "alg")));
	if (t->alg == JWK_NONE)
		return refuse(e, "header: alg");
	t->kid = json_str(json_get(t->header, "kid"));
	if (t->kid == NULL && json_has(t->header, "kid"))
		return refuse(e, "header: kid");
	return 0;
}

/* Of the name that the token gives, and fit for its algorithm; names should
 * be distinct (RFC 7517 §4.5), and an issuer that repeats one means each. */
static bool
is_for(const struct jwk *k, const struct token *t)
{
	return alg_fits(k, t->alg) &&
	    (t->kid == NULL || strcmp(k->kid, t->kid) == 0);
}

static bool
knows(const struct jwk_set *s, const char *kid)
{
	for (size_t i = 0; i < s->n; i++)
		if (kid != NULL && strcmp(s->key[i].kid, kid) == 0)
			return true;
	return false;
}

static int
signature(const struct jwk_set *s, struct token *t, bool *unknown,
    struct err *e)
{
	size_t fit = 0;

	for (size_t i = 0; i < s->n; i++)
		fit += is_for(&s->key[i], t);
	/* Without a name it must be the only one (Core §10.1). */
	if (fit == 0 || (t->kid == NULL && fit > 1)) {
		if (unknown != NULL)
			*unknown = !knows(s, t->kid);
		return refuse(e, "no such key");
	}
	for (size_t i = 0; i < s->n; i++)
		if (is_for(&s->key[i], t) && jwk_signature_is(&s->key[i],
		    t->alg, t->p, t->signed_n, t->sig, t->sig_n))
			return 0;
	return refuse(e, "signature");
}

int
jwk_verify(const struct jwk_set *s, const char *token, size_t n,
    struct json **claims, enum jwk_alg *alg, bool *unknown_kid,
    struct err *e)
{
	const char *typ;
	struct token t;
	int rc = -1;

	*claims = NULL;
	if (unknown_kid != NULL)
		*unknown_kid = false;
	if (split(&t, token, n, e) < 0 || read_header(&t, e) < 0)
		goto out;
	typ = json_str(json_get(t.header, "typ"));
	if (json_has(t.header, "typ") && (typ == NULL ||
	    strcasecmp(typ, "JWT") != 0)) {
		refuse(e, "header: typ");
		goto out;
	}
	if (signature(s, &t, unknown_kid, e) < 0)
		goto out;
	if ((*claims = part(t.payload, t.payload_n, JWK_TOKEN_MAX)) == NULL) {
		refuse(e, "claims: not base64url of a JSON object");
		goto out;
	}
	*alg = t.alg;
	rc = 0;
out:
	json_free(t.header);
	return rc;
}

int
jwk_test_signature(const struct jwk_set *s, const char *token, size_t n,
    struct err *e)
{
	uint8_t text[JWK_TOKEN_MAX];
	struct token t;
	int rc = -1;

	if (split(&t, token, n, e) == 0 && read_header(&t, e) == 0 &&
	    (t.payload_n == 0 || b64url_decode(text, sizeof(text), t.payload,
	    t.payload_n) >= 0 || refuse(e, "payload") == 0))
		rc = signature(s, &t, NULL, e);
	json_free(t.header);
	return rc;
}

bool
jwk_at_hash_is(enum jwk_alg alg, const char *access_token,
    const char *at_hash)
{
	uint8_t digest[64];
	char half[B64URL_SIZE(32)];
	size_t n = 32;

	/* The hash of the signature's algorithm; Ed25519 signs SHA-512. */
	if (alg == JWK_EDDSA) {
		sha512(digest, access_token, strlen(access_token));
		n = 64;
	} else {
		sha256(digest, access_token, strlen(access_token));
	}
	b64url_encode(half, sizeof(half), digest, n / 2);
	return secret_equal(half, strlen(half), at_hash, strlen(at_hash));
}
