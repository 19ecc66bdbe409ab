/*
 * comm_message.c - POST /api/communications/email/ and /sms/: one message of a
 * user's to one address.
 *
 * What must stay true: HTML of a user is written anew without anything that
 * runs or fetches (only programs with scope send and administrators send
 * theirs as it is); and a user's SMS is paid for out of the site's budgets,
 * in the transaction that accepts it.
 */
#include "api/communications.h"
#include "api/push_own.h"
#include "api/template_use.h"

#include "auth/sms_guard.h"
#include "base/text.h"
#include "channel/html_clean.h"

#define SUBJECT_MAX	255
#define MAIL_TEXT_MAX	20000
#define SMS_TEXT_MAX	2000
#define CONTENT_MAX	((size_t)64 * 1024 - 1)

struct email_in {
	const char	*to, *subject, *message, *html, *reply_to;
};
static const struct field email_rows[] = {
	FIELD_OF(FT_EMAIL, struct email_in, to, "to", 0, 0, F_REQUIRED),
	FIELD_TEXT(struct email_in, subject, "subject", 1, SUBJECT_MAX,
	    F_REQUIRED | F_TRIM | F_LINE),
	FIELD_TEXT(struct email_in, message, "message", 1, MAIL_TEXT_MAX,
	    F_REQUIRED),
	FIELD_TEXT(struct email_in, html, "html", 0, MAIL_TEXT_MAX, 0),
	FIELD_OF(FT_EMAIL, struct email_in, reply_to, "reply_to", 0, 0, 0),
};
const struct fieldset comm_email_fields =
    FIELDSET(struct email_in, email_rows, IN_BODY);

struct sms_in { const char *to, *message; };
static const struct field sms_rows[] = {
	FIELD_OF(FT_PHONE, struct sms_in, to, "to", 0, 0, F_REQUIRED),
	FIELD_TEXT(struct sms_in, message, "message", 1, SMS_TEXT_MAX,
	    F_REQUIRED),
};
const struct fieldset comm_sms_fields =
    FIELDSET(struct sms_in, sms_rows, IN_BODY);

static const struct comm email_kind = {
	.channel = "email", .life_s = COMM_LIFE_S, .day = CONF_EMAIL_DAY,
	.message = "The e-mail was accepted.",
};
static const struct comm sms_kind = {
	.channel = "sms", .title = "", .life_s = COMM_LIFE_S,
	.day = CONF_SMS_DAY, .message = "The SMS was accepted.",
};

/* By scope send, which administrators hold. */
static bool
trusted(const struct call *c)
{
	return c->who.kind == CALLER_ADMIN_TOKEN || c->who.is_staff ||
	    c->who.is_superuser;
}

static const char *
text_of(struct call *c, struct buf *b, struct jw *w)
{
	const char *text;

	jw_end(w);
	text = b->over ? NULL : arena_strdup(c->arena, buf_text(b));
	buf_fini(b);
	return text;
}

int
comm_email_post(struct call *c, const void *in_, struct err *e)
{
	const struct email_in *in = in_;
	struct comm m = email_kind;
	struct buf b;
	struct jw w;

	m.to = in->to;
	m.title = in->subject;
	buf_init(&b, CONTENT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "title", in->subject);
	jw_str(&w, "body", in->message);
	/* Who wrote a text wants no page made of it. */
	jw_str(&w, "text", in->message);
	if (in->html != NULL && *in->html != '\0')
		jw_str(&w, "html", trusted(c) ? in->html :
		    html_clean(c->arena, in->html));
	if (in->reply_to != NULL && *in->reply_to != '\0')
		jw_str(&w, "reply_to", in->reply_to);
	if ((m.content = text_of(c, &b, &w)) == NULL)
		return field_refuse(c, in->html != NULL ? "html" : "message",
		    "payload_too_large", e, "The message is too long.");
	return comm_send(c, &m, NULL, NULL, e);
}

int
comm_email_replay(struct call *c, uint64_t id, struct err *e)
{
	(void)e;
	return comm_accepted(c, id, email_kind.message);
}

/* What strangers' numbers may cost is the site's to say (S46): a user spends
 * from the same budgets as codes, and never more than is left. */
static int
pay(struct db *db, const struct comm *m, uint64_t id, struct err *e)
{
	const struct sms_notice n = { .notification_id = id, .phone = m->to };
	int rc = sms_guard_notice(db, &n, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return err_throttled(e, "sms_budget", 3600);
}

int
comm_sms_post(struct call *c, const void *in_, struct err *e)
{
	const struct sms_in *in = in_;
	struct comm m = sms_kind;
	struct buf b;
	struct jw w;

	if (sms_text_fits(c, "message", in->message, e) < 0)
		return -1;
	m.to = in->to;
	if (!trusted(c)) {
		if (sms_guard_number(in->to, "to", e) < 0)
			return -1;
		m.with = pay;
	}
	buf_init(&b, CONTENT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "body", in->message);
	if ((m.content = text_of(c, &b, &w)) == NULL)
		return field_refuse(c, "message", "payload_too_large", e,
		    "The message is too long.");
	return comm_send(c, &m, NULL, NULL, e);
}

int
comm_sms_replay(struct call *c, uint64_t id, struct err *e)
{
	(void)e;
	return comm_accepted(c, id, sms_kind.message);
}
