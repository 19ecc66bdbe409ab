/*
 * test_db.c - store/db on a real server: values, rows, errors, units of work.
 * Loss of the connection and of the server is test_store_lost.c.
 */
#include "dbtest.h"

DB_STMT(T_PUT, DB_CTL, DB_ONCE,
    "INSERT INTO t_all (i, u, f, b, s, x, t, big) VALUES (?, ?, ?, ?, ?, ?, ?,"
    " ?)");
DB_STMT(T_GET, DB_CTL, DB_READ,
    "SELECT i, u, f, b, s, x, t, big FROM t_all WHERE id = ?");
DB_STMT(T_INT_AS_TEXT, DB_CTL, DB_READ,
    "SELECT i, SUM(u), DATE_FORMAT(t, '%Y-%m-%d') FROM t_all WHERE id = ?");
DB_STMT(T_ADD, DB_CTL | DB_API, DB_ONCE, "INSERT INTO t_key VALUES (?, ?)");
DB_STMT(T_ADD_BACK, DB_CTL, DB_SAFE,
    "INSERT INTO t_key VALUES (?, ?) ON DUPLICATE KEY UPDATE k = k"
    " RETURNING k, v");
DB_STMT(T_SET, DB_CTL, DB_SAFE, "UPDATE t_key SET v = ? WHERE k = ?");
DB_STMT(T_LIST, DB_CTL, DB_READ, "SELECT k, v FROM t_key ORDER BY k");
DB_STMT(T_ONE, DB_CTL, DB_READ, "SELECT v FROM t_key WHERE k = ?");
DB_STMT(T_TIME, DB_CTL, DB_SAFE, "UPDATE t_all SET t = ? WHERE id = ?");
DB_STMT(T_WHEN, DB_CTL, DB_READ, "SELECT t FROM t_all WHERE id = ?");
DB_STMT(T_WIDE, DB_CTL, DB_READ, "SELECT 5000000000000000000 * 3");
DB_STMT(T_SLOW, DB_CTL, DB_READ, "SELECT SLEEP(20)");
DB_STMT(T_CALL, DB_CTL, DB_ONCE, "CALL t_rows(?)");
/* The gateway has no right on this table, and serves as the bad example. */
DB_STMT(T_FORBIDDEN, DB_LIVE, DB_READ, "SELECT v FROM t_key WHERE k = ?");
DB_STMT(T_CALL_LIVE, DB_LIVE, DB_ONCE, "CALL t_rows(?)");

static struct db *db;
static struct arena *a;

static int
setup(void **state)
{
	(void)state;
	db = db_new(DB_CTL);
	a = arena_new((size_t)64 << 20);
	dbtest_sql(db,
	    "CREATE TABLE t_all (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,"
	    " i BIGINT, u BIGINT UNSIGNED, f DOUBLE, b BOOLEAN,"
	    " s VARCHAR(200), x VARBINARY(200), t DATETIME(6),"
	    " big LONGTEXT) ENGINE=InnoDB CHARSET=utf8mb4;"
	    "CREATE TABLE t_key (k BIGINT UNSIGNED PRIMARY KEY, v VARCHAR(20),"
	    " UNIQUE KEY t_key_v (v)) ENGINE=InnoDB CHARSET=utf8mb4;\n"
	    "DELIMITER //\n"
	    "CREATE PROCEDURE t_rows(IN p_k INT) BEGIN"
	    " INSERT INTO t_key VALUES (p_k, NULL);"
	    " SELECT ';//' AS `odd;name`; END //\n"
	    "DELIMITER ;\n"
	    "-- a comment; with a semicolon\n"
	    "GRANT SELECT, INSERT ON t_key TO gatepost_api@localhost;"
	    "GRANT SELECT ON t_key TO gatepost_live@localhost");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(a);
	db_free(db);
	return 0;
}

static int
empty(void **state)
{
	(void)state;
	arena_reset(a);
	dbtest_sql(db, "DELETE FROM t_all; DELETE FROM t_key");
	return 0;
}

/* --- values ------------------------------------------------------------------ */

