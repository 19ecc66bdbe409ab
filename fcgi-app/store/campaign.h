/*
 * campaign.h - tables campaign and campaign_part.
 *
 * A campaign is one notification of the same id.  Three marks say how far it
 * is, and each moves by a conditional UPDATE in the transaction that does the
 * work: cursor_id and planned (audience → delivery rows), released (delivery
 * rows → send jobs).  Whoever dies between two commits loses nothing and
 * repeats nothing; whoever comes second finds the mark moved and reads again.
 *
 * States: draft, scheduled, running, paused, done, cancelled, failed.  `live`
 * is true while a worker has something to do with it.
 */
#ifndef GP_STORE_CAMPAIGN_H
#define GP_STORE_CAMPAIGN_H

#include "store/db.h"

#define CAMPAIGN_NAME_MAX	200
#define CAMPAIGN_PART		5000u	/* deliveries that are counted together */

struct campaign {
	uint64_t	 id, user_id, token_id;
	const char	*name, *type, *channels, *title, *content, *audience;
	const char	*request_id, *state, *reason, *detail;
	bool		 live;
	int64_t		 start_us, ends_us, planned_us, rate_us;	/* 0: none */
	int64_t		 created_us, started_us, paused_us, ended_us;
	uint64_t	 rate, cursor_id, people, planned, released, judged,
			 touched, version;
	int64_t		 now_us;	/* the database's clock */
};

/* --- the API's ------------------------------------------------------------ */
/* As *c: id, user_id, token_id, name … audience, request_id, start_us, rate;
 * ends_us, or life_s from now when that is 0.  State draft.  0 or -1. */
int	 campaign_insert(struct db *db, const struct campaign *c,
	    uint32_t life_s, struct err *e) MUST_CHECK;
/* 1 and *c in the arena, 0, -1. */
int	 campaign_find(struct db *db, struct arena *a, uint64_t id,
	    struct campaign *c, struct err *e) MUST_CHECK;
/* By `order`, a word of the API's, "" newest first; `row` as in db_each with
 * *c filled but for content and audience.  state "" any; token_id 0 any. */
struct campaign_page { const char *state, *q, *order; uint64_t token_id;
	unsigned limit, offset; };
