/*
 * loop_own.h - what the files of the loop share; nobody else includes it.
 */
#ifndef GP_WORKER_LOOP_OWN_H
#define GP_WORKER_LOOP_OWN_H

#include "deliver/intake.h"
#include "deliver/lane.h"
#include "deliver/record.h"
#include "net/net.h"
#include "queue/bell.h"
#include "store/desk.h"
#include "worker/loop.h"
#include "worker/sweep.h"

#define LANES_MAX	(INTAKE_QUEUES - 1)
#define DEPART_MAX	64u		/* D26: an intent mark for so many */
#define MANY_MAX	100u		/* in one request */
#define DEPART_OPS	4u		/* being sealed or marked */
#define FLYING_MAX	2048u
#define MS		INT64_C(1000)
#define POLL_US		(200 * MS)
#define REDO_US		(200 * MS)	/* after the database failed */
#define STOP_US		(INT64_C(10) * US_PER_S)

struct campaigning;
struct depart {			/* items whose intent is being marked */
	struct loop	*loop;
	struct lane	*together;	/* they go in one request; or NULL */
	struct item	*it[MANY_MAX];
	struct job_ref	 ref[MANY_MAX];
	int		 wait_s[MANY_MAX];	/* out: another message to the
						 * same recipient was first */
	bool		 let[MANY_MAX];	/* by its quota */
	char		 unmade[MANY_MAX][40];	/* out: why it cannot be sent;
						 * or "" */
	size_t		 n;
	struct quota {
		char	 name[25];
		uint64_t limit;
		unsigned want, got;
	} quota[LANES_MAX];
	size_t		 quotas;
};
_Static_assert(MANY_MAX >= DEPART_MAX, "a depart holds either");

struct loop {
	const struct worker_setup *setup;
	struct net	*net;
	struct bell	*bell;
	struct desk	*in_desk, *mark_desk, *out_desk;
	struct desk	*seal_desk;		/* asks no database */
	struct desk	*mx_desk;		/* waits for DNS; or NULL */
	struct campaigning *campaigns;
	int		 wake_fd, ep_fd;
	uint64_t	 owner;			/* of the sweeper's lease */
	struct lane	 lane[LANES_MAX];
	size_t		 lanes, first;		/* whose turn it is */
	struct item	*flying[FLYING_MAX];	/* on the way */
	size_t		 flyings;
	struct together	*together;		/* requests for many */
	int64_t		 db_offset;		/* database's time - ours */
	bool		 clock_known;
	/* taking in */
	struct intake	 intake;
	bool		 taking, want, stopping, idle, swept;
	bool		 accounts_known;
	int64_t		 next_take_us, stop_us;
	/* departing */
	size_t		 departing;		/* operations */
	int64_t		 no_depart_us;		/* the database failed */
	/* recording */
	struct record_batch *open, *failed;
	int64_t		 open_us, redo_us;
	size_t		 recording;		/* operations */
	/* sweeping, leases */
	struct sweep	*sweep;
	bool		 sweeping;
	int64_t		 next_sweep_us, next_purge_us, next_lease_us,
			 next_look_us, said_us;
	size_t		 extending;
	/* seats: seat.c */
	struct seating	*seating;		/* asked for, or NULL */
	bool		 seated;		/* known */
	struct parting	*parting[LANES_MAX];	/* that end a connection */
	/* asking what became of messages: receipt.c */
	struct receipt_round *receipt;		/* under way; or NULL */
	bool		 receipts_asked;	/* nothing more was due */
	size_t		 receipt_lane;		/* whose turn it is */
	unsigned	 receipt_max;		/* ids a request; 0: as many as may be */
	int64_t		 next_receipt_us;
	/* looking domains up (S52) */
	bool		 mx_want, mx_busy, mx_done;
	int64_t		 next_mx_us;
};

/* The database's clock now. */
int64_t	 loop_db_now(const struct loop *l);
/* Log an error of the database, but not each of a storm. */
void	 loop_complain(struct loop *l, const char *what, const struct err *e);
struct lane *loop_lane(struct loop *l, const char *name);

/* tick.c */
void	 loop_sweep(struct loop *l);
void	 loop_extend(struct loop *l);
void	 loop_mx(struct loop *l);

