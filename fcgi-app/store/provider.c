/*
 * provider.c - statements on tables provider and provider_sent.
 */
#include "store/provider.h"

#define COLUMNS								\
	"p.id, p.version, p.name, p.kind, p.settings, p.secrets,"	\
	" p.secret_names, p.weight, p.daily_limit, p.per_s,"		\
	" p.concurrency, p.is_active,"					\
	" COALESCE(IF(s.day = UTC_DATE(), s.sent, 0), 0),"		\
	" p.created_at, p.updated_at FROM provider p"			\
	" LEFT JOIN provider_sent s ON s.name = p.name"
DB_STMT(PROVIDER_INSERT, DB_API, DB_ONCE,
    "INSERT INTO provider (id, version, name, kind, settings, secrets,"
    " secret_names, weight, daily_limit, per_s, concurrency, is_active)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
DB_STMT(PROVIDER_BY_ID, DB_API, DB_READ,
    "SELECT " COLUMNS " WHERE p.id = ?");
DB_STMT(PROVIDER_BY_NAME, DB_API | DB_CTL, DB_READ,
    "SELECT " COLUMNS " WHERE p.name = ?");
DB_STMT(PROVIDER_LIST, DB_API | DB_WORKER | DB_CTL, DB_READ,
    "SELECT " COLUMNS " ORDER BY p.name LIMIT ?");
DB_STMT(PROVIDER_CHANGE, DB_API, DB_ONCE,
    "UPDATE provider SET version = ?, settings = ?, secrets = ?,"
    " secret_names = ?, weight = ?, daily_limit = ?, per_s = ?,"
    " concurrency = ?, is_active = ?, updated_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND version = ?");
DB_STMT(PROVIDER_REMOVE, DB_API, DB_SAFE,
    "DELETE FROM provider WHERE id = ?");
DB_STMT(PROVIDER_TAKE, DB_WORKER, DB_ONCE,
    "UPDATE provider_sent SET sent = sent + ? WHERE name = ?"
    " AND day = UTC_DATE() AND sent + ? <= ?");
DB_STMT(PROVIDER_DAY, DB_WORKER, DB_SAFE,
    "INSERT INTO provider_sent (name, day, sent) VALUES (?, UTC_DATE(), 0)"
    " ON DUPLICATE KEY UPDATE sent = IF(day = UTC_DATE(), sent, 0),"
    " day = UTC_DATE()");
DB_STMT(PROVIDER_LEFT, DB_WORKER, DB_READ,
    "SELECT sent FROM provider_sent WHERE name = ? FOR UPDATE");
DB_STMT(PROVIDER_GIVE_BACK, DB_WORKER, DB_ONCE,
    "UPDATE provider_sent SET sent = sent - ? WHERE name = ?"
    " AND day = UTC_DATE() AND sent >= ?");
DB_STMT(PROVIDER_RESET, DB_API, DB_SAFE,
    "UPDATE provider_sent SET sent = 0 WHERE name = ?");
DB_STMT(PROVIDER_DAYS, DB_API | DB_WORKER | DB_CTL, DB_READ,
    "SELECT name, sent FROM provider_sent WHERE day = UTC_DATE() LIMIT ?");
DB_STMT(PROVIDER_HOURS, DB_API | DB_CTL, DB_READ,
    "SELECT provider, SUM(n) FROM delivery_hour WHERE hour >= UTC_DATE()"
    " AND state = 'sent' GROUP BY provider LIMIT ?");

#define OUT(p) DB_OUT(DB_TO_U64(&(p)->id), DB_TO_U64(&(p)->version),	\
	DB_TO_STR(&(p)->name), DB_TO_STR(&(p)->kind),			\
	DB_TO_STR(&(p)->settings),					\
	DB_TO_BIN(&(p)->secrets, &(p)->secrets_len),			\
	DB_TO_STR(&(p)->secret_names), DB_TO_U64(&(p)->weight),		\
	DB_TO_U64(&(p)->daily_limit), DB_TO_U64(&(p)->per_s),		\
	DB_TO_U64(&(p)->concurrency), DB_TO_BOOL(&(p)->active),		\
	DB_TO_U64(&(p)->sent_today), DB_TO_TIME(&(p)->created_us),	\
	DB_TO_TIME(&(p)->updated_us))

int
provider_insert(struct db *db, const struct provider_account *p,
    struct err *e)
{
	return db_run(db, &PROVIDER_INSERT, DB_IN(DB_U64(p->id),
	    DB_U64(p->version), DB_STR(p->name), DB_STR(p->kind),
	    DB_STR(p->settings), DB_BIN(p->secrets, p->secrets_len),
	    DB_STR(p->secret_names), DB_U64(p->weight),
	    DB_U64(p->daily_limit), DB_U64(p->per_s),
	    DB_U64(p->concurrency), DB_U64(p->active ? 1 : 0)), e) < 0 ?
	    -1 : 0;
}

