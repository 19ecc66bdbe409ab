/*
 * sms.c - reserving money for a message, and giving it back.
 *
 * What must stay true: a counter never passes its cap, whoever asks at once
 * (one conditional statement each, affected rows decide); what was reserved is
 * given back at most once (the charge's state decides), and only to the window
 * it came from.
 */
#include "store/sms.h"

#include "base/buf.h"

DB_STMT(SMS_NOW, DB_API, DB_READ, "SELECT UTC_TIMESTAMP(6)");
DB_STMT(SMS_CHARGE_ADD, DB_API, DB_SAFE,
    "INSERT INTO sms_charge (notification_id, flow_id, at, cost, prefix,"
    " counted, is_code) VALUES (?, ?, ?, ?, ?, ?, ?)");
/* Left to right: window_at, which the others look at, comes last. */
DB_STMT(SMS_TAKE, DB_API, DB_ONCE,
    "INSERT INTO sms_spend (k, scope, label, window_s, window_at, spent)"
    " VALUES (?, ?, ?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE"
    " spent = IF(window_at <= VALUES(window_at) - INTERVAL ? SECOND,"
    " VALUES(spent), IF(spent + VALUES(spent) <= ?,"
    " spent + VALUES(spent), spent)),"
    " window_s = VALUES(window_s),"
    " window_at = IF(window_at <= VALUES(window_at) - INTERVAL ? SECOND,"
    " VALUES(window_at), window_at)");
DB_STMT(SMS_LOOK, DB_API, DB_READ,
    "SELECT spent, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6),"
    " window_at + INTERVAL ? SECOND) FROM sms_spend WHERE k = ?");
DB_STMT(SMS_GIVE, DB_API | DB_WORKER, DB_ONCE,
    "UPDATE sms_spend SET spent = spent - LEAST(spent, ?) WHERE k = ?"
    " AND window_at <= ?");
DB_STMT(SMS_CHARGE_GET, DB_API, DB_READ,
    "SELECT cost, at, counted FROM sms_charge WHERE notification_id = ?"
    " AND state = 0");
DB_STMT(SMS_CHARGE_LIVES, DB_API, DB_READ,
    "SELECT cost FROM sms_charge WHERE notification_id = ? AND state = 0");
DB_STMT(SMS_CHARGE_STATE, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE sms_charge SET state = ? WHERE notification_id = ?"
    " AND state = 0");
DB_STMT(SMS_VERIFIED, DB_API, DB_SAFE,
    "UPDATE sms_charge SET verified = TRUE WHERE flow_id = ?");
DB_STMT(SMS_SUSPENDED, DB_API, DB_READ,
    "SELECT TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), until_at)"
    " FROM sms_prefix WHERE prefix = ? AND until_at > UTC_TIMESTAMP(6)");

#define COUNTED		(1 + SMS_KEY)		/* scope and key */
#define STATE_BACK	1

/* --- reserving --------------------------------------------------------------- */

struct reserving {
	struct sms_charge_new	*n;
	uint8_t			 counted[COUNTED * SMS_COUNTERS_MAX];
	size_t			 full;
	bool			 refused;
};

static int
take_all(struct db *db, struct reserving *r, int64_t now_us, struct err *e)
{
	const struct sms_charge_new *n = r->n;

	for (size_t i = 0; i < n->counters; i++) {
		const struct sms_counter *c = &n->counter[i];
		int64_t rows = 0;

		if (n->cost <= c->cap && (rows = db_run(db, &SMS_TAKE,
		    DB_IN(DB_BIN(c->k, SMS_KEY), DB_U64(c->scope),
		    DB_STR(c->label), DB_U64(c->window_s), DB_WHEN(now_us),
		    DB_U64(n->cost), DB_U64(c->window_s), DB_U64(c->cap),
		    DB_U64(c->window_s)), e)) < 0)
			return -1;
		if (rows == 0) {
			r->full = i;
			r->refused = true;
			return 1;
		}
	}
	return 0;
}

/* 0; 1 it is there: ours, of a COMMIT whose answer was lost (D20); -1. */
static int
add_charge(struct db *db, const struct reserving *r, int64_t *now_us,
    struct err *e)
{
	const struct sms_charge_new *n = r->n;

