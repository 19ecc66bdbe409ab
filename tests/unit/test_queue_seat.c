/*
 * test_queue_seat.c - R8: one to four workers, that come, go and die, and an
 * account's limit of requests at once: never exceeded, and hardly left unused.
 */
#include "queue/seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "chance.h"

#define MS		1000
#define SECOND		(1000 * MS)
#define ASK_EVERY	(3 * SECOND)
#define WORKERS		6

struct worker {
	uint64_t	 owner;		/* 0: it is not there */
	unsigned	 load, in_use, seats;
	int64_t		 until_us, next_us;
};

static uint8_t row[SEAT_BYTES_MAX];
static size_t row_len;

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static void
ask(struct worker *w, int64_t now, unsigned limit)
{
	struct seat_got g;
	struct seats s;

	seats_read(&s, row, row_len);
	seats_take(&s, &(struct seat_ask){ .owner = w->owner, .now_us = now,
	    .limit = limit, .want = w->load, .in_use = w->in_use }, &g);
	row_len = seats_write(&s, row);
	w->seats = g.seats;
	w->until_us = g.until_us;
	/* Soon again when it has something to gain or to give back. */
	w->next_us = now + ((w->load > g.seats && g.seats < limit) ||
	    g.held > g.seats ? 200 * MS : ASK_EVERY);
}

/* What it may begin it begins; what it has ends after a while. */
static void
work(struct worker *w, int64_t now)
{
	if (w->in_use > 0 && chance(20) == 0)
		w->in_use--;
	while (now < w->until_us && w->in_use < least(w->load, w->seats))
		w->in_use++;
}

struct seen { unsigned long used, could; unsigned most, starved; };

static struct seen
run(unsigned workers, unsigned limit, unsigned seconds, unsigned kill_1_in)
{
	struct worker w[WORKERS] = { { .owner = 0 } };
	int64_t now = INT64_C(1795300000) * SECOND, ends = now +
	    (int64_t)seconds * SECOND, hungry[WORKERS] = { 0 };
	struct seen seen = { 0, 0, 0, 0 };
	uint64_t owners = 1;

	row_len = 0;
	for (; now < ends; now += 20 * MS) {
		unsigned used = 0, load = 0;

		for (unsigned i = 0; i < workers; i++) {
			struct worker *x = &w[i];

			if (x->owner == 0 && chance(100) == 0)
				*x = (struct worker){ .owner = owners++,
				    .next_us = now };
			if (x->owner != 0 && kill_1_in > 0 &&
			    chance(kill_1_in) == 0) {
				/* By SIGKILL: its connections go with it. */
				*x = (struct worker){ .owner = 0 };
				hungry[i] = 0;
			}
			if (x->owner == 0)
				continue;
			if (chance(150) == 0)
				x->load = chance(3) == 0 ? 0 : chance(2) == 0
				    ? 1 : chance(2 * limit + 1);
			if (now >= x->next_us || (x->load > x->seats &&
			    chance(10) == 0))
				ask(x, now, limit);
			work(x, now);
			used += x->in_use;
			load += x->load > x->in_use ? x->load : x->in_use;
			hungry[i] = x->load > 0 && x->in_use == 0 ?
			    hungry[i] + 20 * MS : 0;
			/* A lease, and the asking. */
			seen.starved += hungry[i] > SEAT_LEASE_US +
			    2 * ASK_EVERY;
		}
		seen.most = used > seen.most ? used : seen.most;
		seen.used += used;
		seen.could += least(load, limit);
	}
	return seen;
}

static void
r8_no_moment_has_more_than_the_account_allows(void **state UNUSED)
{
	static const unsigned limits[] = { 1, 2, 3, 4, 6, 16, 32 };

	for (size_t i = 0; i < COUNT_OF(limits); i++)
		for (unsigned workers = 1; workers <= WORKERS; workers++)
			for (unsigned deaths = 0; deaths < 2; deaths++) {
				struct seen s = run(workers, limits[i], 600,
				    deaths * 2000);

				assert_in_range(s.most, 1, limits[i]);
				/* Where there is a seat for each. */
				if (workers <= limits[i])
					assert_int_equal(s.starved, 0);
			}
}

