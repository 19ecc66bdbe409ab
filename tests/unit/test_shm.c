/*
 * test_shm.c - base/shm: revocations read while they are written, stopped
 * readers, dying writers.
 */
#include "shm_case.h"

static void
a_fresh_list_answers_and_an_old_one_asks(void **state)
{
	const struct shm_revocation rows[] = { { 11, 1, 0 }, { 0, 2, 1000 },
	    { 0, 2, 500 }, { 12, 3, 0 } };

	(void)state;
	/* Nothing was published yet. */
	assert_int_equal(shm_revoked(s, 5, 1, 900, NOW), SHM_STALE);
	shm_publish(s, rows, COUNT_OF(rows), NOW);
	assert_int_equal(shm_revoked(s, 11, 1, 2000, NOW), SHM_REVOKED);
	assert_int_equal(shm_revoked(s, 12, 3, 2000, NOW), SHM_REVOKED);
	assert_int_equal(shm_revoked(s, 10, 1, 2000, NOW), SHM_CLEAR);
	/* A user's not-before: tokens issued before it, the latest counts. */
	assert_int_equal(shm_revoked(s, 20, 2, 999, NOW), SHM_REVOKED);
	assert_int_equal(shm_revoked(s, 20, 2, 1000, NOW), SHM_CLEAR);
	/* Ids of users and of sessions are different things. */
	assert_int_equal(shm_revoked(s, 2, 9, 1, NOW), SHM_CLEAR);
	assert_int_equal(shm_revoked(s, 9, 11, 1, NOW), SHM_CLEAR);
	/* Age: one second, both ways. */
	assert_int_equal(shm_revoked(s, 10, 1, 1, NOW + US_PER_S),
	    SHM_CLEAR);
	assert_int_equal(shm_revoked(s, 10, 1, 1, NOW + US_PER_S + 1),
	    SHM_STALE);
	assert_int_equal(shm_revoked(s, 10, 1, 1, NOW - US_PER_S - 1),
	    SHM_STALE);
	/* Whom an old list names stays out. */
	assert_int_equal(shm_revoked(s, 11, 1, 1, NOW + 60 * US_PER_S),
	    SHM_REVOKED);
	/* The next list is the whole truth. */
	shm_publish(s, rows + 1, 1, NOW + 1);
	assert_int_equal(shm_revoked(s, 11, 1, 2000, NOW), SHM_CLEAR);
	shm_publish(s, NULL, 0, NOW + 2);
	assert_int_equal(shm_revoked(s, 20, 2, 1, NOW), SHM_CLEAR);
	assert_int_equal(shm_revoked(NULL, 20, 2, 1, NOW), SHM_STALE);
}

static void
s13_large_lists_are_found_whole_and_overflow_asks(void **state)
{
	enum { N = 65537 };
	struct shm_revocation *rows = calloc(N, sizeof(*rows));
	size_t i;

	(void)state;
	for (i = 0; i < N; i++) {
		rows[i].sid = i * 4096 + 1;
		rows[i].user_id = 1;
	}
	shm_publish(s, rows, N - 1, NOW);
	for (i = 0; i < N - 1; i++)
		if (shm_revoked(s, rows[i].sid, 1, 1, NOW) != SHM_REVOKED)
			fail_msg("row %zu of %d", i, N - 1);
	assert_int_equal(shm_revoked(s, 2, 1, 1, NOW), SHM_CLEAR);
	/* One too many: what is found is certain, what is not is asked. */
	shm_publish(s, rows, N, NOW);
	assert_int_equal(shm_revoked(s, 1, 1, 1, NOW), SHM_REVOKED);
	assert_int_equal(shm_revoked(s, 2, 1, 1, NOW), SHM_STALE);
	assert_int_equal(shm_revoked(s, rows[N - 1].sid, 1, 1, NOW),
	    SHM_STALE);
	shm_publish(s, rows, 1, NOW);
	assert_int_equal(shm_revoked(s, 2, 1, 1, NOW), SHM_CLEAR);
	free(rows);
}

