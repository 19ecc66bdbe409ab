/*
 * campaign_plan.c - a slice of a campaign's audience: whom it goes to, and by
 * which of their addresses.
 */
#include "deliver/campaign_own.h"

#include "base/crypto.h"
#include "base/json.h"
#include "net/net.h"
#include "queue/campaign_audience.h"
#include "store/delivery.h"
#include "store/device.h"
#include "store/notification.h"

#define SLICE		1000		/* people, or addresses */
#define DEVICES_MAX	8000		/* of one slice */
#define ARENA_MAX	((size_t)48 << 20)

struct slice {
	struct arena	*a;
	struct campaign	*c;
	const struct campaign_tick *t;
	bool		 expired;
	struct campaign_audience au;
	struct delivery_new *row;
	size_t		 n, max;
	struct campaign_mark mark;
	bool		 stale;
};

/* --- rows --------------------------------------------------------------------------- */

static void
add(struct slice *s, const char *channel, uint64_t user_id,
    uint64_t device_id, const char *to, const char *shown,
    const char *why_not)
{
	const char *provider = campaign_provider(s->t, channel);
	struct delivery_new *d = &s->row[s->n];
	uint8_t h[32];

	if (s->n == s->max)
		return;
	*d = (struct delivery_new){ .notification_id = s->c->id,
	    .user_id = user_id, .device_id = device_id, .channel = channel,
	    .seq = (uint32_t)(s->c->planned + s->n + 1), .target = shown,
	    .provider = provider == NULL ? "" : provider,
	    .state = "queued", .reason = "" };
	if (why_not != NULL) {
		d->state = "skipped";
		d->reason = why_not;
	} else if (s->expired) {
		d->state = d->reason = "expired";
	} else if (provider == NULL) {
		d->state = "failed";
		d->reason = "no_provider";
	}
	sha256(h, to == NULL ? "" : to, to == NULL ? 0 : strlen(to));
	memcpy(d->target_hash, h, sizeof(d->target_hash));
	s->n++;
}

static const char *
host_of(struct arena *a, const char *endpoint)
{
	char host[256];
	int port;

	if (egress_host(endpoint, host, sizeof(host), &port) < 0)
		return "";
	return arena_strndup(a, host, DELIVERY_TARGET_MAX);
}

/* --- people ------------------------------------------------------------------------------ */

static bool
goes_by(const struct campaign *c, const char *channel)
{
	size_t n = strlen(channel);
	const char *at = c->channels;

	while ((at = strstr(at, channel)) != NULL) {
		if ((at == c->channels || at[-1] == ',') &&
		    (at[n] == ',' || at[n] == '\0'))
			return true;
		at += n;
	}
	return false;
}

static void
add_address(struct slice *s, const char *channel, const struct people_row *p,
    const char *to)
{
	if (goes_by(s->c, channel))
		add(s, channel, p->id, 0, to, to == NULL ? "" :
		    arena_strndup(s->a, to, DELIVERY_TARGET_MAX),
		    to == NULL ? "no_address" : NULL);
}

/* Their devices of a kind; *n people are left when they have too many. */
static int
read_devices(struct db *db, struct slice *s, const char *channel,
    const struct people_row *p, size_t *n, struct device_target **out,
    struct err *e)
{
	uint64_t *id = arena_array(s->a, *n + 1, sizeof(*id));
	int found;

	*out = NULL;
	if (!goes_by(s->c, channel) || *n == 0)
		return 0;
	for (size_t i = 0; i < *n; i++)
		id[i] = p[i].id;
	*out = arena_array(s->a, DEVICES_MAX, sizeof(**out));
	found = device_of_users(db, s->a, channel, id, *n, *out, DEVICES_MAX,
	    e);
	if (found < DEVICES_MAX)
		return found;
	/* The last of them may have more: she comes with the next slice. */
	while (*n > 1 && p[*n - 1].id >= (*out)[found - 1].user_id)
		--*n;
	return found;
}

static void
add_devices(struct slice *s, const char *channel,
    const struct device_target *d, size_t n, uint64_t user_id, size_t *at)
{
	for (; *at < n && d[*at].user_id <= user_id; ++*at) {
		const struct device_target *x = &d[*at];

		if (x->user_id != user_id)
			continue;
		add(s, channel, user_id, x->id, x->id == 0 ? NULL :
		    x->target, x->id == 0 ? "" : host_of(s->a, x->target),
		    x->id == 0 ? "no_device" : NULL);
	}
}

