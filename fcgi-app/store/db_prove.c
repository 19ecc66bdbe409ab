/*
 * db_prove.c - before a program serves: every statement it links prepares as
 * its own database user (so the tables, columns and rights are there), and
 * the server keeps what it acknowledges.
 */
#include "store/db_own.h"
#include "store/migrate.h"
#include "base/conf.h"
#include "base/text.h"

/* The linker's bounds of section gp_stmt; absent when nothing is in it. */
extern const struct db_stmt *const __start_gp_stmt[] __attribute__((weak));
extern const struct db_stmt *const __stop_gp_stmt[] __attribute__((weak));

#define VERSION_LEAST	1011		/* 10.11 */

size_t
db_statements(enum db_program program)
{
	const struct db_stmt *const *p;
	size_t n = 0;

	for (p = __start_gp_stmt; p < __stop_gp_stmt; p++)
		n += ((*p)->programs & program) != 0;
	return n;
}

static int
check_version(const char *v, struct err *e)
{
	unsigned major = 0, minor = 0;

	if (v == NULL || sscanf(v, "%u.%u", &major, &minor) != 2 ||
	    strstr(v, "MariaDB") == NULL ||
	    major * 100 + minor < VERSION_LEAST)
		return err_set(e, ERR_CONFIG, "db_version",
		    "the server is %.60s; MariaDB 10.11 or later is needed",
		    v == NULL ? "?" : v);
	return 0;
}

static int
check_flush(const char *v, struct err *e)
{
	if (conf_bool(CONF_DB_UNSAFE_FLUSH) || (v != NULL &&
	    strcmp(v, "1") == 0))
		return 0;
	return err_set(e, ERR_CONFIG, "db_flush",
	    "innodb_flush_log_at_trx_commit is %.10s: an acknowledged request "
	    "is lost in a crash; set it to 1, or GATEPOST_DB_UNSAFE_FLUSH=yes",
	    v == NULL ? "?" : v);
}

static int
check_schema(const char *v, struct err *e)
{
	uint64_t n;

	if (v != NULL && text_u64(v, UINT32_MAX, &n) == 1 &&
	    n >= MIGRATE_NEWEST)
		return 0;
	return err_set(e, ERR_CONFIG, "db_schema",
	    "the schema is at %.10s and this build needs %d: run "
	    "gatepostctl migrate", v == NULL ? "?" : v, MIGRATE_NEWEST);
}

static int
check_server(struct db *db, struct err *e)
{
	static const struct {
		const char *sql;
		int (*check)(const char *v, struct err *e);
	} row[] = {
		{ "SELECT VERSION()", check_version },
		{ "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit",
		    check_flush },
		{ "SELECT COALESCE(MAX(number), 0) FROM schema_migration",
		    check_schema }
	};
	struct arena *a = arena_new(4096);
	const char *v;
	size_t i;
	int rc = 0;

	for (i = 0; i < COUNT_OF(row) && rc == 0; i++)
		if ((rc = db_ask(db, row[i].sql, a, &v, e)) >= 0)
			rc = row[i].check(rc == 0 ? NULL : v, e);
	arena_free(a);
	return rc;
}

/* Preparing a CALL looks up nothing.  A routine that its user may not run is
 * not listed; the rights of its body come with it from gen-grants. */
static int
check_call(struct db *db, const struct db_stmt *s, struct err *e)
{
	const char *v, *name = s->sql + 5;
	struct arena *a = arena_new(4096);
	int rc = db_ask(db, arena_printf(a, "SELECT COUNT(*) FROM "
	    "information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND "
	    "ROUTINE_NAME = '%.*s'", (int)strcspn(name, "("), name), a, &v, e);

	if (rc == 1 && (v == NULL || strcmp(v, "1") != 0))
		rc = err_set(e, ERR_INTERNAL, "db_failed", "%s: no such "
		    "procedure, or no right to call it", s->name);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

static int
prove_one(struct db *db, const struct db_stmt *s, struct err *e)
{
	if (db_try_prepare(db, s, e) != FATE_OK)
		return -1;
	return text_starts(s->sql, "CALL ") ? check_call(db, s, e) : 0;
}

int
db_prove(struct db *db, struct err *e)
{
	const struct db_stmt *const *p;

	if (db_connect(db, e) < 0)
		return -1;
	if (check_server(db, e) < 0)
		return -1;
	for (p = __start_gp_stmt; p < __stop_gp_stmt; p++)
		if (((*p)->programs & db->program) != 0 &&
		    prove_one(db, *p, e) < 0)
			return -1;
	return 0;
}
