/*
 * admin_resend.c - POST /api/admin/deliveries/{id}/resend/: send one again.
 *
 * Only what is over and did not succeed.  What carried a code or a link cannot
 * be: its secret was wiped with the job (D24), and an unsure code is never
 * resent (S51): its owner asks for another.
 */
#include "api/admin_log.h"

#include "api/answer.h"
#include "api/idem.h"
#include "auth/audit.h"
#include "base/conf.h"
#include "base/rand.h"
#include "queue/bell.h"

#define LIFE_MIN_S	3600
#define LIFE_MAX_S	(7 * 24 * 3600)

struct resending {
	struct call		*c;
	const struct delivery_story *s;
	struct delivery_again	 again;
};

static int
audit_resend(struct db *db, const struct resending *r, struct err *e)
{
	const struct caller *who = &r->c->who;
	const struct audit_event ev = { .event = "delivery_resend",
	    .outcome = "ok", .user_id = r->s->d.user_id,
	    .actor_id = who->user_id, .session_id = who->session_id,
	    .detail = arena_printf(r->c->arena, "{\"delivery\":\"%" PRIu64
	    "-%u\",\"was\":\"%s\"}", r->again.at.id, r->again.at.seq,
	    r->s->d.state) };

	return audit_add(db, r->c->req, &ev, e);
}

static int
resend_work(struct db *db, void *arg, struct err *e)
{
	struct resending *r = arg;
	struct call *c = r->c;
	int rc;

	/* The key first: of two at once the second waits, and replays. */
	if (idem_take(c, db, r->again.at.id, e) < 0)
		return -1;
	if ((rc = delivery_again(db, &r->again, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_CONFLICT, "not_resendable",
		    "its state is another by now");
	return audit_resend(db, r, e);
}

static bool
has_secret(const struct delivery_story *s)
{
	static const char *const type[] = { "code", "notice" };

	for (size_t i = 0; i < COUNT_OF(type); i++)
		if (strcmp(s->d.type, type[i]) == 0)
			return true;
	return s->d.type[0] == '\0';	/* purged: what it was is gone */
}

int
admin_delivery_resend(struct call *c, const void *in, struct err *e)
{
	struct delivery_story s;
	struct resending r = { .c = c, .s = &s };
	int64_t life;

	(void)in;
	if (delivery_of_path(c, &s, e) < 0)
		return -1;
	/* What a digest carried ends as its carrier does: that can be sent
	 * again. */
	if (has_secret(&s) || strcmp(s.d.provider, "digest") == 0 ||
	    strcmp(s.d.channel, "webhook") == 0 ||
	    s.d.provider[0] == '\0' || s.d.target[0] == '\0')
		return err_set(e, ERR_CONFLICT, "not_resendable",
		    "type %s, channel %s", s.d.type, s.d.channel);
	life = (s.expires_us - s.accepted_us) / INT64_C(1000000);
	r.again.life_s = (uint32_t)(life < LIFE_MIN_S ? LIFE_MIN_S :
	    life > LIFE_MAX_S ? LIFE_MAX_S : life);
	r.again.at = (struct delivery_at){ s.d.notification_id,
	    (uint32_t)s.d.seq };
	r.again.job_id = rand_id();
	if (db_tx(c->db, resend_work, &r, e) < 0)
		return -1;
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	return admin_delivery_replay(c, r.again.at.id, e);
}
