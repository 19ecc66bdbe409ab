/*
 * receipt.c - statements on table receipt, and what a receipt changes in its
 * delivery.
 */
#include "store/receipt.h"

#include "base/buf.h"
#include "base/rand.h"
#include "store/delivery_cols.h"
#include "store/suppression.h"

#define SOON	" UTC_TIMESTAMP(6) + INTERVAL ? SECOND"
#define KEY	" notification_id = ? AND seq = ?"
/* The ticket fences: one that was sent again has another. */
#define SENT	KEY " AND state = 'sent' AND provider_id = ?"
#define AND_LOG	DELIVERY_LOG_ADD					\
	" updated_at = UTC_TIMESTAMP(6)"

DB_STMT(RECEIPT_ADD, DB_WORKER, DB_ONCE,
    "INSERT INTO receipt (notification_id, seq, provider, ticket, sent_at,"
    " ask_at, ends_at) VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6)," SOON "," SOON ")"
    " ON DUPLICATE KEY UPDATE ticket = VALUES(ticket), asked = 0, claim = 0,"
    " sent_at = VALUES(sent_at), ask_at = VALUES(ask_at),"
    " ends_at = VALUES(ends_at)");
DB_STMT(RECEIPT_CLAIM, DB_WORKER, DB_SAFE,
    "UPDATE receipt SET claim = ?, ask_at =" SOON
    " WHERE provider = ? AND ask_at <= UTC_TIMESTAMP(6)"
    " ORDER BY ask_at LIMIT ?");
DB_STMT(RECEIPT_CLAIMED, DB_WORKER, DB_READ,
    "SELECT notification_id, seq, asked, resent, ticket FROM receipt"
    " WHERE claim = ? ORDER BY notification_id, seq LIMIT ?");
DB_STMT(RECEIPT_POSTPONE, DB_WORKER, DB_SAFE,
    "UPDATE receipt SET claim = 0, ask_at =" SOON " WHERE claim = ?");
DB_STMT(RECEIPT_LATER, DB_WORKER, DB_SAFE,
    "UPDATE receipt SET asked = asked + 1, claim = 0, ask_at = IF(? = 0,"
    " NULL, GREATEST(sent_at + INTERVAL ? SECOND,"
    " UTC_TIMESTAMP(6) + INTERVAL 60 SECOND))"
    " WHERE" KEY " AND claim = ?");
DB_STMT(RECEIPT_DELETE, DB_WORKER, DB_SAFE,
    "DELETE FROM receipt WHERE" KEY " AND ticket = ?");
DB_STMT(RECEIPT_RESENT, DB_WORKER, DB_ONCE,
    "UPDATE receipt SET ticket = '', claim = 0, ask_at = NULL,"
    " resent = resent + 1 WHERE" KEY " AND ticket = ?");
DB_STMT(RECEIPT_DELIVERED_, DB_WORKER, DB_ONCE,
    "UPDATE delivery SET state = 'delivered', reason = ''," AND_LOG
    " WHERE" SENT);
DB_STMT(RECEIPT_FAILED_, DB_WORKER, DB_ONCE,
    "UPDATE delivery SET state = 'failed', reason = ?," AND_LOG
    " WHERE" SENT);
DB_STMT(RECEIPT_QUEUED, DB_WORKER, DB_ONCE,
    "UPDATE delivery SET state = 'queued', reason = ?," AND_LOG
    " WHERE" SENT);
/* Not one that was registered again since: that one lives. */
DB_STMT(RECEIPT_DEVICE, DB_WORKER, DB_SAFE,
    "UPDATE device d JOIN delivery x ON x.device_id = d.id"
    " SET d.is_active = FALSE, d.dead_at = UTC_TIMESTAMP(6),"
    " d.dead_reason = ? WHERE x.notification_id = ? AND x.seq = ?"
    " AND d.dead_at IS NULL AND d.seen_at <= x.sent_at");
