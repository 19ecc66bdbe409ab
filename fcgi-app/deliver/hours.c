/*
 * hours.c - see hours.h.  All arithmetic is on stretches in which the clocks
 * stand still against UTC; there is no "local time to UTC" that could be
 * ambiguous.
 */
#include "deliver/hours.h"

#include "base/clock.h"

#define MIN_S	60
#define HOUR_S	3600
#define DAY_S	86400
/* More turns of the clocks than any two weeks have. */
#define SPANS_MAX	64

static const struct zone *
zone_of(const struct hours *h)
{
	return h->zone != NULL ? h->zone : zone_utc();
}

/* Not negative, and rounded down. */
static int64_t
mod(int64_t v, int64_t m)
{
	return (v % m + m) % m;
}

static int64_t
div_down(int64_t v, int64_t m)
{
	return (v - mod(v, m)) / m;
}

static bool
is_quiet(const struct hours *h, int64_t tod_s)
{
	const int64_t from_s = h->from * MIN_S, to_s = h->to * MIN_S;

	return from_s < to_s ? tod_s >= from_s && tod_s < to_s :
	    tod_s >= from_s || tod_s < to_s;
}

int64_t
hours_quiet_end(const struct hours *h, int64_t utc_us)
{
	const int64_t began_s = div_down(utc_us, US_PER_S);
	int64_t t = began_s;

	if (!h->quiet || h->from == h->to)
		return utc_us;
	for (int i = 0; i < SPANS_MAX; i++) {
		struct zone_span s;
		int64_t tod_s, end_s;

		zone_span_at(zone_of(h), t, &s);
		tod_s = mod(t + s.offset_s, DAY_S);
		if (!is_quiet(h, tod_s))
			break;
		end_s = t + mod(h->to * MIN_S - tod_s, DAY_S);
		if (end_s < s.until_s) {
			t = end_s;
			break;
		}
		t = s.until_s;
	}
	return t == began_s ? utc_us : t * US_PER_S;
}

/* The first instant at which the wall's date and time have come to local_s. */
static int64_t
instant_of(const struct zone *z, int64_t local_s)
{
	struct zone_span s;
	int64_t t = local_s - 2 * DAY_S;

	for (int i = 0; i < SPANS_MAX; i++) {
		zone_span_at(z, t, &s);
		t = local_s - s.offset_s > s.from_s ? local_s - s.offset_s :
		    s.from_s;
		if (t < s.until_s)
			break;
		t = s.until_s;
	}
	return t;
}

static int64_t
next_hourly(const struct hours *h, int64_t t)
{
	for (int i = 0; i < SPANS_MAX; i++) {
		struct zone_span s;
		int64_t next;

		zone_span_at(zone_of(h), t, &s);
		next = t + mod(h->at % 60 * MIN_S - (t + s.offset_s), HOUR_S);
		if (next < s.until_s)
			return next;
		t = s.until_s;
	}
	return t;
}

static int64_t
next_daily(const struct hours *h, int64_t t)
{
	const struct zone *z = zone_of(h);
	int64_t day = div_down(t + zone_offset(z, t), DAY_S) - 1;
	int64_t at = t;

	for (int i = 0; i < 20; i++, day++) {
		/* 1970 began on a Thursday. */
		if (h->digest == DIGEST_WEEKLY && mod(day + 3, 7) !=
		    h->weekday)
			continue;
		at = instant_of(z, day * DAY_S + h->at * MIN_S);
		if (at >= t)
			break;
	}
	return at > t ? at : t;
}

int64_t
hours_digest_at(const struct hours *h, int64_t utc_us)
{
	const int64_t t = -div_down(-utc_us, US_PER_S);	/* rounded up */

	switch (h->digest) {
	case DIGEST_NONE:
		break;
	case DIGEST_HOURLY:
		return next_hourly(h, t) * US_PER_S;
	case DIGEST_DAILY:
	case DIGEST_WEEKLY:
		return next_daily(h, t) * US_PER_S;
	}
	return utc_us;
}

int64_t
hours_when(const struct hours *h, int64_t utc_us)
{
	return hours_quiet_end(h, hours_digest_at(h, utc_us));
}

/* --- reading ------------------------------------------------------------------ */

/* "HH:MM", as an input of type time writes it; seconds of zero may follow. */
static bool
read_minute(const struct json *j, uint16_t *out)
{
	const char *s = json_str(j);
	unsigned hour, minute;

	if (s == NULL || (strlen(s) != 5 && (strlen(s) != 8 ||
	    strcmp(s + 5, ":00") != 0)) || s[2] != ':')
		return false;
	for (int i = 0; i < 5; i++)
		if (i != 2 && (s[i] < '0' || s[i] > '9'))
			return false;
	hour = (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
	minute = (unsigned)(s[3] - '0') * 10 + (unsigned)(s[4] - '0');
	*out = (uint16_t)(hour * 60 + minute);
	return hour < 24 && minute < 60;
}

static const char *
read_quiet(struct hours *h, const struct json *q)
{
	const char *name;

	if (json_type(q) != JSON_OBJECT)
		return "quiet_hours";
	if (!read_minute(json_get(q, "from"), &h->from))
		return "quiet_hours.from";
	if (!read_minute(json_get(q, "to"), &h->to))
		return "quiet_hours.to";
	h->quiet = true;
	if (json_type(json_get(q, "time_zone")) == JSON_NULL)
		return NULL;
	name = json_str(json_get(q, "time_zone"));
	if (name == NULL || (h->zone = zone_find(name)) == NULL)
		return "quiet_hours.time_zone";
	return NULL;
}

static const char *
read_digest(struct hours *h, const struct json *d)
{
	static const char *const word[] = { [DIGEST_HOURLY] = "hour",
		[DIGEST_DAILY] = "day", [DIGEST_WEEKLY] = "week" };
	const char *every = json_str(json_get(d, "every"));
	int64_t weekday = 0;

	if (json_type(d) != JSON_OBJECT)
		return "digest";
	for (size_t i = DIGEST_HOURLY; i < COUNT_OF(word); i++)
		if (every != NULL && strcmp(every, word[i]) == 0)
			h->digest = (enum digest)i;
	if (h->digest == DIGEST_NONE)
		return "digest.every";
	if (json_type(json_get(d, "at")) != JSON_NULL &&
	    !read_minute(json_get(d, "at"), &h->at))
		return "digest.at";
	if (json_type(json_get(d, "weekday")) != JSON_NULL &&
	    (json_int(json_get(d, "weekday"), &weekday) == 0 || weekday < 0 ||
	    weekday > 6))
		return "digest.weekday";
	h->weekday = (uint8_t)weekday;
	return NULL;
}

int
hours_read(struct hours *h, const struct json *quiet,
    const struct json *digest, const char *zone, const char **bad)
{
	memset(h, 0, sizeof(*h));
	*bad = NULL;
	if (zone != NULL)
		h->zone = zone_find(zone);
	if (json_type(quiet) != JSON_NULL)
		*bad = read_quiet(h, quiet);
	if (*bad == NULL && json_type(digest) != JSON_NULL)
		*bad = read_digest(h, digest);
	if (*bad == NULL)
		return 1;
	memset(h, 0, sizeof(*h));
	return 0;
}
