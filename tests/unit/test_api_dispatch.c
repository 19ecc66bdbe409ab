/*
 * test_api_dispatch.c - what of api/dispatch needs a database: throttles,
 * admin tokens, idempotency, readiness, and the database away.
 */
#include "dispatch_case.h"
#include "auth/token.h"
#include "base/rand.h"
#include "store/admin_token.h"
#include "store/idempotency.h"
#include "store/user.h"

#include <sys/wait.h>

static struct db *db;			/* the test's own connection */
static unsigned replays;
static bool race;			/* the handler's turn comes second */

struct make { struct call *c; uint64_t id; };

static int
make_work(struct db *in, void *arg, struct err *e)
{
	struct make *m = arg;

	if (!m->c->idem)
		return 0;
	return idem_claim(in, m->c->idem_scope, m->c->idem_key,
	    m->c->idem_mac, m->id, e);
}

static int
render(struct call *c, uint64_t id)
{
	jw_id(resp_json(c->resp, 201), "id", id);
	resp_json_end(c->resp);
	return 0;
}

/* Creates an object that is nothing but its key. */
static int
make_handler(struct call *c, const void *in UNUSED, struct err *e)
{
	struct make m = { c, rand_id() };

	handled++;
	if (race) {
		/* Another request with the key commits just before us. */
		struct make other = { c, 4711 };

		race = false;
		if (db_tx(db, make_work, &other, e) < 0)
			return -1;
	}
	if (db_tx(c->db, make_work, &m, e) < 0)
		return -1;
	return render(c, m.id);
}

static int
make_replay(struct call *c, uint64_t id, struct err *e UNUSED)
{
	replays++;
	return render(c, id);
}

#define ROW(m, p, handler, access, throttle, idem, style) { (m), (p), \
	#handler, handler, POOL_MAIN, (access), BODY_64K, (throttle), \
	LIMIT_API, (idem), (idem) == IDEM_YES ? make_replay : NULL, (style), \
	&ping_fields }

static const struct route table[] = {
	ROW(M_POST, "/api/anon/", ping, ANYONE, THR_ANON, IDEM_NO, STYLE_OURS),
	ROW(M_POST, "/api/user/", ping, USER, THR_USER, IDEM_NO, STYLE_OURS),
	ROW(M_POST, "/api/signin/", ping, ANYONE, THR_SIGNIN, IDEM_NO,
	    STYLE_OURS),
	ROW(M_POST, "/api/signup/", ping, ANYONE, THR_SIGNUP, IDEM_NO,
	    STYLE_OURS),
	ROW(M_POST, "/api/push/", ping, SCOPE_PUSH, THR_NONE, IDEM_NO, STYLE_P),
	ROW(M_POST, "/api/push/ours/", ping, SCOPE_PUSH, THR_NONE, IDEM_NO,
	    STYLE_OURS),
	ROW(M_POST, "/api/send/", ping, SCOPE_SEND, THR_NONE, IDEM_NO,
	    STYLE_OURS),
	ROW(M_POST, "/api/make/", make_handler, ANYONE, THR_NONE, IDEM_YES,
	    STYLE_OURS),
	ROW(M_POST, "/api/make2/", make_handler, ANYONE, THR_NONE, IDEM_YES,
	    STYLE_OURS),
	ROW(M_POST, "/api/mine/", make_handler, USER, THR_NONE, IDEM_YES,
	    STYLE_OURS),
	ROW(M_POST, "/api/super/", ping, ROLE_SUPERUSER, THR_NONE, IDEM_NO,
	    STYLE_OURS),
	{ M_GET, "/api/health/live", "health_live_get", health_live_get,
	    POOL_MAIN, ANYONE, BODY_64K, THR_NONE, LIMIT_API, IDEM_NO, NULL,
	    STYLE_OURS, &none_fields },
	{ M_GET, "/api/health/ready", "health_ready_get", health_ready_get,
	    POOL_MAIN, ANYONE, BODY_64K, THR_NONE, LIMIT_API, IDEM_NO, NULL,
	    STYLE_OURS, &none_fields },
};

static const struct access_claims user7 = { .user_id = 7, .verified = true };
static const struct access_claims user8 = { .user_id = 8, .verified = true };

static void
post(const char *path, const char *body)
{
	start("POST", path);
	wire_json(&w, body);
}

/* --- throttles -------------------------------------------------------------- */

static void
from(const char *addr)
{
	wire_set(&w, "REMOTE_ADDR", addr);
}