DB_STMT(RECEIPT_JOB, DB_WORKER, DB_ONCE,
    "INSERT INTO job (id, class, state, run_at, kind, notification_id, seq,"
    " user_id, device_id, provider, tries, expires_at, last_error, created_at)"
    " SELECT ?, n.class, 0, UTC_TIMESTAMP(6) + INTERVAL ? SECOND, 2, n.id,"
    " x.seq, x.user_id, x.device_id, x.provider, x.attempts, n.expires_at, ?,"
    " UTC_TIMESTAMP(6) FROM delivery x JOIN notification n"
    " ON n.id = x.notification_id"
    " WHERE x.notification_id = ? AND x.seq = ?"
    " AND n.expires_at > UTC_TIMESTAMP(6) + INTERVAL ? SECOND");
DB_STMT(RECEIPT_GIVE_UP, DB_WORKER, DB_ONCE,
    "UPDATE delivery SET state = 'failed' WHERE" KEY
    " AND state = 'queued' AND provider_id = ?");
DB_STMT(RECEIPT_ENDED, DB_WORKER, DB_READ,
    "SELECT notification_id, seq, asked, resent, ticket FROM receipt"
    " WHERE ends_at <= UTC_TIMESTAMP(6) ORDER BY ends_at LIMIT ? FOR UPDATE");
DB_STMT(RECEIPT_NONE, DB_WORKER, DB_SAFE,
    "UPDATE delivery SET reason = 'no_receipt',"
    " updated_at = UTC_TIMESTAMP(6) WHERE" SENT);

#define ADD_COLS	6

int
receipt_add(struct db *db, const struct receipt_new *r, size_t n,
    struct err *e)
{
	struct db_value *v = calloc(n * ADD_COLS, sizeof(*v)), *at = v;
	int64_t rc;

	if (v == NULL)
		return err_set(e, ERR_INTERNAL, "no_memory", "%zu rows", n);
	for (size_t i = 0; i < n; i++) {
		*at++ = DB_U64(r[i].notification_id);
		*at++ = DB_U64(r[i].seq);
		*at++ = DB_STR(r[i].provider);
		*at++ = DB_STR(r[i].ticket);
		*at++ = DB_U64(r[i].after_s);
		*at++ = DB_U64(r[i].life_s);
	}
	rc = db_bulk(db, &RECEIPT_ADD, v, n, ADD_COLS, e);
	free(v);
	return rc < 0 ? -1 : 0;
}

/* --- claiming ------------------------------------------------------------ */

struct rows { struct receipt *out; size_t n, max; uint64_t id, seq, asked,
	resent; const char *ticket; };

static int
row(void *arg, struct err *e)
{
	struct rows *r = arg;

	(void)e;
	if (r->n >= r->max)
		return 1;
	r->out[r->n++] = (struct receipt){ .notification_id = r->id,
	    .seq = (uint32_t)r->seq, .asked = (unsigned)r->asked,
	    .resent = (unsigned)r->resent, .ticket = r->ticket };
	return 0;
}

#define ROW_OUT(r) DB_OUT(DB_TO_U64(&(r)->id), DB_TO_U64(&(r)->seq),	\
	DB_TO_U64(&(r)->asked), DB_TO_U64(&(r)->resent),		\
	DB_TO_STR(&(r)->ticket))

struct claiming {
	struct arena	*a;
	const char	*provider;
	uint32_t	 claim_s;
	uint64_t	 key;
	struct rows	 rows;
};

static int
claim_work(struct db *db, void *arg, struct err *e)
{
	struct claiming *c = arg;

	c->key = db_tx_key(db);
	c->rows.n = 0;
	if (db_run(db, &RECEIPT_CLAIM, DB_IN(DB_U64(c->key),
	    DB_U64(c->claim_s), DB_STR(c->provider), DB_U64(c->rows.max)), e) <
	    0)
		return -1;
	/* A redo finds what the try before it claimed, too. */
	return db_each(db, &RECEIPT_CLAIMED, c->a, DB_IN(DB_U64(c->key),
	    DB_U64(c->rows.max)), ROW_OUT(&c->rows), row, &c->rows, e) < 0 ?
	    -1 : 0;
}

