/*
 * gatepostctl jobs [stats | dead | redrive]
 *
 * stats counts the queue; dead lists dead letters (jobs that outlived three
 * workers) with their reason; redrive makes all of them ready again: one that
 * is past its expiry then ends as expired, it is not sent.
 */
#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "bin/ctl.h"
#include "queue/bell.h"
#include "store/job.h"

#define DEAD_MAX	1000

static int
stats(struct ctl *c)
{
	char oldest[CLOCK_TEXT_MAX];
	struct job_counts n;
	struct err e = ERR_INIT;

	if (job_count(c->db, &n, &e) < 0)
		return ctl_fail("the queue was not read", &e,
		    "gatepostctl doctor");
	if (c->json) {
		printf("{\"ready\":%" PRIu64 ",\"due\":%" PRIu64
		    ",\"leased\":%" PRIu64 ",\"leaving\":%" PRIu64
		    ",\"dead\":%" PRIu64 "}\n", n.ready, n.due, n.leased,
		    n.leaving, n.dead);
		return CTL_OK;
	}
	printf("ready    %" PRIu64 " (%" PRIu64 " due)\nleased   %" PRIu64
	    "\nleaving  %" PRIu64 "\ndead     %" PRIu64 "\n", n.ready, n.due,
	    n.leased, n.leaving, n.dead);
	if (n.oldest_us != 0)
		printf("oldest   %s\n", clock_rfc3339(n.oldest_us, false,
		    oldest));
	return CTL_OK;
}

struct listing {
	struct ctl	*c;
	struct job_dead	 d;
};

static int
show(void *arg, struct err *e)
{
	struct listing *l = arg;
	char made[CLOCK_TEXT_MAX];

	(void)e;
	clock_rfc3339(l->d.created_us, false, made);
	if (l->c->json)
		printf("{\"id\":\"%" PRIu64 "\",\"notification_id\":\"%" PRIu64
		    "\",\"seq\":%" PRIu64 ",\"provider\":\"%s\","
		    "\"reason\":\"%s\",\"created_at\":\"%s\"}\n", l->d.id,
		    l->d.notification_id, l->d.seq, l->d.provider, l->d.why,
		    made);
	else
		printf("%" PRIu64 "  %s  %-10s %-24s notification %" PRIu64
		    "/%" PRIu64 "\n", l->d.id, made, l->d.provider,
		    *l->d.why == '\0' ? "killed its worker" : l->d.why,
		    l->d.notification_id, l->d.seq);
	return 0;
}

static int
dead(struct ctl *c)
{
	struct listing l = { .c = c };
	struct err e = ERR_INIT;
	int n = job_each_dead(c->db, c->arena, DEAD_MAX, &l.d, show, &l, &e);

	if (n < 0)
		return ctl_fail("the dead letters were not read", &e,
		    "gatepostctl doctor");
	if (n == 0)
		ctl_say(c, "no dead letters\n");
	else if (!c->json)
		ctl_say(c, "%d dead letters; gatepostctl jobs redrive\n", n);
	return CTL_OK;
}

static int
redrive(struct ctl *c)
{
	struct err e = ERR_INIT;
	int64_t n, all = 0;

	do {
		n = job_redrive(c->db, JOB_BATCH_MAX, &e);
		if (n < 0)
			return ctl_fail("not all were redriven", &e,
			    "run it again: it goes on where it was");
		all += n;
	} while (n == JOB_BATCH_MAX);
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	ctl_say(c, "%" PRId64 " dead letters are ready again\n", all);
	return CTL_OK;
}

int
ctl_jobs(struct ctl *c)
{
	const char *word = ctl_word(c, 0);

	if (word == NULL || strcmp(word, "stats") == 0)
		return stats(c);
	if (strcmp(word, "dead") == 0)
		return dead(c);
	if (strcmp(word, "redrive") == 0)
		return redrive(c);
	return ctl_usage(c);
}