static void
s40_anonymous_requests_count_by_address(void **state UNUSED)
{
	conf_is("GATEPOST_ANON_DAY", "3");
	for (int i = 0; i < 3; i++) {
		post("/api/anon/", "{}");
		from(i == 0 ? "2001:db8:5:5::1" : "2001:db8:5:5:1::2");
		wire_set(&w, "HTTP_X_FORWARDED_FOR", "198.51.100.9");
		EXPECT(200, "");
	}
	post("/api/anon/", "{broken");		/* 429 comes before 400 */
	from("2001:db8:5:5::ff");
	EXPECT(429, "rate_limited");
	assert_true(wire_has_header(&w, "Retry-After"));
	post("/api/anon/", "{}");
	from("2001:db8:5:6::1");
	EXPECT(200, "");
	/* Nobody vouches for the address: all such share one count (S40). */
	for (int i = 0; i < 3; i++) {
		post("/api/anon/", "{}");
		from(i == 0 ? "" : "unix:");
		EXPECT(200, "");
	}
	post("/api/anon/", "{}");
	from("not an address");
	EXPECT(429, "rate_limited");
}

static void
users_count_by_user_wherever_they_are(void **state UNUSED)
{
	static const char *const addr[] = { "192.0.2.1", "192.0.2.2",
	    "2001:db8::1" };

	conf_is("GATEPOST_USER_DAY", "3");
	conf_is("GATEPOST_ANON_DAY", "1");
	for (size_t i = 0; i < 3; i++) {
		/* A user's request counts as a user's on anon rows too. */
		post(i == 1 ? "/api/anon/" : "/api/user/", "{}");
		from(addr[i]);
		as("header", token_for(user7));
		EXPECT(200, "");
	}
	post("/api/user/", "{}");
	from("203.0.113.5");
	as("header", token_for(user7));
	EXPECT(429, "rate_limited");
	post("/api/user/", "{}");
	as("header", token_for(user8));
	EXPECT(200, "");
}

static void
sign_in_and_sign_up_have_their_own(void **state UNUSED)
{
	conf_is("GATEPOST_SIGNIN_ADDRESS_MIN", "2");
	conf_is("GATEPOST_SIGNUP_ADDRESS_HOUR", "1");
	for (int i = 0; i < 2; i++) {
		post("/api/signin/", "{}");
		from("192.0.2.50");
		EXPECT(200, "");
	}
	post("/api/signin/", "{}");
	from("192.0.2.50");
	EXPECT(429, "rate_limited");
	post("/api/signup/", "{}");
	from("192.0.2.50");
	EXPECT(200, "");
	post("/api/signup/", "{}");
	from("192.0.2.50");
	EXPECT(429, "rate_limited");
}

static void
loopback_is_free_only_when_lifted(void **state UNUSED)
{
	static const struct { const char *addr, *limits; int status; } row[] = {
		{ "127.0.0.1", "no", 200 }, { "::1", "no", 200 },
		{ "127.0.0.3", "no", 429 }, { "", "no", 429 },
		{ "127.0.0.1", "yes", 429 },
	};

	conf_is("GATEPOST_SIGNIN_ADDRESS_MIN", "1");
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		int status = 0;

		conf_is("GATEPOST_LIMITS_LOOPBACK", row[i].limits);
		for (int k = 0; k < 3; k++) {
			post("/api/signin/", "{}");
			from(row[i].addr);
			status = go();
		}
		if (status != row[i].status)
			fail_msg("%s: %d", row[i].addr, status);
	}
}