int
receipt_claim(struct db *db, struct arena *a, const char *provider,
    uint32_t max, uint32_t claim_s, struct receipt **out, uint64_t *claim,
    struct err *e)
{
	struct claiming c = { .a = a, .provider = provider,
	    .claim_s = claim_s, .rows = { .max = max,
	    .out = arena_array(a, max, sizeof(**out)) } };

	if (db_tx(db, claim_work, &c, e) < 0)
		return -1;
	*out = c.rows.out;
	*claim = c.key;
	return (int)c.rows.n;
}

int64_t
receipt_postpone(struct db *db, uint64_t claim, uint32_t delay_s,
    struct err *e)
{
	return db_run(db, &RECEIPT_POSTPONE, DB_IN(DB_U64(delay_s),
	    DB_U64(claim)), e);
}

/* --- writing -------------------------------------------------------------- */

struct writing {
	uint64_t	 claim;
	const struct receipt_word *w;
	size_t		 n;
	struct delivery_ref *ref;	/* whose state it changed */
	size_t		 refs;
};

static void
changed(struct writing *all, const struct receipt *r)
{
	all->ref[all->refs++] = (struct delivery_ref){ r->notification_id,
	    r->seq };
}

static struct db_value
line_of(const struct receipt_word *w, struct buf *b)
{
	buf_reset(b);
	if (w->log[0] != '\0')
		buf_printf(b, "%s\n", w->log);
	return DB_STR(buf_text(b));
}

static int
forget(struct db *db, const struct receipt *r, struct err *e)
{
	return db_run(db, &RECEIPT_DELETE, DB_IN(DB_U64(r->notification_id),
	    DB_U64(r->seq), DB_STR(r->ticket)), e) < 0 ? -1 : 0;
}

static int
failed(struct db *db, struct writing *all, const struct receipt_word *w,
    struct buf *b, struct err *e)
{
	const struct receipt *r = w->r;
	int64_t rc = db_run(db, &RECEIPT_FAILED_, DB_IN(DB_STR(w->reason),
	    line_of(w, b), DB_U64(r->notification_id), DB_U64(r->seq),
	    DB_STR(r->ticket)), e);

	if (rc < 0)
		return -1;
	if (rc > 0)
		changed(all, r);
	if (rc > 0 && suppression_after_told(db, r->notification_id, r->seq,
	    w->reason, e) < 0)
		return -1;
	/* Read meanwhile, or sent again: what it says is of the past. */
	if (rc > 0 && w->device_dead && db_run(db, &RECEIPT_DEVICE, DB_IN(
	    DB_STR(w->reason), DB_U64(r->notification_id), DB_U64(r->seq)),
	    e) < 0)
		return -1;
	return forget(db, r, e);
}

/* A job of its own, as after a refusal; where the message does not live that
 * long, this was its end. */
