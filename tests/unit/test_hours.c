/*
 * test_hours.c - zones, quiet hours and digests, against Python's zoneinfo
 * (hours_oracle.py), which searches minute by minute where we compute.
 */
#include "deliver/hold.h"
#include "deliver/hours.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/wait.h>

#define YEAR_FROM	2026
#define YEAR_TO		2036

static FILE *oracle;
static char line[256];

static int
ask(void **state UNUSED)
{
	const char *top = getenv("top_srcdir");

	snprintf(line, sizeof(line), "/usr/bin/python3 %s/tests/unit/"
	    "hours_oracle.py %d %d 20261121", top != NULL ? top : ".",
	    YEAR_FROM, YEAR_TO);
	oracle = popen(line, "r");
	return oracle != NULL ? 0 : -1;
}

static const struct zone *
zone(const char *name)
{
	const struct zone *z = zone_find(name);

	if (z == NULL)
		fail_msg("no zone %s", name);
	return z;
}

struct seen { unsigned offsets, quiet, put_off, digests, wrong; };

static void
offset_line(struct seen *n)
{
	char name[ZONE_NAME_MAX];
	long long at, want;
	int got;

	assert_int_equal(sscanf(line, "O %39s %lld %lld", name, &at, &want),
	    3);
	got = zone_offset(zone(name), at);
	n->offsets++;
	if (got != want) {
		print_error("%s at %lld: %d, not %lld\n", name, at, got,
		    want);
		n->wrong++;
	}
}

static void
quiet_line(struct seen *n)
{
	struct hours h = { .quiet = true };
	char name[ZONE_NAME_MAX];
	unsigned from, to;
	long long at, want;
	int64_t got;

	assert_int_equal(sscanf(line, "Q %39s %lld %u %u %lld", name, &at,
	    &from, &to, &want), 5);
	h.zone = zone(name);
	h.from = (uint16_t)from;
	h.to = (uint16_t)to;
	got = hours_quiet_end(&h, at * US_PER_S);
	n->quiet++;
	n->put_off += want != at;
	if (got != want * US_PER_S) {
		print_error("%s at %lld, quiet %u to %u: %" PRId64
		    ", not %lld\n", name, at, from, to, got / US_PER_S, want);
		n->wrong++;
	}
}

static void
digest_line(struct seen *n)
{
	struct hours h = { .digest = DIGEST_DAILY };
	char name[ZONE_NAME_MAX];
	long long from, want;
	unsigned at;
	int weekday;
	int64_t got;

	assert_int_equal(sscanf(line, "D %39s %lld %u %d %lld", name, &from,
	    &at, &weekday, &want), 5);
	h.zone = zone(name);
	h.at = (uint16_t)at;
	if (weekday >= 0) {
		h.digest = DIGEST_WEEKLY;
		h.weekday = (uint8_t)weekday;
	}
	got = hours_digest_at(&h, from * US_PER_S);
	n->digests++;
	if (got != want * US_PER_S) {
		print_error("%s from %lld, digest at %u of %d: %" PRId64
		    ", not %lld\n", name, from, at, weekday, got / US_PER_S,
		    want);
		n->wrong++;
	}
}

static void
r11_every_zone_over_ten_years_agrees_with_an_oracle(void **state UNUSED)
{
	struct seen n = { 0 };
	int status;

	while (fgets(line, sizeof(line), oracle) != NULL && n.wrong < 20)
		switch (*line) {
		case 'O':
			offset_line(&n);
			break;
		case 'Q':
			quiet_line(&n);
			break;
		case 'D':
			digest_line(&n);
			break;
		default:
			fail_msg("the oracle says: %s", line);
		}
	status = pclose(oracle);
	print_message("%u offsets, %u quiet hours (%u put off), %u digests\n",
	    n.offsets, n.quiet, n.put_off, n.digests);
	assert_int_equal(n.wrong, 0);
	assert_int_equal(status, 0);
	assert_true(n.offsets > 30000 && n.quiet > 15000 && n.digests > 900);
	assert_true(n.put_off > n.quiet / 5 && n.put_off < n.quiet);
}

/* --- properties that need no oracle --------------------------------------------- */

