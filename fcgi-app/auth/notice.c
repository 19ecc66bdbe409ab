/*
 * notice.c - codes and notices become notifications of one recipient.
 *
 * A code never stands in notification.content or a delivery row (S74): it
 * travels in job.secret, sealed, and goes when the job does (D24).
 */
#include "auth/notice.h"

#include "auth/sms_guard.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/json.h"
#include "queue/bell.h"
#include "queue/enqueue.h"

#define CONTENT_MAX	2048
#define SECRET_MAX	1800
#define NOTICE_LIFE_S	(24 * 60 * 60)

static void
write_content(struct buf *b, const struct notice *n)
{
	struct jw w;

	jw_init(&w, b);
	jw_object(&w, NULL);
	jw_str(&w, "template", n->template);
	if (n->purpose != NULL)
		jw_str(&w, "purpose", n->purpose);
	if (n->detail != NULL)
		jw_str(&w, "detail", n->detail);
	if (n->locale != NULL)
		jw_str(&w, "locale", n->locale);
	jw_i64(&w, "minutes", (n->life_s + 59) / 60);
	jw_str(&w, "site", conf_str(CONF_SITE_NAME));
	jw_end(&w);
}

static void
write_audience(struct buf *b, const struct notice *n)
{
	struct jw w;

	jw_init(&w, b);
	jw_object(&w, NULL);
	jw_str(&w, "to", n->to);
	jw_u64(&w, "user_id", n->user_id);
	if (n->nobody)
		jw_bool(&w, "nobody", true);
	jw_end(&w);
}

int
notice_add(struct db *db, const struct notice *n, struct err *e)
{
	struct buf content, audience, secret;
	struct enqueue m = {
		.id = n->id,
		.type = n->code != NULL ? "code" : "notice",
		.class = CLASS_CODE,
		.channel = n->channel,
		.title = "",
		.request_id = n->request_id,
		.life_s = n->life_s,
	};
	struct jw w;
	int rc;

	buf_init(&content, CONTENT_MAX);
	buf_init(&audience, CONTENT_MAX);
	buf_init(&secret, SECRET_MAX);
	write_content(&content, n);
	write_audience(&audience, n);
	/* A notice carries a secret of the same size, so that rows and work
	 * tell nobody whether the address was taken (S24, S25). */
	jw_init(&w, &secret);
	jw_object(&w, NULL);
	jw_str(&w, "code", n->code != NULL ? n->code : "000000");
	if (n->link != NULL)
		jw_str(&w, "link", n->link);
	jw_end(&w);
	m.content = buf_text(&content);
	m.audience = buf_text(&audience);
	m.secret = buf_text(&secret);
	if (content.over || audience.over || secret.over)
		rc = err_set(e, ERR_INTERNAL, "notice_too_long", "%s",
		    n->template);
	else
		rc = enqueue(db, &m, NULL, NULL, e);
	buf_fini(&secret);
	buf_fini(&audience);
	buf_fini(&content);
	return rc < 0 ? -1 : 0;
}

/* `n` has all but id, channel and address. */
static int
everywhere(struct db *db, const struct user *u, const uint64_t ids[2],
    struct notice n, struct err *e)
{
	const struct sms_notice sms = { .notification_id = ids[0],
	    .phone = u->phone, .only_way = !u->email_verified,
	    .way_back = n.link != NULL };
	int sent = 0, rc = 0;

	n.user_id = u->id;
	n.locale = u->locale;
	n.life_s = NOTICE_LIFE_S;

	if (u->phone_verified && (rc = sms_guard_notice(db, &sms, e)) < 0)
		return -1;
	if (rc == 1) {
		n.id = ids[0];
		n.channel = "sms";
		n.to = u->phone;
		if (notice_add(db, &n, e) < 0)
			return -1;
		sent++;
	}
	if (u->email_verified) {
		n.id = ids[1];
		n.channel = "email";
		n.to = u->email;
		if (notice_add(db, &n, e) < 0)
			return -1;
		sent++;
	}
	return sent;
}

int
notice_everywhere(struct db *db, const struct user *u, const uint64_t ids[2],
    const char *template, const char *detail, const char *request_id,
    struct err *e)
{
	const struct notice n = { .template = template, .detail = detail,
		.request_id = request_id };

	return everywhere(db, u, ids, n, e);
}

int
notice_link_everywhere(struct db *db, const struct user *u,
    const uint64_t ids[2], const char *template, const char *link,
    const char *request_id, struct err *e)
{
	const struct notice n = { .template = template, .link = link,
		.request_id = request_id };

	return everywhere(db, u, ids, n, e);
}

void
notice_ring(void)
{
	(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
}
