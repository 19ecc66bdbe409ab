/*
 * hub.h - who is connected: connections, the people they belong to, and the
 * addresses they come from.  Memory only; of the loop's thread.
 *
 * What must stay true: a connection is sent rising seqs, each once; what does
 * not fit its queue ends it, with a reason, and never waits in memory.
 */
#ifndef GP_LIVE_HUB_H
#define GP_LIVE_HUB_H

#include "live/frame.h"

#define QUEUE_FRAMES	64		/* waiting for a slow reader */
#define QUEUE_BYTES	((size_t)256 * 1024)
#define MISSED_MAX	500u		/* after a seq */
#define UNREAD_MAX	100u		/* without one */
#define MISSED_BYTES	((size_t)1024 * 1024)

struct item { struct frame *f; uint64_t seq; enum item_kind kind; };

enum bye { BYE_NONE, BYE_DRAIN, BYE_REVOKED, BYE_SLOW, BYE_REPLACED,
	BYE_EXPIRED, BYE_LIMIT };
const char *bye_word(enum bye b);
unsigned bye_code(enum bye b);		/* of the WebSocket close frame */

enum conn_state { CONN_WAITING, CONN_LIVE, CONN_ENDING };

struct conn {
	struct conn	*next, *prev;		/* of all */
	struct conn	*unext, *uprev;		/* of the person */
	struct conn	*wnext;			/* that wait for admission */
	struct conn	*due;			/* the front's: to write to */
	struct person	*user;
	struct addr	*addr;
	void		*wire;			/* the front's; NULL: gone */
	uint64_t	 session_id, act_id;
	int64_t		 iat_s, exp_s;
	uint64_t	 last;			/* seq that was queued last */
	struct item	*q;			/* a ring, or NULL */
	uint32_t	 q_at, q_len, q_cap;
	uint32_t	 q_bytes;
	uint32_t	 backlog;		/* missed ones still in it */
	uint32_t	 ping_at_s;		/* monotonic */
	uint32_t	 rx_s;			/* the second of rx_n */
	uint8_t		 rx_n, silent;		/* pings unanswered */
	uint16_t	 pins;			/* work that names it */
	uint8_t		 state, bye;
	unsigned	 sse : 1, has_after : 1, ticket : 1, ping_due : 1, counts_due : 1, renewed : 1,
			 said_bye : 1, cut : 1, is_due : 1,
			 unproved : 1;	/* is its session revoked? */
	uint8_t		*hash;			/* of its ticket, heap */
	char		*rx;			/* a message being received */
	uint32_t	 rx_len;
};

struct person {
	struct person	*next;			/* in its bucket */
	struct person	*dnext;			/* in the list of dirty ones */
	uint64_t	 id;
	struct conn	*conns;
	unsigned	 n;
	bool		 known;			/* the numbers below are */
	bool		 dirty;			/* something may have come */
	bool		 counts_due;
	uint64_t	 seq, version, unread, unseen;
	int64_t		 counts_us;		/* said last, monotonic */
	int64_t		 heard_us;		/* when the numbers came */
};

struct addr { struct addr *next; uint8_t key[16]; unsigned n; };

/* `wake` asks for a chance to write to c. */
void	 hub_init(void (*wake)(struct conn *c));
void	 hub_wake(struct conn *c);
void	 hub_fini(void);
/* Room for GATEPOST_LIVE_MAX descriptors and some; how many there may be. */
unsigned hub_raise_files(void);
size_t	 hub_size(void);
size_t	 hub_users(void);

/* A connection of `user_id` from `key` (NULL: exempt from the limit);
 * begins WAITING.  Never NULL. */
struct conn *hub_open(uint64_t user_id, const uint8_t key[16]);
/* How many of a person, from an address. */
unsigned hub_of_user(uint64_t user_id);
unsigned hub_of_addr(const uint8_t key[16]);
/* The wire is gone: forget it, at once or when nobody has it pinned. */
void	 hub_close(struct conn *c);
void	 hub_pin(struct conn *c);
void	 hub_unpin(struct conn *c);

struct person *hub_user(uint64_t user_id);	/* NULL: not connected */
/* Walk all connections: the first, the one after (NULL: the end). */
struct conn *hub_first(void);
/* People of some buckets from *cursor on, at most `most`; *cursor is 0 again
 * when the round is over.  How many went to id. */
size_t	 hub_some_users(size_t *cursor, uint64_t *id, size_t most);

/* --- saying ----------------------------------------------------------------- */
/* What waits is dropped. */
void	 conn_drop_queue(struct conn *c);
void	 conn_say(struct conn *c, enum item_kind kind, uint64_t seq);
/* WAITING no longer: "ready" goes out before what is queued already. */
void	 conn_ready(struct conn *c, uint64_t seq);
/* A notification; the frame is kept once more. */
void	 conn_note(struct conn *c, enum item_kind kind, struct frame *f,
	    uint64_t seq);
/* Drop what waits, say why, and end. */
void	 conn_bye(struct conn *c, enum bye why);
/* The client ends it: nothing more is said. */
void	 conn_leave(struct conn *c);
/* What to write next into b, as JSON or event: 1 something, 0 nothing; -1
 * that was the last word, close with bye_code(c->bye). */
int	 conn_next(struct conn *c, struct buf *b);
bool	 conn_more(const struct conn *c);	/* is anything left? */
/* All connections of u are told the counts, at once or when the tick comes. */
void	 user_counts(struct person *u, int64_t now_us);

/* How long a client of ours waits before it comes back: a base of its own. */
unsigned conn_retry_ms(void);

#endif
