/*
 * zone.h - IANA time zones, from the system's own files (package tzdata).
 *
 * A zone is read once, when it is first asked for, and kept: a table of what
 * its clocks do from 2000 to 2100, at most some 3 KB.  Nothing here touches the
 * process's own zone.  Later tzdata is met by the next start.
 */
#ifndef GP_BASE_ZONE_H
#define GP_BASE_ZONE_H

#include "base/cdefs.h"

#define ZONE_NAME_MAX	40		/* the longest has 32 characters */

struct zone;
/*
 * By its IANA name ("Asia/Tehran"), case and all.  NULL: no such zone, or a
 * file that is none.  What is found lives as long as the process.
 */
const struct zone *zone_find(const char *name);
/* Coordinated universal time; needs no file. */
const struct zone *zone_utc(void);

/* One stretch of time in which the clocks stand still against UTC. */
struct zone_span {
	int64_t	 from_s, until_s;	/* UTC, [from, until); INT64_MIN/MAX */
	int32_t	 offset_s;		/* local = UTC + offset */
};
void	 zone_span_at(const struct zone *z, int64_t utc_s,
	    struct zone_span *out);
int32_t	 zone_offset(const struct zone *z, int64_t utc_s);

#endif
