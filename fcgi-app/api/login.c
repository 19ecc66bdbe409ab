/*
 * login.c - POST /api/auth/login/: one answer for everything that is wrong.
 *
 * What must stay true (S20-S23, D9, D10): every failure costs the same
 * statements and two hashes, whatever exists; the throttles answer alike for
 * known and unknown identifiers; what an account's state is, is told only
 * after the right password (S26).
 */
#include "api/answer.h"
#include "api/signup.h"
#include "auth/password.h"
#include "auth/throttle.h"
#include "base/crypto.h"
#include "base/log.h"
#include "store/known_device.h"

struct login_in {
	const char *username, *email, *phone, *password;
};

static const struct field login_rows[] = {
	FIELD_TEXT(struct login_in, username, "username", 0, 254, F_TRIM),
	FIELD_TEXT(struct login_in, email, "email", 0, 254, F_TRIM),
	FIELD_TEXT(struct login_in, phone, "phone_number", 0, 254, F_TRIM),
	FIELD_TEXT(struct login_in, password, "password", 1, 1024,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset login_fields =
    FIELDSET(struct login_in, login_rows, IN_BODY);

/* Failures of an account: growing waits (API.md), 20 a day (D10).  Browsers
 * that signed in before have their own, so that a flood does not lock the
 * owner out (S43). */
#define WAITS	3
static const struct throttle_rule failure_rows[2][WAITS] = {
	{ { "signin_5m", 5, 300 }, { "signin_1h", 10, 3600 },
	    { "signin_day", 20, 86400 } },
	{ { "signin_5m_known", 5, 300 }, { "signin_1h_known", 10, 3600 },
	    { "signin_day_known", 20, 86400 } },
};

struct attempt {
	struct call	*c;
	const char	*subject;	/* the account, or what was typed */
	bool		 known;		/* from a remembered browser */
};

/* Counted before the work (D27); a success takes it back. */
static int
count_attempt(const struct attempt *t, struct err *e)
{
	return throttle_all_or_fail(t->c->db, failure_rows[t->known], WAITS,
	    t->subject, strlen(t->subject), "too_many_failures", e);
}

/*
 * It was no failure.  A sign-in to the account that is counted ends its
 * waits; the day's number keeps the other failures.
 */
static int
give_back(struct db *db, const struct attempt *t, bool end_waits,
    struct err *e)
{
	for (size_t i = 0; i < WAITS; i++) {
		const char *rule = failure_rows[t->known][i].rule;
		size_t n = strlen(t->subject);
		bool day = i == WAITS - 1;

		if ((end_waits && !day ?
		    throttle_clear(db, rule, t->subject, n, e) :
		    throttle_give(db, rule, t->subject, n, e)) < 0)
			return -1;
	}
	return 0;
}

static int
end_waits(struct db *db, void *arg, struct err *e)
{
	return give_back(db, arg, true, e);
}

static int
was_other(struct db *db, void *arg, struct err *e)
{
	return give_back(db, arg, false, e);
}

static int
is_known(struct call *c, uint64_t user_id, bool *known, struct err *e)
{
	const char *token = c->req->device_cookie;
	uint8_t hash[32];
	int rc;

	sha256(hash, token, strlen(token));
	if ((rc = known_device_is(c->db, hash, user_id, e)) < 0)
		return -1;
	*known = rc == 1 && user_id != 0;
	return 0;
}

static int
wrong(struct call *c, uint64_t user_id, struct err *e)
{
	err_set(e, ERR_AUTH, "invalid_credentials", "sign-in refused");
	return answer_refused(c, "login", user_id, e);
}

/* Keep the stored hash at the current parameters; a failure to do so is no
 * reason to refuse a right password. */
static void
rehash(struct call *c, uint64_t user_id, const char *password)
{
	char phc[PASSWORD_PHC_MAX];
	struct err e = ERR_INIT;

	if (password_hash(phc, password, &e) < 0 ||
	    user_set_password(c->db, user_id, phc, &e) < 0)
		log_err(LOG_WARN_, "rehash", &e);
}

/* The right password of `u`: in, or why not (S26). */
static int
let_in(struct call *c, const struct identifier *id, const struct user *u,
    const struct attempt *t, bool counted, struct err *e)
{
	struct attempt arg = *t;
	const struct signin s = { .u = u, .amr = "pwd",
	    .with = counted ? end_waits : was_other, .arg = &arg };

	if (USER_PROVED(u) && u->is_active)
		return answer_signin(c, &s, e);
	if (db_tx(c->db, s.with, &arg, e) < 0)
		return -1;
	if (!USER_PROVED(u))
		return signup_not_verified(c, u, id, e);
	err_set(e, ERR_FORBIDDEN, "account_disabled", "user %" PRIu64, u->id);
	return answer_refused(c, "login", u->id, e);
}

static const char *
first_of(const char *a, const char *b, const char *c)
{
	if (a != NULL && *a != '\0')
		return a;
	return b != NULL && *b != '\0' ? b : c;
}

int
login_post(struct call *c, const void *in_, struct err *e)
{
	const struct login_in *in = in_;
	const char *typed = first_of(in->username, in->email, in->phone);
	struct attempt t = { .c = c };
	struct identifier id;
	struct user first = { 0 }, claim = { 0 };
	bool outdated = false;
	int found, claimed, right;

	if (typed == NULL || *typed == '\0')
		return err_field(e, "username", "required",
		    "no username, email or phone_number");
	identifier_read(c->arena, typed, &id);
	if ((found = identifier_find(c->db, c->arena, &id, &first, e)) < 0 ||
	    (claimed = identifier_claim(c->db, c->arena, &id, &claim, e)) < 0)
		return -1;
	if (claim.id == first.id)
		claimed = 0;
	t.subject = found ? arena_printf(c->arena, "user:%" PRIu64,
	    first.id) : id.text;
	if (is_known(c, first.id, &t.known, e) < 0 ||
	    count_attempt(&t, e) < 0)
		return -1;
	right = password_verify(found ? first.password : NULL, in->password,
	    &outdated, e);
	if (right == 1) {
		if (outdated)
			rehash(c, first.id, in->password);
		return let_in(c, &id, &first, &t, true, e);
	}
	if (right < 0)
		return -1;
	/* The second hash, whatever there is (D9). */
	right = password_verify(claimed ? claim.password : NULL, in->password,
	    NULL, e);
	if (right < 0)
		return -1;
	/* A claim's password ends no waits of the account before it, or a
	 * claim of one's own would buy guesses at somebody else's. */
	return right == 1 ? let_in(c, &id, &claim, &t, false, e) :
	    wrong(c, first.id, e);
}