static void
r8_hardly_a_seat_is_left_unused(void **state UNUSED)
{
	static const unsigned limits[] = { 3, 6, 32 };

	for (size_t i = 0; i < COUNT_OF(limits); i++)
		for (unsigned workers = 1; workers <= 4; workers++) {
			struct seen s = run(workers, limits[i], 3600, 0);

			print_message("%u seats, %u workers: %.1f %%\n",
			    limits[i], workers, 100.0 * (double)s.used /
			    (double)s.could);
			/* They change their minds every few seconds, and
			 * what one holds idle waits for its next word. */
			assert_true(s.used * 100 >= s.could * 80);
		}
}

static struct seat_got
take(struct seats *s, uint64_t owner, int64_t now, unsigned limit,
    unsigned want, unsigned in_use)
{
	struct seat_got g;

	seats_take(s, &(struct seat_ask){ .owner = owner, .now_us = now,
	    .limit = limit, .want = want, .in_use = in_use }, &g);
	return g;
}

static void
a_dead_workers_seats_come_back(void **state UNUSED)
{
	int64_t now = INT64_C(1795300000) * SECOND;
	struct seats s;

	seats_read(&s, NULL, 0);
	assert_int_equal(take(&s, 1, now, 3, 3, 3).seats, 3);
	assert_int_equal(take(&s, 2, now, 3, 3, 0).seats, 0);
	assert_int_equal(take(&s, 2, now + SEAT_LEASE_US - 1, 3, 3, 0).seats,
	    0);
	assert_int_equal(take(&s, 2, now + SEAT_LEASE_US, 3, 3, 0).seats, 3);
	/* At once where it says so. */
	seats_leave(&s, 2);
	assert_int_equal(take(&s, 3, now + SEAT_LEASE_US, 3, 1, 0).seats, 3);
}

static void
a_holder_gives_back_what_it_does_not_use(void **state UNUSED)
{
	int64_t now = INT64_C(1795300000) * SECOND;
	struct seat_got g;
	struct seats s;

	seats_read(&s, NULL, 0);
	(void)take(&s, 1, now, 4, 4, 4);
	assert_int_equal(take(&s, 2, now, 4, 4, 0).seats, 0);
	/* Its share is two, but three are under way. */
	g = take(&s, 1, now, 4, 4, 3);
	assert_int_equal(g.seats, 2);
	assert_int_equal(g.held, 3);
	assert_int_equal(g.holders, 2);
	assert_int_equal(take(&s, 2, now, 4, 4, 0).seats, 1);
	g = take(&s, 1, now, 4, 4, 2);
	assert_int_equal(g.held, 2);
	assert_int_equal(take(&s, 2, now, 4, 4, 1).seats, 2);
	/* Who wants little has one, and the other the rest. */
	assert_int_equal(take(&s, 1, now, 4, 0, 0).seats, 1);
	assert_int_equal(take(&s, 2, now, 4, 4, 2).seats, 3);
}

static void
a_row_is_what_it_was(void **state UNUSED)
{
	int64_t now = INT64_C(1795300000) * SECOND;
	uint8_t bytes[SEAT_BYTES_MAX];
	struct seats s, again;
	size_t n;

	seats_read(&s, NULL, 0);
	for (uint64_t i = 1; i <= SEAT_HOLDERS; i++)
		assert_int_equal(take(&s, i << 40 | i, now, 100, 3, 0).holders,
		    i);
	/* One more is no holder, and takes nobody's. */
	assert_int_equal(take(&s, 7, now, 100, 3, 0).seats, 0);
	n = seats_write(&s, bytes);
	assert_int_equal(n, SEAT_BYTES_MAX);
	seats_read(&again, bytes, n);
	assert_memory_equal(&s, &again, sizeof(s));
	seats_read(&again, bytes, n - 1);
	assert_int_equal(again.n, 0);
	/* A clock that was far ahead holds nothing. */
	assert_int_equal(take(&s, 7, now - 100 * SEAT_LEASE_US, 100, 3,
	    0).holders, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r8_no_moment_has_more_than_the_account_allows),
		cmocka_unit_test(r8_hardly_a_seat_is_left_unused),
		cmocka_unit_test(a_dead_workers_seats_come_back),
		cmocka_unit_test(a_holder_gives_back_what_it_does_not_use),
		cmocka_unit_test(a_row_is_what_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
