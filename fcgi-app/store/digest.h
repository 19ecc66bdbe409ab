/*
 * digest.h - tables digest and digest_item: deliveries that wait for their
 * recipient's digest, and the message that carries them.
 *
 * What must stay true: an item is in one digest, and a digest is made once.
 * Who adds counts `items` up; who makes it closes the row where it is open and
 * has as many as he read.  While it gathers, an item has a job in state
 * JOB_GATHERED; whoever takes that away (cancel, reading, purge) takes the
 * item out.  Once it is made it carries those that stand in digest_item: a
 * cancel or a reading takes them out of there while the carrier has not left.
 */
#ifndef GP_STORE_DIGEST_H
#define GP_STORE_DIGEST_H

#include "base/buf.h"
#include "store/db.h"

/* What the provider column of a carried delivery says; provider_id is the id
 * of the notification that carries it. */
#define DIGEST_PROVIDER	"digest"

struct digest_new {
	uint64_t	 user_id, notification_id;
	uint32_t	 seq;
	const char	*channel;
	int64_t		 due_us;
};
/* In the caller's transaction, which makes the jobs; sorts d.  0 or -1. */
int	 digest_add(struct db *db, struct digest_new *d, size_t n,
	    struct err *e) MUST_CHECK;
/* Somebody wants no digest any more: what gathers is made now.  0 or -1. */
int	 digest_soon(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;

/* --- making ------------------------------------------------------------------ */
struct digest { uint64_t id, user_id, items; const char *channel; };
/* Those whose moment has come, in the arena: how many, or -1. */
int	 digest_due(struct db *db, struct arena *a, struct digest *g,
	    size_t max, struct err *e) MUST_CHECK;
struct digest_item {
	uint64_t	 of;		/* index of its digest */
	uint64_t	 notification_id, seq, job_id, class;
	const char	*type;
	int64_t		 expires_us;
	bool		 late, cancelled;
	bool		 campaign, paused;	/* of one; and that is paused */
};
/* Items of these that still wait, by digest, the oldest first: how many, all
 * of them in *out; or -1. */
int64_t	 digest_items(struct db *db, struct arena *a, const struct digest *g,
	    size_t n, struct digest_item **out, struct err *e) MUST_CHECK;

struct digest_made {
	const struct digest *of;
	uint64_t	 carrier_id;	/* 0: nothing carries it */
	uint64_t	 job_id;
	unsigned	 class, job_class;
	const char	*title, *content, *audience;
	int64_t		 expires_us;
};
struct digest_release { uint64_t job_id; int64_t run_us; };
struct digest_campaign { uint64_t id; bool paused, cancelled; };
/*
 * In the caller's transaction: close them, end the jobs of what is carried or
 * dropped, make those ready that leave by themselves, hold those of paused
 * campaigns for when these go on, insert the carriers and their plan jobs.  1;
 * 0 something changed since it was read (roll back); -1.
 */
struct digest_work {
	const struct digest_made *made;
	size_t		 n;
	const uint64_t	*drop;
	size_t		 drops;
	const struct digest_release *release;
	size_t		 releases;
	const uint64_t	*hold;		/* jobs of paused campaigns */
	size_t		 holds;
	/* Campaigns of the items, each as it was read. */
	const struct digest_campaign *campaign;
	size_t		 campaigns;
};
int	 digest_make(struct db *db, const struct digest_work *w,
	    struct err *e) MUST_CHECK;

/* One that cannot be made is in nobody's way: not before ten minutes. */
int	 digest_put_off(struct db *db, uint64_t id, struct err *e) MUST_CHECK;
/* Carriers of one reader's whose jobs are not over, up to max, into id[]: how
 * many, or -1. */
int	 digest_carriers_of(struct db *db, uint64_t user_id, uint64_t *id,
	    size_t max, struct err *e) MUST_CHECK;
/* Its words go.  0 or -1. */
int	 digest_carrier_blank(struct db *db, uint64_t carrier_id,
	    struct err *e) MUST_CHECK;

/* --- what a carrier carries; digest_carried.c, digest_rewrite.c ------------------ */
/*
 * Of these deliveries ([[notification, seq], …] as JSON) those that a carrier
 * carries which has not left: they end as cancelled, with the reason, and the
 * carrier is held until it is written without them.  One that is leaving at
 * this moment goes; if it comes back to be tried again they are taken out
 * then.  In the caller's transaction, after their own jobs.  Adds to *out and
 * *leaving.  0 or -1.
 */
int	 digest_take_out(struct db *db, const char *pairs, const char *reason,
	    uint64_t *out, uint64_t *leaving, struct err *e) MUST_CHECK;
/* Up to max of a notification's that are carried: appended to *pairs, without
 * its end.  How many, or -1. */
int64_t	 digest_carried_of(struct db *db, uint64_t notification_id,
	    uint32_t max, struct buf *pairs, struct err *e) MUST_CHECK;

struct digest_rewrite {
	uint64_t	 id, carrier_id;
	const char	*channel, *locale;	/* of the reader, or NULL */
};
/* Carriers to be written anew, in the arena: how many, or -1. */
int	 digest_rewrites(struct db *db, struct arena *a,
	    struct digest_rewrite *r, size_t max, struct err *e) MUST_CHECK;
/* In the caller's transaction: lock the carrier's jobs, take out what could
 * not be while it was leaving, and say what is left: ids of notifications,
 * the newest first, at most max.  1; 0 it is final, there is nothing to
 * write; -1. */
struct digest_left { uint64_t *id; size_t n, max, total; bool leaving; };
int	 digest_rewrite_lock(struct db *db, const struct digest_rewrite *r,
	    struct digest_left *left, struct err *e) MUST_CHECK;
/* Its words, and its jobs are ready again.  0 or -1. */
int	 digest_rewritten(struct db *db, const struct digest_rewrite *r,
	    const char *title, const char *content, struct err *e) MUST_CHECK;
/* Look at it again after so long; 0: not any more.  0 or -1. */
int	 digest_rewrite_next(struct db *db, uint64_t id, int64_t after_us,
	    struct err *e) MUST_CHECK;
/* It could not be written: its jobs stay held, and it is looked at again after
 * so long or when its time is over, whichever is first; then it expires with
 * what it carries.  A transaction of its own.  0 or -1. */
int	 digest_rewrite_put_off(struct db *db, const struct digest_rewrite *r,
	    int64_t after_us, struct err *e) MUST_CHECK;

/* --- following ---------------------------------------------------------------- */
/* Items whose carrier's state is another by now get it, at most max digests a
 * call.  Kill it anywhere: it is one transaction.  How many digests it looked
 * at, or -1. */
int	 digest_follow(struct db *db, size_t max, struct err *e) MUST_CHECK;

#endif
