/*
 * whatsapp_judge.c - what WhatsApp's answers mean (PROVIDERS.md 4.3).  Of an
 * answer only numbers and ids of theirs are kept (D24).
 */
#include "channel/providers/providers.h"
#include "channel/providers/whatsapp.h"

#include "base/json.h"
#include "base/text.h"

#define TRIES_UNKNOWN	2		/* of code 1, "try again", then no more */
#define PAIR_GROWTH_MAX	6		/* 4^6 s: more than an hour */

/* error.code, section 4.3; wait_s: at least so long. */
static const struct row { int first, last; enum outcome outcome; long wait_s; }
    code_rows[] = {
	{ 0, 0, OUTCOME_CONFIG, 0 }, { 1, 1, OUTCOME_RETRY, 0 },
	{ 2, 2, OUTCOME_RETRY, 0 }, { 3, 3, OUTCOME_CONFIG, 0 },
	{ 4, 4, OUTCOME_SLOW, 60 }, { 10, 10, OUTCOME_CONFIG, 0 },
	{ 33, 33, OUTCOME_CONFIG, 0 }, { 100, 100, OUTCOME_PERM, 0 },
	{ 190, 190, OUTCOME_CONFIG, 0 }, { 200, 299, OUTCOME_CONFIG, 0 },
	{ 368, 368, OUTCOME_CONFIG, 0 }, { 80007, 80007, OUTCOME_SLOW, 60 },
	{ 130429, 130429, OUTCOME_SLOW, 1 },
	{ 130472, 130472, OUTCOME_PERM, 0 },
	{ 130497, 130497, OUTCOME_PERM, 0 },
	{ 131000, 131000, OUTCOME_RETRY, 0 },
	{ 131005, 131005, OUTCOME_CONFIG, 0 },
	{ 131008, 131009, OUTCOME_PERM, 0 },
	{ 131016, 131016, OUTCOME_RETRY, 0 },
	{ 131021, 131021, OUTCOME_PERM, 0 },
	{ 131026, 131026, OUTCOME_DROP, 0 },
	{ 131030, 131031, OUTCOME_CONFIG, 0 },
	{ 131037, 131037, OUTCOME_CONFIG, 0 },
	{ 131042, 131042, OUTCOME_CONFIG, 0 },
	{ 131045, 131045, OUTCOME_CONFIG, 0 },
	{ 131047, 131047, OUTCOME_PERM, 0 },
	{ 131048, 131048, OUTCOME_SLOW, 3600 },
	{ 131049, 131049, OUTCOME_PERM, 0 },
	{ 131050, 131050, OUTCOME_DROP, 0 },
	{ 131051, 131053, OUTCOME_PERM, 0 },
	{ 131055, 131055, OUTCOME_CONFIG, 0 },
	{ 131056, 131056, OUTCOME_RETRY, WHATSAPP_PAIR_S },
	{ 131057, 131057, OUTCOME_RETRY, 60 },
	{ 131063, 131064, OUTCOME_CONFIG, 0 },
	{ 132000, 132001, OUTCOME_CONFIG, 0 },
	{ 132005, 132005, OUTCOME_PERM, 0 },
	{ 132007, 132007, OUTCOME_CONFIG, 0 },
	{ 132012, 132012, OUTCOME_PERM, 0 },
	{ 132015, 132016, OUTCOME_CONFIG, 0 },
	{ 132018, 132018, OUTCOME_PERM, 0 },
	{ 132068, 132068, OUTCOME_CONFIG, 0 },
	{ 132069, 132069, OUTCOME_SLOW, 60 },
	{ 133004, 133004, OUTCOME_RETRY, 0 },
	{ 133000, 133016, OUTCOME_CONFIG, 0 },
	{ 134011, 134011, OUTCOME_CONFIG, 0 },
	{ 134100, 134100, OUTCOME_CONFIG, 0 },
	{ 134101, 134101, OUTCOME_RETRY, 600 },
	{ 134102, 134102, OUTCOME_CONFIG, 0 },
	{ 135000, 135000, OUTCOME_PERM, 0 },
	{ 2494100, 2494100, OUTCOME_RETRY, 60 },
};

/* Whoever may send may name a template that is not there, or write to a number
 * that a test account does not know: that stops nobody else. */
