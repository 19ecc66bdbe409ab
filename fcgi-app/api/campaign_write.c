/*
 * campaign_write.c - from a request to the row of a campaign.
 *
 * What must stay true: what cannot be sent is refused before it is kept, and a
 * client's audience is named conditions, never text of a statement.
 */
#include "api/campaign_own.h"

#include "auth/audit.h"
#include "base/clock.h"
#include "queue/campaign_audience.h"
#include "queue/enqueue.h"
#include "store/group.h"

#define CONTENT_MAX	((size_t)60 * 1024)

static const char *const channels_known[] = { "email", "sms", "whatsapp",
	"web_push", "expo" };

static int
take_channels(struct call *c, const struct texts *t, struct campaign *row,
    struct err *e)
{
	const char *list = "";
	bool seen[COUNT_OF(channels_known)] = { false };

	for (size_t i = 0; i < t->n; i++) {
		size_t k;

		for (k = 0; k < COUNT_OF(channels_known); k++)
			if (strcmp(t->p[i], channels_known[k]) == 0)
				break;
		if (k == COUNT_OF(channels_known))
			return field_refuse(c, "channels", "unknown_channel",
			    e, "Item %zu is no channel of campaigns.", i);
		if (seen[k])
			continue;
		seen[k] = true;
		list = *list == '\0' ? channels_known[k] : arena_printf(
		    c->arena, "%s,%s", list, channels_known[k]);
	}
	if (*list == '\0')
		return field_refuse(c, "channels", "required", e,
		    "Name at least one channel.");
	row->channels = list;
	return 0;
}

/* What a client asks for, refused by name; *au's group is found. */
static int
read_audience(struct call *c, const struct json *j,
    struct campaign_audience *au, struct err *e)
{
	struct audience_fault fault;
	struct group g = { 0 };
	int rc;

	if (campaign_audience_read(c->arena, j, au, &fault) < 0) {
		if (*fault.member == '\0') {
			faults_add(&c->bound.faults, "audience",
			    fault.sentence);
			return err_field(e, "audience", "invalid_condition",
			    "%s", fault.sentence);
		}
		return field_refuse(c, "audience", "invalid_condition", e,
		    "%s: %s", fault.member, resp_say(c->resp,
		    fault.sentence));
	}
	if (au->group != NULL) {
		if ((rc = group_resolve(c->db, c->arena, au->group, &g,
		    e)) < 0)
			return -1;
		if (rc == 0)
			return field_refuse(c, "audience", "unknown_group",
			    e, "There is no such group.");
	}
	au->where.group_id = g.id;
	return 0;
}

static int
take_audience(struct call *c, const struct json *j, struct campaign *row,
    struct err *e)
{
	struct campaign_audience au;

	if (read_audience(c, j, &au, e) < 0)
		return -1;
	row->audience = campaign_audience_text(c->arena, j,
	    au.where.group_id);
	return 0;
}

/* --- how many would that be? --------------------------------------------------- */

#define COUNT_US	(3 * US_PER_S)	/* then it is "so many at least" */

struct audience_in { const struct json *audience; };
static const struct field audience_rows[] = {
	FIELD_OF(FT_JSON, struct audience_in, audience, "audience", 0, 0,
	    F_REQUIRED),
};
const struct fieldset campaign_audience_fields =
    FIELDSET(struct audience_in, audience_rows, IN_BODY);

