/*
 * digest.c - see digest.h.
 */
#include "deliver/digest_own.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/rand.h"
#include "channel/providers/whatsapp.h"
#include "deliver/hold.h"
#include "store/delivery.h"
#include "store/digest.h"
#include "store/job.h"
#include "store/notification.h"
#include "store/whatsapp.h"

#define DIGESTS		64		/* a transaction … */
#define ITEMS		2000		/* … of about so many items */
#define FOLLOW		200
#define EVERY_US	(US_PER_S / 4)
#define ARENA_MAX	((size_t)96 << 20)
#define ITEM_ROOM	8192u		/* more than one takes of it */
#define CLASS_CAMPAIGN	2

enum fate { FATE_GOES, FATE_ENDS, FATE_HELD };
struct part {			/* an item */
	const struct digest_item *it;
	struct someone	*who;
	enum fate	 fate;
	const char	*state, *reason;	/* of one that ends */
};
struct merging {
	struct arena	*a;
	struct digest	*g;
	size_t		 n;
	struct part	*part;
	size_t		 parts;
	struct message_for *m;
	struct audience	 au[CHANNELS], alone[CHANNELS];
	/* to be written */
	struct digest_made *made;
	uint64_t	*drop;
	struct digest_release *release;
	struct delivery_change *change;
	size_t		 drops, releases, changes, carriers;
	struct someone	*single;	/* that leave by themselves */
	uint64_t	*hold;
	struct digest_campaign *campaign;
	size_t		 holds, campaigns;
	bool		 stale;
};

/* --- whether they go -------------------------------------------------------- */

static void
ends(struct part *p, const char *state, const char *reason)
{
	p->fate = FATE_ENDS;
	p->state = state;
	p->reason = reason;
}

static void
judge_one(const struct digest *g, struct part *p)
{
	enum channel_id id = channels_find(g->channel);
	const struct reach_way *w = &p->who->reach.way[id];

	if (p->it->cancelled)
		ends(p, "cancelled", "cancelled");
	else if (p->it->late)
		ends(p, "expired", "expired");
	else if (p->who->reach.nobody != NULL)
		ends(p, "skipped", p->who->reach.nobody);
	else if (w->what != REACH_GO)
		ends(p, "skipped", w->reason);
	else if (p->it->paused)
		p->fate = FATE_HELD;
}

/* Each is asked as if it were sent now, on this channel.  Whether an account
 * serves the channel is the carrier's business. */
static int
judge(struct db *db, struct merging *w, struct err *e)
{
	struct someone *s = arena_array(w->a, w->parts + 1, sizeof(*s));
	const char *provider[CHANNELS];
	int64_t now = clock_now();

	w->m = arena_array(w->a, w->parts + 1, sizeof(*w->m));
	for (unsigned i = 0; i < CHANNELS; i++) {
		provider[i] = DIGEST_PROVIDER;
		w->au[i] = (struct audience){ .kind = TO_USERS,
		    .channels = CHANNEL_BIT(i) };
		w->alone[i] = w->au[i];
		w->alone[i].digest = true;
	}
	for (size_t i = 0; i < w->parts; i++) {
		struct part *p = &w->part[i];
		const struct digest *g = &w->g[p->it->of];

		w->m[i] = (struct message_for){
		    .au = &w->au[channels_find(g->channel)],
		    .type = p->it->type, .class = (unsigned)p->it->class,
		    .now_us = now };
		s[i] = (struct someone){ .m = &w->m[i],
		    .user_id = g->user_id };
		p->who = &s[i];
	}
	if (people_decide(db, w->a, s, w->parts, provider, e) < 0)
		return -1;
	for (size_t i = 0; i < w->parts; i++)
		judge_one(&w->g[w->part[i].it->of], &w->part[i]);
	return 0;
}

/* --- what it says -------------------------------------------------------------- */

/* Parts [lo, hi) that go, newest first; each notification once. */
static int
write_content(struct db *db, struct merging *w, size_t lo, size_t hi,
    size_t total, const char *template, struct digest_made *m, struct err *e)
{
	uint64_t id[DIGEST_LINES_MAX];
	struct digest_words words = { .id = id, .total = total,
	    .channel = m->of->channel, .template = template };

	for (size_t i = hi; i > lo && words.n < DIGEST_LINES_MAX; i--) {
		const struct part *p = &w->part[i - 1];

		if (p->fate != FATE_GOES)
			continue;
		words.locale = p->who->r->locale;
		if (words.n == 0 || id[words.n - 1] != p->it->notification_id)
			id[words.n++] = p->it->notification_id;
	}
	if (digest_words(db, w->a, &words, e) < 0)
		return -1;
	m->title = words.title;
	m->content = words.content;
	return 0;
}

/* --- what becomes of a digest --------------------------------------------------- */

