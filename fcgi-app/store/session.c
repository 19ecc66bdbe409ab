/*
 * session.c - families of refresh tokens as counters in a row.
 */
#include "store/session.h"
#include "base/clock.h"
#include "base/text.h"

DB_STMT(SESSION_INSERT, DB_API, DB_SAFE,
    "INSERT INTO session (id, user_id, current, parent, newest, killed,"
    " rotated_at, minute_at, created_at, auth_at, idle_ends_at, ends_at,"
    " claim, amr, ip, last_ip, country, user_agent, actor_id, acting)"
    " SELECT ?, ?, 1, 0, 1, 0, t.now, t.now, t.now, t.now,"
    " t.now + INTERVAL LEAST(?, ?) SECOND, t.now + INTERVAL ? SECOND,"
    " ?, LEFT(?, 64), LEFT(?, 45), LEFT(?, 45), LEFT(?, 2), LEFT(?, 255), ?, ?"
    " FROM (SELECT UTC_TIMESTAMP(6) AS now) AS t"
    " ON DUPLICATE KEY UPDATE id = VALUES(id)");
DB_STMT(SESSION_FIND, DB_API, DB_READ,
    "SELECT s.id, s.user_id, s.actor_id, s.current, s.parent, s.newest, s.killed,"
    " s.minute_n, s.rotated_at, s.killed_at, s.minute_at, s.created_at,"
    " s.auth_at, s.idle_ends_at, s.ends_at, s.ended_at, UTC_TIMESTAMP(6),"
    " s.claim, s.amr, s.country, u.is_active, u.is_staff, u.is_superuser,"
    " u.phone_verified_at IS NOT NULL OR u.email_verified_at IS NOT NULL,"
    " IF(u.email_verified_at IS NULL, NULL, u.email), u.not_before,"
    " u.allowed_countries, u.group_list"
    " FROM session s JOIN user u ON u.id = s.user_id WHERE s.id = ?");
/* What a step makes of the row is known from the row that was read (stepped);
 * the conditions say that it still is that row. */
DB_STMT(SESSION_STEP, DB_API, DB_SAFE,
    "UPDATE session SET current = ?, parent = ?, newest = ?, killed = ?,"
    " killed_at = ?, minute_n = ?, minute_at = ?, rotated_at = ?,"
    " idle_ends_at = ?, last_ip = LEFT(?, 45)"
    " WHERE id = ? AND current = ? AND parent = ? AND rotated_at = ?"
    " AND ended_at IS NULL AND UTC_TIMESTAMP(6) < ?");
DB_STMT(SESSION_NOW, DB_API, DB_READ, "SELECT UTC_TIMESTAMP(6)");
#define END_SET \
	"UPDATE session SET ended_at = ?, end_reason = LEFT(?, 24)," \
	" ends_at = LEAST(ends_at, ?)"
DB_STMT(SESSION_END_ONE, DB_API, DB_SAFE, END_SET
    " WHERE id = ? AND user_id = ? AND ended_at IS NULL");
DB_STMT(SESSION_END_MANY, DB_API, DB_SAFE, END_SET
    " WHERE user_id = ? AND id <> ? AND ended_at IS NULL");
DB_STMT(SESSION_END_ACTING, DB_API, DB_SAFE, END_SET
    " WHERE acting = ? AND ended_at IS NULL");
/* A session is revoked once, under its own id; ended_at tells which ones
 * this unit of work ended (SESSION_NOW, µs). */
DB_STMT(SESSION_END_REVOKE, DB_API, DB_SAFE,
    "INSERT INTO revocation (id, session_id, user_id, not_before, created_at,"
    " expires_at) SELECT id, id, user_id, ended_at, UTC_TIMESTAMP(6),"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND FROM session"
    " WHERE user_id = ? AND ended_at = ?"
    " ON DUPLICATE KEY UPDATE expires_at = VALUES(expires_at)");
DB_STMT(SESSION_REVOKE_ACTING, DB_API, DB_SAFE,
    "INSERT INTO revocation (id, session_id, user_id, not_before, created_at,"
    " expires_at) SELECT id, id, user_id, ended_at, UTC_TIMESTAMP(6),"
    " UTC_TIMESTAMP(6) + INTERVAL ? SECOND FROM session"
    " WHERE acting = ? AND ended_at = ?"
    " ON DUPLICATE KEY UPDATE expires_at = VALUES(expires_at)");
