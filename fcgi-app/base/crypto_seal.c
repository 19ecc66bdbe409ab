/*
 * crypto_seal.c - AES-GCM: secrets at rest (D24) and RFC 8188 records.
 *
 * Nonces of seal() are random: with 96 bits one key is good for 2^32 blobs
 * (NIST SP 800-38D §8.3), more codes than a site sends in a century at one a
 * second.  The version byte is authenticated with the row's name, so that a
 * later format cannot be passed off as this one.
 */
#include "base/crypto.h"
#include "base/crypto_own.h"
#include "base/rand.h"

#include <openssl/evp.h>

#include <limits.h>

#define SEAL_VERSION	1
#define NONCE_N		12
#define TAG_N		16

static EVP_CIPHER *aes256, *aes128;

void
crypto_seal_init(void)
{
	aes256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	aes128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	if (aes256 == NULL || aes128 == NULL)
		crypto_fatal("fetch of AES-GCM");
}

static EVP_CIPHER_CTX *
gcm_new(void)
{
	EVP_CIPHER_CTX *c;

	crypto_init();
	if ((c = EVP_CIPHER_CTX_new()) == NULL)
		crypto_fatal("AES-GCM context");
	return c;
}

static void
gcm_ad(EVP_CIPHER_CTX *c, const void *ad, size_t ad_n)
{
	int len;

	if (ad_n > INT_MAX || (ad_n > 0 &&
	    EVP_CipherUpdate(c, NULL, &len, ad, (int)ad_n) != 1))
		crypto_fatal("AES-GCM associated data");
}

/* n bytes of ciphertext and the tag to out, which may be p. */
static void
gcm_finish(EVP_CIPHER_CTX *c, uint8_t *out, const void *p, size_t n)
{
	int len = 0, rest = 0;

	if (n > INT_MAX ||
	    (n > 0 && EVP_EncryptUpdate(c, out, &len, p, (int)n) != 1) ||
	    EVP_EncryptFinal_ex(c, out + len, &rest) != 1 ||
	    (size_t)(len + rest) != n ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_N, out + n) != 1)
		crypto_fatal("AES-GCM encrypt");
}

void
seal(uint8_t *out, const uint8_t key[32], const void *ad, size_t ad_n,
    const void *p, size_t n)
{
	EVP_CIPHER_CTX *c = gcm_new();

	out[0] = SEAL_VERSION;
	rand_fill(out + 1, NONCE_N);
	if (EVP_EncryptInit_ex2(c, aes256, key, out + 1, NULL) != 1)
		crypto_fatal("AES-GCM init");
	gcm_ad(c, out, 1);
	gcm_ad(c, ad, ad_n);
	gcm_finish(c, out + 1 + NONCE_N, p, n);
	EVP_CIPHER_CTX_free(c);
}

int
seal_open(uint8_t *out, const uint8_t key[32], const void *ad, size_t ad_n,
    const uint8_t *p, size_t n)
{
	EVP_CIPHER_CTX *c;
	uint8_t tag[TAG_N];
	int len = 0, rc = -1;
	size_t plain;

	if (n < SEAL_EXTRA || n > INT_MAX || p[0] != SEAL_VERSION)
		return -1;
	plain = n - SEAL_EXTRA;
	memcpy(tag, p + n - TAG_N, TAG_N);
	c = gcm_new();
	if (EVP_DecryptInit_ex2(c, aes256, key, p + 1, NULL) != 1)
		crypto_fatal("AES-GCM init");
	gcm_ad(c, p, 1);
	gcm_ad(c, ad, ad_n);
	if ((plain > 0 && EVP_DecryptUpdate(c, out, &len, p + 1 + NONCE_N,
	    (int)plain) != 1) ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_N, tag) != 1)
		crypto_fatal("AES-GCM decrypt");
	if (EVP_DecryptFinal_ex(c, out + len, &len) == 1)
		rc = 0;
	else
		secret_wipe(out, plain);	/* unproved bytes never leave */
	EVP_CIPHER_CTX_free(c);
	return rc;
}

void
aes128gcm_encrypt(uint8_t *out, const uint8_t key[16],
    const uint8_t nonce[12], const void *p, size_t n)
{
	EVP_CIPHER_CTX *c = gcm_new();

	if (EVP_EncryptInit_ex2(c, aes128, key, nonce, NULL) != 1)
		crypto_fatal("AES-GCM init");
	gcm_finish(c, out, p, n);
	EVP_CIPHER_CTX_free(c);
}
