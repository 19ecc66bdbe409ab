/*
 * plan_write.c - the transaction of planning, and the items that come of it.
 */
#include "deliver/plan_own.h"

#include "base/conf.h"
#include "base/rand.h"
#include "base/text.h"
#include "queue/bell.h"
#include "queue/secret.h"
#include "store/digest.h"
#include "store/inbox.h"

#define ID_TRIES	3
#define BULK_MIN	100u	/* targets of one notification */

struct made {			/* one send job to be */
	struct part	*part;
	struct target	*t;
	bool		 in_place;	/* it is the plan job itself */
};

struct writing {
	struct plan	*p;
	struct part	*part;
	size_t		 parts;
	struct delivery_new *delivery;
	size_t		 deliveries;
	struct job_new	*send, *become;
	struct made	*send_of, *become_of;
	struct job_ref	*become_ref, *over;
	size_t		 sends, becomes, overs;
	struct notification_total *total;
	size_t		 totals;
	struct inbox_new *inbox;
	size_t		 inboxes;
	struct digest_new *gather;
	size_t		 gathers;
	struct part	*marked;	/* at most one */
	unsigned	 times;
	bool		 stale, id_taken;
};

static int
write_work(struct db *db, void *arg, struct err *e)
{
	struct writing *w = arg;
	int64_t n;

	w->stale = w->id_taken = false;
	w->times++;
	if (w->deliveries > 0 && delivery_insert(db, w->delivery,
	    w->deliveries, e) < 0) {
		if (e->kind != ERR_DB_DUP)
			return -1;
		/* Our own rows, of a COMMIT whose answer was lost (D20); or
		 * another worker's, who has the job by now. */
		w->stale = w->times == 1;
		return 1;
	}
	if (w->inboxes > 0 && inbox_add(db, w->inbox, w->inboxes, e) < 0)
		return -1;
	if (w->becomes > 0) {
		n = job_become_send(db, w->become, w->become_ref, w->becomes,
		    e);
		if (n < 0)
			return -1;
		if (n != (int64_t)w->becomes)
			goto stale;
	}
	if (w->overs > 0) {
		if ((n = job_delete(db, w->over, w->overs, e)) < 0)
			return -1;
		if (n != (int64_t)w->overs)
			goto stale;
	}
	if (w->marked != NULL) {
		struct job_ref ref = { .id = w->marked->job->id,
		    .attempt = w->marked->job->attempt,
		    .owner = w->marked->job->owner };

		if ((n = job_plan_mark(db, &ref, w->marked->base +
		    (uint32_t)w->marked->targets, w->marked->cursor,
		    w->p->lease_s, e)) < 0)
			return -1;
		if (n == 0)
			goto stale;
	}
	if (w->sends > 0 && job_insert(db, w->send, w->sends, w->p->lease_s,
	    e) < 0) {
		w->id_taken = e->kind == ERR_DB_DUP;
		return w->id_taken ? 1 : -1;
	}
	if (w->gathers > 0 && digest_add(db, w->gather, w->gathers, e) < 0)
		return -1;
	if (w->totals > 0 &&
	    notification_planned(db, w->total, w->totals, e) < 0)
		return -1;
	return 0;
stale:
	w->stale = true;
	return 1;
}

/* A secret belongs to one job's id: the send job's is sealed anew. */
static int
reseal(struct arena *a, const struct job *plan, struct job_new *j,
    struct err *e)
{
	const char *json;
	uint8_t *out;

	if (plan->secret == NULL)
		return 0;
	if (job_secret_open(a, plan->secret, plan->secret_len, plan->id,
	    &json, e) < 0)
		return -1;
	out = arena_alloc(a, JOB_SECRET_MAX);
	j->secret = out;
	return job_secret_seal(out, JOB_SECRET_MAX, &j->secret_len, j->id,
	    json, e);
}

/* Ids in a row from one made just now; the chance bits of rand_id() leave
 * room for a batch. */
static int
number(struct arena *a, struct writing *w, struct err *e)
{
	uint64_t id = rand_id();

	for (size_t i = 0; i < w->sends; i++) {
		w->send[i].id = id + i;
		w->send[i].owner = id;
		if (reseal(a, w->send_of[i].part->job, &w->send[i], e) < 0)
			return -1;
	}
	return 0;
}

