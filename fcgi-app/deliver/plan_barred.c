/*
 * plan_barred.c - bare addresses (codes, notices, what a caller addresses by
 * hand) against the suppression list, as reach.c does for routed messages.
 */
#include "deliver/plan_own.h"

#include "store/suppression.h"

static bool
asks(const struct part *p)
{
	enum channel_id id = channels_find(p->n->channel);

	return p->au.kind == TO_ADDRESS && p->target != NULL &&
	    p->targets == 1 && strcmp(p->target->state, "queued") == 0 &&
	    (id == CHANNEL_EMAIL || id == CHANNEL_SMS ||
	    id == CHANNEL_WHATSAPP);
}

int
plan_barred(struct db *db, struct arena *a, struct part *part, size_t n,
    struct err *e)
{
	struct suppression_asked *q = arena_array(a, n + 1, sizeof(*q));
	struct part **of = arena_array(a, n + 1, sizeof(*of));
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (asks(&part[i])) {
			q[k] = (struct suppression_asked){
			    .channel = part[i].n->channel,
			    .address = part[i].target->to };
			of[k++] = &part[i];
		}
	if (suppression_read(db, a, q, k, e) < 0)
		return -1;
	for (size_t i = 0; i < k; i++) {
		struct target *t = of[i]->target;

		if (!suppression_bars(q[i].reason, suppression_kind(
		    of[i]->n->class, of[i]->n->type)))
			continue;
		t->state = "skipped";
		t->reason = "suppressed";
		t->barred = q[i].reason;
	}
	return 0;
}
