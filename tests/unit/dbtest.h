/*
 * dbtest.h - what tests beside a real MariaDB share (tests/lib/with-mariadb
 * starts it).  Included by one .c file a program.
 */
#ifndef GP_TESTS_DBTEST_H
#define GP_TESTS_DBTEST_H

/* ok() and refuses() bring their own `e`, on purpose. */
#pragma GCC diagnostic ignored "-Wshadow"

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/rand.h"
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ok() and refuses() lend their call an error named e, on purpose also where
 * the test has one of that name. */

/* Fail with what the error says. */
#define ok(call) do {							\
	struct err ok_e_ = ERR_INIT;					\
	struct err *e = &ok_e_;						\
	if ((call) < 0)							\
		fail_msg("%s: %d %s %s", #call, e->kind, e->code,	\
		    e->detail);						\
} while (0)
/* The call must fail with this kind. */
#define refuses(want, call) do {					\
	struct err re_e_ = ERR_INIT;					\
	struct err *e = &re_e_;						\
	assert_int_equal((call), -1);					\
	if (e->kind != (want))						\
		fail_msg("%s: kind %d, not %d: %s %s", #call, e->kind,	\
		    (want), e->code, e->detail);			\
} while (0)

static inline void
dbtest_begin(const char *prog)
{
	struct err e = ERR_INIT;

	log_init(prog, LOG_ERROR_);
	if (getenv("TEST_DB_SERVER") == NULL) {
		fprintf(stderr, "run me by tests/lib/with-mariadb\n");
		exit(77);
	}
	if (conf_load(NULL, &e) < 0) {
		fprintf(stderr, "%s\n", e.detail);
		exit(1);
	}
}

/* The server of with-mariadb: "kill", "stop", "start". */
static inline void UNUSED
dbtest_server(const char *verb)
{
	const char *program = getenv("TEST_DB_SERVER");
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		execl(program, program, verb, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Text of one value, "" for NULL or no row; static storage. */
static inline const char *
dbtest_ask(struct db *db, const char *sql)
{
	static char text[256];
	struct arena *a = arena_new(1 << 20);
	const char *v = NULL;

	ok(db_ask(db, sql, a, &v, e));
	snprintf(text, sizeof(text), "%s", v == NULL ? "" : v);
	arena_free(a);
	return text;
}

static inline long UNUSED
dbtest_num(struct db *db, const char *sql)
{
	return strtol(dbtest_ask(db, sql), NULL, 10);
}

static inline void UNUSED
dbtest_sql(struct db *db, const char *sql)
{
	ok(db_script(db, sql, e));
}

/* Children: each runs `work` and exits with its result, 0 to 100. */
static inline pid_t UNUSED
dbtest_fork(int (*work)(int i), int i)
{
	pid_t pid;

	fflush(NULL);
	if ((pid = fork()) == 0) {
		/* a test that fails leaves nobody behind */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		rand_after_fork();
		_exit(work(i));
	}
	assert_true(pid > 0);
	return pid;
}

static inline int UNUSED
dbtest_join(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Run `n` children at once and add up their results. */
static inline int UNUSED
together(int (*work)(int i), int n)
{
	pid_t pid[64];
	int sum = 0;

	for (int i = 0; i < n; i++)
		pid[i] = dbtest_fork(work, i);
	for (int i = 0; i < n; i++)
		sum += dbtest_join(pid[i]);
	return sum;
}

#endif
