/*
 * webhook_email.c - POST /api/webhooks/email/{secret}/: what became of mails,
 * as a mail service tells it, or as a mailbox got it: {"report": "the whole
 * mail"}.
 *
 * One event or {"events": [...]}, each {"event": "bounce", "complaint",
 * "delivered" or "delayed", "message_id": our Message-ID, "status": "5.1.1",
 * "permanent": true}.  Members besides are let be; what is none of ours is
 * counted as ignored, so that a service need not try again.
 */
#include "api/push_own.h"

#include "base/conf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "channel/dsn.h"
#include "store/bounce.h"

#define SECRET_MIN	20u
#define EVENTS_MAX	1000u

struct email_webhook_in {
	const char	*event, *message_id, *status, *report;
	struct opt_bool	 permanent;
	const struct json *events;
};
static const struct field email_webhook_rows[] = {
	FIELD_TEXT(struct email_webhook_in, event, "event", 0, 40, 0),
	FIELD_TEXT(struct email_webhook_in, message_id, "message_id", 0, 400,
	    0),
	FIELD_TEXT(struct email_webhook_in, status, "status", 0, 40, 0),
	FIELD_OF(FT_BOOL, struct email_webhook_in, permanent, "permanent", 0,
	    0, 0),
	FIELD_TEXT(struct email_webhook_in, report, "report", 0, 500000, 0),
	FIELD_OF(FT_JSON, struct email_webhook_in, events, "events", 0, 0, 0),
};
const struct fieldset email_webhook_fields =
    FIELDSET(struct email_webhook_in, email_webhook_rows, IN_BODY);

struct told { unsigned taken, ignored; };

static int
take(struct call *c, const struct dsn *d, struct told *t, struct err *e)
{
	struct bounce b;
	int rc;

	if (!dsn_bounce(d, &b.state, &b.reason, &b.suppress)) {
		t->ignored++;
		return 0;
	}
	b.notification_id = d->notification_id;
	b.seq = d->seq;
	if ((rc = bounce_take(c->db, &b, e)) < 0)
		return -1;
	if (rc == 1)
		t->taken++;
	else
		t->ignored++;
	return 0;
}

static int
take_event(struct call *c, const char *event, const char *id,
    const char *status, bool permanent, struct told *t, struct err *e)
{
	static const struct { const char *word; enum dsn_what what; } row[] = {
		{ "bounce", DSN_FAILED }, { "complaint", DSN_COMPLAINT },
		{ "delivered", DSN_DELIVERED }, { "delayed", DSN_DELAYED },
	};
	struct dsn d = { .what = DSN_NONE };

	for (size_t i = 0; event != NULL && i < COUNT_OF(row); i++)
		if (strcmp(event, row[i].word) == 0)
			d.what = row[i].what;
	if (d.what == DSN_NONE || id == NULL ||
	    !dsn_name(id, &d.notification_id, &d.seq)) {
		t->ignored++;
		return 0;
	}
	d.hard = permanent || (status != NULL && dsn_is_hard(status));
	return take(c, &d, t, e);
}

static int
take_events(struct call *c, const struct json *list, struct told *t,
    struct err *e)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json *j = json_at(list, i);
		bool permanent = false;

		(void)!json_bool(json_get(j, "permanent"), &permanent);
		if (i >= EVENTS_MAX)
			t->ignored++;
		else if (take_event(c, json_str(json_get(j, "event")),
		    json_str(json_get(j, "message_id")),
		    json_str(json_get(j, "status")), permanent, t, e) < 0)
			return -1;
	}
	return 0;
}

static int
take_report(struct call *c, const char *mail, struct told *t, struct err *e)
{
	struct dsn d;

	if (dsn_read(mail, strlen(mail), &d) != 0)
		return take(c, &d, t, e);
	t->ignored++;
	return 0;
}

int
email_webhook_post(struct call *c, const void *in_, struct err *e)
{
	const struct email_webhook_in *in = in_;
	const char *want = conf_str(CONF_EMAIL_WEBHOOK_SECRET);
	const char *given = c->param[0] == NULL ? "" : c->param[0];
	struct told t = { 0, 0 };
	struct jw *w;

	if (strlen(want) < SECRET_MIN || !secret_equal(given, strlen(given),
	    want, strlen(want)))
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "another secret");
	if (in->events != NULL && json_type(in->events) != JSON_ARRAY)
		return field_refuse(c, "events", "invalid", e,
		    "Expected a list of items.");
	if ((in->events != NULL && take_events(c, in->events, &t, e) < 0) ||
	    (in->report != NULL && take_report(c, in->report, &t, e) < 0) ||
	    (in->event != NULL && take_event(c, in->event, in->message_id,
	    in->status, in->permanent.set && in->permanent.v, &t, e) < 0))
		return -1;
	w = resp_json(c->resp, 200);
	jw_bool(w, "received", true);
	jw_u64(w, "taken", t.taken);
	jw_u64(w, "ignored", t.ignored);
	resp_json_end(c->resp);
	return 0;
}