struct all {
	int64_t		 i, t;
	uint64_t	 u;
	double		 f;
	bool		 b;
	const char	*s, *big;
	const uint8_t	*x;
	size_t		 xn;
};

static void
get_all(uint64_t id, struct all *v)
{
	memset(v, 0x5a, sizeof(*v));
	ok(db_one(db, &T_GET, a, DB_IN(DB_U64(id)), DB_OUT(DB_TO_I64(&v->i),
	    DB_TO_U64(&v->u), DB_TO_F64(&v->f), DB_TO_BOOL(&v->b),
	    DB_TO_STR(&v->s), DB_TO_BIN(&v->x, &v->xn), DB_TO_TIME(&v->t),
	    DB_TO_STR(&v->big)), e));
}

static void
values_come_back(void **state)
{
	static const uint8_t bytes[] = { 0, 255, '\'', 0, 10 };
	struct all v;
	uint64_t id;

	(void)state;
	ok(db_run(db, &T_PUT, DB_IN(DB_I64(INT64_MIN), DB_U64(UINT64_MAX),
	    DB_F64(0.1), DB_I64(1), DB_STR("سلام ' \\ 😀"),
	    DB_BIN(bytes, sizeof(bytes)), DB_WHEN(INT64_C(1795253400123456)),
	    DB_STR("")), e));
	id = db_insert_id(db);
	get_all(id, &v);
	assert_true(v.i == INT64_MIN);
	assert_true(v.u == UINT64_MAX);
	assert_true(v.f > 0.09999999 && v.f < 0.10000001);
	assert_true(v.b);
	assert_string_equal(v.s, "سلام ' \\ 😀");
	assert_int_equal(v.xn, sizeof(bytes));
	assert_memory_equal(v.x, bytes, sizeof(bytes));
	assert_true(v.t == INT64_C(1795253400123456));
	assert_string_equal(v.big, "");
}

static void
null_comes_back_as_nothing(void **state)
{
	struct all v;

	(void)state;
	ok(db_run(db, &T_PUT, DB_IN(DB_NULL, DB_REF(0), DB_NULL, DB_NULL,
	    DB_STR(NULL), DB_BIN(NULL, 0), DB_WHEN(0), DB_NULL), e));
	get_all(db_insert_id(db), &v);
	assert_true(v.i == 0 && v.u == 0 && v.t == 0 && !v.b && v.xn == 0);
	assert_true(v.f < 1e-300 && v.f > -1e-300);
	assert_null(v.s);
	assert_null(v.x);
	assert_null(v.big);
	assert_string_equal(dbtest_ask(db, "SELECT COUNT(*) FROM t_all WHERE"
	    " COALESCE(i, u, f, b, s, x, t, big) IS NULL"), "1");
}

static void
long_text_comes_back_whole(void **state)
{
	static const size_t size[] = { 1, 511, 512, 513, 65535, 65536,
	    3 * 1024 * 1024 };
	struct all v;

	(void)state;
	for (size_t n = 0; n < COUNT_OF(size); n++) {
		char *s = arena_alloc(a, size[n] + 1);

		for (size_t i = 0; i < size[n]; i++)
			s[i] = (char)('a' + i % 23);
		ok(db_run(db, &T_PUT, DB_IN(DB_NULL, DB_NULL, DB_NULL,
		    DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_STR(s)), e));
		get_all(db_insert_id(db), &v);
		assert_int_equal(strlen(v.big), size[n]);
		assert_memory_equal(v.big, s, size[n]);
	}
}

