/*
 * plan.c - whom a notification goes to: short audiences many at a time, long
 * ones a slice at a time.
 */
#include "deliver/plan_own.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/device.h"

/* Above what PLAN_JOBS_MAX short audiences and contents can come to. */
#define PLAN_ARENA_MAX	((size_t)48 << 20)
#define SHORT_TEXT	4096		/* an audience; longer: read alone */
#define TARGETS_MAX	5000		/* of one slice, whatever users have */

struct plan_big {
	struct arena	*keep;		/* job, notification, audience */
	struct job	 job;
	struct notification n;
	struct part	 part;
	uint64_t	 cursor;
	int64_t		 expires_mono;
};

/* --- short audiences ------------------------------------------------------------ */

/* No device is read for these. */
static bool
direct(struct arena *a, struct part *p)
{
	switch (p->au.kind) {
	case TO_ADDRESS:
		if (PLAN_ROUTED(p))
			return false;
		p->target = arena_alloc(a, sizeof(*p->target));
		p->targets = 1;
		p->target[0] = (struct target){ .user_id = p->au.user_id,
		    .to = p->au.to, .locale = "",
		    .shown = arena_strndup(a, p->au.to,
		    DELIVERY_TARGET_MAX) };
		plan_set_state(&p->target[0], p);
		p->last = true;
		return true;
	case TO_NOBODY:
		plan_nothing(a, p, "skipped", "nobody");
		return true;
	case TO_BROKEN:
		plan_nothing(a, p, "failed", "bad_audience");
		return true;
	case TO_DEVICES:
	case TO_USERS:
	case TO_GROUP:
	case TO_TOPIC:
	case TO_ALL:
		return false;
	}
	return false;
}

/* Recipients of short routed audiences, in one read. */
static int
read_people(struct db *db, struct plan *p, struct arena *a,
    struct part *part, size_t n, struct err *e)
{
	struct person *who;
	size_t all = 0, k = 0;

	for (size_t i = 0; i < n; i++)
		if (part[i].target == NULL)
			all += part[i].au.kind == TO_ADDRESS ? 1 : part[i].au.n;
	if (all == 0)
		return 0;
	who = arena_array(a, all, sizeof(*who));
	for (size_t i = 0; i < n; i++) {
		struct part *q = &part[i];

		if (q->target != NULL)
			continue;
		q->last = true;
		if (q->au.kind == TO_ADDRESS)
			who[k++] = (struct person){ q, q->au.user_id };
		else
			for (size_t j = 0; j < q->au.n; j++)
				who[k++] = (struct person){ q, q->au.id[j] };
	}
	return plan_people(db, p, a, who, all, e);
}

static int
write_parts(struct db *db, struct plan *p, struct arena *a,
    struct part *part, size_t n, struct err *e)
{
	int rc = plan_write(db, p, a, part, n, e);

	if (rc != 0 || n == 1)
		return rc < 0 ? -1 : 0;
	/* One of them is not ours any more: each by itself. */
	for (size_t i = 0; i < n; i++)
		if (plan_write(db, p, a, &part[i], 1, e) < 0)
			return -1;
	return 0;
}

static bool
short_one(const struct part *p)
{
	switch (p->au.kind) {
	case TO_DEVICES:
		return p->job->seq == 0 && p->au.n <= PLAN_SLICE;
	case TO_USERS:
		return PLAN_ROUTED(p) && p->job->seq == 0 &&
		    p->au.n <= PLAN_FEW;
	case TO_GROUP:
	case TO_TOPIC:
	case TO_ALL:
		return false;
	default:
		return true;
	}
}

/* --- long audiences --------------------------------------------------------------- */

static void
big_free(struct plan *p, size_t i)
{
	struct plan_big *b = p->big[i];

	p->big[i] = NULL;
	note_unref(b->part.note);
	arena_free(b->keep);
	free(b);
}

static void
hand_back(struct db *db, const struct job *j)
{
	struct job_ref ref = { .id = j->id, .attempt = j->attempt,
	    .owner = j->owner, .why = "", .delay_us = US_PER_S / 10 };
	struct err e = ERR_INIT;

	if (job_back(db, &ref, 1, &e) < 0)
		log_err(LOG_WARN_, "hand a plan back", &e);
}