static void
s41_parallel_requests_pass_exactly_to_the_limit(void **state UNUSED)
{
	enum { CHILDREN = 8, EACH = 20, LIMIT = 50 };
	int fd[2], passed = 0;
	char c;

	conf_is("GATEPOST_SIGNIN_ADDRESS_MIN", "50");
	assert_int_equal(pipe(fd), 0);
	for (int i = 0; i < CHILDREN; i++) {
		if (fork() != 0)
			continue;
		rand_after_fork();
		db_forget(case_d.db);
		for (int k = 0; k < EACH; k++) {
			post("/api/signin/", "{}");
			from("192.0.2.99");
			c = go() == 200 ? '+' : code_is("rate_limited") ? '-' :
			    '!';
			if (write(fd[1], &c, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(fd[1]);
	for (int i = 0; i < CHILDREN * EACH; i++) {
		assert_int_equal(read(fd[0], &c, 1), 1);
		assert_true(c != '!');
		passed += c == '+';
	}
	close(fd[0]);
	for (int i = 0; i < CHILDREN; i++)
		wait(NULL);
	assert_int_equal(passed, LIMIT);
}

/* --- admin tokens ------------------------------------------------------------ */

static char push_token[ADMIN_TOKEN_TEXT], send_token[ADMIN_TOKEN_TEXT];

static void
make_token(char text[ADMIN_TOKEN_TEXT], uint64_t user, unsigned scopes)
{
	uint8_t hash[32];
	struct admin_token_new n = { .id = rand_id(), .user_id = user,
	    .hash = hash, .name = "test", .scopes = scopes };
	struct err e = ERR_INIT;

	admin_token_make(text, hash);
	if (admin_token_insert(db, &n, &e) < 0)
		fail_msg("%s", e.detail);
}

static int
make_tokens(void **state UNUSED)
{
	const struct user_new n = { .reg_key = rand_id(), .email =
	    "root@site.example", .email_cmp = "root@site.example",
	    .email_unique = "root@site.example", .first_name = "R",
	    .last_name = "T", .is_staff = true, .is_superuser = true,
	    .email_verified = true, .is_active = true, .country = "ZZ" };
	struct err e = ERR_INIT;
	uint64_t id;

	if (user_insert(db, &n, &id, &e) < 0)
		return -1;
	make_token(push_token, id, SCOPE_BIT_PUSH);
	make_token(send_token, id, SCOPE_BIT_SEND);
	return 0;
}

static const char *
bearer(const char *token)
{
	static char out[100];

	snprintf(out, sizeof(out), "Bearer %s", token);
	return out;
}

static const char *
with_token(const char *token)
{
	static char out[2400];

	snprintf(out, sizeof(out), "{\"admin_token\": \"%s\"}", token);
	return out;
}

static void
tokens_open_what_their_scope_says(void **state UNUSED)
{
	static const struct { const char *path, *token; int status;
	    const char *code; } row[] = {
		{ "/api/push/", push_token, 200, "" },
		{ "/api/push/ours/", push_token, 200, "" },
		{ "/api/send/", push_token, 403, "scope_required" },
		{ "/api/push/", send_token, 403, "scope_required" },
		{ "/api/send/", send_token, 200, "" },
		{ "/api/user/", push_token, 403, "session_required" },
		{ "/api/super/", push_token, 403, "role_required" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		post(row[i].path, "{}");
		as("header", bearer(row[i].token));
		EXPECT(row[i].status, row[i].code);
	}
}

static void
s70_an_admin_token_never_comes_from_a_cookie(void **state UNUSED)
{
	post("/api/push/", "{}");
	as("cookie", bearer(push_token));
	wire_set(&w, "HTTP_SEC_FETCH_SITE", "same-origin");
	EXPECT(401, "invalid_token");
}

static void
kept_push_rows_take_the_token_in_the_body(void **state UNUSED)
{
	static const char multi[] = "--X\r\nContent-Disposition: form-data; "
	    "name=\"admin_token\"\r\n\r\n";
	char form[100];

	post("/api/push/", with_token(push_token));
	EXPECT(200, "");
	assert_int_equal(seen.kind, CALLER_ADMIN_TOKEN);
	/* Beside a cookie, which then is no credential: no CSRF rule. */
	post("/api/push/", with_token(push_token));
	as("cookie", token_for(user7));
	EXPECT(200, "");
	assert_int_equal(seen.kind, CALLER_ADMIN_TOKEN);
	snprintf(form, sizeof(form), "admin_token=%s", push_token);
	start("POST", "/api/push/");
	wire_body(&w, "application/x-www-form-urlencoded", form,
	    strlen(form));
	EXPECT(200, "");
	post("/api/push/", with_token(send_token));
	EXPECT(403, "scope_required");
	post("/api/push/", with_token("gp_wrong"));
	EXPECT(401, "invalid_token");
	/* An access token is not an admin token, wherever it stands. */
	post("/api/push/", with_token(strchr(token_for(user7), ' ') + 1));
	EXPECT(401, "invalid_token");
	/* Our own rows know no such member. */
	post("/api/push/ours/", with_token(push_token));
	EXPECT(401, "sign_in_required");
	/* A header wins. */
	post("/api/push/", with_token(push_token));
	as("header", bearer(send_token));
	EXPECT(403, "scope_required");
	/* A broken body has no token in it: 401 before 400. */
	start("POST", "/api/push/");
	wire_body(&w, "application/json", multi, sizeof(multi) - 1);
	EXPECT(401, "sign_in_required");
}

/* --- idempotency -------------------------------------------------------------- */

#define KEY	"0123456789abcdef"

static char first_answer[200];

static void
keep_answer(void)
{
	snprintf(first_answer, sizeof(first_answer), "%s", wire_answer(&w));
}

static void
key_is(const char *key)
{
	wire_set(&w, "HTTP_IDEMPOTENCY_KEY", key);
}

static void
the_same_request_is_replayed(void **state UNUSED)
{
	post("/api/make/", "{\"n\": 1, \"text\": \"a\"}");
	key_is(KEY "1");
	EXPECT(201, "");
	keep_answer();
	replays = 0;
	for (int i = 0; i < 3; i++) {
		if (i < 2) {
			post("/api/make/", "{ \"text\":\"a\", \"n\":1 }");
		} else {
			start("POST", "/api/make/");
			wire_body(&w, "application/x-www-form-urlencoded",
			    "n=1&text=a", 10);
		}
		key_is(KEY "1");
		assert_int_equal(go(), 201);
		assert_int_equal(handled, 0);
		assert_string_equal(wire_answer(&w), first_answer);
		assert_true(wire_has(&w, "Idempotency-Replayed: true"));
	}
	assert_int_equal(replays, 3);
}

static void
another_body_is_422(void **state UNUSED)
{
	post("/api/make/", "{\"n\": 1}");
	key_is(KEY "2");
	EXPECT(201, "");
	post("/api/make/", "{\"n\": 2}");
	key_is(KEY "2");
	EXPECT(422, "idempotency_mismatch");
}

static void
scopes_do_not_meet(void **state UNUSED)
{
	static const struct { const char *path, *addr; int user; } row[] = {
		{ "/api/make/", "192.0.2.1", 0 },
		{ "/api/make/", "192.0.2.2", 0 },
		{ "/api/make2/", "192.0.2.1", 0 },
		{ "/api/mine/", "192.0.2.1", 7 },
		{ "/api/mine/", "192.0.2.1", 8 },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		post(row[i].path, "{}");
		from(row[i].addr);
		if (row[i].user != 0)
			as("header", token_for(row[i].user == 7 ? user7 :
			    user8));
		key_is(KEY "scope");
		EXPECT(201, "");
	}
	/* A caller's scope is the caller, from anywhere. */
	post("/api/mine/", "{}");
	from("203.0.113.77");
	as("header", token_for(user7));
	key_is(KEY "scope");
	assert_int_equal(go(), 201);
	assert_int_equal(handled, 0);
	/* ... and one key serves one of the caller's routes only. */
	post("/api/make/", "{}");
	as("header", token_for(user7));
	key_is(KEY "scope");
	EXPECT(422, "idempotency_mismatch");
}

static void
bad_keys_are_refused(void **state UNUSED)
{
	static const char *const row[] = { "0123456789abcde", "x",
	    "0123456789abcdef\x01", "0123456789abcdef\xc3\xa9" };
	char length[300];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		post("/api/make/", "{}");
		key_is(row[i]);
		EXPECT(400, "invalid_idempotency_key");
	}
	memset(length, 'k', sizeof(length) - 1);
	length[sizeof(length) - 1] = '\0';
	post("/api/make/", "{}");
	key_is(length);
	EXPECT(400, "invalid_idempotency_key");
	/* Rows that are not idempotent do not look at it. */
	post("/api/super/", "{}");
	key_is("x");
	EXPECT(401, "sign_in_required");
}

static void
the_loser_of_a_race_replays(void **state UNUSED)
{
	post("/api/make/", "{}");
	key_is(KEY "race");
	race = true;
	replays = 0;
	assert_int_equal(go(), 201);
	assert_int_equal(handled, 1);
	assert_int_equal(replays, 1);
	assert_string_equal(wire_answer(&w), "{\"id\":\"4711\"}");
}

/* 20 processes, one key: one object, and 20 equal answers. */
static void
r12_parallel_requests_make_one_object(void **state UNUSED)
{
	enum { N = 20 };
	char answer[N][64] = { { 0 } };
	int fd[2], status;

	assert_int_equal(pipe(fd), 0);
	for (int i = 0; i < N; i++) {
		if (fork() != 0)
			continue;
		rand_after_fork();
		db_forget(case_d.db);
		post("/api/make/", "{\"text\": \"p\"}");
		key_is(KEY "parallel");
		status = go();
		snprintf(answer[0], sizeof(answer[0]), "%d %s", status,
		    wire_answer(&w));
		_exit(write(fd[1], answer[0], sizeof(answer[0])) !=
		    sizeof(answer[0]));
	}
	close(fd[1]);
	for (int i = 0; i < N; i++) {
		assert_int_equal(read(fd[0], answer[i], sizeof(answer[i])),
		    sizeof(answer[i]));
		assert_memory_equal(answer[i], "201 {\"id\":\"", 11);
		assert_string_equal(answer[i], answer[0]);
	}
	close(fd[0]);
	for (int i = 0; i < N; i++)
		wait(NULL);
}

/* --- health, and no database ------------------------------------------------- */

static void
health_says_ok(void **state UNUSED)
{
	start("GET", "/api/health/live");
	assert_int_equal(go(), 200);
	start("GET", "/api/health/ready");
	assert_int_equal(go(), 200);
	assert_non_null(strstr(wire_answer(&w), "\"database\":\"ok\""));
	assert_non_null(strstr(wire_answer(&w), "\"queue\":\"ok\""));
}

static int
server(const char *what)
{
	const char *ctl = getenv("TEST_DB_SERVER");
	int status = -1;
	pid_t pid;

	if (ctl == NULL)
		return -1;
	if ((pid = fork()) == 0) {
		execl(ctl, ctl, what, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

/* Last: stops the server and starts it again. */
static void
a_database_away_is_503_and_comes_back(void **state UNUSED)
{
	static const char *const path[] = { "/api/signin/", "/api/anon/" };

	assert_int_equal(server("kill"), 0);
	for (size_t i = 0; i < COUNT_OF(path); i++) {
		post(path[i], "{}");
		from("192.0.2.200");
		EXPECT(503, "unavailable");
		assert_true(wire_has_header(&w, "Retry-After"));
	}
	post("/api/make/", "{}");
	key_is(KEY "away");
	EXPECT(503, "unavailable");
	/* Who was let in is remembered for a second (auth/admin_cache.h). */
	post("/api/push/", with_token(push_token));
	for (int i = 0; i < 300 && go() == 200; i++)
		usleep(10000);
	assert_int_equal(wire_status(&w), 503);
	assert_true(code_is("unavailable"));
	start("GET", "/api/health/live");
	assert_int_equal(go(), 200);
	/* The cached answer of a second ago has run out by now or does so. */
	start("GET", "/api/health/ready");
	for (int i = 0; i < 300 && go() == 200; i++)
		usleep(10000);
	assert_int_equal(wire_status(&w), 503);
	assert_true(code_is("unavailable"));
	assert_int_equal(server("start"), 0);
	for (int i = 0; i < 500 && go() == 503; i++)
		usleep(10000);
	assert_int_equal(wire_status(&w), 200);
}

/* A new row that sends codes is not forgotten; of rows with a credential the
 * caller's own country rule is asked anyway. */
static void
s12_a_row_that_sends_for_strangers_asks_where_they_are(void **state UNUSED)
{
	size_t found = 0;

	for (size_t i = 0; i < routes_count; i++) {
		const struct route *r = &routes[i];
		enum access word = route_word(r);
		bool strangers = word == ANYONE || word == GUEST ||
		    word == HOLDER || word == REFRESH;

		if (route_home(r) != (strangers && (r->limit == LIMIT_SEND ||
		    r->throttle == THR_SIGNUP)))
			fail_msg("%s", r->path);
		found += route_home(r);
	}
	assert_true(found > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    s12_a_row_that_sends_for_strangers_asks_where_they_are),
		cmocka_unit_test(s40_anonymous_requests_count_by_address),
		cmocka_unit_test(users_count_by_user_wherever_they_are),
		cmocka_unit_test(sign_in_and_sign_up_have_their_own),
		cmocka_unit_test(loopback_is_free_only_when_lifted),
		cmocka_unit_test(s41_parallel_requests_pass_exactly_to_the_limit),
		cmocka_unit_test_setup(tokens_open_what_their_scope_says,
		    make_tokens),
		cmocka_unit_test(s70_an_admin_token_never_comes_from_a_cookie),
		cmocka_unit_test(kept_push_rows_take_the_token_in_the_body),
		cmocka_unit_test(the_same_request_is_replayed),
		cmocka_unit_test(another_body_is_422),
		cmocka_unit_test(scopes_do_not_meet),
		cmocka_unit_test(bad_keys_are_refused),
		cmocka_unit_test(the_loser_of_a_race_replays),
		cmocka_unit_test(r12_parallel_requests_make_one_object),
		cmocka_unit_test(health_says_ok),
		cmocka_unit_test(a_database_away_is_503_and_comes_back),
	};
	int failed;

	if (case_setup(table, COUNT_OF(table)) < 0)
		return 1;
	/* Inserts users, which gatepost_api may do; another connection. */
	db = db_new(DB_API);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	db_free(db);
	return case_teardown() < 0 ? 1 : failed;
}
