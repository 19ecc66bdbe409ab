/*
 * expo_judge.c - what Expo's tickets mean (PROVIDERS.md 3.2, 3.4).
 *
 * Of an answer only words of our own tables and ids are kept (D24): its
 * sentences echo the token.
 */
#include "channel/providers/expo_own.h"

#include "base/conf.h"
#include "base/text.h"

#define CONFIG_WAIT_S	60
#define ONCE		1u		/* tries after which RETRY is PERM */

static const struct expo_error errors[] = {
	{ "DeviceNotRegistered", "device_not_registered", OUTCOME_DROP },
	{ "MessageTooBig", "payload_too_large", OUTCOME_PERM },
	{ "MessageRateExceeded", "expo_rate_exceeded", OUTCOME_RETRY },
	{ "MismatchSenderId", "expo_mismatch_sender", OUTCOME_CONFIG },
	{ "InvalidCredentials", "expo_invalid_credentials", OUTCOME_CONFIG },
	{ "InvalidProviderToken", "expo_invalid_credentials",
	    OUTCOME_CONFIG },
	{ "DeveloperError", "expo_developer_error", OUTCOME_PERM },
	{ "ExpoError", "expo_error", OUTCOME_RETRY },
	{ "ProviderError", "expo_provider_error", OUTCOME_RETRY },
};
static const struct expo_error unknown_error = { "", "expo_refused",
    OUTCOME_PERM };

const struct expo_error *
expo_error_of(const struct json *ticket)
{
	const char *word = json_str(json_get(json_get(ticket, "details"),
	    "error"));

	for (size_t i = 0; word != NULL && i < COUNT_OF(errors); i++)
		if (strcmp(errors[i].word, word) == 0)
			return &errors[i];
	return &unknown_error;
}

const char *
expo_id(const struct json *ticket)
{
	const char *id = json_str(json_get(ticket, "id"));
	size_t n = id == NULL ? 0 : strlen(id);

	if (n == 0 || n > EXPO_ID_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!((id[i] >= '0' && id[i] <= '9') || id[i] == '-' ||
		    id[i] == '_' || (id[i] >= 'a' && id[i] <= 'z') ||
		    (id[i] >= 'A' && id[i] <= 'Z')))
			return NULL;
	return id;
}

/* --- the whole request ---------------------------------------------------- */

/* Words of errors[].code, and what they mean whatever the status is. */
static const struct { const char *word, *code; enum outcome outcome; }
refusals[] = {
	{ "TOO_MANY_REQUESTS", "expo_too_many_requests", OUTCOME_SLOW },
	{ "RATE_LIMIT_ERROR", "expo_too_many_requests", OUTCOME_SLOW },
	{ "UNAUTHORIZED", "expo_unauthorized", OUTCOME_CONFIG },
	{ "invalid_token", "expo_unauthorized", OUTCOME_CONFIG },
	{ "PUSH_TOO_MANY_EXPERIENCE_IDS", "expo_foreign_project",
	    OUTCOME_PERM },
	{ "PUSH_TOO_MANY_NOTIFICATIONS", "expo_too_many", OUTCOME_PERM },
	{ "PUSH_TOO_MANY_RECEIPTS", "expo_too_many", OUTCOME_PERM },
	{ "VALIDATION_ERROR", "expo_validation", OUTCOME_PERM },
};

static void
by_status(const struct in_answer *in, struct verdict *v)
{
	long s = in->status;

	if (s == 429)
		verdict_set(v, OUTCOME_SLOW, "expo_too_many_requests");
	else if (s == 401 || s == 403)
		verdict_set(v, OUTCOME_CONFIG, "expo_unauthorized");
	else if (s >= 500 || s == 408)
		verdict_set(v, OUTCOME_RETRY, "expo_http_%ld", s);
	else if (s == 400 || s == 413 || s == 422 || s < 300)
		verdict_set(v, OUTCOME_PERM, "expo_http_%ld", s);
	else
		/* Another service, or another address: nobody's fault. */
		verdict_set(v, OUTCOME_CONFIG, "expo_http_%ld", s);
}

