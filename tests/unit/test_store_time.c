/*
 * test_store_time.c - when a message goes, all rules together: the moment it
 * is asked for, escalation, digest, quiet hours in the recipient's zone,
 * frequency caps, the end that its sender gave it.  Against an oracle that
 * knows no zone.h and no hours.h: glibc's clocks, minute by minute.
 *
 * TIME_CASES: how many recipients (a million by hand); TIME_SEED: of chance.
 */
#include "chance.h"
#include "dbcase.h"

#include "base/text.h"
#include "base/zone.h"
#include "deliver/hold.h"
#include "store/frequency.h"

#include <time.h>

#define AT_ONCE		40	/* decided together */
#define TURNS		5	/* messages each, one after another */
#define ZONES_MAX	1000
#define HOUR_US		(3600 * US_PER_S)
#define DAY_US		(86400 * US_PER_S)
#define MINUTE_US	(60 * US_PER_S)

static const char *const caps[] = { "", "order:email/hour=1",
	"order:email/hour=2,order:email/day=3", "*:*/day=2",
	"transactional:*/hour=3,order:sms/day=1",
	"campaign:*/hour=1,*:email/day=4" };

static char zone_name[ZONES_MAX][ZONE_NAME_MAX + 1];
static size_t zones;

/* Every name of tzdata: zones and links. */
static void
read_zones(void)
{
	FILE *f = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
	char line[256], a1[64], a2[64];

	if (f == NULL) {
		print_message("no tzdata.zi: nothing is proved\n");
		exit(77);
	}
	while (fgets(line, sizeof(line), f) != NULL && zones < ZONES_MAX) {
		const char *name = NULL;

		if (sscanf(line, "Z %63s", a1) == 1)
			name = a1;
		else if (sscanf(line, "L %63s %63s", a1, a2) == 2)
			name = a2;
		if (name != NULL && zone_find(name) != NULL)
			(void)text_copy(zone_name[zones++],
			    sizeof(zone_name[0]), name);
	}
	fclose(f);
}

/* --- the oracle --------------------------------------------------------------- */

struct wall { int minute, hour_minute, weekday; int64_t count; };

/* What a clock on the wall shows; the process's zone is the recipient's. */
static struct wall
wall(int64_t us)
{
	time_t t = (time_t)(us / US_PER_S);
	struct tm tm;

	localtime_r(&t, &tm);
	return (struct wall){ tm.tm_hour * 60 + tm.tm_min, tm.tm_min,
	    (tm.tm_wday + 6) % 7, (us / US_PER_S + tm.tm_gmtoff) / 60 };
}

static int64_t
minute_up(int64_t us)
{
	return us % MINUTE_US == 0 ? us : us - us % MINUTE_US + MINUTE_US;
}

struct wish {			/* of a recipient */
	bool		 quiet;
	int		 from, to;
	char		 every;		/* 0, 'h', 'd', 'w' */
	int		 at, weekday;
};

static bool
silent(const struct wish *w, int64_t us)
{
	int m = wall(us).minute;

	return w->quiet && w->from != w->to && (w->from < w->to ?
	    m >= w->from && m < w->to : m >= w->from || m < w->to);
}

static int64_t
after_silence(const struct wish *w, int64_t us)
{
	if (!silent(w, us))
		return us;
	for (us = minute_up(us + 1); silent(w, us); us += MINUTE_US)
		;
	return us;
}

/* The first minute at which the wall comes to `at` of a day that it had not
 * come to before. */
static int64_t
digest_of(const struct wish *w, int64_t us)
{
	int64_t t, from, reached;

	if (w->every == 0)
		return us;
	from = minute_up(us);
	if (w->every == 'h') {
		for (t = from; wall(t).hour_minute != w->at % 60; )
			t += MINUTE_US;
		return t;
	}
	t = from - 2 * DAY_US;
	for (reached = wall(t).count; ; t += MINUTE_US) {
		for (; reached < wall(t).count; reached++) {
			int64_t mark = reached + 1;

			if (mark % 1440 == w->at && t >= from &&
			    (w->every == 'd' || (mark / 1440 + 3) % 7 ==
			    w->weekday))
				return t;
		}
	}
}