static int
again(struct db *db, struct writing *all, const struct receipt_word *w,
    struct buf *b, struct err *e)
{
	const struct receipt *r = w->r;
	int64_t rc = db_run(db, &RECEIPT_QUEUED, DB_IN(DB_STR(w->reason),
	    line_of(w, b), DB_U64(r->notification_id), DB_U64(r->seq),
	    DB_STR(r->ticket)), e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return forget(db, r, e);
	if ((rc = db_run(db, &RECEIPT_JOB, DB_IN(DB_U64(rand_id()),
	    DB_U64(w->wait_s), DB_STR(w->reason), DB_U64(r->notification_id),
	    DB_U64(r->seq), DB_U64(w->wait_s)), e)) < 0)
		return -1;
	if (rc > 0)
		return db_run(db, &RECEIPT_RESENT, DB_IN(
		    DB_U64(r->notification_id), DB_U64(r->seq),
		    DB_STR(r->ticket)), e) < 0 ? -1 : 0;
	if ((rc = db_run(db, &RECEIPT_GIVE_UP, DB_IN(
	    DB_U64(r->notification_id), DB_U64(r->seq), DB_STR(r->ticket)),
	    e)) < 0)
		return -1;
	if (rc > 0)
		changed(all, r);
	return forget(db, r, e);
}

static int
write_one(struct db *db, struct writing *all, const struct receipt_word *w,
    struct buf *b, struct err *e)
{
	const struct receipt *r = w->r;
	int64_t rc;

	switch (w->what) {
	case RECEIPT_NOTHING:
		return db_run(db, &RECEIPT_LATER, DB_IN(DB_U64(w->wait_s),
		    DB_U64(w->wait_s), DB_U64(r->notification_id),
		    DB_U64(r->seq), DB_U64(all->claim)), e) < 0 ? -1 : 0;
	case RECEIPT_DELIVERED:
		if ((rc = db_run(db, &RECEIPT_DELIVERED_, DB_IN(line_of(w, b),
		    DB_U64(r->notification_id), DB_U64(r->seq),
		    DB_STR(r->ticket)), e)) < 0)
			return -1;
		if (rc > 0)
			changed(all, r);
		return forget(db, r, e);
	case RECEIPT_FAILED:
		return failed(db, all, w, b, e);
	case RECEIPT_AGAIN:
		return again(db, all, w, b, e);
	}
	return 0;
}

static int
write_work(struct db *db, void *arg, struct err *e)
{
	struct writing *w = arg;
	struct buf b;
	int rc = 0;

	w->refs = 0;
	buf_init(&b, 1024);
	for (size_t i = 0; i < w->n && rc == 0; i++)
		rc = write_one(db, w, &w->w[i], &b, e);
	buf_fini(&b);
	return rc == 0 ? delivery_changed(db, w->ref, w->refs, e) : rc;
}

int
receipt_write(struct db *db, uint64_t claim, const struct receipt_word *w,
    size_t n, struct err *e)
{
	struct writing all = { .claim = claim, .w = w, .n = n };
	int rc;

	if ((all.ref = calloc(n + 1, sizeof(*all.ref))) == NULL)
		return err_set(e, ERR_INTERNAL, "no_memory", "%zu rows", n);
	rc = db_tx(db, write_work, &all, e);
	free(all.ref);
	return rc;
}

/* --- closing --------------------------------------------------------------- */

struct closing { struct arena *a; struct rows rows; };

static int
close_work(struct db *db, void *arg, struct err *e)
{
	struct closing *c = arg;

	c->rows.n = 0;
	if (db_each(db, &RECEIPT_ENDED, c->a, DB_IN(DB_U64(c->rows.max)),
	    ROW_OUT(&c->rows), row, &c->rows, e) < 0)
		return -1;
	for (size_t i = 0; i < c->rows.n; i++) {
		const struct receipt *r = &c->rows.out[i];

		if ((r->ticket[0] != '\0' && db_run(db, &RECEIPT_NONE, DB_IN(
		    DB_U64(r->notification_id), DB_U64(r->seq),
		    DB_STR(r->ticket)), e) < 0) || forget(db, r, e) < 0)
			return -1;
	}
	return 0;
}

int
receipt_close(struct db *db, unsigned max, struct err *e)
{
	struct arena *a = arena_new((size_t)4 << 20);
	struct closing c = { .a = a, .rows = { .max = max,
	    .out = arena_array(a, max, sizeof(struct receipt)) } };
	int rc = db_tx(db, close_work, &c, e);

	arena_free(a);
	return rc < 0 ? -1 : (int)c.rows.n;
}
