/*
 * notification.h - table notification, and its acceptance (D23).
 */
#ifndef GP_STORE_NOTIFICATION_H
#define GP_STORE_NOTIFICATION_H

#include "store/db.h"

struct notification_new {
	uint64_t	 id, job_id;		/* made before (D20) */
	uint64_t	 user_id, token_id;	/* 0: none */
	const char	*type, *channel, *title, *content, *audience;
	unsigned	 class, job_class;
	const char	*request_id;		/* or NULL */
	const uint8_t	*scope, *key, *mac;	/* 16, 16, 32 bytes, or NULL */
	uint32_t	 life_s;
	int64_t		 run_us;		/* not before; 0 now */
	int64_t		 ends_us;		/* 0: life_s after it is due */
	const char	*waiter;		/* or NULL */
	const void	*secret;		/* sealed, or NULL */
	size_t		 secret_len;
};
/*
 * One CALL: the notification and its plan job.  1 made (meeting its own id
 * is a success); 0 the idempotency key was there already; -1.
 */
int	 notification_accept(struct db *db, const struct notification_new *n,
	    struct err *e) MUST_CHECK;

/* By idempotency key: 1 with *id and the body's MAC, 0 none, -1. */
int	 notification_by_key(struct db *db, struct arena *a,
	    const uint8_t scope[16], const uint8_t key[16], uint64_t *id,
	    uint8_t mac[32], struct err *e) MUST_CHECK;

struct notification {
	uint64_t	 id, user_id, token_id;
	const char	*type, *channel, *title, *content, *audience;
	unsigned	 class;
	int64_t		 created_us, expires_us, planned_us;	/* 0: not yet */
	int64_t		 cancelled_us;		/* 0: not */
	bool		 paused;	/* notification_load: its campaign is */
	bool		 routed;	/* notification_load: by its recipients'
					 * wishes */
	uint32_t	 total;
};
/* 1 and *n in the arena, 0 none, -1. */
int	 notification_find(struct db *db, struct arena *a, uint64_t id,
	    struct notification *n, struct err *e) MUST_CHECK;

/*
 * The worker's: those of these ids that exist, in any order, in the arena.
 * An audience longer than audience_max is NULL, and so is content longer than
 * NOTIFICATION_CONTENT_MAX: memory stays bounded.  How many (at most n), or
 * -1.
 */
#define NOTIFICATION_CONTENT_MAX 65536
int	 notification_load(struct db *db, struct arena *a,
	    const uint64_t *id, size_t n, size_t audience_max,
	    struct notification *out, struct err *e) MUST_CHECK;
/* Planned to the end, `total` deliveries.  In the caller's transaction. */
struct notification_total { uint64_t id; uint32_t total; };
int	 notification_planned(struct db *db,
	    const struct notification_total *t, size_t n, struct err *e)
	    MUST_CHECK;

#endif