static void
times_are_utc_to_the_microsecond(void **state)
{
	static const struct { int64_t us; const char *text; } row[] = {
		{ INT64_C(1), "1970-01-01 00:00:00.000001" },
		{ INT64_C(-1), "1969-12-31 23:59:59.999999" },
		{ INT64_C(951782400000000), "2000-02-29 00:00:00.000000" },
		{ INT64_C(4107542399999999), "2100-02-28 23:59:59.999999" },
		{ INT64_C(1709251199500000), "2024-02-29 23:59:59.500000" },
		{ INT64_C(-2208988800000000), "1900-01-01 00:00:00.000000" }
	};
	int64_t back;
	uint64_t id;

	(void)state;
	ok(db_run(db, &T_PUT, DB_IN(DB_NULL, DB_NULL, DB_NULL, DB_NULL,
	    DB_NULL, DB_NULL, DB_NULL, DB_NULL), e));
	id = db_insert_id(db);
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		ok(db_run(db, &T_TIME, DB_IN(DB_WHEN(row[i].us), DB_U64(id)),
		    e));
		assert_string_equal(dbtest_ask(db, "SELECT t FROM t_all"),
		    row[i].text);
		ok(db_one(db, &T_WHEN, a, DB_IN(DB_U64(id)),
		    DB_OUT(DB_TO_TIME(&back)), e));
		assert_true(back == row[i].us);
	}
	back = dbtest_num(db, "SELECT UNIX_TIMESTAMP(UTC_TIMESTAMP())");
	assert_in_range(back, clock_now() / US_PER_S - 2,
	    clock_now() / US_PER_S + 2);
}

static void
other_types_convert_or_are_refused(void **state)
{
	const char *i = NULL, *date = NULL;
	uint64_t sum = 0;
	int64_t wide;

	(void)state;
	ok(db_run(db, &T_PUT, DB_IN(DB_I64(-42), DB_U64(77), DB_NULL, DB_NULL,
	    DB_NULL, DB_NULL, DB_WHEN(951782400000000), DB_NULL), e));
	ok(db_one(db, &T_INT_AS_TEXT, a, DB_IN(DB_U64(db_insert_id(db))),
	    DB_OUT(DB_TO_STR(&i), DB_TO_U64(&sum), DB_TO_STR(&date)), e));
	assert_string_equal(i, "-42");
	assert_true(sum == 77);
	assert_string_equal(date, "2000-02-29");
	refuses(ERR_INTERNAL, db_one(db, &T_WIDE, a, DB_NONE,
	    DB_OUT(DB_TO_I64(&wide)), e));
}

/* --- rows --------------------------------------------------------------------- */

struct walk { uint64_t k; const char *v; int seen, stop_at, fail_at, nest; };

static int
walk_row(void *arg, struct err *e)
{
	struct walk *w = arg;
	const char *v;
	struct walk inner = { 0 };

	assert_int_equal(w->k, (uint64_t)w->seen + 1);
	w->seen++;
	if (w->nest > 0) {
		ok(db_one(db, &T_ONE, a, DB_IN(DB_U64(w->k)),
		    DB_OUT(DB_TO_STR(&v)), e));
		assert_string_equal(v, w->v);
	}
	if (w->nest > 1)
		return (int)db_each(db, &T_LIST, a, DB_NONE,
		    DB_OUT(DB_TO_U64(&inner.k), DB_TO_STR(&inner.v)),
		    walk_row, &inner, e);
	if (w->seen == w->fail_at)
		return err_set(e, ERR_CONFLICT, "mine", "as asked");
	return w->seen == w->stop_at;
}

static int64_t
walk(struct walk *w, struct err *e)
{
	return db_each(db, &T_LIST, a, DB_NONE, DB_OUT(DB_TO_U64(&w->k),
	    DB_TO_STR(&w->v)), walk_row, w, e);
}