static int
people(struct db *db, struct slice *s, struct err *e)
{
	static const char *const kind[2] = { "web_push", "expo" };
	struct people_row *p = arena_array(s->a, SLICE, sizeof(*p));
	struct device_target *d[2];
	size_t n, at[2] = { 0, 0 }, devices[2];
	int found = people_page(db, s->a, &s->au.where, s->c->cursor_id, p,
	    SLICE, e);

	if (found < 0)
		return -1;
	n = (size_t)found;
	s->mark.last = n < SLICE;
	for (int k = 0; k < 2; k++) {
		int rc = read_devices(db, s, kind[k], p, &n, &d[k], e);

		if (rc < 0)
			return -1;
		devices[k] = (size_t)rc;
	}
	s->mark.last = s->mark.last && n == (size_t)found;
	s->max = n * 4 + devices[0] + devices[1];
	s->row = arena_array(s->a, s->max + 1, sizeof(*s->row));
	for (size_t i = 0; i < n; i++) {
		add_address(s, "email", &p[i], p[i].email);
		add_address(s, "sms", &p[i], p[i].phone);
		add_address(s, "whatsapp", &p[i], p[i].phone);
		for (int k = 0; k < 2; k++)
			add_devices(s, kind[k], d[k], devices[k], p[i].id,
			    &at[k]);
	}
	s->mark.people = s->c->people + n;
	s->mark.cursor_id = n > 0 ? p[n - 1].id : s->c->cursor_id;
	return 0;
}

/* --- addresses ------------------------------------------------------------------------------ */

/* The cursor is a place in the list. */
static void
addresses(struct slice *s)
{
	size_t all = json_len(s->au.addresses), n = all > s->c->cursor_id ?
	    all - s->c->cursor_id : 0;

	s->mark.last = n <= SLICE;
	if (n > SLICE)
		n = SLICE;
	s->max = n;
	s->row = arena_array(s->a, n + 1, sizeof(*s->row));
	for (size_t i = 0; i < n; i++) {
		const char *to = json_str(json_at(s->au.addresses,
		    s->c->cursor_id + i));

		add(s, s->c->channels, 0, 0, to == NULL ? "" : to,
		    to == NULL ? "" : to, to == NULL ? "no_address" : NULL);
	}
	s->mark.people = s->c->people + n;
	s->mark.cursor_id = s->c->cursor_id + n;
}

/* --- the transaction ---------------------------------------------------------------------------- */

static int
write_work(struct db *db, void *arg, struct err *e)
{
	struct slice *s = arg;
	int rc;

	s->stale = false;
	/* The mark first: whoever comes second waits here and finds it
	 * moved, before a row is made. */
	if ((rc = campaign_planned(db, s->c, &s->mark, e)) < 0)
		return -1;
	if (rc == 0) {
		s->stale = true;
		return 1;
	}
	if (s->n > 0 && delivery_insert(db, s->row, s->n, e) < 0)
		return -1;
	if (s->mark.last) {
		struct notification_total t = { .id = s->c->id,
		    .total = (uint32_t)s->mark.planned };

		return notification_planned(db, &t, 1, e);
	}
	return 0;
}

static int
slice(struct db *db, struct slice *s, const struct json *audience,
    struct err *e)
{
	if (campaign_audience_stored(s->a, audience, &s->au) < 0)
		return err_set(e, ERR_INTERNAL, "bad_row",
		    "campaign %" PRIu64 ": its audience", s->c->id);
	if (s->au.addresses != NULL)
		addresses(s);
	else if (people(db, s, e) < 0)
		return -1;
	s->mark.planned = s->c->planned + s->n;
	if (db_tx(db, write_work, s, e) < 0)
		return -1;
	if (s->stale)
		return 0;
	s->c->cursor_id = s->mark.cursor_id;
	s->c->people = s->mark.people;
	s->c->planned = s->mark.planned;
	if (s->mark.last)
		s->c->planned_us = s->c->now_us;
	return !s->mark.last;
}

int
campaign_plan(struct db *db, const struct campaign_tick *t,
    struct campaign *c, bool expired, struct err *e)
{
	struct slice s = { .a = arena_new(ARENA_MAX), .c = c, .t = t,
	    .expired = expired };
	struct json *audience = NULL;
	struct campaign full;
	int rc = campaign_find(db, s.a, c->id, &full, e);

	if (rc > 0)
		rc = json_parse(full.audience, strlen(full.audience),
		    JSON_PLAIN, 0, &audience, e);
	else if (rc == 0)
		rc = err_set(e, ERR_INTERNAL, "gone", "campaign %" PRIu64,
		    c->id);
	if (rc >= 0)
		rc = slice(db, &s, audience, e);
	json_free(audience);
	arena_free(s.a);
	return rc;
}
