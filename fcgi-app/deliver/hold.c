/*
 * hold.c - see hold.h.
 *
 * A place under a cap is at a moment; when that moment is a quiet one the
 * place is wasted and another is taken from the end of it, so that a night's
 * messages do not all go at seven in the morning, whatever the cap says.
 */
#include "deliver/hold.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/text.h"
#include "deliver/hours.h"
#include "store/frequency.h"

#define ROUNDS	8		/* of place and quiet hours */

static const char *const class_word[] = { "critical", "transactional",
	"campaign" };

/* --- rules ------------------------------------------------------------------- */

/* How particular: 0 it is none of ours. */
static int
fits(const char *what, size_t n, const char *type, unsigned class)
{
	const char *word = class < COUNT_OF(class_word) ? class_word[class] :
	    "";

	if (n == 1 && *what == '*')
		return 1;
	if (strlen(word) == n && memcmp(what, word, n) == 0)
		return 2;
	return strlen(type) == n && memcmp(what, type, n) == 0 ? 3 : 0;
}

/* One rule of the list; its weight, 0 for another's or none. */
static int
read_rule(const char *p, size_t n, const char *type, unsigned class,
    const char *channel, struct cap *c)
{
	const char *colon = memchr(p, ':', n), *slash, *equals;
	int what, weight;
	uint64_t v = 0;

	if (colon == NULL || (slash = memchr(colon, '/',
	    n - (size_t)(colon - p))) == NULL || (equals = memchr(slash, '=',
	    n - (size_t)(slash - p))) == NULL)
		return 0;
	what = fits(p, (size_t)(colon - p), type, class);
	if (what == 0 || (size_t)(colon - p) > CAP_SCOPE)
		return 0;
	weight = what * 2;
	if (slash - colon - 1 != 1 || colon[1] != '*') {
		if (strlen(channel) != (size_t)(slash - colon - 1) ||
		    memcmp(channel, colon + 1, strlen(channel)) != 0)
			return 0;
		weight++;
	}
	for (const char *d = equals + 1; d < p + n && v < 1000000; d++) {
		if (*d < '0' || *d > '9')
			return 0;
		v = v * 10 + (uint64_t)(*d - '0');
	}
	if (v == 0)
		return 0;
	memset(c, 0, sizeof(*c));
	memcpy(c->scope, p, (size_t)(colon - p));
	if (equals - slash == 5 && memcmp(slash, "/hour", 5) == 0)
		c->an_hour = (uint32_t)v;
	else if (equals - slash == 4 && memcmp(slash, "/day", 4) == 0)
		c->a_day = (uint32_t)v;
	else
		return 0;
	return weight;
}

int
hold_cap(const char *rules, const char *type, unsigned class,
    const char *channel, struct cap *out)
{
	int best = 0;

	memset(out, 0, sizeof(*out));
	for (const char *p = rules; *p != '\0'; ) {
		size_t n = strcspn(p, ", ");
		struct cap c;
		int weight = n == 0 ? 0 : read_rule(p, n, type, class,
		    channel, &c);

		if (weight > best) {
			best = weight;
			*out = c;
		} else if (weight == best && best > 0) {
			if (c.an_hour > 0)
				out->an_hour = c.an_hour;
			if (c.a_day > 0)
				out->a_day = c.a_day;
		}
		p += n;
		p += strspn(p, ", ");
	}
	return best > 0;
}

struct hold_time
hold_time(int64_t us, int64_t ends_us, bool said)
{
	struct hold_time t = { us, ends_us };

	if (ends_us == 0 || us == 0)
		return t;
	if (!said && us + HOLD_LIFE_US > ends_us)
		t.ends_us = us + HOLD_LIFE_US;
	if (us > t.ends_us)
		t.run_us = t.ends_us;
	return t;
}

/* --- people -------------------------------------------------------------------- */

static void
hours_of(const struct recipient *r, struct hours *h)
{
	const char *zone = r->quiet_zone != NULL ? r->quiet_zone : r->zone;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	const char *bad;

	memset(h, 0, sizeof(*h));
	if (r->digest != NULL && json_parse(r->digest, strlen(r->digest),
	    JSON_PLAIN, 0, &j, &e) == 0)
		/* What was kept before the rules were these is no digest. */
		(void)!hours_read(h, NULL, j, NULL, &bad);
	json_free(j);
	h->zone = zone == NULL ? NULL : zone_find(zone);
	h->quiet = r->quiet;
	h->from = (uint16_t)r->quiet_from;
	h->to = (uint16_t)r->quiet_to;
}

/* A place that is looked for: whose, and under which rule. */
struct place {
	struct someone	*s;
	enum channel_id	 channel;
	struct hours	 hours;
	struct cap	 cap;
};

/* Of one row come after each other, and all claims go in one order. */
static int
by_row(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->s->user_id != y->s->user_id)
		return x->s->user_id < y->s->user_id ? -1 : 1;
	if (x->channel != y->channel)
		return x->channel < y->channel ? -1 : 1;
	return strcmp(x->cap.scope, y->cap.scope);
}