static void
change(struct merging *w, const struct part *p, uint64_t carrier)
{
	bool goes = p->fate == FATE_GOES;

	w->drop[w->drops++] = p->it->job_id;
	w->change[w->changes++] = (struct delivery_change){
	    .notification_id = p->it->notification_id,
	    .seq = (uint32_t)p->it->seq,
	    .state = goes ? "queued" : p->state,
	    .reason = goes ? "digested" : p->reason, .log = "",
	    .provider = goes ? DIGEST_PROVIDER : NULL,
	    .provider_id = goes ? arena_printf(w->a, "%" PRIu64, carrier) :
	    "" };
}

/* It is free text, its window is closed, and no template stands in: by itself,
 * and its row says why. */
static void
alone(struct merging *w, const struct part *p)
{
	w->change[w->changes++] = (struct delivery_change){
	    .notification_id = p->it->notification_id,
	    .seq = (uint32_t)p->it->seq, .state = "queued",
	    .reason = "window_closed", .log = "", .provider_id = "" };
}

/* May they go as one?  As text within the 24 hours, else by the template that
 * is set.  1, 0, -1. */
static int
by_whatsapp(struct db *db, struct merging *w, size_t lo, size_t hi,
    const char **template, struct err *e)
{
	const char *name = conf_str(CONF_WHATSAPP_DIGEST), *contact = NULL;
	uint32_t left_s;
	int rc = 0;

	for (size_t i = lo; i < hi && contact == NULL; i++)
		if (w->part[i].fate == FATE_GOES)
			contact = whatsapp_contact(w->a, people_address(
			    w->part[i].who, CHANNEL_WHATSAPP));
	if (contact != NULL && (rc = whatsapp_window(db, contact, &left_s,
	    e)) != 0)
		return rc;
	*template = *name == '\0' ? NULL : name;
	return *name != '\0';
}

/* Class critical never waits for a digest; campaigns' are no more than a
 * campaign's all together.  Digests are due by the thousand at eight in the
 * morning: in the queue of the many. */
static void
carry(struct merging *w, struct digest_made *m, size_t lo, size_t hi)
{
	m->carrier_id = rand_id();
	m->job_id = rand_id();
	m->class = CLASS_CAMPAIGN;
	m->audience = arena_printf(w->a, "{\"user_ids\":[%" PRIu64
	    "],\"channels\":[\"%s\"],\"digest\":true}", m->of->user_id,
	    m->of->channel);
	for (size_t i = lo; i < hi; i++) {
		const struct part *p = &w->part[i];

		if (p->fate != FATE_GOES)
			continue;
		if (p->it->class < CLASS_CAMPAIGN)
			m->class = 1;
		/* It lives as long as the one of them that lives longest:
		 * late is better than lost. */
		if (p->it->expires_us > m->expires_us)
			m->expires_us = p->it->expires_us;
	}
	m->job_class = m->class == CLASS_CAMPAIGN ? JOB_CLASS_BULK + 1 :
	    JOB_CLASS_BULK;
	w->carriers++;
}

static void
add_campaign(struct merging *w, const struct digest_item *it)
{
	for (size_t i = w->campaigns; i > 0; i--)
		if (w->campaign[i - 1].id == it->notification_id)
			return;
	w->campaign[w->campaigns++] = (struct digest_campaign){
	    it->notification_id, it->paused, it->cancelled };
}

static int
make_one(struct db *db, struct merging *w, size_t k, size_t lo, size_t hi,
    struct err *e)
{
	struct digest_made *m = &w->made[k];
	const char *template = NULL;
	uint64_t last = 0;
	size_t total = 0;
	int together = 1;

	*m = (struct digest_made){ .of = &w->g[k] };
	for (size_t i = lo; i < hi; i++)
		if (w->part[i].fate == FATE_GOES &&
		    w->part[i].it->notification_id != last) {
			last = w->part[i].it->notification_id;
			total++;
		}
	if (total > 1 && strcmp(m->of->channel, "whatsapp") == 0 &&
	    (together = by_whatsapp(db, w, lo, hi, &template, e)) < 0)
		return -1;
	if (total > 1 && together) {
		carry(w, m, lo, hi);
		if (write_content(db, w, lo, hi, total, template, m, e) < 0)
			return -1;
	}
	for (size_t i = lo; i < hi; i++) {
		const struct part *p = &w->part[i];

		if (p->it->campaign)
			add_campaign(w, p->it);
		if (p->fate == FATE_HELD) {
			w->hold[w->holds++] = p->it->job_id;
			continue;
		}
		if (p->fate == FATE_ENDS || m->carrier_id != 0) {
			change(w, p, m->carrier_id);
			continue;
		}
		if (!together)
			alone(w, p);
		w->single[w->releases] = *p->who;
		w->release[w->releases++].job_id = p->it->job_id;
	}
	return 0;
}

/* Those that leave by themselves have caps and quiet hours of their own. */
static int
hold_singles(struct db *db, struct merging *w, struct err *e)
{
	struct message_for *m = arena_array(w->a, w->releases + 1,
	    sizeof(*m));

	for (size_t i = 0; i < w->releases; i++) {
		struct someone *s = &w->single[i];

		m[i] = *s->m;
		m[i].au = &w->alone[s->m->au - w->au];
		s->m = &m[i];
	}
	if (hold_decide(db, w->a, w->single, w->releases, true, e) < 0)
		return -1;
	for (size_t i = 0; i < w->releases; i++) {
		const struct someone *s = &w->single[i];
		const struct hold *h = &s->hold[s->m->au - w->alone];

		w->release[i].run_us = h->why == NULL ? 0 : h->us;
	}
	return 0;
}

