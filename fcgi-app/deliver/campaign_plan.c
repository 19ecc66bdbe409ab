/*
 * campaign_plan.c - a slice of a campaign's audience: whom it goes to is by
 * its conditions, by which of their addresses by the one decision that
 * notifications and explain go by (people.h).  Who has a digest gets a
 * campaign's message with it.
 */
#include "deliver/campaign_own.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/mail.h"
#include "base/rand.h"
#include "deliver/hold.h"
#include "deliver/plan_own.h"
#include "queue/bell.h"
#include "queue/campaign_audience.h"
#include "queue/enqueue.h"
#include "store/digest.h"
#include "store/inbox.h"
#include "store/job.h"
#include "store/notification.h"
#include "store/user.h"

#define SLICE		1000		/* people, or addresses */
#define ARENA_MAX	((size_t)96 << 20)

struct slice {
	struct arena	*a;
	struct campaign	*c;
	struct campaign_tick *t;
	const char	*provider[CHANNELS];	/* "" served, NULL not */
	bool		 expired;
	struct campaign_audience au;
	struct delivery_new *row;
	int64_t		*run_us;	/* of a row; 0: when it is released */
	bool		*gather;	/* for the digest of then */
	size_t		 n, max;
	struct campaign_mark mark;
	/* made of the rows */
	struct job_new	*later;		/* that wait for their recipient */
	struct inbox_new *inbox;
	struct digest_new *digest;
	size_t		 laters, inboxes, digests;
	bool		 stale;
};

/* --- rows --------------------------------------------------------------------------- */

static struct delivery_new *
next_row(struct slice *s, const struct someone *who, const char *channel)
{
	struct delivery_new *d;

	if (s->n == s->max) {
		size_t max = s->max == 0 ? 2 * SLICE : 2 * s->max;
		struct delivery_new *row = arena_array(s->a, max,
		    sizeof(*row));
		int64_t *run = arena_array(s->a, max, sizeof(*run));
		bool *gather = arena_array(s->a, max, sizeof(*gather));

		if (s->n > 0) {
			memcpy(row, s->row, s->n * sizeof(*row));
			memcpy(run, s->run_us, s->n * sizeof(*run));
			memcpy(gather, s->gather, s->n * sizeof(*gather));
		}
		s->row = row;
		s->run_us = run;
		s->gather = gather;
		s->max = max;
	}
	d = &s->row[s->n];
	*d = (struct delivery_new){ .notification_id = s->c->id,
	    .user_id = who->user_id, .channel = channel, .target = "",
	    .seq = (uint32_t)(s->c->planned + s->n + 1), .provider = "",
	    .state = "queued", .reason = "" };
	s->gather[s->n] = false;
	s->run_us[s->n++] = 0;
	return d;
}

static const char *
account_for(const struct slice *s, enum channel_id id)
{
	const struct plan_route *r = pick_route(s->t->route, s->t->routes,
	    channels_name(id), "", CLASS_CAMPAIGN);

	return r == NULL ? "" : r->provider;
}

static void
add_queued(struct slice *s, const struct someone *who, const struct way *w,
    const struct device_target *dev)
{
	struct delivery_new *d = next_row(s, who, channels_name(w->channel));
	const char *to = dev != NULL ? dev->target :
	    people_address(who, w->channel);

	/* For now: the turn is taken when it leaves (campaign_release.c). */
	d->provider = account_for(s, w->channel);
	d->device_id = dev == NULL ? 0 : dev->id;
	d->target = dev != NULL ? plan_shown(s->a, dev) :
	    arena_strndup(s->a, to, DELIVERY_TARGET_MAX);
	delivery_hash(d->target_hash, to);
	s->run_us[s->n - 1] = hold_time(w->not_before_us, s->c->ends_us,
	    true).run_us;
	if (s->expired) {
		d->state = d->reason = "expired";
	} else if (w->merges && w->not_before_us <= s->c->ends_us) {
		/* Who asked for one message a day gets one, whoever writes. */
		s->gather[s->n - 1] = true;
		d->reason = "digest";
	}
}

static void
add_way(struct slice *s, const struct someone *who, const struct way *w)
{
	const char *to = who->m->au->kind == TO_ADDRESS ? who->m->au->to :
	    NULL;
	struct delivery_new *d;

	if (!w->way->kept)
		return;
	if (w->way->what == REACH_GO && people_by_device(w->channel)) {
		for (size_t i = 0; i < who->devices; i++)
			if (channels_find(who->device[i].kind) == w->channel)
				add_queued(s, who, w, &who->device[i]);
		return;
	}
	if (w->way->what == REACH_GO && w->channel != CHANNEL_IN_APP) {
		add_queued(s, who, w, NULL);
		return;
	}
	d = next_row(s, who, channels_name(w->channel));
	delivery_hash(d->target_hash, to);
	if (to != NULL)
		d->target = arena_strndup(s->a, to, DELIVERY_TARGET_MAX);
	if (w->way->what == REACH_SKIP) {
		d->state = strcmp(w->way->reason, "no_provider") == 0 ?
		    "failed" : "skipped";
		d->reason = w->way->reason;
	} else if (s->expired) {
		d->state = d->reason = "expired";
	} else {
		d->state = "sent";
		d->provider = "in_app";
		d->sent = true;
	}
}

