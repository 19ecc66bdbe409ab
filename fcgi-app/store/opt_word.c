/*
 * opt_word.c - see opt_word.h.
 *
 * The one INSERT decides: its row is locked until the entry is written, so
 * words that come at once end as the later one says.
 */
#include "store/opt_word.h"

#include "base/rand.h"
#include "base/text.h"
#include "store/seen.h"
#include "store/suppression.h"

#define HASH "UNHEX(SHA2(?, 256))"
DB_STMT(OPT_WORD_SAY, DB_API, DB_SAFE,
    "INSERT INTO opt_word (address_hash, channel, reason, is_out, said_at)"
    " VALUES (" HASH ", ?, ?, ?, LEAST(?, UTC_TIMESTAMP(6)))"
    " ON DUPLICATE KEY UPDATE is_out = IF(VALUES(said_at) > said_at OR"
    " (VALUES(said_at) = said_at AND VALUES(is_out)), VALUES(is_out),"
    " is_out), said_at = GREATEST(said_at, VALUES(said_at))");
DB_STMT(OPT_WORD_OTHERS, DB_API, DB_READ,
    "SELECT reason FROM opt_word WHERE address_hash = " HASH
    " AND channel = ? AND is_out AND reason <> ?");
DB_STMT(OPT_WORD_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM opt_word WHERE NOT is_out AND said_at <"
    " UTC_TIMESTAMP(6) - INTERVAL 30 DAY ORDER BY said_at LIMIT ?");

#define OTHERS_MAX	4
struct taking {
	const struct opt_word *w;
	uint64_t	 id;
	char		 other[OTHERS_MAX][25];
	size_t		 others;
	const char	*it;
	bool		 last;
};

static int
other_row(void *arg, struct err *e)
{
	struct taking *t = arg;

	(void)e;
	if (t->others < OTHERS_MAX)
		(void)text_copy(t->other[t->others++], sizeof(t->other[0]),
		    t->it);
	return 0;
}

static int
add(struct db *db, const struct taking *t, const char *reason, uint64_t id,
    struct err *e)
{
	struct suppression_new n = { .id = id, .channel = t->w->channel,
	    .address = t->w->address, .reason = reason };

	return suppression_add(db, &n, e) < 0 ? -1 : 0;
}

/* An entry is one row, of the strongest word: what is left of it when that
 * is taken back is made anew. */
static int
lift(struct db *db, struct taking *t, struct err *e)
{
	const struct opt_word *w = t->w;
	struct arena *a = arena_new(8192);
	const char *all = arena_printf(a, "%s,%s", w->reason, w->also);
	int rc = suppression_lift(db, w->channel, w->address, all, e);

	t->others = 0;
	if (rc > 0)
		rc = (int)db_each(db, &OPT_WORD_OTHERS, a, DB_IN(
		    DB_STR(w->address), DB_STR(channels_name(w->channel)),
		    DB_STR(w->reason)), DB_OUT(DB_TO_STR(&t->it)), other_row,
		    t, e);
	for (size_t i = 0; rc >= 0 && i < t->others; i++)
		rc = add(db, t, t->other[i], t->id + i, e);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

static int
take_work(struct db *db, void *arg, struct err *e)
{
	struct taking *t = arg;
	const struct opt_word *w = t->w;
	int64_t rc;

	t->last = false;
	if (w->id != NULL && (rc = seen_first(db, w->who, w->id, e)) <= 0)
		return (int)rc;
	if ((rc = db_run(db, &OPT_WORD_SAY, DB_IN(DB_STR(w->address),
	    DB_STR(channels_name(w->channel)), DB_STR(w->reason),
	    DB_U64(w->out ? 1 : 0), DB_WHEN(w->said_us)), e)) <= 0)
		return (int)rc;
	t->last = true;
	return w->out ? add(db, t, w->reason, t->id, e) : lift(db, t, e);
}

int
opt_word_take(struct db *db, const struct opt_word *w, struct err *e)
{
	struct taking t = { .w = w, .id = rand_id() };

	return db_join(db, take_work, &t, e) < 0 ? -1 : t.last;
}

int
opt_word_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &OPT_WORD_PURGE, DB_IN(DB_U64(max)), e);
}
