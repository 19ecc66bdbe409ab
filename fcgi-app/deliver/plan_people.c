/*
 * plan_people.c - recipients × channels as targets: who is reached where (by
 * people.c, as explain shows it), and the rows of those who are not.
 */
#include "deliver/hold.h"
#include "deliver/plan_own.h"

#include "base/clock.h"

static size_t
count_way(const struct someone *s, const struct way *w)
{
	size_t n = 0;

	if (!w->way->kept)
		return 0;
	if (w->way->what != REACH_GO || !people_by_device(w->channel))
		return 1;
	for (size_t i = 0; i < s->devices; i++)
		n += channels_find(s->device[i].kind) == w->channel;
	return n;
}

static size_t
count_targets(const struct someone *s)
{
	struct way w[WAYS_MAX];
	size_t ways = people_ways(s, w), n = 0;

	for (size_t i = 0; i < ways; i++)
		n += count_way(s, &w[i]);
	return s->reach.nobody != NULL ? 1 : n;
}

static struct target *
next_target(const struct someone *s, const char *channel)
{
	struct part *p = s->tag;
	struct target *t = &p->target[p->targets++];

	*t = (struct target){ .user_id = s->user_id, .shown = "",
	    .locale = s->r->locale == NULL ? "" : s->r->locale,
	    .channel = channel, .state = "queued", .reason = "" };
	return t;
}

/* When it may go.  By an account that was named, or with a secret of its own,
 * it goes by itself, and so does what is over by then. */
static void
set_time(const struct someone *s, const struct way *w, struct target *t)
{
	const struct part *p = s->tag;
	struct hold_time when = hold_time(w->not_before_us,
	    p->job->expires_us, p->au.ends);

	t->run_us = when.run_us;
	if (when.ends_us != p->job->expires_us)
		t->ends_us = when.ends_us;
	t->gather = w->merges && p->au.pin == NULL &&
	    p->job->secret == NULL && t->run_us == w->not_before_us;
}

static void
add_devices(struct arena *a, struct plan *p, const struct someone *s,
    const struct way *w)
{
	const char *name = channels_name(w->channel);

	for (size_t i = 0; i < s->devices; i++) {
		const struct device_target *d = &s->device[i];
		struct target *t;

		if (channels_find(d->kind) != w->channel)
			continue;
		t = next_target(s, name);
		t->device_id = d->id;
		t->to = d->target;
		t->shown = plan_shown(a, d);
		t->p256dh = d->p256dh;
		t->auth = d->auth;
		t->route = plan_route_for(p, name);
		set_time(s, w, t);
	}
}

static void
add_way(struct arena *a, struct plan *p, const struct someone *s,
    const struct way *w)
{
	const char *name = channels_name(w->channel);
	struct target *t;

	if (!w->way->kept)
		return;
	if (w->way->what == REACH_GO && people_by_device(w->channel)) {
		add_devices(a, p, s, w);
		return;
	}
	t = next_target(s, name);
	if (w->way->what == REACH_SKIP) {
		t->state = strcmp(w->way->reason, "no_provider") == 0 ?
		    "failed" : "skipped";
		t->reason = w->way->reason;
		t->barred = w->way->barred;
		return;
	}
	if (w->channel == CHANNEL_IN_APP) {
		t->state = "sent";
		t->inbox = true;
		return;
	}
	t->to = people_address(s, w->channel);
	t->shown = arena_strndup(a, t->to, DELIVERY_TARGET_MAX);
	t->route = plan_route_for(p, name);
	set_time(s, w, t);
}

static void
add_targets(struct arena *a, struct plan *p, const struct someone *s)
{
	struct way w[WAYS_MAX];
	size_t n = people_ways(s, w);
	struct target *t;

	for (size_t i = 0; i < n; i++)
		add_way(a, p, s, &w[i]);
	if (s->reach.nobody != NULL) {
		t = next_target(s, "");
		t->state = "skipped";
		t->reason = s->reach.nobody;
	}
}

int
plan_people(struct db *db, struct plan *p, struct arena *a,
    struct person *who, size_t n, struct err *e)
{
	struct someone *s = arena_array(a, n + 1, sizeof(*s));
	struct message_for *m = arena_array(a, n + 1, sizeof(*m));
	const char *provider[CHANNELS];

