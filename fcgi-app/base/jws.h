/*
 * jws.h - access tokens: HS256 through libjwt, behind strict checks (D6,
 * S15-S19).  The only file that includes libjwt.
 *
 * libjwt takes `alg` from the token, accepts "none" with an empty key and
 * lenient base64.  So it is only asked for HS256 with a key that we chose
 * (jws.c says why not for more), after this file has checked: size ≤ 8 KiB,
 * three parts of canonical base64url, header exactly {alg, kid, typ} with
 * alg HS256 and typ "at+jwt" in any order and nothing else, no duplicate
 * members, kid known and the key's own algorithm HS256.  After it: iss, aud,
 * exp, nbf/iat sanity.
 */
#ifndef GP_BASE_JWS_H
#define GP_BASE_JWS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define JWS_MAX		8192
#define JWS_KID_MAX	16

struct jws_key {
	char	kid[JWS_KID_MAX + 1];	/* [a-z0-9]{1,16} */
	uint8_t	key[32];
	int64_t	use_from_us;		/* readable before, used after (S17) */
	int64_t	verify_until_us;	/* 0: no end yet */
};

/*
 * Sign `claims` (JSON object text, at most about 6 KB) as typ ([a-z+.-]) with
 * key k.  The token is in the arena.  The header's order is fixed: alg, kid,
 * typ; so equal input gives equal bytes (D7).
 */
int	 jws_sign(struct arena *a, const struct jws_key *k, const char *typ,
	    const char *claims, const char **token, struct err *e) MUST_CHECK;

/*
 * Verify against the keys.  0 and *claims set (owned by the caller:
 * json_free); -1 with ERR_AUTH "invalid_token" whatever was wrong, the cause
 * in detail.  `typ`, `iss`, `aud` must match exactly; exp must be present and
 * after now; iat and nbf, if present, not more than 60 s ahead.
 */
struct jws_want { const char *typ, *iss, *aud; int64_t now_us; };
int	 jws_verify(const char *token, size_t n, const struct jws_key *keys,
	    size_t n_keys, const struct jws_want *want, struct json **claims,
	    struct err *e) MUST_CHECK;

/*
 * Tests only: form, alg and signature as jws_verify checks them, but any
 * other header members and any payload.  Lets foreign test vectors judge the
 * signature's core.
 */
int	 jws_test_signature(const char *token, size_t n,
	    const uint8_t key[32], struct err *e) MUST_CHECK;

#endif
