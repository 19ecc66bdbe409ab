/*
 * test_store_lost.c - the connection and the server go away: what is redone,
 * what is not, and what callers hear.  On a real server; a proxy of ours cuts
 * the connection at the moments that a kill would have to be lucky to hit.
 */
#include "dbproxy.h"

DB_STMT(LOST_ID, DB_CTL | DB_API, DB_READ, "SELECT CONNECTION_ID()");
/* Long only before the mark is there. */
#define SLOW "IF((SELECT COUNT(*) FROM l_mark) = 0, SLEEP(20), 0)"
DB_STMT(LOST_READ, DB_CTL, DB_READ, "SELECT CONNECTION_ID(), " SLOW);
DB_STMT(LOST_SAFE, DB_CTL, DB_SAFE,
    "INSERT INTO l_key SELECT ?, " SLOW " ON DUPLICATE KEY UPDATE k = k");
DB_STMT(LOST_ONCE, DB_CTL, DB_ONCE, "INSERT INTO l_key SELECT ?, " SLOW);
DB_STMT(LOST_ADD, DB_CTL | DB_API, DB_ONCE, "INSERT INTO l_key VALUES (?, ?)");
DB_STMT(LOST_ADD_SAFE, DB_CTL, DB_SAFE,
    "INSERT INTO l_key VALUES (?, ?) ON DUPLICATE KEY UPDATE k = k");
DB_STMT(LOST_SET, DB_CTL, DB_SAFE, "UPDATE l_key SET v = v + 1 WHERE k = ?");
DB_STMT(LOST_LIST, DB_CTL, DB_READ, "SELECT k FROM l_key");

static struct db *db;

static int
setup(void **state)
{
	(void)state;
	socket_path = strdup(conf_str(CONF_DB_SOCKET));
	db = db_new(DB_CTL);
	dbtest_sql(db, "CREATE TABLE l_key (k BIGINT UNSIGNED PRIMARY KEY,"
	    " v BIGINT) ENGINE=InnoDB; CREATE TABLE l_mark (k INT);"
	    "GRANT SELECT, INSERT ON l_key TO gatepost_api@localhost");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	db_free(db);
	free((void *)(uintptr_t)socket_path);
	return 0;
}

static int
empty(void **state)
{
	(void)state;
	dbtest_sql(db, "DELETE FROM l_key; DELETE FROM l_mark");
	return 0;
}

static int64_t
connection(struct db *on)
{
	int64_t id = 0;

	ok(db_one(on, &LOST_ID, NULL, DB_NONE, DB_OUT(DB_TO_I64(&id)), e));
	return id;
}

/* A child that kills the statement once it runs, and sets the mark before, so
 * that a redo ends at once. */
static int
killer(int i)
{
	struct db *k = db_new(DB_CTL);
	char sql[64];
	long id = 0;

	(void)i;
	while (id == 0) {
		id = dbtest_num(k, "SELECT ID FROM "
		    "information_schema.PROCESSLIST WHERE STATE = 'User sleep'"
		    " AND INFO LIKE '%l_mark%' LIMIT 1");
		usleep(2000);
	}
	dbtest_sql(k, "INSERT INTO l_mark VALUES (1)");
	snprintf(sql, sizeof(sql), "KILL CONNECTION %ld", id);
	dbtest_sql(k, sql);
	db_free(k);
	return 0;
}

static void
kill_by_id(int64_t id)
{
	struct db *k = db_new(DB_CTL);
	char sql[80];

	snprintf(sql, sizeof(sql), "KILL CONNECTION %" PRId64, id);
	dbtest_sql(k, sql);
	snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM "
	    "information_schema.PROCESSLIST WHERE ID = %" PRId64, id);
	while (dbtest_num(k, sql) > 0)
		usleep(2000);
	db_free(k);
}

/* --- single statements ---------------------------------------------------------- */

static void
an_idle_connection_killed_is_noticed(void **state)
{
	int64_t before;

	(void)state;
	for (uint64_t k = 1; k <= 20; k++) {
		before = connection(db);
		kill_by_id(before);
		/* not to be redone, and need not be: it was never sent */
		ok(db_run(db, &LOST_ADD, DB_IN(DB_U64(k), DB_I64(0)), e));
		assert_true(connection(db) != before);
	}
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 20);
}

static void
a_killed_read_is_redone(void **state)
{
	int64_t before = connection(db), id = 0, slept = 1;
	pid_t pid = dbtest_fork(killer, 0);

	(void)state;
	ok(db_one(db, &LOST_READ, NULL, DB_NONE, DB_OUT(DB_TO_I64(&id),
	    DB_TO_I64(&slept)), e));
	assert_true(id != before && slept == 0);
	assert_int_equal(dbtest_join(pid), 0);
}

