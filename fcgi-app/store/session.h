/*
 * session.h - table session: one row a family of refresh tokens (D7).
 *
 * Counters only; tokens are made from them by auth/token.  All times are the
 * database's.  Nothing here decides: auth/grant applies the rules of D7 to
 * what session_find read, and session_step writes only when the row still is
 * what was read (compare and swap), so that of N parallel refreshes one wins.
 */
#ifndef GP_STORE_SESSION_H
#define GP_STORE_SESSION_H

#include "store/db.h"

struct session {
	uint64_t	 id, user_id;
	uint64_t	 actor_id;	/* who acts as user_id; 0: himself */
	uint32_t	 current, parent, newest;
	uint32_t	 killed;	/* superseded unused successor, or 0 */
	uint32_t	 minute_n;	/* steps since minute_at_us */
	int64_t		 rotated_at_us, killed_at_us, minute_at_us;
	int64_t		 created_at_us, auth_at_us;
	int64_t		 idle_ends_at_us, ends_at_us;
	int64_t		 ended_at_us;	/* 0: not ended by anybody */
	int64_t		 now_us;	/* the database's, at the read */
	bool		 claim;		/* of an unproved account (D9) */
	const char	*amr, *country;
	/* of its user, by the same SELECT */
	bool		 is_active, is_staff, is_superuser;
	bool		 verified;	/* phone or e-mail proved */
	const char	*email;		/* proved e-mail as typed, or NULL */
	const char	*allowed_countries;	/* user's; NULL: all */
	const char	*groups;	/* "ops,wiki", or NULL */
	int64_t		 not_before_us;	/* user's (D8), whole seconds, or 0 */
};

/* Neither ended, nor past its idle or absolute end, nor of a disabled user,
 * as of now_us. */
bool	 session_alive(const struct session *s);

/*
 * iat of the current pair, s: that of its rotation, but never before the
 * user's not-before.  Every access token must take its iat from here (also a
 * fresh one for the gate: with `at_us` instead of the rotation), or a token
 * made in the second of a change would be refused for the rest of it (D8).
 */
int64_t	 session_iat_s(const struct session *s, int64_t at_us);

struct session_new {
	uint64_t	 id;		/* from rand_id(), made before */
	uint64_t	 user_id;
	const char	*amr, *ip, *country, *user_agent;	/* cut to fit */
	bool		 claim;
	uint32_t	 idle_s, life_s;
	uint64_t	 actor_id;	/* 0: the user himself */
};
/*
 * Insert, and *s as session_find would give it.  0; 1 *s is not filled: there
 * is no such user; -1.  Meeting its own id is a success (D20).
 */
int	 session_insert(struct db *db, struct arena *a,
	    const struct session_new *n, struct session *s, struct err *e)
	    MUST_CHECK;

/* Row and user's claims: 1 and *s, 0 no such row (ended ones are found: see
 * session_alive), -1. */
int	 session_find(struct db *db, struct arena *a, uint64_t id,
	    struct session *s, struct err *e) MUST_CHECK;

enum session_move {
	SESSION_ROTATE,		/* current was presented: it becomes parent */
	SESSION_SUPERSEDE	/* parent was, after grace: current is killed */
};
struct session_step {
	enum session_move move;
	uint32_t	 idle_s;
	uint32_t	 per_minute;	/* steps a minute and session */
	const char	*ip;
};
/*
 * One conditional UPDATE of one row, the per-minute counter in it.  1: done,
 * and *s is the new state (rotated_at_us is s->now_us of the read: the
 * database's time); 0: the row is no longer what was read, or the read is
 * more than 5 s old, or the minute is full: read again and decide again.
 * Ask session_minute_wait first to tell a full minute.
 */
int	 session_step(struct db *db, struct session *s,
	    const struct session_step *st, struct err *e) MUST_CHECK;
/* Seconds until a step fits into `per_minute`; 0: now. */
int	 session_minute_wait(const struct session *s, uint32_t per_minute);

/*
 * End sessions of a user and write their revocations, in the caller's
 * transaction if there is one, else in one of its own.  `session_id` 0: all
 * but `keep` (0: all).  Ids of the first `max` ended go to ids[], for shared
 * memory after the commit.  How many ended, or -1.
 */
struct session_end {
	uint64_t	 user_id, session_id, keep;
	const char	*reason;	/* "logout", "theft", … ≤ 24 */
	uint32_t	 access_life_s;	/* revocations live that long + 60 s */
};
int	 session_end(struct db *db, const struct session_end *w,
	    uint64_t *ids, size_t max, struct err *e) MUST_CHECK;
/* Those in which `actor_id` acts as others, in the caller's transaction or its
 * own; who ends all of his own, or all but one, ends these too.  Published by
 * the database alone, so known everywhere within the second.  0 or -1. */
int	 session_end_acting(struct db *db, uint64_t actor_id,
	    const char *reason, uint32_t access_life_s, struct err *e)
	    MUST_CHECK;

/* The account was proved: its sessions are no claims any more.  Rows or -1. */
int	 session_proved(struct db *db, uint64_t user_id, struct err *e)
	    MUST_CHECK;

/*
 * For a bearer when the shared list is stale: 1 the session lives and neither
 * it nor its user's not-before refuses a token of iat_s; 0 refused; -1.
 */
int	 session_check(struct db *db, uint64_t id, uint64_t user_id,
	    int64_t iat_s, struct err *e) MUST_CHECK;

/* Live sessions of a user, newest first, at most `max`; `row` as in db_each,
 * with *s filled.  Rows seen or -1. */
struct session_seen {
	uint64_t	 id, actor_id;
	int64_t		 created_at_us, seen_at_us, ends_at_us;
	const char	*ip, *last_ip, *country, *user_agent, *amr;
};
int	 session_each(struct db *db, struct arena *a, uint64_t user_id,
	    unsigned max, struct session_seen *s,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

/* Worker: delete up to `max` that ended or expired 30 days ago.  Rows or -1. */
int	 session_purge(struct db *db, unsigned max, struct err *e) MUST_CHECK;

#endif
