/*
 * notify.c - POST /api/notifications/ and …/{id}/cancel/.
 *
 * What must stay true: a notification is accepted by one commit and never
 * undone by what follows; after it every trouble of ours is a 202, for a
 * client that heard an error would send a second message.
 */
#include "api/notify_own.h"

#include "api/idem.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/rand.h"
#include "queue/bell.h"
#include "store/cancel.h"
#include "store/delivery.h"

#define IN	struct notify_in
static const struct field rows[] = {
	FIELD_TEXT(IN, type, "type", 1, 40, F_LINE),
	FIELD_TEXT(IN, template, "template", 1, 100, F_LINE),
	FIELD_OF(FT_INT, IN, user_id, "user_id", 1, INT64_C(1) << 53, 0),
	FIELD_OF(FT_INTS, IN, user_ids, "user_ids", 1, NOTIFY_MOST, 0),
	FIELD_TEXT(IN, group, "group", 1, 100, F_LOOSE),
	FIELD_TEXT(IN, topic, "topic", 1, 100, F_LINE),
	FIELD_OF(FT_EMAIL, IN, email, "email", 0, 254, 0),
	FIELD_OF(FT_PHONE, IN, phone, "phone", 0, 0, 0),
	FIELD_OF(FT_BOOL, IN, all, "all", 0, 0, 0),
	FIELD_TEXT(IN, title, "title", 0, 255, F_LINE),
	FIELD_TEXT(IN, body, "body", 1, 8000, 0),
	FIELD_OF(FT_JSON, IN, data, "data", 0, 0, 0),
	FIELD_TEXT(IN, url, "url", 0, 2000, F_TRIM | F_LINE),
	FIELD_TEXT(IN, icon, "icon", 0, 2000, F_TRIM | F_LINE),
	FIELD_OF(FT_TEXTS, IN, channels, "channels", 0, CHANNELS, 0),
	FIELD_OF(FT_TIME, IN, at, "at", 0, 0, 0),
	FIELD_OF(FT_TIME, IN, expires_at, "expires_at", 0, 0, 0),
	FIELD_ENUM(IN, urgency, "urgency", "very-low|low|normal|high", 0),
	FIELD_TEXT(IN, collapse_key, "collapse_key", 1, 64, F_LINE),
	FIELD_ENUM(IN, class, "class", "critical|transactional|campaign", 0),
	FIELD_OF(FT_JSON, IN, escalate, "escalate", 0, 0, 0),
	FIELD_TEXT(IN, sound, "sound", 1, 64, F_LINE),
	FIELD_OF(FT_INT, IN, badge, "badge", 0, 99999, 0),
	FIELD_ENUM(IN, priority, "priority", "default|normal|high", 0),
	FIELD_TEXT(IN, channel_id, "channel_id", 1, 64, F_LINE),
};
const struct fieldset notify_fields = FIELDSET(IN, rows, IN_BODY);

/* The same for a replay: from the row alone (D25). */
static void
answer(struct call *c, uint64_t id, const struct audience *au,
    const struct delivery_counts *n, int pending)
{
	uint64_t skipped = au->unknown + au->duplicate;
	struct jw *w = resp_json(c->resp, n != NULL && pending == 0 ? 200 :
	    202);

	jw_id(w, "id", id);
	jw_u64(w, "accepted", au->accepted);
	jw_u64(w, "skipped", skipped);
	if (skipped > 0) {
		jw_object(w, "reasons");
		if (au->unknown > 0)
			jw_u64(w, "unknown_user", au->unknown);
		if (au->duplicate > 0)
			jw_u64(w, "duplicate", au->duplicate);
		jw_end(w);
	}
	if (n != NULL) {
		jw_u64(w, "total", n->total);
		jw_u64(w, "successful", n->sent);
		jw_u64(w, "failed", n->failed);
	}
	resp_json_end(c->resp);
	resp_headerf(c->resp, "Location", "%s/api/notifications/%" PRIu64 "/",
	    conf_str(CONF_PUBLIC_URL), id);
}

