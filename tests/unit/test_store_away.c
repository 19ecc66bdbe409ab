/*
 * test_store_away.c - the database is away, slow, full of connections, or
 * failing on demand; and a fork between.  On a real server, killed and
 * started for real.
 */
#include "dbtest.h"

#include <dirent.h>

DB_STMT(A_ADD, DB_CTL | DB_API, DB_ONCE, "INSERT INTO a_key VALUES (?, ?)");
DB_STMT(A_COUNT, DB_CTL | DB_API, DB_READ, "SELECT COUNT(*) FROM a_key");
DB_STMT(A_ID, DB_CTL | DB_API, DB_READ, "SELECT CONNECTION_ID()");

static struct db *ctl;

static int
setup(void **state)
{
	(void)state;
	ctl = db_new(DB_CTL);
	dbtest_sql(ctl, "CREATE TABLE a_key (k BIGINT UNSIGNED PRIMARY KEY,"
	    " v BIGINT) ENGINE=InnoDB;"
	    "GRANT SELECT, INSERT ON a_key TO gatepost_api@localhost");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	db_free(ctl);
	return 0;
}

static int
empty(void **state)
{
	(void)state;
	dbtest_sql(ctl, "DELETE FROM a_key");
	return 0;
}

static int64_t
number(struct db *on, const struct db_stmt *s)
{
	int64_t n = 0;

	ok(db_one(on, s, NULL, DB_NONE, DB_OUT(DB_TO_I64(&n)), e));
	return n;
}

static int
add_work(struct db *on, void *arg, struct err *e)
{
	uint64_t *k = arg;

	return db_run(on, &A_ADD, DB_IN(DB_U64(*k), DB_I64(0)), e) < 0 ?
	    -1 : 0;
}

static void
a_server_away_is_said_at_once_and_forgotten_soon(void **state)
{
	struct db *db = db_new(DB_API);
	struct err e = ERR_INIT;
	int64_t n, began;
	uint64_t k = 1;

	(void)state;
	ok(db_run(db, &A_ADD, DB_IN(DB_U64(k), DB_I64(0)), e));
	ok(db_tx(db, add_work, &(uint64_t){ 2 }, e));
	dbtest_server("kill");
	/* read, write, unit of work: all say when to come back */
	for (int i = 0; i < 300; i++) {
		began = clock_mono();
		assert_int_equal(db_one(db, &A_COUNT, NULL, DB_NONE,
		    DB_OUT(DB_TO_I64(&n)), &e), -1);
		assert_int_equal(e.kind, ERR_UNAVAILABLE);
		assert_true(e.retry_after_s > 0);
		assert_int_equal(db_run(db, &A_ADD, DB_IN(DB_U64(9),
		    DB_I64(0)), &e), -1);
		assert_int_equal(e.kind, ERR_UNAVAILABLE);
		k = 3;
		assert_int_equal(db_tx(db, add_work, &k, &e), -1);
		assert_int_equal(e.kind, ERR_UNAVAILABLE);
		assert_true(e.retry_after_s > 0);
		assert_false(db_in_tx(db));
		/* ms for three calls; no connect time-out each */
		assert_true(clock_mono() - began < US_PER_S / 2);
	}
	dbtest_server("start");
	usleep(250 * 1000);	/* longer than a failure is remembered */
	/* what was acknowledged is there; what was refused is not */
	assert_int_equal(number(db, &A_COUNT), 2);
	ok(db_tx(db, add_work, &k, e));
	assert_int_equal(number(db, &A_COUNT), 3);
	db_free(db);
}

/* Writers note each acknowledged key in a pipe while the server is killed. */
static int notes[2];
#define WRITER_KEYS	UINT64_C(1000000)

static int
writer(int i)
{
	struct db *db = db_new(DB_API);
	struct err e = ERR_INIT;
	uint64_t k = (uint64_t)i * WRITER_KEYS;
	bool even = false;

	for (;;) {
		k++;
		even = !even;
		if (even ? db_tx(db, add_work, &k, &e) < 0 :
		    db_run(db, &A_ADD, DB_IN(DB_U64(k), DB_I64(0)), &e) < 0) {
			/* a unit may meet the key that its lost COMMIT left */
			if (e.kind != ERR_UNAVAILABLE &&
			    e.kind != ERR_DB_LOST && e.kind != ERR_DB_DUP)
				return 1;
			usleep(10000);
			continue;
		}
		if (write(notes[1], &k, sizeof(k)) != sizeof(k))
			return 2;
	}
}

static void
r2_what_was_acknowledged_survives_kills(void **state)
{
	enum { WRITERS = 3, KILLS = 4 };
	uint64_t acked = 0, last[WRITERS + 1] = { 0 }, k;
	char sql[100];
	pid_t pid[WRITERS];

	(void)state;
	assert_int_equal(pipe(notes), 0);
	for (int i = 0; i < WRITERS; i++)
		pid[i] = dbtest_fork(writer, i + 1);
	close(notes[1]);
	for (int round = 0; round < KILLS; round++) {
		/* every round must have got something through */
		for (int i = 0; i < 200; i++) {
			assert_int_equal(read(notes[0], &k, sizeof(k)),
			    sizeof(k));
			last[k / WRITER_KEYS] = k;
			acked++;
		}
		dbtest_server("kill");
		dbtest_server("start");
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, WNOHANG), 0);
		kill(pid[i], SIGKILL);
		waitpid(pid[i], &status, 0);
	}
	/* each key that was noted must be there */
	while (read(notes[0], &k, sizeof(k)) == sizeof(k)) {
		snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM a_key"
		    " WHERE k = %" PRIu64, k);
		assert_int_equal(dbtest_num(ctl, sql), 1);
		acked++;
	}
	close(notes[0]);
	for (int i = 1; i <= WRITERS; i++) {
		snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM a_key"
		    " WHERE k = %" PRIu64, last[i]);
		assert_int_equal(dbtest_num(ctl, sql), 1);
	}
	assert_true((uint64_t)dbtest_num(ctl, "SELECT COUNT(*) FROM a_key") >=
	    acked);
}

