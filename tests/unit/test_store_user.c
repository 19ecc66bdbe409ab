/*
 * test_store_user.c - accounts and claims (D9), as the programs' own database
 * users.
 */
#include "dbcase.h"
#include "store/user.h"

#define PHONE	"+989120000001"

static int
empty(void **state)
{
	(void)state;
	arena_reset(a);
	dbtest_sql(ctl, "DELETE FROM user");
	return 0;
}

static uint64_t
claim(const char *phone, const char *email)
{
	struct user_new n = { .reg_key = rand_id(), .phone = phone,
	    .email = email, .email_cmp = email, .email_unique = email,
	    .first_name = "سارا", .password = "$argon2id$x",
	    .country = "IR" };
	uint64_t id = 0;

	ok(user_insert(db, &n, &id, e));
	assert_true(id > 0);
	return id;
}

static void
a_registration_redone_meets_its_key(void **state)
{
	struct user_new n = { .reg_key = rand_id(), .phone = PHONE };
	uint64_t one = 0, two = 0;
	struct user u;

	(void)state;
	ok(user_insert(db, &n, &one, e));
	ok(user_insert(db, &n, &two, e));
	assert_true(one == two && one > 0);
	assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM user"), 1);
	ok(user_find(db, a, one, &u, e));
	assert_true(u.id == one && !u.is_active && !USER_PROVED(&u));
	assert_string_equal(u.phone, PHONE);
	assert_string_equal(u.first_name, "");
	assert_null(u.email);
	assert_null(u.birthday);
	assert_int_equal(dbtest_num(ctl, "SELECT DATEDIFF(claim_ends_at,"
	    " created_at) FROM user"), 30);
}

static void
the_newest_claim_then_the_owner(void **state)
{
	uint64_t first = claim(PHONE, "x@example.org"), second, id;
	struct err e = ERR_INIT;
	struct user u;

	(void)state;
	second = claim(PHONE, "x@example.org");
	assert_int_equal(user_by_phone(db, a, PHONE, &u, &e), 1);
	assert_true(u.id == second);
	assert_int_equal(user_by_email(db, a, "x@example.org",
	    "x@example.org", &u, &e), 1);
	assert_true(u.id == second);
	assert_string_equal(u.first_name, "سارا");
	assert_int_equal(user_phone_owner(db, PHONE, &id, &e), 0);
	/* the first proves it: it is theirs, and the other's claim is gone */
	assert_int_equal(user_prove_phone(db, first, PHONE, &e), 1);
	assert_int_equal(user_by_phone(db, a, PHONE, &u, &e), 1);
	assert_true(u.id == first && u.phone_verified && u.is_active);
	assert_int_equal(user_phone_owner(db, PHONE, &id, &e), 1);
	assert_true(id == first);
	assert_int_equal(user_find(db, a, second, &u, &e), 1);
	assert_null(u.phone);
	/* and a later claim does not capture it */
	second = claim(PHONE, NULL);
	assert_int_equal(user_by_phone(db, a, PHONE, &u, &e), 1);
	assert_true(u.id == first);
	assert_int_equal(user_prove_phone(db, second, PHONE, &e), 0);
	assert_int_equal(user_prove_phone(db, second + 100, PHONE, &e), 0);
	assert_int_equal(user_by_phone(db, a, "+989120000002", &u, &e), 0);
	assert_int_equal(user_by_email(db, a, "no@example.org",
	    "no@example.org", &u, &e), 0);
}

