/*
 * account.h - one account at a provider: whose key, which server, how much of
 * the work.
 *
 * What the settings file sets up is an account, too: the implicit one, named
 * as its provider.  Rows of table provider are further ones; each has settings
 * of its own and borrows no credential of the settings file's, or a password
 * would be shown to another's server.
 *
 * An account does not change: a changed row makes a new one, and requests that
 * are on their way keep the old.  Counted by its holders, one thread's.
 */
#ifndef GP_CHANNEL_ACCOUNT_H
#define GP_CHANNEL_ACCOUNT_H

#include "base/arena.h"
#include "base/conf.h"

#define ACCOUNT_NAME_MAX	24
#define ACCOUNT_SETTINGS_MAX	16

struct provider;
struct json;

/* A setting of a provider, as its row of the settings file is for the
 * implicit account. */
enum setting_kind {
	SETTING_PLAIN,		/* absent: the default of its row */
	SETTING_SECRET,		/* the same; sealed at rest, never shown */
	SETTING_SHARED		/* absent: what the settings file says */
};
struct setting {
	const char	*name;		/* "host" */
	enum conf_key	 conf;
	enum setting_kind kind;
};

struct account {
	unsigned	 refs;
	bool		 implicit;	/* what the settings file sets up */
	uint64_t	 id;		/* of its row */
	char		 name[ACCOUNT_NAME_MAX + 1];
	const struct provider *p;
	uint32_t	 weight;	/* 0: only when no other is left */
	uint64_t	 daily_limit;	/* 0: none */
	unsigned	 concurrency, per_s;	/* 0: the provider's */
	bool		 active;
	char		*value[ACCOUNT_SETTINGS_MAX];	/* by p->settings */
	bool		 broken;	/* its secrets do not open */
};

/*
 * A setting of the account; of the settings file when `acc` is NULL or
 * implicit.  "" when empty, never NULL; good as long as the account.
 */
const char *account_str(const struct account *acc, enum conf_key k);
int64_t	 account_int(const struct account *acc, enum conf_key k);
/* "kavenegar": its name, or the provider's. */
const char *account_name(const struct account *acc, const struct provider *p);

/* Of those that the settings file sets up the first of a channel serves it;
 * the others (0) are there when it does not. */
uint32_t account_implicit_weight(const struct provider *p);
/* The implicit account of a provider: one reference, the caller's. */
struct account *account_implicit(const struct provider *p);
/*
 * An account of a row: its settings and secrets, JSON objects or NULL.  What
 * the provider does not know is an error (ERR_INPUT with the field
 * "settings.NAME" or "secrets.NAME"), as is what its row's range refuses.
 * NULL or one reference, the caller's; numbers and names are the caller's to
 * fill in.
 */
struct account *account_new(const struct provider *p, const struct json *plain,
    const struct json *secret, struct err *e);
struct account *account_ref(struct account *acc);
void	 account_unref(struct account *acc);	/* NULL is nothing */

/* The row of a provider's setting by name, or by what it stands for; or
 * NULL. */
const struct setting *setting_find(const struct provider *p, const char *name);
const struct setting *setting_of(const struct provider *p, enum conf_key k);

#endif