int
campaign_audience_post(struct call *c, const void *in_, struct err *e)
{
	const struct audience_in *in = in_;
	struct campaign_audience au;
	uint64_t n;
	struct jw *w;
	int rc;

	if (read_audience(c, in->audience, &au, e) < 0 ||
	    (rc = people_count(c->db, &au.where, clock_mono() + COUNT_US, &n,
	    e)) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_u64(w, "people", n);
	jw_bool(w, "complete", rc > 0);
	resp_json_end(c->resp);
	return 0;
}

/* A member of the content so far, or NULL. */
static const char *
kept(const struct json *old, const char *name)
{
	return json_str(json_get(old, name));
}

static void
write_str(struct jw *w, const char *name, const char *given,
    const struct json *old)
{
	const char *s = given != NULL ? given : kept(old, name);

	if (s != NULL && *s != '\0')
		jw_str(w, name, s);
}

static int
take_content(struct call *c, const struct campaign_in *in,
    struct campaign *row, struct err *e)
{
	struct push_in p = { .title = row->title, .url = in->url,
	    .data = in->data, .urgency = in->urgency };
	struct json *old = NULL;
	struct buf b;
	struct jw w;
	uint32_t life;
	int rc = -1;

	if (row->content != NULL && json_parse(row->content,
	    strlen(row->content), JSON_PLAIN, 0, &old, e) < 0)
		return err_set(e, ERR_INTERNAL, "bad_row", "campaign %"
		    PRIu64 ": its content", row->id);
	p.body = in->body != NULL ? in->body : kept(old, "body");
	if (p.body == NULL)
		p.body = "";
	buf_init(&b, CONTENT_MAX);
	/* What no push can carry, and addresses that could run something. */
	if (strstr(row->channels, WEB_PUSH) != NULL || p.url != NULL) {
		if (strstr(row->channels, WEB_PUSH) == NULL)
			p.body = "";
		if (push_content(c, &p, &life, e) == NULL)
			goto out;
	}
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "title", row->title);
	write_str(&w, "body", in->body, old);
	write_str(&w, "url", in->url, old);
	write_str(&w, "html", in->html, old);
	write_str(&w, "urgency", in->urgency, old);
	if (in->data != NULL && json_type(in->data) != JSON_OBJECT) {
		field_refuse(c, "data", "invalid", e, "Expected an object.");
		goto out;
	}
	if (in->data != NULL || json_get(old, "data") != NULL)
		jw_raw(&w, "data", json_text(c->arena, in->data != NULL ?
		    in->data : json_get(old, "data")));
	jw_end(&w);
	if (b.over) {
		field_refuse(c, "html", "too_large", e,
		    "The message is longer than 60 KB.");
		goto out;
	}
	row->content = arena_strdup(c->arena, buf_text(&b));
	rc = 0;
out:
	json_free(old);
	buf_fini(&b);
	return rc;
}

static int
take_times(struct call *c, const struct campaign_in *in,
    struct campaign *row, struct err *e)
{
	int64_t now = clock_now(), end = in->ends_us != 0 ? in->ends_us :
	    row->ends_us;

	if (in->at_us != 0)
		row->start_us = in->at_us;
	else if (bind_is_null(&c->bound, "at"))
		row->start_us = 0;
	if (in->ends_us != 0)
		row->ends_us = in->ends_us;
	if (row->start_us > now + (int64_t)CAMPAIGN_LIFE_MAX_S * US_PER_S)
		return field_refuse(c, "at", "too_far", e,
		    "Give a time within 90 days.");
	if (in->ends_us != 0 && (end <= now || end > now + 2 *
	    (int64_t)CAMPAIGN_LIFE_MAX_S * US_PER_S))
		return field_refuse(c, "not_later_than", "invalid", e,
		    "Give a time ahead, within 180 days.");
	if (end != 0 && row->start_us != 0 && end <= row->start_us)
		return field_refuse(c, "not_later_than", "invalid", e,
		    "It must be after the time that it begins.");
	return 0;
}

int
campaign_take(struct call *c, const struct campaign_in *in,
    struct campaign *row, struct err *e)
{
	if (in->name != NULL)
		row->name = in->name;
	if (in->type != NULL && enqueue_type_ours(in->type))
		return field_refuse(c, "type", "unknown_type", e,
		    "There is no such type of notification.");
	if (in->type != NULL)
		row->type = in->type;
	if (in->title != NULL)
		row->title = in->title;
	if (in->rate.set)
		row->rate = (uint64_t)in->rate.v;
	if (in->channels.set && take_channels(c, &in->channels, row, e) < 0)
		return -1;
	if (in->audience != NULL && take_audience(c, in->audience, row, e) < 0)
		return -1;
	if ((row->content == NULL || in->title != NULL || in->body != NULL ||
	    in->url != NULL || in->html != NULL || in->data != NULL ||
	    in->urgency != NULL || in->channels.set) &&
	    take_content(c, in, row, e) < 0)
		return -1;
	return take_times(c, in, row, e);
}

int
campaign_audit(struct db *db, struct call *c, const char *event, uint64_t id,
    struct err *e)
{
	return audit_add(db, c->req, &(struct audit_event){ .event = event,
	    .outcome = "ok", .user_id = c->who.user_id,
	    .actor_id = c->who.user_id, .session_id = c->who.session_id,
	    .detail = arena_printf(c->arena, "{\"campaign\":\"%" PRIu64
	    "\"}", id) }, e);
}