DB_STMT(SESSION_END_IDS, DB_API, DB_READ,
    "SELECT id FROM session WHERE user_id = ? AND ended_at = ? LIMIT ?");
DB_STMT(SESSION_PROVED, DB_API, DB_SAFE,
    "UPDATE session SET claim = FALSE WHERE user_id = ? AND ended_at IS NULL");
DB_STMT(SESSION_CHECK, DB_API | DB_LIVE, DB_READ,
    "SELECT 1 FROM session s JOIN user u ON u.id = s.user_id"
    " WHERE s.id = ? AND s.user_id = ? AND s.ended_at IS NULL"
    " AND s.ends_at > UTC_TIMESTAMP(6) AND s.idle_ends_at > UTC_TIMESTAMP(6)"
    " AND u.is_active AND (u.not_before IS NULL OR u.not_before <= ?)");
DB_STMT(SESSION_EACH, DB_API, DB_READ,
    "SELECT id, actor_id, created_at, rotated_at, LEAST(ends_at, idle_ends_at), ip,"
    " last_ip, country, user_agent, amr FROM session"
    " WHERE user_id = ? AND ended_at IS NULL"
    " AND ends_at > UTC_TIMESTAMP(6) AND idle_ends_at > UTC_TIMESTAMP(6)"
    " ORDER BY id DESC LIMIT ?");
DB_STMT(SESSION_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM session WHERE ends_at < UTC_TIMESTAMP(6) - INTERVAL 30 DAY"
    " ORDER BY ends_at LIMIT ?");

#define MINUTE_US	(60 * US_PER_S)
#define READ_GOOD_US	(5 * US_PER_S)	/* how old a read a step may follow */
/* A token may be accepted for a little longer than its life (clock skew). */
#define SLACK_S		60
#define AGENT_MAX	256

bool
session_alive(const struct session *s)
{
	return s->ended_at_us == 0 && s->is_active &&
	    s->idle_ends_at_us > s->now_us && s->ends_at_us > s->now_us;
}

int64_t
session_iat_s(const struct session *s, int64_t at_us)
{
	int64_t iat = (at_us == 0 ? s->rotated_at_us : at_us) / US_PER_S;
	int64_t least = s->not_before_us / US_PER_S;

	return iat < least ? least : iat;
}

/* A header as the column wants it: what is no UTF-8 becomes '?'. */
static const char *
clean(struct arena *a, const char *s)
{
	size_t i, n, step;
	char *out;

	if (s == NULL)
		return NULL;
	n = strnlen(s, AGENT_MAX * 4);
	out = arena_strndup(a, s, n);
	for (i = 0; i < n; i += step)
		if ((step = utf8_step(out + i, n - i)) == 0) {
			out[i] = '?';
			step = 1;
		}
	return out;
}

int
session_find(struct db *db, struct arena *a, uint64_t id, struct session *s,
    struct err *e)
{
	uint64_t current, parent, newest, killed, minute_n;
	int rc;

	memset(s, 0, sizeof(*s));
	rc = db_one(db, &SESSION_FIND, a, DB_IN(DB_U64(id)), DB_OUT(
	    DB_TO_U64(&s->id), DB_TO_U64(&s->user_id), DB_TO_U64(&s->actor_id),
	    DB_TO_U64(&current),
	    DB_TO_U64(&parent), DB_TO_U64(&newest), DB_TO_U64(&killed),
	    DB_TO_U64(&minute_n), DB_TO_TIME(&s->rotated_at_us),
	    DB_TO_TIME(&s->killed_at_us), DB_TO_TIME(&s->minute_at_us),
	    DB_TO_TIME(&s->created_at_us), DB_TO_TIME(&s->auth_at_us),
	    DB_TO_TIME(&s->idle_ends_at_us), DB_TO_TIME(&s->ends_at_us),
	    DB_TO_TIME(&s->ended_at_us), DB_TO_TIME(&s->now_us),
	    DB_TO_BOOL(&s->claim), DB_TO_STR(&s->amr),
	    DB_TO_STR(&s->country), DB_TO_BOOL(&s->is_active),
	    DB_TO_BOOL(&s->is_staff), DB_TO_BOOL(&s->is_superuser),
	    DB_TO_BOOL(&s->verified), DB_TO_STR(&s->email),
	    DB_TO_TIME(&s->not_before_us),
	    DB_TO_STR(&s->allowed_countries), DB_TO_STR(&s->groups)), e);
	if (rc <= 0)
		return rc;
	s->current = (uint32_t)current;
	s->parent = (uint32_t)parent;
	s->newest = (uint32_t)newest;
	s->killed = (uint32_t)killed;
	s->minute_n = (uint32_t)minute_n;
	return 1;
}