static int
ask_places(struct db *db, struct arena *a, struct place *const *p,
    struct frequency *f, size_t n, bool take, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		f[i] = (struct frequency){ .user_id = p[i]->s->user_id,
		    .scope = p[i]->cap.scope,
		    .channel = channels_name(p[i]->channel),
		    .an_hour = p[i]->cap.an_hour, .a_day = p[i]->cap.a_day,
		    .from_us = p[i]->s->hold[p[i]->channel].us };
	if (take && frequency_take(db, a, f, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct hold *h = &p[i]->s->hold[p[i]->channel];

		if (!take && frequency_peek(db, &f[i], e) < 0)
			return -1;
		if (f[i].go_us > h->us)
			*h = (struct hold){ f[i].go_us, "frequency_cap",
			    false };
	}
	return 0;
}

/* The first of every row, then the second of those that have one … */
static int
find_places(struct db *db, struct arena *a, struct place *p, size_t n,
    bool take, struct err *e)
{
	struct frequency *f = arena_array(a, FREQUENCY_MAX, sizeof(*f));
	struct place **now = arena_array(a, FREQUENCY_MAX, sizeof(*now));
	unsigned *turn = arena_array(a, n + 1, sizeof(*turn)), turns = 0;
	size_t k = 0;

	qsort(p, n, sizeof(*p), by_row);
	for (size_t i = 0; i < n; i++) {
		turn[i] = i > 0 && by_row(&p[i - 1], &p[i]) == 0 ?
		    turn[i - 1] + 1 : 0;
		if (turn[i] >= turns)
			turns = turn[i] + 1;
	}
	for (unsigned t = 0; t < turns; t++) {
		for (size_t i = 0; i < n; i++) {
			if (turn[i] == t)
				now[k++] = &p[i];
			if (k == FREQUENCY_MAX || (k > 0 && i + 1 == n)) {
				if (ask_places(db, a, now, f, k, take,
				    e) < 0)
					return -1;
				k = 0;
			}
		}
	}
	return 0;
}

/* Those whose place is a quiet moment, moved to the front. */
static size_t
again(struct place *p, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		struct hold *h = &p[i].s->hold[p[i].channel];
		int64_t end = hours_quiet_end(&p[i].hours, h->us);

		if (end == h->us)
			continue;
		*h = (struct hold){ end, "quiet_hours", false };
		p[left++] = p[i];
	}
	return left;
}

static void
hold_way(struct someone *s, const struct way *w, const struct hours *hours)
{
	int64_t at = w->not_before_us != 0 ? w->not_before_us :
	    s->m->now_us;
	int64_t digest = hours_digest_at(hours, at);
	int64_t go = hours_quiet_end(hours, digest);

	/* A template of WhatsApp's cannot stand in another message; whether
	 * its texts can is seen when they leave. */
	s->hold[w->channel] = (struct hold){ go, go > digest ?
	    "quiet_hours" : go > at ? "digest" : NULL, s->m->merges &&
	    digest > at && !(w->channel == CHANNEL_WHATSAPP && s->m->apart) };
}

/* Ways of one that wait, and the places he needs: how many. */
static size_t
hold_one(struct someone *s, const char *rules, struct place *p)
{
	struct way w[WAYS_MAX];
	struct hours hours;
	size_t n = people_ways(s, w), places = 0;

	hours_of(s->r, &hours);
	if (s->m->au->digest)
		hours.digest = DIGEST_NONE;
	for (size_t k = 0; k < n; k++) {
		if (w[k].way->what != REACH_GO ||
		    w[k].channel == CHANNEL_IN_APP)
			continue;
		hold_way(s, &w[k], &hours);
		/* What goes with others takes no place: their message does. */
		if (*rules == '\0' || s->hold[w[k].channel].merges)
			continue;
		p[places] = (struct place){ s, w[k].channel, hours,
		    { "", 0, 0 } };
		places += (size_t)hold_cap(rules, s->m->type, s->m->class,
		    channels_name(w[k].channel), &p[places].cap);
	}
	return places;
}

int
hold_decide(struct db *db, struct arena *a, struct someone *s, size_t n,
    bool take, struct err *e)
{
	const char *rules = conf_str(CONF_CAPS);
	struct place *p = *rules == '\0' ? NULL : arena_array(a,
	    n * CHANNELS + 1, sizeof(*p));
	size_t places = 0;

	for (size_t i = 0; i < n; i++) {
		memset(s[i].hold, 0, sizeof(s[i].hold));
		if (s[i].user_id != 0 && !s[i].m->critical &&
		    (*rules != '\0' || s[i].r->quiet ||
		    s[i].r->digest != NULL))
			places += hold_one(&s[i], rules, p == NULL ? NULL :
			    p + places);
	}
	for (int round = 0; round < ROUNDS && places > 0; round++) {
		if (find_places(db, a, p, places, take, e) < 0)
			return -1;
		places = again(p, places);
	}
	return 0;
}