static void
mail_is_unique_as_gmail_sees_it(void **state)
{
	struct user_new n = { .reg_key = rand_id(), .is_active = true,
	    .email = "Ada.L@gmail.com", .email_cmp = "ada.l@gmail.com",
	    .email_unique = "adal@gmail.com" };
	uint64_t one = 0, two = 0, id;
	struct err e = ERR_INIT;
	struct user u;

	(void)state;
	ok(user_insert(db, &n, &one, e));
	n.reg_key = rand_id();
	n.email = n.email_cmp = "adal@gmail.com";
	ok(user_insert(db, &n, &two, e));
	assert_int_equal(user_prove_email(db, one, "other@gmail.com", &e), 0);
	assert_int_equal(user_prove_email(db, one, "adal@gmail.com", &e), 1);
	assert_int_equal(user_prove_email(db, two, "adal@gmail.com", &e), 0);
	assert_int_equal(user_email_owner(db, "adal@gmail.com", &id, &e), 1);
	assert_true(id == one);
	assert_int_equal(user_by_email(db, a, "a.d.a.l@gmail.com",
	    "adal@gmail.com", &u, &e), 1);
	assert_true(u.id == one && u.email_verified);
	assert_string_equal(u.email, "Ada.L@gmail.com");
	/* made proved at once, on a taken address: the caller is told */
	n.reg_key = rand_id();
	n.email_verified = true;
	assert_int_equal(user_insert(db, &n, &two, &e), -1);
	assert_true(db_dup_key(&e, "user_email_proved"));
	/* a proved one is no claim to be changed */
	assert_int_equal(user_set_claim_email(db, one, "b@x.org", "b@x.org",
	    "b@x.org", &e), 0);
	two = claim(PHONE, NULL);
	assert_int_equal(user_set_claim_email(db, two, "B@x.org", "b@x.org",
	    "b@x.org", &e), 1);
	assert_int_equal(user_prove_email(db, two, "b@x.org", &e), 1);
}

static int
prover(int i)
{
	struct db *mine = db_new(DB_API);
	struct err e = ERR_INIT;
	int rc = user_prove_phone(mine, (uint64_t)dbtest_num(mine,
	    "SELECT MIN(id) FROM user") + (uint64_t)i, PHONE, &e);

	db_free(mine);
	return rc < 0 ? 100 : rc;
}

static void
s31_of_parallel_proofs_one_wins(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		empty(state);
		for (int i = 0; i < 8; i++)
			(void)claim(PHONE, NULL);
		assert_int_equal(together(prover, 8), 1);
		assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM user"
		    " WHERE phone IS NOT NULL"), 1);
		assert_int_equal(dbtest_num(ctl, "SELECT COUNT(*) FROM user"
		    " WHERE phone_proved IS NOT NULL AND is_active"), 1);
	}
}

static void
a_proof_does_not_free_the_disabled(void **state)
{
	struct user_roles off = { false, false, false };
	struct user_roles boss = { true, true, true };
	uint64_t id = claim(PHONE, NULL);
	struct err e = ERR_INIT;
	struct user u;

	(void)state;
	assert_int_equal(user_prove_phone(db, id, PHONE, &e), 1);
	assert_int_equal(user_set_roles(db, id, &off, &e), 1);
	assert_int_equal(user_prove_phone(db, id, "+989120000002", &e), 1);
	ok(user_find(db, a, id, &u, e));
	assert_false(u.is_active);
	assert_string_equal(u.phone, "+989120000002");
	assert_int_equal(user_set_claim_phone(db, id, PHONE, &e), 0);
	assert_int_equal(user_set_roles(ctl, id, &boss, &e), 1);
	ok(user_find(db, a, id, &u, e));
	assert_true(u.is_active && u.is_staff && u.is_superuser);
}

