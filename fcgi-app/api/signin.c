/*
 * signin.c - the right password, or one answer for everything that is wrong.
 *
 * What must stay true (S20-S23, D9, D10): every failure costs the same
 * statements and two hashes, whatever exists; the throttles answer alike for
 * known and unknown identifiers; what an account's state is, is told only
 * after the right password (S26).
 */
#include "api/signin.h"

#include "api/account.h"
#include "api/signup.h"
#include "auth/country.h"
#include "auth/password.h"
#include "auth/remembered.h"
#include "auth/throttle.h"
#include "base/log.h"

/*
 * Failures of a name: growing waits (API.md), 20 a day (D10).  Browsers that
 * signed in before have their own, so that a flood does not lock the owner out
 * (S43).  They are counted by what was typed: counted by account, five
 * failures under somebody's phone number would be told under his e-mail
 * address, and who tries many of both learns which belong together (S20).
 */
#define WAITS	3
static const struct throttle_rule failure_rows[2][WAITS] = {
	{ { "signin_5m", 5, 300 }, { "signin_1h", 10, 3600 },
	    { "signin_day", 20, 86400 } },
	{ { "signin_5m_known", 5, 300 }, { "signin_1h_known", 10, 3600 },
	    { "signin_day_known", 20, 86400 } },
};

/* The account's own 20 a day, under all its names together (D10).  It is never
 * spoken of: past it a password is wrong, the right one too. */
#define DAY_MAX	20
#define DAY_S	86400

static const char *
rule_all(const struct password_signin *s)
{
	return s->known ? "signin_all_known" : "signin_all";
}

/* Counted before the work (D27); a success takes it back.  1 go on, 0 go on
 * and let nobody in, -1. */
static int
count_attempt(struct db *db, const struct password_signin *s, struct err *e)
{
	int wait_s;

	if (throttle_all_or_fail(db, failure_rows[s->known], WAITS,
	    s->id.text, strlen(s->id.text), "too_many_failures", e) < 0)
		return -1;
	return throttle_take(db, rule_all(s), s->account, strlen(s->account),
	    DAY_MAX, DAY_S, &wait_s, e);
}

/*
 * A sign-in to the account that is counted ends its waits; the day's number
 * keeps the other failures.  A claim's password ends no waits of the account
 * before it, or a claim of one's own would buy guesses at somebody else's.
 */
int
signin_no_failure(struct db *db, void *arg, struct err *e)
{
	const struct password_signin *s = arg;
	const size_t n = strlen(s->id.text);

	for (size_t i = 0; i < WAITS; i++) {
		const char *rule = failure_rows[s->known][i].rule;
		bool day = i == WAITS - 1;

		if ((s->own && !day ?
		    throttle_clear(db, rule, s->id.text, n, e) :
		    throttle_give(db, rule, s->id.text, n, e)) < 0)
			return -1;
	}
	return throttle_give(db, rule_all(s), s->account,
	    strlen(s->account), e);
}

static int
is_known(struct call *c, uint64_t user_id, bool *known, struct err *e)
{
	int rc = remembered(c->db, c->req, user_id, e);

	*known = rc == 1;
	return rc < 0 ? -1 : 0;
}

static int
wrong(struct call *c, uint64_t user_id, struct err *e)
{
	err_set(e, ERR_AUTH, "invalid_credentials", "sign-in refused");
	return answer_refused(c, "login", user_id, e);
}

/* Keep the stored hash at the current parameters; a failure to do so is no
 * reason to refuse a right password.  A password changed meanwhile stays. */
static void
rehash(struct call *c, const struct user *u, const char *password)
{
	char phc[PASSWORD_PHC_MAX];
	struct err e = ERR_INIT;

	if (password_hash(phc, password, &e) < 0 ||
	    user_rehash(c->db, u->id, u->password, phc, &e) < 0)
		log_err(LOG_WARN_, "rehash", &e);
}

int
signin_refuse(struct call *c, struct password_signin *s, struct err *e)
{
	if (db_tx(c->db, signin_no_failure, s, e) < 0)
		return -1;
	/* Nor is a code sent to where nobody may sign in. */
	if (country_user(c->req, s->u.allowed_countries, e) < 0)
		return answer_refused(c, "login", s->u.id, e);
	if (!USER_PROVED(&s->u))
		return signup_not_verified(c, &s->u, &s->id, e);
	return account_inactive(c, &s->u, "login", e);
}

int
signin_password(struct call *c, const char *typed, const char *password,
    struct password_signin *s, struct err *e)
{
	struct user first = { 0 }, claim = { 0 };
	bool outdated = false;
	int found, claimed, open, right;

	memset(s, 0, sizeof(*s));
	identifier_read(c->arena, typed, &s->id);
	if ((found = identifier_find(c->db, c->arena, &s->id, &first,
	    e)) < 0 || (claimed = identifier_claim(c->db, c->arena, &s->id,
	    &claim, e)) < 0)
		return -1;
	if (claim.id == first.id)
		claimed = 0;
	/* By the account where it is proved to be this identifier's: a claim's
	 * own count would tell whether another has proved it (S20). */
	s->account = found && identifier_proved(&s->id, &first) ?
	    arena_printf(c->arena, "user:%" PRIu64, first.id) : s->id.text;
	if (is_known(c, first.id, &s->known, e) < 0 ||
	    (open = count_attempt(c->db, s, e)) < 0)
		return -1;
	right = password_try(c->db, found ? first.password : NULL,
	    s->id.text, password, &outdated, e);
	if (right < 0)
		return -1;
	if (right == 1 && open == 1) {
		if (outdated)
			rehash(c, &first, password);
		s->u = first;
		s->own = true;
		return 0;
	}
	/* The second hash, whatever there is (D9). */
	right = password_verify(claimed ? claim.password : NULL, password,
	    NULL, e);
	if (right < 0)
		return -1;
	if (right == 0 || open == 0)
		return wrong(c, first.id, e);
	s->u = claim;
	return 0;
}
