/*
 * zone.c - see zone.h.
 *
 * What must stay true: a name from outside never leaves the folder of zone
 * files, and a file is never trusted about its own lengths.
 *
 * The format is RFC 9636 (TZif): a block for 32-bit readers, which is skipped,
 * one of 64 bits, and the rule for what comes after as a POSIX TZ string.
 * That rule is unrolled to the year 2100, so that looking up is all there is
 * to do later.
 */
#include "base/zone.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"

#ifndef ZONE_DIR
#define ZONE_DIR	"/usr/share/zoneinfo"
#endif
#define FILE_MAX	((size_t)64 * 1024)
#define TURNS_MAX	512		/* of the clocks, 2000 to 2100 */
#define SLOTS		2048		/* a power of two; some 600 names */
#define ZONES_MAX	(SLOTS / 2)
#define FIRST_S		INT64_C(946684800)	/* 2000-01-01 */
#define LAST_YEAR	2100
#define HEADER		44
#define DAY_S		86400

struct turn { int64_t at_s; int32_t offset_s; };
struct zone {
	char		 name[ZONE_NAME_MAX];
	int32_t		 before_s;	/* offset ahead of the first turn */
	unsigned	 turns;
	struct turn	 turn[];
};

static const struct zone utc = { .name = "UTC" };
static const struct zone *known[SLOTS];
static size_t knowns;

/* --- the file --------------------------------------------------------------- */

struct reading {
	const uint8_t	*p, *end;
	int32_t		 before_s;
	unsigned	 turns;
	struct turn	 turn[TURNS_MAX];
};

