/*
 * job_admin.c - see job_admin.h.
 *
 * Dead letters have no run_at: in job_claim they stand, with what is leased,
 * paused or gathered, before everything that waits, so that a million that
 * wait are not walked to find them; a million of a paused campaign are.
 */
#include "store/job_admin.h"

#include "base/buf.h"
#include "base/clock.h"
#include "store/delivery_cols.h"

#define COLUMNS								\
	"SELECT j.id, j.class, j.state, j.kind, j.notification_id, j.seq,"	\
	" j.attempt, j.tries, j.crashes, j.provider, j.last_error, j.run_at,"	\
	" j.lease_ends_at, j.created_at, j.expires_at"
#define OUT(j) DB_OUT(DB_TO_U64(&(j)->id), DB_TO_U64(&(j)->class),	\
	DB_TO_U64(&(j)->state), DB_TO_U64(&(j)->kind),			\
	DB_TO_U64(&(j)->notification_id), DB_TO_U64(&(j)->seq),		\
	DB_TO_U64(&(j)->attempt), DB_TO_U64(&(j)->tries),		\
	DB_TO_U64(&(j)->crashes), DB_TO_STR(&(j)->provider),		\
	DB_TO_STR(&(j)->why), DB_TO_TIME(&(j)->run_us),			\
	DB_TO_TIME(&(j)->lease_us), DB_TO_TIME(&(j)->created_us),	\
	DB_TO_TIME(&(j)->expires_us))
#define LOOKED_AT	50000u		/* rows a search */
#define DEAD_OF								\
	" FROM (SELECT DISTINCT provider p FROM job) q STRAIGHT_JOIN job j"	\
	" FORCE INDEX (job_claim) ON j.provider = q.p"			\
	" AND j.class IN (0, 1, 2, 3, 4) AND j.run_at IS NULL WHERE j.state = 9"

DB_STMT(JOB_QUEUES, DB_API | DB_CTL, DB_READ,
    "SELECT provider, class, state, COUNT(*), MIN(run_at), MIN(created_at)"
    " FROM job GROUP BY provider, class, state");
/* One of what the words may mean. */
#define REST								\
	" AND (? IS NULL OR j.provider = " DB_ASCII ")"			\
	" AND (? < 0 OR j.class = ?)"					\
	" AND (? = 0 OR j.notification_id = ?)"				\
	" AND (? = '' OR " DB_HAS("j.provider")				\
	"  OR " DB_HAS("j.last_error") " OR (? <> 0 AND j.user_id = ?)"	\
	"  OR (? <> 0 AND (j.notification_id = ? AND (? = 0 OR j.seq = ?)"	\
	"   OR (j.id = ? AND ? = 0)))) ORDER BY j.id"
#define SEARCH	COLUMNS " FROM job j WHERE j.id BETWEEN ? AND ?"	\
	" AND (? < 0 OR j.state = ?)" REST
#define DEAD	COLUMNS DEAD_OF " AND j.id BETWEEN ? AND ?" REST
#define EDGE	"SELECT id FROM job WHERE id BETWEEN ? AND ? ORDER BY id"
DB_STMT(JOB_EDGE, DB_API, DB_READ, EDGE " DESC LIMIT 1 OFFSET ?");
DB_STMT(JOB_EDGE_UP, DB_API, DB_READ, EDGE " LIMIT 1 OFFSET ?");
DB_STMT(JOB_SEARCH, DB_API, DB_READ, SEARCH " DESC LIMIT ?");
DB_STMT(JOB_SEARCH_UP, DB_API, DB_READ, SEARCH " LIMIT ?");
DB_STMT(JOB_SEARCH_DEAD, DB_API, DB_READ, DEAD " DESC LIMIT ?");
DB_STMT(JOB_SEARCH_DEAD_UP, DB_API, DB_READ, DEAD " LIMIT ?");
DB_STMT(JOB_SEEN, DB_API | DB_CTL, DB_READ,
    COLUMNS " FROM job j WHERE j.id = ?");
DB_STMT(JOB_DEAD_IDS, DB_API | DB_CTL, DB_READ,
    "SELECT j.id" DEAD_OF " AND (? IS NULL OR j.provider = " DB_ASCII ")"
    " ORDER BY j.id LIMIT ?");
/* The deliveries first, by their jobs, whose rows it locks. */
DB_STMT(JOB_DEAD_LOCK, DB_API | DB_CTL, DB_READ,
    "SELECT j.id FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  id BIGINT UNSIGNED PATH '$')) t STRAIGHT_JOIN job j ON j.id = t.id"
    " WHERE j.state = 9 AND (? IS NULL OR j.provider = " DB_ASCII ") FOR UPDATE");
DB_STMT(JOB_DEAD_QUEUE, DB_API | DB_CTL, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN job j ON j.id = t.id STRAIGHT_JOIN delivery d"
    " ON d.notification_id = j.notification_id AND d.seq = j.seq"
    " SET d.state = 'queued', d.reason = 'redriven',"
    DELIVERY_LOG_ADD
    " d.updated_at = UTC_TIMESTAMP(6)"
    " WHERE j.kind <> 1 AND d.state = 'failed'");
DB_STMT(JOB_DEAD_READY, DB_API | DB_CTL, DB_SAFE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) t"
    " STRAIGHT_JOIN job j ON j.id = t.id"
    " SET j.state = 0, j.crashes = 0, j.run_at = UTC_TIMESTAMP(6),"
    " j.owner = 0, j.lease_ends_at = NULL, j.last_error = 'redriven'");
DB_STMT(JOB_DEAD_DISCARD, DB_API | DB_CTL, DB_SAFE,
    "DELETE FROM job WHERE id = ? AND state = 9");

