/*
 * provider_own.h - what the rows of accounts at providers share.
 *
 * What must stay true: a secret goes in and never comes out; only a superuser
 * who has just proved himself says where codes go by.
 */
#ifndef GP_API_PROVIDER_OWN_H
#define GP_API_PROVIDER_OWN_H

#include "api/route.h"
#include "channel/channel.h"
#include "store/provider.h"
#include "store/provider_state.h"

/* An account as it is shown: a row's, or the settings file's. */
struct provider_seen {
	const char	*id;		/* of the path: number, or its name */
	const struct provider *p;	/* NULL: a kind that is no more */
	const char	*kind;
	struct provider_account row;	/* implicit: name and sent_today only */
	bool		 implicit;
};

/* Accounts and their breakers, as they are now; in the arena. */
struct provider_view {
	struct provider_row breaker[64];
	size_t		 breakers;
	struct provider_day day[64];
	size_t		 days;
	struct provider_day hour[64];	/* by the log: all accounts */
	size_t		 hours;
};
int	 provider_view(struct call *c, struct provider_view *v, struct err *e)
	    MUST_CHECK;
/* The account of the path.  0, or -1 ERR_NOT_FOUND. */
int	 provider_of_path(struct call *c, struct provider_seen *s,
	    struct err *e) MUST_CHECK;
/* Members of the open object. */
void	 provider_write(struct call *c, struct jw *w,
	    const struct provider_view *v, const struct provider_seen *s);
/* Answer with row `id` as it is now; -1 ERR_NOT_FOUND. */
int	 provider_show(struct call *c, uint64_t id, int status, struct err *e)
	    MUST_CHECK;

#endif
