/*
 * fresh.c - see fresh.h.
 */
#include "api/fresh.h"

#include "api/answer.h"
#include "auth/factor.h"
#include "auth/password.h"
#include "auth/throttle.h"
#include "base/clock.h"

#define FRESH_S		300
#define FAILURES	5
#define FAILURES_S	300

bool
fresh_session(const struct caller *w)
{
	return clock_now() / US_PER_S - w->auth_s <= FRESH_S;
}

static int
not_fresh(struct err *e)
{
	return err_set(e, ERR_FORBIDDEN, "reauth_required",
	    "signed in too long ago");
}

int
fresh_factor(struct call *c, const struct user *u, struct err *e)
{
	struct mfa m;
	int rc;

	if (fresh_session(&c->who))
		return 0;
	if ((rc = mfa_find(c->db, c->arena, u->id, &m, e)) < 0)
		return -1;
	return rc == 1 && factor_on(&m) ? not_fresh(e) : 0;
}

int
fresh_caller(struct call *c, struct err *e)
{
	const struct user me = { .id = c->who.user_id };

	return fresh_factor(c, &me, e);
}

int
fresh_password(struct call *c, const struct user *u, const char *password,
    const char *event, struct err *e)
{
	char subject[32];
	int n = snprintf(subject, sizeof(subject), "user:%" PRIu64, u->id);
	int rc;

	if (throttle_or_fail(c->db, "password_old", subject, (size_t)n,
	    FAILURES, FAILURES_S, "too_many_failures", e) < 0)
		return -1;
	if ((rc = password_verify(u->password, password, NULL, e)) < 0)
		return -1;
	if (rc == 0) {
		err_field(e, "password", "wrong_password",
		    "the password is another");
		return answer_refused(c, event, u->id, e);
	}
	return throttle_clear(c->db, "password_old", subject, (size_t)n, e);
}

int
fresh_enough(struct call *c, const struct user *u, const char *password,
    const char *event, struct err *e)
{
	if (password == NULL)
		return fresh_session(&c->who) ? 0 : not_fresh(e);
	return fresh_factor(c, u, e) < 0 ? -1 :
	    fresh_password(c, u, password, event, e);
}
