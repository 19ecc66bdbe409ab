/*
 * jwk.h - tokens that others signed: id_tokens of OpenID Connect, verified
 * against the issuer's published keys (RFC 7515, 7517, 7518, 8725).
 *
 * What chooses the algorithm is the key, never the token: an RSA key serves
 * RS256 and PS256 (2048 to 8192 bits), a P-256 key ES256, an Ed25519 key
 * EdDSA, and a key that names its own `alg` that one alone.  Symmetric keys
 * are not read at all, so that no public key can be taken for a secret.
 */
#ifndef GP_BASE_JWK_H
#define GP_BASE_JWK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define JWK_TOKEN_MAX	8192
#define JWK_KEYS_MAX	32

enum jwk_alg { JWK_NONE, JWK_RS256, JWK_PS256, JWK_ES256, JWK_EDDSA };

struct jwk {
	const char	*kid;		/* "" when it has none */
	enum jwk_alg	 only;		/* its own `alg`; JWK_NONE: not said */
	enum { JWK_RSA, JWK_P256, JWK_ED25519 } kind;
	const uint8_t	*a, *b;		/* n and e; x and y; x */
	size_t		 a_n, b_n;
};
struct jwk_set { struct jwk key[JWK_KEYS_MAX]; size_t n; };

/*
 * Read {"keys": […]} into the arena.  Keys that are not for verifying, or of
 * a kind or size that we do not use, are left out; what is no key set is -1
 * ERR_INPUT "invalid_json".
 */
int	 jwk_set_read(struct jwk_set *s, struct arena *a, const char *p,
	    size_t n, struct err *e) MUST_CHECK;

/*
 * Verify a compact token.  0 and *claims (owned by the caller: json_free);
 * -1 ERR_AUTH "invalid_id_token" with the cause in detail, and *unknown_kid
 * (may be NULL) set when the set has no key of that name: then a refetch may
 * help.  Refused as well: over 8 KiB, not three parts of canonical base64url,
 * duplicate members, crit, jku, jwk, x5u, x5c, a typ other than JWT.
 */
int	 jwk_verify(const struct jwk_set *s, const char *token, size_t n,
	    struct json **claims, enum jwk_alg *alg, bool *unknown_kid,
	    struct err *e) MUST_CHECK;

/* Of OIDC Core §3.1.3.6: is `at_hash` that of the access token? */
bool	 jwk_at_hash_is(enum jwk_alg alg, const char *access_token,
	    const char *at_hash);

/* Tests only: the signature's core, any header and payload. */
int	 jwk_test_signature(const struct jwk_set *s, const char *token,
	    size_t n, struct err *e) MUST_CHECK;

/* crypto_jwk.c: is `sig` that of n bytes by the key?  Input never ends the
 * process. */
bool	 jwk_signature_is(const struct jwk *k, enum jwk_alg alg,
	    const void *p, size_t n, const uint8_t *sig, size_t sig_n);
void	 sha512(uint8_t out[64], const void *p, size_t n);

#endif
