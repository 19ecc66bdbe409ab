/*
 * job.h - table job: what is to be done, leased and fenced.
 *
 * States: ready, leased, leaving (the intent is marked: from here a crash means
 * "perhaps sent"), held (its campaign is paused), gathered (it waits for its
 * recipient's digest, store/digest.h), dead letter.  A lease is (id, attempt,
 * owner): every change by its holder names all three and is refused when
 * another has the job by now.  `owner` is a key of the claim, so that a claim
 * whose COMMIT was lost finds its own rows again (D20).  All times are the
 * database's.
 *
 * Batches travel as one JSON array and are joined as a table: one round trip
 * and one commit, whatever their size.
 */
#ifndef GP_STORE_JOB_H
#define GP_STORE_JOB_H

#include "store/db.h"

enum job_state { JOB_READY = 0, JOB_LEASED = 1, JOB_LEAVING = 2,
	JOB_PAUSED = 3, JOB_GATHERED = 4, JOB_DEAD = 9 };
enum job_kind { JOB_PLAN = 1, JOB_SEND = 2 };
enum job_stop { JOB_STOP_NOT = 0, JOB_STOP_CANCELLED = 1, JOB_STOP_READ = 2 };
/* Classes 0 to 2 are the notification's; 3 and 4 are the many of one
 * notification (transactional, campaign), which wait for nobody's single
 * message to pass (R9). */
#define JOB_CLASSES	5
#define JOB_CLASS_BULK	3
#define JOB_TRIED_MAX	160
#define JOB_CRASHES_MAX	3		/* then it is a dead letter */
#define JOB_BATCH_MAX	2000

struct job {
	uint64_t	 id, owner, notification_id, user_id, device_id;
	uint32_t	 seq;
	unsigned	 class, kind, attempt, tries, crashes;
	bool		 repeat_ok;	/* of the request that left, if one did */
	/* Taken back while it was leaving: it does not go again. */
	enum job_stop	 stop;
	bool		 bound;		/* no other account may get it (S51) */
	int64_t		 run_us, expires_us;
	const char	*tried;		/* accounts, by commas */
	const char	*provider, *waiter;	/* waiter NULL: nobody */
	const uint8_t	*secret;		/* sealed, or NULL */
	size_t		 secret_len;
};
/* One more worker that ends under it, and it is a dead letter. */
static inline bool
job_last_chance(const struct job *j)
{
	return j->crashes + 1 >= JOB_CRASHES_MAX;
}

/* --- claiming ----------------------------------------------------------- */
/* The earliest that will be due of a provider ("": to be planned), by class,
 * 0: none; seen from a floor on (0: all).  0 and the database's time, or -1. */
int	 job_peek(struct db *db, const char *provider,
	    const int64_t floor_us[JOB_CLASSES], int64_t due_us[JOB_CLASSES],
	    int64_t *now_us, struct err *e) MUST_CHECK;
/* One queue: a provider and class; at most so many, none run before
 * `floor_us` (0: no floor; it spares a scan over entries that were claimed
 * and are not purged yet). */
struct job_queue {
	const char	*provider;
	unsigned	 class;
	uint32_t	 limit;
	int64_t		 floor_us;
};
/*
 * Lease what is due of the queues for lease_s, in one transaction; what another
 * claim takes meanwhile is left to it.  Jobs are in the arena, as after the
 * claim (attempt counts it).  Returns how many, or -1.
 *
 * A worker that dies leaves all it held, and nothing tells which of them it
 * died of.  So of those on their last chance at most one is claimed, with
 * `lone`, or none; a worker that holds one untouched asks without.
 */
int	 job_claim(struct db *db, struct arena *a, const struct job_queue *q,
	    size_t n, uint32_t lease_s, bool lone, struct job **out,
	    struct err *e) MUST_CHECK;
/* Names of all providers that have jobs, in the arena.  How many or -1. */
int	 job_providers(struct db *db, struct arena *a, const char **name,
	    size_t max, struct err *e) MUST_CHECK;

/* --- holding ------------------------------------------------------------ */
enum job_fate { JOB_HELD, JOB_TOO_LATE, JOB_GONE };
struct job_ref {
	uint64_t	 id, owner;
	unsigned	 attempt;
	/* job_intend: in repeat_ok, out fate.  job_back: in. */
	bool		 repeat_ok;
	enum job_fate	 fate;
	int64_t		 delay_us;	/* ready again after this */
	const char	*why;		/* last_error; "" leaves it */
	const char	*to;		/* another account; NULL: stays */
	const char	*tried;		/* NULL leaves it */
	bool		 bound;		/* from now on; false leaves it */
};
/*
 * The intent mark (D26): leased becomes leaving, tries + 1; refused past the
 * lease and past the message's expiry, by the database's clock.  Touches no
 * index.  fate of each tells.  0 or -1.
 */