	for (unsigned i = 0; i < CHANNELS; i++) {
		const struct plan_route *r = plan_route_for(p,
		    channels_name((enum channel_id)i));

		provider[i] = i == CHANNEL_IN_APP ? "in_app" : r == NULL ?
		    NULL : r->provider;
	}
	for (size_t i = 0; i < n; i++) {
		const struct part *part = who[i].part;

		m[i] = (struct message_for){ .au = &part->au,
		    .type = part->n->type, .critical = part->n->class == 0,
		    .class = part->n->class, .merges = true,
		    .apart = json_has(part->note->content, "whatsapp"),
		    .now_us = p->now_us };
		s[i] = (struct someone){ .m = &m[i], .tag = who[i].part,
		    .user_id = who[i].user_id };
	}
	if (people_decide(db, a, s, n, provider, e) < 0 ||
	    hold_decide(db, a, s, n, true, e) < 0)
		return -1;
	/* `targets` counts first, and is filled again. */
	for (size_t i = 0; i < n; i++)
		who[i].part->targets += count_targets(&s[i]);
	for (size_t i = 0; i < n; i++) {
		struct part *part = who[i].part;

		if (part->target == NULL) {
			part->target = arena_array(a, part->targets + 1,
			    sizeof(*part->target));
			part->targets = 0;
		}
		add_targets(a, p, &s[i]);
	}
	return 0;
}

/* --- long audiences ----------------------------------------------------------- */

/* Members of a group that are devices come after its users; their ids are all
 * above any user's (rand_id). */
#define USERS_END	(UINT64_C(1) << 53)

static int
member_devices(struct db *db, struct plan *p, struct arena *a,
    struct part *part, uint64_t from, struct err *e)
{
	struct device_target *d = arena_array(a, PLAN_PEOPLE, sizeof(*d));
	int found = device_members(db, a, part->au.group_id, from, d,
	    PLAN_PEOPLE, e);
	unsigned asked = part->au.channels;

	if (found < 0)
		return -1;
	part->target = arena_array(a, (size_t)found + 1,
	    sizeof(*part->target));
	for (int i = 0; i < found; i++) {
		enum channel_id id = channels_find(d[i].kind);
		struct target *t = &part->target[part->targets];

		if (id == CHANNELS)
			continue;
		plan_from_device(a, t, part, &d[i]);
		t->channel = channels_name(id);
		t->route = plan_route_for(p, t->channel);
		t->state = t->route != NULL ? "queued" : "failed";
		t->reason = t->route != NULL ? "" : "no_provider";
		if (asked != 0 && !(asked & CHANNEL_BIT(id))) {
			t->state = "skipped";
			t->reason = "not_chosen";
		}
		part->targets++;
	}
	part->cursor = found > 0 ? d[found - 1].id : from;
	part->last = found < PLAN_PEOPLE;
	return 0;
}

int
plan_people_slice(struct db *db, struct plan *p, struct arena *a,
    struct part *part, uint64_t from, struct err *e)
{
	struct recipient_walk w = { .group_id = part->au.group_id,
	    .topic = part->au.topic };
	const struct audience *au = &part->au;
	uint64_t *id = arena_array(a, PLAN_PEOPLE, sizeof(*id));
	struct person *who = arena_array(a, PLAN_PEOPLE, sizeof(*who));
	size_t left = au->n > from ? au->n - from : 0;
	int n;

	if (au->kind == TO_GROUP && from >= USERS_END)
		return member_devices(db, p, a, part, from, e);
	if (au->kind == TO_USERS) {
		n = (int)(left < PLAN_PEOPLE ? left : PLAN_PEOPLE);
		if (n > 0)
			memcpy(id, au->id + from, (size_t)n * sizeof(*id));
		part->cursor = from + (uint64_t)n;
		part->last = (size_t)n == left;
	} else {
		w.set = au->kind == TO_GROUP ? SET_GROUP :
		    au->kind == TO_TOPIC ? SET_TOPIC : SET_ALL;
		n = recipient_ids(db, &w, from, id, PLAN_PEOPLE, e);
		if (n < 0)
			return -1;
		part->cursor = n > 0 ? id[n - 1] : from;
		part->last = n < PLAN_PEOPLE;
		if (part->last && au->kind == TO_GROUP) {
			part->cursor = USERS_END;
			part->last = false;
		}
	}
	for (int i = 0; i < n; i++)
		who[i] = (struct person){ part, id[i] };
	return plan_people(db, p, a, who, (size_t)n, e);
}
