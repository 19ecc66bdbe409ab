/*
 * admin_stats.c - GET /api/admin/stats/: is all well?
 */
#include "api/admin_log.h"

#include "base/clock.h"
#include "store/job_admin.h"
#include "store/stats.h"

struct stats_in { struct opt_int hours; };
static const struct field stats_rows[] = {
	FIELD_OF(FT_INT, struct stats_in, hours, "hours", 1, 24 * 31, 0),
};
const struct fieldset admin_stats_fields =
    FIELDSET(struct stats_in, stats_rows, IN_QUERY);

struct writing {
	struct jw		*w;
	struct stats_sent	 sent;
	struct stats_signin	 in;
	struct stats_class	 k;
	int64_t			 now_us;
	struct stats_provider	 p;
};

static int
write_sent(void *arg, struct err *e)
{
	struct writing *x = arg;

	(void)e;
	jw_object(x->w, NULL);
	jw_time(x->w, "hour", x->sent.hour_us);
	jw_str(x->w, "provider", x->sent.provider);
	jw_str(x->w, "channel", x->sent.channel);
	jw_str(x->w, "state", x->sent.state);
	jw_u64(x->w, "count", x->sent.n);
	jw_end(x->w);
	return 0;
}

static int64_t
waited_s(int64_t since_us, int64_t now_us)
{
	return since_us == 0 || since_us > now_us ? 0 :
	    (now_us - since_us) / US_PER_S;
}

static int
write_class(void *arg, struct err *e)
{
	struct writing *x = arg;

	(void)e;
	jw_object(x->w, NULL);
	jw_str(x->w, "class", job_class_word(x->k.class));
	jw_u64(x->w, "ready", x->k.ready);
	jw_u64(x->w, "due", x->k.due);
	jw_i64(x->w, "oldest_s", waited_s(x->k.oldest_us, x->now_us));
	jw_end(x->w);
	return 0;
}

static int
write_signin(void *arg, struct err *e)
{
	struct writing *x = arg;

	(void)e;
	jw_object(x->w, NULL);
	jw_time(x->w, "hour", x->in.hour_us);
	jw_str(x->w, "outcome", x->in.outcome);
	jw_u64(x->w, "count", x->in.n);
	jw_end(x->w);
	return 0;
}

static int
write_provider(void *arg, struct err *e)
{
	struct writing *x = arg;

	(void)e;
	jw_object(x->w, NULL);
	jw_str(x->w, "name", x->p.name);
	jw_str(x->w, "breaker", x->p.state);
	jw_str(x->w, "reason", x->p.reason);
	jw_time(x->w, "until", x->p.until_us);
	jw_u64(x->w, "failures", x->p.failures);
	jw_time(x->w, "changed_at", x->p.updated_us);
	jw_end(x->w);
	return 0;
}

int
admin_stats_get(struct call *c, const void *in_, struct err *e)
{
	const struct stats_in *in = in_;
	const unsigned hours = in->hours.set ? (unsigned)in->hours.v : 24;
	const int64_t now = clock_now();
	struct writing x = { .now_us = now };
	struct job_counts n;

	if (job_count(c->db, &n, e) < 0)
		return -1;
	x.w = resp_json(c->resp, 200);
	jw_object(x.w, "queue");
	jw_u64(x.w, "ready", n.ready);
	jw_u64(x.w, "due", n.due);
	jw_u64(x.w, "leased", n.leased);
	jw_u64(x.w, "leaving", n.leaving);
	jw_u64(x.w, "dead", n.dead);
	jw_i64(x.w, "oldest_s", waited_s(n.oldest_us, now));
	jw_end(x.w);
	jw_array(x.w, "classes");
	if (stats_each_class(c->db, &x.k, write_class, &x, e) < 0)
		return -1;
	jw_end(x.w);
	jw_array(x.w, "deliveries");
	if (stats_each_sent(c->db, c->arena, hours, &x.sent, write_sent, &x,
	    e) < 0)
		return -1;
	jw_end(x.w);
	jw_array(x.w, "providers");
	if (stats_each_provider(c->db, c->arena, &x.p, write_provider, &x,
	    e) < 0)
		return -1;
	jw_end(x.w);
	jw_array(x.w, "sign_ins");
	if (stats_each_signin(c->db, c->arena, hours, &x.in, write_signin, &x,
	    e) < 0)
		return -1;
	jw_end(x.w);
	resp_json_end(c->resp);
	return 0;
}
