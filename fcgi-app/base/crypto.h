/*
 * crypto.h - the OpenSSL primitives we use, fetched once (crypto_init).
 *
 * All functions that take fixed-size arrays write exactly that many bytes.
 * A failure inside OpenSSL (never caused by input, except where stated) ends
 * the process.
 */
#ifndef GP_BASE_CRYPTO_H
#define GP_BASE_CRYPTO_H

#include "base/err.h"

/* Fetch algorithms; call once in main before fork.  Idempotent. */
void	 crypto_init(void);

/* Constant time.  Lengths are public; different lengths are not equal. */
bool	 secret_equal(const void *a, size_t an, const void *b, size_t bn);
void	 secret_wipe(void *p, size_t n);

void	 sha256(uint8_t out[32], const void *p, size_t n);
void	 sha1(uint8_t out[20], const void *p, size_t n);
void	 hmac_sha256(uint8_t out[32], const void *key, size_t key_n,
	    const void *p, size_t n);
/* HMAC over several parts without joining them. */
struct crypto_part { const void *p; size_t n; };
void	 hmac_sha256_parts(uint8_t out[32], const void *key, size_t key_n,
	    const struct crypto_part *part, size_t parts);
/* HMAC of another hash, for one-time passwords; bytes written. */
enum crypto_hash { CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA512 };
#define CRYPTO_MAC_MAX	64
size_t	 hmac_any(enum crypto_hash h, uint8_t out[CRYPTO_MAC_MAX],
	    const void *key, size_t key_n, const void *p, size_t n);
/* RFC 5869, one call: extract and expand; out_n ≤ 8160. */
void	 hkdf_sha256(void *out, size_t out_n, const void *salt, size_t salt_n,
	    const void *ikm, size_t ikm_n, const void *info, size_t info_n);

/* PBKDF2-HMAC (RFC 8018) and scrypt (RFC 7914), for hashes brought along.
 * The caller bounds the cost; scrypt needs 128 × n × r bytes and is -1 when
 * there is no such memory, or n is no power of two. */
enum kdf_digest { KDF_SHA1, KDF_SHA256 };
void	 kdf_pbkdf2(uint8_t *out, size_t out_n, enum kdf_digest digest,
	    const char *password, const void *salt, size_t salt_n,
	    unsigned rounds);
int	 kdf_scrypt(uint8_t *out, size_t out_n, const char *password,
	    const void *salt, size_t salt_n, uint64_t n, uint32_t r,
	    uint32_t p) MUST_CHECK;

/*
 * Sealed secrets at rest (D24): AES-256-GCM, fresh 96-bit nonce,
 * out = version(1) | nonce(12) | ciphertext | tag(16).  `ad` binds the row
 * (table name and id), so that a blob moved to another row does not open.
 */
#define SEAL_EXTRA	29
void	 seal(uint8_t *out, const uint8_t key[32], const void *ad, size_t ad_n,
	    const void *p, size_t n);		/* writes n + SEAL_EXTRA */
/* 0 and n - SEAL_EXTRA bytes written, or -1: forged, truncated, wrong row. */
int	 seal_open(uint8_t *out, const uint8_t key[32], const void *ad,
	    size_t ad_n, const uint8_t *p, size_t n) MUST_CHECK;

/* AES-128-GCM for RFC 8188: writes n + 16 bytes. */
void	 aes128gcm_encrypt(uint8_t *out, const uint8_t key[16],
	    const uint8_t nonce[12], const void *p, size_t n);

/*
 * P-256.  Points are 65 bytes, uncompressed; private keys 32 bytes.
 */
struct p256_key;			/* a private key, heap */
struct p256_key *p256_new(void);	/* fresh */
/* From 32 raw bytes; NULL when out of range. */
struct p256_key *p256_from_raw(const uint8_t d[32]);
/* From PEM ("EC PRIVATE KEY", with or without "EC PARAMETERS", or PKCS#8);
 * NULL when it is not a P-256 private key. */
struct p256_key *p256_from_pem(const char *pem, size_t n);
/* The PEM ("EC PRIVATE KEY") that p256_from_pem reads; with its NUL. */
#define P256_PEM_MAX	512
void	 p256_pem(const struct p256_key *k, char pem[P256_PEM_MAX]);
void	 p256_free(struct p256_key *k);
void	 p256_public(const struct p256_key *k, uint8_t point[65]);
void	 p256_private(const struct p256_key *k, uint8_t d[32]);
/* Is it a point on the curve, uncompressed, not infinity? */
bool	 p256_point_valid(const uint8_t point[65]);
/* ECDH.  Checks that the peer's point is on the curve, which for P-256 is the
 * whole validation and costs 0.7 µs of 46.  0, or -1 when it is not. */
int	 p256_derive(uint8_t out[32], const struct p256_key *k,
	    const uint8_t peer[65]) MUST_CHECK;
/* ECDSA over SHA-256, signature as raw r||s (RFC 7518 §3.4). */
void	 p256_sign(const struct p256_key *k, uint8_t sig[64], const void *p,
	    size_t n);
bool	 p256_verify(const uint8_t point[65], const uint8_t sig[64],
	    const void *p, size_t n);

#endif