int
session_insert(struct db *db, struct arena *a, const struct session_new *n,
    struct session *s, struct err *e)
{
	int rc;

	if (db_run(db, &SESSION_INSERT, DB_IN(DB_U64(n->id),
	    DB_U64(n->user_id), DB_U64(n->idle_s), DB_U64(n->life_s),
	    DB_U64(n->life_s), DB_I64(n->claim), DB_STR(n->amr),
	    DB_STR(n->ip), DB_STR(n->ip), DB_STR(n->country),
	    DB_STR(clean(a, n->user_agent)), DB_U64(n->actor_id),
	    DB_REF(n->actor_id)), e) < 0)
		return -1;
	if ((rc = session_find(db, a, n->id, s, e)) < 0)
		return -1;
	return rc == 1 ? 0 : 1;
}

/* --- steps ----------------------------------------------------------------- */

int
session_minute_wait(const struct session *s, uint32_t per_minute)
{
	int64_t left_us = s->minute_at_us + MINUTE_US - s->now_us;

	if (left_us <= 0 || s->minute_n < per_minute)
		return 0;
	return (int)((left_us + US_PER_S - 1) / US_PER_S);
}

/* *s as the UPDATE is to leave it. */
static void
stepped(struct session *s, const struct session_step *st)
{
	int64_t idle_us = s->now_us + (int64_t)st->idle_s * US_PER_S;

	if (st->move == SESSION_ROTATE) {
		s->parent = s->current;
	} else {
		s->killed = s->current;
		s->killed_at_us = s->now_us;
	}
	s->current = ++s->newest;
	if (s->minute_at_us <= s->now_us - MINUTE_US) {
		s->minute_n = 1;
		s->minute_at_us = s->now_us;
	} else {
		s->minute_n++;
	}
	s->rotated_at_us = s->now_us;
	s->idle_ends_at_us = idle_us < s->ends_at_us ? idle_us : s->ends_at_us;
}

/* The first try of a redo may have done it: is the row what we made of it?
 * Its time is our read's, to the µs, and nobody else steps from the same
 * counter at that time. */
static int
is_our_step(struct db *db, const struct session *s, const struct session *to,
    struct err *e)
{
	struct arena *a = arena_new(16384);
	struct session is;
	int rc = session_find(db, a, s->id, &is, e);

	if (rc == 1)
		rc = is.ended_at_us == 0 && is.current == to->current &&
		    is.parent == to->parent &&
		    is.rotated_at_us == to->rotated_at_us;
	arena_free(a);
	return rc;
}

int
session_step(struct db *db, struct session *s, const struct session_step *st,
    struct err *e)
{
	struct session to = *s;
	int64_t rows;
	int rc;

	if (session_minute_wait(s, st->per_minute) > 0)
		return 0;
	stepped(&to, st);
	if ((rows = db_run(db, &SESSION_STEP, DB_IN(
	    DB_U64(to.current), DB_U64(to.parent), DB_U64(to.newest),
	    DB_U64(to.killed), DB_WHEN(to.killed_at_us), DB_U64(to.minute_n),
	    DB_WHEN(to.minute_at_us), DB_WHEN(to.rotated_at_us),
	    DB_WHEN(to.idle_ends_at_us), DB_STR(st->ip), DB_U64(s->id),
	    DB_U64(s->current), DB_U64(s->parent), DB_WHEN(s->rotated_at_us),
	    DB_WHEN(s->now_us + READ_GOOD_US)), e)) < 0)
		return -1;
	if (rows == 0 && (rc = is_our_step(db, s, &to, e)) <= 0)
		return rc;
	*s = to;
	return 1;
}

/* --- the end ---------------------------------------------------------------- */

struct ending {
	const struct session_end *w;
	uint64_t	*ids;
	size_t		 max, n;
	uint64_t	 id;		/* of the row being read */
	int64_t		 rows;
};

static int
ending_row(void *arg, struct err *e)
{
	struct ending *g = arg;

	(void)e;
	g->ids[g->n++] = g->id;
	return 0;
}

struct acting_end { uint64_t actor_id; const char *reason; uint32_t life_s; };

