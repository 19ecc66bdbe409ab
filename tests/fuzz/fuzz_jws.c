/* Access tokens: nothing that the fuzzer makes has our signature. */
#include "base/crypto.h"
#include "base/jws.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct jws_key key = { .kid = "a1", .use_from_us = 1 };
	const struct jws_want want = { "at+jwt", "https://x", "https://x",
	    INT64_C(1700000000000000) };
	struct json *claims = NULL;
	struct err e = ERR_INIT;

	crypto_init();
	memset(key.key, 0x5a, sizeof(key.key));
	if (jws_verify((const char *)p, n, &key, 1, &want, &claims, &e) == 0)
		__builtin_trap();
	json_free(claims);
	return 0;
}
