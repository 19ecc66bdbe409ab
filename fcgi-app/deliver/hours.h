/*
 * hours.h - when a message may go: quiet hours and digests in the recipient's
 * own time zone.  Pure: no clock, no database, no settings.
 *
 * Both only ever put off.  A message that expires meanwhile ends as expired,
 * by the database's clock; nothing here drops one.
 */
#ifndef GP_DELIVER_HOURS_H
#define GP_DELIVER_HOURS_H

#include "base/json.h"
#include "base/zone.h"

#define HOURS_DAY	1440		/* minutes */

enum digest { DIGEST_NONE, DIGEST_HOURLY, DIGEST_DAILY, DIGEST_WEEKLY };

struct hours {
	const struct zone *zone;	/* NULL: UTC */
	bool		 quiet;
	uint16_t	 from, to;	/* minutes of the local day, [from, to) */
	enum digest	 digest;
	uint16_t	 at;		/* minute of the day; hourly: of the hour */
	uint8_t		 weekday;	/* of a weekly one: 0 Monday */
};

/*
 * The first instant from `utc_us` on at which the recipient's clock on the
 * wall shows no quiet time; utc_us itself when it shows none already.
 *
 * from > to goes across midnight; from == to is no quiet time at all (a whole
 * day of it would never end).  Where clocks go forward over `to`, quiet ends
 * as they do; where they go back into it, it begins once more: the wall is
 * what the recipient lives by.
 */
int64_t	 hours_quiet_end(const struct hours *h, int64_t utc_us);
/*
 * The instant of the first digest from `utc_us` on; utc_us without one.  A
 * time of day that the clocks leave out is the moment they do; one that they
 * show twice is the first.
 */
int64_t	 hours_digest_at(const struct hours *h, int64_t utc_us);
/* Both: the digest, then out of quiet hours. */
int64_t	 hours_when(const struct hours *h, int64_t utc_us);

/*
 * Read the members of a recipient's preferences (API.md): quiet_hours
 * {"from": "22:00", "to": "07:00", "time_zone": "Asia/Tehran"}, and digest
 * {"every": "hour"|"day"|"week", "at": "08:00", "weekday": 0..6}; NULL or JSON
 * null: none.  `zone` stands in for an absent time_zone and is the digest's
 * too when there are no quiet hours; NULL or unknown: UTC.
 * 1; 0 and *bad names the member that is wrong ("quiet_hours.from"…).
 */
int	 hours_read(struct hours *h, const struct json *quiet,
	    const struct json *digest, const char *zone, const char **bad)
	    MUST_CHECK;

#endif