static uint64_t
big(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* A turn that changes nothing is none; false: there are too many. */
static bool
add_turn(struct reading *r, int64_t at_s, int32_t offset_s)
{
	int32_t now = r->turns > 0 ? r->turn[r->turns - 1].offset_s :
	    r->before_s;

	if (now == offset_s)
		return true;
	if (r->turns == TURNS_MAX)
		return false;
	r->turn[r->turns++] = (struct turn){ at_s, offset_s };
	return true;
}

struct counts { size_t isut, isstd, leap, time, type, chars; };

static bool
read_counts(struct reading *r, struct counts *c)
{
	const uint8_t *p = r->p;

	if ((size_t)(r->end - p) < HEADER || memcmp(p, "TZif", 4) != 0 ||
	    p[4] < '2')
		return false;
	c->isut = big(p + 20, 4);
	c->isstd = big(p + 24, 4);
	c->leap = big(p + 28, 4);
	c->time = big(p + 32, 4);
	c->type = big(p + 36, 4);
	c->chars = big(p + 40, 4);
	r->p += HEADER;
	/* Far below what would overflow the sums made of them. */
	return c->isut <= 256 && c->isstd <= 256 && c->leap <= 4096 &&
	    c->time <= 8192 && c->type >= 1 && c->type <= 256 &&
	    c->chars <= 4096;
}

static bool
skip(struct reading *r, size_t n)
{
	if ((size_t)(r->end - r->p) < n)
		return false;
	r->p += n;
	return true;
}

/* The block with 64-bit times.  Leap seconds are of the "right/" files, which
 * no name of ours reaches. */
static bool
read_turns(struct reading *r, const struct counts *c)
{
	const uint8_t *at = r->p, *index, *type;
	size_t all = c->time * 9 + c->type * 6 + c->chars + c->leap * 12 +
	    c->isstd + c->isut;

	if (c->leap != 0 || !skip(r, all))
		return false;
	index = at + c->time * 8;
	type = index + c->time;
	for (size_t i = 0; i < c->type; i++) {
		int32_t offset_s = (int32_t)big(type + i * 6, 4);

		if (offset_s < -2 * DAY_S || offset_s > 2 * DAY_S)
			return false;
	}
	r->before_s = (int32_t)big(type, 4);
	for (size_t i = 0; i < c->time; i++) {
		int64_t at_s = (int64_t)big(at + i * 8, 8);
		int32_t offset_s;

		if (index[i] >= c->type || (r->turns > 0 &&
		    at_s <= r->turn[r->turns - 1].at_s))
			return false;
		offset_s = (int32_t)big(type + (size_t)index[i] * 6, 4);
		if (at_s <= FIRST_S)
			r->before_s = offset_s;
		else if (!add_turn(r, at_s, offset_s))
			return false;
	}
	return true;
}

/* --- the rule for the years behind the table ----------------------------------- */

/* POSIX 1003.1 "TZ", with RFC 9636's wider hours. */
struct rule {
	char		 kind;		/* 'M', 'J' or '0' (n) */
	int		 month, week, day;
	int32_t		 time_s;
};
struct footer {
	int32_t		 std_s, dst_s;	/* offsets, east of UTC */
	bool		 has_dst;
	struct rule	 start, end;
};

static bool
skip_name(const char **s)
{
	const char *p = *s;

	if (*p == '<') {
		p += strcspn(p, ">");
		if (*p++ != '>')
			return false;
	} else
		while ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'))
			p++;
	if (p - *s < 3)
		return false;
	*s = p;
	return true;
}

static bool
number(const char **s, int max, int *out)
{
	int n = 0, digits = 0;

	for (; **s >= '0' && **s <= '9' && digits < 4; (*s)++, digits++)
		n = n * 10 + (**s - '0');
	*out = n;
	return digits > 0 && n <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool
read_time(const char **s, int32_t *out)
{
	int sign = 1, part = 0;
	int32_t unit = 3600, sum = 0;

	if (**s == '-' || **s == '+')
		sign = *(*s)++ == '-' ? -1 : 1;
	do {
		if (!number(s, unit == 3600 ? 167 : 59, &part))
			return false;
		sum += part * unit;
		unit /= 60;
	} while (unit > 0 && **s == ':' && (*s)++ != NULL);
	*out = sign * sum;
	return true;
}

static bool
read_rule(const char **s, struct rule *r)
{
	if (*(*s)++ != ',')
		return false;
	r->kind = '0';
	r->time_s = 2 * 3600;
	if (**s == 'M' || **s == 'J')
		r->kind = *(*s)++;
	if (r->kind == 'M') {
		if (!number(s, 12, &r->month) || r->month < 1 ||
		    *(*s)++ != '.' || !number(s, 5, &r->week) ||
		    r->week < 1 || *(*s)++ != '.' || !number(s, 6, &r->day))
			return false;
	} else if (!number(s, r->kind == 'J' ? 365 : 366, &r->day))
		return false;
	return **s != '/' || ((*s)++ != NULL && read_time(s, &r->time_s));
}

static bool
read_footer(const char *s, struct footer *f)
{
	int32_t west;

	memset(f, 0, sizeof(*f));
	if (!skip_name(&s) || !read_time(&s, &west))
		return false;
	f->std_s = -west;
	if (*s == '\0')
		return true;
	f->has_dst = true;
	f->dst_s = f->std_s + 3600;
	if (!skip_name(&s))
		return false;
	if (*s != ',') {
		if (!read_time(&s, &west))
			return false;
		f->dst_s = -west;
	}
	return read_rule(&s, &f->start) && read_rule(&s, &f->end) &&
	    *s == '\0';
}

static bool
leaps(int64_t year)
{
	return clock_days(year, 3, 1) - clock_days(year, 2, 28) == 2;
}

/* Seconds of the local clock, as if it were UTC's. */
static int64_t
rule_in(const struct rule *r, int64_t year)
{
	int64_t day = clock_days(year, 1, 1), next;
	int first;

	switch (r->kind) {
	case 'J':	/* 1 to 365; 29 February is never counted */
		day += r->day - 1 + (r->day >= 60 && leaps(year));
		break;
	case 'M':
		day = clock_days(year, (unsigned)r->month, 1);
		next = r->month == 12 ? clock_days(year + 1, 1, 1) :
		    clock_days(year, (unsigned)r->month + 1, 1);
		first = (int)(((day + 4) % 7 + 7) % 7);	/* 0: Sunday */
		day += (r->day - first + 7) % 7 + 7 * (r->week - 1);
		while (day >= next)
			day -= 7;
		break;
	default:
		day += r->day;
	}
	return day * DAY_S + r->time_s;
}

static bool
unroll(struct reading *r, const struct footer *f)
{
	int64_t last = r->turns > 0 ? r->turn[r->turns - 1].at_s : FIRST_S;

	if (!f->has_dst)
		return true;
	for (int64_t year = 2000; year <= LAST_YEAR; year++) {
		struct turn in = { rule_in(&f->start, year) - f->std_s,
		    f->dst_s };
		struct turn out = { rule_in(&f->end, year) - f->dst_s,
		    f->std_s };
		struct turn first = in.at_s <= out.at_s ? in : out;
		struct turn second = in.at_s <= out.at_s ? out : in;

		if ((first.at_s > last && !add_turn(r, first.at_s,
		    first.offset_s)) || (second.at_s > last && !add_turn(r,
		    second.at_s, second.offset_s)))
			return false;
	}
	return true;
}

static bool
read_zone(struct reading *r)
{
	struct counts c;
	struct footer f;
	char rule[128];
	size_t n;

	if (!read_counts(r, &c) || !skip(r, c.time * 5 + c.type * 6 +
	    c.chars + c.leap * 8 + c.isstd + c.isut) || !read_counts(r, &c) ||
	    !read_turns(r, &c))
		return false;
	n = (size_t)(r->end - r->p);
	if (n < 2 || n > sizeof(rule) || r->p[0] != '\n' ||
	    r->end[-1] != '\n' || memchr(r->p, '\0', n) != NULL)
		return false;
	memcpy(rule, r->p + 1, n - 2);
	rule[n - 2] = '\0';
	/* An empty one: nobody knows, and the clocks stay as they are. */
	return *rule == '\0' || (read_footer(rule, &f) && unroll(r, &f));
}

/* --- finding ------------------------------------------------------------------- */

/* A capital first keeps out "posix/…", "right/…" and "localtime"; without a
 * dot there is no way out of the folder. */
static bool
may_be_zone(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= ZONE_NAME_MAX || *name < 'A' || *name > 'Z')
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("_+-/", *p) != NULL))
			return false;
	return strstr(name, "//") == NULL && name[n - 1] != '/';
}