static void
a_profile_changes_by_member(void **state)
{
	uint64_t id = claim(PHONE, NULL);
	struct user_profile p = { .last_name = "لاولیس",
	    .birthday = "1815-12-10", .gender = "F", .locale = "fa",
	    .time_zone = "Asia/Tehran" };
	struct err e = ERR_INIT;
	struct user u;

	(void)state;
	assert_int_equal(user_set_profile(db, id, &p, &e), 1);
	ok(user_find(db, a, id, &u, e));
	assert_string_equal(u.first_name, "سارا");
	assert_string_equal(u.last_name, "لاولیس");
	assert_string_equal(u.birthday, "1815-12-10");
	assert_string_equal(u.gender, "F");
	p = (struct user_profile){ .birthday = "", .first_name = "",
	    .locale = "en" };
	assert_int_equal(user_set_profile(db, id, &p, &e), 1);
	ok(user_find(db, a, id, &u, e));
	assert_string_equal(u.first_name, "");
	assert_string_equal(u.last_name, "لاولیس");
	assert_null(u.birthday);
	assert_string_equal(u.gender, "F");
	assert_string_equal(u.locale, "en");
	assert_string_equal(u.time_zone, "Asia/Tehran");
	assert_int_equal(user_set_profile(db, id + 1, &p, &e), 0);
	assert_int_equal(user_set_password(db, id, "$argon2id$y", &e), 1);
	/* Not into an account that is not active (any more). */
	assert_int_equal(user_signed_in(db, id, "10.0.0.1", &e), 0);
	dbtest_sql(ctl, "UPDATE user SET is_active = TRUE");
	assert_int_equal(user_signed_in(db, id, "10.0.0.1", &e), 1);
	dbtest_sql(ctl, "UPDATE user SET is_active = FALSE");
	assert_int_equal(user_set_claim_phone(db, id, "+989120000009", &e), 1);
	ok(user_find(db, a, id, &u, e));
	assert_string_equal(u.password, "$argon2id$y");
	assert_string_equal(u.phone, "+989120000009");
	assert_true(u.last_login_us >= u.created_us);
}

static void
old_claims_go(void **state)
{
	uint64_t keep = claim(PHONE, NULL), go = claim("+989120000002", NULL);
	struct err e = ERR_INIT;
	struct user u;
	char sql[120];

	(void)state;
	assert_int_equal(user_prove_phone(db, keep, PHONE, &e), 1);
	snprintf(sql, sizeof(sql), "UPDATE user SET claim_ends_at ="
	    " UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE id = %" PRIu64, go);
	dbtest_sql(ctl, sql);
	assert_int_equal(user_by_phone(db, a, "+989120000002", &u, &e), 0);
	assert_int_equal(user_purge_claims(worker, 10, &e), 1);
	assert_int_equal(user_find(db, a, keep, &u, &e), 1);
	assert_int_equal(user_find(db, a, go, &u, &e), 0);
}

/* Known, claimed and unknown addresses are found by keys alone. */
static void
a_look_up_reads_no_other_rows(void **state)
{
	long before, after;
	struct err e = ERR_INIT;
	struct user u;

	(void)state;
	for (int i = 0; i < 300; i++)
		(void)claim(PHONE, NULL);
	for (int i = 0; i < 3; i++) {
		static const char *const who[] = { PHONE, "+989120000002",
		    PHONE };

		if (i == 2)
			assert_int_equal(user_prove_phone(db,
			    (uint64_t)dbtest_num(db, "SELECT MIN(id) FROM"
			    " user"), PHONE, &e), 1);
		before = dbtest_num(db, "SELECT SUM(VARIABLE_VALUE) FROM"
		    " information_schema.SESSION_STATUS WHERE VARIABLE_NAME"
		    " IN ('HANDLER_READ_NEXT', 'HANDLER_READ_PREV',"
		    " 'HANDLER_READ_RND_NEXT')");
		for (int k = 0; k < 50; k++)
			assert_int_equal(user_by_phone(db, a, who[i], &u, &e),
			    i != 1);
		after = dbtest_num(db, "SELECT SUM(VARIABLE_VALUE) FROM"
		    " information_schema.SESSION_STATUS WHERE VARIABLE_NAME"
		    " IN ('HANDLER_READ_NEXT', 'HANDLER_READ_PREV',"
		    " 'HANDLER_READ_RND_NEXT')");
		/* the status query itself walks its own few rows */
		assert_true(after - before < 50);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, empty)
	const struct CMUnitTest tests[] = {
		T(a_registration_redone_meets_its_key),
		T(the_newest_claim_then_the_owner),
		T(mail_is_unique_as_gmail_sees_it),
		T(s31_of_parallel_proofs_one_wins),
		T(a_proof_does_not_free_the_disabled),
		T(a_profile_changes_by_member),
		T(old_claims_go),
		T(a_look_up_reads_no_other_rows),
	};

	dbtest_begin("test_store_user");
	return cmocka_run_group_tests(tests, db_setup_proved, db_teardown);
}
