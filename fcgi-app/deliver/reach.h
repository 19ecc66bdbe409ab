/*
 * reach.h - the one decision whether a message goes to somebody on a channel,
 * or why not.  Planning and POST /api/notifications/explain/ both ask here, so
 * they agree by construction.  Pure: everything it judges by is in the case.
 *
 * By preference, for each channel, the first that says something wins: the
 * user's wish for the type, the user's wish for the channel, the user's
 * default_channel (then nothing but it and the inbox), the site's default
 * channels.  Channels that the sender names are those and no others; the
 * user's "no" holds for them too.  Class critical passes every "no" of the
 * user's; what an entry of the suppression list bars, suppression.h says.
 */
#ifndef GP_DELIVER_REACH_H
#define GP_DELIVER_REACH_H

#include "store/recipient.h"
#include "store/suppression.h"

struct reach_case {
	const struct recipient *who;
	unsigned	 devices;	/* bits of push channels he has any of */
	bool		 critical;
	enum suppressed	 matters;
	bool		 decided;	/* his wishes were heard already */
	unsigned	 asked;		/* the sender's channels; 0: by preference */
	unsigned	 defaults;	/* the site's */
	const char	*provider[CHANNELS];	/* NULL: nobody serves it */
	/* Addresses of the message itself, not of an account: they need no
	 * proof.  NULL: the account's. */
	const char	*email, *phone;
};

enum reach_what { REACH_NO = 0,	/* not wanted: nobody asked for it */
	REACH_GO, REACH_SKIP };
struct reach_way {
	enum reach_what	 what;
	const char	*reason;	/* a stable word; "" for REACH_GO */
	bool		 kept;		/* gets a delivery row: all that go, and
					 * what people ask about */
	const char	*barred;	/* "suppressed": the entry's word; NULL */
};
struct reach {
	const char	*nobody;	/* not a recipient at all: the reason;
					 * or NULL */
	struct reach_way way[CHANNELS];
};
void	 reach_decide(const struct reach_case *c, struct reach *r);

/* Has he said no to it, by his masks? */
bool	 reach_unwanted(const struct recipient *u, enum channel_id id);

/* The site's default channels. */
unsigned reach_defaults(void);

#endif
