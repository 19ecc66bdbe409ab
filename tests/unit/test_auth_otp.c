/*
 * test_auth_otp.c - flows that a code proves (S28-S32, D9-D11).
 */
#include "auth_case.h"
#include "auth/otp.h"
#include "base/crypto.h"
#include "base/json.h"
#include "store/known_device.h"

#include <sys/mman.h>

static struct user u;

static int
fresh_user(void **state)
{
	if (case_empty(state) != 0)
		return -1;
	case_user(&u);
	return 0;
}

/* A day later, for every count. */
static void
forget(void)
{
	case_sql("DELETE FROM throttle");
}

static struct otp_start
of(enum otp_purpose p, uint64_t user_id, const char *phone)
{
	return (struct otp_start){ .purpose = p, .user_id = user_id,
	    .channel = "sms", .target = phone, .locale = "en" };
}

static void
begin(const struct otp_start *s, char register_id[REGISTER_ID_TEXT])
{
	ok(otp_begin(db, &q, s, register_id, e));
}

/* The code of the newest message, as the worker reads it; "" when a notice
 * carries none that is worth anything. */
static void
sent_any_code(char code[16])
{
	char hex[600];
	struct json *j = NULL;
	const char *text = NULL;
	uint8_t sealed[300];
	uint64_t id = (uint64_t)case_num("SELECT MAX(id) FROM job");

	snprintf(hex, sizeof(hex), "%s", dbtest_ask(ctl, arena_printf(a,
	    "SELECT HEX(secret) FROM job WHERE id = %" PRIu64, id)));
	for (size_t i = 0; hex[2 * i] != '\0'; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		sealed[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	ok(job_secret_open(a, sealed, strlen(hex) / 2, id, &text, e));
	ok(json_parse(text, strlen(text), JSON_PLAIN, 0, &j, e));
	snprintf(code, 16, "%s", json_str(json_get(j, "code")));
	json_free(j);
}

static void
sent_code(char code[8])
{
	char any[16];

	sent_any_code(any);
	assert_int_equal(strlen(any), 6);
	memcpy(code, any, 7);
}

static const char *
another(const char *code)
{
	return arena_printf(a, "%06ld", (strtol(code, NULL, 10) + 1) %
	    1000000);
}

static void
check(const char *rid, const char *code, struct otp_flow *f)
{
	ok(otp_check(db, a, &q, rid, code, f, e));
}

#define CHECK_IS(word, rid, code) do {					\
	struct otp_flow f_;						\
	code_is(word, otp_check(db, a, &q, rid, code, &f_, e));		\
} while (0)

static void
s28_the_code_that_was_sent_proves(void **state UNUSED)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	char rid[REGISTER_ID_TEXT], code[8];
	struct otp_flow f;
	struct err e = ERR_INIT;

	begin(&s, rid);
	assert_int_equal(strlen(rid), 22);
	sent_code(code);
	assert_int_equal(otp_find(db, a, rid, &f, &e), 1);
	assert_true(f.user_id == u.id && f.purpose == OTP_RESET && !f.proved);
	CHECK_IS("invalid_code", rid, another(code));
	check(rid, code, &f);
	assert_true(f.proved && f.user_id == u.id);
	assert_string_equal(f.target, u.phone);
	CHECK_IS("invalid_code", rid, code);	/* spent */
	/* D11: ten minutes */
	assert_int_equal(otp_find(db, a, rid, &f, &e), 1);
	assert_true(f.proved);
	case_sql("UPDATE otp SET proved_at = proved_at - INTERVAL 601"
	    " SECOND");
	assert_int_equal(otp_find(db, a, rid, &f, &e), 1);
	assert_false(f.proved);
}

/* Neither the row nor the notification tells the code. */
static void
s28_a_code_is_kept_nowhere_in_the_clear(void **state UNUSED)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	char rid[REGISTER_ID_TEXT], code[8];

	begin(&s, rid);
	sent_code(code);
	assert_int_equal(case_num("SELECT COUNT(*) FROM otp WHERE"
	    " CONCAT_WS('|', register_hash, code_mac, target, secret) LIKE"
	    " '%%%s%%' OR register_hash LIKE '%%%s%%'", code, rid), 0);
	assert_int_equal(case_num("SELECT COUNT(*) FROM notification WHERE"
	    " CONCAT(title, content) LIKE '%%%s%%'", code), 0);
	assert_int_equal(case_num("SELECT COUNT(*) FROM job WHERE secret LIKE"
	    " '%%%s%%'", code), 0);
}

