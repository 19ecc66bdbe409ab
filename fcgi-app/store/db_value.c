/*
 * db_value.c - values to bind, and the calendar between our µs since 1970 UTC
 * and the server's DATETIME(6).
 */
#include "store/db_own.h"
#include "base/clock.h"

struct db_value
db_text(const char *s)
{
	if (s == NULL)
		return DB_NULL;
	return (struct db_value){ .type = DB_T_TEXT, .p = s,
	    .len = strlen(s) };
}

struct db_value
db_blob(const void *p, size_t n)
{
	if (p == NULL)
		return DB_NULL;
	return (struct db_value){ .type = DB_T_BLOB, .p = p, .len = n };
}

struct db_value
db_time(int64_t us)
{
	if (us == 0)
		return DB_NULL;
	return (struct db_value){ .type = DB_T_TIME, .n.i = us };
}

/*
 * Proleptic Gregorian days, after Howard Hinnant's "chrono-Compatible
 * Low-Level Date Algorithms": years begin in March, so that the leap day is
 * the last of its year.
 */
int64_t
db_civil_us(const struct db_civil *c)
{
	int64_t y = (int64_t)c->year - (c->month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (c->month > 2 ? c->month - 3 : c->month + 9) + 2) /
	    5 + c->day - 1;
	int64_t day = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy -
	    719468;

	return (day * 86400 + c->hour * 3600 + c->minute * 60 + c->second) *
	    US_PER_S + c->us;
}

void
db_civil(int64_t us, struct db_civil *c)
{
	int64_t s = us / US_PER_S - (us % US_PER_S < 0);
	int64_t day = s / 86400 - (s % 86400 < 0);
	int64_t z = day + 719468, era, doe, yoe, doy, mp;

	c->us = (unsigned)(us - s * US_PER_S);
	s -= day * 86400;
	c->hour = (unsigned)(s / 3600);
	c->minute = (unsigned)(s / 60 % 60);
	c->second = (unsigned)(s % 60);
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	c->day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	c->month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	c->year = (unsigned)(yoe + era * 400 + (c->month <= 2));
}