	if (db_one(db, &SMS_NOW, NULL, DB_NONE, DB_OUT(DB_TO_TIME(now_us)),
	    e) < 0)
		return -1;
	if (db_run(db, &SMS_CHARGE_ADD, DB_IN(DB_U64(n->notification_id),
	    DB_U64(n->flow_id), DB_WHEN(*now_us), DB_U64(n->cost),
	    DB_STR(n->prefix), DB_BIN(r->counted, COUNTED * n->counters),
	    DB_U64(n->is_code)), e) >= 0)
		return 0;
	if (e->kind != ERR_DB_DUP)
		return -1;
	err_clear(e);
	return 1;
}

static int
reserve_work(struct db *db, void *arg, struct err *e)
{
	struct reserving *r = arg;
	int64_t now_us = 0;
	int rc;

	r->refused = false;
	if ((rc = add_charge(db, r, &now_us, e)) != 0)
		return rc;
	return take_all(db, r, now_us, e);
}

static void
write_counted(struct reserving *r)
{
	const struct sms_charge_new *n = r->n;

	for (size_t i = 0; i < n->counters; i++) {
		r->counted[i * COUNTED] = (uint8_t)n->counter[i].scope;
		memcpy(r->counted + i * COUNTED + 1, n->counter[i].k, SMS_KEY);
	}
}

static int
look(struct db *db, const struct sms_counter *c, int64_t *spent,
    int64_t *left_us, struct err *e)
{
	int rc = db_one(db, &SMS_LOOK, NULL, DB_IN(DB_U64(c->window_s),
	    DB_BIN(c->k, SMS_KEY)), DB_OUT(DB_TO_I64(spent),
	    DB_TO_I64(left_us)), e);

	if (rc < 0)
		return -1;
	if (rc == 0 || *left_us <= 0)
		*spent = *left_us = 0;
	return 0;
}

static int
seconds(int64_t us)
{
	return us <= 1000000 ? 1 : (int)((us + 999999) / 1000000);
}

int
sms_reserve(struct db *db, struct sms_charge_new *n, size_t *full,
    int *wait_s, struct err *e)
{
	struct reserving r = { .n = n };
	int64_t spent = 0, left_us = 0;

	if (db_in_tx(db) || n->counters > SMS_COUNTERS_MAX)
		return err_set(e, ERR_INTERNAL, "sms_reserve", "in a "
		    "transaction, or %zu counters", n->counters);
	write_counted(&r);
	if (db_tx(db, reserve_work, &r, e) < 0)
		return -1;
	if (!r.refused)
		return 1;
	*full = r.full;
	if (look(db, &n->counter[r.full], &spent, &left_us, e) < 0)
		return -1;
	*wait_s = left_us > 0 ? seconds(left_us) :
	    (int)n->counter[r.full].window_s;
	return 0;
}

int
sms_crowded(struct db *db, const struct sms_counter *c, size_t n,
    uint64_t cost, unsigned percent, struct err *e)
{
	bool crowded = false;

	/* All are read, always: equal work. */
	for (size_t i = 0; i < n; i++) {
		int64_t spent = 0, left_us = 0;

		if (c[i].scope == SMS_NUMBER)
			continue;
		if (look(db, &c[i], &spent, &left_us, e) < 0)
			return -1;
		crowded |= ((uint64_t)spent + cost) * 100 >
		    c[i].cap * percent;
	}
	return crowded;
}

/* --- giving back ---------------------------------------------------------------- */

struct giving {
	uint64_t	 id, cost;
	const uint8_t	*counted;
	size_t		 len;
	int64_t		 at_us;
	unsigned	 state;		/* that it gets */
	enum sms_scope	 least;		/* what below it keeps */
};

static int
give_work(struct db *db, void *arg, struct err *e)
{
	const struct giving *g = arg;
	int64_t rows = db_run(db, &SMS_CHARGE_STATE, DB_IN(DB_U64(g->state),
	    DB_U64(g->id)), e);

	if (rows <= 0)
		return rows < 0 ? -1 : 0;
	for (size_t i = 0; i + COUNTED <= g->len; i += COUNTED)
		if (g->counted[i] >= g->least && db_run(db, &SMS_GIVE,
		    DB_IN(DB_U64(g->cost), DB_BIN(g->counted + i + 1,
		    SMS_KEY), DB_WHEN(g->at_us)), e) < 0)
			return -1;
	return 0;
}

