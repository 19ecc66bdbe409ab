/*
 * test_auth_audit.c - the chain holds, and nothing in it changes unseen
 * (S71, D12).
 */
#include "auth_case.h"
#include "auth/audit.h"

static struct user u;

static void
add(const char *event, uint64_t user_id)
{
	const struct audit_event ev = { .event = event, .outcome = "ok",
	    .user_id = user_id, .actor_id = user_id, .session_id = 7,
	    .detail = "{\"n\":1}" };

	ok(audit_add(db, &q, &ev, e));
}

/* Seven rows of two seconds ago, sealed; the newest second waits. */
static int
sealed_seven(void **state)
{
	struct err e = ERR_INIT;

	if (case_empty(state) != 0)
		return -1;
	case_user(&u);
	clock_test_set(clock_now() - 2 * US_PER_S);
	for (int i = 0; i < 7; i++)
		add(i % 2 ? "login" : "logout", i % 3 ? u.id : 0);
	clock_test_set(0);
	/* in two bites: the second follows the first */
	assert_int_equal(audit_seal(worker, 11, 4, &e), 4);
	assert_int_equal(audit_seal(worker, 11, 100, &e), 3);
	assert_int_equal(audit_seal(worker, 11, 100, &e), 0);
	return 0;
}

static int
verify(uint64_t *at)
{
	struct err e = ERR_INIT;
	int rc;

	*at = 0;
	rc = audit_verify(ctl, at, &e);
	if (rc < 0)
		fail_msg("%s", e.detail);
	return rc;
}

static void
s71_an_untouched_chain_is_whole(void **state UNUSED)
{
	uint64_t at;

	assert_int_equal(verify(&at), 0);
	assert_int_equal(case_num("SELECT COUNT(*) FROM audit WHERE seal_no"
	    " BETWEEN 1 AND 7 AND chain IS NOT NULL"), 7);
	/* unsealed rows are no fault */
	add("login", u.id);
	assert_int_equal(verify(&at), 0);
}

static void
s71_every_column_is_bound(void **state UNUSED)
{
	static const char *const change[] = {
		"at = at + INTERVAL 1 MICROSECOND", "event = 'logon'",
		"outcome = 'refused'", "user_id = user_id + 1",
		"actor_id = 5", "session_id = 8", "request_id = REPEAT('b',"
		" 32)", "ip = '192.0.2.8'", "ip = ''", "country = 'DE'",
		"user_agent = 'other'", "detail = '{\"n\":2}'", "detail = ''",
		"personal_mac = REPEAT('x', 32)",
		"row_mac = REPEAT('x', 32)", "chain = REPEAT('x', 32)",
		"seal_no = 99", "id = id + 1",
	};
	uint64_t at;

	for (size_t i = 0; i < COUNT_OF(change); i++) {
		case_sql("CREATE TABLE kept AS SELECT * FROM audit");
		case_sql("UPDATE audit SET %s WHERE seal_no = 5", change[i]);
		if (verify(&at) != 1)
			fail_msg("%s goes unseen", change[i]);
		assert_true(at != 0);
		case_sql("DELETE FROM audit; INSERT INTO audit SELECT * FROM"
		    " kept; DROP TABLE kept");
		assert_int_equal(verify(&at), 0);
	}
}

static void
s71_rows_cannot_go_come_or_change_places(void **state UNUSED)
{
	static const char *const change[] = {
		/* the first, one in the middle, and both sides closed up */
		"DELETE FROM audit WHERE seal_no = 1",
		"DELETE FROM audit WHERE seal_no <= 3",
		"DELETE FROM audit WHERE seal_no = 4",
		"DELETE FROM audit WHERE seal_no = 4;"
		"UPDATE audit SET seal_no = seal_no - 1 WHERE seal_no > 4"
		" ORDER BY seal_no",
		"DELETE FROM audit WHERE seal_no <= 3;"
		"UPDATE audit SET seal_no = seal_no - 3 ORDER BY seal_no",
		/* two change places */
		"UPDATE audit SET seal_no = 99 WHERE seal_no = 2;"
		"UPDATE audit SET seal_no = 2 WHERE seal_no = 3;"
		"UPDATE audit SET seal_no = 3 WHERE seal_no = 99",
		/* a copy is put at the end */
		"INSERT INTO audit SELECT id + 1, at, event, outcome, user_id,"
		" actor_id, session_id, request_id, ip, country, user_agent,"
		" detail, personal_mac, row_mac, 8, chain FROM audit"
		" WHERE seal_no = 7",
	};
	uint64_t at;

	for (size_t i = 0; i < COUNT_OF(change); i++) {
		case_sql("CREATE TABLE kept AS SELECT * FROM audit");
		dbtest_sql(ctl, change[i]);
		if (verify(&at) != 1)
			fail_msg("%s goes unseen", change[i]);
		case_sql("DELETE FROM audit; INSERT INTO audit SELECT * FROM"
		    " kept; DROP TABLE kept");
	}
	assert_int_equal(verify(&at), 0);
}