static void
prepare(struct arena *a, struct writing *w)
{
	size_t all = 0;

	for (size_t i = 0; i < w->parts; i++)
		all += w->part[i].targets;
	w->delivery = arena_array(a, all + 1, sizeof(*w->delivery));
	w->send = arena_array(a, all + 1, sizeof(*w->send));
	w->send_of = arena_array(a, all + 1, sizeof(*w->send_of));
	w->become = arena_array(a, w->parts, sizeof(*w->become));
	w->become_of = arena_array(a, w->parts, sizeof(*w->become_of));
	w->become_ref = arena_array(a, w->parts, sizeof(*w->become_ref));
	w->over = arena_array(a, w->parts, sizeof(*w->over));
	w->total = arena_array(a, w->parts, sizeof(*w->total));
	w->inbox = arena_array(a, all + 1, sizeof(*w->inbox));
	w->gather = arena_array(a, all + 1, sizeof(*w->gather));
}

/* Which account: the one that the audience names, else by weight. */
static struct plan_route *
route_of(struct plan *pl, const struct part *p, const struct target *t,
    unsigned class)
{
	const char *channel = t->channel != NULL ? t->channel :
	    p->n->channel;

	return p->au.pin != NULL ? pick_named(pl->route, pl->routes, channel,
	    p->au.pin) : pick_route(pl->route, pl->routes, channel, "",
	    class);
}

/* The many of one notification have classes of their own, so that they are in
 * nobody's way who has one message (R9). */
static unsigned
class_of(const struct part *p)
{
	unsigned class = p->job->class < JOB_CLASSES ? p->job->class : 2;

	if (p->base + p->targets <= BULK_MIN || class >= JOB_CLASS_BULK)
		return class;
	return class < 2 ? JOB_CLASS_BULK : JOB_CLASS_BULK + 1;
}

static bool
waits(const struct target *t)
{
	return strcmp(t->state, "queued") == 0;
}

/* The delivery's row; a target that no account can serve fails here. */
static struct delivery_new *
add_delivery(struct writing *w, const struct part *p, size_t i, unsigned class)
{
	struct delivery_new *d = &w->delivery[w->deliveries++];
	struct target *t = &p->target[i];

	if (waits(t) && (t->route = route_of(w->p, p, t, class)) == NULL) {
		t->state = "failed";
		t->reason = "no_provider";
	}
	*d = (struct delivery_new){ .notification_id = p->n->id,
	    .user_id = t->user_id, .device_id = t->device_id,
	    .seq = p->base + (uint32_t)i + 1,
	    .channel = t->channel != NULL ? t->channel : p->n->channel,
	    .target = t->shown, .provider = t->inbox ? "in_app" :
	    t->route == NULL ? "" : t->route->provider,
	    .state = t->state, .reason = t->reason,
	    .sent = t->inbox, .barred = t->barred };
	delivery_hash(d->target_hash, t->to);
	if (t->inbox)
		w->inbox[w->inboxes++] = (struct inbox_new){ t->user_id,
		    p->n->id };
	return d;
}

/* What sends it: leased where there is room, so that it leaves with this. */
static struct job_new
job_of(const struct part *p, struct target *t, const struct delivery_new *d,
    unsigned class)
{
	bool leased = t->run_us == 0 && t->route->room[class] > 0;

	if (leased)
		t->route->room[class]--;
	return (struct job_new){ .notification_id = p->n->id,
	    .user_id = t->user_id, .device_id = t->device_id,
	    .seq = d->seq, .class = class, .provider = t->route->provider,
	    .bound = p->au.pin != NULL, .waiter = p->job->waiter,
	    .expires_us = t->ends_us != 0 ? t->ends_us : p->job->expires_us,
	    .run_us = t->run_us, .gathered = t->gather, .leased = leased };
}

static void
end_part(struct writing *w, struct part *p, const struct job_ref *ref,
    bool single)
{
	uint32_t total = p->base + (uint32_t)p->targets;

	if (!p->last) {
		w->marked = p;
		return;
	}
	if (!single)
		w->over[w->overs++] = *ref;
	p->note->total = total;
	w->total[w->totals++] = (struct notification_total){ .id = p->n->id,
	    .total = total };
}