static int
reserve_with_work(struct db *db, void *arg, struct err *e)
{
	struct reserving *r = arg;
	struct giving g = { .id = r->n->notification_id,
	    .state = STATE_BACK, .least = SMS_AS };
	int rc;

	r->refused = false;
	if ((rc = add_charge(db, r, &g.at_us, e)) < 0)
		return -1;
	if (rc == 1) {
		/* Refused that time too, or settled, and then its message is
		 * there. */
		rc = db_one(db, &SMS_CHARGE_LIVES, NULL,
		    DB_IN(DB_U64(g.id)), DB_OUT(DB_TO_U64(&g.cost)), e);
		r->refused = rc == 0;
		return rc < 0 ? -1 : 0;
	}
	if (take_all(db, r, g.at_us, e) < 0)
		return -1;
	if (!r->refused)
		return 0;
	/* The transaction goes on: what was counted before is taken back. */
	g.cost = r->n->cost;
	g.counted = r->counted;
	g.len = COUNTED * r->full;
	return give_work(db, &g, e);
}

int
sms_reserve_with(struct db *db, struct sms_charge_new *n, size_t *full,
    struct err *e)
{
	struct reserving r = { .n = n };

	if (n->counters > SMS_COUNTERS_MAX)
		return err_set(e, ERR_INTERNAL, "sms_reserve",
		    "%zu counters", n->counters);
	write_counted(&r);
	if (db_join(db, reserve_with_work, &r, e) < 0)
		return -1;
	*full = r.full;
	return !r.refused;
}

int
sms_unreserve(struct db *db, uint64_t notification_id, struct err *e)
{
	struct giving g = { .id = notification_id, .state = STATE_BACK,
	    .least = SMS_AS };
	struct arena *a = arena_new(4096);
	int rc = db_one(db, &SMS_CHARGE_GET, a, DB_IN(DB_U64(g.id)),
	    DB_OUT(DB_TO_U64(&g.cost), DB_TO_TIME(&g.at_us),
	    DB_TO_BIN(&g.counted, &g.len)), e);

	if (rc > 0)
		rc = db_join(db, give_work, &g, e);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

int
sms_verified(struct db *db, uint64_t flow_id, struct err *e)
{
	return db_run(db, &SMS_VERIFIED, DB_IN(DB_U64(flow_id)), e) < 0 ? -1 :
	    0;
}

int
sms_suspended(struct db *db, const char *prefix, int *wait_s, struct err *e)
{
	int64_t left_us = 0;
	int rc = db_one(db, &SMS_SUSPENDED, NULL, DB_IN(DB_STR(prefix)),
	    DB_OUT(DB_TO_I64(&left_us)), e);

	if (rc == 1)
		*wait_s = seconds(left_us);
	return rc;
}

/* --- worker --------------------------------------------------------------------- */

/* Without a delivery a quarter of an hour later, its transaction was rolled
 * back or its notification expired unplanned: no code lives that long. */
DB_STMT(SMS_ENDED, DB_WORKER, DB_READ,
    "SELECT c.notification_id, c.cost, c.at, c.counted,"
    " COALESCE(d.state, 'failed'), COALESCE(d.reason, '')"
    " FROM sms_charge c LEFT JOIN delivery d"
    " ON d.notification_id = c.notification_id AND d.seq = 1"
    " WHERE c.state = 0 AND (d.state NOT IN ('queued', 'sending')"
    " OR (d.state IS NULL AND c.at < UTC_TIMESTAMP(6) - INTERVAL 900 SECOND))"
    " ORDER BY c.notification_id LIMIT ?");
DB_STMT(SMS_LOW, DB_WORKER, DB_READ,
    "SELECT t.prefix FROM (SELECT c.prefix, c.verified,"
    " ROW_NUMBER() OVER (PARTITION BY c.prefix ORDER BY c.at DESC) AS nth"
    " FROM sms_charge c LEFT JOIN sms_prefix p ON p.prefix = c.prefix"
    " WHERE c.state = 2 AND c.is_code"
    " AND c.at > UTC_TIMESTAMP(6) - INTERVAL 6 HOUR"
    " AND (c.verified OR c.at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND)"
    " AND (p.until_at IS NULL OR c.at > p.until_at)) AS t"
    " WHERE t.nth <= ? GROUP BY t.prefix"
    " HAVING COUNT(*) >= ? AND SUM(t.verified) * 100 < ? * COUNT(*) LIMIT 1");
DB_STMT(SMS_SUSPEND, DB_WORKER, DB_SAFE,
    "INSERT INTO sms_prefix (prefix, reason, tripped_at, until_at)"
    " VALUES (?, 'low_conversion', UTC_TIMESTAMP(6),"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND)"
    " ON DUPLICATE KEY UPDATE reason = VALUES(reason),"
    " tripped_at = VALUES(tripped_at), until_at = VALUES(until_at)");