/* campaign.c */
struct campaigning *campaigning_new(struct loop *l);
void	 campaigning_free(struct campaigning *c);	/* waits; NULL */
void	 campaigning_go(struct campaigning *c);
/* Nothing of it is to be done now. */
bool	 campaigning_idle(const struct campaigning *c);
int64_t	 campaigning_wake_us(const struct campaigning *c);	/* 0: it wakes us */

/* pair.c: which of them may go to their recipients now (struct provider's
 * pair_s); wait_s of each.  On the mark desk.  0 or -1. */
int	 pair_take(struct db *db, struct depart *d, struct err *e) MUST_CHECK;

/* route.c */
/* What table provider says now; takes what it needs of *s. */
void	 loop_accounts(struct loop *l, struct accounts *s);
/* Accounts that planning may choose from: how many of r[LANES_MAX]. */
size_t	 loop_routes(struct loop *l, struct plan_route *r);
/* Their turns, after it chose. */
void	 loop_routed(struct loop *l, const struct plan_route *r, size_t n);
/* The name of another account that traffic flows to and that was not tried,
 * or NULL. */
const char *loop_elsewhere(const struct item *it);
/* Does another account serve what this one's messages are for? */
bool	 loop_has_other(const struct loop *l, const struct lane *lane);
/* How long a lane that does not flow will not, as far as is known. */
int64_t	 loop_lane_wait(const struct lane *lane);
/* Which of them have all settings?  Said when it changes. */
void	 loop_look(struct loop *l);

/* token.c */
/* Fetch bearer tokens where one is wanted, or soon will be. */
void	 loop_tokens(struct loop *l);

/* depart.c */
void	 loop_dispatch(struct loop *l);
/* What became of one that was on its way; `open_us`: how long its provider's
 * breaker stays open. */
void	 loop_settle(struct item *it, const struct verdict *v,
	    const struct in_answer *in, int64_t open_us);
/* The request leaves: its intent is committed, and it has its turn. */
void	 loop_leave(struct loop *l, struct item *it);
/* On its way, and not any more. */
void	 loop_flies(struct loop *l, struct item *it);
void	 loop_lands(struct loop *l, struct item *it);
/* Give all waiting items of a lane back, for `us`. */
void	 loop_release(struct loop *l, struct lane *lane, int64_t us);
/* Not now: again after so long, and never past its end. */
void	 loop_hold(struct loop *l, struct item *it, int64_t us);

/* mark.c: items that leave, in one request (together) or each by itself.
 * Filled with at most DEPART_MAX (MANY_MAX), then marked; loop_mark owns it. */
struct depart *loop_depart_new(struct loop *l, struct lane *together);
void	 loop_mark(struct loop *l, struct depart *d);

/* together.c: these, whose intent is committed, in one request. */
void	 loop_leave_together(struct loop *l, struct lane *lane,
	    struct item *const *it, size_t n);
/* At the end: those that are on their way still. */
void	 loop_forget_together(struct loop *l);

/* pace.c: a turn for each of those that wait for one, as soon as there is
 * one. */
void	 loop_pace(struct loop *l);
/* Ask for turns ahead; `whole`: for all of them at once, or none. */
void	 loop_pace_ask(struct loop *l, struct lane *lane, unsigned want,
	    bool whole);
/* Its intent is committed: it waits. */
void	 loop_pace_wait(struct lane *lane, struct item *it);

/* seat.c */
/* Ask for seats where it is time, and end connections beyond them. */
void	 loop_seats(struct loop *l);
/* A mail's transfer is over: are there more connections or less? */
void	 loop_seats_heard(struct lane *lane, const struct in_answer *in);
/* Is this to be the last request of its connection? */
bool	 loop_seats_last(const struct lane *lane);
/* At the end: on a desk; and after the network is gone. */
void	 loop_seats_leave(struct db *db, struct loop *l);
void	 loop_forget_partings(struct loop *l);

/* receipt.c */
void	 loop_receipts(struct loop *l);
void	 receipt_round_free(struct receipt_round *r);

/* outcome.c */
struct record *loop_record(struct loop *l);	/* a fresh one to fill */
void	 loop_flush(struct loop *l, bool now);
/* When the open batch is to be written; 0: nothing is, or it is woken. */
int64_t	 loop_flush_us(const struct loop *l);
bool	 loop_recorded(const struct loop *l);	/* nothing is left to write */
void	 loop_breaker(struct loop *l, struct lane *lane, enum lane_event ev,
	    const char *why, uint32_t open_s);
void	 loop_trials(struct loop *l);

#endif
