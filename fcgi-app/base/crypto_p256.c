/*
 * crypto_p256.c - the curve of Web Push: ECDH for RFC 8291, ECDSA for VAPID.
 *
 * OpenSSL's low-level EC calls on purpose, though 3.0 calls them deprecated.
 * Measured on the machine this was written on, µs a call:
 *
 *	                     EC_KEY   EVP, context kept   EVP as documented
 *	fresh key pair          9             12                 25
 *	derive                 46             48                 95
 *
 * EVP's 95 is a multiplication by the group's order to validate the peer's
 * point.  The cofactor of P-256 is 1, so being on the curve is the whole
 * validation (NIST SP 800-56A §5.6.2.3.4), and EC_POINT_oct2point checks
 * that for 0.7 µs; here it is never skipped.  EVP would besides need the
 * point wrapped in a key object for each message.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/crypto.h"
#include "base/crypto_own.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define POINT_N		65
#define UNCOMPRESSED	4		/* first byte: SEC 1 §2.3.3 */

struct p256_key {
	EC_KEY	*ec;
	uint8_t	 point[POINT_N];
};

static EC_GROUP *group;			/* never changed after init */

void
crypto_p256_init(void)
{
	group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	if (group == NULL)
		crypto_fatal("P-256");
}

static EC_KEY *
key_empty(void)
{
	EC_KEY *ec;

	crypto_init();
	if ((ec = EC_KEY_new()) == NULL || EC_KEY_set_group(ec, group) != 1)
		crypto_fatal("P-256 key");
	return ec;
}

/* Takes a complete EC_KEY over. */
static struct p256_key *
key_wrap(EC_KEY *ec)
{
	struct p256_key *k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		crypto_fatal("P-256 key: out of memory");
	k->ec = ec;
	if (EC_POINT_point2oct(group, EC_KEY_get0_public_key(ec),
	    POINT_CONVERSION_UNCOMPRESSED, k->point, POINT_N, NULL) != POINT_N)
		crypto_fatal("P-256 public key");
	return k;
}

struct p256_key *
p256_new(void)
{
	EC_KEY *ec = key_empty();

	if (EC_KEY_generate_key(ec) != 1)
		crypto_fatal("P-256 key generation");
	return key_wrap(ec);
}

struct p256_key *
p256_from_raw(const uint8_t d[32])
{
	EC_KEY *ec = key_empty();
	EC_POINT *pub = EC_POINT_new(group);
	BIGNUM *bn = BN_secure_new();

	if (pub == NULL || bn == NULL || BN_bin2bn(d, 32, bn) == NULL)
		crypto_fatal("P-256 private key");
	BN_set_flags(bn, BN_FLG_CONSTTIME);
	if (BN_is_zero(bn) ||
	    BN_cmp(bn, EC_GROUP_get0_order(group)) >= 0) {
		EC_KEY_free(ec);
		ec = NULL;
	} else if (EC_POINT_mul(group, pub, bn, NULL, NULL, NULL) != 1 ||
	    EC_KEY_set_private_key(ec, bn) != 1 ||
	    EC_KEY_set_public_key(ec, pub) != 1)
		crypto_fatal("P-256 private key");
	EC_POINT_free(pub);
	BN_clear_free(bn);
	return ec == NULL ? NULL : key_wrap(ec);
}

/* DER of SEC 1 or PKCS#8; NULL when not a P-256 private key, or when the
 * public key written beside it is another's. */
static struct p256_key *
key_from_der(const unsigned char *der, long n)
{
	struct p256_key *k = NULL;
	EVP_PKEY *pkey;
	BIGNUM *bn = NULL;
	uint8_t d[32], point[POINT_N];
	char name[40];
	size_t len;

	pkey = d2i_AutoPrivateKey(NULL, &der, n);
	if (pkey == NULL || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC ||
	    EVP_PKEY_get_group_name(pkey, name, sizeof(name), &len) != 1 ||
	    strcmp(name, SN_X9_62_prime256v1) != 0 ||
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &bn) != 1 ||
	    BN_bn2binpad(bn, d, sizeof(d)) != (int)sizeof(d))
		goto out;
	k = p256_from_raw(d);
	if (k != NULL && EVP_PKEY_get_octet_string_param(pkey,
	    OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) == 1 &&
	    len == POINT_N && memcmp(point, k->point, POINT_N) != 0) {
		p256_free(k);
		k = NULL;
	}
out:
	secret_wipe(d, sizeof(d));
	BN_clear_free(bn);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return k;
}