static struct zone *
keep(const char *name, const struct reading *r)
{
	struct zone *z = malloc(sizeof(*z) + r->turns * sizeof(z->turn[0]));

	if (z == NULL)
		return NULL;
	snprintf(z->name, sizeof(z->name), "%s", name);
	z->before_s = r->before_s;
	z->turns = r->turns;
	memcpy(z->turn, r->turn, r->turns * sizeof(z->turn[0]));
	return z;
}

/* Where it is, or where it would go: a table half empty at least. */
static size_t
slot_of(const char *name)
{
	uint32_t h = 2166136261U;	/* FNV-1a */

	for (const char *p = name; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 16777619U;
	for (;; h++)
		if (known[h % SLOTS] == NULL ||
		    strcmp(known[h % SLOTS]->name, name) == 0)
			return h % SLOTS;
}

const struct zone *
zone_find(const char *name)
{
	const size_t slot = slot_of(name);
	struct zone *z = NULL;
	struct err e = ERR_INIT;
	struct reading *r;
	struct arena *a;
	char *file;
	size_t n;

	if (known[slot] != NULL)
		return known[slot];
	if (!may_be_zone(name) || knowns == ZONES_MAX)
		return NULL;
	a = arena_new(2 * FILE_MAX);
	r = arena_alloc(a, sizeof(*r));
	memset(r, 0, sizeof(*r));
	if (file_read(a, arena_printf(a, ZONE_DIR "/%s", name), FILE_MAX,
	    &file, &n, &e) == 0) {
		r->p = (const uint8_t *)file;
		r->end = r->p + n;
		if (read_zone(r) && (z = keep(name, r)) != NULL) {
			known[slot] = z;
			knowns++;
		}
	}
	arena_free(a);
	return z;
}

const struct zone *
zone_utc(void)
{
	return &utc;
}

void
zone_span_at(const struct zone *z, int64_t utc_s, struct zone_span *out)
{
	unsigned lo = 0, hi = z->turns;

	while (lo < hi) {		/* the first turn behind utc_s */
		unsigned mid = (lo + hi) / 2;

		if (z->turn[mid].at_s <= utc_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	out->from_s = lo > 0 ? z->turn[lo - 1].at_s : INT64_MIN;
	out->offset_s = lo > 0 ? z->turn[lo - 1].offset_s : z->before_s;
	out->until_s = lo < z->turns ? z->turn[lo].at_s : INT64_MAX;
}

int32_t
zone_offset(const struct zone *z, int64_t utc_s)
{
	struct zone_span s;

	zone_span_at(z, utc_s, &s);
	return s.offset_s;
}