/* --- cases ---------------------------------------------------------------------- */

struct person {
	uint64_t	 id;
	const char	*zone;
	struct wish	 wish;
	char		 digest[80];
	struct recipient r;
	int64_t		 now_us;
	/* what the oracle knows of caps: the rows' arithmetic, by rule */
	struct { char key[CAP_SCOPE + 20]; struct frequency_row row; bool used; }
			 window[8];
	/* what went, to be looked at as a whole */
	struct { int64_t us; enum channel_id channel; } gone[TURNS * 2];
	size_t		 gones;
};

struct asked {			/* of one turn */
	struct message_for m;
	struct audience	 au;
	int64_t		 ends_us;
	bool		 said;
};

static unsigned messages, put_off, expired, by_cap, gathered;

static void
somebody(struct person *p, uint64_t id)
{
	static const int hours[] = { 0, 30, 60, 90, 120, 150, 180, 1320,
		1380, 1439, 420 };
	struct zone_span s;

	memset(p, 0, sizeof(*p));
	p->id = id;
	p->zone = zone_name[chance((uint32_t)zones)];
	p->now_us = (clock_days(2026, 1, 1) * 86400 +
	    (int64_t)chance(3652) * 86400 + chance(86400)) * US_PER_S +
	    chance(1000000);
	/* Half of them near a change of their clocks, where there is one. */
	zone_span_at(zone_find(p->zone), p->now_us / US_PER_S, &s);
	if (chance(2) == 0 && s.until_s < clock_days(2036, 1, 1) * 86400)
		p->now_us = (s.until_s - chance(30 * 3600)) * US_PER_S +
		    chance(1000000);
	p->wish.quiet = chance(4) > 0;
	p->wish.from = chance(3) == 0 ? (int)chance(1440) :
	    hours[chance(COUNT_OF(hours))];
	p->wish.to = chance(3) == 0 ? (int)chance(1440) :
	    hours[chance(COUNT_OF(hours))];
	p->wish.every = "\0\0\0\0\0\0hddhddwh"[chance(14)];
	p->wish.at = chance(2) == 0 ? hours[chance(COUNT_OF(hours))] :
	    (int)chance(1440);
	p->wish.weekday = (int)chance(7);
	snprintf(p->digest, sizeof(p->digest), "{\"every\":\"%s\",\"at\":"
	    "\"%02d:%02d\",\"weekday\":%d}", p->wish.every == 'h' ? "hour" :
	    p->wish.every == 'd' ? "day" : "week", p->wish.at / 60,
	    p->wish.at % 60, p->wish.weekday);
	p->r = (struct recipient){ .user_id = id, .exists = true,
	    .active = true, .email = "a@example.com", .phone =
	    "+989121112233", .email_proved = true, .phone_proved = true,
	    .zone = chance(2) == 0 ? p->zone : "Asia/Tehran",
	    .quiet = p->wish.quiet, .quiet_from = (unsigned)p->wish.from,
	    .quiet_to = (unsigned)p->wish.to, .quiet_zone = p->zone,
	    .digest = p->wish.every == 0 ? NULL : p->digest };
}