static int
make_work(struct db *db, void *arg, struct err *e)
{
	struct merging *w = arg;
	const struct digest_work work = { .made = w->made, .n = w->n,
	    .drop = w->drop, .drops = w->drops, .release = w->release,
	    .releases = w->releases,
	    .hold = w->hold, .holds = w->holds, .campaign = w->campaign,
	    .campaigns = w->campaigns };
	int rc = digest_make(db, &work, e);

	w->stale = rc == 0;
	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	return w->changes == 0 ? 0 : delivery_update(db, w->change,
	    w->changes, e);
}

static void
prepare(struct merging *w, struct digest_item *item)
{
	size_t n = w->parts + 1;

	w->part = arena_array(w->a, n, sizeof(*w->part));
	for (size_t i = 0; i < w->parts; i++)
		w->part[i] = (struct part){ .it = &item[i] };
	w->made = arena_array(w->a, w->n, sizeof(*w->made));
	w->drop = arena_array(w->a, n, sizeof(*w->drop));
	w->release = arena_array(w->a, n, sizeof(*w->release));
	w->change = arena_array(w->a, n, sizeof(*w->change));
	w->single = arena_array(w->a, n, sizeof(*w->single));
	w->hold = arena_array(w->a, n, sizeof(*w->hold));
	w->campaign = arena_array(w->a, n, sizeof(*w->campaign));
}

/* 1 made, 0 something changed meanwhile, -1. */
static int
make(struct db *db, struct digest_tick *t, struct digest *g, size_t n,
    struct err *e)
{
	struct merging w = { .g = g, .n = n };
	struct digest_item *item;
	size_t most = 0;
	int64_t items;
	int rc = -1;

	/* One digest is made whole, however many gathered in it. */
	for (size_t i = 0; i < n; i++)
		most += g[i].items;
	w.a = arena_new(ARENA_MAX + most * ITEM_ROOM);
	if ((items = digest_items(db, w.a, g, n, &item, e)) < 0)
		goto out;
	w.parts = (size_t)items;
	prepare(&w, item);
	if (judge(db, &w, e) < 0)
		goto out;
	for (size_t k = 0, lo = 0, hi; k < n; k++, lo = hi) {
		for (hi = lo; hi < w.parts && item[hi].of == k; hi++)
			;
		if (make_one(db, &w, k, lo, hi, e) < 0)
			goto out;
	}
	if (hold_singles(db, &w, e) < 0 || db_tx(db, make_work, &w, e) < 0)
		goto out;
	if (!w.stale)
		t->made += (unsigned)(w.carriers + w.releases);
	rc = !w.stale;
out:
	arena_free(w.a);
	return rc;
}

/* Each by itself.  One that changed meanwhile comes again. */
static int
make_each(struct db *db, struct digest_tick *t, struct digest *g, size_t n,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (make(db, t, &g[i], 1, e) >= 0)
			continue;
		if (e->kind != ERR_INTERNAL && e->kind != ERR_INPUT)
			return -1;
		log_err(LOG_ERROR_, "digest", e);
		err_clear(e);
		if (digest_put_off(db, g[i].id, e) < 0)
			return -1;
	}
	return 0;
}

static int
make_due(struct db *db, struct digest_tick *t, struct err *e)
{
	struct digest g[DIGESTS];
	struct arena *a = arena_new((size_t)1 << 20);
	uint64_t items = 0;
	int found, n, rc = -1;

	if ((found = digest_due(db, a, g, DIGESTS, e)) < 0)
		goto out;
	for (n = 0; n < found && (n == 0 || items + g[n].items <= ITEMS); n++)
		items += g[n].items;
	if (n > 0 && (rc = make(db, t, g, (size_t)n, e)) <= 0) {
		if (rc < 0 && e->kind != ERR_INTERNAL && e->kind != ERR_INPUT)
			goto out;
		err_clear(e);
		if ((rc = make_each(db, t, g, (size_t)n, e)) < 0)
			goto out;
	}
	t->more = t->more || (n > 0 && (found == DIGESTS || n < found));
	rc = 0;
out:
	arena_free(a);
	return rc;
}

int
digest_tick(struct db *db, struct digest_tick *t, struct err *e)
{
	int n;

	t->more = false;
	t->made = 0;
	if (clock_mono() < t->next_us)
		return 0;
	if (make_due(db, t, e) < 0 || digest_rewrite_due(db, t, e) < 0 ||
	    (n = digest_follow(db, FOLLOW, e)) < 0)
		return -1;
	t->more = t->more || n == FOLLOW;
	t->next_us = t->more ? 0 : clock_mono() + EVERY_US;
	return 0;
}