static void
rows_are_walked_stopped_and_failed(void **state)
{
	struct err e = ERR_INIT;
	struct walk w = { 0 };

	(void)state;
	assert_int_equal(walk(&w, &e), 0);
	dbtest_sql(db, "INSERT INTO t_key VALUES (1, 'a'), (2, 'b'), (3, 'c')");
	assert_int_equal(walk(&w, &e), 3);
	w = (struct walk){ .stop_at = 2 };
	assert_int_equal(walk(&w, &e), 2);
	w = (struct walk){ .fail_at = 2 };
	assert_int_equal(walk(&w, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	w = (struct walk){ .nest = 1 };
	assert_int_equal(walk(&w, &e), 3);
	w = (struct walk){ .nest = 2 };
	assert_int_equal(walk(&w, &e), -1);
	assert_string_equal(e.code, "db_values");
	w = (struct walk){ 0 };
	assert_int_equal(walk(&w, &e), 3);
}

static void
affected_rows_are_changed_rows(void **state)
{
	struct err e = ERR_INIT;
	const char *v = NULL;
	uint64_t k = 0;

	(void)state;
	assert_int_equal(db_run(db, &T_ADD, DB_IN(DB_U64(1), DB_STR("a")), &e),
	    1);
	assert_int_equal(db_run(db, &T_SET, DB_IN(DB_STR("b"), DB_U64(1)), &e),
	    1);
	assert_int_equal(db_run(db, &T_SET, DB_IN(DB_STR("b"), DB_U64(1)), &e),
	    0);
	assert_int_equal(db_run(db, &T_SET, DB_IN(DB_STR("b"), DB_U64(9)), &e),
	    0);
	assert_int_equal(db_one(db, &T_ONE, a, DB_IN(DB_U64(9)),
	    DB_OUT(DB_TO_STR(&v)), &e), 0);
	ok(db_one(db, &T_ADD_BACK, a, DB_IN(DB_U64(2),
	    DB_STR("z")), DB_OUT(DB_TO_U64(&k), DB_TO_STR(&v)), e));
	assert_int_equal(k, 2);
	assert_string_equal(v, "z");
}

static void
a_call_leaves_nothing_unread(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++)
		ok(db_run(db, &T_CALL, DB_IN(DB_I64(i)), e));
	assert_string_equal(dbtest_ask(db, "SELECT COUNT(*) FROM t_key"), "3");
}

/* --- errors ------------------------------------------------------------------- */

static void
errors_have_kinds_and_hide_values(void **state)
{
	struct err e = ERR_INIT;
	const char *v;

	(void)state;
	ok(db_run(db, &T_ADD, DB_IN(DB_U64(1), DB_STR("secret")), e));
	assert_int_equal(db_run(db, &T_ADD, DB_IN(DB_U64(2),
	    DB_STR("secret")), &e), -1);
	assert_int_equal(e.kind, ERR_DB_DUP);
	assert_true(db_dup_key(&e, "t_key_v"));
	assert_false(db_dup_key(&e, "t_key"));
	assert_false(db_dup_key(&e, "PRIMARY"));
	assert_null(strstr(e.detail, "secret"));
	assert_int_equal(db_run(db, &T_ADD, DB_IN(DB_U64(1), DB_NULL), &e),
	    -1);
	assert_true(db_dup_key(&e, "PRIMARY"));
	/* strict: nothing is cut silently, and the value is not quoted */
	assert_int_equal(db_run(db, &T_ADD, DB_IN(DB_STR("secret"),
	    DB_STR("x")), &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_null(strstr(e.detail, "secret"));
	refuses(ERR_INTERNAL, db_run(db, &T_ADD, DB_IN(DB_U64(5),
	    DB_STR("more than twenty characters")), e));
	refuses(ERR_INTERNAL, db_run(db, &T_ADD, DB_IN(DB_U64(5)), e));
	refuses(ERR_INTERNAL, db_one(db, &T_ONE, a, DB_IN(DB_U64(5)),
	    DB_OUT(DB_TO_STR(&v), DB_TO_STR(&v)), e));
	refuses(ERR_INTERNAL, db_one(db, &T_FORBIDDEN, a, DB_IN(DB_U64(5)),
	    DB_OUT(DB_TO_STR(&v)), e));
}

static void
a_deadline_ends_a_statement(void **state)
{
	int64_t n, began = clock_mono();
	struct err e = ERR_INIT;

	(void)state;
	db_deadline(db, 150);
	assert_int_equal(db_one(db, &T_SLOW, a, DB_NONE,
	    DB_OUT(DB_TO_I64(&n)), &e), -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	assert_true(e.retry_after_s > 0);
	assert_true(clock_mono() - began < 10 * US_PER_S);
	db_deadline(db, 0);
	assert_string_equal(dbtest_ask(db, "SELECT 1"), "1");
}

static void
the_session_is_as_promised(void **state)
{
	struct db *api = db_new(DB_API);

	(void)state;
	assert_string_equal(dbtest_ask(api, "SELECT CONCAT_WS(' ',"
	    " @@tx_isolation, @@time_zone, @@autocommit + 0,"
	    " @@character_set_connection,"
	    " @@innodb_lock_wait_timeout < 5)"),
	    "READ-COMMITTED +00:00 1 utf8mb4 1");
	assert_non_null(strstr(dbtest_ask(api, "SELECT @@sql_mode"),
	    "STRICT_ALL_TABLES"));
	assert_string_equal(dbtest_ask(api, "SELECT CURRENT_USER()"),
	    "gatepost_api@localhost");
	db_free(api);
}

/* --- proof -------------------------------------------------------------------- */

static void
proof_finds_missing_rights(void **state)
{
	struct db *api = db_new(DB_API), *live = db_new(DB_LIVE);
	struct err e = ERR_INIT;

	(void)state;
	assert_true(db_statements(DB_API) >= 1);
	ok(db_prove(api, e));
	ok(db_prove(db, e));
	dbtest_sql(db, "REVOKE SELECT ON t_key FROM gatepost_live@localhost;"
	    "GRANT EXECUTE ON PROCEDURE t_rows TO gatepost_live@localhost");
	assert_int_equal(db_prove(live, &e), -1);
	assert_non_null(strstr(e.detail, "T_FORBIDDEN"));
	/* another program's rights are its own */
	ok(db_prove(api, e));
	dbtest_sql(db, "GRANT SELECT ON t_key TO gatepost_live@localhost");
	ok(db_prove(live, e));
	dbtest_sql(db, "REVOKE EXECUTE ON PROCEDURE t_rows FROM"
	    " gatepost_live@localhost");
	assert_int_equal(db_prove(live, &e), -1);
	assert_non_null(strstr(e.detail, "T_CALL_LIVE"));
	db_free(api);
	db_free(live);
}

static void
proof_refuses_an_unsafe_server(void **state)
{
	struct db *api = db_new(DB_API);
	struct err e = ERR_INIT;

	(void)state;
	dbtest_sql(db, "SET GLOBAL innodb_flush_log_at_trx_commit = 2");
	assert_int_equal(db_prove(api, &e), -1);
	assert_string_equal(e.code, "db_flush");
	ok(conf_set("GATEPOST_DB_UNSAFE_FLUSH", "yes", e));
	ok(db_prove(api, e));
	ok(conf_set("GATEPOST_DB_UNSAFE_FLUSH", "no", e));
	dbtest_sql(db, "SET GLOBAL innodb_flush_log_at_trx_commit = 1");
	ok(db_prove(api, e));
	dbtest_sql(db, "RENAME TABLE schema_migration TO t_away");
	refuses(ERR_INTERNAL, db_prove(api, e));
	dbtest_sql(db, "RENAME TABLE t_away TO schema_migration;"
	    "UPDATE schema_migration SET number = number + 1000"
	    " ORDER BY number DESC");
	ok(db_prove(api, e));
	dbtest_sql(db, "CREATE TABLE t_kept SELECT * FROM schema_migration;"
	    "DELETE FROM schema_migration");
	assert_int_equal(db_prove(api, &e), -1);
	assert_string_equal(e.code, "db_schema");
	dbtest_sql(db, "INSERT INTO schema_migration SELECT * FROM t_kept;"
	    "UPDATE schema_migration SET number = number - 1000"
	    " ORDER BY number; DROP TABLE t_kept");
	db_free(api);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, empty)
	const struct CMUnitTest tests[] = {
		T(values_come_back),
		T(null_comes_back_as_nothing),
		T(long_text_comes_back_whole),
		T(times_are_utc_to_the_microsecond),
		T(other_types_convert_or_are_refused),
		T(rows_are_walked_stopped_and_failed),
		T(affected_rows_are_changed_rows),
		T(a_call_leaves_nothing_unread),
		T(errors_have_kinds_and_hide_values),
		T(a_deadline_ends_a_statement),
		T(the_session_is_as_promised),
		T(proof_finds_missing_rights),
		T(proof_refuses_an_unsafe_server),
	};

	dbtest_begin("test_db");
	return cmocka_run_group_tests(tests, setup, teardown);
}
