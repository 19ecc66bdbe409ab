/*
 * feed.h - what is new, for whom: from the database to connections.
 *
 * Who changed is found in three ways, each of which would do alone but for
 * time: the bell, whose datagrams name people; every 100 ms a search by the
 * date of change, with a window that overlaps, for commits land out of order;
 * and a round over all who are connected, every 10 s, which no commit however
 * late escapes.  What is known of a person is (seq, version), so that news
 * heard thrice cost one comparison.
 *
 * The loop never waits for the database: desks do (store/desk.h).
 */
#ifndef GP_LIVE_FEED_H
#define GP_LIVE_FEED_H

#include "live/hub.h"
#include "queue/bell.h"

/* `wake_fd` is written when feed_reap has something to do; `soon` asks for
 * feed_gathered after so long. */
void	 feed_init(int wake_fd, void (*soon)(int64_t us));
void	 feed_gathered(void);
void	 feed_fini(void);
void	 feed_reap(void);
/* Every 100 ms. */
void	 feed_tick(int64_t now_us);
/* The bell rang. */
void	 feed_bell(struct bell *b);

/* A new connection waits for where its inbox stands; gathered. */
void	 feed_admit(struct conn *c);
/* Has the database been away for longer than a moment? */
bool	 feed_away(void);

#define FEED_ORDERS	16		/* of one connection, under way */
/* The client's word: read one (id), or seen up to a seq; `ticket`: the use of
 * one that renews.  Answers come as frames. */
void	 feed_read(struct conn *c, uint64_t notification_id);
void	 feed_seen(struct conn *c, uint64_t seq);
void	 feed_renew(struct conn *c, const uint8_t hash[32], int64_t iat_s,
	    int64_t exp_s);

/* Nobody keeps the list of revocations: ask about some of all who are
 * connected, so that each is asked about once in half a second. */
void	 feed_ask_sessions(void);

struct feed_stats {
	uint64_t	 admitted, admissions, statements;	/* of admissions */
	uint64_t	 searches, rows, frames, orders;
};
void	 feed_report(void);		/* logs them */

#endif
