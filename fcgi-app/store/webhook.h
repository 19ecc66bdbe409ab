/*
 * webhook.h - tables webhook and webhook_event: who wants to be told of what
 * becomes of deliveries, and what is to be told.
 *
 * An event is a row written in the transaction that changed the delivery
 * (delivery_changed), for each active webhook that wants it.  The worker that
 * sweeps turns rows into notifications of channel `webhook`, which the queue
 * carries like any other message (deliver/hooks.c).
 */
#ifndef GP_STORE_WEBHOOK_H
#define GP_STORE_WEBHOOK_H

#include "store/db.h"

#define WEBHOOK_URL_MAX		2000
#define WEBHOOKS_MAX		100	/* of an installation */
#define WEBHOOK_SECRET_MAX	200	/* sealed */
#define WEBHOOK_STATES "sent|delivered|read|skipped|failed|expired|" \
	"cancelled|unsure"

struct webhook {
	uint64_t	 id;
	const char	*url, *origin, *description, *events, *why;
	const uint8_t	*secret;		/* sealed */
	size_t		 secret_len;
	bool		 active;
	uint64_t	 replay_id, replay_seq, replay_end;
	int64_t		 created_us, updated_us, ok_us, failing_us, off_us;
};
/* Newest first, all of them.  `row` as in db_each. */
int	 webhook_each(struct db *db, struct arena *a, struct webhook *w,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
/* 1, 0, -1. */
int	 webhook_find(struct db *db, struct arena *a, uint64_t id,
	    struct webhook *w, struct err *e) MUST_CHECK;
/* 1 made, 0 there are WEBHOOKS_MAX already, -1. */
int	 webhook_insert(struct db *db, const struct webhook *w,
	    struct err *e) MUST_CHECK;
/* Members that are NULL (secret: too) stay.  active 1 begins anew: it is not
 * failing; -1 leaves it.  1, 0 it is gone, -1. */
struct webhook_change {
	uint64_t	 id;
	const char	*url, *origin, *description, *events;
	const uint8_t	*secret;
	size_t		 secret_len;
	int		 active;
};
int	 webhook_change(struct db *db, const struct webhook_change *c,
	    struct err *e) MUST_CHECK;
/* 1, 0, -1. */
int	 webhook_remove(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;
/* What is still to go to it goes nowhere: cancelled.  In a transaction of
 * the caller.  Rows, or -1. */
int64_t	 webhook_cancel(struct db *db, uint64_t id, const char *reason,
	    struct err *e) MUST_CHECK;
/* The hash that its deliveries have as their target. */
void	 webhook_target(uint8_t out[16], uint64_t id);
/* Begin a replay of what deliveries of ids in [from, end) are now; one that
 * runs begins anew.  1, 0, -1. */
int	 webhook_replay(struct db *db, uint64_t id, uint64_t from,
	    uint64_t end, struct err *e) MUST_CHECK;
/* A test, as an event.  0 or -1. */
int	 webhook_ping(struct db *db, uint64_t id, struct err *e) MUST_CHECK;

/* --- events -------------------------------------------------------------------- */
/* In the transaction of a change: for the deliveries of refs (JSON,
 * [[notification, seq], …]) and each active webhook that wants their state.
 * Without a webhook it costs one look at an index.  0 or -1. */
int	 webhook_note(struct db *db, const char *refs, struct err *e)
	    MUST_CHECK;

struct webhook_event {
	uint64_t	 id, webhook_id, notification_id, seq, attempts;
	const char	*state, *reason;
	int64_t		 at_us;
	/* of the webhook; url NULL: it is gone, or switched off */
	const char	*url, *origin;
	const uint8_t	*secret;
	size_t		 secret_len;
	/* of the delivery; NULL or 0 when it is gone */
	uint64_t	 user_id;
	const char	*type, *channel, *provider, *provider_id,
			*request_id;
	int64_t		 created_us, sent_us;
};
/* The oldest, locked: in a transaction. */
int	 webhook_events(struct db *db, struct arena *a, unsigned max,
	    struct webhook_event *v, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;
/* Those of these ids.  In that transaction.  How many, or -1. */
int64_t	 webhook_events_drop(struct db *db, const uint64_t *id, size_t n,
	    struct err *e) MUST_CHECK;
/* Their messages; planned already, one delivery each. */
struct webhook_message {
	uint64_t	 id;
	const char	*title, *content;
	uint32_t	 life_s;
};
int	 webhook_messages(struct db *db, const struct webhook_message *m,
	    size_t n, struct err *e) MUST_CHECK;
/* One step of a replay: at most max deliveries become events.  1 there is
 * more, 0 nothing to replay, -1. */
int	 webhook_replay_step(struct db *db, struct arena *a, unsigned max,
	    struct err *e) MUST_CHECK;

/* --- health --------------------------------------------------------------------- */
struct webhook_health {
	int64_t		 ok_us;		/* the newest that arrived; 0 none */
	uint64_t	 failed, gone;	/* of those that were tried after it */
};
/* Of what was sent to it lately. */
int	 webhook_health(struct db *db, uint64_t id, struct webhook_health *h,
	    struct err *e) MUST_CHECK;
/* Write what was found: since when nothing arrives. */
int	 webhook_judged(struct db *db, uint64_t id, int64_t ok_us,
	    bool failing, struct err *e) MUST_CHECK;
/* Switch one off that has failed for `after_s` (0: at once).  1 it was, 0
 * not (any more), -1.  In a transaction of the caller. */
int	 webhook_disable(struct db *db, uint64_t id, uint32_t after_s,
	    const char *reason, struct err *e) MUST_CHECK;

#endif