static void
s28_a_code_is_worth_nothing_in_another_flow(void **state UNUSED)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	struct otp_start t = of(OTP_PHONE, u.id, u.phone);
	char one[REGISTER_ID_TEXT], two[REGISTER_ID_TEXT], code[8];

	begin(&s, one);
	sent_code(code);
	forget();
	begin(&t, two);
	CHECK_IS("invalid_code", two, code);
	CHECK_IS("invalid_code", "aaaaaaaaaaaaaaaaaaaaaa", code);
}

static void
s29_five_tries_and_no_more(void **state UNUSED)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	char rid[REGISTER_ID_TEXT], code[8];

	begin(&s, rid);
	sent_code(code);
	for (int i = 0; i < 5; i++)
		CHECK_IS("invalid_code", rid, another(code));
	CHECK_IS("too_many_tries", rid, another(code));
	CHECK_IS("too_many_tries", rid, code);
	assert_int_equal(case_num("SELECT tries FROM otp"), 5);
}

static void
s28_an_expired_code_is_wrong(void **state UNUSED)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	char rid[REGISTER_ID_TEXT], code[8];
	struct otp_flow f;

	begin(&s, rid);
	sent_code(code);
	case_sql("UPDATE otp SET expires_at = UTC_TIMESTAMP(6)");
	CHECK_IS("invalid_code", rid, code);
	case_sql("UPDATE otp SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 1"
	    " MINUTE");
	check(rid, code, &f);
}

static char at_once_rid[REGISTER_ID_TEXT], at_once_code[8];
static _Atomic int *outcomes;	/* [0] wrong, [1] right, [2] refused */

static int
guess(int i)
{
	struct err e = ERR_INIT;
	struct otp_flow f;
	char code[8];
	int rc;

	case_child();
	snprintf(code, sizeof(code), "%06ld", (strtol(at_once_code, NULL, 10)
	    + i) % 1000000);
	rc = otp_check(db, a, &q, at_once_rid, code, &f, &e);
	if (rc == 0)
		outcomes[1]++;
	else if (strcmp(e.detail, "another code") == 0)
		outcomes[0]++;		/* it was compared */
	else if (e.kind == ERR_INPUT)
		outcomes[2]++;
	else
		return 99;
	return 0;
}

static void
at_once(int n, int first)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	pid_t pid[50];

	begin(&s, at_once_rid);
	sent_code(at_once_code);
	outcomes[0] = outcomes[1] = outcomes[2] = 0;
	for (int i = 0; i < n; i++)
		pid[i] = dbtest_fork(guess, first * (i + 1));
	for (int i = 0; i < n; i++)
		assert_int_equal(dbtest_join(pid[i]), 0);
}

static void
s29_fifty_guesses_are_five_comparisons(void **state UNUSED)
{
	at_once(50, 1);
	assert_int_equal(outcomes[0], 5);
	assert_int_equal(outcomes[1], 0);
	assert_int_equal(outcomes[2], 45);
	assert_int_equal(case_num("SELECT tries FROM otp"), 5);
}

static void
s31_the_right_code_at_once_works_once(void **state UNUSED)
{
	at_once(5, 0);
	assert_int_equal(outcomes[1], 1);
	assert_int_equal(outcomes[0] + outcomes[2], 4);
	assert_int_equal(case_num("SELECT COUNT(*) FROM otp WHERE used_at IS"
	    " NOT NULL"), 1);
}

/* S32, D10: twenty a day, whatever codes and flows. */
static void
s30_twenty_failures_a_day_whatever_is_sent_anew(void **state UNUSED)
{
	static const char token[] = "0123456789abcdefABCDEF";
	char rid[REGISTER_ID_TEXT], code[8], longer[16];
	struct otp_flow f;
	uint8_t hash[32];
	int failures = 0;

	for (int flow = 0; flow < 4; flow++) {
		struct otp_start s = of(flow % 2 ? OTP_RESET : OTP_LOGIN,
		    u.id, u.phone);

		/* the destination's limits of a day ago; not the account's */
		case_sql("DELETE FROM throttle WHERE window_s <= 300 OR n <="
		    " 4");
		begin(&s, rid);
		sent_code(code);
		for (int i = 0; i < 5; i++, failures++)
			CHECK_IS("invalid_code", rid, another(code));
	}
	assert_int_equal(failures, 20);
	case_sql("DELETE FROM throttle WHERE window_s <= 300 OR n <= 4");
	{
		struct otp_start s = of(OTP_RESET, u.id, u.phone);

		begin(&s, rid);
		sent_any_code(longer);
	}
	/* S32, S43: from here on codes that nobody guesses, uncounted */
	assert_int_equal(strlen(longer), 10);
	assert_int_not_equal(longer[0], '0');
	CHECK_IS("too_many_failures", rid, code);
	/* S43: a browser that signed in before has its own twenty */
	sha256(hash, token, strlen(token));
	ok(known_device_add(db, hash, u.id, 3600, e));
	q.device_cookie = token;
	CHECK_IS("invalid_code", rid, another(code));
	q.device_cookie = "";
	CHECK_IS("invalid_code", rid, "0123456789");
	check(rid, longer, &f);
}