bool
expo_refused(const struct in_answer *in, const struct json *doc,
    struct verdict *v, const char **word)
{
	const struct json *list = json_get(doc, "errors");
	const char *said = json_str(json_get(json_at(list, 0), "code"));
	size_t i;

	*word = "";
	if (in->status >= 200 && in->status < 300 && json_len(list) == 0)
		return false;
	if (said == NULL)
		said = json_str(json_get(doc, "error"));
	by_status(in, v);
	for (i = 0; said != NULL && i < COUNT_OF(refusals); i++)
		if (strcmp(refusals[i].word, said) == 0)
			break;
	/* A server in trouble is that, whatever it says. */
	if (said != NULL && i < COUNT_OF(refusals) && in->status < 500) {
		verdict_set(v, refusals[i].outcome, "%s", refusals[i].code);
		*word = refusals[i].word;
	}
	v->wait_s = in->retry_after_s;
	if (v->outcome == OUTCOME_SLOW && v->wait_s < 1)
		v->wait_s = 1;
	snprintf(v->log, sizeof(v->log), "\"status\":%ld,\"error\":\"%s\"",
	    in->status, *word);
	return true;
}

/* --- trying again, divided ------------------------------------------------- */

/* Number of the project that a token stands under in `details`; 0 none. */
static unsigned
project_of(const struct json *details, const struct message *m, bool *own)
{
	const char *want = account_str(m->account, CONF_EXPO_PROJECT), *name;

	for (size_t i = 0; i < json_len(details); i++) {
		const struct json *list = json_member(details, i, &name);

		for (size_t k = 0; k < json_len(list); k++) {
			const char *s = json_str(json_at(list, k));

			if (s != NULL && strcmp(s, m->to) == 0) {
				*own = *want == '\0' || strcmp(want, name) ==
				    0;
				return (unsigned)i + 1;
			}
		}
	}
	*own = true;
	return 0;
}

static void
halves(size_t n, struct many_verdicts *out)
{
	for (size_t i = 0; i < n; i++)
		out->again[i] = i < n / 2 ? 1 : 2;
}

/* A request takes tokens of one project only: each project's by themselves,
 * or ours alone where the settings name it. */
static void
by_project(const struct message *const *m, size_t n, const struct json *doc,
    struct many_verdicts *out)
{
	const struct json *details = json_get(json_at(json_get(doc,
	    "errors"), 0), "details");
	size_t same = 0;
	bool own;

	if (json_type(details) != JSON_OBJECT) {
		halves(n, out);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned project = project_of(details, m[i], &own);

		out->again[i] = own ? project + 1 : 0;
		same += out->again[i] == out->again[0];
	}
	/* That would be the same request once more. */
	if (same == n && out->again[0] != 0)
		halves(n, out);
}

/* Nothing was sent.  One bad message has the others refused with it: divided
 * until it stands alone. */
static void
divide(const struct message *const *m, size_t n, const struct json *doc,
    const char *word, struct many_verdicts *out)
{
	if (n == 1 || out->whole.outcome != OUTCOME_PERM)
		return;
	if (strcmp(word, "PUSH_TOO_MANY_EXPERIENCE_IDS") == 0)
		by_project(m, n, doc, out);
	else
		halves(n, out);
}

/* --- tickets --------------------------------------------------------------- */

static const char *
named_by(const struct json *ticket)
{
	return json_str(json_get(json_get(ticket, "details"),
	    "expoPushToken"));
}

static void
judge_ticket(const struct message *m, const struct json *t,
    struct verdict *v)
{
	const char *status = json_str(json_get(t, "status"));
	const struct expo_error *x = expo_error_of(t);