int	 job_intend(struct db *db, struct job_ref *r, size_t n,
	    struct err *e) MUST_CHECK;
/* Begin the leases anew.  Rows that were still held, or -1. */
int64_t	 job_extend(struct db *db, const struct job_ref *r, size_t n,
	    uint32_t lease_s, struct err *e) MUST_CHECK;

/* In a transaction of the caller: how many of the refs were held (and are
 * gone, or ready again), or -1. */
int64_t	 job_delete(struct db *db, const struct job_ref *r, size_t n,
	    struct err *e) MUST_CHECK;
int64_t	 job_back(struct db *db, const struct job_ref *r, size_t n,
	    struct err *e) MUST_CHECK;
/* Lock those still held and set fate of each (JOB_HELD or JOB_GONE).  0 or -1. */
int	 job_lock(struct db *db, struct job_ref *r, size_t n, struct err *e)
	    MUST_CHECK;

/* --- planning; in a transaction of the caller --------------------------- */
struct job_new {
	uint64_t	 id, owner, notification_id, user_id, device_id;
	uint32_t	 seq;
	unsigned	 class;
	bool		 leased;	/* to owner, attempt 1; else ready */
	bool		 gathered;	/* neither: for a digest */
	int64_t		 run_us;	/* ready: not before this; 0 now */
	bool		 bound;
	const char	*provider, *waiter;
	int64_t		 expires_us;
	const void	*secret;
	size_t		 secret_len;
};
int	 job_insert(struct db *db, const struct job_new *j, size_t n,
	    uint32_t lease_s, struct err *e) MUST_CHECK;
/* Turn held plan jobs of one recipient into their send jobs, still held, or
 * ready when not `leased`.  How many were, or -1. */
int64_t	 job_become_send(struct db *db, const struct job_new *j,
	    const struct job_ref *r, size_t n, struct err *e) MUST_CHECK;
/* Keep a place in a long audience: recipients planned so far and the last id
 * of the walk.  1 held, 0 not, -1. */
int	 job_plan_mark(struct db *db, const struct job_ref *r, uint32_t seq,
	    uint64_t last_id, uint32_t lease_s, struct err *e) MUST_CHECK;
/* Is it there, and owned so?  For a redo.  1, 0, -1. */
int	 job_is(struct db *db, uint64_t id, uint64_t owner, struct err *e)
	    MUST_CHECK;

/* --- sweeping ------------------------------------------------------------ */
/* Locked rows (call in a transaction) whose lease ran out: of `state`
 * JOB_LEASED or JOB_LEAVING.  How many, at most max; or -1. */
int	 job_lapsed(struct db *db, struct arena *a, enum job_state state,
	    uint32_t max, struct job **out, struct err *e) MUST_CHECK;
/* Locked rows of a queue, ready but past their expiry. */
int	 job_expired(struct db *db, struct arena *a, const char *provider,
	    uint32_t max, struct job **out, struct err *e) MUST_CHECK;
/* After locking: ready again, one crash more; or dead letters. */
int	 job_revive(struct db *db, const struct job_ref *r, size_t n,
	    struct err *e) MUST_CHECK;
int	 job_bury(struct db *db, const struct job_ref *r, size_t n,
	    struct err *e) MUST_CHECK;
/* After locking: delete by id, whoever held them. */
int	 job_drop(struct db *db, const struct job_ref *r, size_t n,
	    struct err *e) MUST_CHECK;

/* --- looking -------------------------------------------------------------- */
struct job_counts { uint64_t ready, due, leased, leaving, dead; int64_t oldest_us; };
int	 job_count(struct db *db, struct job_counts *c, struct err *e)
	    MUST_CHECK;
/* Dead letters, newest first: id, notification, provider, last_error, times.
 * `row` as in db_each.  Rows or -1. */
struct job_dead { uint64_t id, notification_id, seq;
	const char *provider, *why; int64_t created_us, expires_us; };
int	 job_each_dead(struct db *db, struct arena *a, uint32_t max,
	    struct job_dead *d, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;

#endif
