/*
 * Claims are exact, leases are fenced: eight processes on one real database.
 */
#include "dbproxy.h"

#include "store/job.h"

#include <sys/mman.h>

#define JOBS	4000
#define WORKERS	8

static struct db *root;
static _Atomic long *taken, *wrong;

static void
fill(int n, const char *more)
{
	char sql[2048];

	dbtest_sql(root, "DELETE FROM job");
	snprintf(sql, sizeof(sql), "INSERT INTO job (id, class, run_at, kind, "
	    "notification_id, seq, provider, expires_at, created_at) SELECT "
	    "seq, seq %% 3, UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, 2, 1, seq, "
	    "'p', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, UTC_TIMESTAMP(6) FROM "
	    "seq_1_to_%d; %s", n, more);
	dbtest_sql(root, sql);
}

static int
claim(struct db *db, struct arena *a, uint32_t limit, struct job **j)
{
	const struct job_queue q[3] = {
		{ .provider = "p", .class = 0, .limit = limit },
		{ .provider = "p", .class = 1, .limit = limit },
		{ .provider = "p", .class = 2, .limit = limit },
	};
	int n = 0;

	ok(n = job_claim(db, a, q, 3, 30, true, j, e));
	return n;
}

static void
refs_of(const struct job *j, int n, struct job_ref *r)
{
	for (int i = 0; i < n; i++)
		r[i] = (struct job_ref){ .id = j[i].id, .owner = j[i].owner,
		    .attempt = j[i].attempt, .why = "" };
}

static int
take_all(int no)
{
	struct db *db = db_new(DB_WORKER);
	const int64_t end = clock_mono() + 60 * US_PER_S;
	struct job_ref r[300];
	int n;

	while (*taken < JOBS && clock_mono() < end) {
		struct arena *a = arena_new(8u << 20);
		struct job *j;

		n = claim(db, a, 20 + (uint32_t)no, &j);
		refs_of(j, n, r);
		if (n > 0) {
			int64_t held = 0;

			ok(job_intend(db, r, (size_t)n, e));
			for (int i = 0; i < n; i++)
				*wrong += r[i].fate != JOB_HELD;
			ok(held = job_delete(db, r, (size_t)n, e));
			*wrong += held != n;
			*taken += n;
		} else {
			usleep(5000);
		}
		arena_free(a);
	}
	db_free(db);
	return 0;
}

static void
r7_eight_claimers_take_each_job_once(void **state)
{
	(void)state;
	*taken = *wrong = 0;
	fill(JOBS, "");
	assert_int_equal(together(take_all, WORKERS), 0);
	assert_int_equal(*taken, JOBS);
	assert_int_equal(*wrong, 0);
	assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM job"), 0);
}

static void
a_claim_takes_what_is_due_in_order_and_within_its_limits(void **state)
{
	struct db *db = db_new(DB_WORKER);
	struct arena *a = arena_new(8u << 20);
	struct job *j;
	int n;

	(void)state;
	fill(90, "UPDATE job SET run_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR "
	    "WHERE id > 60; UPDATE job SET run_at = run_at - INTERVAL 1 "
	    "SECOND WHERE id = 60; UPDATE job SET provider = 'q' WHERE id = "
	    "1; UPDATE job SET state = 9, run_at = NULL WHERE id = 2");
	n = claim(db, a, 10, &j);
	assert_int_equal(n, 30);
	/* id 60 is of class 0 and the oldest; 1 and 2 are not to be had. */
	assert_int_equal(j[0].id, 60);
	for (int i = 0; i < n; i++) {
		assert_int_not_equal(j[i].id, 1);
		assert_int_not_equal(j[i].id, 2);
		assert_in_range(j[i].id, 3, 60);
		assert_int_equal(j[i].attempt, 1);
	}
	assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM job WHERE "
	    "state = 1 AND run_at IS NULL AND lease_ends_at > "
	    "UTC_TIMESTAMP(6) + INTERVAL 25 SECOND"), 30);
	arena_free(a);
	db_free(db);
}