	if (status != NULL && strcmp(status, "ok") == 0) {
		const char *id = expo_id(t);

		verdict_set(v, OUTCOME_OK, "accepted");
		if (id != NULL)
			(void)text_copy(v->provider_id,
			    sizeof(v->provider_id), id);
		snprintf(v->log, sizeof(v->log), "\"ticket\":\"ok\"");
		return;
	}
	if (status == NULL || strcmp(status, "error") != 0) {
		verdict_set(v, OUTCOME_UNSURE, "expo_unreadable");
		return;
	}
	verdict_set(v, x->outcome, "%s", x->code);
	if (x->outcome == OUTCOME_RETRY && m->try >= ONCE &&
	    strcmp(x->word, "MessageRateExceeded") != 0)
		v->outcome = OUTCOME_PERM;
	if (x->outcome == OUTCOME_CONFIG)
		v->wait_s = CONFIG_WAIT_S;
	snprintf(v->log, sizeof(v->log), "\"ticket\":\"error\","
	    "\"error\":\"%s\"", x->word);
}

/* The ticket that names this message's token, when it is the only message
 * with it; for tickets that are not in order. */
static const struct json *
ticket_naming(const struct message *const *m, size_t n, size_t i,
    const struct json *data)
{
	const struct json *found = NULL;

	for (size_t k = 0; k < n; k++)
		if (k != i && strcmp(m[k]->to, m[i]->to) == 0)
			return NULL;
	for (size_t k = 0; k < n; k++) {
		const char *name = named_by(json_at(data, k));

		if (name == NULL || strcmp(name, m[i]->to) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = json_at(data, k);
	}
	return found;
}

static void
judge_tickets(const struct message *const *m, size_t n,
    const struct json *data, struct many_verdicts *out)
{
	bool in_order = true;
	size_t configs = 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = named_by(json_at(data, i));

		in_order = in_order && (name == NULL ||
		    strcmp(name, m[i]->to) == 0);
	}
	for (size_t i = 0; i < n; i++) {
		const struct json *t = in_order ? json_at(data, i) :
		    ticket_naming(m, n, i, data);

		if (t != NULL)
			judge_ticket(m[i], t, &out->v[i]);
		else
			verdict_set(&out->v[i], OUTCOME_UNSURE,
			    "expo_tickets_mixed");
		configs += out->v[i].outcome == OUTCOME_CONFIG;
	}
	/* It answered.  Credentials may be missing for one system only: the
	 * breaker opens where nothing got through. */
	if (configs == n)
		out->whole = out->v[0];
	else
		verdict_set(&out->whole, OUTCOME_OK, "accepted");
}

static void
for_all(size_t n, struct many_verdicts *out)
{
	for (size_t i = 0; i < n; i++)
		out->v[i] = out->whole;
}

void
expo_judge_many(const struct message *const *m, size_t n,
    const struct out_request *req, const struct in_answer *in,
    struct many_verdicts *out)
{
	const struct json *data;
	struct err e = ERR_INIT;
	struct json *doc = NULL;
	const char *word;

	if (verdicts_of_silence(out, n, in, req->repeat_ok)) {
		for_all(n, out);
		return;
	}
	if (json_parse(in->body, in->body_len, JSON_PLAIN, 0, &doc, &e) < 0)
		doc = NULL;
	data = json_get(doc, "data");
	if (expo_refused(in, doc, &out->whole, &word)) {
		for_all(n, out);
		divide(m, n, doc, word, out);
	} else if (json_type(data) == JSON_ARRAY && json_len(data) == n) {
		judge_tickets(m, n, data, out);
	} else {
		/* Accepted, as far as we can tell, but whose is what? */
		verdict_set(&out->whole, OUTCOME_UNSURE, "expo_unreadable");
		for_all(n, out);
	}
	json_free(doc);
}

void
expo_judge(const struct message *m, const struct out_request *req,
    const struct in_answer *in, struct verdict *v)
{
	struct many_verdicts out = { .v = v };
	unsigned again;

	out.again = &again;
	expo_judge_many(&m, 1, req, in, &out);
}
