/*
 * test_store_bulk.c - many rows of values in one packet, on a real server.
 */
#include "dbtest.h"

DB_STMT(T_BULK, DB_CTL, DB_SAFE,
    "INSERT INTO t_bulk (id, s, t, n) VALUES (?, ?, ?, ?)");
DB_STMT(T_BULK_SET, DB_CTL, DB_SAFE, "UPDATE t_bulk SET n = ? WHERE id = ?");

static struct db *db;
static struct arena *a;

static int
setup(void **state)
{
	(void)state;
	db = db_new(DB_CTL);
	a = arena_new((size_t)16 << 20);
	dbtest_sql(db,
	    "CREATE TABLE t_bulk (id INT UNSIGNED PRIMARY KEY, s VARCHAR(40),"
	    " t DATETIME(6), n BIGINT) ENGINE=InnoDB CHARSET=utf8mb4");
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
	dbtest_sql(db, "DELETE FROM t_bulk");
	return 0;
}

#define BULK_N	2500

static void
bulk_rows_arrive_as_one(void **state)
{
	struct db_value *v = arena_array(a, BULK_N, 4 * sizeof(*v));
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < BULK_N; i++) {
		v[4 * i] = DB_U64(i + 1);
		v[4 * i + 1] = i % 3 == 0 ? DB_NULL :
		    DB_STR(arena_printf(a, "text %zu", i));
		v[4 * i + 2] = i % 5 == 0 ? DB_NULL :
		    DB_WHEN((int64_t)i * US_PER_S + 7);
		v[4 * i + 3] = DB_I64(-(int64_t)i);
	}
	assert_int_equal(db_bulk(db, &T_BULK, v, BULK_N, 4, &e), BULK_N);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM t_bulk WHERE"
	    " n = 1 - CAST(id AS SIGNED) AND"
	    " s <=> IF((id - 1) % 3 = 0, NULL, CONCAT('text ', id - 1)) AND"
	    " t <=> IF((id - 1) % 5 = 0, NULL, '1970-01-01' +"
	    " INTERVAL id - 1 SECOND + INTERVAL 7 MICROSECOND)"), BULK_N);
	/* the same handle serves single rows and other sizes afterwards */
	v[0] = DB_U64(BULK_N + 1);
	assert_int_equal(db_run(db, &T_BULK, (struct db_in){ v, 4 }, &e), 1);
	assert_int_equal(db_bulk(db, &T_BULK_SET, (struct db_value[]){
	    DB_I64(5), DB_U64(1), DB_I64(5), DB_U64(2), DB_NULL, DB_U64(3) },
	    3, 2, &e), 3);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM t_bulk WHERE"
	    " n = 5 OR n IS NULL"), 3);
	assert_int_equal(db_bulk(db, &T_BULK, v, 0, 4, &e), 0);
}

static void
a_bulk_is_all_or_nothing(void **state)
{
	struct db_value *v = arena_array(a, BULK_N, 4 * sizeof(*v));

	(void)state;
	for (size_t i = 0; i < BULK_N; i++) {
		/* the last one meets the first */
		v[4 * i] = DB_U64(i == BULK_N - 1 ? 1 : i + 1);
		v[4 * i + 1] = v[4 * i + 2] = v[4 * i + 3] = DB_NULL;
	}
	refuses(ERR_DB_DUP, db_bulk(db, &T_BULK, v, BULK_N, 4, e));
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM t_bulk"), 0);
	v[1] = DB_STR("text");
	v[5] = DB_I64(5);
	refuses(ERR_INTERNAL, db_bulk(db, &T_BULK, v, 2, 4, e));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, empty)
	const struct CMUnitTest tests[] = {
		T(bulk_rows_arrive_as_one),
		T(a_bulk_is_all_or_nothing),
	};

	dbtest_begin("test_store_bulk");
	return cmocka_run_group_tests(tests, setup, teardown);
}
