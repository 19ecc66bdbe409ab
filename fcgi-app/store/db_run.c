/*
 * db_run.c - what is done again, and what is not.
 *
 * A single statement is redone by its db_redo when the connection was lost
 * under it, and always when the server undid it.  Inside a transaction
 * nothing is redone but the whole: the first loss marks it dead, every later
 * statement of it fails at once, and db_tx begins again.
 */
#include "store/db_own.h"
#include "base/clock.h"
#include "base/rand.h"

/* A deadlock is nobody's fault and over at once: with a dozen claimers on one
 * queue the same unit meets a few in a row, and none may reach a client (R7).
 * Who waited for a lock until the end of its time is in no such row. */
static unsigned
tries_of(enum db_fate fate, int64_t began)
{
	return fate == FATE_RETRY && clock_mono() - began < US_PER_S ?
	    DB_TRIES_LOCKED : DB_TRIES;
}

/* Full jitter under a doubling ceiling: 4, 8 … 256 ms. */
static void
pause_for(unsigned attempt)
{
	uint32_t us = rand_below(4000u << (attempt < 6 ? attempt : 6));
	struct timespec t = { .tv_nsec = (long)us * 1000 };

	(void)nanosleep(&t, NULL);
}

static int64_t
dead_tx(struct db *db, const struct db_stmt *s, struct err *e)
{
	err_set(e, ERR_DB_LOST, "unavailable", "%s: the transaction is dead",
	    s->name);
	e->retry_after_s = 1;
	(void)db;
	return -1;
}

static enum db_fate
one_try(struct db *db, struct db_call *c, struct err *e)
{
	enum db_fate fate;

	if (!db->tx) {
		if ((fate = db_ready(db, e)) != FATE_OK)
			return fate;
		if ((fate = db_send_deadline(db, e)) != FATE_OK)
			return fate;
	}
	return db_try(db, c, e);
}

/* Lost by its own time-out: the server is slow, not gone, and a redo would
 * take as long again. */
static bool
timed_out(const struct db *db, int64_t began)
{
	return clock_mono() - began >= db->timeout_s * US_PER_S * 9 / 10;
}

static int64_t
call(struct db *db, struct db_call *c, struct err *e)
{
	enum db_fate fate;
	unsigned attempt;
	int64_t began;

	if ((c->s->programs & db->program) == 0)
		return err_set(e, ERR_INTERNAL, "db_program",
		    "%s is not for this program", c->s->name);
	if (db->tx && db->tx_fate != FATE_OK)
		return dead_tx(db, c->s, e);
	for (attempt = 0;; attempt++) {
		began = clock_mono();
		fate = one_try(db, c, e);
		if (fate == FATE_OK)
			return c->result;
		if (fate == FATE_FAIL)
			return -1;
		if (db->tx) {
			db->tx_fate = fate;
			return -1;
		}
		if (fate == FATE_LOST && c->s->redo == DB_ONCE)
			return -1;
		if (attempt >= tries_of(fate, began) - 1 ||
		    (fate == FATE_LOST && timed_out(db, began))) {
			e->kind = ERR_UNAVAILABLE;
			return -1;
		}
		if (attempt > 0 || fate == FATE_RETRY)
			pause_for(attempt);
	}
}

int64_t
db_run(struct db *db, const struct db_stmt *s, struct db_in in, struct err *e)
{
	struct db_call c = { .s = s, .in = in };

	return call(db, &c, e);
}

int
db_one(struct db *db, const struct db_stmt *s, struct arena *a,
    struct db_in in, struct db_out out, struct err *e)
{
	struct db_call c = { .s = s, .in = in, .out = out, .a = a,
	    .one = true };

	return (int)call(db, &c, e);
}

int64_t
db_each(struct db *db, const struct db_stmt *s, struct arena *a,
    struct db_in in, struct db_out out, int (*row)(void *arg, struct err *e),
    void *arg, struct err *e)
{
	struct db_call c = { .s = s, .in = in, .out = out, .a = a,
	    .row = row, .arg = arg };

	return call(db, &c, e);
}

struct listing { struct db_rows rows; size_t n; };

static int
list_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	if (l->n >= l->rows.max)
		return 1;
	memcpy((char *)l->rows.to + l->n++ * l->rows.size, l->rows.it,
	    l->rows.size);
	return 0;
}