static void
s10_a_child_revokes_at_once(void **state)
{
	struct shm_revocation row = { 77, 5, 0 }, user = { 0, 6, 1000 };
	int i;

	(void)state;
	clock_test_set(NOW);
	shm_publish(s, NULL, 0, NOW);
	assert_int_equal(shm_revoked(s, 77, 5, 1, NOW), SHM_CLEAR);
	shm_revoke_now(s, &row);
	shm_revoke_now(s, &user);
	assert_int_equal(shm_revoked(s, 77, 5, 1, NOW), SHM_REVOKED);
	assert_int_equal(shm_revoked(s, 78, 5, 1, NOW), SHM_CLEAR);
	assert_int_equal(shm_revoked(s, 79, 6, 999, NOW), SHM_REVOKED);
	assert_int_equal(shm_revoked(s, 79, 6, 1000, NOW), SHM_CLEAR);
	/* It outlives a list whose query may have begun before it. */
	shm_publish(s, NULL, 0, NOW + US_PER_S);
	assert_int_equal(shm_revoked(s, 77, 5, 1, NOW + US_PER_S),
	    SHM_REVOKED);
	/* And goes with one that must have it. */
	shm_publish(s, &row, 1, NOW + 3 * US_PER_S);
	assert_int_equal(shm_revoked(s, 77, 5, 1, NOW + 3 * US_PER_S),
	    SHM_REVOKED);
	assert_int_equal(shm_revoked(s, 79, 6, 1, NOW + 3 * US_PER_S),
	    SHM_CLEAR);
	/* A full side list is harmless, and is usable again later. */
	for (i = 0; i < 1000; i++) {
		row.sid = 1000 + (uint64_t)i;
		shm_revoke_now(s, &row);
	}
	assert_int_equal(shm_revoked(s, 1000, 5, 1, NOW), SHM_REVOKED);
	shm_publish(s, NULL, 0, NOW + 3 * US_PER_S);
	assert_int_equal(shm_revoked(s, 1000, 5, 1, NOW + 3 * US_PER_S),
	    SHM_CLEAR);
	row.sid = 1999;
	shm_revoke_now(s, &row);
	assert_int_equal(shm_revoked(s, 1999, 5, 1, NOW + 3 * US_PER_S),
	    SHM_REVOKED);
	shm_revoke_now(NULL, &row);
}

/*
 * The list is rewritten without pause, with two contents: session 1 is on
 * both, 3 on none; their sizes differ, so that places move.  Every third
 * list is the small one, so that each of the two tables gets both in turn.
 * A reader must find 1 revoked and 3 clear at every look, or be told to ask.
 */
struct race {
	_Atomic bool	 stop;
	_Atomic uint64_t looks, asked, wrong, lists;
};

static void
look(struct race *r)
{
	enum shm_answer a, c;

	a = shm_revoked(s, 1, 9, 1, NOW);
	c = shm_revoked(s, 3, 9, 1, NOW);
	atomic_fetch_add(&r->looks, 2);
	if (a == SHM_STALE || c == SHM_STALE)
		atomic_fetch_add(&r->asked, 1);
	if (a == SHM_CLEAR || c == SHM_REVOKED)
		atomic_fetch_add(&r->wrong, 1);
}

static void *
reader(void *arg)
{
	struct race *r = arg;

	while (!atomic_load(&r->stop))
		look(r);
	return NULL;
}

static void
write_lists(struct race *r, int n)
{
	static struct shm_revocation big[900], small[40];
	size_t i;
	int j;

	for (i = 0; i < COUNT_OF(big); i++)
		big[i] = (struct shm_revocation){ 100 + i * 7, 1, 0 };
	for (i = 0; i < COUNT_OF(small); i++)
		small[i] = (struct shm_revocation){ 5000 + i * 3, 1, 0 };
	big[450].sid = small[20].sid = 1;
	for (j = 0; j < n; j++)
		if (atomic_fetch_add(&r->lists, 1) % 3 != 0)
			shm_publish(s, big, COUNT_OF(big), NOW);
		else
			shm_publish(s, small, COUNT_OF(small), NOW);
}

