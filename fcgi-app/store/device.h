/*
 * device.h - table device: browser subscriptions and app tokens.
 */
#ifndef GP_STORE_DEVICE_H
#define GP_STORE_DEVICE_H

#include "store/db.h"

/* --- registering (api) ---------------------------------------------------- */
struct device_new {
	uint64_t	 id;		/* from rand_id(), made before */
	uint64_t	 user_id;	/* 0: nobody's */
	const char	*kind;		/* "web_push", "expo" */
	const char	*device_type;	/* "ios", "android"; NULL: a browser */
	const uint8_t	*target_hash;	/* 32: SHA-256 of target */
	const char	*target;	/* endpoint or token */
	const uint8_t	*p256dh, *auth;	/* 65 and 16 bytes, or NULL */
	const uint8_t	*vapid;		/* 8, or NULL */
	const char	*browser, *user_agent;	/* "" unknown: stays */
	unsigned	 most;		/* active ones of the user and kind; 0:
					 * any number */
};
/*
 * Insert or take over: a device belongs to whoever registered it last, and
 * leaves the groups its former owner had it in.  *id is the row's.  In the
 * caller's transaction if there is one.  1 a new row, 0 it was there, or -1
 * (ERR_CONFLICT "too_many_devices": the user has `most`, however many
 * register at once).
 */
int	 device_register(struct db *db, const struct device_new *n,
	    uint64_t *id, struct err *e) MUST_CHECK;
/* The same for a browser whose push service gave it another address: the new
 * row is in the groups of the user's device with `old` (its target's hash, 32),
 * which is gone.  Without such a one it is a registration like any other. */
int	 device_replace(struct db *db, const struct device_new *n,
	    const uint8_t *old, uint64_t *id, struct err *e) MUST_CHECK;
/* Subscriptions given with a send: rows are made or mended, owners stay; each
 * n[i].id becomes the row's.  0 or -1. */
int	 device_offer(struct db *db, struct device_new *n, size_t count,
	    struct err *e) MUST_CHECK;

/* Switch off those of a user that registered since the change that is undone
 * (store/undo.h): messages would still go to who made it.  A device of the
 * owner's comes back when it registers again.  In the caller's transaction.
 * Rows or -1. */
int	 device_forget_since(struct db *db, uint64_t user_id,
	    uint64_t undo_id, struct err *e) MUST_CHECK;

/* --- reading (api) --------------------------------------------------------- */
struct device {
	uint64_t	 id, user_id;	/* user_id 0: nobody's */
	const char	*kind, *target, *browser, *user_agent, *dead_reason;
	bool		 is_active;
	int64_t		 created_us, seen_us, dead_us;	/* 0: NULL */
};
/* All: 1 found, 0 none, -1. */
int	 device_find(struct db *db, struct arena *a, uint64_t id,
	    struct device *d, struct err *e) MUST_CHECK;
int	 device_by_target(struct db *db, const uint8_t target_hash[32],
	    uint64_t *id, uint64_t *user_id, struct err *e) MUST_CHECK;
int	 device_user_has(struct db *db, uint64_t user_id, const char *kind,
	    struct err *e) MUST_CHECK;
/* A user's active devices, newest first; `q` "" or a part of browser, user
 * agent or target.  `row` as in db_each with *d filled.  Rows or -1. */
struct device_page { uint64_t user_id; const char *kind, *q;
	uint32_t limit, offset; };
int	 device_each(struct db *db, struct arena *a,
	    const struct device_page *p, struct device *d,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
int64_t	 device_count(struct db *db, const struct device_page *p,
	    struct err *e) MUST_CHECK;
/* Deliveries of a notification with their endpoints, after seq `after`. */
struct device_result { uint64_t seq; const char *target, *state, *reason; };
int	 device_each_result(struct db *db, struct arena *a,
	    uint64_t notification_id, uint32_t after, uint32_t max,
	    struct device_result *r, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;

/* --- forgetting (api) -------------------------------------------------------- */
/* 1 gone, 0 not there or not theirs, -1. */
int	 device_remove_target(struct db *db, uint64_t user_id,
	    const uint8_t target_hash[32], struct err *e) MUST_CHECK;
int	 device_remove(struct db *db, uint64_t user_id, uint64_t id,
	    struct err *e) MUST_CHECK;
/* One that nobody owns and that is in no group. */
int	 device_remove_stray(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;

/* --- planning and sending (worker) -------------------------------------- */
/* A device as a target.  id 0: the user has none that is active. */
struct device_target {
	uint64_t	 id, user_id;	/* user_id 0: nobody's */
	const char	*kind, *target;	/* endpoint or token */
	const uint8_t	*p256dh, *auth;	/* 65 and 16 bytes, or NULL */
	bool		 active;
	const char	*locale;	/* of the user, or "" */
};
/* Of these ids (n ≤ 1,000); those that do not exist are missing.  How many
 * (at most max), or -1; strings in the arena. */
int	 device_by_ids(struct db *db, struct arena *a, const char *kind,
	    const uint64_t *id, size_t n, struct device_target *out,
	    size_t max, struct err *e) MUST_CHECK;
/* Active ones of these users, by user; a user without any comes once with
 * id 0. */
int	 device_of_users(struct db *db, struct arena *a, const char *kind,
	    const uint64_t *user_id, size_t n, struct device_target *out,
	    size_t max, struct err *e) MUST_CHECK;
/* Active ones of whatever kind of these users (sorted), by user and id; a user
 * without any does not come.  Also for the api's explain. */
int	 device_of_recipients(struct db *db, struct arena *a,
	    const uint64_t *user_id, size_t n, struct device_target *out,
	    size_t max, struct err *e) MUST_CHECK;
/* Active ones that are members of a group themselves, of whatever kind, and
 * whose owner is none; by id, after `after`.  The same. */
int	 device_members(struct db *db, struct arena *a, uint64_t group_id,
	    uint64_t after, struct device_target *out, size_t max,
	    struct err *e) MUST_CHECK;
/* Active ones of a group, its devices and those of its users, by id, after
 * `after`. */
int	 device_of_group(struct db *db, struct arena *a, const char *kind,
	    uint64_t group_id, uint64_t after, struct device_target *out,
	    size_t max, struct err *e) MUST_CHECK;
/* The push service says it is gone (R10); registering it again revives it.
 * In the caller's transaction if there is one.  Rows or -1. */
struct device_dead { uint64_t id; const char *reason; };
int64_t	 device_mark_dead(struct db *db, const struct device_dead *d,
	    size_t n, struct err *e) MUST_CHECK;
/* Those that have been dead for 30 days (PROVIDERS.md 2.3): up to `max` of a
 * reason.  The most of one, or -1. */
int	 device_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