int
db_list(struct db *db, const struct db_stmt *s, struct arena *a,
    struct db_in in, struct db_out out, struct db_rows r, struct err *e)
{
	struct listing l = { .rows = r };

	return db_each(db, s, a, in, out, list_row, &l, e) < 0 ? -1 :
	    (int)l.n;
}

/* --- units of work -------------------------------------------------------- */

static enum db_fate
begin(struct db *db, struct err *e)
{
	enum db_fate fate;

	if ((fate = db_ready(db, e)) != FATE_OK ||
	    (fate = db_send_deadline(db, e)) != FATE_OK)
		return fate;
	fate = db_query(db, "BEGIN", 5, e);
	return fate == FATE_LOST ? FATE_UNSENT : fate;
}

static void
roll_back(struct db *db)
{
	struct err e = ERR_INIT;

	/* What cannot be rolled back by word is by closing. */
	if (db->my != NULL && db_query(db, "ROLLBACK", 8, &e) != FATE_OK)
		db_drop(db);
}

/* One try of a unit.  *done is what `work` wants: commit or not. */
static enum db_fate
unit(struct db *db, int (*work)(struct db *db, void *arg, struct err *e),
    void *arg, struct err *e)
{
	enum db_fate fate;
	int rc;

	if ((fate = begin(db, e)) != FATE_OK)
		return fate;
	db->tx = true;
	db->tx_fate = FATE_OK;
	rc = work(db, arg, e);
	db->tx = false;
	if (db->tx_fate != FATE_OK) {
		/* Nothing was committed, so a loss is as good as unsent;
		 * `work` may have changed *e or hidden it. */
		if (e->kind != ERR_DB_LOST && e->kind != ERR_UNAVAILABLE)
			err_set(e, ERR_DB_LOST, "unavailable",
			    "lost within a transaction");
		roll_back(db);
		return db->tx_fate == FATE_RETRY ? FATE_RETRY : FATE_UNSENT;
	}
	if (rc != 0) {
		roll_back(db);
		return rc < 0 ? FATE_FAIL : FATE_OK;
	}
	fate = db_query(db, "COMMIT", 6, e);
	if (fate == FATE_FAIL)
		roll_back(db);
	return fate;
}

static int
units(struct db *db, int (*work)(struct db *db, void *arg, struct err *e),
    void *arg, enum db_redo redo, struct err *e)
{
	enum db_fate fate;
	unsigned attempt;
	int64_t began;

	if (db->tx)
		return err_set(e, ERR_INTERNAL, "db_nested",
		    "a transaction within one");
	db->tx_key = rand_id();
	for (attempt = 0;; attempt++) {
		began = clock_mono();
		fate = unit(db, work, arg, e);
		if (fate == FATE_OK)
			return 0;
		if (fate == FATE_FAIL || (fate == FATE_LOST && redo == DB_ONCE))
			return -1;
		if (attempt >= tries_of(fate, began) - 1 || (fate != FATE_RETRY &&
		    timed_out(db, began))) {
			e->kind = fate == FATE_LOST ? ERR_DB_LOST :
			    ERR_UNAVAILABLE;
			e->retry_after_s = 1;
			return -1;
		}
		if (attempt > 0 || fate == FATE_RETRY)
			pause_for(attempt);
	}
}

int
db_tx(struct db *db, int (*work)(struct db *db, void *arg, struct err *e),
    void *arg, struct err *e)
{
	return units(db, work, arg, DB_SAFE, e);
}

int
db_join(struct db *db, int (*work)(struct db *db, void *arg, struct err *e),
    void *arg, struct err *e)
{
	return db->tx ? work(db, arg, e) : db_tx(db, work, arg, e);
}

/* --- bulk ------------------------------------------------------------------ */

static int
bulk_work(struct db *db, void *arg, struct err *e)
{
	struct db_call *c = arg;

	return call(db, c, e) < 0 ? -1 : 0;
}

int64_t
db_bulk(struct db *db, const struct db_stmt *s, const struct db_value *rows,
    size_t n, size_t cols, struct err *e)
{
	struct db_call c = { .s = s, .in = { rows, cols }, .rows = n };

	if (n == 0)
		return 0;
	if (db->tx)
		return call(db, &c, e);
	if (units(db, bulk_work, &c, s->redo, e) < 0)
		return -1;
	return c.result;
}
