/* What providers answer: no answer makes a judge crash, and none of the two
 * that spend money is taken for success without its sign. */
#include "base/conf.h"
#include "base/crypto.h"
#include "channel/channel.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool ready;
	struct err e = ERR_INIT;
	struct message m = { .type = "code", .to = "+989121234567" };
	struct out_request out = { .repeat_ok = false };
	struct in_answer in = { .complete = true, .body_sent = true };
	struct verdict v;
	struct arena *a;

	if (!ready && conf_load(NULL, &e) == 0)
		ready = true;
	if (n < 4)
		return 0;
	a = arena_new((size_t)1024 * 1024);
	in.status = (long)(p[0] << 8 | p[1]) % 600;
	in.complete = p[2] & 1;
	in.body_sent = p[2] & 2;
	in.error = (p[2] >> 2) % 11;
	in.body = arena_strndup(a, (const char *)p + 4, n - 4);
	in.body_len = strlen(in.body);
	in.header_location = p[3] & 1 ? in.body : NULL;
	for (size_t i = 0; providers[i] != NULL; i++) {
		memset(&v, 0, sizeof(v));
		providers[i]->judge(&m, &out, &in, &v);
		if (v.outcome == OUTCOME_OK && !in.complete)
			__builtin_trap();
		(void)outcome_word(v.outcome);
	}
	arena_free(a);
	return 0;
}
