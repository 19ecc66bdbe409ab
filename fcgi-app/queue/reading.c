/*
 * reading.c - see reading.h.
 *
 * What must stay true: reading takes back, in the same transaction, what is
 * still queued for the same person on other channels.
 */
#include "queue/reading.h"

#include "base/conf.h"
#include "queue/bell.h"
#include "store/cancel.h"
#include "store/delivery.h"
#include "store/inbox.h"

#define ALL_BATCH	500

struct reading {
	uint64_t	 user_id, id, to;
	bool		 archive, found, more;
	struct cancelled c;
};

static void
ring(uint64_t user_id, uint64_t read_id, uint64_t upto)
{
	const struct bell_hint h = { .user_id = user_id, .read_id = read_id,
	    .read_upto = upto };

	bell_ring_live(conf_str(CONF_RUN_DIR), &h, 1);
}

static int
take_back(struct db *db, struct reading *r, const uint64_t *id, size_t n,
    struct err *e)
{
	if (delivery_read(db, r->user_id, id, n, e) < 0)
		return -1;
	return cancel_for_user(db, r->user_id, id, n, "read", &r->c, e);
}

static int
one_work(struct db *db, void *arg, struct err *e)
{
	struct reading *r = arg;
	int rc = r->archive ? inbox_archive(db, r->user_id, r->id, e) :
	    inbox_read(db, r->user_id, r->id, e);

	r->found = rc > 0;
	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	return take_back(db, r, &r->id, 1, e);
}

int
reading_one(struct db *db, uint64_t user_id, uint64_t notification_id,
    bool archive, struct err *e)
{
	struct reading r = { .user_id = user_id, .id = notification_id,
	    .archive = archive };

	if (db_tx(db, one_work, &r, e) < 0)
		return -1;
	if (r.found)
		ring(user_id, notification_id, 0);
	return r.found;
}

static int
all_work(struct db *db, void *arg, struct err *e)
{
	uint64_t id[ALL_BATCH];
	struct reading *r = arg;
	int n = inbox_read_all(db, r->user_id, r->to, id, ALL_BATCH, e);

	if (n < 0)
		return -1;
	r->more = n == ALL_BATCH;
	return n == 0 ? 0 : take_back(db, r, id, (size_t)n, e);
}

int
reading_all(struct db *db, uint64_t user_id, uint64_t to, struct err *e)
{
	struct reading r = { .user_id = user_id, .to = to };
	int rc;

	do {
		rc = db_tx(db, all_work, &r, e);
	} while (rc == 0 && r.more);
	ring(user_id, 0, rc < 0 ? 0 : to);
	return rc;
}

static int
seen_work(struct db *db, void *arg, struct err *e)
{
	struct reading *r = arg;

	return inbox_seen(db, r->user_id, r->to, e) < 0 ? -1 : 0;
}

int
reading_seen(struct db *db, uint64_t user_id, uint64_t to, struct err *e)
{
	struct reading r = { .user_id = user_id, .to = to };

	if (db_tx(db, seen_work, &r, e) < 0)
		return -1;
	ring(user_id, 0, 0);
	return 0;
}
