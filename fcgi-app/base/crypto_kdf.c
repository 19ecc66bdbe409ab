/*
 * crypto_kdf.c - PBKDF2 and scrypt, for hashes that others made.
 */
#include "base/crypto.h"
#include "base/crypto_own.h"

#include <openssl/err.h>
#include <openssl/evp.h>

void
kdf_pbkdf2(uint8_t *out, size_t out_n, enum kdf_digest digest,
    const char *password, const void *salt, size_t salt_n, unsigned rounds)
{
	const EVP_MD *md = digest == KDF_SHA1 ? EVP_sha1() : EVP_sha256();

	crypto_init();
	if (PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt,
	    (int)salt_n, (int)rounds, md, (int)out_n, out) != 1)
		crypto_fatal("PBKDF2");
}

int
kdf_scrypt(uint8_t *out, size_t out_n, const char *password,
    const void *salt, size_t salt_n, uint64_t n, uint32_t r, uint32_t p)
{
	/* What it needs, and a little for its own book-keeping. */
	uint64_t need = 128 * (uint64_t)r * (n + p + 2) + 65536;

	crypto_init();
	if (EVP_PBE_scrypt(password, strlen(password), salt, salt_n, n, r, p,
	    need, out, out_n) == 1)
		return 0;
	ERR_clear_error();
	return -1;
}
