/*
 * The queue under load: many claimers beside enqueuers (R7), and a backlog
 * beside a read that stays open (R6).
 *
 * Small here; `scripts/crash` runs the same program at full size and judges
 * the figures that it prints, a line of JSON each:
 *   QUEUE_LOAD_JOBS    how many jobs (1,000,000)
 *   QUEUE_LOAD_READ_S  how long the read stays open (600)
 */
#include "dbtest.h"

#include "queue/enqueue.h"
#include "store/job.h"

#include <sys/mman.h>

#define CLAIMERS	8
#define ENQUEUERS	4
#define BATCH		100u		/* of a class, in one claim */
#define SLACK_US	INT64_C(250000)	/* of deliver/intake.c's floors */
#define SAMPLES_MAX	200000u

static struct db *root;
static struct shared {
	_Atomic long	 made, taken, wrong, enqueuing;
} *now;

static long
number(const char *name, long otherwise)
{
	const char *v = getenv(name);

	return v != NULL ? strtol(v, NULL, 10) : otherwise;
}

static int
claim(struct db *db, struct arena *a, const char *provider,
    int64_t floor_us[JOB_CLASSES], struct job_ref *r)
{
	struct job_queue q[3];
	struct job *j = NULL;
	int n = 0;

	for (unsigned c = 0; c < 3; c++)
		q[c] = (struct job_queue){ .provider = provider, .class = c,
		    .limit = BATCH, .floor_us = floor_us[c] };
	ok(n = job_claim(db, a, q, 3, 30, true, &j, e));
	for (int i = 0; i < n; i++) {
		int64_t floor = j[i].run_us - SLACK_US;

		r[i] = (struct job_ref){ .id = j[i].id, .owner = j[i].owner,
		    .attempt = j[i].attempt, .why = "" };
		if (floor > floor_us[j[i].class])
			floor_us[j[i].class] = floor;
	}
	return n;
}

/* As a worker does it: marked, sent, gone. */
static void
finish(struct db *db, struct job_ref *r, int n)
{
	int64_t held = 0;

	for (int i = 0; i < n; i += 64)
		ok(job_intend(db, r + i, (size_t)(n - i < 64 ? n - i : 64),
		    e));
	for (int i = 0; i < n; i++)
		now->wrong += r[i].fate != JOB_HELD;
	ok(held = job_delete(db, r, (size_t)n, e));
	now->wrong += held != n;
	now->taken += n;
}

static int
by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int64_t
percentile(int64_t *us, size_t n, unsigned p)
{
	qsort(us, n, sizeof(*us), by_size);
	return n == 0 ? 0 : us[(n - 1) * p / 100];
}

/* --- R7 -------------------------------------------------------------------- */

static int
enqueuer(int no)
{
	long all = number("QUEUE_LOAD_JOBS", 1600) / ENQUEUERS;
	struct db *db = db_new(DB_API);

	for (long i = 0; i < all; i++) {
		struct enqueue m = { .id = rand_id(), .type = "system",
		    .class = (enum job_class)((i + no) % 3), .channel = "email",
		    .title = "t", .content = "{\"title\":\"t\",\"body\":\"b\"}",
		    .audience = "{\"to\":\"a@example.com\"}",
		    .request_id = "load", .life_s = 3600 };
		uint64_t other;
		bool same;
		int rc = 0;

		ok(rc = enqueue(db, &m, &other, &same, e));
		assert_int_equal(rc, 1);
		now->made++;
	}
	now->enqueuing--;
	db_free(db);
	return 0;
}

static int
claimer(int no UNUSED)
{
	struct db *db = db_new(DB_WORKER);
	int64_t floor_us[JOB_CLASSES] = { 0 };
	int64_t looked = 0;
	struct job_ref r[3 * BATCH];

	while (now->enqueuing > 0 || now->taken < now->made) {
		struct arena *a = arena_new(8u << 20);
		int n;

		/* What was committed late is older than the floor. */
		if (clock_mono() - looked > 2 * US_PER_S) {
			memset(floor_us, 0, sizeof(floor_us));
			looked = clock_mono();
		}
		if ((n = claim(db, a, "", floor_us, r)) > 0)
			finish(db, r, n);
		else
			usleep(2000);
		arena_free(a);
	}
	db_free(db);
	return 0;
}

static int
either(int no)
{
	return no < ENQUEUERS ? enqueuer(no) : claimer(no);
}