/* A right code is no failure. */
static void
successes_are_given_back(void **state UNUSED)
{
	struct otp_flow f;

	for (int i = 0; i < 22; i++) {
		struct otp_start s = of(OTP_LOGIN, u.id, u.phone);
		char rid[REGISTER_ID_TEXT], code[8];

		case_sql("DELETE FROM sms_spend");
		case_sql("DELETE FROM throttle WHERE window_s <= 300 OR n >="
		    " 9");
		begin(&s, rid);
		sent_code(code);
		check(rid, code, &f);
	}
}

/* The same rows, sizes and answers, and no code of it opens. */
static void
s24_a_flow_of_nobody_looks_like_any_other(void **state UNUSED)
{
	static const char shape[] = "SELECT CONCAT_WS(',', COUNT(*),"
	    " MAX(LENGTH(secret)), MAX(class), MAX(state)) FROM job";
	static const char nobody[] = "+989129999999";
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	struct otp_start n = of(OTP_RESET, 0, nobody);
	char rid[REGISTER_ID_TEXT], code[8], want[256];
	struct err e = ERR_INIT;

	begin(&s, rid);
	snprintf(want, sizeof(want), "%s", dbtest_ask(ctl, shape));
	code_is("code_too_soon", otp_begin(db, &q, &s, rid, e));
	case_sql("DELETE FROM job");
	begin(&n, rid);
	assert_string_equal(want, dbtest_ask(ctl, shape));
	code_is("code_too_soon", otp_begin(db, &q, &n, rid, e));
	assert_int_equal(case_num("SELECT COUNT(*) FROM notification WHERE"
	    " audience LIKE '%%\"nobody\":true%%'"), 1);
	sent_code(code);
	for (int i = 0; i < 5; i++)
		CHECK_IS("invalid_code", rid, code);
	CHECK_IS("too_many_tries", rid, code);
	(void)e;
}

static void
a_destination_has_its_own_limits(void **state UNUSED)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	char rid[REGISTER_ID_TEXT];
	struct err e = ERR_INIT;

	begin(&s, rid);
	assert_int_equal(otp_begin(db, &q, &s, rid, &e), -1);
	assert_string_equal(e.code, "code_too_soon");
	assert_in_range(e.retry_after_s, 1, 120);
	for (int i = 0; i < 9; i++) {
		case_sql("UPDATE throttle SET window_at = window_at"
		    " - INTERVAL 121 SECOND WHERE window_s = 120");
		begin(&s, rid);
	}
	case_sql("UPDATE throttle SET window_at = window_at - INTERVAL 121"
	    " SECOND WHERE window_s = 120");
	code_is("too_many_codes", otp_begin(db, &q, &s, rid, e));
	/* the flow all the same, for a sign-in before proof */
	s.may_wait = true;
	case_sql("DELETE FROM job");
	begin(&s, rid);
	assert_int_equal(case_num("SELECT COUNT(*) FROM job"), 0);
	/* S45 */
	s.target = "+12025550123";
	code_is("country_not_served", otp_begin(db, &q, &s, rid, e));
}

static void
a_code_sent_anew_replaces_the_old(void **state UNUSED)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	char rid[REGISTER_ID_TEXT], one[8], two[8];
	struct otp_flow f;

	begin(&s, rid);
	sent_code(one);
	code_is("code_too_soon", otp_resend(db, a, &q, rid, NULL, e));
	forget();
	code_is("code_too_soon", otp_resend(db, a, &q, rid, NULL, e));
	forget();
	case_sql("UPDATE otp SET sent_at = sent_at - INTERVAL 121 SECOND");
	for (int i = 0; i < 5; i++)
		CHECK_IS("invalid_code", rid, another(one));
	forget();
	ok(otp_resend(db, a, &q, rid, NULL, e));
	sent_code(two);
	if (strcmp(one, two) != 0)
		CHECK_IS("invalid_code", rid, one);
	check(rid, two, &f);
	code_is("invalid_register_id", otp_resend(db, a, &q, rid, NULL, e));
	code_is("invalid_register_id", otp_resend(db, a, &q, "nobody's", NULL,
	    e));
}