static pid_t
server_pid(void)
{
	char path[200], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s", getenv("TEST_DB_SERVER"));
	snprintf(strrchr(path, '/'), 10, "/pid");
	assert_true((fd = open(path, O_RDONLY)) >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return (pid_t)strtol(text, NULL, 10);
}

/* Stop every thread of it; the signal alone is a request. */
static void
hang(pid_t pid)
{
	char path[300], line[256];
	struct dirent *d;
	size_t running;
	FILE *f;
	DIR *h;

	assert_int_equal(kill(pid, SIGSTOP), 0);
	do {
		running = 0;
		snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
		assert_non_null(h = opendir(path));
		while ((d = readdir(h)) != NULL) {
			snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat",
			    (int)pid, d->d_name);
			if (d->d_name[0] == '.' ||
			    (f = fopen(path, "r")) == NULL)
				continue;
			running += fgets(line, sizeof(line), f) != NULL &&
			    strstr(line, ") T ") == NULL;
			fclose(f);
		}
		closedir(h);
	} while (running > 0);
}

static void
a_server_that_hangs_costs_one_time_out(void **state)
{
	struct err e = ERR_INIT;
	int64_t n, began;
	struct db *db;
	int rc;

	(void)state;
	ok(conf_set("GATEPOST_DB_TIMEOUT_S", "1", e));
	db = db_new(DB_API);
	(void)number(db, &A_COUNT);
	hang(server_pid());
	began = clock_mono();
	rc = db_one(db, &A_COUNT, NULL, DB_NONE, DB_OUT(DB_TO_I64(&n)), &e);
	n = clock_mono() - began;
	assert_int_equal(kill(server_pid(), SIGCONT), 0);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	assert_in_range(n, US_PER_S * 8 / 10, US_PER_S * 5 / 2);
	ok(conf_set("GATEPOST_DB_TIMEOUT_S", "5", e));
	db_free(db);
	db = db_new(DB_API);
	(void)number(db, &A_COUNT);
	db_free(db);
}

static void
no_room_for_connections_is_unavailable(void **state)
{
	struct db *db[40];
	struct err e = ERR_INIT;
	int rc = 0, n;

	(void)state;
	dbtest_sql(ctl, "SET GLOBAL max_connections = 12");
	for (n = 0; n < 40 && rc == 0; n++) {
		db[n] = db_new(DB_API);
		rc = db_connect(db[n], &e);
	}
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	while (n > 0)
		db_free(db[--n]);
	dbtest_sql(ctl, "SET GLOBAL max_connections = 300");
}

static int
forgetful(int i)
{
	(void)i;
	db_forget(ctl);
	return number(ctl, &A_ID) > 0 && number(ctl, &A_COUNT) == 0 ? 0 : 1;
}

static void
a_child_forgets_and_the_parent_goes_on(void **state)
{
	int64_t before = number(ctl, &A_ID);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(dbtest_join(dbtest_fork(forgetful, 0)), 0);
	assert_int_equal(number(ctl, &A_ID), before);
}

/* Everything the wrapper does, once; -1 at the first failure. */
static int
everything(struct db *db, struct err *e)
{
	struct db_value v[4] = { DB_U64(10), DB_I64(0), DB_U64(11),
	    DB_I64(0) };
	uint64_t k = 1;
	int64_t n;

	if (db_connect(db, e) < 0)
		return -1;
	if (db_run(db, &A_ADD, DB_IN(DB_U64(2), DB_I64(0)), e) < 0)
		return -1;
	if (db_tx(db, add_work, &k, e) < 0)
		return -1;
	if (db_bulk(db, &A_ADD, v, 2, 2, e) < 0)
		return -1;
	if (db_one(db, &A_COUNT, NULL, DB_NONE, DB_OUT(DB_TO_I64(&n)), e) < 0)
		return -1;
	assert_int_equal(n, 4);
	return db_prove(db, e);
}

static void
r14_each_call_failing_in_turn_fails_cleanly(void **state)
{
	struct err e = ERR_INIT;
	unsigned n;
	int rc = -1;

	(void)state;
	for (n = 1; rc < 0; n++) {
		struct db *db = db_new(DB_CTL);

		dbtest_sql(ctl, "DELETE FROM a_key");
		db_test_fail_at(db, n);
		rc = everything(db, &e);
		if (rc < 0)
			assert_string_equal(e.code, "db_injected");
		assert_false(db_in_tx(db));
		db_test_fail_at(db, 0);
		/* the handle serves on */
		dbtest_sql(ctl, "DELETE FROM a_key");
		ok(everything(db, e));
		db_free(db);
		assert_true(n < 100);
	}
	/* prepare and run, BEGIN … COMMIT, bulk with both, read, proof */
	assert_true(n > 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    a_server_away_is_said_at_once_and_forgotten_soon, empty),
		cmocka_unit_test_setup(r2_what_was_acknowledged_survives_kills,
		    empty),
		cmocka_unit_test_setup(a_server_that_hangs_costs_one_time_out,
		    empty),
		cmocka_unit_test_setup(no_room_for_connections_is_unavailable,
		    empty),
		cmocka_unit_test_setup(a_child_forgets_and_the_parent_goes_on,
		    empty),
		cmocka_unit_test_setup(r14_each_call_failing_in_turn_fails_cleanly,
		    empty),
	};

	dbtest_begin("test_store_away");
	return cmocka_run_group_tests(tests, setup, teardown);
}
