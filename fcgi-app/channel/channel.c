/*
 * channel.c - the table of providers, and the words for what became of a
 * request.
 */
#include "channel/channel.h"
#include "channel/providers/providers.h"
#include "net/net.h"

#include <stdarg.h>

const struct provider *const providers[] = {
	&provider_kavenegar,
	&provider_smtp,
	&provider_webpush,
	&provider_expo,
	&provider_webhook,
	&provider_whatsapp,
	&provider_twilio,
	&provider_twilio_whatsapp,
	NULL
};

static const char *const outcome_words[] = {
	[OUTCOME_UNSURE] = "unsure", [OUTCOME_OK] = "ok",
	[OUTCOME_RETRY] = "retry", [OUTCOME_SLOW] = "slow",
	[OUTCOME_PERM] = "perm", [OUTCOME_DROP] = "drop",
	[OUTCOME_CONFIG] = "config",
};

const char *
outcome_word(enum outcome o)
{
	return outcome_words[o];
}

const struct provider *
provider_find(const char *name)
{
	for (size_t i = 0; providers[i] != NULL; i++)
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	return NULL;
}

const struct provider *
provider_for(const char *channel)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; providers[i] != NULL; i++)
		if (strcmp(providers[i]->channel, channel) == 0 &&
		    providers[i]->configured(NULL, &e) == 0)
			return providers[i];
	return NULL;
}

void
verdict_set(struct verdict *v, enum outcome o, const char *fmt, ...)
{
	va_list ap;

	v->outcome = o;
	va_start(ap, fmt);
	vsnprintf(v->code, sizeof(v->code), fmt, ap);
	va_end(ap);
}

bool
verdict_of_silence(struct verdict *v, const struct in_answer *in,
    bool repeat_ok)
{
	if (in->complete)
		return false;
	if (in->error == NET_REFUSED_BY_RULE) {
		verdict_set(v, OUTCOME_PERM, "egress_refused");
		return true;
	}
	if (!in->body_sent)
		verdict_set(v, OUTCOME_RETRY, "not_reached_%s",
		    net_error_word(in->error));
	else if (repeat_ok)
		verdict_set(v, OUTCOME_RETRY, "no_answer");
	else
		verdict_set(v, OUTCOME_UNSURE, "no_answer");
	return true;
}

bool
verdicts_of_silence(struct many_verdicts *out, size_t n,
    const struct in_answer *in, bool repeat_ok)
{
	memset(out->again, 0, n * sizeof(*out->again));
	memset(out->v, 0, n * sizeof(*out->v));
	memset(&out->whole, 0, sizeof(out->whole));
	out->whole.wait_s = in->retry_after_s;
	return verdict_of_silence(&out->whole, in, repeat_ok);
}

const char *
provider_trial(const struct provider *p, struct arena *a)
{
	return p != NULL && p->trial != NULL ? p->trial(a) :
	    "{\"template\":\"provider_test\",\"title\":\"Test\","
	    "\"body\":\"This is a test.\"}";
}
