/*
 * providers.h - the providers there are, and what they share.
 */
#ifndef GP_CHANNEL_PROVIDERS_H
#define GP_CHANNEL_PROVIDERS_H

#include "channel/channel.h"

extern const struct provider provider_kavenegar, provider_smtp,
    provider_webpush, provider_expo, provider_webhook, provider_whatsapp,
    provider_twilio, provider_twilio_whatsapp;

/* smtp_token.c: OAuth for submission (PROVIDERS.md 6.1, 6.2). */
int	 smtp_token_ask(const struct account *acc, struct arena *a,
	    struct out_request *out, struct err *e);
int	 smtp_token_read(const struct in_answer *in, struct arena *a,
	    const char **token, int64_t *life_s, struct err *e);

void	 verdict_set(struct verdict *v, enum outcome o, const char *fmt, ...)
	    PRINTF(3, 4);
/*
 * No whole answer came: true and the verdict is set.  Before the request had
 * left entirely nothing happened (RETRY); after it, perhaps (UNSURE), unless
 * a repeat is harmless (RETRY).
 */
bool	 verdict_of_silence(struct verdict *v, const struct in_answer *in,
	    bool repeat_ok);
/* The same of `n` in one request: all verdicts are emptied first, and the
 * whole one waits as long as the answer says. */
bool	 verdicts_of_silence(struct many_verdicts *out, size_t n,
	    const struct in_answer *in, bool repeat_ok);

#endif
