/*
 * test_store_session.c - sessions and revocations, as the programs' own
 * database users.
 */
#include "dbcase.h"
#include "store/revocation.h"
#include "store/session.h"
#include "store/user.h"

static int
empty(void **state)
{
	(void)state;
	arena_reset(a);
	dbtest_sql(ctl, "DELETE FROM session; DELETE FROM revocation;"
	    "DELETE FROM user");
	return 0;
}

static uint64_t
a_user(void)
{
	struct user_new n = { .reg_key = rand_id(), .is_active = true,
	    .first_name = "Ada", .email = "Ada.L@gmail.com",
	    .email_cmp = "ada.l@gmail.com", .email_unique = "adal@gmail.com",
	    .email_verified = true };
	uint64_t id = 0;

	ok(user_insert(db, &n, &id, e));
	return id;
}

/* --- sessions --------------------------------------------------------------------- */

static void
begin_session(uint64_t id, uint64_t user, struct session *s)
{
	struct session_new n = { .id = id, .user_id = user, .amr = "pwd",
	    .ip = "127.0.0.1", .country = "IR",
	    .user_agent = "bad \xff\xfe utf-8 \xd8\xb3", .idle_s = 1000,
	    .life_s = 5000 };

	ok(session_insert(db, a, &n, s, e));
}

static void
a_session_begins_and_is_found(void **state)
{
	uint64_t user = a_user(), id = rand_id();
	struct session s, t;
	struct session_new n = { .id = rand_id(), .user_id = user + 1,
	    .amr = "pwd", .idle_s = 10, .life_s = 10 };
	struct err e = ERR_INIT;

	(void)state;
	begin_session(id, user, &s);
	begin_session(id, user, &t);	/* its own id: the same row (D20) */
	assert_true(s.rotated_at_us == t.rotated_at_us);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM session"), 1);
	assert_true(session_alive(&s));
	assert_true(s.user_id == user && s.current == 1 && s.parent == 0);
	assert_true(s.ends_at_us - s.created_at_us == 5000 * US_PER_S);
	assert_true(s.idle_ends_at_us - s.created_at_us == 1000 * US_PER_S);
	assert_true(s.verified && s.is_active && !s.is_staff && !s.claim);
	assert_string_equal(s.email, "Ada.L@gmail.com");
	assert_string_equal(s.country, "IR");
	assert_true(session_iat_s(&s, 0) == s.rotated_at_us / US_PER_S);
	assert_int_equal(session_insert(db, a, &n, &t, &e), 1);
	assert_int_equal(session_find(db, a, 12345, &t, &e), 0);
	assert_int_equal(session_check(db, id, user, session_iat_s(&s, 0), &e),
	    1);
	assert_int_equal(session_check(db, id, user + 1, session_iat_s(&s, 0),
	    &e), 0);
}

static void
a_step_wins_once_and_keeps_the_counters(void **state)
{
	struct session_step rotate = { SESSION_ROTATE, 2000, 60, "10.0.0.9" };
	struct session_step supersede = { SESSION_SUPERSEDE, 2000, 60, NULL };
	struct session s, stale, is;
	struct err e = ERR_INIT;
	uint64_t id = rand_id();

	(void)state;
	begin_session(id, a_user(), &s);
	assert_int_equal(session_find(db, a, id, &s, &e), 1);
	stale = s;
	stale.now_us++;		/* a reader that came a little later */
	assert_int_equal(session_step(db, &s, &rotate, &e), 1);
	assert_true(s.current == 2 && s.parent == 1 && s.newest == 2);
	assert_int_equal(session_step(db, &stale, &rotate, &e), 0);
	assert_int_equal(session_find(db, a, id, &is, &e), 1);
	assert_true(is.current == 2 && is.rotated_at_us == s.rotated_at_us);
	assert_true(is.minute_n == s.minute_n && is.minute_n == 1);
	assert_true(is.minute_at_us == s.minute_at_us);
	assert_true(is.idle_ends_at_us == s.idle_ends_at_us);
	/* the parent comes back late: 2 was never used */
	assert_int_equal(session_step(db, &is, &supersede, &e), 1);
	assert_true(is.current == 3 && is.parent == 1 && is.killed == 2);
	assert_int_equal(session_find(db, a, id, &s, &e), 1);
	assert_true(s.current == 3 && s.parent == 1 && s.killed == 2 &&
	    s.newest == 3 && s.killed_at_us == is.killed_at_us);
	/* idle time never passes the end */
	rotate.idle_s = 1000000;
	assert_int_equal(session_step(db, &s, &rotate, &e), 1);
	assert_true(s.idle_ends_at_us == s.ends_at_us);
	assert_int_equal(session_find(db, a, id, &is, &e), 1);
	assert_true(is.idle_ends_at_us == is.ends_at_us);
	/* a read of long ago steps nothing */
	dbtest_sql(ctl, "UPDATE session SET rotated_at = rotated_at -"
	    " INTERVAL 60 SECOND");
	assert_int_equal(session_find(db, a, id, &s, &e), 1);
	s.now_us -= 6 * US_PER_S;
	assert_int_equal(session_step(db, &s, &rotate, &e), 0);
}

