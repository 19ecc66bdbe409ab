/*
 * provider.h - tables provider and provider_sent: accounts at providers, and
 * what each was given today.
 *
 * A day is a day of UTC by the database's clock.
 */
#ifndef GP_STORE_PROVIDER_H
#define GP_STORE_PROVIDER_H

#include "store/db.h"

#define PROVIDER_ROWS_MAX	24	/* accounts beside the implicit ones */
#define PROVIDER_SECRETS_MAX	16384

struct provider_account {
	uint64_t	 id, version;
	const char	*name, *kind;
	const char	*settings;	/* JSON */
	const uint8_t	*secrets;	/* sealed JSON; NULL: none */
	size_t		 secrets_len;
	const char	*secret_names;	/* by commas */
	uint64_t	 weight, daily_limit, per_s, concurrency;
	bool		 active;
	uint64_t	 sent_today;
	int64_t		 created_us, updated_us;
};

/* 0, or -1 (ERR_DB_DUP "provider_name": the name is taken). */
int	 provider_insert(struct db *db, const struct provider_account *p,
	    struct err *e) MUST_CHECK;
/* By id or, with id 0, by name.  1, 0, -1. */
int	 provider_load(struct db *db, struct arena *a, uint64_t id,
	    const char *name, struct provider_account *p, struct err *e)
	    MUST_CHECK;
/* All, by name, at most max.  How many, or -1. */
int	 provider_list(struct db *db, struct arena *a,
	    struct provider_account *p, size_t max, struct err *e) MUST_CHECK;
/* Write all but name, kind and times, provided the row still has version
 * `was`.  1, 0 somebody changed it meanwhile or it is gone, -1. */
int	 provider_change(struct db *db, const struct provider_account *p,
	    uint64_t was, struct err *e) MUST_CHECK;
/* 1 gone, 0 was not there, -1. */
int	 provider_remove(struct db *db, uint64_t id, struct err *e) MUST_CHECK;

/*
 * In a transaction of the caller: may `want` more requests go to the account
 * today?  *got of them may, and are counted: never more than `limit` a day,
 * over all workers.  0 or -1.
 */
int	 provider_take(struct db *db, const char *name, uint64_t limit,
	    unsigned want, unsigned *got, struct err *e) MUST_CHECK;
/* Of those, n did not leave after all.  0 or -1. */
int	 provider_give_back(struct db *db, const char *name, unsigned n,
	    struct err *e) MUST_CHECK;
/* Count from 0 again.  1, 0 there was nothing to forget, -1. */
int	 provider_reset(struct db *db, const char *name, struct err *e)
	    MUST_CHECK;
struct provider_day { const char *name; uint64_t sent; };
/* What all sent today, in the arena.  How many or -1. */
int	 provider_days(struct db *db, struct arena *a, struct provider_day *d,
	    size_t max, struct err *e) MUST_CHECK;
/* The same by the log's hours, of accounts that are not counted, too. */
int	 provider_hours(struct db *db, struct arena *a,
	    struct provider_day *d, size_t max, struct err *e) MUST_CHECK;
/* Of the n rows of either, the account's; 0 where it has none. */
uint64_t provider_sent_of(const struct provider_day *d, size_t n,
	    const char *name);

#endif
