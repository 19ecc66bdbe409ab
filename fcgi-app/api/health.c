/*
 * health.c - is this process alive, and could it serve?
 *
 * `live` touches nothing.  `ready` asks the database, at most once a second
 * a process, so that probes are no load.
 */
#include "api/route.h"
#include "base/clock.h"
#include "store/health.h"
#include "store/migrate.h"

#define KEEP_US		US_PER_S
#define QUEUE_LATE_S	60

int
health_live_get(struct call *c, const void *in UNUSED, struct err *e UNUSED)
{
	jw_str(resp_json(c->resp, 200), "status", "ok");
	resp_json_end(c->resp);
	return 0;
}

static int
look(struct call *c, struct health *h, struct err *e)
{
	if (health_read(c->db, c->arena, h, e) < 0)
		return -1;
	if (h->schema < MIGRATE_NEWEST)
		return err_set(e, ERR_UNAVAILABLE, "unavailable",
		    "schema %u, this build needs %d", h->schema,
		    MIGRATE_NEWEST);
	return 0;
}

/* A late queue is told, not refused: people can still sign in. */
int
health_ready_get(struct call *c, const void *in UNUSED, struct err *e)
{
	static struct { int64_t at_us; int rc; struct health h; struct err e; }
	    last;
	int64_t now = clock_mono();
	struct jw *w;

	if (last.at_us == 0 || now - last.at_us >= KEEP_US) {
		err_clear(&last.e);
		last.rc = look(c, &last.h, &last.e);
		last.at_us = now;
	}
	if (last.rc < 0) {
		*e = last.e;
		return -1;
	}
	w = resp_json(c->resp, 200);
	jw_str(w, "status", "ok");
	jw_str(w, "database", "ok");
	jw_u64(w, "schema", last.h.schema);
	jw_str(w, "queue", last.h.queue_age_s > QUEUE_LATE_S ? "late" : "ok");
	jw_i64(w, "queue_age_s", last.h.queue_age_s);
	resp_json_end(c->resp);
	return 0;
}
