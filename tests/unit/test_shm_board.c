/*
 * test_shm_board.c - base/shm: a new master's file, files that are refused,
 * the scoreboard's half, the counters.
 */
#include "shm_case.h"

static void
a_new_masters_file_is_found(void **state)
{
	const struct shm_revocation row = { 8, 1, 0 };
	struct err e = ERR_INIT;
	struct shm *reading = shm_open_(path, &e), *fresh;
	struct shm_slot *slot;

	(void)state;
	assert_non_null(reading);
	shm_publish(s, NULL, 0, NOW);
	assert_int_equal(shm_revoked(reading, 8, 1, 1, NOW), SHM_CLEAR);
	slot = shm_slot(reading, 3);
	assert_non_null(fresh = shm_create(path, &e));
	shm_publish(fresh, &row, 1, NOW + 60 * US_PER_S);
	/* The old list is stale by now, so it looks for another. */
	assert_int_equal(shm_revoked(reading, 8, 1, 1, NOW + 60 * US_PER_S),
	    SHM_REVOKED);
	assert_true(shm_born_us(fresh) > clock_now() - 60 * US_PER_S);
	assert_int_equal(shm_born_us(reading), shm_born_us(fresh));
	assert_int_equal(shm_born_us(NULL), 0);
	shm_count(fresh, 7, 5);
	assert_int_equal(shm_counter(reading, 7), 5);
	/* What was handed out before stays valid. */
	atomic_store(&slot->busy, 1);
	shm_close(fresh);
	shm_close(reading);
	shm_close(NULL);
}

static void
other_files_are_refused(void **state)
{
	struct err e = ERR_INIT;
	char name[80];
	struct stat st;
	FILE *f;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0007, 0);
	snprintf(name, sizeof(name), "%s.other", path);
	assert_null(shm_open_(name, &e));
	assert_non_null(f = fopen(name, "w"));
	fputs("short", f);
	fclose(f);
	assert_null(shm_open_(name, &e));
	assert_string_equal(e.code, "shm_layout");
	/* The right size and nothing in it. */
	assert_int_equal(truncate(name, st.st_size), 0);
	assert_null(shm_open_(name, &e));
	assert_string_equal(e.code, "shm_layout");
	unlink(name);
	assert_int_equal(symlink(path, name), 0);
	assert_null(shm_open_(name, &e));
	unlink(name);
	assert_null(shm_create("/nonexistent/dir/shm", &e));
}

static void
at_most_half_of_a_pool_waits(void **state)
{
	struct shm_slot *slot[8], *lone;
	size_t i;

	(void)state;
	assert_null(shm_slot(s, SHM_SLOTS));
	for (i = 0; i < 8; i++) {
		slot[i] = shm_slot(s, i * 11);
		atomic_store(&slot[i]->pid, 100 + (int)i);
		atomic_store(&slot[i]->pool, 1);
	}
	lone = shm_slot(s, 500);
	atomic_store(&lone->pid, 99);
	atomic_store(&lone->pool, 2);
	for (i = 0; i < 8; i++)
		assert_int_equal(shm_wait_begin(s, slot[i], 8), i < 4);
	assert_int_equal(atomic_load(&slot[7]->waiting), 0);
	/* Other pools do not count; a pool of one never waits. */
	assert_true(shm_wait_begin(s, lone, 2));
	shm_wait_end(s, lone);
	assert_false(shm_wait_begin(s, lone, 1));
	/* One ends, one dies (the master clears it): two may begin. */
	shm_wait_end(s, slot[0]);
	atomic_store(&slot[1]->pid, 0);
	assert_true(shm_wait_begin(s, slot[6], 8));
	assert_true(shm_wait_begin(s, slot[7], 8));
	assert_false(shm_wait_begin(s, slot[5], 8));
}

struct waiter {
	struct shm_slot	*slot;
	_Atomic int	*waiting, *most;
	unsigned	 got;
};

static void *
wait_often(void *arg)
{
	struct waiter *w = arg;
	int i, now, most;

	for (i = 0; i < 5000; i++) {
		if (!shm_wait_begin(s, w->slot, 6))
			continue;
		now = atomic_fetch_add(w->waiting, 1) + 1;
		most = atomic_load(w->most);
		while (now > most &&
		    !atomic_compare_exchange_weak(w->most, &most, now))
			;
		w->got++;
		atomic_fetch_sub(w->waiting, 1);
		shm_wait_end(s, w->slot);
	}
	return NULL;
}

static void
half_holds_when_all_begin_at_once(void **state)
{
	static _Atomic int waiting, most;
	struct waiter w[6];
	unsigned got = 0;
	pthread_t t[6];
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		w[i] = (struct waiter){ shm_slot(s, i), &waiting, &most, 0 };
		atomic_store(&w[i].slot->pid, 1 + (int)i);
		assert_int_equal(pthread_create(&t[i], NULL, wait_often,
		    &w[i]), 0);
	}
	for (i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	assert_true(most >= 1);
	assert_true(most <= 3);
	for (i = 0; i < 6; i++)
		got += w[i].got;
	/* Not each: three may have been put off while they held theirs. */
	assert_true(got > 0);
}

static void
counters_lose_nothing_between_processes(void **state)
{
	int i, j, status;
	pid_t pid[4];

	(void)state;
	for (i = 0; i < 4; i++)
		if ((pid[i] = fork()) == 0) {
			for (j = 0; j < 50000; j++)
				shm_count(s, 3, 2);
			_exit(0);
		}
	for (i = 0; i < 4; i++)
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
	assert_int_equal(shm_counter(s, 3), 400000);
	assert_int_equal(shm_counter(s, 4), 0);
	shm_count(s, SHM_COUNTERS, 1);		/* no such: ignored */
	assert_int_equal(shm_counter(s, SHM_COUNTERS), 0);
	shm_count(NULL, 1, 1);
	assert_int_equal(shm_counter(NULL, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_new_masters_file_is_found),
		T(other_files_are_refused),
		T(at_most_half_of_a_pool_waits),
		T(half_holds_when_all_begin_at_once),
		T(counters_lose_nothing_between_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
