/*
 * expo_receipt.c - what became of tickets (PROVIDERS.md 3.3): matched by id,
 * and by nothing else.
 *
 * "ok" says that Apple's or Google's service took it.
 */
#include "channel/providers/expo_own.h"

#include "base/text.h"

#define IDS_MAX		300		/* an answer of 64 KiB holds them */
#define LIFE_S		(24 * 60 * 60)
#define BODY_MAX	((size_t)64 * 1024)
#define RATE_WAIT_S	60u		/* doubles */
#define RATE_TIMES	5u
#define ERROR_WAIT_S	30

static int
ask(const struct account *acc, const struct receipt_asked *r, size_t n,
    struct arena *a, struct out_request *out, struct err *e)
{
	struct buf b;
	struct jw w;
	int rc;

	buf_init(&b, BODY_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_array(&w, "ids");
	for (size_t i = 0; i < n; i++)
		jw_str(&w, NULL, r[i].id);
	jw_end(&w);
	jw_end(&w);
	rc = expo_request(acc, a, "getReceipts", &b, out, e);
	out->repeat_ok = true;
	buf_fini(&b);
	return rc;
}

static void
judge_one(const struct receipt_asked *r, const struct json *j,
    struct verdict *v)
{
	const char *status = json_str(json_get(j, "status"));
	const struct expo_error *x = expo_error_of(j);

	if (status != NULL && strcmp(status, "ok") == 0) {
		verdict_set(v, OUTCOME_OK, "delivered");
		snprintf(v->log, sizeof(v->log), "\"receipt\":\"ok\"");
		return;
	}
	/* None yet; and what we cannot read is none. */
	if (status == NULL || strcmp(status, "error") != 0) {
		verdict_set(v, OUTCOME_UNSURE, "no_receipt");
		return;
	}
	verdict_set(v, x->outcome, "%s", x->code);
	snprintf(v->log, sizeof(v->log), "\"receipt\":\"error\","
	    "\"error\":\"%s\"", x->word);
	if (x->outcome != OUTCOME_RETRY)
		return;
	if (strcmp(x->word, "MessageRateExceeded") == 0) {
		v->wait_s = (long)RATE_WAIT_S << (r->resent < RATE_TIMES ?
		    r->resent : RATE_TIMES);
		if (r->resent >= RATE_TIMES)
			v->outcome = OUTCOME_PERM;
	} else {
		v->wait_s = ERROR_WAIT_S;
		if (r->resent > 0)
			v->outcome = OUTCOME_PERM;
	}
}

static void
judge(const struct receipt_asked *r, size_t n, const struct in_answer *in,
    struct many_verdicts *out)
{
	struct err e = ERR_INIT;
	struct json *doc = NULL;
	const struct json *data;
	const char *word;

	if (verdicts_of_silence(out, n, in, true))
		return;
	if (json_parse(in->body, in->body_len, JSON_PLAIN, 0, &doc, &e) < 0)
		doc = NULL;
	data = json_get(doc, "data");
	if (expo_refused(in, doc, &out->whole, &word)) {
		out->again[0] = out->whole.outcome == OUTCOME_PERM;
	} else if (json_type(data) != JSON_OBJECT) {
		/* Cut off, perhaps: fewer fit. */
		verdict_set(&out->whole, OUTCOME_RETRY, "expo_unreadable");
		out->again[0] = 1;
	} else {
		verdict_set(&out->whole, OUTCOME_OK, "answered");
		for (size_t i = 0; i < n; i++)
			judge_one(&r[i], json_get(data, r[i].id), &out->v[i]);
	}
	json_free(doc);
}

const struct receipts expo_receipts = {
	.ids_max = IDS_MAX,
	.life_s = LIFE_S,
	.ask = ask,
	.judge = judge,
};
