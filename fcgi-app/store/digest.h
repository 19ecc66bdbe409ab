/*
 * digest.h - tables digest and digest_item: deliveries that wait for their
 * recipient's digest, and the message that carries them.
 *
 * What must stay true: an item is in one digest, and a digest is made once.
 * Who adds counts `items` up; who makes it closes the row where it is open and
 * has as many as he read.  While it gathers, an item has a job in state
 * JOB_GATHERED; whoever takes that away (cancel, reading, purge) takes the
 * item out.
 */
#ifndef GP_STORE_DIGEST_H
#define GP_STORE_DIGEST_H

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
/*
 * In the caller's transaction: close them, end the jobs of what is carried or
 * dropped, make those ready that leave by themselves, insert the carriers and
 * their plan jobs.  1; 0 something changed since it was read (roll back); -1.
 */
struct digest_work {
	const struct digest_made *made;
	size_t		 n;
	const uint64_t	*drop;
	size_t		 drops;
	const struct digest_release *release;
	size_t		 releases;
};
int	 digest_make(struct db *db, const struct digest_work *w,
	    struct err *e) MUST_CHECK;

/* One that cannot be made is in nobody's way: not before ten minutes. */
int	 digest_put_off(struct db *db, uint64_t id, struct err *e) MUST_CHECK;

/* --- following ---------------------------------------------------------------- */
/* Items whose carrier's state is another by now get it, at most max digests a
 * call.  Kill it anywhere: it is one transaction.  How many digests it looked
 * at, or -1. */
int	 digest_follow(struct db *db, size_t max, struct err *e) MUST_CHECK;

#endif