static void
some_message(struct person *p, struct asked *q, struct someone *s)
{
	static const char *const types[] = { "order", "order", "message" };

	p->now_us += chance(3) == 0 ? 0 : chance(4) == 0 ? (int64_t)
	    chance(40) * HOUR_US : (int64_t)chance(7200) * US_PER_S;
	*q = (struct asked){ .au = { .kind = TO_USERS }, .m = {
	    .type = types[chance(3)], .class = chance(8) == 0 ? 0 :
	    1 + chance(2), .merges = chance(2) == 0, .now_us = p->now_us } };
	q->m.critical = q->m.class == 0;
	q->m.au = &q->au;
	if (chance(3) == 0) {
		q->au.steps = 1;
		q->au.step[0] = (struct escalation){ CHANNEL_SMS,
		    60 + chance(20000) };
	}
	q->said = chance(3) > 0;
	q->au.ends = q->said;
	q->ends_us = p->now_us + (q->said ? (int64_t)(1 + chance(60 * 40)) *
	    MINUTE_US : DAY_US);
	*s = (struct someone){ .m = &q->m, .user_id = p->id, .r = &p->r };
	for (unsigned c = 0; c < CHANNELS; c++)
		s->reach.way[c].what = REACH_NO;
	s->reach.way[CHANNEL_EMAIL] = (struct reach_way){ REACH_GO, "", true,
	    NULL };
	if (q->au.steps > 0)
		s->step[0].way[CHANNEL_SMS] = (struct reach_way){ REACH_GO,
		    "", true, NULL };
}

static int64_t
place(struct person *p, const struct cap *c, const char *channel, int64_t us)
{
	char key[CAP_SCOPE + 20];

	snprintf(key, sizeof(key), "%s/%s", c->scope, channel);
	for (size_t i = 0; i < COUNT_OF(p->window); i++) {
		const struct frequency f = { .an_hour = c->an_hour,
		    .a_day = c->a_day, .from_us = us };

		if (p->window[i].used && strcmp(p->window[i].key, key) != 0)
			continue;
		if (!p->window[i].used)
			memcpy(p->window[i].key, key, sizeof(key));
		p->window[i].used = true;
		return frequency_next(&p->window[i].row, &f);
	}
	fail_msg("too many rules");
	return 0;
}

/* When this way may be used, as a person with a wall clock finds it. */
static int64_t
expected(struct person *p, const struct asked *q, enum channel_id channel,
    const char *name, int64_t at, const char *rules, bool *merges)
{
	int64_t digest, go;
	struct cap c;

	*merges = false;
	if (q->m.critical || (*rules == '\0' && !p->wish.quiet &&
	    p->wish.every == 0))
		return at;
	digest = digest_of(&p->wish, at);
	go = after_silence(&p->wish, digest);
	*merges = q->m.merges && digest > at;
	if (*merges || hold_cap(rules, q->m.type, q->m.class, name, &c) == 0)
		return go;
	for (int i = 0; i < 8; i++) {
		int64_t next = place(p, &c, name, go);

		if (next > go)
			by_cap++;
		go = after_silence(&p->wish, next);
		if (go == next)
			break;
	}
	(void)channel;
	return go;
}

static void
check_way(struct person *p, const struct asked *q, const struct way *w,
    const char *name, int64_t at, const char *rules)
{
	bool merges;
	int64_t want = expected(p, q, w->channel, name, at, rules, &merges);
	int64_t got = w->not_before_us == 0 ? at : w->not_before_us;
	struct hold_time t = hold_time(w->not_before_us, q->ends_us,
	    q->said);

	messages++;
	put_off += want != at;
	gathered += merges;
	if (got != want || w->merges != merges)
		fail_msg("seed %s, %s in %s at %" PRId64 ", quiet %d %d-%d, "
		    "digest %c %d %d, caps %s: %" PRId64 ", not %" PRId64,
		    getenv("TIME_SEED"), name, p->zone, at, p->wish.quiet,
		    p->wish.from, p->wish.to, p->wish.every == 0 ? '-' :
		    p->wish.every, p->wish.at, p->wish.weekday, rules, got,
		    want);
	/* Put off, never dropped: but by the end that its sender gave it. */
	if (q->said) {
		assert_int_equal(t.ends_us, q->ends_us);
		assert_int_equal(t.run_us, w->not_before_us > q->ends_us ?
		    q->ends_us : w->not_before_us);
		expired += w->not_before_us > q->ends_us;
	} else {
		assert_int_equal(t.run_us, w->not_before_us);
		assert_true(w->not_before_us == 0 || t.ends_us >=
		    w->not_before_us + HOLD_LIFE_US);
	}
	if (!q->m.critical) {
		assert_false(silent(&p->wish, got));
		if (!merges) {
			p->gone[p->gones].channel = w->channel;
			p->gone[p->gones++].us = got;
		}
	}
	assert_true(got >= at);
}