struct p256_key *
p256_from_pem(const char *pem, size_t n)
{
	struct p256_key *k = NULL;
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	bool found = false;
	BIO *in;
	long len;

	crypto_init();
	if (n == 0 || n > 64 * 1024)
		return NULL;
	if ((in = BIO_new_mem_buf(pem, (int)n)) == NULL)
		crypto_fatal("PEM buffer");
	/* `openssl ecparam -genkey` writes EC PARAMETERS first: skip it. */
	while (!found &&
	    PEM_read_bio(in, &name, &header, &der, &len) == 1) {
		if (strcmp(name, PEM_STRING_ECPRIVATEKEY) == 0 ||
		    strcmp(name, PEM_STRING_PKCS8INF) == 0) {
			found = true;
			if (header[0] == '\0')	/* else: encrypted */
				k = key_from_der(der, len);
		}
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)len);
	}
	BIO_free(in);
	ERR_clear_error();
	return k;
}

void
p256_pem(const struct p256_key *k, char pem[P256_PEM_MAX])
{
	BIO *out = BIO_new(BIO_s_secmem());
	int n;

	if (out == NULL || PEM_write_bio_ECPrivateKey(out, k->ec, NULL, NULL,
	    0, NULL, NULL) != 1 ||
	    (n = BIO_read(out, pem, P256_PEM_MAX - 1)) <= 0 ||
	    BIO_pending(out) != 0)
		crypto_fatal("PEM of a P-256 key");
	pem[n] = '\0';
	BIO_free(out);
}

void
p256_free(struct p256_key *k)
{
	if (k == NULL)
		return;
	EC_KEY_free(k->ec);		/* wipes the private number */
	free(k);
}

void
p256_public(const struct p256_key *k, uint8_t point[65])
{
	memcpy(point, k->point, POINT_N);
}

void
p256_private(const struct p256_key *k, uint8_t d[32])
{
	if (BN_bn2binpad(EC_KEY_get0_private_key(k->ec), d, 32) != 32)
		crypto_fatal("P-256 private key");
}

/* NULL when it is no point; the hybrid forms 6 and 7 are refused too. */
static EC_POINT *
point_parse(const uint8_t in[65])
{
	EC_POINT *p;

	crypto_init();
	if (in[0] != UNCOMPRESSED)
		return NULL;
	if ((p = EC_POINT_new(group)) == NULL)
		crypto_fatal("P-256 point");
	if (EC_POINT_oct2point(group, p, in, POINT_N, NULL) != 1 ||
	    EC_POINT_is_at_infinity(group, p)) {
		EC_POINT_free(p);
		ERR_clear_error();
		return NULL;
	}
	return p;
}

bool
p256_point_valid(const uint8_t point[65])
{
	EC_POINT *p = point_parse(point);
	bool valid = p != NULL;

	EC_POINT_free(p);
	return valid;
}

int
p256_derive(uint8_t out[32], const struct p256_key *k, const uint8_t peer[65])
{
	EC_POINT *p;
	int n;

	if ((p = point_parse(peer)) == NULL)
		return -1;
	n = ECDH_compute_key(out, 32, p, k->ec, NULL);
	EC_POINT_free(p);
	if (n == 32)
		return 0;
	ERR_clear_error();
	return -1;
}

void
p256_sign(const struct p256_key *k, uint8_t sig[64], const void *p, size_t n)
{
	const BIGNUM *r, *s;
	uint8_t digest[32];
	ECDSA_SIG *made;

	sha256(digest, p, n);
	if ((made = ECDSA_do_sign(digest, sizeof(digest), k->ec)) == NULL)
		crypto_fatal("ECDSA sign");
	ECDSA_SIG_get0(made, &r, &s);
	if (BN_bn2binpad(r, sig, 32) != 32 ||
	    BN_bn2binpad(s, sig + 32, 32) != 32)
		crypto_fatal("ECDSA signature");
	ECDSA_SIG_free(made);
}

bool
p256_verify(const uint8_t point[65], const uint8_t sig[64], const void *p,
    size_t n)
{
	uint8_t digest[32];
	ECDSA_SIG *given;
	BIGNUM *r, *s;
	EC_POINT *pub;
	EC_KEY *ec;
	bool ok;

	if ((pub = point_parse(point)) == NULL)
		return false;
	ec = key_empty();
	r = BN_bin2bn(sig, 32, NULL);
	s = BN_bin2bn(sig + 32, 32, NULL);
	if ((given = ECDSA_SIG_new()) == NULL || r == NULL || s == NULL ||
	    ECDSA_SIG_set0(given, r, s) != 1 ||
	    EC_KEY_set_public_key(ec, pub) != 1)
		crypto_fatal("ECDSA verify");
	sha256(digest, p, n);
	ok = ECDSA_do_verify(digest, sizeof(digest), given, ec) == 1;
	ERR_clear_error();
	ECDSA_SIG_free(given);		/* frees r and s */
	EC_POINT_free(pub);
	EC_KEY_free(ec);
	return ok;
}
