/*
 * test_auth_confirm.c - links that prove an e-mail address (S16, S24, S36).
 */
#include "auth_case.h"
#include "auth/confirm.h"
#include "base/json.h"

#define ADDRESS	"ada@example.com"

static struct user u;

static int
fresh_user(void **state)
{
	if (case_empty(state) != 0)
		return -1;
	case_user(&u);
	return 0;
}

static void
forget(void)
{
	case_sql("DELETE FROM throttle");
}

static struct confirm_start
to(uint64_t user_id)
{
	return (struct confirm_start){ .cmp = ADDRESS,
	    .mail_to = "Ada@Example.com", .locale = "en",
	    .user_id = user_id };
}

static void
begin(const struct confirm_start *s)
{
	uint64_t id = 7;

	forget();
	ok(confirm_begin(db, &q, s, &id, e));
	assert_true(id == s->user_id);
}

/* The link of the newest message, as the worker reads it; NULL: none. */
static const char *
sent_token(void)
{
	uint64_t id = (uint64_t)case_num("SELECT MAX(id) FROM job");
	const char *hex = NULL, *text = NULL, *link;
	uint8_t sealed[2048];
	struct json *j = NULL;
	size_t n = 0;

	ok(db_ask(ctl, arena_printf(a, "SELECT HEX(secret) FROM job WHERE id ="
	    " %" PRIu64, id), a, &hex, e));
	for (; hex[2 * n] != '\0'; n++) {
		char pair[3] = { hex[2 * n], hex[2 * n + 1], '\0' };

		sealed[n] = (uint8_t)strtoul(pair, NULL, 16);
	}
	ok(job_secret_open(a, sealed, n, id, &text, e));
	ok(json_parse(text, strlen(text), JSON_PLAIN, 0, &j, e));
	link = json_str(json_get(j, "link"));
	text = link == NULL ? NULL : arena_strdup(a,
	    strstr(link, "token=") + 6);
	json_free(j);
	return text;
}

static int
found(const char *token, struct otp_flow *f)
{
	struct err e = ERR_INIT;
	int rc = confirm_find(db, a, token, f, &e);

	if (rc < 0)
		fail_msg("%s", e.detail);
	return rc;
}

static int
use(struct db *on, void *arg, struct err *e)
{
	struct otp_flow *f = arg;
	int rc = confirm_finish(on, f->id, e);

	/* The redo of this unit knows its own work (D20). */
	if (rc == 1 && confirm_finish(on, f->id, e) != 1)
		return -1;
	f->done = rc == 1;
	return rc < 0 ? -1 : 0;
}

static void
a_link_names_its_flow_until_it_is_used(void **state UNUSED)
{
	struct confirm_start s = to(u.id);
	struct otp_flow f, second;
	const char *first, *token;

	begin(&s);
	first = sent_token();
	begin(&s);
	token = sent_token();
	for (int i = 0; i < 10; i++)
		assert_int_equal(found(token, &f), 1);
	assert_true(f.user_id == u.id && f.purpose == OTP_CONFIRM);
	assert_string_equal(f.target, ADDRESS);
	/* Outside the transaction of what it proves it is not used up. */
	refuses(ERR_INTERNAL, confirm_finish(db, f.id, e));
	ok(db_tx(db, use, &f, e));
	assert_true(f.done);
	ok(db_tx(db, use, &f, e));
	assert_false(f.done);
	assert_int_equal(found(token, &f), 0);
	/* The one before it is as it was. */
	assert_int_equal(found(first, &second), 1);
	case_sql("UPDATE otp SET flow_ends_at = UTC_TIMESTAMP(6)");
	assert_int_equal(found(first, &second), 0);
	ok(db_tx(db, use, &second, e));
	assert_false(second.done);
}

static void
no_other_token_passes(void **state UNUSED)
{
	struct confirm_start s = to(u.id);
	const struct access_claims who = { .user_id = u.id, .session_id = 1,
		.iat_s = clock_now() / US_PER_S,
		.exp_s = clock_now() / US_PER_S + 900, .amr = "pwd",
		.email = ADDRESS, .country = "ZZ" };
	struct access_claims got;
	const char *token, *access = NULL;
	struct otp_flow f;
	char *bent;

	begin(&s);
	token = sent_token();
	assert_int_equal(found(token, &f), 1);
	ok(access_make(a, &who, &access, e));
	assert_int_equal(found(access, &f), 0);
	refuses(ERR_AUTH, access_check(a, token, strlen(token), &got, e));
	/* Any letter of it. */
	bent = arena_strdup(a, token);
	for (size_t i = 0; token[i] != '\0'; i++) {
		bent[i] = token[i] == 'A' ? 'B' : 'A';
		assert_int_equal(found(bent, &f), 0);
		bent[i] = token[i];
	}
	assert_int_equal(found(bent, &f), 1);
	/* Of another site with the same keys; of another address. */
	case_config("GATEPOST_ISSUER", "https://other.example");
	assert_int_equal(found(token, &f), 0);
	case_config("GATEPOST_ISSUER", "");
	assert_int_equal(found(token, &f), 1);
	case_sql("UPDATE otp SET target = 'eve@example.com'");
	assert_int_equal(found(token, &f), 0);
}

static void
nobodys_link_and_a_notice_prove_nothing(void **state UNUSED)
{
	struct confirm_start s = to(0);
	struct otp_flow f;

	begin(&s);
	assert_int_equal(found(sent_token(), &f), 0);
	assert_int_equal(case_num("SELECT COUNT(*) FROM notification WHERE"
	    " audience LIKE '%%nobody%%'"), 1);
	s = to(u.id);
	s.notice = "taken";
	begin(&s);
	assert_null(sent_token());
	assert_int_equal(case_num("SELECT COUNT(*) FROM otp"), 2);
	assert_int_equal(case_num("SELECT COUNT(*) FROM job"), 2);
}

static void
one_mail_a_pace_whoever_is_there(void **state UNUSED)
{
	const uint64_t who[] = { u.id, 0 };
	struct err e = ERR_INIT;
	uint64_t id;

	for (size_t i = 0; i < COUNT_OF(who); i++) {
		struct confirm_start s = to(who[i]);

		begin(&s);
		assert_int_equal(confirm_begin(db, &q, &s, &id, &e), -1);
		assert_int_equal(e.kind, ERR_THROTTLED);
		assert_string_equal(e.code, "code_too_soon");
		err_clear(&e);
	}
	assert_int_equal(case_num("SELECT COUNT(*) FROM otp"), 2);
}

/* Whichever call to the server fails, all of it is there or nothing. */
static void
a_failure_leaves_nothing_behind(void **state UNUSED)
{
	struct confirm_start s = to(u.id);
	struct err e = ERR_INIT;
	uint64_t id;
	int rc = -1;

	for (unsigned n = 1; rc < 0; n++) {
		assert_true(n < 60);
		forget();
		err_clear(&e);
		db_test_fail_at(db, n);
		rc = confirm_begin(db, &q, &s, &id, &e);
		db_test_fail_at(db, 0);
		assert_int_equal(case_num("SELECT COUNT(*) FROM otp"),
		    rc == 0);
		assert_int_equal(case_num("SELECT COUNT(*) FROM job"),
		    rc == 0);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, fresh_user)
	const struct CMUnitTest tests[] = {
		T(a_link_names_its_flow_until_it_is_used),
		T(no_other_token_passes),
		T(nobodys_link_and_a_notice_prove_nothing),
		T(one_mail_a_pace_whoever_is_there),
		T(a_failure_leaves_nothing_behind),
	};

	dbtest_begin("test_auth_confirm");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