struct finish { uint64_t id; int done; };

static int
finish(struct db *d, void *arg, struct err *e)
{
	struct finish *f = arg;

	f->done = otp_finish(d, f->id, e);
	return f->done < 0 ? -1 : 0;
}

static void
s31_a_proof_is_used_up_once(void **state UNUSED)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	char rid[REGISTER_ID_TEXT], code[8];
	struct otp_flow f;
	struct finish x;
	struct err e = ERR_INIT;

	begin(&s, rid);
	sent_code(code);
	assert_int_equal(otp_find(db, a, rid, &f, &e), 1);
	x.id = f.id;
	ok(db_tx(db, finish, &x, e));
	assert_int_equal(x.done, 0);		/* not proved yet */
	check(rid, code, &f);
	ok(db_tx(db, finish, &x, e));
	assert_int_equal(x.done, 1);
	ok(db_tx(db, finish, &x, e));
	assert_int_equal(x.done, 0);
	assert_int_equal(otp_find(db, a, rid, &f, &e), 0);
}

static void
s11_a_users_open_flows_are_voided(void **state UNUSED)
{
	struct otp_start s = of(OTP_RESET, u.id, u.phone);
	char rid[REGISTER_ID_TEXT], code[8];
	struct otp_flow f;
	struct err e = ERR_INIT;

	begin(&s, rid);
	sent_code(code);
	ok(otp_void_all(db, u.id + 1, e));
	assert_int_equal(otp_find(db, a, rid, &f, &e), 1);
	ok(otp_void_all(db, u.id, e));
	CHECK_IS("invalid_code", rid, code);
	code_is("invalid_register_id", otp_resend(db, a, &q, rid, NULL, e));
}

static void
a_claim_begins_with_its_flow_and_takes_another_number(void **state UNUSED)
{
	static const char typed[] = "+989127777777", right[] =
	    "+989127777778";
	struct user_new claim = { .reg_key = rand_id(), .phone = typed,
	    .password = "x", .locale = "en" };
	struct otp_start s = of(OTP_REGISTER, 0, typed);
	char rid[REGISTER_ID_TEXT], one[8], two[8];
	struct otp_flow f;
	uint64_t id = 0;

	s.claim = &claim;
	s.claim_id = &id;
	begin(&s, rid);
	sent_code(one);
	assert_true(id != 0);
	assert_int_equal(case_num("SELECT COUNT(*) FROM user WHERE id = %"
	    PRIu64 " AND phone = '%s' AND NOT is_active AND claim_ends_at IS"
	    " NOT NULL", id, typed), 1);
	ok(otp_retarget(db, a, &q, rid, right, NULL, e));
	sent_code(two);
	assert_int_equal(case_num("SELECT COUNT(*) FROM user WHERE id = %"
	    PRIu64 " AND phone = '%s'", id, right), 1);
	/* the mistyped number's owner has a code of no use */
	if (strcmp(one, two) != 0)
		CHECK_IS("invalid_code", rid, one);
	check(rid, two, &f);
	assert_true(f.user_id == id);
	assert_string_equal(f.target, right);
	code_is("invalid_register_id", otp_retarget(db, a, &q, rid, typed,
	    NULL, e));
	/* never for who was active */
	s = of(OTP_REGISTER, u.id, u.phone);
	begin(&s, rid);
	code_is("invalid_register_id", otp_retarget(db, a, &q, rid, typed,
	    NULL, e));
}

#define T(f) cmocka_unit_test_setup(f, fresh_user)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(s28_the_code_that_was_sent_proves),
		T(s28_a_code_is_kept_nowhere_in_the_clear),
		T(s28_a_code_is_worth_nothing_in_another_flow),
		T(s29_five_tries_and_no_more),
		T(s28_an_expired_code_is_wrong),
		T(s29_fifty_guesses_are_five_comparisons),
		T(s31_the_right_code_at_once_works_once),
		T(s30_twenty_failures_a_day_whatever_is_sent_anew),
		T(successes_are_given_back),
		T(s24_a_flow_of_nobody_looks_like_any_other),
		T(a_destination_has_its_own_limits),
		T(a_code_sent_anew_replaces_the_old),
		T(s31_a_proof_is_used_up_once),
		T(s11_a_users_open_flows_are_voided),
		T(a_claim_begins_with_its_flow_and_takes_another_number),
	};

	outcomes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_ANONYMOUS, -1, 0);
	if (outcomes == MAP_FAILED)
		return 1;
	dbtest_begin("test_auth_otp");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