static const char *const some[] = { "Asia/Tehran", "Europe/Berlin",
	"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
	"Pacific/Chatham", "Africa/Casablanca", "Europe/Dublin",
	"America/Santiago", "Africa/Cairo", "Pacific/Apia", "Asia/Beirut",
	"America/Havana", "Antarctica/Troll" };

static bool
shows_quiet(const struct hours *h, int64_t utc_s)
{
	int64_t minute = (utc_s + zone_offset(h->zone, utc_s)) % 86400 / 60;

	return h->from < h->to ? minute >= h->from && minute < h->to :
	    minute >= h->from || minute < h->to;
}

/* None early, none lost: what comes out is never inside quiet hours, never
 * before what went in, and at most a day and a change of clocks later. */
static void
r11_none_is_early_and_none_is_lost(void **state UNUSED)
{
	uint32_t x = 20261121;
	const int64_t first = clock_days(YEAR_FROM, 1, 1) * 86400;
	const int64_t all = clock_days(YEAR_TO, 1, 1) * 86400 - first;

	for (size_t z = 0; z < COUNT_OF(some); z++)
		for (int i = 0; i < 20000; i++) {
			struct hours h = { .zone = zone(some[z]),
			    .quiet = true };
			int64_t at, go;

			x = x * 1664525U + 1013904223U;
			h.from = (uint16_t)((x >> 8) % HOURS_DAY);
			x = x * 1664525U + 1013904223U;
			h.to = (uint16_t)((x >> 8) % HOURS_DAY);
			x = x * 1664525U + 1013904223U;
			at = (first + (int64_t)x * 73 % all) * US_PER_S +
			    x % 1000000;
			go = hours_when(&h, at);
			if (go < at || go > at + INT64_C(27) * 3600 *
			    US_PER_S || (h.from != h.to && shows_quiet(&h,
			    go / US_PER_S)) || hours_when(&h, go) != go ||
			    (go != at && !shows_quiet(&h, go / US_PER_S - 1) &&
			    zone_offset(h.zone, go / US_PER_S - 1) ==
			    zone_offset(h.zone, go / US_PER_S)))
				fail_msg("%s at %" PRId64 ", quiet %u to %u: %"
				    PRId64, some[z], at, h.from, h.to, go);
		}
}

static int64_t
utc(const char *text)
{
	int64_t us = 0;

	assert_int_equal(clock_parse(text, &us), 1);
	return us;
}

