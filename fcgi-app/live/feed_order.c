/*
 * feed_order.c - what clients say, done on a desk of its own: a lock that is
 * waited for holds up nobody's news.
 *
 * What changes comes back by the bell, as from any other process.
 */
#include "live/feed_own.h"

#include "base/log.h"
#include "base/rand.h"
#include "queue/reading.h"

enum order_kind { ORDER_READ, ORDER_SEEN, ORDER_RENEW };

struct order {
	struct conn	*c;
	enum order_kind	 kind;
	uint64_t	 user_id, arg, key;
	int64_t		 iat_s, exp_s;
	uint8_t		 hash[1][32];
	bool		 done;
};

static int
order_run(struct db *db, void *arg, struct err *e)
{
	struct order *o = arg;
	int rc = 0;

	switch (o->kind) {
	case ORDER_READ:
		if ((rc = reading_one(db, o->user_id, o->arg, false, e)) < 0)
			return -1;
		o->done = rc > 0;
		break;
	case ORDER_SEEN:
		if (reading_seen(db, o->user_id, o->arg, e) < 0)
			return -1;
		o->done = true;
		break;
	case ORDER_RENEW:
		if (live_ticket_use(db, (const uint8_t (*)[32])o->hash, 1,
		    o->key, &o->done, e) < 0)
			return -1;
		break;
	}
	return 0;
}

static void
order_done(void *arg, int rc, const struct err *e)
{
	struct order *o = arg;
	struct conn *c = o->c;

	if (rc < 0)
		log_err(e->kind == ERR_INTERNAL ? LOG_ERROR_ : LOG_WARN_,
		    "a client's word", e);
	if (c->wire != NULL && c->state == CONN_LIVE) {
		if (rc < 0)
			conn_say(c, ITEM_ERROR, SAID_NOT_NOW);
		else if (!o->done)
			conn_say(c, ITEM_ERROR, o->kind == ORDER_RENEW ?
			    SAID_BAD_TICKET : SAID_NOT_FOUND);
		else if (o->kind == ORDER_RENEW) {
			c->iat_s = o->iat_s;
			c->exp_s = o->exp_s;
			c->renewed = 0;
		}
	}
	hub_unpin(c);
	free(o);
	feed.stats.orders++;
}

static struct order *
order_new(struct conn *c, enum order_kind kind, uint64_t arg)
{
	struct order *o = calloc(1, sizeof(*o));

	if (o == NULL)
		fatal("feed: out of memory");
	o->c = c;
	o->kind = kind;
	o->user_id = c->user->id;
	o->arg = arg;
	return o;
}

static void
post(struct order *o)
{
	hub_pin(o->c);
	desk_post(feed.write, order_run, order_done, o);
}

void
feed_read(struct conn *c, uint64_t notification_id)
{
	post(order_new(c, ORDER_READ, notification_id));
}

void
feed_seen(struct conn *c, uint64_t seq)
{
	post(order_new(c, ORDER_SEEN, seq));
}

void
feed_renew(struct conn *c, const uint8_t hash[32], int64_t iat_s,
    int64_t exp_s)
{
	struct order *o = order_new(c, ORDER_RENEW, 0);

	memcpy(o->hash[0], hash, 32);
	o->iat_s = iat_s;
	o->exp_s = exp_s;
	o->key = rand_id();
	post(o);
}
