/*
 * grant.c - a session's life by the rules of D7.
 *
 * What must stay true: of all tokens ever given for a session at most two are
 * good at any time, the current and (for the grace) its parent; the pair that
 * a counter stands for is a function of the row, so parallel and repeated
 * requests get the same bytes; whoever shows a counter that can only have
 * been stolen or cloned ends the family.
 */
#include "auth/grant_own.h"

#include "auth/audit.h"
#include "auth/country.h"
#include "auth/notice.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/shm.h"
#include "store/revocation.h"
#include "store/session.h"

#define REFRESHES_A_MINUTE	60
#define ARRIVAL_AGE_MAX_US	(5 * US_PER_S)
#define KILLED_GRACE_US		(10 * US_PER_S)
/* Compare-and-swap rounds: each loss means somebody else moved the row, after
 * which the next round answers without writing. */
#define ROUNDS			16

static struct shm *shared;

void
grant_use(struct shm *s)
{
	shared = s;
}

struct shm *
grant_shared(void)
{
	return shared;
}

struct access_claims
grant_claims(struct arena *a, const struct session *s, int64_t at_us)
{
	struct access_claims c = {
		.user_id = s->user_id,
		.session_id = s->id,
		.seq = s->current,
		.iat_s = session_iat_s(s, at_us),
		.auth_s = s->auth_at_us / US_PER_S,
		.session_end_s = s->ends_at_us / US_PER_S,
		.amr = s->amr,
		.is_staff = s->is_staff,
		/* Never acted, even if the role came meanwhile (S70). */
		.is_superuser = s->is_superuser && s->actor_id == 0,
		.act_id = s->actor_id,
		.verified = s->verified,
		.claim = s->claim,
		.email = s->email == NULL ? "" : s->email,
		.country = s->allowed_countries != NULL ?
		    arena_printf(a, "+%s", s->allowed_countries) :
		    s->country == NULL ? "ZZ" : s->country,
		.groups = s->groups == NULL ? "" : s->groups,
	};

	c.exp_s = c.iat_s + conf_int(CONF_ACCESS_LIFE_S);
	if (c.exp_s > c.session_end_s)
		c.exp_s = c.session_end_s;
	return c;
}

/* The pair that the row stands for now. */
int
grant_pair(struct arena *a, const struct session *s, struct grant *g,
    struct err *e)
{
	const struct access_claims c = grant_claims(a, s, s->rotated_at_us);
	char refresh[REFRESH_TEXT];

	if (access_make(a, &c, &g->access, e) < 0)
		return -1;
	refresh_make(refresh, s->id, s->current);
	g->refresh = arena_strdup(a, refresh);
	g->session_id = s->id;
	g->user_id = s->user_id;
	return 0;
}

static int
begin(struct db *db, struct arena *a, const struct req *q,
    const struct user *u, const char *amr, uint32_t life_s, struct grant *g,
    struct err *e)
{
	const struct session_new n = {
		/* Made before the transaction, or a redo would begin two. */
		.id = db_in_tx(db) ? db_tx_key(db) : rand_id(),
		.user_id = u->id,
		.amr = amr,
		.ip = q->remote_addr,
		.country = q->country,
		.user_agent = q->user_agent,
		.claim = u->claim && !USER_PROVED(u),
		.idle_s = (uint32_t)conf_int(CONF_SESSION_IDLE_S),
		.life_s = life_s,
	};
	struct session s;
	int rc;

	if (country_user(q, u->allowed_countries, e) < 0)
		return -1;
	rc = session_insert(db, a, &n, &s, e);
	if (rc == 1)
		return err_set(e, ERR_AUTH, "invalid_credentials",
		    "user %" PRIu64 " is gone", u->id);
	return rc < 0 ? -1 : grant_pair(a, &s, g, e);
}

int
grant_begin(struct db *db, struct arena *a, const struct req *q,
    const struct user *u, const char *amr, struct grant *g, struct err *e)
{
	return begin(db, a, q, u, amr, (uint32_t)conf_int(CONF_SESSION_MAX_S),
	    g, e);
}

int
grant_replace(struct db *db, struct arena *a, const struct req *q,
    const struct user *u, const char *amr, uint64_t old, struct grant *g,
    struct grant_ended *x, struct err *e)
{
	struct session s;
	int64_t left_s;
	int rc = session_find(db, a, old, &s, e);

	if (rc < 0)
		return -1;
	left_s = rc == 0 ? 0 : (s.ends_at_us - s.now_us) / US_PER_S;
	if (rc == 0 || !session_alive(&s) || s.user_id != u->id ||
	    left_s <= 0)
		return err_set(e, ERR_AUTH, "invalid_token",
		    "session %" PRIu64 " has ended", old);
	if (grant_end(db, u->id, old, "stepup", x, e) < 0)
		return -1;
	return begin(db, a, q, u, amr, (uint32_t)left_s, g, e);
}