static void
add_someone(struct slice *s, const struct someone *who)
{
	struct way w[WAYS_MAX];
	size_t n = people_ways(who, w), before = s->n;
	struct delivery_new *d;

	for (size_t i = 0; i < n; i++)
		add_way(s, who, &w[i]);
	if (s->n > before)
		return;
	/* Each has a row, whatever there is to say. */
	d = next_row(s, who, "");
	delivery_hash(d->target_hash, who->m->au->kind == TO_ADDRESS ?
	    who->m->au->to : NULL);
	d->state = "skipped";
	d->reason = who->reach.nobody != NULL ? who->reach.nobody :
	    "not_chosen";
}

/* --- whom ------------------------------------------------------------------------------ */

/* When this slice will leave, as far as the rate says. */
static int64_t
leaves_us(const struct campaign *c)
{
	int64_t us = c->rate == 0 ? c->now_us : c->now_us + (int64_t)(
	    c->planned - c->released) * US_PER_S / (int64_t)c->rate;

	return us < c->ends_us ? us : c->ends_us;
}

static int
decide(struct db *db, struct slice *s, struct someone *who, size_t n,
    struct err *e)
{
	if (n == 0)
		return 0;
	if (people_decide(db, s->a, who, n, s->provider, e) < 0 ||
	    hold_decide(db, s->a, who, n, !s->expired, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		add_someone(s, &who[i]);
	return 0;
}

static int
people(struct db *db, struct slice *s, struct err *e)
{
	struct audience *au = arena_alloc(s->a, sizeof(*au));
	struct message_for *m = arena_alloc(s->a, sizeof(*m));
	uint64_t *id = arena_array(s->a, SLICE, sizeof(*id));
	struct someone *who;
	int n = people_page(db, &s->au.where, s->c->cursor_id, id,
	    SLICE, e);

	if (n < 0)
		return -1;
	*au = (struct audience){ .kind = TO_USERS,
	    .channels = channels_mask(s->c->channels) };
	*m = (struct message_for){ .au = au, .type = s->c->type,
	    .class = CLASS_CAMPAIGN, .merges = true,
	    .now_us = leaves_us(s->c) };
	who = arena_array(s->a, (size_t)n + 1, sizeof(*who));
	for (int i = 0; i < n; i++)
		who[i] = (struct someone){ .m = m, .user_id = id[i] };
	if (decide(db, s, who, (size_t)n, e) < 0)
		return -1;
	s->mark.last = n < SLICE;
	s->mark.people = s->c->people + (uint64_t)n;
	s->mark.cursor_id = n > 0 ? id[n - 1] : s->c->cursor_id;
	return 0;
}

/* Who proved an address is asked for his wishes; it goes to the address. */
static int
owner_of(struct db *db, const char *to, uint64_t *owner, struct err *e)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1];
	int rc = 0;

	if (mail_parse(to, cmp, unique))
		rc = user_email_owner(db, unique, owner, e);
	else if (*to == '+')
		rc = user_phone_owner(db, to, owner, e);
	return rc < 0 ? -1 : 0;
}

/* The cursor is a place in the list. */
static int
addresses(struct db *db, struct slice *s, struct err *e)
{
	size_t all = json_len(s->au.addresses), n = all > s->c->cursor_id ?
	    all - s->c->cursor_id : 0;
	struct message_for *m;
	struct someone *who;
	struct audience *au;

	s->mark.last = n <= SLICE;
	if (n > SLICE)
		n = SLICE;
	au = arena_array(s->a, n + 1, sizeof(*au));
	m = arena_array(s->a, n + 1, sizeof(*m));
	who = arena_array(s->a, n + 1, sizeof(*who));
	for (size_t i = 0; i < n; i++) {
		const char *to = json_str(json_at(s->au.addresses,
		    s->c->cursor_id + i));

		au[i] = (struct audience){ .kind = TO_ADDRESS,
		    .to = to == NULL ? "" : to,
		    .channels = channels_mask(s->c->channels) };
		m[i] = (struct message_for){ .au = &au[i],
		    .type = s->c->type, .class = CLASS_CAMPAIGN,
		    .merges = true, .now_us = leaves_us(s->c) };
		who[i] = (struct someone){ .m = &m[i] };
		if (owner_of(db, au[i].to, &who[i].user_id, e) < 0)
			return -1;
	}
	if (decide(db, s, who, n, e) < 0)
		return -1;
	s->mark.people = s->c->people + n;
	s->mark.cursor_id = s->c->cursor_id + n;
	return 0;
}

