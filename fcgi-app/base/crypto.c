/*
 * crypto.c - digests, HMAC and HKDF, and the start of the other two files.
 *
 * Algorithms are fetched once: a fetch by name costs more than the digest of
 * a short message.  The HMAC template is never used itself, only copied, so
 * any thread may call anything here at any time.
 */
#include "base/crypto.h"
#include "base/crypto_own.h"
#include "base/log.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <pthread.h>

static EVP_MD *md_sha256, *md_sha1;
static EVP_MAC_CTX *hmac_template;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void
crypto_fatal(const char *what)
{
	char why[120];

	ERR_error_string_n(ERR_peek_last_error(), why, sizeof(why));
	fatal("openssl: %s: %s", what, why);
}

static void
init(void)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
		    digest, 0),
		OSSL_PARAM_construct_end()
	};
	EVP_MAC *mac;

	md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	md_sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (md_sha256 == NULL || md_sha1 == NULL || mac == NULL)
		crypto_fatal("fetch of SHA or HMAC");
	hmac_template = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);		/* the context keeps its reference */
	if (hmac_template == NULL ||
	    EVP_MAC_CTX_set_params(hmac_template, params) != 1)
		crypto_fatal("HMAC template");
	crypto_seal_init();
	crypto_p256_init();
}

void
crypto_init(void)
{
	if (pthread_once(&once, init) != 0)
		fatal("crypto_init: pthread_once");
}

bool
secret_equal(const void *a, size_t an, const void *b, size_t bn)
{
	if (an != bn)
		return false;
	return an == 0 || CRYPTO_memcmp(a, b, an) == 0;
}

void
secret_wipe(void *p, size_t n)
{
	if (p != NULL && n > 0)
		OPENSSL_cleanse(p, n);
}

void
sha256(uint8_t out[32], const void *p, size_t n)
{
	crypto_init();
	if (EVP_Digest(p, n, out, NULL, md_sha256, NULL) != 1)
		crypto_fatal("SHA-256");
}

void
sha1(uint8_t out[20], const void *p, size_t n)
{
	crypto_init();
	if (EVP_Digest(p, n, out, NULL, md_sha1, NULL) != 1)
		crypto_fatal("SHA-1");
}

static EVP_MAC_CTX *
mac_new(void)
{
	EVP_MAC_CTX *c;

	crypto_init();
	if ((c = EVP_MAC_CTX_dup(hmac_template)) == NULL)
		crypto_fatal("HMAC context");
	return c;
}

/* A whole HMAC on a context that may have been used before. */
static void
mac_run(EVP_MAC_CTX *c, uint8_t out[32], const void *key, size_t key_n,
    const struct crypto_part *part, size_t parts)
{
	size_t i, n = 0;

	/* A NULL key would mean "the key of last time" to OpenSSL. */
	if (EVP_MAC_init(c, key_n > 0 ? key : (const void *)"", key_n,
	    NULL) != 1)
		crypto_fatal("HMAC init");
	for (i = 0; i < parts; i++)
		if (part[i].n > 0 &&
		    EVP_MAC_update(c, part[i].p, part[i].n) != 1)
			crypto_fatal("HMAC update");
	if (EVP_MAC_final(c, out, &n, 32) != 1 || n != 32)
		crypto_fatal("HMAC final");
}

void
hmac_sha256_parts(uint8_t out[32], const void *key, size_t key_n,
    const struct crypto_part *part, size_t parts)
{
	EVP_MAC_CTX *c = mac_new();

	mac_run(c, out, key, key_n, part, parts);
	EVP_MAC_CTX_free(c);
}

void
hmac_sha256(uint8_t out[32], const void *key, size_t key_n, const void *p,
    size_t n)
{
	const struct crypto_part part = { p, n };

	hmac_sha256_parts(out, key, key_n, &part, 1);
}

size_t
hmac_any(enum crypto_hash h, uint8_t out[CRYPTO_MAC_MAX], const void *key,
    size_t key_n, const void *p, size_t n)
{
	static const char *const name[] = { [CRYPTO_SHA1] = "SHA1",
	    [CRYPTO_SHA256] = "SHA256", [CRYPTO_SHA512] = "SHA512" };
	size_t len = 0;

	crypto_init();
	if (EVP_Q_mac(NULL, "HMAC", NULL, name[h], NULL, key, key_n, p, n,
	    out, CRYPTO_MAC_MAX, &len) == NULL)
		crypto_fatal("HMAC");
	return len;
}

void
hkdf_sha256(void *out, size_t out_n, const void *salt, size_t salt_n,
    const void *ikm, size_t ikm_n, const void *info, size_t info_n)
{
	const struct crypto_part whole = { ikm, ikm_n };
	uint8_t prk[32], t[32], count = 0, *to = out;
	struct crypto_part part[3];
	EVP_MAC_CTX *c;
	size_t take;

	if (out_n > 255 * 32)
		fatal("hkdf_sha256: %zu bytes asked for", out_n);
	c = mac_new();
	mac_run(c, prk, salt, salt_n, &whole, 1);
	while (out_n > 0) {
		part[0] = (struct crypto_part){ t, count == 0 ? 0 : 32 };
		count++;
		part[1] = (struct crypto_part){ info, info_n };
		part[2] = (struct crypto_part){ &count, 1 };
		mac_run(c, t, prk, sizeof(prk), part, COUNT_OF(part));
		take = out_n < sizeof(t) ? out_n : sizeof(t);
		memcpy(to, t, take);
		to += take;
		out_n -= take;
	}
	EVP_MAC_CTX_free(c);
	secret_wipe(prk, sizeof(prk));
	secret_wipe(t, sizeof(t));
}