static void
a_minute_has_so_many_steps(void **state)
{
	struct session_step st = { SESSION_ROTATE, 2000, 3, NULL };
	struct err e = ERR_INIT;
	uint64_t id = rand_id();
	struct session s;

	(void)state;
	begin_session(id, a_user(), &s);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(session_find(db, a, id, &s, &e), 1);
		assert_int_equal(session_minute_wait(&s, 3), 0);
		assert_int_equal(session_step(db, &s, &st, &e), 1);
	}
	assert_int_equal(session_find(db, a, id, &s, &e), 1);
	assert_in_range(session_minute_wait(&s, 3), 57, 60);
	assert_int_equal(session_step(db, &s, &st, &e), 0);
	dbtest_sql(ctl, "UPDATE session SET minute_at = minute_at -"
	    " INTERVAL 60 SECOND");
	assert_int_equal(session_find(db, a, id, &s, &e), 1);
	assert_int_equal(session_minute_wait(&s, 3), 0);
	assert_int_equal(session_step(db, &s, &st, &e), 1);
	assert_int_equal(s.minute_n, 1);
}

static uint64_t shared_id;

static int
stepper(int i)
{
	struct session_step st = { SESSION_ROTATE, 2000, 1000, NULL };
	struct db *mine = db_new(DB_API);
	struct err e = ERR_INIT;
	struct session s;
	int won = 0;

	(void)i;
	while (won < 6) {
		if (session_find(mine, a, shared_id, &s, &e) != 1)
			return 100;
		switch (session_step(mine, &s, &st, &e)) {
		case 1: won++; break;
		case 0: break;
		default: return 100;
		}
	}
	db_free(mine);
	return won;
}

static void
s5_parallel_steps_lose_no_counter(void **state)
{
	struct err e = ERR_INIT;
	struct session s;

	(void)state;
	shared_id = rand_id();
	begin_session(shared_id, a_user(), &s);
	assert_int_equal(together(stepper, 8), 48);
	assert_int_equal(session_find(db, a, shared_id, &s, &e), 1);
	/* fewer only where two read the same µs, and so made the same pair */
	assert_in_range(s.current, 40, 49);
	assert_true(s.parent == s.current - 1 && s.newest == s.current);
	assert_int_equal(s.minute_n, s.current - 1);
}

static int
count_row(void *arg, struct err *e)
{
	(void)e;
	++*(int *)arg;
	return 0;
}

static void
ended_sessions_are_revoked(void **state)
{
	uint64_t user = a_user(), id[3], ids[8];
	struct session_end one = { .user_id = user, .reason = "logout",
	    .access_life_s = 900 };
	struct revocation r;
	struct session_seen seen;
	struct err e = ERR_INIT;
	struct session s;
	int64_t now = 0;
	int n = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		begin_session(id[i] = rand_id(), user, &s);
	assert_int_equal(session_each(db, a, user, 10, &seen, count_row, &n,
	    &e), 3);
	one.session_id = id[0];
	one.user_id = user + 1;		/* not theirs */
	assert_int_equal(session_end(db, &one, ids, 8, &e), 0);
	one.user_id = user;
	assert_int_equal(session_end(db, &one, ids, 8, &e), 1);
	assert_true(ids[0] == id[0]);
	assert_int_equal(session_end(db, &one, ids, 8, &e), 0);
	assert_int_equal(session_check(db, id[0], user, now + 1, &e), 0);
	assert_int_equal(session_find(db, a, id[0], &s, &e), 1);
	assert_false(session_alive(&s));
	one.session_id = 0;
	one.keep = id[1];
	assert_int_equal(session_end(db, &one, ids, 0, &e), 1);
	assert_int_equal(session_find(db, a, id[1], &s, &e), 1);
	assert_true(session_alive(&s));
	n = 0;
	assert_int_equal(revocation_each(db, 0, &r, &now, count_row, &n, &e),
	    2);
	assert_true(r.session_id == r.id && r.user_id == user);
	assert_true(r.expires_us - r.created_us == 960 * US_PER_S);
	assert_true(now >= r.created_us);
	assert_int_equal(revocation_each(db, now + 1, &r, NULL, count_row, &n,
	    &e), 0);
	assert_int_equal(revocation_purge(worker, 10, &e), 0);
	dbtest_sql(ctl, "UPDATE revocation SET expires_at = created_at -"
	    " INTERVAL 1 SECOND; UPDATE session SET"
	    " ends_at = ends_at - INTERVAL 31 DAY WHERE ended_at IS NOT NULL");
	assert_int_equal(revocation_purge(worker, 10, &e), 2);
	assert_int_equal(session_purge(worker, 10, &e), 2);
}

static void
two_changes_in_a_second_stay_two(void **state)
{
	uint64_t user = a_user(), id = rand_id();
	int64_t first, second;
	struct err e = ERR_INIT;
	struct session s;

	(void)state;
	begin_session(id, user, &s);
	assert_int_equal(revocation_outdate(db, user, 900, &first, &e), 1);
	assert_true(first > s.now_us / US_PER_S);
	assert_int_equal(session_check(db, id, user, session_iat_s(&s, 0), &e),
	    0);
	assert_int_equal(session_find(db, a, id, &s, &e), 1);
	/* a token made now is good at once, and dead after the next change */
	assert_true(session_iat_s(&s, s.now_us) == first);
	assert_int_equal(session_check(db, id, user, first, &e), 1);
	assert_int_equal(revocation_outdate(db, user, 900, &second, &e), 1);
	assert_true(second > first);
	assert_int_equal(session_check(db, id, user, first, &e), 0);
	assert_int_equal(revocation_outdate(db, user + 1, 900, &second, &e),
	    0);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM revocation"
	    " WHERE session_id = 0"), 2);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, empty)
	const struct CMUnitTest tests[] = {
		T(a_session_begins_and_is_found),
		T(a_step_wins_once_and_keeps_the_counters),
		T(a_minute_has_so_many_steps),
		T(s5_parallel_steps_lose_no_counter),
		T(ended_sessions_are_revoked),
		T(two_changes_in_a_second_stay_two),
	};

	dbtest_begin("test_store_session");
	return cmocka_run_group_tests(tests, db_setup_proved, db_teardown);
}