/* --- the transaction ----------------------------------------------------- */

/* What goes with the rows: the inbox, and jobs of those whose recipients are
 * not to be disturbed yet (all others get theirs when they are released). */
static void
make_more(struct slice *s)
{
	uint64_t id = rand_id();

	s->later = arena_array(s->a, s->n + 1, sizeof(*s->later));
	s->inbox = arena_array(s->a, s->n + 1, sizeof(*s->inbox));
	s->digest = arena_array(s->a, s->n + 1, sizeof(*s->digest));
	for (size_t i = 0; i < s->n; i++) {
		const struct delivery_new *d = &s->row[i];

		if (d->sent)
			s->inbox[s->inboxes++] = (struct inbox_new){
			    .user_id = d->user_id,
			    .notification_id = d->notification_id };
		if ((s->run_us[i] <= s->c->now_us && !s->gather[i]) ||
		    strcmp(d->state, "queued") != 0)
			continue;
		if (s->gather[i])
			s->digest[s->digests++] = (struct digest_new){
			    .user_id = d->user_id, .channel = d->channel,
			    .notification_id = d->notification_id,
			    .seq = d->seq, .due_us = s->run_us[i] };
		s->later[s->laters] = (struct job_new){ .id = id + s->laters,
		    .notification_id = d->notification_id, .seq = d->seq,
		    .user_id = d->user_id, .device_id = d->device_id,
		    .class = CLASS_CAMPAIGN, .provider = d->provider,
		    .expires_us = s->c->ends_us, .run_us = s->run_us[i],
		    .gathered = s->gather[i] };
		s->laters++;
	}
}

static int
write_work(struct db *db, void *arg, struct err *e)
{
	struct slice *s = arg;
	int rc;

	s->stale = false;
	/* The mark first: whoever comes second waits here and finds it
	 * moved, before a row is made. */
	if ((rc = campaign_planned(db, s->c, &s->mark, e)) < 0)
		return -1;
	if (rc == 0) {
		s->stale = true;
		return 1;
	}
	if (s->n > 0 && delivery_insert(db, s->row, s->n, e) < 0)
		return -1;
	if (s->inboxes > 0 && inbox_add(db, s->inbox, s->inboxes, e) < 0)
		return -1;
	if (s->laters > 0 && job_insert(db, s->later, s->laters, 0, e) < 0) {
		/* Ids are chance: others have these. */
		s->stale = e->kind == ERR_DB_DUP;
		return s->stale ? 1 : -1;
	}
	if (s->digests > 0 && digest_add(db, s->digest, s->digests, e) < 0)
		return -1;
	if (s->mark.last) {
		struct notification_total t = { .id = s->c->id,
		    .total = (uint32_t)s->mark.planned };

		return notification_planned(db, &t, 1, e);
	}
	return 0;
}

static int
slice(struct db *db, struct slice *s, const struct json *audience,
    struct err *e)
{
	if (campaign_audience_stored(s->a, audience, &s->au) < 0)
		return err_set(e, ERR_INTERNAL, "bad_row",
		    "campaign %" PRIu64 ": its audience", s->c->id);
	if ((s->au.addresses != NULL ? addresses(db, s, e) :
	    people(db, s, e)) < 0)
		return -1;
	s->mark.planned = s->c->planned + s->n;
	make_more(s);
	if (db_tx(db, write_work, s, e) < 0)
		return -1;
	if (s->stale)
		return 0;
	if (s->inboxes > 0)
		bell_ring_live(conf_str(CONF_RUN_DIR), NULL, 0);
	s->c->cursor_id = s->mark.cursor_id;
	s->c->people = s->mark.people;
	s->c->planned = s->mark.planned;
	if (s->mark.last)
		s->c->planned_us = s->c->now_us;
	return !s->mark.last;
}

int
campaign_plan(struct db *db, struct campaign_tick *t,
    struct campaign *c, bool expired, struct err *e)
{
	struct slice s = { .a = arena_new(ARENA_MAX), .t = t, .c = c,
	    .expired = expired };
	struct json *audience = NULL;
	struct campaign full;
	int rc = campaign_find(db, s.a, c->id, &full, e);

	for (unsigned i = 0; i < CHANNELS; i++)
		s.provider[i] = i == CHANNEL_IN_APP || campaign_serves(t,
		    channels_name((enum channel_id)i)) ? "" : NULL;
	if (rc > 0)
		rc = json_parse(full.audience, strlen(full.audience),
		    JSON_PLAIN, 0, &audience, e);
	else if (rc == 0)
		rc = err_set(e, ERR_INTERNAL, "gone", "campaign %" PRIu64,
		    c->id);
	if (rc >= 0)
		rc = slice(db, &s, audience, e);
	json_free(audience);
	arena_free(s.a);
	return rc;
}