static bool
single(int64_t code)
{
	static const int codes[] = { 131030, 132000, 132001, 132007, 132015,
		132016, 132068 };

	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static const struct row *
row_of(int64_t code)
{
	for (size_t i = 0; i < COUNT_OF(code_rows); i++)
		if (code >= code_rows[i].first && code <= code_rows[i].last)
			return &code_rows[i];
	return NULL;
}

static int64_t
int_of(const struct json *j, const char *name)
{
	int64_t n;

	return json_int(json_get(j, name), &n) ? n : 0;
}

/* Theirs, of known letters: it may stand in the log as it is. */
static const char *
word_of(const struct json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	return s != NULL && strlen(s) <= 60 && strspn(s,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_-") == strlen(s) ? s : "";
}

static long
pair_wait(unsigned try)
{
	unsigned n = try + 1 < PAIR_GROWTH_MAX ? try + 1 : PAIR_GROWTH_MAX;
	long s = 1;

	while (n-- > 0)
		s *= 4;
	return s < WHATSAPP_PAIR_S ? WHATSAPP_PAIR_S : s;
}

static void
judge_error(const struct message *m, const struct json *error,
    struct verdict *v)
{
	int64_t code = int_of(error, "code");
	int64_t sub = int_of(error, "error_subcode");
	const struct row *r = row_of(code);
	/* What we do not know of is nobody's fault but this message's. */
	enum outcome o = r == NULL ? OUTCOME_PERM : r->outcome;

	snprintf(v->log, sizeof(v->log), "\"code\":%" PRId64
	    ",\"subcode\":%" PRId64 ",\"fbtrace_id\":\"%s\"", code, sub,
	    word_of(error, "fbtrace_id"));
	if (code == 100 && sub == 33)
		o = OUTCOME_CONFIG;
	if (code == 1 && m->try >= TRIES_UNKNOWN)
		o = OUTCOME_PERM;
	if (r != NULL && v->wait_s < r->wait_s)
		v->wait_s = r->wait_s;
	if (code == 131056 && v->wait_s < pair_wait(m->try))
		v->wait_s = pair_wait(m->try);
	v->single = single(code);
	/* Another number of ours may have heard from them since. */
	v->closed = v->elsewhere = code == 131047;
	(void)text_copy(v->sender, sizeof(v->sender), account_str(m->account,
	    CONF_WHATSAPP_NUMBER));
	verdict_set(v, o, "whatsapp_%" PRId64, code);
}

/* Not their document: the HTTP status is all there is. */
static void
judge_unreadable(const struct in_answer *in, struct verdict *v)
{
	if (in->status >= 500 || in->status < 400)
		verdict_set(v, in->body_sent ? OUTCOME_UNSURE : OUTCOME_RETRY,
		    "whatsapp_unreadable");
	else
		verdict_set(v, in->status == 429 ? OUTCOME_SLOW :
		    in->status == 401 || in->status == 403 ? OUTCOME_CONFIG :
		    in->status == 408 ? OUTCOME_RETRY : OUTCOME_PERM,
		    "whatsapp_http_%ld", in->status);
}

static void
judge_document(const struct message *m, const struct in_answer *in,
    const struct json *doc, struct verdict *v)
{
	const struct json *first = json_at(json_get(doc, "messages"), 0);
	const char *id = json_str(json_get(first, "id"));
	const struct json *error = json_get(doc, "error");

	if (error == NULL)
		error = json_at(json_get(doc, "errors"), 0);
	/* 200 with an error has been seen: an id decides (section 4.3). */
	if (in->status >= 200 && in->status < 300 && id != NULL &&
	    *id != '\0') {
		(void)text_copy(v->provider_id, sizeof(v->provider_id), id);
		snprintf(v->log, sizeof(v->log), "\"message_status\":\"%s\"",
		    word_of(first, "message_status"));
		verdict_set(v, OUTCOME_OK, "accepted");
	} else if (json_type(error) == JSON_OBJECT &&
	    json_has(error, "code")) {
		judge_error(m, error, v);
	} else {
		judge_unreadable(in, v);
	}
}

void
whatsapp_judge(const struct message *m, const struct out_request *req,
    const struct in_answer *in, struct verdict *v)
{
	struct err e = ERR_INIT;
	struct json *doc = NULL;

	v->wait_s = in->retry_after_s;
	if (verdict_of_silence(v, in, req->repeat_ok))
		return;
	if (json_parse(in->body, in->body_len, JSON_PLAIN, 0, &doc, &e) < 0)
		judge_unreadable(in, v);
	else
		judge_document(m, in, doc, v);
	json_free(doc);
}
