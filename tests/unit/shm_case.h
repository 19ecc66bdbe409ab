/*
 * shm_case.h - for the tests of base/shm: a file of its own for each test.
 */
#ifndef GP_TESTS_SHM_CASE_H
#define GP_TESTS_SHM_CASE_H

#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/shm.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NOW	(INT64_C(1790000000) * US_PER_S)

static char path[64];
static struct shm *s;

static inline int
setup(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/gp-shm.%ld", (long)getpid());
	s = shm_create(path, &e);
	return s == NULL ? -1 : 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	shm_close(s);
	clock_test_set(0);
	return unlink(path);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