/* No hour and no day holds more than two windows' worth, wherever it begins:
 * windows begin with what is in them. */
static void
check_caps(const struct person *p, const char *rules)
{
	for (size_t i = 0; i < p->gones; i++) {
		struct cap c;
		unsigned hour = 0, day = 0;

		if (hold_cap(rules, "message", 1, p->gone[i].channel ==
		    CHANNEL_EMAIL ? "email" : "sms", &c) == 0 ||
		    strcmp(c.scope, "*") != 0)
			continue;
		for (size_t k = 0; k < p->gones; k++) {
			int64_t after = p->gone[k].us - p->gone[i].us;

			if (p->gone[k].channel != p->gone[i].channel)
				continue;
			hour += after >= 0 && after < HOUR_US;
			day += after >= 0 && after < DAY_US;
		}
		assert_true(c.an_hour == 0 || hour <= 2 * c.an_hour);
		assert_true(c.a_day == 0 || day <= 2 * c.a_day);
	}
}

static void
wall_clock_of(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static void
a_round(struct person *p, size_t n, const char *rules)
{
	static struct someone s[AT_ONCE];
	static struct asked q[AT_ONCE];
	struct way w[WAYS_MAX];

	for (int turn = 0; turn < TURNS; turn++) {
		arena_reset(a);
		for (size_t i = 0; i < n; i++)
			some_message(&p[i], &q[i], &s[i]);
		ok(hold_decide(worker, a, s, n, true, e));
		for (size_t i = 0; i < n; i++) {
			size_t ways = people_ways(&s[i], w);

			wall_clock_of(p[i].zone);
			for (size_t k = 0; k < ways; k++) {
				int64_t at = p[i].now_us;

				if (w[k].way->what != REACH_GO)
					continue;
				if (w[k].channel == CHANNEL_SMS)
					at += (int64_t)q[i].au.step[0].after_s
					    * US_PER_S;
				check_way(&p[i], &q[i], &w[k],
				    channels_name(w[k].channel), at, rules);
			}
		}
	}
}

static void
r11_all_rules_together_agree_with_a_wall_clock(void **state UNUSED)
{
	const char *many = getenv("TIME_CASES"), *from = getenv("TIME_SEED");
	long cases = many != NULL ? strtol(many, NULL, 10) : 480, done = 0;
	static struct person p[AT_ONCE];
	char text[24];

	snprintf(text, sizeof(text), "%s", from != NULL ? from : "20261122");
	setenv("TIME_SEED", text, 1);
	chance_begin(strtoull(text, NULL, 10));
	for (; done < cases; done += AT_ONCE) {
		const char *rules = caps[(done / AT_ONCE) %
		    (long)COUNT_OF(caps)];

		ok(conf_set("GATEPOST_CAPS", rules, e));
		for (size_t i = 0; i < AT_ONCE; i++)
			somebody(&p[i], (uint64_t)done + i + 1);
		a_round(p, AT_ONCE, rules);
		for (size_t i = 0; i < AT_ONCE; i++)
			check_caps(&p[i], rules);
	}
	print_message("%zu zones, %ld recipients, %u messages: %u put off, "
	    "%u by a cap, %u for a digest, %u expire first\n", zones, done,
	    messages, put_off, by_cap, gathered, expired);
	assert_true(zones > 400 && messages > 3 * done);
	assert_true(put_off > messages / 4 && put_off < messages);
	assert_true(by_cap > 50 && gathered > 50 && expired > 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    r11_all_rules_together_agree_with_a_wall_clock),
	};

	dbtest_begin("test_store_time");
	read_zones();
	return cmocka_run_group_tests(tests, db_setup, db_teardown);
}
