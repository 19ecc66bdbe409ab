/*
 * item.h - a leased send job in memory, and the notification it belongs to.
 *
 * Items are made by the intake thread and then belong to the loop.  A note is
 * shared by the items of a claim, and by planning while a long audience is
 * under way: what changes in it is atomic.
 */
#ifndef GP_DELIVER_ITEM_H
#define GP_DELIVER_ITEM_H

#include "base/json.h"
#include "channel/channel.h"
#include "store/job.h"
#include "store/notification.h"

struct note {
	_Atomic unsigned refs;
	uint64_t	 id;
	_Atomic uint32_t total;		/* deliveries; 0 not known */
	unsigned	 class;
	int64_t		 created_us, expires_us;
	struct json	*content;	/* NULL: no JSON, or too long */
	const char	*type, *channel, *title, *locale;	/* locale: "" */
};
/* One reference, the caller's. */
struct note *note_new(const struct notification *n);
void	 note_unref(struct note *n);

struct lane;
struct item {
	struct item	*next;
	struct job_ref	 ref;
	struct note	*note;
	uint64_t	 user_id, device_id;
	uint32_t	 seq;
	unsigned	 class, tries;
	int64_t		 expires_us;		/* the database's clock */
	int64_t		 leased_us;		/* monotonic */
	const char	*provider, *to, *host, *locale, *waiter; /* NULL: - */
	const uint8_t	*secret;
	size_t		 secret_len;
	bool		 keys;
	uint8_t		 p256dh[65], auth[16];
	const char	*dead;		/* do not send: final reason; or NULL */
	bool		 bound;		/* no other account may get it */
	bool		 lone;		/* on its last chance, not marked yet */
	char		 tried[JOB_TRIED_MAX + 1];
	/* while it leaves and is on its way: send.c */
	struct lane	*lane;
	struct account	*account;	/* of msg and req: a reference */
	unsigned	 token_no;	/* of the bearer it goes with */
	struct arena	*arena;
	struct json	*secret_json;
	struct message	 msg;
	struct out_request req;
	int64_t		 left_us;
	unsigned	 group;		/* shares a request with these only */
	size_t		 slot;		/* among those on the way */
	bool		 paced;		/* waits for a turn at its rate */
	bool		 counted;	/* marked before: of its account's day */
};

struct item_new {
	const struct job *job;
	struct note	*note;		/* gets a reference of its own */
	const char	*provider, *to, *locale;
	const uint8_t	*p256dh, *auth;	/* both or none */
	const uint8_t	*secret;	/* of this job's id */
	size_t		 secret_len;
	uint32_t	 seq;
	uint64_t	 user_id, device_id;
	const char	*dead;		/* a constant, or NULL */
};
/* Copies all strings. */
struct item *item_new(const struct item_new *n);
/* Its intent is marked: from here that tells what its worker dies of. */
void	 item_leaves(struct item *it);
/* Has this process one on its last chance (job_last_chance) that was not
 * marked yet?  Any thread may ask. */
bool	 item_is_lone(void);
/* Wipes what is secret; not while it is in flight. */
void	 item_free(struct item *it);

struct item_list { struct item *head, **tail; size_t n; };
void	 item_list_init(struct item_list *l);
void	 item_list_add(struct item_list *l, struct item *it);
struct item *item_list_take(struct item_list *l);	/* NULL: empty */

#endif
