/*
 * channel.h - providers as pure functions: from a message to a request, from
 * an answer to a verdict.  No I/O here; net/ and worker/ do that.
 *
 * A provider is a file in providers/ that ends in one const struct; adding one
 * touches that file, its row in channel.c and its fixture.
 */
#ifndef GP_CHANNEL_CHANNEL_H
#define GP_CHANNEL_CHANNEL_H

#include "base/arena.h"
#include "base/err.h"
#include "channel/account.h"
#include "net/exchange.h"

/* Reaction words of PROVIDERS.md; begins at the safe one. */
enum outcome { OUTCOME_UNSURE = 0, OUTCOME_OK, OUTCOME_RETRY, OUTCOME_SLOW,
	OUTCOME_PERM, OUTCOME_DROP, OUTCOME_CONFIG };
const char *outcome_word(enum outcome o);

/* What is to be sent, rendered from notification, delivery and job. */
struct message {
	uint64_t	 notification_id;
	uint32_t	 seq;
	unsigned	 try;		/* requests that left before this one */
	const struct account *account;	/* whose; NULL: the settings file's */
	const char	*type;		/* "code", "notice", "push" … */
	const char	*to;		/* E.164, e-mail as typed, or endpoint */
	const char	*title;
	const struct json *content;	/* notification.content */
	const struct json *secret;	/* opened job.secret, or NULL */
	const char	*locale;
	const char	*unsubscribe;	/* address for List-Unsubscribe; NULL */
	int64_t		 created_us, expires_us, now_us;
	const char	*bearer;	/* fetched for the account, or NULL */
	/* web push */
	const uint8_t	*p256dh, *auth;	/* 65 and 16 bytes */
};

/* A code to prove somebody with: never sent twice, never kept. */
static inline bool
message_is_code(const struct message *m)
{
	return strcmp(m->type, "code") == 0;
}

struct verdict {
	enum outcome	 outcome;
	char		 code[40];	/* stable reason: "smtp_550_5_1_1", "gone" */
	char		 provider_id[161];
	char		 log[400];	/* JSON members that may be kept (D24) */
	long		 wait_s;	/* floor for RETRY/SLOW; 0 none */
	bool		 query;		/* UNSURE: provider can be asked */
	bool		 closed;	/* WhatsApp: the 24 hours in which this
					 * sender may write are over … */
	char		 sender[41];	/* … who is it; "": not known */
	unsigned	 segments;	/* of an SMS, as they count; 0 unknown */
	bool		 refused;	/* RETRY: it said no in so many words,
					 * so that nothing can be taken */
	bool		 single;	/* CONFIG: for want of this message's
					 * template, or of leave to write to
					 * its recipient: it fails, and the
					 * account serves all others */
	bool		 elsewhere;	/* PERM, RETRY: of this account; another
					 * may take it, for nothing was taken */
};

/*
 * What an answer to a request for many means.  Of a message whose `again` is
 * not 0 nothing was taken, and it is no message's fault that it is known to be
 * of: send those of one number in a request of their own.
 */
struct many_verdicts {
	struct verdict	 whole;		/* of the provider: its breaker hears it */
	struct verdict	*v;		/* a message each */
	unsigned	*again;
};

/*
 * What became of messages that a provider accepted, asked for some time after
 * by the ids it gave them.  A verdict is OK (delivered), PERM, DROP or CONFIG
 * (it failed), RETRY (not delivered, another try may be; not before wait_s),
 * or UNSURE (no word on it yet).  `whole` is not OK when none could be read;
 * `again`[0] not 0: ask for fewer at a time.
 */
struct receipt_asked { const char *id; unsigned resent; };
struct receipts {
	unsigned	 ids_max;	/* a request */
	uint32_t	 life_s;	/* then the provider has forgotten */
	int	(*ask)(const struct account *acc,
		    const struct receipt_asked *r, size_t n,
		    struct arena *a, struct out_request *out, struct err *e);
	void	(*judge)(const struct receipt_asked *r, size_t n,
		    const struct in_answer *in, struct many_verdicts *out);
};

struct provider {
	const char	*name;		/* "kavenegar" */
	const char	*channel;	/* "sms" */
	unsigned	 concurrency;	/* requests in flight at most, by all
					 * workers; of those whose accounts
					 * have settings */
	unsigned	 per_s;		/* requests a second; 0 no limit */
	unsigned	 pair_s;	/* at least so long between two to one
					 * recipient, by all workers; 0 none */
	/* What an account can set, ended by a row without a name; NULL: there
	 * is one account only, the settings file's. */
	const struct setting *settings;
	/* Are an account's settings complete (NULL: the settings file's)?  0,
	 * or -1 ERR_CONFIG naming the setting. */
	int	(*configured)(const struct account *acc, struct err *e);
	/* Messages a day that its settings allow; 0, or no function: any. */
	uint64_t (*daily)(const struct account *acc);
	/* Accounts whose bearer token is fetched: the request for one (1 made,
	 * 0 this account needs none, -1 ERR_CONFIG), and what its answer gives:
	 * the token in the arena and its life; -1 with the endpoint's word. */
	int	(*token_ask)(const struct account *acc, struct arena *a,
		    struct out_request *out, struct err *e);
	int	(*token_read)(const struct in_answer *in, struct arena *a,
		    const char **token, int64_t *life_s, struct err *e);
	/* Connections that are kept count as requests in flight (a mailbox's
	 * do): the request that ends one.  NULL: they do not.  0 or -1. */
	int	(*part)(const struct account *acc, const char *bearer,
		    struct arena *a, struct out_request *out, struct err *e);
	/* -1: the message cannot be made: ERR_INPUT code becomes the reason
	 * of a failed delivery ("payload_too_large"). */
	int	(*build)(const struct message *m, struct arena *a,
		    struct out_request *out, struct err *e);
	/* What of it takes long (encryption), by any thread: out->body as
	 * `build` left it becomes what goes out.  0, or -1 as build.  NULL:
	 * nothing does. */
	int	(*seal)(const struct message *m, struct arena *a,
		    struct out_request *out, struct err *e);
	void	(*judge)(const struct message *m, const struct out_request *req,
		    const struct in_answer *in, struct verdict *v);
	/*
	 * Many messages in one request, then `build` makes only a message's
	 * part of it (out->body): join makes the request and judge_many takes
	 * its answer apart.  `concurrency` counts requests, `per_s` messages.
	 */
	unsigned	 many_max;	/* messages a request; 0: one each */
	int	(*join)(const struct account *acc,
		    const struct out_request *const *part, size_t n,
		    struct arena *a, struct out_request *out, struct err *e);
	void	(*judge_many)(const struct message *const *m, size_t n,
		    const struct out_request *req, const struct in_answer *in,
		    struct many_verdicts *out);
	const struct receipts *receipts;	/* NULL: nothing to ask for */
	/* Content of a message that only tries an account; NULL: a text. */
	const char *(*trial)(struct arena *a);
};

extern const struct provider *const providers[];	/* NULL-ended */
const struct provider *provider_find(const char *name);
/* First provider of a channel that the settings file sets up; NULL none. */
const struct provider *provider_for(const char *channel);
/* Content of a test by it; p NULL: by anybody who takes a text. */
const char *provider_trial(const struct provider *p, struct arena *a);

/* Text of our own messages (codes, notices), by locale; rows in texts.c. */
struct rendered { const char *subject, *text, *html; };
int	 channel_render(struct arena *a, const struct message *m,
	    const char *channel, struct rendered *r, struct err *e) MUST_CHECK;

#endif