/* --- rotation --------------------------------------------------------------- */

enum sight {			/* what a shown counter is, as of the row */
	SIGHT_CURRENT,		/* rotate */
	SIGHT_REPLAY,		/* parent in grace, or freshly killed: same pair */
	SIGHT_PARENT_LATE,	/* answer was lost: supersede */
	SIGHT_THEFT
};

static enum sight
look(const struct session *s, uint32_t counter)
{
	const int64_t grace_us = conf_int(CONF_REFRESH_GRACE_S) * US_PER_S;

	if (counter == s->current)
		return SIGHT_CURRENT;
	if (counter == s->parent && counter != 0)
		return s->now_us - s->rotated_at_us <= grace_us ?
		    SIGHT_REPLAY : SIGHT_PARENT_LATE;
	if (counter == s->killed && counter != 0 &&
	    s->now_us - s->killed_at_us <= KILLED_GRACE_US)
		return SIGHT_REPLAY;
	return SIGHT_THEFT;
}

static int
invalid(struct err *e, const char *why)
{
	return err_set(e, ERR_AUTH, "invalid_token", "refresh: %s", why);
}

struct theft {
	const struct req	*q;
	struct arena		*a;
	const struct session	*s;
	uint32_t		 counter;
	uint64_t		 ended[1], notice_ids[2];
	int			 told;
};

/* Family, revocation, audit row and the notices to its owner in one
 * transaction (S2). */
static int
theft_work(struct db *db, void *arg, struct err *e)
{
	struct theft *t = arg;
	const struct session_end end = {
		.user_id = t->s->user_id,
		.session_id = t->s->id,
		.reason = "theft",
		.access_life_s = (uint32_t)conf_int(CONF_ACCESS_LIFE_S),
	};
	char detail[96];
	const struct audit_event ev = {
		.event = "refresh_reuse",
		.outcome = "refused",
		.user_id = t->s->user_id,
		.session_id = t->s->id,
		.detail = detail,
	};
	struct user u;
	int n = session_end(db, &end, t->ended, COUNT_OF(t->ended), e);

	t->told = 0;
	if (n <= 0)	/* 0: somebody else's request ended it first */
		return n;
	snprintf(detail, sizeof(detail),
	    "{\"shown\":%" PRIu32 ",\"current\":%" PRIu32 "}", t->counter,
	    t->s->current);
	if (audit_add(db, t->q, &ev, e) < 0 ||
	    (n = user_find(db, t->a, t->s->user_id, &u, e)) < 0)
		return -1;
	if (n == 1)
		t->told = notice_everywhere(db, &u, t->notice_ids,
		    "refresh_reuse", NULL, t->q->request_id, e);
	return t->told < 0 ? -1 : 0;
}

static void
revoke_shared(uint64_t user_id, uint64_t session_id, int64_t not_before_s)
{
	const struct shm_revocation row = { session_id, user_id, not_before_s };

	if (shared != NULL)
		shm_revoke_now(shared, &row);
}

void
grant_token_revoked(uint64_t token_id)
{
	/* Ids of tokens and sessions are of one kind and never equal. */
	revoke_shared(0, token_id, 0);
}

static int
theft(struct db *db, struct arena *a, const struct req *q,
    const struct session *s, uint32_t counter, struct err *e)
{
	struct theft t = { .q = q, .a = a, .s = s, .counter = counter,
	    .notice_ids = { rand_id(), rand_id() } };

	if (db_tx(db, theft_work, &t, e) < 0)
		return -1;
	revoke_shared(s->user_id, s->id, 0);
	if (t.told > 0)
		notice_ring();
	return err_set(e, ERR_AUTH, "refresh_reused",
	    "session %" PRIu64 ": counter %" PRIu32 " of %" PRIu32, s->id,
	    counter, s->current);
}