static void
a_killed_safe_write_is_redone(void **state)
{
	pid_t pid = dbtest_fork(killer, 0);

	(void)state;
	ok(db_run(db, &LOST_SAFE, DB_IN(DB_U64(7)), e));
	assert_int_equal(dbtest_join(pid), 0);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 1);
}

static void
a_killed_other_write_is_told(void **state)
{
	pid_t pid = dbtest_fork(killer, 0);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(db_run(db, &LOST_ONCE, DB_IN(DB_U64(7)), &e), -1);
	assert_int_equal(e.kind, ERR_DB_LOST);
	assert_true(e.retry_after_s > 0);
	assert_int_equal(dbtest_join(pid), 0);
	assert_true(connection(db) > 0);
}

static int
kill_between(void *arg, struct err *e)
{
	int64_t *seen = arg;

	(void)e;
	if (++*seen == 1) {
		kill_by_id(connection(db));
		assert_true(connection(db) > 0);
	}
	return 0;
}

static void
rows_are_not_given_twice(void **state)
{
	struct err e = ERR_INIT;
	int64_t seen = 0;
	uint64_t k;

	(void)state;
	dbtest_sql(db, "INSERT INTO l_key VALUES (1, 0), (2, 0), (3, 0)");
	assert_int_equal(db_each(db, &LOST_LIST, NULL, DB_NONE,
	    DB_OUT(DB_TO_U64(&k)), kill_between, &seen, &e), -1);
	assert_int_equal(e.kind, ERR_DB_LOST);
	assert_int_equal(seen, 1);
	assert_int_equal(db_each(db, &LOST_LIST, NULL, DB_NONE,
	    DB_OUT(DB_TO_U64(&k)), kill_between, &seen, &e), 3);
}

/* --- units of work ---------------------------------------------------------------- */

struct unit { int tries, dups, kill_on, end; uint64_t k, key; };

static int
unit_work(struct db *on, void *arg, struct err *e)
{
	struct unit *u = arg;

	u->tries++;
	assert_true(db_in_tx(on));
	assert_true(db_tx_key(on) != 0);
	assert_true(u->key == 0 || u->key == db_tx_key(on));
	u->key = db_tx_key(on);
	if (db_run(on, &LOST_ADD, DB_IN(DB_U64(u->k), DB_I64(u->tries)), e) < 0) {
		if (e->kind != ERR_DB_DUP)
			return -1;
		u->dups++;	/* our own key: it is done (D20) */
	}
	if (u->tries == u->kill_on)
		kill_by_id(connection(on));
	if (db_run(on, &LOST_SET, DB_IN(DB_U64(u->k)), e) < 0)
		return -1;
	return u->end;
}

static void
a_unit_commits_or_leaves_nothing(void **state)
{
	struct unit u = { .k = 1, .end = 1 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(db_tx(db, unit_work, &u, &e), 0);
	assert_false(db_in_tx(db));
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 0);
	u = (struct unit){ .k = 1 };
	assert_int_equal(db_tx(db, unit_work, &u, &e), 0);
	assert_int_equal(u.tries, 1);
	assert_int_equal(dbtest_num(db, "SELECT v FROM l_key"), 2);
}

static int
nested_work(struct db *on, void *arg, struct err *e)
{
	struct unit *u = arg;

	if (db_join(on, unit_work, u, e) < 0)
		return -1;
	return db_tx(on, unit_work, u, e);
}

static void
units_join_but_do_not_nest(void **state)
{
	struct unit u = { .k = 1 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(db_tx(db, nested_work, &u, &e), -1);
	assert_string_equal(e.code, "db_nested");
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 0);
	u = (struct unit){ .k = 1 };
	assert_int_equal(db_join(db, unit_work, &u, &e), 0);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 1);
}

static void
a_unit_is_redone_when_its_connection_is_killed(void **state)
{
	struct unit u = { .k = 1, .kill_on = 1 };

	(void)state;
	ok(db_tx(db, unit_work, &u, e));
	assert_int_equal(u.tries, 2);
	assert_int_equal(u.dups, 0);	/* the first try left nothing */
	assert_int_equal(dbtest_num(db, "SELECT v FROM l_key"), 3);
}

static int
deaf_work(struct db *on, void *arg, struct err *e)
{
	struct unit *u = arg;
	struct err mine = ERR_INIT;

	(void)e;
	if (++u->tries == 1)
		kill_by_id(connection(on));
	/* ignores its failures, and says all is well */
	for (uint64_t k = 1; k <= 3; k++)
		if (db_run(on, &LOST_ADD, DB_IN(DB_U64(k), DB_I64(0)), &mine) < 0)
			u->dups++;
	return 0;
}