/* Keep it for slices; 0 when there are enough of them. */
static int
begin_big(struct plan *p, const struct part *from)
{
	struct plan_big *b;
	size_t i;

	for (i = 0; i < PLAN_BIG_MAX && p->big[i] != NULL; i++)
		;
	if (i == PLAN_BIG_MAX)
		return 0;
	if ((b = calloc(1, sizeof(*b))) == NULL)
		fatal("plan: out of memory");
	b->keep = arena_new(4u << 20);
	b->job = *from->job;
	b->job.waiter = b->job.waiter == NULL ? NULL :
	    arena_strdup(b->keep, b->job.waiter);
	b->job.provider = "";
	b->job.secret = b->job.secret == NULL ? NULL :
	    arena_memdup(b->keep, b->job.secret, b->job.secret_len);
	b->n = *from->n;
	b->n.channel = arena_strdup(b->keep, b->n.channel);
	b->n.type = arena_strdup(b->keep, b->n.type);
	b->n.title = b->n.content = b->n.audience = "";
	b->part = *from;
	b->part.job = &b->job;
	b->part.n = &b->n;
	b->part.note->refs++;
	b->part.au.pin = b->part.au.pin == NULL ? NULL :
	    arena_strdup(b->keep, b->part.au.pin);
	if (b->part.au.id != NULL)
		b->part.au.id = arena_memdup(b->keep, b->part.au.id,
		    b->part.au.n * sizeof(*b->part.au.id));
	if (b->part.au.topic != NULL)
		b->part.au.topic = arena_strdup(b->keep, b->part.au.topic);
	/* A plan that another worker began says how far it came. */
	b->part.base = b->job.seq;
	b->cursor = b->job.device_id;
	p->big[i] = b;
	return 1;
}

static int
slice_targets(struct db *db, struct plan *plan, struct arena *a,
    struct plan_big *b, struct err *e)
{
	struct part *p = &b->part;
	struct device_target *d;
	size_t left = p->au.n > b->cursor ? p->au.n - b->cursor : 0;
	size_t n;
	int found = 0;

	p->target = NULL;
	p->targets = 0;
	if (PLAN_ROUTED(p) && p->au.kind != TO_DEVICES) {
		if (plan_people_slice(db, plan, a, p, b->cursor, e) < 0)
			return -1;
		if (p->last && p->base + p->targets == 0)
			plan_nothing(a, p, "skipped", "nobody");
		return 0;
	}
	d = arena_array(a, TARGETS_MAX, sizeof(*d));
	switch (p->au.kind) {
	case TO_DEVICES:
		n = left < PLAN_SLICE ? left : PLAN_SLICE;
		if (n > 0 && (found = device_by_ids(db, a, p->n->channel,
		    p->au.id + b->cursor, n, d, n, e)) < 0)
			return -1;
		qsort(d, (size_t)found, sizeof(*d), plan_by_id);
		plan_from_ids(a, p, p->au.id + b->cursor, n, d, (size_t)found);
		p->cursor = b->cursor + n;
		p->last = n == left;
		return 0;
	case TO_USERS:
		n = left < PLAN_USERS ? left : PLAN_USERS;
		if (n > 0 && (found = device_of_users(db, a, p->n->channel,
		    p->au.id + b->cursor, n, d, TARGETS_MAX, e)) < 0)
			return -1;
		p->cursor = b->cursor + n;
		p->last = n == left;
		break;
	case TO_GROUP:
		found = device_of_group(db, a, p->n->channel, p->au.group_id,
		    b->cursor, d, PLAN_SLICE, e);
		if (found < 0)
			return -1;
		p->last = found < PLAN_SLICE;
		p->cursor = found > 0 ? d[found - 1].id : b->cursor;
		break;
	default:
		break;
	}
	p->target = arena_array(a, (size_t)found + 1, sizeof(*p->target));
	for (int i = 0; i < found; i++)
		if (p->au.kind != TO_GROUP || d[i].active)
			plan_from_device(a, &p->target[p->targets++], p, &d[i]);
	if (p->last && p->base + p->targets == 0)
		plan_nothing(a, p, "skipped", "no_device");
	return 0;
}

int
plan_slice(struct db *db, struct plan *p, struct err *e)
{
	int more = 0;

	for (size_t i = 0; i < PLAN_BIG_MAX; i++) {
		struct plan_big *b = p->big[i];
		struct arena *a;
		int rc;

		if (b == NULL)
			continue;
		a = arena_new(PLAN_ARENA_MAX);
		rc = slice_targets(db, p, a, b, e);
		if (rc == 0)
			rc = plan_write(db, p, a, &b->part, 1, e);
		arena_free(a);
		if (rc < 0) {
			/* What is written is written; the rest comes back. */
			hand_back(db, &b->job);
			big_free(p, i);
			return -1;
		}
		b->part.base += (uint32_t)b->part.targets;
		b->cursor = b->part.cursor;
		if (rc == 0 || b->part.last)
			big_free(p, i);
		else
			more = 1;
	}
	return more;
}