/* Erasing a person (S72) leaves the chain whole. */
static void
s71_s72_the_personal_columns_go_with_their_salt(void **state UNUSED)
{
	uint64_t at;

	case_sql("UPDATE audit SET ip = '', user_agent = '' WHERE user_id ="
	    " %" PRIu64, u.id);
	assert_int_equal(verify(&at), 1);	/* the salt is there still */
	case_sql("DELETE FROM user_salt WHERE user_id = %" PRIu64, u.id);
	assert_int_equal(verify(&at), 0);
	/* and cannot come back as others */
	case_sql("UPDATE audit SET ip = '192.0.2.9' WHERE user_id = %" PRIu64,
	    u.id);
	assert_int_equal(verify(&at), 1);
}

static void
s71_another_key_makes_no_chain(void **state UNUSED)
{
	uint64_t at;

	keys.mac[3] ^= 1;
	assert_int_equal(verify(&at), 1);
	keys.mac[3] ^= 1;
	assert_int_equal(verify(&at), 0);
}

static int
seal_as(int owner)
{
	struct err e = ERR_INIT;
	int n;

	case_child();
	worker = db_new(DB_WORKER);
	n = audit_seal(worker, (uint64_t)owner + 100, 1000, &e);
	return n < 0 ? 99 : n;
}

static void
one_sealer_at_a_time(void **state UNUSED)
{
	pid_t pid[6];
	uint64_t at;
	int n = 0;

	clock_test_set(clock_now() - 2 * US_PER_S);
	for (int i = 0; i < 40; i++)
		add("login", u.id);
	clock_test_set(0);
	case_sql("UPDATE lease SET owner = 0, ends_at = '2000-01-01'");
	for (int i = 0; i < 6; i++)
		pid[i] = dbtest_fork(seal_as, i);
	for (int i = 0; i < 6; i++)
		n += dbtest_join(pid[i]);
	assert_int_equal(n, 40);
	assert_int_equal(case_num("SELECT COUNT(DISTINCT seal_no) FROM audit"),
	    47);
	assert_int_equal(verify(&at), 0);
}

/* H5, and columns that are shorter than what browsers say. */
static void
s71_what_clients_say_is_cut_whole(void **state UNUSED)
{
	struct err e = ERR_INIT;
	char agent[700];
	uint64_t at;

	for (size_t i = 0; i < 600; i += 2)
		memcpy(agent + i, "\xd8\xb3", 2);
	agent[600] = '\0';
	q.user_agent = agent + 0;
	clock_test_set(clock_now() - 2 * US_PER_S);
	add("login", u.id);
	q.user_agent = "not utf-8 \xff\xfe";
	add("login", u.id);
	q.user_agent = "two\r\nlines\t'; DROP TABLE audit; --";
	add("login", u.id);
	clock_test_set(0);
	assert_int_equal(audit_seal(worker, 11, 100, &e), 3);
	assert_int_equal(verify(&at), 0);
	assert_int_equal(case_num("SELECT MAX(LENGTH(user_agent)) FROM"
	    " audit"), 254);
}

#define T(f) cmocka_unit_test_setup(f, sealed_seven)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(s71_an_untouched_chain_is_whole),
		T(s71_every_column_is_bound),
		T(s71_rows_cannot_go_come_or_change_places),
		T(s71_s72_the_personal_columns_go_with_their_salt),
		T(s71_another_key_makes_no_chain),
		T(one_sealer_at_a_time),
		T(s71_what_clients_say_is_cut_whole),
	};

	dbtest_begin("test_auth_audit");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