static void
readers_never_see_half_a_list(void **state)
{
	static struct race r;
	pthread_t t[3];
	size_t i;

	(void)state;
	write_lists(&r, 1);
	for (i = 0; i < COUNT_OF(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, reader, &r), 0);
	/* Until there was enough of both, whatever the machine's speed. */
	while (atomic_load(&r.looks) < 200000 || atomic_load(&r.lists) < 5000)
		write_lists(&r, 100);
	atomic_store(&r.stop, true);
	for (i = 0; i < COUNT_OF(t); i++)
		pthread_join(t[i], NULL);
	print_message("%" PRIu64 " looks, %" PRIu64 " lists, %" PRIu64
	    " times told to ask\n", r.looks, r.lists, r.asked);
	assert_int_equal(r.wrong, 0);
	/* Asking is the exception even so. */
	assert_true(r.asked < r.looks / 2);
}

/* Parent and children talk by a counter: looks so far. */
static void
until_counted(uint64_t more)
{
	uint64_t from = shm_counter(s, 0);

	while (shm_counter(s, 0) < from + more)
		sched_yield();
}

/* Look until session 4 is revoked; end with 0 when nothing was wrong. */
static void NORETURN
child_looks(void)
{
	struct race mine = { .stop = false };
	int i;

	do {
		for (i = 0; i < 20; i++)
			look(&mine);
		shm_count(s, 0, 1);
	} while (shm_revoked(s, 4, 9, 1, NOW) != SHM_REVOKED);
	_exit(mine.wrong != 0);
}

static void
children_end_well(const pid_t *pid, int n)
{
	int i, status;

	/* The end is a child's word too: session 4, on the side list. */
	clock_test_set(NOW);
	shm_revoke_now(s, &(struct shm_revocation){ 4, 1, 0 });
	for (i = 0; i < n; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void
readers_in_other_processes_see_it_too(void **state)
{
	struct race r = { .stop = false };
	struct err e = ERR_INIT;
	pid_t pid[3];
	int i;

	(void)state;
	write_lists(&r, 1);
	fflush(NULL);
	for (i = 0; i < 3; i++)
		if ((pid[i] = fork()) == 0) {
			/* One by the inherited mapping, two by their own. */
			if (i > 0 && (s = shm_open_(path, &e)) == NULL)
				_exit(2);
			child_looks();
		}
	while (shm_counter(s, 0) < 5000)
		write_lists(&r, 100);
	children_end_well(pid, 3);
}

/*
 * A reader stopped anywhere in its look, while both tables change under it,
 * looks again: in the new list it would go on where the old one had the key.
 */
static void
a_stopped_reader_does_not_go_on_in_another_list(void **state)
{
	struct race r = { .stop = false };
	int i, status;
	pid_t pid;

	(void)state;
	write_lists(&r, 1);
	fflush(NULL);
	if ((pid = fork()) == 0)
		child_looks();
	for (i = 0; i < 4000; i++) {
		until_counted(1 + rand_below(3));
		assert_int_equal(kill(pid, SIGSTOP), 0);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status));
		write_lists(&r, 1 + i % 5);
		assert_int_equal(kill(pid, SIGCONT), 0);
	}
	children_end_well(&pid, 1);
}

/* Children that add to the side list die at any point. */
static void
a_killed_child_leaves_a_usable_side_list(void **state)
{
	struct shm_revocation row = { 1, 1, 0 };
	int round, status;
	pid_t pid;

	(void)state;
	for (round = 0; round < 100; round++) {
		if ((pid = fork()) == 0)
			for (;;) {
				row.sid = 1 + rand_below(1000000);
				shm_revoke_now(s, &row);
			}
		usleep(rand_below(400));	/* where it dies is chance */
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	/* All of it is past: every place is free again. */
	shm_publish(s, NULL, 0, clock_now() + 10 * US_PER_S);
	clock_test_set(NOW);
	shm_publish(s, NULL, 0, NOW);
	for (round = 0; round < 128; round++) {
		row.sid = 2000000 + (uint64_t)round;
		shm_revoke_now(s, &row);
	}
	for (round = 0; round < 128; round++)
		assert_int_equal(shm_revoked(s, 2000000 + (uint64_t)round, 1,
		    1, NOW), SHM_REVOKED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_fresh_list_answers_and_an_old_one_asks),
		T(s13_large_lists_are_found_whole_and_overflow_asks),
		T(s10_a_child_revokes_at_once),
		T(readers_never_see_half_a_list),
		T(readers_in_other_processes_see_it_too),
		T(a_stopped_reader_does_not_go_on_in_another_list),
		T(a_killed_child_leaves_a_usable_side_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
