/*
 * people.h - recipients of a message, looked up and decided upon: what
 * planning writes and what explain shows come from here.
 */
#ifndef GP_DELIVER_PEOPLE_H
#define GP_DELIVER_PEOPLE_H

#include "deliver/audience.h"
#include "deliver/reach.h"
#include "store/device.h"

struct message_for {			/* of a notification */
	const struct audience *au;
	const char	*type;
	bool		 critical;
	unsigned	 class;
	bool		 merges;	/* may wait for a digest and go with it */
	bool		 apart;		/* on WhatsApp not: it is a template */
	int64_t		 now_us;	/* the database's clock */
};

struct someone {
	/* in */
	const struct message_for *m;
	uint64_t	 user_id;	/* 0: the audience's address */
	void		*tag;		/* the caller's */
	/* out, in the arena */
	struct recipient *r;
	struct device_target *device;	/* his, active, of all kinds */
	size_t		 devices;
	struct reach	 reach, step[ESCALATE_MAX];
	/* of a way that waits, by deliver/hold: until when and why; why NULL:
	 * it does not.  All zero until hold_decide. */
	struct hold { int64_t us; const char *why; bool merges; }
			 hold[CHANNELS];
};
/* Fill in n of them; `provider` as in reach_case.  0 or -1. */
int	 people_decide(struct db *db, struct arena *a, struct someone *s,
	    size_t n, const char *const provider[CHANNELS], struct err *e)
	    MUST_CHECK;

/* Every way there is for one, first those at once, then the steps that add
 * something.  not_before_us 0: at once. */
struct way {
	enum channel_id	 channel;
	const struct reach_way *way;
	int64_t		 not_before_us;
	const char	*held;		/* why it waits, or NULL */
	bool		 merges;	/* it goes with the digest of then */
};
#define WAYS_MAX	(CHANNELS + ESCALATE_MAX)
/* None for reach.nobody.  How many. */
size_t	 people_ways(const struct someone *s, struct way w[WAYS_MAX]);
/* The address of a way that goes to no device. */
const char *people_address(const struct someone *s, enum channel_id id);
static inline bool
people_by_device(enum channel_id id)
{
	return (CHANNEL_BIT(id) & CHANNELS_PUSH) != 0;
}

#endif
