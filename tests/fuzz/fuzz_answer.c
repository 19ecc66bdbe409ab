/* What providers answer: no answer makes a judge crash, and none of the two
 * that spend money is taken for success without its sign. */
#include "base/conf.h"
#include "base/crypto.h"
#include "channel/channel.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Of several in one request, and of what is said of them later. */
static void
many(const struct provider *p, const struct out_request *out,
    const struct in_answer *in)
{
	static const struct message m[3] = {
		{ .type = "order", .to = "ExpoPushToken[a]" },
		{ .type = "order", .to = "ExpoPushToken[b]" },
		{ .type = "order", .to = "ExpoPushToken[a]" } };
	static const struct receipt_asked ask[3] = { { .id = "A" },
		{ .id = "B", .resent = 1 }, { .id = "A" } };
	const struct message *at[3] = { &m[0], &m[1], &m[2] };
	struct verdict v[3];
	unsigned again[3];
	struct many_verdicts all = { .v = v, .again = again };

	for (size_t n = 1; p->judge_many != NULL && n <= 3; n++) {
		p->judge_many(at, n, out, in, &all);
		for (size_t i = 0; i < n; i++)
			if (v[i].outcome == OUTCOME_OK &&
			    (!in->complete || again[i] != 0))
				__builtin_trap();
	}
	for (size_t n = 1; p->receipts != NULL && n <= 3; n++) {
		p->receipts->judge(ask, n, in, &all);
		for (size_t i = 0; i < n; i++)
			if (v[i].outcome == OUTCOME_OK &&
			    all.whole.outcome != OUTCOME_OK)
				__builtin_trap();
	}
}

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
		many(providers[i], &out, &in);
	}
	arena_free(a);
	return 0;
}
