/*
 * test_auth_lane.c - lanes: a hash computed by another process is the same;
 * who dies there, or here, costs one answer at most.
 */
#include "auth_case.h"
#include "auth/lane.h"
#include "auth/password.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIGHT	"Blue-Harbour-7!"
#define OURS_KIB	8192

static struct lane_ends ends;
static int begun[2];			/* a byte for each hash that was begun */
static pid_t lane_pid;
static int serve_end;			/* ours of it; open: lanes may come */

static void
tell(void *arg UNUSED, bool busy)
{
	if (busy && write(begun[1], "x", 1) != 1)
		_exit(9);
}

static int
lane_up(void **state UNUSED)
{
	ok(lane_open(&ends, e));
	if (pipe(begun) < 0 || (lane_pid = fork()) < 0)
		return -1;
	if (lane_pid == 0) {
		close(ends.ask);
		close(begun[0]);
		_exit(lane_serve(ends.serve, (size_t)OURS_KIB * 1024, tell,
		    NULL));
	}
	close(begun[1]);
	serve_end = ends.serve;
	ends.serve = -1;
	lane_use(ends.ask);
	return 0;
}

/* Nobody asks any more: its exit status; *n hashes were begun. */
static int
lane_down(size_t *n)
{
	char text[64];
	ssize_t got;
	int status;

	lane_use(-1);
	lane_close(&ends);
	if (serve_end >= 0)
		close(serve_end);
	serve_end = -1;
	for (*n = 0; (got = read(begun[0], text, sizeof(text))) > 0;)
		*n += (size_t)got;
	close(begun[0]);
	if (waitpid(lane_pid, &status, 0) != lane_pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    -WTERMSIG(status);
}

static int
lane_end(void **state UNUSED)
{
	size_t n;

	if (ends.ask >= 0)
		(void)lane_down(&n);
	return 0;
}

static void
s56_a_lane_computes_what_this_process_would(void **state UNUSED)
{
	static const char *const kind[] = {
		"pbkdf2_sha1$260000$63ibn548Bxm6koPUycXGzW$rjB7WgbzHNc7OliLr5"
		    "Keudya0BM=",
		"$2b$04$VIYAYWpt4fLqwBOeFw02tu8YDJUKDEwn6by3Z7izoYYqp8If0qN8.",
		"$argon2i$v=19$m=1024,t=2,p=2$mBXMFeSgaNexgpWh2JIW0g$s2/9cEv+"
		    "Wxh2bpp/AFJzFQ",
		/* Larger than what is kept. */
		"argon2$argon2id$v=19$m=102400,t=2,p=8$ZldJWEx4ZUIwTE1pWFZoSX"
		    "RsSXp0ZQ$b4ROyOnSiQPf8HBFj91s0g",
	};
	char phc[PASSWORD_PHC_MAX], *longest = calloc(1, 4097);
	struct err e = ERR_INIT;
	bool rehash;
	size_t n;

	assert_non_null(longest);
	for (size_t i = 0; i < COUNT_OF(kind); i++) {
		ok(password_verify(kind[i], RIGHT, &rehash, e) - 1);
		assert_int_equal(password_verify(kind[i], "blue-Harbour-7!",
		    NULL, &e), 0);
		assert_int_equal(password_verify(kind[i], "", NULL, &e), 0);
	}
	/* The longest there may be: 1,024 code points of four bytes. */
	for (size_t i = 0; i < 4096; i += 4)
		memcpy(longest + i, "\xf0\x9f\x8c\xbb", 4);
	ok(password_hash(phc, longest, e));
	assert_int_equal(password_verify(phc, longest, NULL, &e), 1);
	longest[4092] = '\0';
	assert_int_equal(password_verify(phc, longest, NULL, &e), 0);
	assert_int_equal(lane_down(&n), 0);
	assert_int_equal(n, 3 * COUNT_OF(kind) + 3);
	/* And here, without one. */
	assert_int_equal(password_verify(phc, longest, NULL, &e), 0);
	longest[4092] = '\xf0';
	assert_int_equal(password_verify(phc, longest, NULL, &e), 1);
	free(longest);
}

static void
s56_without_a_lane_nobody_waits(void **state UNUSED)
{
	char phc[PASSWORD_PHC_MAX];
	struct err e = ERR_INIT;
	size_t n;

	/* The one that holds its end is away too. */
	close(serve_end);
	serve_end = -1;
	kill(lane_pid, SIGKILL);
	for (int i = 0; i < 3; i++) {
		err_clear(&e);
		assert_int_equal(password_hash(phc, RIGHT, &e), -1);
		assert_int_equal(e.kind, ERR_UNAVAILABLE);
		assert_string_equal(e.code, "hash_failed");
		assert_in_range(e.retry_after_s, 1, 60);
	}
	assert_int_equal(lane_down(&n), -SIGKILL);
}

/* An order waits in the lane's queue: seen from the other end. */
static void
await_order(int serve)
{
	struct pollfd p = { .fd = serve, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 20000), 1);
}

static void
s56_a_hash_that_nobody_awaits_is_not_begun(void **state UNUSED)
{
	struct err e = ERR_INIT;
	char phc[PASSWORD_PHC_MAX];
	int status;
	size_t n;
	pid_t asker;

	kill(lane_pid, SIGSTOP);
	assert_int_equal(waitpid(lane_pid, &status, WUNTRACED), lane_pid);
	if ((asker = fork()) == 0)
		_exit(password_hash(phc, RIGHT, &e));
	await_order(serve_end);
	kill(asker, SIGKILL);
	assert_int_equal(waitpid(asker, &status, 0), asker);
	kill(lane_pid, SIGCONT);
	ok(password_hash(phc, RIGHT, e));
	assert_int_equal(lane_down(&n), 0);
	assert_int_equal(n, 1);
}

static void
an_order_that_is_none_ends_nothing(void **state UNUSED)
{
	static const char *const junk[] = { "x", "0123456789abcdef" };
	char phc[PASSWORD_PHC_MAX];
	size_t n;

	for (size_t i = 0; i < COUNT_OF(junk); i++)
		assert_int_equal(write(ends.ask, junk[i], strlen(junk[i])),
		    strlen(junk[i]));
	ok(password_hash(phc, RIGHT, e));
	assert_int_equal(lane_down(&n), 0);
	assert_int_equal(n, 1);
}

int
main(void)
{
#define ONE(f)	cmocka_unit_test_setup_teardown(f, lane_up, lane_end)
	const struct CMUnitTest tests[] = {
		ONE(s56_a_lane_computes_what_this_process_would),
		ONE(s56_without_a_lane_nobody_waits),
		ONE(s56_a_hash_that_nobody_awaits_is_not_begun),
		ONE(an_order_that_is_none_ends_nothing),
	};
#undef ONE

	dbtest_begin("test_auth_lane");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