int
provider_load(struct db *db, struct arena *a, uint64_t id, const char *name,
    struct provider_account *p, struct err *e)
{
	return id != 0 ?
	    db_one(db, &PROVIDER_BY_ID, a, DB_IN(DB_U64(id)), OUT(p), e) :
	    db_one(db, &PROVIDER_BY_NAME, a, DB_IN(DB_STR(name)), OUT(p), e);
}

int
provider_list(struct db *db, struct arena *a, struct provider_account *p,
    size_t max, struct err *e)
{
	struct provider_account it = { .id = 0 };

	return db_list(db, &PROVIDER_LIST, a, DB_IN(DB_U64(max)), OUT(&it),
	    DB_ROWS(p, &it, max), e);
}

int
provider_change(struct db *db, const struct provider_account *p, uint64_t was,
    struct err *e)
{
	int64_t rc = db_run(db, &PROVIDER_CHANGE, DB_IN(DB_U64(p->version),
	    DB_STR(p->settings), DB_BIN(p->secrets, p->secrets_len),
	    DB_STR(p->secret_names), DB_U64(p->weight),
	    DB_U64(p->daily_limit), DB_U64(p->per_s),
	    DB_U64(p->concurrency), DB_U64(p->active ? 1 : 0),
	    DB_U64(p->id), DB_U64(was)), e);

	return rc < 0 ? -1 : rc > 0;
}

int
provider_remove(struct db *db, uint64_t id, struct err *e)
{
	int64_t rc = db_run(db, &PROVIDER_REMOVE, DB_IN(DB_U64(id)), e);

	return rc < 0 ? -1 : rc > 0;
}

int
provider_take(struct db *db, const char *name, uint64_t limit, unsigned want,
    unsigned *got, struct err *e)
{
	struct arena *a;
	uint64_t sent = 0;
	int64_t rc;

	*got = want;
	if ((rc = db_run(db, &PROVIDER_TAKE, DB_IN(DB_U64(want), DB_STR(name),
	    DB_U64(want), DB_U64(limit)), e)) != 0)
		return rc < 0 ? -1 : 0;
	/* The first of the day, or not all of them fit: the row is ours from
	 * here to the commit. */
	if (db_run(db, &PROVIDER_DAY, DB_IN(DB_STR(name)), e) < 0)
		return -1;
	a = arena_new(4096);
	rc = db_one(db, &PROVIDER_LEFT, a, DB_IN(DB_STR(name)),
	    DB_OUT(DB_TO_U64(&sent)), e);
	arena_free(a);
	if (rc < 0)
		return -1;
	if (sent >= limit)
		*got = 0;
	else if (want > limit - sent)
		*got = (unsigned)(limit - sent);
	if (*got == 0)
		return 0;
	if ((rc = db_run(db, &PROVIDER_TAKE, DB_IN(DB_U64(*got),
	    DB_STR(name), DB_U64(*got), DB_U64(limit)), e)) < 0)
		return -1;
	if (rc == 0)			/* midnight went by */
		*got = 0;
	return 0;
}

int
provider_give_back(struct db *db, const char *name, unsigned n, struct err *e)
{
	return db_run(db, &PROVIDER_GIVE_BACK, DB_IN(DB_U64(n), DB_STR(name),
	    DB_U64(n)), e) < 0 ? -1 : 0;
}

int
provider_reset(struct db *db, const char *name, struct err *e)
{
	int64_t rc = db_run(db, &PROVIDER_RESET, DB_IN(DB_STR(name)), e);

	return rc < 0 ? -1 : rc > 0;
}

int
provider_days(struct db *db, struct arena *a, struct provider_day *row,
    size_t max, struct err *e)
{
	struct provider_day it = { .sent = 0 };

	return db_list(db, &PROVIDER_DAYS, a, DB_IN(DB_U64(max)),
	    DB_OUT(DB_TO_STR(&it.name), DB_TO_U64(&it.sent)),
	    DB_ROWS(row, &it, max), e);
}

int
provider_hours(struct db *db, struct arena *a, struct provider_day *row,
    size_t max, struct err *e)
{
	struct provider_day it = { .sent = 0 };

	return db_list(db, &PROVIDER_HOURS, a, DB_IN(DB_U64(max)),
	    DB_OUT(DB_TO_STR(&it.name), DB_TO_U64(&it.sent)),
	    DB_ROWS(row, &it, max), e);
}

uint64_t
provider_sent_of(const struct provider_day *d, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(d[i].name, name) == 0)
			return d[i].sent;
	return 0;
}