static void
r11_nights_of_clock_changes(void **state UNUSED)
{
	static const struct {
		const char *zone, *at;
		unsigned from, to;
		const char *go;
	} row[] = {
		/* Berlin, 29 March 2026: 02:00 becomes 03:00. */
		{ "Europe/Berlin", "2026-03-28T22:00:00Z", 1320, 150,
		    "2026-03-29T01:00:00Z" },
		{ "Europe/Berlin", "2026-03-28T22:00:00Z", 1320, 420,
		    "2026-03-29T05:00:00Z" },
		{ "Europe/Berlin", "2026-03-29T00:30:00Z", 120, 180,
		    "2026-03-29T00:30:00Z" },
		/* 25 October: 03:00 becomes 02:00, and 02:30 comes twice. */
		{ "Europe/Berlin", "2026-10-24T22:00:00Z", 1320, 150,
		    "2026-10-25T00:30:00Z" },
		{ "Europe/Berlin", "2026-10-25T01:10:00Z", 1320, 150,
		    "2026-10-25T01:30:00Z" },
		{ "Europe/Berlin", "2026-10-24T22:00:00Z", 1320, 420,
		    "2026-10-25T06:00:00Z" },
		/* Half an hour on Lord Howe, and 45 minutes on Chatham. */
		{ "Australia/Lord_Howe", "2026-10-03T13:00:00Z", 1320, 140,
		    "2026-10-03T15:30:00Z" },
		{ "Pacific/Chatham", "2026-01-01T10:00:00Z", 1320, 420,
		    "2026-01-01T17:15:00Z" },
		{ "Asia/Kathmandu", "2026-01-01T17:00:00Z", 1320, 420,
		    "2026-01-02T01:15:00Z" },
		/* Midnight that does not exist: Santiago, 6 September. */
		{ "America/Santiago", "2026-09-06T03:00:00Z", 1380, 30,
		    "2026-09-06T04:00:00Z" },
		/* From equal to to is none at all. */
		{ "Asia/Tehran", "2026-11-21T20:00:00Z", 0, 0,
		    "2026-11-21T20:00:00Z" },
		{ "Asia/Tehran", "2026-11-21T20:00:00Z", 1320, 420,
		    "2026-11-22T03:30:00Z" },
		/* The end is outside, the beginning inside. */
		{ "UTC", "2026-11-21T07:00:00Z", 1320, 420,
		    "2026-11-21T07:00:00Z" },
		{ "UTC", "2026-11-21T22:00:00Z", 1320, 420,
		    "2026-11-22T07:00:00Z" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct hours h = { .zone = zone(row[i].zone), .quiet = true,
		    .from = (uint16_t)row[i].from,
		    .to = (uint16_t)row[i].to };

		print_message("%s %s\n", row[i].zone, row[i].at);
		assert_int_equal(hours_when(&h, utc(row[i].at)),
		    utc(row[i].go));
	}
}

static void
a_digest_comes_once_a_day_and_out_of_quiet_hours(void **state UNUSED)
{
	struct hours h = { .zone = zone("Europe/Berlin"),
	    .digest = DIGEST_DAILY, .at = 150 };
	int64_t at = utc("2026-10-24T12:00:00Z");

	/* 02:30 comes twice on the 25th; the digest once. */
	at = hours_when(&h, at);
	assert_int_equal(at, utc("2026-10-25T00:30:00Z"));
	at = hours_when(&h, at + 1);
	assert_int_equal(at, utc("2026-10-26T01:30:00Z"));
	/* In March it does not come at all: as the clocks leave it out. */
	assert_int_equal(hours_when(&h, utc("2026-03-28T12:00:00Z")),
	    utc("2026-03-29T01:00:00Z"));
	h.quiet = true;
	h.from = 1320;
	h.to = 420;
	assert_int_equal(hours_when(&h, utc("2026-11-21T12:00:00Z")),
	    utc("2026-11-22T06:00:00Z"));
	h.digest = DIGEST_WEEKLY;
	h.weekday = 0;
	h.at = 480;
	assert_int_equal(hours_when(&h, utc("2026-11-21T12:00:00Z")),
	    utc("2026-11-23T07:00:00Z"));
	h.digest = DIGEST_HOURLY;
	h.at = 15;
	assert_int_equal(hours_when(&h, utc("2026-11-21T12:20:00Z")),
	    utc("2026-11-21T13:15:00Z"));
	assert_int_equal(hours_when(&h, utc("2026-11-21T12:15:00Z")),
	    utc("2026-11-21T12:15:00Z"));
	h.digest = DIGEST_NONE;
	h.quiet = false;
	assert_int_equal(hours_when(&h, 12345), 12345);
}

static void
names_that_are_no_zones_are_refused(void **state UNUSED)
{
	static const char *const bad[] = { "", "/etc/passwd", "../passwd",
		"Europe/../../../etc/passwd", "Europe", "Europe/", "Europe//Berlin",
		"europe/berlin", "localtime", "posix/Europe/Berlin",
		"right/Europe/Berlin", "Zone/Nowhere", "tzdata.zi",
		"Europe/Berlin\n", "Asia/Tehran%00", "posixrules",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		print_message("%s\n", bad[i]);
		assert_null(zone_find(bad[i]));
	}
	assert_ptr_equal(zone_find("Asia/Tehran"), zone_find("Asia/Tehran"));
	assert_int_equal(zone_offset(zone_utc(), 1), 0);
}

static void
preferences_are_read(void **state UNUSED)
{
	static const struct { const char *json, *bad; } row[] = {
		{ "{\"q\":null,\"d\":null}", NULL },
		{ "{\"q\":{\"from\":\"22:00\",\"to\":\"07:00\",\"time_zone\":"
		    "\"Asia/Tehran\"}}", NULL },
		{ "{\"q\":{\"from\":\"22:00:00\",\"to\":\"07:00\"}}", NULL },
		{ "{\"q\":{\"from\":\"24:00\",\"to\":\"07:00\"}}",
		    "quiet_hours.from" },
		{ "{\"q\":{\"from\":\"22:00\",\"to\":\"7:00\"}}",
		    "quiet_hours.to" },
		{ "{\"q\":{\"from\":\"22:00\",\"to\":\"07:60\"}}",
		    "quiet_hours.to" },
		{ "{\"q\":{\"from\":\"22:00\",\"to\":\"07:00\",\"time_zone\":"
		    "\"Mars/Phobos\"}}", "quiet_hours.time_zone" },
		{ "{\"q\":{\"from\":\"22:00\",\"to\":\"07:00\",\"time_zone\":"
		    "7}}", "quiet_hours.time_zone" },
		{ "{\"q\":[]}", "quiet_hours" },
		{ "{\"d\":{\"every\":\"day\",\"at\":\"08:00\"}}", NULL },
		{ "{\"d\":{\"every\":\"week\",\"weekday\":6}}", NULL },
		{ "{\"d\":{\"every\":\"week\",\"weekday\":7}}",
		    "digest.weekday" },
		{ "{\"d\":{\"every\":\"year\"}}", "digest.every" },
		{ "{\"d\":{\"every\":\"day\",\"at\":8}}", "digest.at" },
		{ "{\"d\":true}", "digest" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err e = ERR_INIT;
		struct json *j = NULL;
		const char *bad;
		struct hours h;
		int rc;

		print_message("%s\n", row[i].json);
		assert_return_code(json_parse(row[i].json,
		    strlen(row[i].json), JSON_STRICT, 0, &j, &e), 0);
		rc = hours_read(&h, json_get(j, "q"), json_get(j, "d"),
		    "Europe/Berlin", &bad);
		assert_int_equal(rc, row[i].bad == NULL);
		if (rc == 0)
			assert_string_equal(bad, row[i].bad);
		if (i == 0)
			assert_int_equal(hours_when(&h, 5), 5);
		if (i == 1)
			assert_ptr_equal(h.zone, zone_find("Asia/Tehran"));
		if (i == 2)
			assert_ptr_equal(h.zone, zone_find("Europe/Berlin"));
		json_free(j);
	}
}

static void
the_most_particular_cap_holds(void **state UNUSED)
{
	static const char rules[] = "*:*/day=50, *:sms/hour=2,*:sms/day=9,"
	    "campaign:*/day=3, order:email/hour=7,bad,x:y/week=1,z:*/hour=0";
	static const struct {
		const char *type;
		unsigned class;
		const char *channel, *scope;
		unsigned hour, day;
	} row[] = {
		{ "welcome", 1, "email", "*", 0, 50 },
		{ "welcome", 1, "sms", "*", 2, 9 },
		{ "news", 2, "sms", "campaign", 0, 3 },
		{ "order", 2, "email", "order", 7, 0 },
		{ "order", 1, "expo", "*", 0, 50 },
		{ "z", 1, "expo", "*", 0, 50 },
	};
	struct cap c;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s %s\n", row[i].type, row[i].channel);
		assert_int_equal(hold_cap(rules, row[i].type, row[i].class,
		    row[i].channel, &c), 1);
		assert_string_equal(c.scope, row[i].scope);
		assert_int_equal(c.an_hour, row[i].hour);
		assert_int_equal(c.a_day, row[i].day);
	}
	assert_int_equal(hold_cap("", "order", 1, "email", &c), 0);
	assert_int_equal(hold_cap("a:b,:,/=,x", "x", 1, "email", &c), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    r11_every_zone_over_ten_years_agrees_with_an_oracle, ask),
		cmocka_unit_test(r11_none_is_early_and_none_is_lost),
		cmocka_unit_test(r11_nights_of_clock_changes),
		cmocka_unit_test(
		    a_digest_comes_once_a_day_and_out_of_quiet_hours),
		cmocka_unit_test(names_that_are_no_zones_are_refused),
		cmocka_unit_test(preferences_are_read),
		cmocka_unit_test(the_most_particular_cap_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
