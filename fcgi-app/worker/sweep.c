/*
 * sweep.c - see sweep.h.
 */
#include "worker/sweep.h"

#include "auth/audit.h"
#include "auth/password.h"
#include "auth/sms_guard.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"
#include "store/callback.h"
#include "store/closing.h"
#include "store/delivery.h"
#include "store/delivery_log.h"
#include "store/device.h"
#include "store/frequency.h"
#include "store/gate_code.h"
#include "store/idempotency.h"
#include "store/known_device.h"
#include "store/live.h"
#include "store/lease.h"
#include "store/mail_domain.h"
#include "store/mfa_flow.h"
#include "store/opt_word.h"
#include "store/otp.h"
#include "store/provider_state.h"
#include "store/receipt.h"
#include "store/revocation.h"
#include "store/seen.h"
#include "store/session.h"
#include "store/social.h"
#include "store/stats.h"
#include "store/throttle.h"
#include "store/undo.h"
#include "store/user.h"
#include "store/whatsapp.h"
#include "worker/acting.h"
#include "worker/hooks.h"
#include "worker/purge.h"

#define BATCH		256u
#define PURGE_BATCH	4000u
#define SEAL_BATCH	2000u
#define PURGE_STEPS	40u
/* Short: when its holder dies, another takes over before a lease of jobs can
 * have run out. */
#define HOLD_S		3u
#define COUNT_US	(600 * US_PER_S)
#define HOUR_US		(3600 * US_PER_S)

struct lapse {
	struct sweep	*s;
	struct arena	*a;
	enum job_state	 state;
	const char	*blocked;	/* or: expired ones of this queue */
	int		 n;
	struct job	*job;		/* of the try that committed */
	unsigned	 revived, unsure, buried, expired;
};

/* With a line for the story: it may be redriven, and end for another reason. */
static struct delivery_change
ended(struct arena *a, const struct job *j, const char *state,
    const char *reason)
{
	char at[CLOCK_TEXT_MAX];

	clock_rfc3339(clock_now(), false, at);
	return (struct delivery_change){
	    .notification_id = j->notification_id, .seq = j->seq,
	    .attempts = j->tries, .state = state, .reason = reason,
	    .provider_id = "", .log = arena_printf(a, "{\"event\":\"%s\","
	    "\"at\":\"%s\",\"reason\":\"%s\"}", state, at, reason) };
}

/*
 * What a crash left.  Leased, nothing sent: ready again.  Leaving: perhaps it
 * was sent; again only where that is harmless, else unsure.  The third time a
 * job takes its worker along it is a dead letter: job_claim sees to it that
 * the third time is its own doing.
 */
static int
lapse_work(struct db *db, void *arg, struct err *e)
{
	struct lapse *l = arg;
	struct job_ref *revive, *bury, *drop;
	struct delivery_change *change;
	size_t revives = 0, buries = 0, drops = 0, changes = 0;

	l->revived = l->unsure = l->buried = l->expired = 0;
	l->n = l->blocked != NULL ? job_expired(db, l->a, l->blocked, BATCH,
	    &l->job, e) : job_lapsed(db, l->a, l->state, BATCH, &l->job, e);
	if (l->n <= 0)
		return l->n < 0 ? -1 : 1;
	revive = arena_array(l->a, (size_t)l->n, sizeof(*revive));
	bury = arena_array(l->a, (size_t)l->n, sizeof(*bury));
	drop = arena_array(l->a, (size_t)l->n, sizeof(*drop));
	change = arena_array(l->a, (size_t)l->n, sizeof(*change));
	for (int i = 0; i < l->n; i++) {
		const struct job *j = &l->job[i];
		struct job_ref ref = { .id = j->id, .owner = j->owner,
		    .attempt = j->attempt };

		if (l->blocked != NULL) {
			drop[drops++] = ref;
			if (j->kind == JOB_SEND)
				change[changes++] = ended(l->a, j, "expired",
				    "provider_blocked");
			l->expired++;
		} else if (l->state == JOB_LEAVING && !j->repeat_ok) {
			drop[drops++] = ref;
			change[changes++] = ended(l->a, j, "unsure",
			    "worker_died");
			l->unsure++;
		} else if (job_last_chance(j)) {
			bury[buries++] = ref;
			if (j->kind == JOB_SEND)
				change[changes++] = ended(l->a, j, "failed",
				    "dead_letter");
			l->buried++;
		} else {
			revive[revives++] = ref;
			l->revived++;
		}
	}
	if (job_revive(db, revive, revives, e) < 0 ||
	    job_bury(db, bury, buries, e) < 0 ||
	    job_drop(db, drop, drops, e) < 0)
		return -1;
	return changes == 0 ? 0 : delivery_update(db, change, changes, e);
}

static int
tell_ended(struct db *db, struct sweep *s, const struct lapse *l,
    struct err *e)
{
	for (int i = 0; i < l->n && s->tell < SWEEP_TOLD; i++) {
		const struct job *j = &l->job[i];
		int rc;

		if (j->waiter == NULL)
			continue;
		if ((rc = delivery_pending(db, j->notification_id, e)) < 0)
			return -1;
		if (rc > 0)
			continue;
		(void)text_copy(s->told[s->tell].waiter,
		    sizeof(s->told[s->tell].waiter), j->waiter);
		s->told[s->tell++].id = j->notification_id;
	}
	return 0;
}