DB_STMT(SMS_PURGE_CHARGE, DB_WORKER, DB_SAFE,
    "DELETE FROM sms_charge WHERE at < UTC_TIMESTAMP(6) - INTERVAL 2 DAY"
    " ORDER BY at LIMIT ?");
DB_STMT(SMS_PURGE_SPEND, DB_WORKER, DB_SAFE,
    "DELETE FROM sms_spend WHERE window_at < UTC_TIMESTAMP(6)"
    " - INTERVAL 2 DAY ORDER BY window_at LIMIT ?");

#define SETTLE_MAX	256u

struct settling {
	struct giving	 g[SETTLE_MAX], row;
	const char	*state, *reason;
	size_t		 n;
};

/* What it comes to.  `unsure` may have been sent: it stays paid. */
static int
settle_row(void *arg, struct err *e)
{
	static const char *const paid[] = { "sent", "delivered", "read",
		"unsure" };
	struct settling *s = arg;
	struct giving *g = &s->g[s->n++];

	(void)e;
	*g = s->row;
	g->state = STATE_BACK;
	g->least = SMS_AS;
	/* Whoever asks for numbers that nobody has uses up his own all the
	 * same, or the difference would tell (S24). */
	if (strcmp(s->reason, "nobody") == 0) {
		g->state = 3;
		g->least = SMS_PREFIX;
	}
	for (size_t i = 0; i < COUNT_OF(paid); i++)
		if (strcmp(s->state, paid[i]) == 0) {
			g->state = 2;
			g->least = SMS_SITE + 1;
		}
	return 0;
}

int
sms_settle(struct db *db, unsigned max, struct err *e)
{
	struct settling *s = calloc(1, sizeof(*s));
	struct arena *a = arena_new((size_t)1 << 20);
	int rc = -1;

	if (s == NULL) {
		err_set(e, ERR_INTERNAL, "no_memory", "settling");
		goto out;
	}
	if (db_each(db, &SMS_ENDED, a, DB_IN(DB_U64(max < SETTLE_MAX ? max :
	    SETTLE_MAX)), DB_OUT(DB_TO_U64(&s->row.id),
	    DB_TO_U64(&s->row.cost), DB_TO_TIME(&s->row.at_us),
	    DB_TO_BIN(&s->row.counted, &s->row.len), DB_TO_STR(&s->state),
	    DB_TO_STR(&s->reason)), settle_row, s, e) < 0)
		goto out;
	for (size_t i = 0; i < s->n; i++)
		if (db_tx(db, give_work, &s->g[i], e) < 0)
			goto out;
	rc = (int)s->n;
out:
	arena_free(a);
	free(s);
	return rc;
}

int
sms_break(struct db *db, struct arena *a, const struct sms_breaker *b,
    char prefix[SMS_PREFIX_TEXT], struct err *e)
{
	const char *found = NULL;
	int rc = db_one(db, &SMS_LOW, a, DB_IN(DB_U64(b->wait_s),
	    DB_U64(b->sample), DB_U64(b->sample), DB_U64(b->percent)),
	    DB_OUT(DB_TO_STR(&found)), e);

	if (rc <= 0)
		return rc;
	snprintf(prefix, SMS_PREFIX_TEXT, "%s", found);
	return db_run(db, &SMS_SUSPEND, DB_IN(DB_STR(found),
	    DB_U64(b->hold_s)), e) < 0 ? -1 : 1;
}

int
sms_purge(struct db *db, unsigned max, struct err *e)
{
	int64_t n = db_run(db, &SMS_PURGE_CHARGE, DB_IN(DB_U64(max)), e), m;

	if (n < 0 || (m = db_run(db, &SMS_PURGE_SPEND, DB_IN(DB_U64(max)),
	    e)) < 0)
		return -1;
	return (int)(n + m);
}
