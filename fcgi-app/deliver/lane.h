/*
 * lane.h - an account as this worker sees it: who waits, how many may be on
 * the way, how fast, and whether it is worth trying at all.
 *
 * Each lane has its own room and its own share of what is in flight, so one
 * that answers late or never slows no other.  Endpoints of browsers are many
 * services behind one provider: there, pauses and failures count per host.
 * All times are monotonic µs.
 */
#ifndef GP_DELIVER_LANE_H
#define GP_DELIVER_LANE_H

#include "deliver/item.h"
#include "queue/turns.h"

#define LANE_HOSTS	16

enum lane_gate { GATE_CLOSED_OK = 0,	/* breaker closed: traffic flows */
	GATE_OPEN, GATE_TRIAL };

struct lane_host {
	char		 name[256];
	int64_t		 until_us, used_us;
	unsigned	 fails, pauses;
};

struct lane {
	const struct provider *p;	/* NULL: a name we do not know */
	struct account	*account;	/* one reference; NULL with p */
	char		 name[25];
	bool		 usable;	/* its settings are complete, and it is
					 * active */
	uint64_t	 version;	/* of its account's row; 0: implicit */
	/* A bearer token that is fetched for the account. */
	enum { TOKEN_NONE = 0, TOKEN_WANTED, TOKEN_GOOD, TOKEN_REFUSED } token_is;
	char		*token;
	unsigned	 token_no;	/* of the token, for who used an older */
	bool		 token_asked;
	int64_t		 token_got_us, token_until_us, token_next_us;
	bool		 spent;		/* its quota of the day */
	bool		 seen;		/* there may be jobs of it */
	int64_t		 credit;	/* of its turns when planning */
	unsigned	 cap_max, per_s;
	struct item_list wait[JOB_CLASSES];
	struct turns	 turns;
	unsigned	 cap, flying;
	unsigned	 requests, requests_max;	/* of a provider that
						 * takes many in one */
	/* Its rate, which all workers share: what waits for its turn, marked
	 * as leaving (flying counts it), and the turns that were got. */
	struct item_list ready;
	unsigned	 paced;		/* of flying: without a turn yet */
	struct pace {
		unsigned	 n;	/* turns left … */
		int64_t		 from_us, until_us;	/* … good between */
		unsigned	 given, left;		/* to be settled: */
		int64_t		 db_until_us, db_left_us, db_ahead_us;
	}		 pace;
	bool		 pace_asking;
	/* Its seats, which all workers share (queue/seat.h): so many requests
	 * may be under way, until when.  held: more, as long as more are. */
	unsigned	 seats_max;	/* of all; 0: each worker has its own */
	unsigned	 seats, seats_held, seat_holders;
	int64_t		 seats_until_us, seats_next_us, seats_asked_us;
	unsigned	 conns;		/* connections that are open, where
					 * those count (p->part) */
	int64_t		 receipt_next_us;	/* no receipts are asked for before */
	int64_t		 pace_next_us;	/* no turn is to be had before */
	int64_t		 departed_us;	/* the last that left */
	/* breaker; shared with other workers through provider_state */
	enum lane_gate	 gate;
	int64_t		 open_until_us, changed_us;
	unsigned	 fails, configs, opens;
	/* devices: of so many answers, so many were gone (lane_many_gone) */
	unsigned	 told, gone;
	bool		 asking;	/* for the trial, in the database */
	bool		 due;		/* the last look saw due jobs */
	void		*owner;		/* the loop */
	struct lane_host host[LANE_HOSTS];
};

void	 lane_init(struct lane *l, const char *name, const struct provider *p,
	    unsigned cap_max);
void	 lane_fini(struct lane *l);
/*
 * It is this account from now on (takes over the reference), or none: what
 * nobody serves.  Its rate and cap follow; requests on their way keep the old.
 */
void	 lane_account(struct lane *l, struct account *acc);
size_t	 lane_waiting(const struct lane *l);
/* May anything leave at all now? */
bool	 lane_flows(const struct lane *l);
/* Its token is no good any more: true when it may be only that, and another
 * is fetched; false when the account itself is refused. */
bool	 lane_token_lost(struct lane *l, unsigned token_no, int64_t now_us);
/* How many more items of each class it may hold. */
void	 lane_room(const struct lane *l, uint32_t room[JOB_CLASSES]);
/* Requests under way, or connections open, as its seats count them; how many
 * more there may be; how many it could use. */
unsigned lane_in_use(const struct lane *l);
unsigned lane_seats_left(const struct lane *l, int64_t now_us);
unsigned lane_seats_want(const struct lane *l);
/* Their time is over: another worker may have them, nothing more leaves. */
bool	 lane_seats_over(const struct lane *l, int64_t now_us);
/* How many may leave now (cap, seats, rate, breaker). */
unsigned lane_may_leave(struct lane *l, int64_t now_us);
void	 lane_add(struct lane *l, struct item *it);
/* The next by weighted turns, or NULL.  Check lane_host_wait. */
struct item *lane_next(struct lane *l);
/* Of a provider that takes many in one request: are there as many as one
 * takes, or all that wait?  Always true of others. */
bool	 lane_full(const struct lane *l, unsigned may_leave);
/* It is to leave: counts as on its way, and waits for a turn (it->paced)
 * where there is a rate. */
void	 lane_left(struct lane *l, struct item *it);
/* It got its turn.  Or it did not leave after all. */
void	 lane_leaves(struct lane *l, struct item *it);
void	 lane_stays(struct lane *l, struct item *it);
/* 0, or how long the item's host is paused. */
int64_t	 lane_host_wait(struct lane *l, const struct item *it,
	    int64_t now_us);
/* When to look again, or 0: nothing of ours changes by itself. */
int64_t	 lane_wake_us(const struct lane *l, int64_t now_us);

/* An answer came or did not; *open_s is set for LANE_OPENS. */
enum lane_event { LANE_NOTHING, LANE_OPENS, LANE_CLOSES };
enum lane_event lane_result(struct lane *l, const struct item *it,
	    const struct verdict *v, const struct in_answer *in,
	    int64_t now_us, uint32_t *open_s);
/* An answer about a device: are unusually many of its service gone by now?
 * True once in so many answers.  It may be the service that is ill. */
bool	 lane_many_gone(struct lane *l, bool gone);
/* How long until it may be tried again, µs; 0 now. */
int64_t	 lane_open_left(const struct lane *l, int64_t now_us);
/* What the shared row says. */
void	 lane_learn(struct lane *l, const char *state, int64_t left_us,
	    unsigned failures, int64_t now_us);

#endif
