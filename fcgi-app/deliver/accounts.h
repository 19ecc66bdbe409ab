/*
 * accounts.h - the accounts of table provider as a worker reads them each
 * second: opened, checked, with what each sent today.
 */
#ifndef GP_DELIVER_ACCOUNTS_H
#define GP_DELIVER_ACCOUNTS_H

#include "channel/account.h"
#include "store/provider.h"

#define ACCOUNTS_DAYS	(PROVIDER_ROWS_MAX * 2)

struct accounts {
	bool		 known;		/* read since the worker began */
	struct account	*acc[PROVIDER_ROWS_MAX];	/* a reference each */
	uint64_t	 version[PROVIDER_ROWS_MAX];
	size_t		 n;
	struct { char name[ACCOUNT_NAME_MAX + 1]; uint64_t sent; }
			 day[ACCOUNTS_DAYS];
	size_t		 days;
};

/* Read them anew: 0, or -1 with *e set and nothing in *s.  An account whose
 * row is broken is there, but not active. */
int	 accounts_read(struct db *db, struct accounts *s, struct err *e)
	    MUST_CHECK;
/* Give back what is left in *s. */
void	 accounts_drop(struct accounts *s);
/* What an account was given today. */
uint64_t accounts_sent(const struct accounts *s, const char *name);
/* How many may go to an account a day; 0: any number. */
uint64_t account_daily(const struct account *acc);

/* One row's account, its secrets opened; never NULL.  *e says what is wrong
 * with one that is not whole (it is `broken`, then). */
struct account *account_of_row(const struct provider_account *row,
	    struct err *e);

#endif