int
grant_refresh(struct db *db, struct arena *a, const struct req *q,
    const char *refresh_token, struct grant *g, struct err *e)
{
	struct session_step step = {
		.idle_s = (uint32_t)conf_int(CONF_SESSION_IDLE_S),
		.per_minute = REFRESHES_A_MINUTE,
		.ip = q->remote_addr,
	};
	struct session s;
	enum sight sight;
	uint32_t counter;
	uint64_t id;
	int rc, wait;

	if (!refresh_parse(refresh_token, &id, &counter))
		return invalid(e, "not one of ours");
	/* It lay in a queue: the client has given up and will come again with
	 * the same token; rotating now would only look like a theft later. */
	if (q->arrived_us != 0 &&
	    clock_now() - q->arrived_us > ARRIVAL_AGE_MAX_US) {
		err_set(e, ERR_UNAVAILABLE, "too_old", "arrived > 5 s ago");
		e->retry_after_s = 1;
		return -1;
	}
	for (int round = 0; round < ROUNDS; round++) {
		if ((rc = session_find(db, a, id, &s, e)) < 0)
			return -1;
		if (rc == 0)
			return invalid(e, "no such session");
		if (!session_alive(&s))
			return invalid(e, "the session has ended");
		sight = look(&s, counter);
		/* After the theft check, so that a thief abroad is seen; the
		 * token is not used up: back home it serves. */
		if (sight != SIGHT_THEFT &&
		    country_user(q, s.allowed_countries, e) < 0)
			return -1;
		switch (sight) {
		case SIGHT_REPLAY:
			return grant_pair(a, &s, g, e);
		case SIGHT_THEFT:
			return theft(db, a, q, &s, counter, e);
		case SIGHT_CURRENT:
			step.move = SESSION_ROTATE;
			break;
		case SIGHT_PARENT_LATE:
			step.move = SESSION_SUPERSEDE;
			break;
		}
		if ((wait = session_minute_wait(&s, step.per_minute)) > 0)
			return err_throttled(e, "too_many_refreshes", wait);
		if ((rc = session_step(db, &s, &step, e)) < 0)
			return -1;
		if (rc == 1)
			return grant_pair(a, &s, g, e);
	}
	err_set(e, ERR_UNAVAILABLE, "busy", "session %" PRIu64 " kept moving",
	    id);
	e->retry_after_s = 1;
	return -1;
}

/* --- ending ----------------------------------------------------------------- */

void
grant_publish(const struct grant_ended *x)
{
	for (size_t i = 0; i < x->n; i++)
		revoke_shared(x->user_id, x->session[i], 0);
	if (x->not_before_s != 0)
		revoke_shared(x->user_id, 0, x->not_before_s);
}

/* Without `x` what is done must be committed when the call returns. */
static int
refuse_unpublished(const struct db *db, const struct grant_ended *x,
    struct err *e)
{
	return x != NULL || !db_in_tx(db) ? 0 : err_set(e, ERR_INTERNAL,
	    "end_in_tx", "sessions ended in a transaction, not published");
}

static int
end_where(struct db *db, uint64_t user_id, uint64_t session_id, uint64_t keep,
    const char *reason, struct grant_ended *x, struct err *e)
{
	const struct session_end w = {
		.user_id = user_id, .session_id = session_id, .keep = keep,
		.reason = reason,
		.access_life_s = (uint32_t)conf_int(CONF_ACCESS_LIFE_S),
	};
	struct grant_ended own = GRANT_ENDED_NONE;
	struct grant_ended *to = x == NULL ? &own : x;
	int n;

	if (refuse_unpublished(db, x, e) < 0 ||
	    (n = session_end(db, &w, to->session, GRANT_ENDED_MAX, e)) < 0)
		return -1;
	to->user_id = user_id;
	to->n = n < GRANT_ENDED_MAX ? (size_t)n : GRANT_ENDED_MAX;
	if (x == NULL)
		grant_publish(&own);
	return n;
}

int
grant_end(struct db *db, uint64_t user_id, uint64_t session_id,
    const char *reason, struct grant_ended *x, struct err *e)
{
	/* For the store 0 means all. */
	return session_id == 0 ? 0 :
	    end_where(db, user_id, session_id, 0, reason, x, e);
}

int
grant_end_others(struct db *db, uint64_t user_id, uint64_t keep,
    const char *reason, struct grant_ended *x, struct err *e)
{
	return end_where(db, user_id, 0, keep, reason, x, e);
}

int
grant_end_all(struct db *db, uint64_t user_id, const char *reason,
    struct grant_ended *x, struct err *e)
{
	int n = end_where(db, user_id, 0, 0, reason, x, e);

	return n < 0 || grant_outdate(db, user_id, x, e) < 0 ? -1 : n;
}

int
grant_outdate(struct db *db, uint64_t user_id, struct grant_ended *x,
    struct err *e)
{
	struct grant_ended own = GRANT_ENDED_NONE;
	struct grant_ended *to = x == NULL ? &own : x;

	if (refuse_unpublished(db, x, e) < 0 ||
	    revocation_outdate(db, user_id,
	    (uint32_t)conf_int(CONF_ACCESS_LIFE_S), &to->not_before_s, e) < 0)
		return -1;
	to->user_id = user_id;
	if (x == NULL)
		grant_publish(&own);
	return 0;
}

int
grant_renew(struct db *db, struct arena *a, uint64_t session_id,
    const char **access, struct err *e)
{
	struct session s;
	struct grant g;
	int rc = session_find(db, a, session_id, &s, e);

	if (rc <= 0 || !session_alive(&s))
		return rc < 0 ? -1 : 0;
	if (grant_pair(a, &s, &g, e) < 0)
		return -1;
	*access = g.access;
	return 1;
}