/* Who waited hears what became of it; whatever fails, it is accepted. */
static void
answer_waited(struct call *c, uint64_t id, const struct audience *au)
{
	struct delivery_counts n;
	struct err e = ERR_INIT;
	int pending = delivery_pending(c->db, id, &e);

	if (pending < 0 || delivery_count(c->db, id, &n, &e) < 0) {
		log_err(LOG_WARN_, "a notification was accepted, its outcome "
		    "unread", &e);
		answer(c, id, au, NULL, 1);
		return;
	}
	answer(c, id, au, &n, pending);
}

int
notify_replay(struct call *c, uint64_t id, struct err *e)
{
	struct notification n;
	struct audience au;
	int rc = notification_find(c->db, c->arena, id, &n, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_GONE, "gone",
		    "notification %" PRIu64, id);
	audience_parse(c->arena, n.audience, &au);
	if (req_prefer_wait(c->req) > 0)
		answer_waited(c, id, &au);
	else
		answer(c, id, &au, NULL, 1);
	return 0;
}

static void
say_preference(struct call *c, const struct push_wait *wait)
{
	int s = req_prefer_wait(c->req);

	if (s > 0 && wait->ms > 0)
		resp_headerf(c->resp, "Preference-Applied", "wait=%d", s);
	else if (s == 0)
		resp_header(c->resp, "Preference-Applied", "respond-async");
}

int
notify_post(struct call *c, const void *in, struct err *e)
{
	struct enqueue m = { .id = rand_id(), .user_id = c->who.user_id,
	    .token_id = c->who.token_id, .channel = "",
	    .request_id = c->req->request_id };
	struct push_wait wait;
	struct notify n;
	uint64_t id = 0;
	int rc;

	if (notify_read(c, in, &n, e) < 0)
		return -1;
	m.type = n.type;
	m.class = n.class;
	m.title = n.title;
	m.content = n.content;
	m.audience = n.audience;
	m.life_s = n.life_s;
	m.run_us = n.run_us;
	m.ends_us = n.ends_us;
	push_wait_begin(c, &wait, 0);
	m.waiter = push_wait_name(&wait);
	rc = idem_enqueue(c, c->db, &m, &id, e);
	if (rc > 0) {
		(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
		if (wait.ms > 0) {
			push_wait_for(c, &wait, id);
			answer_waited(c, id, &n.au);
		} else {
			answer(c, id, &n.au, NULL, 1);
		}
		say_preference(c, &wait);
	} else if (rc == 0) {
		rc = notify_replay(c, id, e);
		resp_header(c->resp, "Idempotency-Replayed", "true");
	}
	push_wait_end(c, &wait);
	return rc < 0 ? -1 : 0;
}

/* --- cancelling ------------------------------------------------------------- */

struct cancelling { uint64_t id; struct cancelled c; };

static int
cancel_work(struct db *db, void *arg, struct err *e)
{
	struct cancelling *k = arg;

	return cancel_notification(db, k->id, "cancelled", &k->c, e);
}

/* A slice a transaction; from the first on nothing more leaves, so a client
 * that hears an error may ask again and loses nothing. */
int
notify_cancel(struct call *c, const void *in, struct err *e)
{
	uint64_t cancelled = 0, leaving = 0;
	struct delivery_counts n;
	struct notification row;
	struct cancelling k;
	struct jw *w;

	(void)in;
	if (notification_own(c, &row, e) < 0)
		return -1;
	k.id = row.id;
	do {
		if (db_tx(c->db, cancel_work, &k, e) < 0)
			return -1;
		cancelled += k.c.cancelled;
		leaving += k.c.leaving;
	} while (k.c.more);
	if (delivery_count(c->db, row.id, &n, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_id(w, "id", row.id);
	jw_u64(w, "cancelled", cancelled);
	jw_u64(w, "leaving", leaving);
	jw_u64(w, "total", n.total);
	jw_u64(w, "successful", n.sent);
	jw_u64(w, "failed", n.failed);
	resp_json_end(c->resp);
	return 0;
}