static void
add_part(struct writing *w, struct part *p)
{
	struct job_ref ref = { .id = p->job->id, .attempt = p->job->attempt,
	    .owner = p->job->owner };
	/* The job that planned it becomes the one that sends it. */
	bool single = p->last && p->base == 0 && p->targets == 1 &&
	    waits(&p->target[0]) && p->target[0].run_us == 0;
	unsigned class = class_of(p);

	for (size_t i = 0; i < p->targets; i++) {
		struct target *t = &p->target[i];
		struct delivery_new *d = add_delivery(w, p, i, class);
		struct made m = { .part = p, .t = t, .in_place = single };
		struct job_new j;

		if (!waits(t))
			continue;
		if (t->gather) {
			d->reason = "digest";
			w->gather[w->gathers++] = (struct digest_new){
			    .user_id = t->user_id, .channel = d->channel,
			    .notification_id = p->n->id, .seq = d->seq,
			    .due_us = t->run_us };
		}
		j = job_of(p, t, d, class);
		if (single) {
			w->become[w->becomes] = j;
			w->become_of[w->becomes] = m;
			w->become_ref[w->becomes++] = ref;
		} else {
			w->send[w->sends] = j;
			w->send_of[w->sends++] = m;
		}
	}
	end_part(w, p, &ref, single);
}

static void
add_item(struct plan *p, const struct job_new *j, const struct made *m)
{
	struct job job = *m->part->job;

	if (!j->leased)
		return;
	if (!m->in_place) {
		job.id = j->id;
		job.owner = j->owner;
		job.attempt = 1;
		job.tries = 0;
		job.class = j->class;
	}
	job.bound = j->bound;
	job.tried = "";
	item_list_add(p->items, item_new(&(struct item_new){ .job = &job,
	    .note = m->part->note, .provider = j->provider, .to = m->t->to,
	    .locale = m->t->locale, .p256dh = m->t->p256dh,
	    .auth = m->t->auth,
	    .secret = m->in_place ? job.secret : j->secret,
	    .secret_len = m->in_place ? job.secret_len : j->secret_len,
	    .seq = j->seq, .user_id = j->user_id,
	    .device_id = j->device_id }));
}

/* Those that nothing is sent for are final now: who waits may read. */
static void
tell_final(struct plan *p, const struct part *part)
{
	for (size_t i = 0; i < part->targets; i++)
		if (strcmp(part->target[i].state, "queued") == 0)
			return;
	if (!part->last || part->base > 0 || part->job->waiter == NULL ||
	    p->tell >= TOLD_MAX)
		return;
	(void)text_copy(p->told[p->tell].waiter,
	    sizeof(p->told[p->tell].waiter), part->job->waiter);
	p->told[p->tell++].id = part->n->id;
}

/* Room that was counted on and not used. */
static void
give_room_back(struct writing *w)
{
	for (size_t i = 0; i < w->sends; i++)
		if (w->send[i].leased)
			w->send_of[i].t->route->room[w->send[i].class]++;
	for (size_t i = 0; i < w->becomes; i++)
		if (w->become[i].leased)
			w->become_of[i].t->route->room[
			    w->become[i].class]++;
}

/* The gateways of this host need not search. */
static void
ring_inboxes(const struct writing *w)
{
	struct bell_hint h[BELL_HINTS];
	size_t n = w->inboxes > COUNT_OF(h) ? 0 : w->inboxes;

	if (w->inboxes == 0)
		return;
	for (size_t i = 0; i < n; i++)
		h[i] = (struct bell_hint){ .user_id = w->inbox[i].user_id };
	bell_ring_live(conf_str(CONF_RUN_DIR), h, n);
}

int
plan_write(struct db *db, struct plan *p, struct arena *a, struct part *part,
    size_t n, struct err *e)
{
	struct writing w = { .p = p, .part = part, .parts = n };
	int rc;

	prepare(a, &w);
	for (size_t i = 0; i < n; i++)
		add_part(&w, &part[i]);
	for (int i = 0; i < ID_TRIES; i++) {
		w.times = 0;
		if (number(a, &w, e) < 0)
			return -1;
		rc = db_tx(db, write_work, &w, e);
		if (rc < 0 || !w.id_taken)
			break;
	}
	if (rc >= 0 && w.id_taken)
		rc = err_set(e, ERR_INTERNAL, "job_ids", "taken three times");
	if (rc < 0 || w.stale) {
		give_room_back(&w);
		return rc < 0 ? -1 : 0;
	}
	ring_inboxes(&w);
	for (size_t i = 0; i < w.becomes; i++)
		add_item(p, &w.become[i], &w.become_of[i]);
	for (size_t i = 0; i < w.sends; i++)
		add_item(p, &w.send[i], &w.send_of[i]);
	for (size_t i = 0; i < n; i++)
		tell_final(p, &part[i]);
	p->planned += w.deliveries;
	return 1;
}