/* A worker dies of one job and leaves many: those that have one death left do
 * not share it. */
static void
r1_of_those_on_their_last_chance_one_is_claimed(void **state)
{
	const struct job_queue q = { .provider = "p", .class = 0,
	    .limit = 20 };
	struct db *db = db_new(DB_WORKER);
	struct arena *a = arena_new(8u << 20);
	struct job *j;
	int n;

	(void)state;
	fill(60, "UPDATE job SET crashes = 2, run_at = run_at - INTERVAL 1 "
	    "SECOND WHERE id <= 15; UPDATE job SET crashes = 1 WHERE id = 30");
	/* One is held already: the others only. */
	ok(n = job_claim(db, a, &q, 1, 30, false, &j, e));
	assert_int_equal(n, 15);
	for (int i = 0; i < n; i++)
		assert_true(j[i].id > 15 && j[i].crashes <= 1);
	/* They wait, each for its own moment. */
	assert_int_equal(dbtest_num(root, "SELECT COUNT(DISTINCT run_at) FROM "
	    "job WHERE crashes = 2 AND class = 0 AND state = 0 AND attempt = 0 "
	    "AND run_at > (SELECT MAX(run_at) FROM job WHERE crashes = 0)"), 5);
	dbtest_sql(root, "UPDATE job SET run_at = UTC_TIMESTAMP(6) - INTERVAL "
	    "1 SECOND WHERE state = 0");
	ok(n = job_claim(db, a, &q, 1, 30, true, &j, e));
	assert_int_equal(n, 1);
	assert_int_equal(j[0].crashes, 2);
	assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM job WHERE "
	    "crashes = 2 AND class = 0 AND state = 0"), 4);
	arena_free(a);
	db_free(db);
}

/* Whoever lost its lease changes nothing any more. */
static void
r4_a_stale_holder_is_refused_everywhere(void **state)
{
	struct db *db = db_new(DB_WORKER);
	struct arena *a = arena_new(8u << 20);
	struct job_ref old[8], now[8];
	struct job *j;
	int64_t held = -1;

	(void)state;
	fill(3, "");
	assert_int_equal(claim(db, a, 4, &j), 3);
	refs_of(j, 3, old);
	dbtest_sql(root, "UPDATE job SET state = 0, owner = 0, lease_ends_at "
	    "= NULL, run_at = UTC_TIMESTAMP(6)");
	/* Given back, not taken yet: the old holder is out already. */
	ok(held = job_extend(db, old, 3, 30, e));
	assert_int_equal(held, 0);
	assert_int_equal(claim(db, a, 4, &j), 3);
	refs_of(j, 3, now);
	assert_int_equal(now[0].attempt, 2);
	ok(job_intend(db, old, 3, e));
	for (int i = 0; i < 3; i++)
		assert_int_equal(old[i].fate, JOB_GONE);
	ok(held = job_extend(db, old, 3, 30, e));
	assert_int_equal(held, 0);
	ok(held = job_delete(db, old, 3, e));
	assert_int_equal(held, 0);
	ok(held = job_back(db, old, 3, e));
	assert_int_equal(held, 0);
	ok(job_lock(db, old, 3, e));
	assert_int_equal(old[0].fate, JOB_GONE);
	/* The same owner, an older attempt: refused, too. */
	now[0].attempt = 1;
	ok(job_intend(db, now, 3, e));
	assert_int_equal(now[0].fate, JOB_GONE);
	assert_int_equal(now[1].fate, JOB_HELD);
	assert_int_equal(now[2].fate, JOB_HELD);
	arena_free(a);
	db_free(db);
}

