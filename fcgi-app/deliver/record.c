/*
 * record.c - see record.h.
 */
#include "deliver/record.h"

#include "base/conf.h"
#include "channel/providers/whatsapp.h"
#include "deliver/lane.h"
#include "store/delivery.h"
#include "store/device.h"
#include "store/receipt.h"
#include "store/suppression.h"
#include "store/whatsapp.h"

struct recording {
	struct record_batch *b;
	bool		 careful;	/* lock first, tell stale ones apart */
	struct job_ref	 final[RECORD_MAX], back[RECORD_MAX];
	struct delivery_change change[RECORD_MAX];
	struct device_dead dead[RECORD_MAX];
	struct receipt_new receipt[RECORD_MAX];
	size_t		 finals, backs, changes, deads, receipts;
	bool		 again;		/* out: some were not held */
};

static struct delivery_change
change_of(const struct record *r)
{
	const struct item *it = r->item;

	return (struct delivery_change){ .notification_id = it->note->id,
	    .seq = it->seq, .attempts = it->tries,
	    .state = r->what == RECORD_FINAL ? r->state : "queued",
	    .reason = r->reason, .provider_id = r->provider_id,
	    .log = r->log, .sent = r->sent, .segments = r->segments,
	    .provider = it->left_us == 0 ? NULL : it->provider,
	    .channel = it->left_us == 0 || it->lane == NULL ||
	    it->lane->p == NULL ? NULL : it->lane->p->channel };
}

/* Was it accepted by a provider that has more to say of it later? */
static bool
has_receipt(const struct record *r, struct receipt_new *n)
{
	const struct receipts *of = r->item->lane == NULL ||
	    r->item->lane->p == NULL ? NULL : r->item->lane->p->receipts;

	if (of == NULL || !r->sent || r->provider_id[0] == '\0' ||
	    strlen(r->provider_id) > RECEIPT_TICKET_MAX)
		return false;
	*n = (struct receipt_new){ .notification_id = r->item->note->id,
	    .seq = r->item->seq, .provider = r->item->lane->name,
	    .ticket = r->provider_id, .life_s = of->life_s,
	    .after_s = (uint32_t)conf_int(CONF_RECEIPT_AFTER_S) };
	return true;
}

static void
sort_out(struct recording *w)
{
	w->finals = w->backs = w->changes = w->deads = w->receipts = 0;
	for (size_t i = 0; i < w->b->n; i++) {
		struct record *r = &w->b->r[i];

		if (r->device_dead && r->item->device_id != 0)
			w->dead[w->deads++] = (struct device_dead){
			    .id = r->item->device_id, .reason = r->reason };
		if (r->stale)
			continue;
		if (r->what == RECORD_FINAL) {
			w->final[w->finals++] = r->item->ref;
		} else {
			r->item->ref.why = r->reason;
			r->item->ref.to = r->to;
			r->item->ref.tried = r->item->tried;
			r->item->ref.bound = r->item->bound;
			w->back[w->backs++] = r->item->ref;
		}
		if (r->what != RECORD_HOLD)
			w->change[w->changes++] = change_of(r);
		if (has_receipt(r, &w->receipt[w->receipts]))
			w->receipts++;
	}
}

static int
tell_apart(struct db *db, struct record_batch *b, struct err *e)
{
	struct job_ref ref[RECORD_MAX];

	for (size_t i = 0; i < b->n; i++)
		ref[i] = b->r[i].item->ref;
	if (job_lock(db, ref, b->n, e) < 0)
		return -1;
	b->stale = 0;
	for (size_t i = 0; i < b->n; i++) {
		b->r[i].stale = ref[i].fate != JOB_HELD;
		b->stale += b->r[i].stale ? 1 : 0;
	}
	return 0;
}

/* Whoever writes to them next is told before it is sent. */
static int
close_windows(struct db *db, const struct record_batch *b, struct err *e)
{
	struct arena *a = NULL;
	int rc = 0;

	for (size_t i = 0; i < b->n && rc == 0; i++) {
		const char *contact;

		if (!b->r[i].closed)
			continue;
		if (a == NULL)
			a = arena_new((size_t)1 << 20);
		contact = whatsapp_contact(a, b->r[i].item->to);
		if (contact != NULL)
			rc = whatsapp_close(db, b->r[i].sender, contact, e);
	}
	arena_free(a);
	return rc;
}

