/*
 * recipient.h - what routing has to know of a person: addresses and whether
 * they are proved, language and zone, wishes (preference), and what is barred
 * (suppression).  Also who belongs to an audience that is named, not listed.
 */
#ifndef GP_STORE_RECIPIENT_H
#define GP_STORE_RECIPIENT_H

#include "base/channels.h"
#include "store/db.h"

struct recipient {
	/* in */
	uint64_t	 user_id;	/* 0: an address of nobody's */
	const char	*type;		/* of the message */
	/* out; strings in the arena, NULL none */
	bool		 exists, active;
	const char	*email, *phone, *locale, *zone;
	bool		 email_proved, phone_proved;
	enum channel_id	 default_channel;	/* CHANNELS: none set */
	unsigned	 on, off, type_on, type_off;	/* bits of channels */
	const char	*suppressed[CHANNELS];	/* reason, or NULL */
	/* quiet hours: minutes of the day in quiet_zone (NULL: his zone) */
	bool		 quiet;
	unsigned	 quiet_from, quiet_to;
	const char	*quiet_zone, *digest;	/* digest: JSON or NULL */
};
#define RECIPIENTS_MAX	1000
/* Fill in n of them, at most RECIPIENTS_MAX.  0 or -1. */
int	 recipient_load(struct db *db, struct arena *a, struct recipient *r,
	    size_t n, struct err *e) MUST_CHECK;
/* What bars a bare address on a channel: into r->suppressed.  0 or -1. */
int	 recipient_barred(struct db *db, struct arena *a, struct recipient *r,
	    enum channel_id channel, const char *address, struct err *e)
	    MUST_CHECK;

/* --- audiences ------------------------------------------------------------ */
enum recipient_set { SET_ALL, SET_GROUP, SET_TOPIC };
struct recipient_walk {
	enum recipient_set set;
	uint64_t	 group_id;
	const char	*topic;
};
/* User ids after `after`, rising: how many (at most max), or -1. */
int	 recipient_ids(struct db *db, const struct recipient_walk *w,
	    uint64_t after, uint64_t *id, size_t max, struct err *e)
	    MUST_CHECK;
/* How many there are now, or -1. */
int64_t	 recipient_count(struct db *db, const struct recipient_walk *w,
	    struct err *e) MUST_CHECK;
/* Those of these ids (sorted) that are no user's: how many in all, the first
 * `max` of them in out; or -1. */
int64_t	 recipient_unknown(struct db *db, const uint64_t *id, size_t n,
	    uint64_t *out, size_t max, struct err *e) MUST_CHECK;

#endif