static int
sweep_jobs(struct db *db, struct sweep *s, enum job_state state,
    const char *blocked, struct err *e)
{
	for (;;) {
		struct lapse l = { .s = s, .a = arena_new(8u << 20),
		    .state = state, .blocked = blocked };
		int rc = db_tx(db, lapse_work, &l, e);

		if (rc >= 0 && l.n > 0) {
			s->revived += l.revived;
			s->unsure += l.unsure;
			s->buried += l.buried;
			s->expired += l.expired;
			rc = tell_ended(db, s, &l, e);
		}
		arena_free(l.a);
		if (rc < 0)
			return -1;
		if (l.n < (int)BATCH)
			return 0;
	}
}

/* The kinds of hash change by sign-ins: slowly. */
static int
count_hashes(struct db *db, struct err *e)
{
	static int64_t counted_us;
	int64_t now = clock_mono();

	if (counted_us != 0 && now - counted_us < COUNT_US)
		return 0;
	counted_us = now;
	return password_mix_count(db, e);
}

/* Months ahead and months gone (D21).  Whoever reads the log for long is in
 * the way: there are three months' time, so that is no fault. */
static int
keep_log(struct db *db, unsigned max, struct err *e)
{
	static int64_t kept_us;
	const unsigned days = (unsigned)conf_int(CONF_LOG_DAYS);
	const int64_t now = clock_mono();
	struct err busy = ERR_INIT;

	if (kept_us == 0 || now - kept_us > HOUR_US) {
		kept_us = now;
		if (delivery_partitions(db, days, &busy) < 0) {
			log_err(LOG_INFO_, "partitions: tried again in ten "
			    "minutes", &busy);
			kept_us = now - HOUR_US * 5 / 6;
		}
	}
	return delivery_log_purge(db, days, max, e);
}

/* Rows that are good for nothing any more.  What is left over is for the next
 * second, not for the next minute: tables stay as small as what lives, however
 * fast it dies (S13). */
static int
purge(struct db *db, struct sweep *s, struct err *e)
{
	static int (*const table[])(struct db *, unsigned, struct err *) = {
		throttle_row_purge,
		otp_row_purge,
		revocation_purge,
		session_purge,
		idem_purge,
		known_device_purge,
		social_purge,
		closing_purge,
		device_purge,
		gate_code_purge,
		live_ticket_purge,
		undo_purge,
		frequency_purge,
		mail_domain_purge,
		user_purge_claims,
		mfa_flow_purge,
		receipt_close,
		keep_log,
		stats_purge,
		whatsapp_purge,
		opt_word_purge,
		seen_purge,
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		int n = table[i](db, PURGE_BATCH, e);

		if (n < 0)
			return -1;
		s->more = s->more || n >= (int)PURGE_BATCH;
	}
	return count_hashes(db, e);
}

static int
read_shared(struct db *db, struct sweep *s, struct err *e)
{
	struct provider_row row[SWEEP_LANES];
	const char *name[SWEEP_LANES];
	struct arena *a = arena_new(1u << 16);
	int n, rc = -1;

	if ((n = provider_state_all(db, a, row, SWEEP_LANES, e)) < 0)
		goto out;
	for (s->breakers = 0; s->breakers < (size_t)n; s->breakers++) {
		size_t i = s->breakers;

		(void)text_copy(s->breaker[i].name,
		    sizeof(s->breaker[i].name), row[i].name);
		(void)text_copy(s->breaker[i].state,
		    sizeof(s->breaker[i].state), row[i].state);
		s->breaker[i].left_us = row[i].left_us;
		s->breaker[i].failures = (unsigned)row[i].failures;
	}
	s->providers = 0;
	if (s->purge) {
		if ((n = job_providers(db, a, name, SWEEP_LANES, e)) < 0)
			goto out;
		for (int i = 0; i < n; i++)
			(void)text_copy(s->provider[s->providers++],
			    sizeof(s->provider[0]), name[i]);
	}
	/* After the names of the jobs: whoever has one has its row, too. */
	if (accounts_read(db, &s->accounts, e) < 0)
		goto out;
	rc = 0;
out:
	arena_free(a);
	return rc;
}

int
sweep_run(struct db *db, struct sweep *s, struct err *e)
{
	int rc;

	s->tell = 0;
	s->more = s->hooked = false;
	s->revived = s->unsure = s->buried = s->expired = 0;
	if (read_shared(db, s, e) < 0 ||
	    (rc = lease_take(db, "sweeper", s->owner, HOLD_S, e)) < 0)
		return -1;
	s->holder = rc > 0;
	if (!s->holder)
		return 0;
	if (sweep_jobs(db, s, JOB_LEASED, NULL, e) < 0 ||
	    sweep_jobs(db, s, JOB_LEAVING, NULL, e) < 0)
		return -1;
	for (size_t i = 0; i < s->blocks; i++)
		if (sweep_jobs(db, s, JOB_READY, s->blocked[i], e) < 0)
			return -1;
	if (callback_sweep(db, BATCH, e) < 0 ||
	    sms_guard_sweep(db, s->purge, e) < 0 ||
	    audit_seal(db, s->owner, SEAL_BATCH, e) < 0 ||
	    acting_sweep(db, PURGE_STEPS, e) < 0 ||
	    purge_accounts(db, PURGE_STEPS, e) < 0 ||
	    hooks_sweep(db, &s->hooked, e) < 0)
		return -1;
	return s->purge ? purge(db, s, e) : 0;
}

void
sweep_stop(struct db *db, uint64_t owner)
{
	struct err e = ERR_INIT;

	if (lease_give(db, "sweeper", owner, &e) < 0)
		log_err(LOG_WARN_, "give the lease back", &e);
}
