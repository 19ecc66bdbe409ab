/*
 * test_migrate.c - migrations of sql/ and made-up ones, on a real server, in
 * databases of their own.
 */
#include "dbtest.h"
#include "base/file.h"
#include "store/migrate.h"

#include <dirent.h>
#include <sys/stat.h>

static struct db *root;		/* in the database of with-mariadb */
static char dir[64];		/* made-up migrations */
static int made;

/* A handle on a new, empty database. */
static struct db *
fresh(void)
{
	char sql[200], name[32];
	struct db *db;

	snprintf(name, sizeof(name), "gatepost_m%d", ++made);
	snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %s; CREATE DATABASE"
	    " %s CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", name,
	    name);
	dbtest_sql(root, sql);
	ok(conf_set("GATEPOST_DB_NAME", name, e));
	db = db_new(DB_CTL);
	ok(db_connect(db, e));
	return db;
}

static const char *
real_dir(void)
{
	return conf_str(CONF_SQL_DIR);
}

static void
put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (text == NULL)
		assert_int_equal(unlink(path), 0);
	else
		ok(file_write(path, text, strlen(text), 0600, e));
}

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/gpmigrate.XXXXXX");
	assert_non_null(mkdtemp(dir));
	root = db_new(DB_CTL);
	ok(db_connect(root, e));
	return 0;
}

static int
teardown(void **state)
{
	char path[400];
	struct dirent *d;
	DIR *h = opendir(dir);

	(void)state;
	while (h != NULL && (d = readdir(h)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		(void)unlink(path);
	}
	if (h != NULL)
		closedir(h);
	(void)rmdir(dir);
	db_free(root);
	return 0;
}

/* What a schema is, in one number. */
static long
schema_sum(struct db *db)
{
	dbtest_sql(db, "SET group_concat_max_len = 1000000");
	return dbtest_num(db, "SELECT CRC32(CONCAT((SELECT GROUP_CONCAT("
	    "CONCAT_WS(',', TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION,"
	    " COLUMN_TYPE, IS_NULLABLE, COALESCE(COLUMN_DEFAULT, '-'),"
	    " COALESCE(COLLATION_NAME, '-'), GENERATION_EXPRESSION)"
	    " ORDER BY TABLE_NAME, ORDINAL_POSITION)"
	    " FROM information_schema.COLUMNS"
	    " WHERE TABLE_SCHEMA = DATABASE()),"
	    " (SELECT GROUP_CONCAT(CONCAT_WS(',', TABLE_NAME, INDEX_NAME,"
	    " SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE) ORDER BY TABLE_NAME,"
	    " INDEX_NAME, SEQ_IN_INDEX) FROM information_schema.STATISTICS"
	    " WHERE TABLE_SCHEMA = DATABASE()),"
	    " (SELECT GROUP_CONCAT(ROUTINE_NAME, MD5(ROUTINE_DEFINITION)"
	    " ORDER BY ROUTINE_NAME) FROM information_schema.ROUTINES"
	    " WHERE ROUTINE_SCHEMA = DATABASE()),"
	    " (SELECT COUNT(*) FROM lease)))");
}

/* --- the real ones ---------------------------------------------------------------- */

static int told;

static void
tell(const char *name, int64_t us)
{
	assert_true(strlen(name) > 8 && us >= 0);
	told++;
}

static void
all_apply_once(void **state)
{
	struct db *db = fresh();
	struct err e = ERR_INIT;
	int n;

	(void)state;
	n = migrate_pending(db, real_dir(), &e);
	assert_true(n >= MIGRATE_NEWEST);
	told = 0;
	assert_int_equal(migrate_run(db, real_dir(), tell, &e), n);
	assert_int_equal(told, n);
	assert_int_equal(migrate_pending(db, real_dir(), &e), 0);
	assert_int_equal(migrate_run(db, real_dir(), NULL, &e), 0);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM"
	    " schema_migration WHERE sha256 REGEXP '^[0-9a-f]{64}$'"), n);
	ok(db_prove(db, e));
	db_free(db);
}

static void
a_run_cut_anywhere_is_finished_by_the_next(void **state)
{
	struct err e = ERR_INIT;
	struct db *db = fresh();
	long whole;
	unsigned n;
	int rc = -1;

	(void)state;
	ok(migrate_run(db, real_dir(), NULL, e));
	whole = schema_sum(db);
	/* also as if the row had not been written: every text runs twice */
	dbtest_sql(db, "DELETE FROM schema_migration");
	ok(migrate_run(db, real_dir(), NULL, e));
	assert_int_equal(schema_sum(db), whole);
	db_free(db);
	db = fresh();
	for (n = 1; rc < 0; n++) {
		/* from nothing, and on what the cut before left */
		if (n % 4 == 0) {
			db_free(db);
			db = fresh();
		}
		db_test_fail_at(db, n);
		rc = migrate_run(db, real_dir(), NULL, &e);
		assert_true(n < 200);
	}
	db_test_fail_at(db, 0);
	assert_true(n > 20);
	assert_int_equal(migrate_pending(db, real_dir(), &e), 0);
	assert_int_equal(schema_sum(db), whole);
	db_free(db);
}

