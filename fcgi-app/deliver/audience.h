/*
 * audience.h - notification.audience: who is meant.
 *
 *   {"to": "+98…", "user_id": 7}   an address; whose, for locale and account
 *   {"device_ids": ["1", …]}       {"user_ids": [7, …]}   {"group_id": "9"}
 *   {"topic": "news"}              {"all": true}: every active account
 *   … "provider": "smtp2"         by this account and no other
 *   {"nobody": true}               the work of a message, and no message,
 *                                  whatever else stands there
 *
 * and how they are to be reached, where the notification names no channel:
 *
 *   "channels": ["email", …]       these; else by preference
 *   "escalate": [{"channel": "sms", "after_s": 3600}, …]
 *                                  then, if it was not read by then
 *   "ends": true                   its sender said when it is over: what holds
 *                                  it back does not give it more time
 *   "digest": true                 it carries what was decided on before, one
 *                                  by one: no wish and no digest again
 *   "count": [10, 2, 1]            what the acceptance answered: accepted,
 *                                  unknown, duplicates
 */
#ifndef GP_DELIVER_AUDIENCE_H
#define GP_DELIVER_AUDIENCE_H

#include "base/arena.h"
#include "base/channels.h"

enum audience_kind { TO_BROKEN = 0, TO_ADDRESS, TO_NOBODY, TO_DEVICES,
	TO_USERS, TO_GROUP, TO_TOPIC, TO_ALL };

#define ESCALATE_MAX	4
struct escalation { enum channel_id channel; uint32_t after_s; };

struct audience {
	enum audience_kind kind;
	const char	*to, *topic;
	const char	*pin;		/* account to go by, or NULL */
	uint64_t	 user_id, group_id;	/* 0: none */
	uint64_t	*id;		/* devices or users: sorted, unique */
	size_t		 n;
	unsigned	 channels;	/* bits; 0: by preference */
	bool		 digest;	/* it is one */
	bool		 ends;		/* when its sender said */
	struct escalation step[ESCALATE_MAX];
	size_t		 steps;
	uint64_t	 accepted, unknown, duplicate;
};

#define AUDIENCE_IDS_MAX 100000

/* Never fails: what cannot be read is TO_BROKEN.  In the arena. */
void	 audience_parse(struct arena *a, const char *json,
	    struct audience *au);

#endif
