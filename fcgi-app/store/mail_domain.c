/*
 * mail_domain.c - see mail_domain.h.
 *
 * What must stay true: each of these is one statement that commits by itself,
 * and harmless twice.
 */
#include "store/mail_domain.h"

#include "base/text.h"

DB_STMT(MAIL_DOMAIN_ASK, DB_API, DB_SAFE,
    "INSERT INTO mail_domain (domain, asked_at, due_at)"
    " VALUES (?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))"
    " ON DUPLICATE KEY UPDATE asked_at = VALUES(asked_at),"
    " due_at = IF(due_at IS NULL AND (looked_at IS NULL"
    " OR looked_at < VALUES(asked_at) - INTERVAL 1 HOUR),"
    " VALUES(due_at), due_at)");
DB_STMT(MAIL_DOMAIN_VERDICT, DB_API, DB_READ,
    "SELECT verdict FROM mail_domain WHERE domain = ?"
    " AND looked_at > UTC_TIMESTAMP(6) - INTERVAL 1 HOUR");
DB_STMT(MAIL_DOMAIN_DUE, DB_WORKER, DB_READ,
    "SELECT domain FROM mail_domain WHERE due_at <= UTC_TIMESTAMP(6)"
    " ORDER BY due_at LIMIT ?");
DB_STMT(MAIL_DOMAIN_SET, DB_WORKER, DB_SAFE,
    "UPDATE mail_domain SET verdict = ?, looked_at = UTC_TIMESTAMP(6),"
    " due_at = NULL WHERE domain = ?");
DB_STMT(MAIL_DOMAIN_LATER, DB_WORKER, DB_SAFE,
    "UPDATE mail_domain SET due_at = IF(asked_at < UTC_TIMESTAMP(6)"
    " - INTERVAL 1 HOUR, NULL, UTC_TIMESTAMP(6) + INTERVAL 30 SECOND)"
    " WHERE domain = ?");
DB_STMT(MAIL_DOMAIN_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM mail_domain WHERE asked_at < UTC_TIMESTAMP(6)"
    " - INTERVAL 2 DAY ORDER BY asked_at LIMIT ?");

#define DUE_MAX		32u

int
mail_domain_ask(struct db *db, const char *domain, enum mail_verdict *v,
    struct err *e)
{
	uint64_t known = MAIL_UNKNOWN;

	*v = MAIL_UNKNOWN;
	if (db_run(db, &MAIL_DOMAIN_ASK, DB_IN(DB_STR(domain)), e) < 0 ||
	    db_one(db, &MAIL_DOMAIN_VERDICT, NULL, DB_IN(DB_STR(domain)),
	    DB_OUT(DB_TO_U64(&known)), e) < 0)
		return -1;
	if (known <= MAIL_NOWHERE)
		*v = (enum mail_verdict)known;
	return 0;
}

struct reading {
	char		(*domain)[MAIL_DOMAIN_MAX];
	unsigned	 n, max;
	const char	*one;
};

static int
read_row(void *arg, struct err *e UNUSED)
{
	struct reading *r = arg;

	if (r->n < r->max && text_copy(r->domain[r->n], MAIL_DOMAIN_MAX,
	    r->one))
		r->n++;
	return 0;
}

int
mail_domain_due(struct db *db, char (*domain)[MAIL_DOMAIN_MAX], unsigned max,
    struct err *e)
{
	struct arena *a = arena_new((size_t)64 * 1024);
	struct reading r = { .domain = domain,
	    .max = max < DUE_MAX ? max : DUE_MAX };
	int64_t rc = db_each(db, &MAIL_DOMAIN_DUE, a, DB_IN(DB_U64(r.max)),
	    DB_OUT(DB_TO_STR(&r.one)), read_row, &r, e);

	arena_free(a);
	return rc < 0 ? -1 : (int)r.n;
}

int
mail_domain_set(struct db *db, const char *domain, enum mail_verdict v,
    struct err *e)
{
	int64_t rc = v == MAIL_UNKNOWN ?
	    db_run(db, &MAIL_DOMAIN_LATER, DB_IN(DB_STR(domain)), e) :
	    db_run(db, &MAIL_DOMAIN_SET, DB_IN(DB_U64(v), DB_STR(domain)), e);

	return rc < 0 ? -1 : 0;
}

int
mail_domain_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &MAIL_DOMAIN_PURGE, DB_IN(DB_U64(max)), e);
}
