/*
 * plan_devices.c - devices as targets: the host or end of a token that people
 * may see, and why there is nothing to send to.
 */
#include "deliver/plan_own.h"

#include "channel/providers/expo.h"
#include "net/net.h"

const char *
plan_shown(struct arena *a, const struct device_target *d)
{
	char host[256];
	int port;

	if (strcmp(d->kind, "expo") == 0)
		return expo_token_shown(a, d->target);
	if (egress_host(d->target, host, sizeof(host), &port) < 0)
		return "";
	return arena_strndup(a, host, DELIVERY_TARGET_MAX);
}

void
plan_set_state(struct target *t, const struct part *p)
{
	t->state = "queued";
	t->reason = "";
	t->route = p->route;
	if (p->route == NULL) {
		t->state = "failed";
		t->reason = "no_provider";
	}
}

void
plan_from_device(struct arena *a, struct target *t, const struct part *p,
    const struct device_target *d)
{
	memset(t, 0, sizeof(*t));
	t->user_id = d->user_id;
	t->device_id = d->id;
	t->to = d->target;
	t->shown = d->id == 0 ? "" : plan_shown(a, d);
	t->locale = d->locale;
	t->p256dh = d->p256dh;
	t->auth = d->auth;
	plan_set_state(t, p);
	if (d->id == 0 || !d->active) {
		t->state = "skipped";
		t->reason = d->id == 0 ? "no_device" : "device_gone";
	}
}

/* One row that says why there is nothing to send. */
void
plan_nothing(struct arena *a, struct part *p, const char *state,
    const char *reason)
{
	p->target = arena_alloc(a, sizeof(*p->target));
	p->targets = 1;
	p->target[0] = (struct target){ .user_id = p->au.user_id,
	    .shown = "", .locale = "", .state = state, .reason = reason };
	p->last = true;
}

/* Ids without a row (removed since) are told as skipped, too. */
void
plan_from_ids(struct arena *a, struct part *p, const uint64_t *id, size_t n,
    const struct device_target *d, size_t found)
{
	p->target = arena_array(a, n + 1, sizeof(*p->target));
	for (size_t i = 0; i < n; i++) {
		struct target *t = &p->target[p->targets++];
		size_t k;

		for (k = 0; k < found && d[k].id != id[i]; k++)
			;
		if (k < found) {
			plan_from_device(a, t, p, &d[k]);
			continue;
		}
		*t = (struct target){ .device_id = id[i], .shown = "",
		    .to = arena_printf(a, "device:%" PRIu64, id[i]),
		    .locale = "", .state = "skipped",
		    .reason = "device_gone" };
	}
}

int
plan_by_id(const void *a, const void *b)
{
	const struct device_target *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Devices of several short audiences in one read. */
int
plan_read_devices(struct db *db, struct arena *a, struct part *part, size_t n,
    struct err *e)
{
	const char *kind = NULL;
	struct device_target *d;
	uint64_t *id;
	size_t ids = 0;
	int found;

	for (size_t i = 0; i < n; i++)
		if (part[i].target == NULL)
			ids += part[i].au.n;
	if (ids == 0)
		return 0;
	id = arena_array(a, ids, sizeof(*id));
	d = arena_array(a, ids, sizeof(*d));
	ids = 0;
	for (size_t i = 0; i < n; i++)
		if (part[i].target == NULL) {
			memcpy(id + ids, part[i].au.id,
			    part[i].au.n * sizeof(*id));
			ids += part[i].au.n;
			kind = part[i].n->channel;
		}
	found = device_by_ids(db, a, kind, id, ids, d, ids, e);
	if (found < 0)
		return -1;
	qsort(d, (size_t)found, sizeof(*d), plan_by_id);
	for (size_t i = 0; i < n; i++) {
		struct part *p = &part[i];
		struct device_target *lo = d, *hi = d + found;

		if (p->target != NULL)
			continue;
		while (lo < hi && lo->id < p->au.id[0])
			lo++;
		while (hi > lo && hi[-1].id > p->au.id[p->au.n - 1])
			hi--;
		plan_from_ids(a, p, p->au.id, p->au.n, lo, (size_t)(hi - lo));
		p->last = true;
	}
	return 0;
}

