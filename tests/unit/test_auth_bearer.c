/*
 * test_auth_bearer.c - what a bearer value proves: access tokens against the
 * revocation list and the database, admin tokens (S10, S70, D8).
 */
#include "auth_case.h"
#include "store/admin_token.h"

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
begin(struct grant *g)
{
	ok(grant_begin(db, a, &q, &u, "pwd", g, e));
}

static void
refresh(const char *token, struct grant *g)
{
	ok(grant_refresh(db, a, &q, token, g, e));
}

static void
a_bearer_is_who_the_token_says(void **state UNUSED)
{
	struct caller who;
	struct grant g;

	begin(&g);
	q.auth_source = AUTH_HEADER;
	ok(grant_check(db, a, &q, g.access, &who, e));
	assert_true(who.kind == CALLER_SESSION && who.user_id == u.id &&
	    who.session_id == g.session_id && who.verified && !who.claim &&
	    !who.by_cookie && who.scopes == 0 && !who.is_staff &&
	    who.exp_s - who.iat_s == 900 && who.auth_s > 0);
	q.auth_source = AUTH_COOKIE;
	ok(grant_check(db, a, &q, g.access, &who, e));
	assert_true(who.by_cookie);
	refuses(ERR_AUTH, grant_check(db, a, &q, g.refresh, &who, e));
	assert_true(who.kind == CALLER_NOBODY && who.user_id == 0);
}

static void
a_stale_list_asks_the_database(void **state UNUSED)
{
	struct caller who;
	struct grant g, other;

	begin(&g);
	begin(&other);
	/* fresh: no database is needed */
	ok(grant_check(NULL, a, &q, g.access, &who, e));
	ok(grant_end(db, u.id, other.session_id, "t", NULL, e));
	refuses(ERR_AUTH, grant_check(NULL, a, &q, other.access, &who, e));
	/* stale: who was ended elsewhere is found, and without a database
	 * nobody is let in on a guess */
	case_sql("UPDATE session SET ended_at = UTC_TIMESTAMP(6) WHERE id ="
	    " %" PRIu64, g.session_id);
	ok(grant_check(NULL, a, &q, g.access, &who, e));
	shm_publish(shm, NULL, 0, clock_now() - 2 * US_PER_S);
	refuses(ERR_AUTH, grant_check(db, a, &q, g.access, &who, e));
	refuses(ERR_UNAVAILABLE, grant_check(NULL, a, &q, g.access, &who, e));
	/* an old list is still right about whom it names */
	refuses(ERR_AUTH, grant_check(NULL, a, &q, other.access, &who, e));
	grant_use(NULL);
	refuses(ERR_UNAVAILABLE, grant_check(NULL, a, &q, g.access, &who, e));
	grant_use(shm);
}

static void
an_outdated_token_is_renewed_by_refresh(void **state UNUSED)
{
	struct err e = ERR_INIT;
	const char *access = NULL;
	struct caller who;
	struct grant g, n;

	begin(&g);
	ok(grant_outdate(db, u.id, NULL, e));
	refuses(ERR_AUTH, grant_check(db, a, &q, g.access, &who, e));
	/* in the same second: a token that holds */
	assert_int_equal(grant_renew(db, a, g.session_id, &access, &e), 1);
	ok(grant_check(db, a, &q, access, &who, e));
	refresh(g.refresh, &n);
	ok(grant_check(db, a, &q, n.access, &who, e));
	ok(grant_end(db, u.id, g.session_id, "t", NULL, e));
	assert_int_equal(grant_renew(db, a, g.session_id, &access, &e), 0);
	assert_int_equal(grant_renew(db, a, 1, &access, &e), 0);
}

static void
s70_admin_tokens(void **state UNUSED)
{
	char text[ADMIN_TOKEN_TEXT];
	uint8_t hash[32];
	struct admin_token_new n = { .id = rand_id(), .user_id = u.id,
	    .hash = hash, .name = "t", .cidr = "192.0.2.0/24",
	    .scopes = SCOPE_BIT_PUSH };
	struct caller who;

	admin_token_make(text, hash);
	case_sql("UPDATE user SET is_superuser = TRUE");
	ok(admin_token_insert(db, &n, e));
	q.auth_source = AUTH_HEADER;
	ok(grant_check(db, a, &q, text, &who, e));
	assert_true(who.kind == CALLER_ADMIN_TOKEN && who.token_id == n.id &&
	    who.scopes == SCOPE_BIT_PUSH && !who.is_superuser &&
	    who.session_id == 0);
	q.auth_source = AUTH_COOKIE;
	refuses(ERR_AUTH, grant_check(db, a, &q, text, &who, e));
	q.auth_source = AUTH_HEADER;
	q.remote_addr = "198.51.100.1";
	refuses(ERR_AUTH, grant_check(db, a, &q, text, &who, e));
	q.remote_addr = "192.0.2.200";
	ok(grant_check(db, a, &q, text, &who, e));
	text[10] ^= 1;
	refuses(ERR_AUTH, grant_check(db, a, &q, text, &who, e));
	text[10] ^= 1;
	ok(grant_check(db, a, &q, text, &who, e));
	/* Remembered for a second; a change of role is heard at once. */
	case_sql("UPDATE user SET is_superuser = FALSE");
	ok(grant_outdate(db, u.id, NULL, e));
	refuses(ERR_AUTH, grant_check(db, a, &q, text, &who, e));
	assert_int_equal(who.kind, CALLER_NOBODY);
	case_sql("UPDATE user SET is_superuser = TRUE");
	ok(grant_check(db, a, &q, text, &who, e));
}

/* What a child remembers of a token ends with its revocation anywhere on the
 * host, with the list's freshness, and with its second. */
static void
s70_a_remembered_admin_token_ends_in_time(void **state UNUSED)
{
	char text[ADMIN_TOKEN_TEXT];
	uint8_t hash[32];
	struct admin_token_new n = { .id = rand_id(), .user_id = u.id,
	    .hash = hash, .name = "t", .scopes = SCOPE_BIT_PUSH };
	struct caller who;

	admin_token_make(text, hash);
	case_sql("UPDATE user SET is_superuser = TRUE");
	ok(admin_token_insert(db, &n, e));
	q.auth_source = AUTH_HEADER;
	ok(grant_check(db, a, &q, text, &who, e));
	/* from elsewhere the network is judged anew */
	q.remote_addr = "198.51.100.1";
	ok(grant_check(db, a, &q, text, &who, e));
	case_sql("UPDATE admin_token SET cidr = '192.0.2.0/24'");
	shm_publish(shm, NULL, 0, clock_now() - 2 * US_PER_S);
	refuses(ERR_AUTH, grant_check(db, a, &q, text, &who, e));
	shm_publish(shm, NULL, 0, clock_now());
	q.remote_addr = "192.0.2.7";
	ok(grant_check(db, a, &q, text, &who, e));
	ok(admin_token_revoke(db, n.id, e));
	grant_token_revoked(n.id);
	refuses(ERR_AUTH, grant_check(db, a, &q, text, &who, e));
}

#define T(f) cmocka_unit_test_setup(f, fresh_user)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_bearer_is_who_the_token_says),
		T(a_stale_list_asks_the_database),
		T(an_outdated_token_is_renewed_by_refresh),
		T(s70_admin_tokens),
		T(s70_a_remembered_admin_token_ends_in_time),
	};

	dbtest_begin("test_auth_bearer");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