int	 campaign_each(struct db *db, struct arena *a,
	    const struct campaign_page *p, struct campaign *c,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
int64_t	 campaign_count(struct db *db, const struct campaign_page *p,
	    struct err *e) MUST_CHECK;
/* Members of *c that may change: all in state draft; of a paused or scheduled
 * one name, rate and ends_us alone.  1 done; 0 its state does not allow it, or
 * somebody changed it since it was read; -1.  In a transaction. */
int	 campaign_change(struct db *db, const struct campaign *c,
	    struct err *e) MUST_CHECK;

/*
 * Steps, in a transaction of the caller's: 1 done, 0 the state (or a time
 * that is over) does not allow it, -1.
 */
/* Its state (in a), which nobody else changes before the transaction's end:
 * 1, or 0 (no such campaign). */
int	 campaign_hold(struct db *db, struct arena *a, uint64_t id,
	    const char **state, struct err *e) MUST_CHECK;
/* draft → scheduled (start_at is ahead) or running; `now` overrides a
 * schedule.  With the notification's row. */
int	 campaign_start(struct db *db, uint64_t id, bool now, struct err *e)
	    MUST_CHECK;
/* running or scheduled → paused: from this commit on no request of it leaves but those
 * whose intent was marked before. */
int	 campaign_pause(struct db *db, uint64_t id, const char *reason,
	    const char *detail, struct err *e) MUST_CHECK;
/* paused → running, or scheduled again; the errors so far do not count any
 * more. */
int	 campaign_resume(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;
/* Not over yet → cancelled; what has not left is ended as `cancelled`: of
 * what waits in the queue now, of the rest by the worker. */
int	 campaign_cancel(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;

struct campaign_counts { uint64_t sent, skipped, failed, expired, cancelled,
	unsure, queued; };
/* Sums of the parts; of a small one (a part at most) counted now.  queued is
 * what is planned and not final. */
int	 campaign_counts(struct db *db, const struct campaign *c,
	    struct campaign_counts *n, struct err *e) MUST_CHECK;

/* What became of each, by seq after `after`, of one state ("" any), at most
 * max; with `to`, what went to that address or to that user.  `row` as in
 * db_each with *d filled.  Rows or -1. */
struct campaign_search {
	uint32_t	 after, max;
	const char	*state;
	const uint8_t	*to;		/* 16 bytes of delivery_hash, or NULL */
	uint64_t	 user_id;	/* 0: the address is no user's */
};
struct delivery;
int	 campaign_recipients(struct db *db, struct arena *a, uint64_t id,
	    const struct campaign_search *f, struct delivery *d,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

/* --- the worker's ----------------------------------------------------------- */
/* Those that are live and need something now, oldest first, without content;
 * at most max.  A paused one for a while only: what was on its way when it was
 * paused is back by then. */
int	 campaign_live(struct db *db, struct arena *a, struct campaign *c,
	    size_t max, struct err *e) MUST_CHECK;
/* A scheduled one whose time has come: 1 it runs, 0, -1.  In a transaction. */
int	 campaign_begin(struct db *db, uint64_t id, struct err *e) MUST_CHECK;
/* Move the planning mark from where *c has it.  In the transaction that made
 * the rows; 0: it is not there any more, roll back. */
struct campaign_mark { uint64_t cursor_id, people, planned; bool last; };
int	 campaign_planned(struct db *db, const struct campaign *c,
	    const struct campaign_mark *to, struct err *e) MUST_CHECK;
/* Move the release mark from where *c has it to seq `to`, in the transaction
 * that makes the jobs.  `state` must still be the campaign's. */
int	 campaign_released(struct db *db, const struct campaign *c, uint64_t to,
	    int64_t rate_us, struct err *e) MUST_CHECK;
/* Queued deliveries in (from, to] that have no job yet (planning makes them of
 * what waits), by channel, locked: in the transaction that makes their jobs.
 * How many channels, or -1. */
struct campaign_ready { char channel[13]; uint64_t n; };
int	 campaign_ready(struct db *db, uint64_t id, uint64_t from, uint64_t to,
	    struct campaign_ready *r, size_t max, struct err *e) MUST_CHECK;
/* Send jobs for them, ids from `first` on: of each channel the first n in
 * order to the first share of it, and so on.  How many, or -1 (ERR_DB_DUP:
 * ids are taken). */
struct campaign_share_of { const char *channel, *provider; uint32_t n; };
int64_t	 campaign_jobs(struct db *db, const struct campaign *c, uint64_t first,
	    uint64_t from, uint64_t to, const struct campaign_share_of *s,
	    size_t n, struct err *e) MUST_CHECK;
/* How many of its jobs are due, leased or leaving (dead letters, those that
 * wait for another try and those at accounts of the list `stuck` are not), how
 * many there are but for those that wait for their recipient's hour, and how
 * many in all. */
struct campaign_queue { uint64_t busy, begun, all; };
int	 campaign_queue(struct db *db, uint64_t id, const char *stuck,
	    struct campaign_queue *q, struct err *e) MUST_CHECK;
/* Up to CAMPAIGN_END deliveries in (from, to] that are queued and have no job
 * end as `state`; of one channel, or "" any.  In a transaction.  How many, or
 * -1. */
#define CAMPAIGN_END	4000u
struct campaign_end { uint64_t id, from, to;
	const char *channel, *state, *reason; };
int64_t	 campaign_end_rows(struct db *db, const struct campaign_end *x,
	    struct err *e) MUST_CHECK;
/* Lock it, if it is as it was read: 1, 0, -1.  For work that no mark fences:
 * what was paused then may have been resumed since. */
int	 campaign_still(struct db *db, const struct campaign *c,
	    struct err *e) MUST_CHECK;
/* Jobs that are due, soon due or leased must not leave (again): kept.  Those
 * whose hour is further ahead, a million perhaps, are held as it comes
 * (campaign_hold_claimed).  In a transaction.  How many, or -1. */
int64_t	 campaign_hold_jobs(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;
/* Jobs that wait are to be as *c says: they end when it ends, and none is held
 * unless it is paused.  Of some thousand behind mark `touched`, which moves,
 * *c's too; in a transaction.  1 moved, 0 it is another by now (roll back),
 * -1. */
int	 campaign_touch(struct db *db, struct campaign *c, struct err *e)
	    MUST_CHECK;
/* Claimed of a campaign that was paused when it was read: held; or ready again
 * when it went on meanwhile.  A transaction of its own.  0 or -1. */
struct job_ref;
int	 campaign_hold_claimed(struct db *db, uint64_t id, struct job_ref *r,
	    size_t n, struct err *e) MUST_CHECK;
/* Up to CAMPAIGN_END jobs gone, with their deliveries ended as `state`.  In a
 * transaction.  How many, or -1. */
int64_t	 campaign_drop_jobs(struct db *db, uint64_t id, const char *state,
	    struct err *e) MUST_CHECK;
/* Held jobs are ready again, at the hour they had: CAMPAIGN_END of them at
 * most. */
int64_t	 campaign_free_jobs(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;
/* Of the last `n` requests that were answered, after c->judged: how many, how
 * many of those failed, and the reason of most of them. */
struct campaign_share { uint64_t seen, bad; char why[41]; };
int	 campaign_share(struct db *db, const struct campaign *c, uint32_t n,
	    struct campaign_share *s, struct err *e) MUST_CHECK;
/* Count up to `max` parts that are not final, the longest uncounted first.
 * How many there were, or -1. */
int	 campaign_count_parts(struct db *db, const struct campaign *c,
	    unsigned max, struct err *e) MUST_CHECK;
/* No delivery of it is open: 1, 0, -1. */
int	 campaign_all_final(struct db *db, const struct campaign *c,
	    struct err *e) MUST_CHECK;
/* running or paused → done; of a cancelled one, no more work.  1, 0, -1. */
int	 campaign_over(struct db *db, uint64_t id, struct err *e) MUST_CHECK;

#endif