static void
r7_no_deadlock_reaches_a_client(void **state UNUSED)
{
	int64_t began = clock_mono();
	long seconds;

	dbtest_sql(root, "DELETE FROM job");
	memset(now, 0, sizeof(*now));
	now->enqueuing = ENQUEUERS;
	assert_int_equal(together(either, ENQUEUERS + CLAIMERS), 0);
	seconds = (long)((clock_mono() - began) / US_PER_S);
	print_message("{\"row\": \"r7\", \"jobs\": %ld, \"taken\": %ld, "
	    "\"wrong\": %ld, \"seconds\": %ld, \"deadlocks\": %ld}\n",
	    now->made, now->taken, now->wrong, seconds, dbtest_num(root,
	    "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS "
	    "WHERE VARIABLE_NAME = 'Innodb_deadlocks'"));
	assert_int_equal(now->made, number("QUEUE_LOAD_JOBS", 1600) /
	    ENQUEUERS * ENQUEUERS);
	assert_int_equal(now->taken, now->made);
	assert_int_equal(now->wrong, 0);
	assert_int_equal(dbtest_num(root, "SELECT COUNT(*) FROM job"), 0);
}

/* --- R6 -------------------------------------------------------------------- */

static void
fill(long from, long n)
{
	char sql[640];

	snprintf(sql, sizeof(sql), "INSERT INTO job (id, class, run_at, kind, "
	    "notification_id, seq, provider, expires_at, created_at) SELECT "
	    "%ld + seq, seq %% 3, UTC_TIMESTAMP(6), 2, 1, seq, 'p', "
	    "UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, UTC_TIMESTAMP(6) FROM "
	    "seq_1_to_%ld", from, n);
	dbtest_sql(root, sql);
}

struct round { struct db *db; int64_t floor_us[JOB_CLASSES], full_us; };

/* One claim of a steady backlog: as many come as go.  Its µs. */
static int64_t
one_round(struct round *x, long *next)
{
	struct arena *a = arena_new(8u << 20);
	struct job_ref r[3 * BATCH];
	int64_t due[JOB_CLASSES], at, began;
	int n;

	ok(job_peek(x->db, "p", x->floor_us, due, &at, e));
	began = clock_mono();
	n = claim(x->db, a, "p", x->floor_us, r);
	began = clock_mono() - began;
	if (n != 3 * (int)BATCH)
		fail_msg("%d jobs of a backlog", n);
	finish(x->db, r, n);
	fill(*next, n);
	*next += n;
	arena_free(a);
	return began;
}

static void
r6_a_backlog_beside_an_open_read(void **state UNUSED)
{
	const long jobs = number("QUEUE_LOAD_JOBS", 6000);
	const int64_t read_us = number("QUEUE_LOAD_READ_S", 0) * US_PER_S;
	struct db *reader = db_new(DB_CTL);
	struct round x = { .db = db_new(DB_WORKER) };
	int64_t *us = calloc(SAMPLES_MAX, sizeof(*us)), began, p99, first,
	    last;
	long next = 0, seen;
	size_t n = 0;

	assert_non_null(us);
	dbtest_sql(root, "DELETE FROM job");
	memset(now, 0, sizeof(*now));
	for (; next < jobs; next += 6000)
		fill(next, 6000);
	dbtest_sql(reader, "SET SESSION TRANSACTION ISOLATION LEVEL "
	    "REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT");
	seen = next;
	assert_int_equal(dbtest_num(reader, "SELECT MAX(id) FROM job"), seen);
	began = clock_mono();
	/* At least two turns over what was there, and the read's time. */
	while (n < SAMPLES_MAX && (n < 20 || clock_mono() - began < read_us))
		us[n++] = one_round(&x, &next);
	/* It sees what it saw, so nothing of this was purged. */
	assert_int_equal(dbtest_num(reader, "SELECT MAX(id) FROM job"), seen);
	dbtest_sql(reader, "ROLLBACK");
	assert_int_equal(now->taken, 3 * BATCH * n);
	assert_int_equal(now->wrong, 0);
	first = percentile(us, n / 5, 50);
	last = percentile(us + n - n / 5, n / 5, 50);
	p99 = percentile(us, n, 99);
	print_message("{\"row\": \"r6\", \"jobs\": %ld, \"claims\": %zu, "
	    "\"p99_us\": %" PRId64 ", \"first_us\": %" PRId64
	    ", \"last_us\": %" PRId64 ", \"read_s\": %" PRId64 "}\n", jobs, n,
	    p99, first, last, (clock_mono() - began) / US_PER_S);
	free(us);
	db_free(x.db);
	db_free(reader);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r7_no_deadlock_reaches_a_client),
		cmocka_unit_test(r6_a_backlog_beside_an_open_read),
	};

	dbtest_begin("test_queue_load");
	cmocka_set_test_filter(getenv("QUEUE_LOAD_ONLY"));
	root = db_new(DB_CTL);
	now = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_ANONYMOUS, -1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
