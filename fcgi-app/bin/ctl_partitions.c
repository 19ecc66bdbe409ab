/*
 * gatepostctl partitions [status | run]
 *
 * The log of deliveries has a partition a month.  status lists them with what
 * they hold; run makes those of the next three months and drops those past
 * GATEPOST_LOG_DAYS, as the worker does every hour.  It waits a second at
 * most for whoever reads the table, and tries again.
 */
#include <time.h>

#include "base/clock.h"
#include "base/conf.h"
#include "bin/ctl.h"
#include "store/delivery_log.h"

#define TRIES	30

struct listing { struct ctl *c; struct delivery_partition p; };

static int
show(void *arg, struct err *e)
{
	const struct listing *l = arg;
	char until[CLOCK_TEXT_MAX] = "";

	(void)e;
	if (l->p.bound != 0)
		clock_rfc3339((int64_t)(l->p.bound >> 22) * 1000 +
		    INT64_C(1704067200000000), false, until);
	if (l->c->json)
		printf("{\"name\":\"%s\",\"until\":\"%s\",\"rows\":%" PRIu64
		    ",\"bytes\":%" PRIu64 "}\n", l->p.name, until, l->p.rows,
		    l->p.bytes);
	else
		printf("%-8s  until %-20s  about %12" PRIu64 " rows  %8"
		    PRIu64 " MiB\n", l->p.name, until[0] == '\0' ? "ever" :
		    until, l->p.rows, l->p.bytes >> 20);
	return 0;
}

static int
status(struct ctl *c)
{
	struct listing l = { .c = c };
	struct err e = ERR_INIT;

	if (delivery_each_partition(c->db, c->arena, &l.p, show, &l, &e) < 0)
		return ctl_fail("the partitions were not read", &e,
		    "gatepostctl doctor");
	return CTL_OK;
}

int
ctl_partitions(struct ctl *c)
{
	const struct timespec pause = { 2, 0 };
	const char *word = ctl_word(c, 0);
	struct err e = ERR_INIT;

	if (word == NULL || strcmp(word, "status") == 0)
		return status(c);
	if (strcmp(word, "run") != 0)
		return ctl_usage(c);
	for (int i = 1; delivery_partitions(c->db,
	    (unsigned)conf_int(CONF_LOG_DAYS), &e) < 0; i++) {
		if (e.sys != 1205 || i == TRIES)
			return ctl_fail("the partitions were not changed", &e,
			    "somebody reads the table for long; the worker "
			    "tries again, too");
		ctl_say(c, "somebody reads the table: again (%d of %d)\n", i,
		    TRIES);
		(void)nanosleep(&pause, NULL);
		err_clear(&e);
	}
	return c->quiet ? CTL_OK : status(c);
}
