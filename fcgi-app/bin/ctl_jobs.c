/*
 * gatepostctl jobs [stats | queues | dead | redrive [ID … | --provider P]]
 *
 * stats counts the queue, queues by provider, class and state; dead lists dead
 * letters (jobs that outlived three workers) with their reason; redrive makes
 * them (all, those of the ids, or those of a provider) ready again: one that is
 * past its expiry then ends as expired, it is not sent.
 */
#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/reason.h"
#include "base/text.h"
#include "bin/ctl.h"
#include "queue/bell.h"
#include "store/job_admin.h"

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
redrive_ids(struct ctl *c, int64_t *all, struct err *e)
{
	uint64_t id;
	const char *word;

	for (int i = 1; (word = ctl_word(c, i)) != NULL; i++) {
		int64_t n;

		if (!text_u64(word, INT64_MAX, &id))
			return err_set(e, ERR_INPUT, "no_id", "%s", word);
		if ((n = job_again(c->db, &id, 1, NULL, e)) < 0)
			return -1;
		if (n == 0)
			ctl_say(c, "%s is no dead letter\n", word);
		*all += n;
	}
	return 0;
}

static int
redrive(struct ctl *c)
{
	const char *provider = ctl_option(c, "--provider");
	struct err e = ERR_INIT;
	int64_t n = 0, all = 0;

	if (provider == NULL && ctl_word(c, 1) != NULL) {
		if (redrive_ids(c, &all, &e) < 0)
			return ctl_fail("not all were redriven", &e, NULL);
	} else do {
		n = job_again(c->db, NULL, 0, provider, &e);
		if (n < 0)
			return ctl_fail("not all were redriven", &e,
			    "run it again: it goes on where it was");
		all += n;
		if (n == JOB_BATCH_MAX && !c->json)
			ctl_say(c, "%" PRId64 " so far\n", all);
	} while (n == JOB_BATCH_MAX);
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	ctl_say(c, "%" PRId64 " dead letters are ready again\n", all);
	return CTL_OK;
}

struct queues { struct ctl *c; struct job_queued q; };

static int
show_queue(void *arg, struct err *e)
{
	static const char *const word[] = { "ready", "leased", "leaving",
		"paused" };
	const struct queues *l = arg;
	const char *state = l->q.state < COUNT_OF(word) ? word[l->q.state] :
	    "dead";
	char run[CLOCK_TEXT_MAX] = "";

	(void)e;
	if (l->q.run_us != 0)
		clock_rfc3339(l->q.run_us, false, run);
	if (l->c->json)
		printf("{\"provider\":\"%s\",\"class\":%" PRIu64
		    ",\"state\":\"%s\",\"count\":%" PRIu64
		    ",\"next_at\":\"%s\"}\n", l->q.provider, l->q.class, state,
		    l->q.n, run);
	else
		printf("%-24s class %" PRIu64 "  %-8s %10" PRIu64 "  %s\n",
		    l->q.provider[0] == '\0' ? "(to be planned)" :
		    l->q.provider, l->q.class, state, l->q.n, run);
	return 0;
}

static int
queues(struct ctl *c)
{
	struct queues l = { .c = c };
	struct err e = ERR_INIT;
	int n = job_each_queue(c->db, c->arena, &l.q, show_queue, &l, &e);

	if (n < 0)
		return ctl_fail("the queue was not read", &e,
		    "gatepostctl doctor");
	if (n == 0)
		ctl_say(c, "the queue is empty\n");
	return CTL_OK;
}

int
ctl_jobs(struct ctl *c)
{
	const char *word = ctl_word(c, 0);

	if (word == NULL || strcmp(word, "stats") == 0)
		return stats(c);
	if (strcmp(word, "queues") == 0)
		return queues(c);
	if (strcmp(word, "dead") == 0)
		return dead(c);
	if (strcmp(word, "redrive") == 0)
		return redrive(c);
	return ctl_usage(c);
}
