/* Web Push keys and messages: what parses encrypts. */
#include "base/crypto.h"
#include "channel/providers/webpush_crypt.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t out[WEBPUSH_BODY_MAX];
	char p256dh[128] = "", auth[64] = "";
	struct err e = ERR_INIT;
	struct webpush_to to;
	size_t k = n > 100 ? 100 : n, out_n = 0;

	crypto_init();
	memcpy(p256dh, p, k);
	memcpy(auth, p + k, n - k > 60 ? 60 : n - k);
	if (webpush_to_parse(&to, p256dh, auth, &e) == 0 &&
	    webpush_encrypt(out, &out_n, &to, p, n, &e) == 0 &&
	    out_n > sizeof(out))
		__builtin_trap();
	return 0;
}