static void
the_mark_is_refused_past_lease_and_expiry(void **state)
{
	struct db *db = db_new(DB_WORKER);
	struct arena *a = arena_new(8u << 20);
	struct job_ref r[8];
	struct job *j;
	int n, late = 0, gone = 0, held = 0;

	(void)state;
	fill(3, "");
	n = claim(db, a, 4, &j);
	assert_int_equal(n, 3);
	refs_of(j, n, r);
	dbtest_sql(root, "UPDATE job SET lease_ends_at = UTC_TIMESTAMP(6) - "
	    "INTERVAL 1 SECOND WHERE id = 1; UPDATE job SET expires_at = "
	    "UTC_TIMESTAMP(6) WHERE id = 2");
	ok(job_intend(db, r, 3, e));
	for (int i = 0; i < 3; i++) {
		late += r[i].id == 2 && r[i].fate == JOB_TOO_LATE;
		gone += r[i].id == 1 && r[i].fate == JOB_GONE;
		held += r[i].id == 3 && r[i].fate == JOB_HELD;
	}
	assert_int_equal(late + gone + held, 3);
	/* Marking again what is marked (an answer was lost): still held,
	 * counted once. */
	for (int i = 0; i < 3; i++)
		if (r[i].id == 3) {
			ok(job_intend(db, &r[i], 1, e));
			assert_int_equal(r[i].fate, JOB_HELD);
		}
	assert_int_equal(dbtest_num(root, "SELECT tries FROM job WHERE id = "
	    "3"), 1);
	arena_free(a);
	db_free(db);
}

static void
peek_sees_the_next_of_each_class(void **state)
{
	struct db *db = db_new(DB_WORKER);
	int64_t due[JOB_CLASSES], now, floor[JOB_CLASSES] = { 0 };

	(void)state;
	fill(4, "UPDATE job SET run_at = UTC_TIMESTAMP(6) + INTERVAL 60 "
	    "SECOND WHERE class = 1; UPDATE job SET state = 1, run_at = NULL "
	    "WHERE class = 2");
	ok(job_peek(db, "p", floor, due, &now, e));
	assert_true(due[0] != 0 && due[0] <= now);
	assert_in_range(due[1] - now, 50 * US_PER_S, 60 * US_PER_S);
	assert_int_equal(due[2], 0);
	floor[0] = now;
	ok(job_peek(db, "p", floor, due, &now, e));
	assert_int_equal(due[0], 0);
	ok(job_peek(db, "nobody", floor, due, &now, e));
	assert_int_equal(due[0] + due[1] + due[2], 0);
	db_free(db);
}

/* The answer of the COMMIT is lost: the redo finds its own claim (D20). */
static void
a_claim_that_lost_its_answer_is_found_again(void **state)
{
	(void)state;
	for (int cut = CUT_BEFORE; cut <= CUT_AFTER; cut++) {
		struct arena *a = arena_new(8u << 20);
		struct job_ref r[16];
		struct db *on, *db;
		struct job *j;
		int64_t held;
		pid_t pid;
		int n;

		fill(9, "");
		on = through_proxy(COMMIT_PACKET, (enum cut)cut, &pid);
		db = db_new(DB_WORKER);
		n = claim(db, a, 3, &j);
		assert_int_equal(n, 9);
		assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM job "
		    "WHERE state = 1 AND attempt = 1"), 9);
		refs_of(j, n, r);
		ok(held = job_delete(db, r, 9, e));
		assert_int_equal(held, 9);
		db_free(db);
		proxy_end(on, pid);
		arena_free(a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r7_eight_claimers_take_each_job_once),
		cmocka_unit_test(
		    a_claim_takes_what_is_due_in_order_and_within_its_limits),
		cmocka_unit_test(r1_of_those_on_their_last_chance_one_is_claimed),
		cmocka_unit_test(r4_a_stale_holder_is_refused_everywhere),
		cmocka_unit_test(the_mark_is_refused_past_lease_and_expiry),
		cmocka_unit_test(peek_sees_the_next_of_each_class),
		cmocka_unit_test(a_claim_that_lost_its_answer_is_found_again),
	};

	dbtest_begin("test_queue_claim");
	socket_path = strdup(conf_str(CONF_DB_SOCKET));
	root = db_new(DB_CTL);
	taken = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	wrong = taken + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
