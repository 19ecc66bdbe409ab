/*
 * crypto_jwk.c - signatures by other people's public keys, through OpenSSL.
 *
 * A key object is made for each check: a sign-in by another site is rare and
 * waits for that site's answers a hundred times longer.
 */
#include "base/jwk.h"
#include "base/crypto_own.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#define P256_N	32

static EVP_PKEY *
key_from(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (c == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
	    EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *
rsa_key(const struct jwk *k)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(k->a, (int)k->a_n, NULL);
	BIGNUM *e = BN_bin2bn(k->b, (int)k->b_n, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (bld == NULL || n == NULL || e == NULL)
		crypto_fatal("RSA key: out of memory");
	if (OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(bld)) != NULL)
		key = key_from("RSA", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return key;
}

static EVP_PKEY *
p256_key(const struct jwk *k)
{
	char group[] = "P-256";
	uint8_t point[1 + 2 * P256_N] = { 4 };
	OSSL_PARAM params[3];

	if (k->a_n != P256_N || k->b_n != P256_N)
		return NULL;
	memcpy(point + 1, k->a, P256_N);
	memcpy(point + 1 + P256_N, k->b, P256_N);
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
	params[2] = OSSL_PARAM_construct_end();
	return key_from("EC", params);
}

static EVP_PKEY *
key_of(const struct jwk *k)
{
	switch (k->kind) {
	case JWK_RSA:
		return rsa_key(k);
	case JWK_P256:
		return p256_key(k);
	case JWK_ED25519:
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		    k->a, k->a_n);
	}
	return NULL;
}

/* RFC 7518 §3.4: raw r||s, exactly 64 bytes, to the DER that OpenSSL reads.
 * Bytes written, or 0. */
static size_t
der_of(uint8_t *out, size_t size, const uint8_t *sig, size_t n)
{
	ECDSA_SIG *s = NULL;
	BIGNUM *r, *t;
	int len = 0;

	if (n != (size_t)2 * P256_N)
		return 0;
	s = ECDSA_SIG_new();
	r = BN_bin2bn(sig, P256_N, NULL);
	t = BN_bin2bn(sig + P256_N, P256_N, NULL);
	if (s == NULL || r == NULL || t == NULL ||
	    ECDSA_SIG_set0(s, r, t) != 1)
		crypto_fatal("ECDSA signature: out of memory");
	if (i2d_ECDSA_SIG(s, NULL) <= (int)size)
		len = i2d_ECDSA_SIG(s, &out);
	ECDSA_SIG_free(s);
	return len > 0 ? (size_t)len : 0;
}

static bool
check(EVP_MD_CTX *c, EVP_PKEY *key, enum jwk_alg alg, const void *p,
    size_t n, const uint8_t *sig, size_t sig_n)
{
	const EVP_MD *md = alg == JWK_EDDSA ? NULL : EVP_sha256();
	EVP_PKEY_CTX *pc = NULL;
	uint8_t der[80];

	if (EVP_DigestVerifyInit(c, &pc, md, NULL, key) != 1)
		return false;
	if (alg == JWK_PS256 && (EVP_PKEY_CTX_set_rsa_padding(pc,
	    RSA_PKCS1_PSS_PADDING) != 1 || EVP_PKEY_CTX_set_rsa_pss_saltlen(
	    pc, RSA_PSS_SALTLEN_DIGEST) != 1))
		return false;
	if (alg == JWK_ES256) {
		if ((sig_n = der_of(der, sizeof(der), sig, sig_n)) == 0)
			return false;
		sig = der;
	}
	return EVP_DigestVerify(c, sig, sig_n, p, n) == 1;
}

bool
jwk_signature_is(const struct jwk *k, enum jwk_alg alg, const void *p,
    size_t n, const uint8_t *sig, size_t sig_n)
{
	EVP_PKEY *key = key_of(k);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = key != NULL && c != NULL &&
	    check(c, key, alg, p, n, sig, sig_n);

	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	return ok;
}

void
sha512(uint8_t out[64], const void *p, size_t n)
{
	if (EVP_Digest(p, n, out, NULL, EVP_sha512(), NULL) != 1)
		crypto_fatal("SHA-512");
}