/* What these refusals say of the addresses. */
static int
bar_addresses(struct db *db, const struct record_batch *b, struct err *e)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct record *r = &b->r[i];
		const struct item *it = r->item;

		if (r->what != RECORD_FINAL || it->lane == NULL ||
		    it->lane->p == NULL || it->device_id != 0 ||
		    strcmp(r->state, "failed") != 0)
			continue;
		if (suppression_after(db, &(struct refusal){
		    .channel = it->lane->p->channel, .address = it->to,
		    .reason = r->reason, .dead = r->address_dead }, e) < 0)
			return -1;
	}
	return 0;
}

static int
write_work(struct db *db, void *arg, struct err *e)
{
	struct recording *w = arg;
	int64_t n;

	w->again = false;
	if (w->careful && tell_apart(db, w->b, e) < 0)
		return -1;
	sort_out(w);
	if (w->finals > 0) {
		if ((n = job_delete(db, w->final, w->finals, e)) < 0)
			return -1;
		w->again = w->again || n != (int64_t)w->finals;
	}
	if (w->backs > 0 && !w->again) {
		if ((n = job_back(db, w->back, w->backs, e)) < 0)
			return -1;
		w->again = w->again || n != (int64_t)w->backs;
	}
	if (w->again)
		return 1;
	if (w->changes > 0 &&
	    delivery_update(db, w->change, w->changes, e) < 0)
		return -1;
	if (w->receipts > 0 &&
	    receipt_add(db, w->receipt, w->receipts, e) < 0)
		return -1;
	if (w->deads > 0 && device_mark_dead(db, w->dead, w->deads, e) < 0)
		return -1;
	return bar_addresses(db, w->b, e) < 0 ? -1 :
	    close_windows(db, w->b, e);
}

struct late { struct delivery_change c; struct receipt_new n; bool asks; };

static int
late_work(struct db *db, void *arg, struct err *e)
{
	struct late *l = arg;
	int rc = delivery_truth(db, &l->c, e);

	return rc <= 0 || !l->asks ? rc < 0 ? -1 : 0 :
	    receipt_add(db, &l->n, 1, e);
}

/* Late answers: after the transaction, each by itself. */
static int
late_truths(struct db *db, struct record_batch *b, struct err *e)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct record *r = &b->r[i];
		struct late l;

		if (!r->stale || r->what != RECORD_FINAL ||
		    strcmp(r->state, "unsure") == 0)
			continue;
		l.c = change_of(r);
		l.asks = has_receipt(r, &l.n);
		if (db_tx(db, late_work, &l, e) < 0)
			return -1;
	}
	return 0;
}

/* Whose last delivery was among these? */
static int
find_told(struct db *db, struct record_batch *b, struct err *e)
{
	b->tell = 0;
	for (size_t i = 0; i < b->n; i++) {
		const struct record *r = &b->r[i];
		size_t k;
		int rc;

		if (r->item->waiter == NULL || r->what != RECORD_FINAL)
			continue;
		for (k = 0; k < b->tell && b->told[k].id !=
		    r->item->note->id; k++)
			;
		if (k < b->tell)
			continue;
		if (r->item->note->total != 1) {
			rc = delivery_pending(db, r->item->note->id, e);
			if (rc < 0)
				return -1;
			if (rc > 0)
				continue;
		}
		b->told[b->tell].waiter = r->item->waiter;
		b->told[b->tell++].id = r->item->note->id;
	}
	return 0;
}

int
record_write(struct db *db, struct record_batch *b, struct err *e)
{
	struct recording *w = calloc(1, sizeof(*w));
	int rc = -1;

	if (w == NULL)
		return err_set(e, ERR_INTERNAL, "no_memory", "recording");
	w->b = b;
	if (db_tx(db, write_work, w, e) < 0)
		goto out;
	if (w->again) {
		w->careful = true;
		if (db_tx(db, write_work, w, e) < 0)
			goto out;
		if (late_truths(db, b, e) < 0)
			goto out;
	}
	rc = find_told(db, b, e);
out:
	free(w);
	return rc;
}