static int
runner(int i)
{
	struct err e = ERR_INIT;
	struct db *db = db_new(DB_CTL);
	int rc;

	(void)i;
	rc = migrate_run(db, real_dir(), NULL, &e);
	db_free(db);
	return rc < 0 ? 99 : rc;
}

static void
a_killed_runner_does_not_block_the_next(void **state)
{
	struct err e = ERR_INIT;
	struct db *db = fresh();
	int status;

	(void)state;
	for (int i = 0; i < 12; i++) {
		pid_t pid = dbtest_fork(runner, 0);

		usleep((useconds_t)(i * 7000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	assert_int_equal(runner(0) == 99, 0);
	assert_int_equal(migrate_pending(db, real_dir(), &e), 0);
	db_free(db);
}

static void
runners_take_turns(void **state)
{
	struct err e = ERR_INIT;
	struct db *db = fresh();
	int want = migrate_pending(db, real_dir(), &e), sum = 0;
	pid_t pid[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		pid[i] = dbtest_fork(runner, i);
	for (int i = 0; i < 4; i++)
		sum += dbtest_join(pid[i]);
	assert_int_equal(sum, want);
	db_free(db);
}

/* --- made-up ones ------------------------------------------------------------------ */

static void
texts_are_taken_apart_like_the_client_does(void **state)
{
	struct err e = ERR_INIT;
	struct db *db = fresh();

	(void)state;
	put("0001_one.sql",
	    "-- a comment; 'with\n# another; \"one\n/* and; ` a third */\n;;"
	    "CREATE TABLE IF NOT EXISTS a (v VARCHAR(50) COMMENT 'x;''y');\n"
	    "INSERT INTO a VALUES ('a;b'), (\"c\\\";d\"), ('--no'), (`v`);\n"
	    "INSERT INTO a VALUES ('5'-- not the end;\n), (3--1);\n"
	    "DELIMITER $$\n"
	    "CREATE OR REPLACE PROCEDURE p() BEGIN DELETE FROM a WHERE v = '4';"
	    " INSERT INTO a VALUES ('$'); END $$\n"
	    "delimiter ;\n"
	    "CALL p(); /*! INSERT INTO a VALUES ('hint') */;\n"
	    "INSERT INTO a VALUES ('last')");
	assert_int_equal(migrate_run(db, dir, NULL, &e), 1);
	assert_string_equal(dbtest_ask(db, "SELECT GROUP_CONCAT("
	    "COALESCE(v, '~') ORDER BY HEX(v) SEPARATOR ' ') FROM a"),
	    "~ $ --no 5 a;b c\";d hint last");
	db_free(db);
}

static void
a_broken_file_is_named_and_leaves_the_rest(void **state)
{
	struct err e = ERR_INIT;
	struct db *db = fresh();

	(void)state;
	put("0001_one.sql", "CREATE TABLE IF NOT EXISTS a (v INT);");
	put("0002_two.sql", "CREATE TABLE b (v NOSUCHTYPE);");
	put("0003_three.sql", "CREATE TABLE c (v INT);");
	assert_int_equal(migrate_run(db, dir, NULL, &e), -1);
	assert_non_null(strstr(e.detail, "0002_two.sql"));
	assert_non_null(strstr(e.detail, "CREATE TABLE b"));
	assert_int_equal(migrate_pending(db, dir, &e), 2);
	put("0002_two.sql", "CREATE TABLE b (v INT);");
	assert_int_equal(migrate_run(db, dir, NULL, &e), 2);
	db_free(db);
}

static void
edited_missing_and_newer_files_are_refused(void **state)
{
	struct err e = ERR_INIT;
	struct db *db = fresh();

	(void)state;
	ok(migrate_run(db, dir, NULL, e));
	put("0002_two.sql", "CREATE TABLE b (v INT); ");
	assert_int_equal(migrate_pending(db, dir, &e), -1);
	assert_string_equal(e.code, "migration_edited");
	assert_int_equal(migrate_run(db, dir, NULL, &e), -1);
	assert_string_equal(e.code, "migration_edited");
	put("0002_two.sql", NULL);
	assert_int_equal(migrate_run(db, dir, NULL, &e), -1);
	assert_string_equal(e.code, "migration_files");
	put("0003_three.sql", NULL);
	assert_int_equal(migrate_run(db, dir, NULL, &e), -1);
	assert_string_equal(e.code, "migration_newer");
	assert_int_equal(migrate_pending(db, dir, &e), -1);
	put("0001_one.sql", NULL);
	assert_int_equal(migrate_pending(db, dir, &e), -1);
	assert_int_equal(migrate_run(db, "/nowhere", NULL, &e), -1);
	assert_string_equal(e.code, "migration_files");
	db_free(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_apply_once),
		cmocka_unit_test(a_run_cut_anywhere_is_finished_by_the_next),
		cmocka_unit_test(a_killed_runner_does_not_block_the_next),
		cmocka_unit_test(runners_take_turns),
		cmocka_unit_test(texts_are_taken_apart_like_the_client_does),
		cmocka_unit_test(a_broken_file_is_named_and_leaves_the_rest),
		cmocka_unit_test(edited_missing_and_newer_files_are_refused),
	};

	dbtest_begin("test_migrate");
	return cmocka_run_group_tests(tests, setup, teardown);
}
