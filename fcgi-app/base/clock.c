/*
 * clock.c - time and its texts.  All arithmetic is on days since 1970 in the
 * proleptic Gregorian calendar; the C library's time zones are never asked.
 */
#include "base/clock.h"

static int64_t frozen_us;		/* 0: the real clock */

static const char month_name[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char day_name[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

struct civil {
	int64_t	 year;
	unsigned month, day, hour, minute, second, us, weekday;
};

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	/* Not fatal(): it would ask for the time to write its line. */
	if (clock_gettime(id, &ts) != 0)
		abort();
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t
clock_now(void)
{
	return frozen_us != 0 ? frozen_us : read_clock(CLOCK_REALTIME);
}

int64_t
clock_mono(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void
clock_test_set(int64_t us)
{
	frozen_us = us;
}

/* Days since 1970-01-01; years count from March so that the leap day is
 * last (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
int64_t
clock_days(int64_t y, unsigned m, unsigned d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (int64_t)(m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static struct civil
civil_of(int64_t us)
{
	/* What the formats can say: years 0000 to 9999. */
	const int64_t least = INT64_C(-62167219200) * US_PER_S;
	const int64_t most = INT64_C(253402300799) * US_PER_S + 999999;
	int64_t s, day, rest, z, era, doe, yoe, doy, mp;
	struct civil c;

	us = us < least ? least : us > most ? most : us;
	s = us / US_PER_S - (us % US_PER_S < 0);
	c.us = (unsigned)(us - s * US_PER_S);
	day = s / 86400 - (s % 86400 < 0);
	rest = s - day * 86400;
	c.hour = (unsigned)(rest / 3600);
	c.minute = (unsigned)(rest / 60 % 60);
	c.second = (unsigned)(rest % 60);
	c.weekday = (unsigned)(((day + 4) % 7 + 7) % 7);
	z = day + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	c.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	c.month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	c.year = yoe + era * 400 + (c.month <= 2);
	return c;
}

static bool
date_valid(int64_t y, unsigned m, unsigned d)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

	if (m < 1 || m > 12 || d < 1)
		return false;
	return d <= (m == 2 && leap ? 29u : days[m - 1]);
}

const char *
clock_rfc3339(int64_t us, bool fraction, char out[CLOCK_TEXT_MAX])
{
	struct civil c = civil_of(us);
	char sub[8] = "";

	if (fraction)
		snprintf(sub, sizeof(sub), ".%06u", c.us % 1000000);
	snprintf(out, CLOCK_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u%sZ",
	    (unsigned)c.year % 10000, c.month % 100, c.day % 100,
	    c.hour % 100, c.minute % 100, c.second % 100, sub);
	return out;
}

const char *
clock_rfc5322(int64_t us, char out[CLOCK_TEXT_MAX])
{
	struct civil c = civil_of(us);

	snprintf(out, CLOCK_TEXT_MAX, "%s, %02u %s %04u %02u:%02u:%02u +0000",
	    day_name[c.weekday], c.day % 100, month_name[c.month - 1],
	    (unsigned)c.year % 10000, c.hour % 100, c.minute % 100,
	    c.second % 100);
	return out;
}

/* Take exactly n digits; false when they are not there. */
static bool
take(const char **s, unsigned n, unsigned *v)
{
	*v = 0;
	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		*v = *v * 10 + (unsigned)(**s - '0');
	}
	return true;
}

static bool
take_char(const char **s, char upper)
{
	char c = **s;

	if (c != upper && (upper < 'A' || upper > 'Z' ||
	    c != upper - 'A' + 'a'))
		return false;
	(*s)++;
	return true;
}

/* "hh:mm:ss"; a leap second is accepted here. */
static bool
take_time(const char **s, struct civil *c)
{
	return take(s, 2, &c->hour) && take_char(s, ':') &&
	    take(s, 2, &c->minute) && take_char(s, ':') &&
	    take(s, 2, &c->second) && c->hour <= 23 && c->minute <= 59 &&
	    c->second <= 60;
}

static int64_t
us_of(const struct civil *c)
{
	return (clock_days(c->year, c->month, c->day) * 86400 +
	    (int64_t)c->hour * 3600 + (int64_t)c->minute * 60 + c->second) *
	    US_PER_S + c->us;
}

int
clock_parse(const char *s, int64_t *us)
{
	unsigned year, oh = 0, om = 0, scale = 100000;
	struct civil c = { 0 };
	int64_t t, offset_s = 0;

	if (!take(&s, 4, &year) || !take_char(&s, '-') ||
	    !take(&s, 2, &c.month) || !take_char(&s, '-') ||
	    !take(&s, 2, &c.day) || !take_char(&s, 'T') || !take_time(&s, &c))
		return 0;
	c.year = year;
	if (!date_valid(c.year, c.month, c.day))
		return 0;
	if (*s == '.') {
		unsigned digit;

		s++;
		if (!take(&s, 1, &digit))
			return 0;
		do {
			c.us += digit * scale;
			scale /= 10;	/* what is finer than 1 µs is cut */
		} while (take(&s, 1, &digit));
	}
	if (*s == '+' || *s == '-') {
		bool minus = *s++ == '-';

		if (!take(&s, 2, &oh) || !take_char(&s, ':') ||
		    !take(&s, 2, &om) || oh > 23 || om > 59)
			return 0;
		offset_s = (int64_t)oh * 3600 + (int64_t)om * 60;
		if (minus)
			offset_s = -offset_s;
	} else if (!take_char(&s, 'Z')) {
		return 0;
	}
	if (*s != '\0')
		return 0;
	t = us_of(&c) - offset_s * US_PER_S;
	/* A leap second ends a UTC day; it becomes the first of the next. */
	if (c.second == 60 && (t - c.us) % (86400 * US_PER_S) != 0)
		return 0;
	*us = t;
	return 1;
}

/* RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", case-sensitive. */
int
clock_parse_http(const char *s, int64_t *us)
{
	struct civil c = { 0 };
	unsigned year, i;

	for (i = 0; i < COUNT_OF(day_name); i++)
		if (strncmp(s, day_name[i], 3) == 0)
			break;
	if (i == COUNT_OF(day_name) || s[3] != ',' || s[4] != ' ')
		return 0;
	s += 5;
	if (!take(&s, 2, &c.day) || *s++ != ' ')
		return 0;
	for (i = 0; i < COUNT_OF(month_name); i++)
		if (strncmp(s, month_name[i], 3) == 0)
			break;
	if (i == COUNT_OF(month_name))
		return 0;
	c.month = i + 1;
	s += 3;
	if (*s++ != ' ' || !take(&s, 4, &year) || *s++ != ' ' ||
	    !take_time(&s, &c) || strcmp(s, " GMT") != 0)
		return 0;
	c.year = year;
	if (!date_valid(c.year, c.month, c.day))
		return 0;
	*us = us_of(&c);
	return 1;
}