int
job_each_queue(struct db *db, struct arena *a, struct job_queued *q,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	return (int)db_each(db, &JOB_QUEUES, a, DB_NONE,
	    DB_OUT(DB_TO_STR(&q->provider), DB_TO_U64(&q->class),
	    DB_TO_U64(&q->state), DB_TO_U64(&q->n), DB_TO_TIME(&q->run_us),
	    DB_TO_TIME(&q->created_us)), row, arg, e);
}

int
job_search(struct db *db, struct arena *a, struct job_search *f,
    struct job_seen *j, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	const bool up = f->span.up, dead = f->state == JOB_DEAD;
	uint64_t low = span_low(&f->span), high = span_high(&f->span);
	const struct db_value provider = DB_STR(f->provider),
	    note = DB_U64(f->notification_id), limit = DB_U64(f->limit),
	    state = DB_I64(f->state), class = DB_I64(f->class),
	    q = DB_STR(f->q), id = DB_U64(f->id), seq = DB_U64(f->seq),
	    user = DB_U64(f->user_id);

	f->edge = 0;
	if (!dead && f->notification_id == 0 && (f->state >= 0 ||
	    f->provider != NULL || f->class >= 0 || f->q[0] != '\0') &&
	    db_one(db, up ? &JOB_EDGE_UP : &JOB_EDGE, NULL,
	    DB_IN(DB_U64(low), DB_U64(high), DB_U64(LOOKED_AT)),
	    DB_OUT(DB_TO_U64(&f->edge)), e) < 0)
		return -1;
	if (f->edge != 0)
		*(up ? &high : &low) = f->edge;
	const struct db_value lo = DB_U64(low), hi = DB_U64(high);
#define REST_IN	provider, provider, class, class, note, note, q, q, q,	\
	user, user, id, id, seq, seq, id, seq, limit
	const struct db_in of_dead = DB_IN(lo, hi, REST_IN),
	    all = DB_IN(lo, hi, state, state, REST_IN);

	return (int)db_each(db, dead ?
	    up ? &JOB_SEARCH_DEAD_UP : &JOB_SEARCH_DEAD :
	    up ? &JOB_SEARCH_UP : &JOB_SEARCH, a, dead ? of_dead : all,
	    OUT(j), row, arg, e);
}

int
job_seen(struct db *db, struct arena *a, uint64_t id, struct job_seen *j,
    struct err *e)
{
	return db_one(db, &JOB_SEEN, a, DB_IN(DB_U64(id)), OUT(j), e);
}

struct again {
	const uint64_t	*id;
	size_t		 n;
	const char	*provider;
	struct buf	 ids;
	uint64_t	 it;
	int64_t		 rows;
};

static int
add_id(void *arg, struct err *e)
{
	struct again *g = arg;

	(void)e;
	buf_printf(&g->ids, "%s%" PRIu64, g->rows++ > 0 ? "," : "[", g->it);
	return 0;
}

static int
again_work(struct db *db, void *arg, struct err *e)
{
	struct again *g = arg;
	const struct db_value provider = DB_STR(g->provider);
	struct arena *a = arena_new(1u << 20);
	char at[CLOCK_TEXT_MAX];
	const char *asked;
	int rc = -1;

	buf_reset(&g->ids);
	g->rows = 0;
	if (g->id != NULL) {
		for (size_t i = 0; i < g->n; i++) {
			g->it = g->id[i];
			(void)add_id(g, e);
		}
	} else if (db_each(db, &JOB_DEAD_IDS, a, DB_IN(provider, provider,
	    DB_U64(JOB_BATCH_MAX)), DB_OUT(DB_TO_U64(&g->it)), add_id, g,
	    e) < 0) {
		goto out;
	}
	rc = 0;
	if (g->rows == 0)
		goto out;
	buf_char(&g->ids, ']');
	asked = arena_strdup(a, buf_text(&g->ids));
	buf_reset(&g->ids);
	g->rows = 0;
	rc = -1;
	if (db_each(db, &JOB_DEAD_LOCK, a, DB_IN(DB_STR(asked), provider,
	    provider), DB_OUT(DB_TO_U64(&g->it)), add_id, g, e) < 0)
		goto out;
	rc = 0;
	if (g->rows == 0)
		goto out;
	buf_char(&g->ids, ']');
	clock_rfc3339(clock_now(), false, at);
	if (db_run(db, &JOB_DEAD_QUEUE, DB_IN(DB_STR(buf_text(&g->ids)),
	    DB_STR(arena_printf(a, "{\"event\":\"queued\",\"at\":\"%s\","
	    "\"reason\":\"redriven\"}\n", at))), e) < 0 ||
	    db_run(db, &JOB_DEAD_READY, DB_IN(DB_STR(buf_text(&g->ids))),
	    e) < 0)
		rc = -1;
out:
	arena_free(a);
	return rc;
}

int64_t
job_again(struct db *db, const uint64_t *id, size_t n, const char *provider,
    struct err *e)
{
	struct again g = { .id = id, .n = n, .provider = provider };
	int rc;

	if (id != NULL && n > JOB_BATCH_MAX)
		return err_set(e, ERR_INPUT, "too_many", "%zu ids", n);
	buf_init(&g.ids, JOB_BATCH_MAX * 24 + 16);
	rc = db_join(db, again_work, &g, e);
	buf_fini(&g.ids);
	return rc < 0 ? -1 : g.rows;
}

int
job_discard(struct db *db, uint64_t id, struct err *e)
{
	return (int)db_run(db, &JOB_DEAD_DISCARD, DB_IN(DB_U64(id)), e);
}
