/*
 * kavenegar_status.c - what became of SMS, asked for (PROVIDERS.md 1.5): for
 * lines whose callback is not set up, or was lost.  sms/status knows the
 * messages of 48 hours.
 */
#include "channel/providers/kavenegar.h"
#include "channel/providers/providers.h"

#include "base/buf.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/text.h"

#define IDS_MAX		200		/* an answer of 64 KiB holds them */
#define LIFE_S		(48 * 60 * 60)
#define BODY_MAX	((size_t)8 * 1024)
#define SLOW_WAIT_S	300

static int
ask(const struct account *acc, const struct receipt_asked *r, size_t n,
    struct arena *a, struct out_request *out, struct err *e)
{
	struct buf b;

	buf_init(&b, BODY_MAX);
	buf_str(&b, "messageid=");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i > 0 ? "%2C" : "",
		    url_encode(a, r[i].id));
	if (b.over) {
		buf_fini(&b);
		return err_set(e, ERR_INTERNAL, "too_long", "%zu ids", n);
	}
	kavenegar_request(acc, "sms/status", &b, a, out);
	out->repeat_ok = true;
	buf_fini(&b);
	return 0;
}

/* By id, never by place. */
static const struct json *
entry_of(const struct json *entries, const char *id)
{
	for (size_t i = 0; i < json_len(entries); i++) {
		const struct json *one = json_at(entries, i);
		char text[24];
		int64_t v;

		if (!json_int(json_get(one, "messageid"), &v))
			continue;
		snprintf(text, sizeof(text), "%" PRId64, v);
		if (strcmp(text, id) == 0)
			return one;
	}
	return NULL;
}

static void
judge_one(const struct json *entry, struct verdict *v)
{
	const char *state, *reason;
	int64_t status;

	verdict_set(v, OUTCOME_UNSURE, "no_receipt");
	if (!json_int(json_get(entry, "status"), &status) || status < 0 ||
	    status > 1000)
		return;
	state = kavenegar_state((int)status, &reason);
	if (state == NULL || strcmp(state, "sent") == 0)
		return;
	snprintf(v->log, sizeof(v->log), "\"status\":%" PRId64, status);
	if (strcmp(state, "delivered") == 0)
		verdict_set(v, OUTCOME_OK, "delivered");
	else
		verdict_set(v, OUTCOME_PERM, "%s", reason);
}

static void
judge(const struct receipt_asked *r, size_t n, const struct in_answer *in,
    struct many_verdicts *out)
{
	struct err e = ERR_INIT;
	struct json *doc = NULL;
	int64_t status = 0;

	if (verdicts_of_silence(out, n, in, true))
		return;
	if (json_parse(in->body, in->body_len, JSON_PLAIN, 0, &doc, &e) < 0 ||
	    !json_int(json_get(json_get(doc, "return"), "status"), &status)) {
		/* Cut off, perhaps: fewer fit. */
		verdict_set(&out->whole, OUTCOME_RETRY,
		    "kavenegar_unreadable");
		out->again[0] = in->status < 400;
	} else if (status != 200) {
		verdict_set(&out->whole, status == 429 || status == 451 ?
		    OUTCOME_SLOW : OUTCOME_RETRY, "kavenegar_%" PRId64,
		    status);
		if (out->whole.wait_s < SLOW_WAIT_S)
			out->whole.wait_s = SLOW_WAIT_S;
		out->again[0] = status == 414;
	} else {
		verdict_set(&out->whole, OUTCOME_OK, "answered");
		for (size_t i = 0; i < n; i++)
			judge_one(entry_of(json_get(doc, "entries"), r[i].id),
			    &out->v[i]);
	}
	json_free(doc);
}

const struct receipts kavenegar_receipts = {
	.ids_max = IDS_MAX,
	.life_s = LIFE_S,
	.ask = ask,
	.judge = judge,
};