bool
plan_has(const struct plan *p, uint64_t job_id)
{
	for (size_t i = 0; i < PLAN_BIG_MAX; i++)
		if (p->big[i] != NULL && p->big[i]->job.id == job_id)
			return true;
	return false;
}

void
plan_stop(struct db *db, struct plan *p)
{
	for (size_t i = 0; i < PLAN_BIG_MAX; i++)
		if (p->big[i] != NULL) {
			hand_back(db, &p->big[i]->job);
			big_free(p, i);
		}
}

/* --- all ------------------------------------------------------------------------------ */

struct plan_route *
plan_route_for(struct plan *p, const char *channel)
{
	for (size_t i = 0; i < p->routes; i++)
		if (strcmp(p->route[i].channel, channel) == 0)
			return &p->route[i];
	return NULL;
}

static int
long_text(struct db *db, struct arena *a, struct part *p, struct err *e)
{
	struct arena *own = arena_new((size_t)40 << 20);
	struct notification n;
	int rc = notification_find(db, own, p->job->notification_id, &n, e);

	if (rc > 0)
		audience_parse(a, n.audience, &p->au);
	arena_free(own);
	return rc < 0 ? -1 : 0;
}

/* Their notifications; jobs without one are dropped from the parts. */
static int
load(struct db *db, struct plan *p, struct arena *a, const struct job *job,
    size_t n, struct part *part, struct err *e)
{
	struct notification *found = arena_array(a, n, sizeof(*found));
	uint64_t *id = arena_array(a, n, sizeof(*id));
	int have, parts = 0;

	for (size_t i = 0; i < n; i++)
		id[i] = job[i].notification_id;
	if ((have = notification_load(db, a, id, n, SHORT_TEXT, found, e)) <
	    0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct part *q = &part[parts];
		int k;

		for (k = 0; k < have && found[k].id != id[i]; k++)
			;
		if (k == have) {
			log_warn("job %" PRIu64 ": notification %" PRIu64
			    " is not there", job[i].id, id[i]);
			continue;
		}
		memset(q, 0, sizeof(*q));
		q->job = &job[i];
		q->n = &found[k];
		q->note = note_new(q->n);
		q->route = plan_route_for(p, q->n->channel);
		if (q->n->audience != NULL)
			audience_parse(a, q->n->audience, &q->au);
		else if (long_text(db, a, q, e) < 0)
			goto failed;
		parts++;
	}
	return parts;
failed:
	for (int i = 0; i <= parts; i++)
		note_unref(part[i].note);
	return -1;
}

int
plan_jobs(struct db *db, struct plan *p, const struct job *job, size_t n,
    struct err *e)
{
	struct arena *a = arena_new(PLAN_ARENA_MAX);
	struct part *part = arena_array(a, n + 1, sizeof(*part));
	size_t at, kept = 0, targets = 0, from = 0;
	int parts, rc = -1;

	if ((parts = load(db, p, a, job, n, part, e)) < 0)
		goto out;
	for (at = 0; at < (size_t)parts; at++) {
		if (!short_one(&part[at])) {
			if (!begin_big(p, &part[at]))
				hand_back(db, part[at].job);
			note_unref(part[at].note);
			continue;
		}
		(void)direct(a, &part[at]);
		part[kept++] = part[at];
	}
	parts = (int)kept;
	if (plan_barred(db, a, part, kept, e) < 0)
		goto out;
	/* As many as make one slice; read and written together. */
	for (at = 0; at <= kept; at++) {
		size_t more = at < kept ? (part[at].target != NULL ||
		    part[at].au.kind == TO_ADDRESS ? 1 : part[at].au.n) : 0;
		bool routed = at > from && PLAN_ROUTED(&part[from]);

		if (at == kept || targets + more > PLAN_SLICE ||
		    (at > from && strcmp(part[at].n->channel,
		    part[from].n->channel) != 0)) {
			if (at > from && ((routed ? read_people(db, p, a,
			    part + from, at - from, e) : plan_read_devices(db, a,
			    part + from, at - from, e)) < 0 ||
			    write_parts(db, p, a, part + from, at - from, e) <
			    0))
				goto out;
			from = at;
			targets = 0;
		}
		targets += more;
	}
	rc = 0;
out:
	for (int i = 0; i < parts; i++)
		note_unref(part[i].note);
	arena_free(a);
	return rc;
}