static int
end_acting_work(struct db *db, void *arg, struct err *e)
{
	const struct acting_end *x = arg;
	int64_t now = 0, rows;

	if (db_one(db, &SESSION_NOW, NULL, DB_NONE, DB_OUT(DB_TO_TIME(&now)),
	    e) < 0 || (rows = db_run(db, &SESSION_END_ACTING,
	    DB_IN(DB_WHEN(now), DB_STR(x->reason), DB_WHEN(now),
	    DB_U64(x->actor_id)), e)) < 0)
		return -1;
	return rows == 0 || db_run(db, &SESSION_REVOKE_ACTING,
	    DB_IN(DB_U64(x->life_s + SLACK_S), DB_U64(x->actor_id),
	    DB_WHEN(now)), e) >= 0 ? 0 : -1;
}

int
session_end_acting(struct db *db, uint64_t actor_id, const char *reason,
    uint32_t access_life_s, struct err *e)
{
	struct acting_end x = { actor_id, reason, access_life_s };

	return db_join(db, end_acting_work, &x, e) < 0 ? -1 : 0;
}

static int
end_work(struct db *db, void *arg, struct err *e)
{
	struct ending *g = arg;
	const struct session_end *w = g->w;
	int64_t now = 0;

	g->n = 0;
	if (db_one(db, &SESSION_NOW, NULL, DB_NONE, DB_OUT(DB_TO_TIME(&now)),
	    e) < 0)
		return -1;
	if (w->session_id != 0)
		g->rows = db_run(db, &SESSION_END_ONE, DB_IN(DB_WHEN(now),
		    DB_STR(w->reason), DB_WHEN(now), DB_U64(w->session_id),
		    DB_U64(w->user_id)), e);
	else
		g->rows = db_run(db, &SESSION_END_MANY, DB_IN(DB_WHEN(now),
		    DB_STR(w->reason), DB_WHEN(now), DB_U64(w->user_id),
		    DB_U64(w->keep)), e);
	if (g->rows >= 0 && w->session_id == 0 && session_end_acting(db,
	    w->user_id, "actor_out", w->access_life_s, e) < 0)
		return -1;
	if (g->rows <= 0)
		return (int)g->rows;
	if (db_run(db, &SESSION_END_REVOKE, DB_IN(DB_U64(w->access_life_s +
	    SLACK_S), DB_U64(w->user_id), DB_WHEN(now)), e) < 0)
		return -1;
	if (g->max == 0)
		return 0;
	return db_each(db, &SESSION_END_IDS, NULL, DB_IN(DB_U64(w->user_id),
	    DB_WHEN(now), DB_U64(g->max)), DB_OUT(DB_TO_U64(&g->id)),
	    ending_row, g, e) < 0 ? -1 : 0;
}

int
session_end(struct db *db, const struct session_end *w, uint64_t *ids,
    size_t max, struct err *e)
{
	struct ending g = { .w = w, .ids = ids, .max = max };

	if (db_join(db, end_work, &g, e) < 0)
		return -1;
	return (int)g.rows;
}

/* --- the rest ---------------------------------------------------------------- */

int
session_proved(struct db *db, uint64_t user_id, struct err *e)
{
	return (int)db_run(db, &SESSION_PROVED, DB_IN(DB_U64(user_id)), e);
}

int
session_check(struct db *db, uint64_t id, uint64_t user_id, int64_t iat_s,
    struct err *e)
{
	int64_t one;

	return db_one(db, &SESSION_CHECK, NULL, DB_IN(DB_U64(id),
	    DB_U64(user_id), DB_WHEN(iat_s * US_PER_S)),
	    DB_OUT(DB_TO_I64(&one)), e);
}

int
session_each(struct db *db, struct arena *a, uint64_t user_id, unsigned max,
    struct session_seen *s, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return (int)db_each(db, &SESSION_EACH, a, DB_IN(DB_U64(user_id),
	    DB_U64(max)), DB_OUT(DB_TO_U64(&s->id),
	    DB_TO_U64(&s->actor_id),
	    DB_TO_TIME(&s->created_at_us), DB_TO_TIME(&s->seen_at_us),
	    DB_TO_TIME(&s->ends_at_us), DB_TO_STR(&s->ip),
	    DB_TO_STR(&s->last_ip), DB_TO_STR(&s->country),
	    DB_TO_STR(&s->user_agent), DB_TO_STR(&s->amr)), row, arg, e);
}

int
session_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &SESSION_PURGE, DB_IN(DB_U64(max)), e);
}
