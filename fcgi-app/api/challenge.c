/*
 * challenge.c - GET /api/auth/challenge/: something to solve before the first
 * SMS of an unknown device (S49).  Asking costs nothing and keeps nothing.
 */
#include "api/dispatch_own.h"
#include "auth/pow.h"

int
challenge_get(struct call *c, const void *in, struct err *e)
{
	struct pow p;
	struct jw *w;

	(void)in;
	(void)e;
	pow_make(&p);
	resp_no_store(c->resp);
	w = resp_json(c->resp, 200);
	jw_str(w, "challenge", p.text);
	jw_i64(w, "difficulty", (int64_t)p.difficulty);
	jw_time(w, "expires_at", p.expires_us);
	resp_json_end(c->resp);
	return 0;
}

void
challenge_member(struct resp *r)
{
	struct pow p;

	pow_make(&p);
	resp_problem_member(r, "challenge", p.text);
	resp_problem_number(r, "difficulty", (int64_t)p.difficulty);
}