static void
a_unit_that_hides_a_loss_is_redone_too(void **state)
{
	struct unit u = { 0 };

	(void)state;
	ok(db_tx(db, deaf_work, &u, e));
	assert_int_equal(u.tries, 2);
	assert_int_equal(u.dups, 3);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 3);
}

/* Two processes lock two rows in opposite order, and wait for each other. */
static int meet[2][2];

struct pair { int i, tries; };

static int
pair_work(struct db *on, void *arg, struct err *e)
{
	struct pair *p = arg;
	char c = 'x';

	if (db_run(on, &LOST_SET, DB_IN(DB_U64(p->i == 0 ? 1 : 2)), e) < 0)
		return -1;
	if (p->tries++ == 0 && (write(meet[p->i][1], &c, 1) != 1 ||
	    read(meet[1 - p->i][0], &c, 1) != 1))
		return -1;
	return db_run(on, &LOST_SET, DB_IN(DB_U64(p->i == 0 ? 2 : 1)), e) < 0 ?
	    -1 : 0;
}

static int
pair_child(int i)
{
	struct db *mine = db_new(DB_CTL);
	struct pair p = { .i = i };

	ok(db_tx(mine, pair_work, &p, e));
	db_free(mine);
	return p.tries;
}

static void
a_deadlock_is_redone(void **state)
{
	pid_t pid[2];
	int tries = 0;

	(void)state;
	dbtest_sql(db, "INSERT INTO l_key VALUES (1, 0), (2, 0)");
	for (int i = 0; i < 2; i++)
		assert_int_equal(pipe(meet[i]), 0);
	for (int i = 0; i < 2; i++)
		pid[i] = dbtest_fork(pair_child, i);
	for (int i = 0; i < 2; i++)
		tries += dbtest_join(pid[i]);
	assert_true(tries >= 3);	/* there was one */
	assert_int_equal(dbtest_num(db, "SELECT SUM(v = 2) FROM l_key"), 2);
}

/* --- cut by a proxy ----------------------------------------------------------------- */

static void
a_commit_lost_after_it_was_done_meets_its_key(void **state)
{
	struct unit u = { .k = 9 };
	struct db *on;
	pid_t pid;

	(void)state;
	on = through_proxy(COMMIT_PACKET, CUT_AFTER, &pid);
	ok(db_tx(on, unit_work, &u, e));
	proxy_end(on, pid);
	assert_int_equal(u.tries, 2);
	assert_int_equal(u.dups, 1);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 1);
}

static void
a_commit_lost_before_it_was_done_is_redone(void **state)
{
	struct unit u = { .k = 9 };
	struct db *on;
	pid_t pid;

	(void)state;
	on = through_proxy(COMMIT_PACKET, CUT_BEFORE, &pid);
	ok(db_tx(on, unit_work, &u, e));
	proxy_end(on, pid);
	assert_int_equal(u.tries, 2);
	assert_int_equal(u.dups, 0);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 1);
}

/* The word travels as a bound value; the answer to the write is lost. */
static void
an_answer_lost_is_redone_or_told(void **state)
{
	struct err e = ERR_INIT;
	struct db *on;
	pid_t pid;

	(void)state;
	on = through_proxy("\x11\x22\x33\x44\x55\x66\x77", CUT_AFTER, &pid);
	assert_int_equal(db_run(on, &LOST_ADD, DB_IN(DB_U64(UINT64_C(
	    0x77665544332211)), DB_I64(0)), &e), -1);
	assert_int_equal(e.kind, ERR_DB_LOST);
	proxy_end(on, pid);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 1);
	dbtest_sql(db, "DELETE FROM l_key");

	on = through_proxy("\x11\x22\x33\x44\x55\x66\x77", CUT_AFTER, &pid);
	ok(db_run(on, &LOST_ADD_SAFE, DB_IN(DB_U64(UINT64_C(0x77665544332211)),
	    DB_I64(0)), e));
	proxy_end(on, pid);
	assert_int_equal(dbtest_num(db, "SELECT COUNT(*) FROM l_key"), 1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, empty)
	const struct CMUnitTest tests[] = {
		T(an_idle_connection_killed_is_noticed),
		T(a_killed_read_is_redone),
		T(a_killed_safe_write_is_redone),
		T(a_killed_other_write_is_told),
		T(rows_are_not_given_twice),
		T(a_unit_commits_or_leaves_nothing),
		T(units_join_but_do_not_nest),
		T(a_unit_is_redone_when_its_connection_is_killed),
		T(a_unit_that_hides_a_loss_is_redone_too),
		T(a_deadlock_is_redone),
		T(a_commit_lost_after_it_was_done_meets_its_key),
		T(a_commit_lost_before_it_was_done_is_redone),
		T(an_answer_lost_is_redone_or_told),
	};

	dbtest_begin("test_store_lost");
	return cmocka_run_group_tests(tests, setup, teardown);
}
