/*
 * test_auth_grant.c - a session's life: rotation, grace, supersede, theft,
 * and the end (S1-S14, D7, D8).
 */
#include "auth_case.h"
#include "store/session.h"

static struct user u;

static void
begin(struct grant *g)
{
	ok(grant_begin(db, a, &q, &u, "pwd", g, e));
}

static int
fresh_user(void **state)
{
	if (case_empty(state) != 0)
		return -1;
	case_user(&u);
	return 0;
}

/* The session was rotated (and its unused successor killed) that long ago. */
static void
ago(uint64_t id, int rotated_s, int killed_s)
{
	case_sql("UPDATE session SET rotated_at = rotated_at - INTERVAL %d"
	    " SECOND, killed_at = killed_at - INTERVAL %d SECOND,"
	    " minute_at = minute_at - INTERVAL 61 SECOND"
	    " WHERE id = %" PRIu64, rotated_s, killed_s, id);
}

static void
refresh(const char *token, struct grant *g)
{
	ok(grant_refresh(db, a, &q, token, g, e));
}

static long
ended(uint64_t id)
{
	return case_num("SELECT ended_at IS NOT NULL FROM session WHERE id ="
	    " %" PRIu64, id);
}

/* --- rotation ------------------------------------------------------------------ */

static void
s1_each_use_gives_the_next(void **state UNUSED)
{
	struct grant g, n;
	uint64_t id;
	uint32_t counter;

	begin(&g);
	for (uint32_t i = 2; i < 6; i++) {
		refresh(g.refresh, &n);
		assert_string_not_equal(n.refresh, g.refresh);
		assert_string_not_equal(n.access, g.access);
		assert_int_equal(refresh_parse(n.refresh, &id, &counter), 1);
		assert_true(id == g.session_id && counter == i &&
		    n.session_id == id && n.user_id == u.id);
		g = n;
	}
}

static void
s3_within_grace_it_is_the_same_pair(void **state UNUSED)
{
	struct grant g, one, two;

	begin(&g);
	refresh(g.refresh, &one);
	for (int i = 0; i < 3; i++) {
		refresh(g.refresh, &two);
		assert_string_equal(one.access, two.access);
		assert_string_equal(one.refresh, two.refresh);
	}
	assert_int_equal(case_num("SELECT newest FROM session"), 2);
	/* no grace: the parent supersedes at once */
	case_config("GATEPOST_REFRESH_GRACE_S", "0");
	refresh(g.refresh, &two);
	assert_string_not_equal(one.refresh, two.refresh);
	case_config("GATEPOST_REFRESH_GRACE_S", "10");
}

static char pair_path[100];

/* One of fifty: writes the pair it got beside those of the others. */
static int
one_of_fifty(int i)
{
	static char shown[REFRESH_TEXT];
	struct err e = ERR_INIT;
	struct grant g;
	char path[120];
	FILE *f;

	snprintf(path, sizeof(path), "%s/token", case_dir);
	if ((f = fopen(path, "r")) == NULL ||
	    fgets(shown, sizeof(shown), f) == NULL)
		return 98;
	fclose(f);
	case_child();
	if (grant_refresh(db, a, &q, shown, &g, &e) < 0)
		return 99;
	snprintf(path, sizeof(path), "%s.%d", pair_path, i);
	if ((f = fopen(path, "w")) == NULL)
		return 97;
	fprintf(f, "%s\n%s\n", g.access, g.refresh);
	return fclose(f) == 0 ? 0 : 96;
}

