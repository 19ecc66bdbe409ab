/*
 * preference.h - tables preference, preference_type, topic_user: what a person
 * wants to be told, and where.
 *
 * Masks are bits of base/channels.h: on, off, or neither: as the site has it.
 */
#ifndef GP_STORE_PREFERENCE_H
#define GP_STORE_PREFERENCE_H

#include "base/channels.h"
#include "store/db.h"

#define PREFERENCE_TYPES_MAX	100
#define PREFERENCE_TOPICS_MAX	100

struct preference {
	enum channel_id	 default_channel;	/* CHANNELS: none */
	unsigned	 on, off;
	bool		 quiet;
	unsigned	 quiet_from, quiet_to;	/* minutes of the day */
	const char	*quiet_zone, *digest;	/* NULL: none */
};
struct preference_type { const char *type; unsigned on, off; };

/* As it is, or as it is for who has said nothing.  0 or -1. */
int	 preference_get(struct db *db, struct arena *a, uint64_t user_id,
	    struct preference *p, struct err *e) MUST_CHECK;
/* The same in a transaction, and held by it to its end: changes of one person
 * come one after the other. */
int	 preference_lock(struct db *db, struct arena *a, uint64_t user_id,
	    struct preference *p, struct err *e) MUST_CHECK;
int	 preference_set(struct db *db, uint64_t user_id,
	    const struct preference *p, struct err *e) MUST_CHECK;
/* By type: how many (at most PREFERENCE_TYPES_MAX, in t), or -1. */
int	 preference_types(struct db *db, struct arena *a, uint64_t user_id,
	    struct preference_type *t, struct err *e) MUST_CHECK;
/* All of them anew, in the caller's transaction. */
int	 preference_set_types(struct db *db, uint64_t user_id,
	    const struct preference_type *t, size_t n, struct err *e)
	    MUST_CHECK;
/* Turn a channel off, for a type or (NULL) for all; nothing else changes. */
int	 preference_turn_off(struct db *db, uint64_t user_id,
	    const char *type, enum channel_id channel, struct err *e)
	    MUST_CHECK;
/* By name: how many (at most PREFERENCE_TOPICS_MAX), or -1. */
int	 preference_topics(struct db *db, struct arena *a, uint64_t user_id,
	    const char **topic, struct err *e) MUST_CHECK;
int	 preference_set_topics(struct db *db, uint64_t user_id,
	    const char *const *topic, size_t n, struct err *e) MUST_CHECK;

#endif
