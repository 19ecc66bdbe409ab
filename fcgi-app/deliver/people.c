/*
 * people.c - see people.h.
 */
#include "deliver/people.h"

#include "base/clock.h"

#define DEVICES_ASK	200		/* users a read of devices … */
#define DEVICES_MAX	5000		/* … and rows it may give */

/* Devices of many users, by user. */
struct devices { struct device_target *d; size_t n; };

static bool
to_address(const struct someone *s)
{
	return s->m->au->kind == TO_ADDRESS;
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
append(struct arena *a, struct devices *all, const struct device_target *d,
    size_t n)
{
	struct device_target *more;

	if (n == 0)
		return;
	more = arena_array(a, all->n + n, sizeof(*more));
	if (all->n > 0)
		memcpy(more, all->d, all->n * sizeof(*more));
	memcpy(more + all->n, d, n * sizeof(*more));
	all->d = more;
	all->n += n;
}

/* Whatever users have, none of it is left out: what does not fit is asked for
 * again by fewer users. */
static int
read_devices(struct db *db, struct arena *a, const uint64_t *id, size_t n,
    struct devices *all, struct err *e)
{
	struct device_target *d = arena_array(a, DEVICES_MAX, sizeof(*d));
	size_t ask = DEVICES_ASK;

	for (size_t at = 0; at < n; ) {
		size_t k = n - at < ask ? n - at : ask;
		int found = device_of_recipients(db, a, id + at, k, d,
		    DEVICES_MAX, e);

		if (found < 0)
			return -1;
		if (found == DEVICES_MAX && k > 1) {
			ask = k / 2;
			continue;
		}
		append(a, all, d, (size_t)found);
		at += k;
	}
	return 0;
}

static int
devices_of(struct db *db, struct arena *a, const struct someone *s, size_t n,
    struct devices *all, struct err *e)
{
	uint64_t *id = arena_array(a, n + 1, sizeof(*id));
	size_t ids = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		if (s[i].user_id != 0 && !to_address(&s[i]))
			id[ids++] = s[i].user_id;
	if (ids == 0)
		return 0;
	qsort(id, ids, sizeof(*id), by_number);
	for (size_t i = 0; i < ids; i++)
		if (kept == 0 || id[kept - 1] != id[i])
			id[kept++] = id[i];
	return read_devices(db, a, id, kept, all, e);
}

static void
find_devices(const struct devices *all, struct someone *s)
{
	size_t lo = 0, hi = all->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (all->d[mid].user_id < s->user_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	s->device = all->d + lo;
	while (lo + s->devices < all->n &&
	    all->d[lo + s->devices].user_id == s->user_id)
		s->devices++;
}

static int
barred(struct db *db, struct arena *a, struct someone *s, struct err *e)
{
	const char *to = s->m->au->to;

	if (strchr(to, '@') != NULL)
		return recipient_barred(db, a, s->r, CHANNEL_EMAIL, to, e);
	if (recipient_barred(db, a, s->r, CHANNEL_SMS, to, e) < 0)
		return -1;
	return recipient_barred(db, a, s->r, CHANNEL_WHATSAPP, to, e);
}

static int
load(struct db *db, struct arena *a, struct someone *s, size_t n,
    struct err *e)
{
	struct recipient *r = arena_array(a, n, sizeof(*r));

	for (size_t i = 0; i < n; i++) {
		r[i].user_id = s[i].user_id;
		r[i].type = s[i].m->type;
		s[i].r = &r[i];
	}
	for (size_t i = 0; i < n; i += RECIPIENTS_MAX)
		if (recipient_load(db, a, r + i, n - i < RECIPIENTS_MAX ?
		    n - i : RECIPIENTS_MAX, e) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		if (to_address(&s[i]) && barred(db, a, &s[i], e) < 0)
			return -1;
	return 0;
}

static void
decide(const char *const provider[CHANNELS], unsigned defaults,
    struct someone *s)
{
	const struct audience *au = s->m->au;
	const char *to = to_address(s) ? au->to : NULL;
	bool mail = to != NULL && strchr(to, '@') != NULL;
	struct reach_case c = { .who = s->r, .critical = s->m->critical,
	    .decided = au->digest,
	    .matters = suppression_kind(s->m->class, s->m->type),
	    .asked = au->channels, .defaults = defaults,
	    .email = mail ? to : NULL, .phone = mail ? NULL : to };

	memcpy(c.provider, provider, sizeof(c.provider));
	for (size_t i = 0; i < s->devices; i++) {
		enum channel_id id = channels_find(s->device[i].kind);

		if (id != CHANNELS)
			c.devices |= CHANNEL_BIT(id);
	}
	reach_decide(&c, &s->reach);
	for (size_t i = 0; i < au->steps; i++) {
		c.asked = CHANNEL_BIT(au->step[i].channel);
		reach_decide(&c, &s->step[i]);
	}
}

int
people_decide(struct db *db, struct arena *a, struct someone *s, size_t n,
    const char *const provider[CHANNELS], struct err *e)
{
	struct devices all = { NULL, 0 };
	unsigned defaults = reach_defaults();

	if (n == 0)
		return 0;
	if (load(db, a, s, n, e) < 0 || devices_of(db, a, s, n, &all, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		s[i].devices = 0;
		if (all.n > 0 && !to_address(&s[i]))
			find_devices(&all, &s[i]);
		decide(provider, defaults, &s[i]);
	}
	return 0;
}

/* A step on a channel that is used at once, or by a step before it, adds
 * nothing. */
static bool
step_counts(const struct someone *s, size_t i)
{
	const struct audience *au = s->m->au;
	enum channel_id id = au->step[i].channel;

	for (size_t k = 0; k < i; k++)
		if (au->step[k].channel == id)
			return false;
	return !s->reach.way[id].kept;
}

size_t
people_ways(const struct someone *s, struct way w[WAYS_MAX])
{
	const struct audience *au = s->m->au;
	size_t n = 0;

	if (s->reach.nobody != NULL)
		return 0;
	for (unsigned i = 0; i < CHANNELS; i++)
		w[n++] = (struct way){ .channel = (enum channel_id)i,
		    .way = &s->reach.way[i] };
	for (size_t i = 0; i < au->steps; i++)
		if (step_counts(s, i))
			w[n++] = (struct way){ .channel = au->step[i].channel,
			    .way = &s->step[i].way[au->step[i].channel],
			    .not_before_us = s->m->now_us +
			    (int64_t)au->step[i].after_s * US_PER_S,
			    .held = "escalation" };
	for (size_t i = 0; i < n; i++) {
		const struct hold *h = &s->hold[w[i].channel];

		if (h->why != NULL) {
			w[i].not_before_us = h->us;
			w[i].held = h->why;
			w[i].merges = h->merges;
		}
	}
	return n;
}

const char *
people_address(const struct someone *s, enum channel_id id)
{
	if (to_address(s))
		return s->m->au->to;
	return id == CHANNEL_EMAIL ? s->r->email : s->r->phone;
}