static void
s5_fifty_at_once_are_one_rotation(void **state UNUSED)
{
	char path[120], first[4096] = "", got[4096];
	struct grant g;
	pid_t pid[50];
	FILE *f;

	begin(&g);
	snprintf(pair_path, sizeof(pair_path), "%s/pair", case_dir);
	snprintf(path, sizeof(path), "%s/token", case_dir);
	assert_non_null(f = fopen(path, "w"));
	fputs(g.refresh, f);
	assert_int_equal(fclose(f), 0);
	for (int i = 0; i < 50; i++)
		pid[i] = dbtest_fork(one_of_fifty, i);
	for (int i = 0; i < 50; i++)
		assert_int_equal(dbtest_join(pid[i]), 0);
	for (int i = 0; i < 50; i++) {
		size_t n;

		snprintf(path, sizeof(path), "%s.%d", pair_path, i);
		assert_non_null(f = fopen(path, "r"));
		n = fread(got, 1, sizeof(got) - 1, f);
		got[n] = '\0';
		fclose(f);
		if (i == 0)
			memcpy(first, got, sizeof(first));
		assert_string_equal(first, got);
	}
	assert_int_equal(case_num("SELECT newest * 100 + current * 10 +"
	    " parent FROM session"), 221);
	assert_int_equal(ended(g.session_id), 0);
}

static void
s4_a_lost_answer_is_superseded(void **state UNUSED)
{
	struct grant g, lost, third, again;

	begin(&g);
	refresh(g.refresh, &lost);
	ago(g.session_id, 5 * 3600, 0);
	refresh(g.refresh, &third);
	assert_string_not_equal(lost.refresh, third.refresh);
	/* and once more, while it is still the parent */
	ago(g.session_id, 11, 0);
	refresh(g.refresh, &again);
	assert_string_not_equal(third.refresh, again.refresh);
	/* the successor killed a moment ago gets the current pair */
	refresh(third.refresh, &lost);
	assert_string_equal(lost.refresh, again.refresh);
	assert_string_equal(lost.access, again.access);
	/* later it was stolen */
	ago(g.session_id, 0, 11);
	code_is("refresh_reused", grant_refresh(db, a, &q, third.refresh,
	    &lost, e));
	assert_int_equal(ended(g.session_id), 1);
	code_is("invalid_token", grant_refresh(db, a, &q, again.refresh,
	    &lost, e));
}

static void
s4_the_parent_of_a_used_successor_is_theft(void **state UNUSED)
{
	struct grant g, two, three, no;

	begin(&g);
	refresh(g.refresh, &two);
	refresh(two.refresh, &three);
	/* a grandparent, even a second later */
	code_is("refresh_reused", grant_refresh(db, a, &q, g.refresh, &no,
	    e));
	code_is("invalid_token", grant_refresh(db, a, &q, three.refresh, &no,
	    e));
	assert_int_equal(case_num("SELECT COUNT(*) FROM audit WHERE event ="
	    " 'refresh_reuse' AND user_id = %" PRIu64 " AND session_id = %"
	    PRIu64, u.id, g.session_id), 1);
	/* in shared memory, before the master has read anything */
	assert_int_equal(shm_revoked(shm, g.session_id, u.id,
	    clock_now() / US_PER_S, clock_now()), SHM_REVOKED);
	/* its owner is told: one notice, one job */
	assert_int_equal(case_num("SELECT COUNT(*) FROM notification n JOIN"
	    " job j ON j.notification_id = n.id WHERE n.content LIKE"
	    " '%%refresh_reuse%%'"), 1);
	/* a counter that never was: nobody but a forger with the key */
	begin(&g);
	{
		char forged[REFRESH_TEXT];

		refresh_make(forged, g.session_id, 7);
		code_is("refresh_reused", grant_refresh(db, a, &q, forged,
		    &no, e));
	}
}

