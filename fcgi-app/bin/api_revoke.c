/*
 * api_revoke.c - the child that keeps shared memory's list of revocations
 * fresh (D8), and proves the statements when the database comes late.
 *
 * A child of its own: a database that hangs must not keep the master from
 * restarting children.  What must stay true: the stamp is from before the
 * query, and a failed read publishes nothing, so that the list goes stale
 * and readers ask the database themselves.
 */
#include "bin/api_own.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/rand.h"
#include "store/revocation.h"

#include <poll.h>
#include <signal.h>

#define EVERY_MS	500
#define OVERLAP_US	(10 * US_PER_S)
#define ROWS_MAX	((size_t)1 << 20)

/* Sorted by id.  Ids are time-ordered, so news goes near the end. */
struct list {
	struct revocation *row;
	size_t		 n, cap;
	struct shm_revocation *out;
	struct revocation in;
};

static void
grow(struct list *l)
{
	if (l->n < l->cap)
		return;
	l->cap = l->cap == 0 ? 256 : l->cap * 2;
	l->row = realloc(l->row, l->cap * sizeof(*l->row));
	l->out = realloc(l->out, l->cap * sizeof(*l->out));
	if (l->row == NULL || l->out == NULL)
		fatal("revocations: out of memory for %zu rows", l->cap);
}

static int
keep(void *arg, struct err *e)
{
	struct list *l = arg;
	size_t at = l->n;

	while (at > 0 && l->row[at - 1].id > l->in.id)
		at--;
	if (at > 0 && l->row[at - 1].id == l->in.id)
		return 0;
	if (l->n == ROWS_MAX)
		return err_set(e, ERR_INTERNAL, "revocations",
		    "more than %zu revocations live", ROWS_MAX);
	grow(l);
	memmove(l->row + at + 1, l->row + at, (l->n - at) * sizeof(*l->row));
	l->row[at] = l->in;
	l->n++;
	return 0;
}

/* By the database's clock, as the rows were written. */
static void
forget_expired(struct list *l, int64_t now_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->row[i].expires_us > now_us)
			l->row[kept++] = l->row[i];
	l->n = kept;
}

static void
publish(struct list *l, struct shm *shm, int64_t stamp_us)
{
	for (size_t i = 0; i < l->n; i++) {
		l->out[i].sid = l->row[i].session_id;
		l->out[i].user_id = l->row[i].user_id;
		l->out[i].not_before_s = l->row[i].not_before_us / US_PER_S;
	}
	shm_publish(shm, l->out, l->n, stamp_us);
}

/* 0, or -1 with *e set. */
static int
round_trip(struct db *db, struct list *l, struct shm *shm, int64_t *since_us,
    struct err *e)
{
	int64_t stamp = clock_now(), now_us = 0;

	if (revocation_each(db, *since_us, &l->in, &now_us, keep, l, e) < 0)
		return -1;
	/* No row, no database time; the window only grows then. */
	if (now_us > 0) {
		*since_us = now_us - OVERLAP_US;
		forget_expired(l, now_us);
	}
	publish(l, shm, stamp);
	return 0;
}

static void
say_once(bool *away, int rc, const struct err *e)
{
	if (rc < 0 && !*away)
		log_err(LOG_WARN_, "revocations: the list goes stale", e);
	if (rc == 0 && *away)
		log_info("revocations: the list is fresh again");
	*away = rc < 0;
}

static void
rest(void)
{
	const struct timespec t = { .tv_nsec = EVERY_MS * 1000000L };
	sigset_t open;

	sigemptyset(&open);
	ppoll(NULL, 0, &t, &open);
}

int
prove(void)
{
	struct db *db = db_new(DB_API);
	struct err e = ERR_INIT;
	int rc = db_prove(db, &e);

	db_free(db);
	if (rc == 0)
		return 0;
	if ((rc = program_unproved(&e)) == EXIT_RETRY)
		log_err(LOG_WARN_, "statements not proved yet", &e);
	else
		log_err(LOG_ERROR_, "statements not proved", &e);
	return rc;
}

int
revoke_serve(struct shm *shm, bool proved)
{
	struct list l = { 0 };
	struct db *db;
	int64_t since_us = 0;
	bool away = false;

	rand_after_fork();
	db = db_new(DB_API);
	db_deadline(db, (int)conf_int(CONF_DB_TIMEOUT_S) * 1000);
	for (; !child_told(); rest()) {
		struct err e = ERR_INIT;
		int rc;

		if (!proved) {
			if ((rc = prove()) == EXIT_CONFIG)
				return rc;
			proved = rc == 0;
		}
		rc = round_trip(db, &l, shm, &since_us, &e);
		say_once(&away, rc, &e);
	}
	db_free(db);
	free(l.row);
	free(l.out);
	return 0;
}