static void
s9_the_end_is_the_end(void **state UNUSED)
{
	struct access_claims c;
	struct grant g, n;
	long ends;

	begin(&g);
	ends = case_num("SELECT UNIX_TIMESTAMP(ends_at) FROM session");
	refresh(g.refresh, &n);
	assert_int_equal(case_num("SELECT UNIX_TIMESTAMP(ends_at) FROM"
	    " session"), ends);
	case_sql("UPDATE session SET ends_at = UTC_TIMESTAMP(6) + INTERVAL 60"
	    " SECOND");
	refresh(n.refresh, &g);
	ok(access_check(a, g.access, strlen(g.access), &c, e));
	assert_true(c.exp_s <= c.session_end_s && c.exp_s <= clock_now() /
	    US_PER_S + 61);
	case_sql("UPDATE session SET ends_at = UTC_TIMESTAMP(6)");
	code_is("invalid_token", grant_refresh(db, a, &q, g.refresh, &n, e));
	begin(&g);
	case_sql("UPDATE session SET idle_ends_at = UTC_TIMESTAMP(6)");
	code_is("invalid_token", grant_refresh(db, a, &q, g.refresh, &n, e));
	begin(&g);
	case_sql("UPDATE user SET is_active = FALSE");
	code_is("invalid_token", grant_refresh(db, a, &q, g.refresh, &n, e));
}

static void
what_lay_too_long_rotates_nothing(void **state UNUSED)
{
	struct grant g, n;

	begin(&g);
	q.arrived_us = clock_now() - 6 * US_PER_S;
	refuses(ERR_UNAVAILABLE, grant_refresh(db, a, &q, g.refresh, &n, e));
	assert_int_equal(case_num("SELECT current FROM session"), 1);
	q.arrived_us = clock_now() - 4 * US_PER_S;
	refresh(g.refresh, &n);
}

static void
sixty_a_minute(void **state UNUSED)
{
	struct err e = ERR_INIT;
	struct grant g, n;
	int done = 0;

	begin(&g);
	while (grant_refresh(db, a, &q, g.refresh, &n, &e) == 0) {
		g = n;
		assert_true(++done <= 60);
	}
	assert_int_equal(done, 60);
	assert_int_equal(e.kind, ERR_THROTTLED);
	assert_in_range(e.retry_after_s, 1, 60);
}

/* The server has not heard of it. */
static void
s8_garbage_costs_no_statement(void **state UNUSED)
{
	static const char *const row[] = { "", "x", "gp_abc",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"AQVO251pN-AAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct grant n;
	long before, after;

	before = strtol(strrchr(dbtest_ask(db, "SELECT CONCAT('x ',"
	    " VARIABLE_VALUE) FROM information_schema.SESSION_STATUS WHERE"
	    " VARIABLE_NAME = 'QUESTIONS'"), ' '), NULL, 10);
	for (size_t i = 0; i < COUNT_OF(row); i++)
		code_is("invalid_token", grant_refresh(db, a, &q, row[i], &n,
		    e));
	after = strtol(strrchr(dbtest_ask(db, "SELECT CONCAT('x ',"
	    " VARIABLE_VALUE) FROM information_schema.SESSION_STATUS WHERE"
	    " VARIABLE_NAME = 'QUESTIONS'"), ' '), NULL, 10);
	assert_int_equal(after - before, 1);	/* this one's own */
}

/* --- the end ------------------------------------------------------------------ */

struct ending { struct grant_ended ended; bool fail; };

static int
end_all(struct db *d, void *arg, struct err *e)
{
	struct ending *x = arg;

	if (grant_end_all(d, u.id, "test", &x->ended, e) < 0)
		return -1;
	return x->fail ? 1 : 0;
}

static enum shm_answer
seen(uint64_t session, int64_t iat_s)
{
	return shm_revoked(shm, session, u.id, iat_s, clock_now());
}

/* Others hear of it when it is so: after the commit. */
static void
s10_what_was_rolled_back_is_not_published(void **state UNUSED)
{
	struct ending x = { .ended = GRANT_ENDED_NONE, .fail = true };
	int64_t iat = clock_now() / US_PER_S;
	struct grant g, other;

	begin(&g);
	begin(&other);
	ok(db_tx(db, end_all, &x, e));
	assert_int_equal(x.ended.n, 2);
	assert_int_equal(seen(g.session_id, iat), SHM_CLEAR);
	assert_int_equal(ended(g.session_id), 0);
	x = (struct ending){ .ended = GRANT_ENDED_NONE };
	ok(db_tx(db, end_all, &x, e));
	assert_int_equal(seen(g.session_id, iat), SHM_CLEAR);
	grant_publish(&x.ended);
	assert_int_equal(seen(g.session_id, iat), SHM_REVOKED);
	assert_int_equal(seen(other.session_id, iat), SHM_REVOKED);
	/* tokens of before, of any session */
	assert_int_equal(seen(12345, iat), SHM_REVOKED);
	assert_int_equal(seen(12345, iat + 5), SHM_CLEAR);
}

static int
end_unpublished(struct db *d, void *arg, struct err *e)
{
	struct err own = ERR_INIT;

	(void)arg;
	(void)e;
	assert_int_equal(grant_end(d, u.id, 1, "test", NULL, &own), -1);
	assert_int_equal(own.kind, ERR_INTERNAL);
	assert_int_equal(grant_outdate(d, u.id, NULL, &own), -1);
	return 0;
}

static void
a_unit_of_work_must_collect(void **state UNUSED)
{
	ok(db_tx(db, end_unpublished, NULL, e));
}

static void
s12_one_others_and_all(void **state UNUSED)
{
	struct err e = ERR_INIT;
	struct grant g[4], n;

	for (int i = 0; i < 4; i++)
		begin(&g[i]);
	assert_int_equal(grant_end(db, u.id, g[0].session_id, "t", NULL, &e),
	    1);
	assert_int_equal(grant_end(db, u.id, g[0].session_id, "t", NULL, &e),
	    0);
	assert_int_equal(grant_end(db, u.id + 1, g[1].session_id, "t", NULL,
	    &e), 0);
	/* no session is not all of them */
	assert_int_equal(grant_end(db, u.id, 0, "t", NULL, &e), 0);
	assert_int_equal(ended(g[1].session_id), 0);
	assert_int_equal(grant_end_others(db, u.id, g[1].session_id, "t",
	    NULL, &e), 2);
	refresh(g[1].refresh, &n);
	assert_int_equal(grant_end_all(db, u.id, "t", NULL, &e), 1);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(ended(g[i].session_id), 1);
		assert_int_equal(seen(g[i].session_id, INT64_MAX),
		    SHM_REVOKED);
	}
	/* S13: a row a session, gone when their tokens are */
	assert_int_equal(case_num("SELECT COUNT(*) FROM revocation WHERE"
	    " expires_at <= UTC_TIMESTAMP(6) + INTERVAL 961 SECOND"), 5);
}

/* S7: nothing in the tables is a token, or makes one. */
static void
s7_tables_hold_counters_only(void **state UNUSED)
{
	struct grant g, n;

	begin(&g);
	refresh(g.refresh, &n);
	assert_int_equal(case_num("SELECT COUNT(*) FROM session WHERE"
	    " CONCAT_WS('|', id, user_id, current, parent, newest, killed,"
	    " amr, ip, user_agent) LIKE '%%%s%%'", n.refresh), 0);
	assert_int_equal(case_num("SELECT COUNT(*) FROM"
	    " information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
	    " AND TABLE_NAME = 'session' AND (DATA_TYPE LIKE '%%binary' OR"
	    " DATA_TYPE LIKE '%%blob' OR DATA_TYPE LIKE '%%text')"), 0);
}

#define T(f) cmocka_unit_test_setup(f, fresh_user)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(s1_each_use_gives_the_next),
		T(s3_within_grace_it_is_the_same_pair),
		T(s5_fifty_at_once_are_one_rotation),
		T(s4_a_lost_answer_is_superseded),
		T(s4_the_parent_of_a_used_successor_is_theft),
		T(s9_the_end_is_the_end),
		T(what_lay_too_long_rotates_nothing),
		T(sixty_a_minute),
		T(s8_garbage_costs_no_statement),
		T(s10_what_was_rolled_back_is_not_published),
		T(a_unit_of_work_must_collect),
		T(s12_one_others_and_all),
		T(s7_tables_hold_counters_only),
	};

	dbtest_begin("test_auth_grant");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
