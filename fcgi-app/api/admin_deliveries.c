/*
 * admin_deliveries.c - /api/admin/deliveries/: why did she not get it?
 *
 * Read-only, newest first, by cursor; a page may be short of its limit and
 * have a next one all the same (store/delivery_log.h).
 */
#include "api/admin_log.h"

#include "api/answer.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/phone.h"
#include "base/reason.h"
#include "base/text.h"

#define FEW		50
#define STATES "queued|sent|delivered|read|skipped|failed|expired|cancelled|" \
	"unsure"
#define CHANNELS "email|sms|whatsapp|web_push|expo|in_app|webhook"

struct deliveries_in {
	struct opt_int	 limit;
	const char	*to, *user, *request_id, *provider_id,
			*notification_id, *title, *body, *type, *channel,
			*state, *reason, *provider, *before, *after,
			*ordering;
	int64_t		 since_us, until_us;
};
static const struct field deliveries_rows[] = {
	FIELD_OF(FT_INT, struct deliveries_in, limit, "limit", 1,
	    DELIVERY_LOG_PAGE_MAX, 0),
	FIELD_TEXT(struct deliveries_in, to, "to", 1, 2048, F_TRIM | F_LINE),
	FIELD_TEXT(struct deliveries_in, user, "user", 1, 254,
	    F_TRIM | F_LINE),
	FIELD_TEXT(struct deliveries_in, request_id, "request_id", 32, 32,
	    F_LINE),
	FIELD_TEXT(struct deliveries_in, provider_id, "provider_id", 1, 160,
	    F_TRIM | F_LINE),
	FIELD_TEXT(struct deliveries_in, notification_id, "notification_id",
	    1, 20, 0),
	FIELD_TEXT(struct deliveries_in, title, "title", 1, 100, F_LINE),
	FIELD_TEXT(struct deliveries_in, body, "body", 2, 100, 0),
	FIELD_TEXT(struct deliveries_in, type, "type", 1, 40, F_LINE),
	FIELD_ENUM(struct deliveries_in, channel, "channel", CHANNELS, 0),
	FIELD_ENUM(struct deliveries_in, state, "state", STATES, 0),
	FIELD_TEXT(struct deliveries_in, reason, "reason", 1, 40, F_LINE),
	FIELD_TEXT(struct deliveries_in, provider, "provider", 1, 24, F_LINE),
	FIELD_TEXT(struct deliveries_in, before, "before", 1, 32, 0),
	FIELD_TEXT(struct deliveries_in, after, "after", 1, 32, 0),
	FIELD_ENUM(struct deliveries_in, ordering, "ordering",
	    "created_at|-created_at", 0),
	FIELD_OF(FT_TIME, struct deliveries_in, since_us, "since", 0, 0, 0),
	FIELD_OF(FT_TIME, struct deliveries_in, until_us, "until", 0, 0, 0),
};
const struct fieldset admin_deliveries_fields =
    FIELDSET(struct deliveries_in, deliveries_rows, IN_QUERY);

int
delivery_id_read(const char *text, struct delivery_at *at)
{
	const char *dash = strchr(text, '-');
	char id[24];
	uint64_t seq;

	if (dash == NULL || (size_t)(dash - text) >= sizeof(id))
		return 0;
	memcpy(id, text, (size_t)(dash - text));
	id[dash - text] = '\0';
	if (!id_read(id, &at->id) || !text_u64(dash + 1, UINT32_MAX, &seq))
		return 0;
	at->seq = (uint32_t)seq;
	return 1;
}

const char *
address_typed(struct call *c, const char *typed)
{
	char e164[PHONE_MAX];

	if (strpbrk(typed, "@:[") == NULL && phone_normalise(typed,
	    conf_str(CONF_REGION), e164))
		return arena_strdup(c->arena, e164);
	return typed;
}

const char *
query_part(struct call *c, const char *name, const char *value)
{
	return value == NULL || value[0] == '\0' ? "" : arena_printf(
	    c->arena, "&%s=%s", name, url_encode(c->arena, value));
}

/* --- the list ------------------------------------------------------------------ */

static void
write_row(struct call *c, struct jw *w, const struct delivery_seen *d)
{
	jw_str(w, "id", arena_printf(c->arena, "%" PRIu64 "-%" PRIu64,
	    d->notification_id, d->seq));
	jw_id(w, "notification_id", d->notification_id);
	jw_user_or_null(w, "user_id", d->user_id);
	jw_id_or_null(w, "device_id", d->device_id);
	jw_user_or_null(w, "sender_id", d->sender_id);
	jw_str(w, "type", d->type);
	jw_str(w, "title", d->title);
	jw_str(w, "channel", d->channel);
	jw_str(w, "provider", d->provider);
	jw_str(w, "provider_id", d->provider_id);
	jw_str(w, "target", d->target);
	jw_str(w, "state", d->state);
	jw_str(w, "reason", d->reason);
	jw_str(w, "reason_text", reason_say(resp_lang(c->resp), d->reason));
	jw_u64(w, "attempts", d->attempts);
	if (d->segments == 0)
		jw_null(w, "segments");
	else
		jw_u64(w, "segments", d->segments);
	jw_str(w, "request_id", d->request_id);
	jw_time(w, "created_at", d->created_us);
	jw_time(w, "sent_at", d->sent_us);
	jw_time(w, "updated_at", d->updated_us);
}

const char *
json_inside(struct call *c, const char *s)
{
	const char *out;
	struct buf b;
	struct jw w;

	if (s == NULL)
		return NULL;
	buf_init(&b, 4096);
	jw_init(&w, &b);
	jw_str(&w, NULL, s);
	out = b.len < 2 ? "" : arena_strndup(c->arena, b.p + 1, b.len - 2);
	buf_fini(&b);
	return out;
}

/* Digits may be a telephone number without its plus from here on. */
#define A_NUMBER	UINT64_C(100000000)

int
user_typed(struct call *c, const char *typed, uint64_t *id, struct err *e)
{
	struct identifier who;
	struct user u;
	int rc;

	const bool is_id = text_u64(typed, INT64_MAX, id) && typed[0] != '0';

	if (is_id && *id < A_NUMBER)
		return 1;
	identifier_read(c->arena, typed, &who);
	if ((rc = identifier_find(c->db, c->arena, &who, &u, e)) == 1)
		*id = u.id;
	return rc == 0 && is_id ? 1 : rc;
}

static int
read_filter(struct call *c, const struct deliveries_in *in,
    struct delivery_search *f, struct err *e)
{
	int rc;

	*f = (struct delivery_search){ .request_id = in->request_id,
	    .provider_id = in->provider_id, .title = in->title,
	    .text = json_inside(c, in->body), .type = in->type,
	    .channel = in->channel, .state = in->state,
	    .reason = in->reason, .provider = in->provider,
	    .since_us = in->since_us, .until_us = in->until_us,
	    .limit = in->limit.set ? (unsigned)in->limit.v : FEW };
	f->up = in->ordering != NULL && in->ordering[0] != '-';
	if (in->before != NULL && !delivery_id_read(in->before, &f->before))
		return field_refuse(c, "before", "invalid", e,
		    "Give the id of a row.");
	if (in->after != NULL && !delivery_id_read(in->after, &f->after))
		return field_refuse(c, "after", "invalid", e,
		    "Give the id of a row.");
	if (in->notification_id != NULL &&
	    !id_read(in->notification_id, &f->notification_id))
		return field_refuse(c, "notification_id", "invalid", e,
		    "Give the id of a row.");
	if (in->to != NULL) {
		uint8_t *hash = arena_alloc(c->arena, 16);

		delivery_hash(hash, address_typed(c, in->to));
		f->to = hash;
	}
	if (in->user != NULL) {
		if ((rc = user_typed(c, in->user, &f->user_id, e)) < 0)
			return -1;
		if (rc == 0)
			return field_refuse(c, "user", "unknown_user", e,
			    "There is no such user.");
	}
	return 0;
}

static const char *
next_page(struct call *c, const struct deliveries_in *in,
    struct delivery_at next, const struct delivery_search *f)
{
	char since[CLOCK_TEXT_MAX] = "", until[CLOCK_TEXT_MAX] = "";
	const struct { const char *name, *value; } part[] = {
		{ "to", in->to }, { "user", in->user },
		{ "request_id", in->request_id },
		{ "provider_id", in->provider_id },
		{ "notification_id", in->notification_id },
		{ "title", in->title }, { "body", in->body },
		{ "type", in->type }, { "channel", in->channel },
		{ "state", in->state }, { "reason", in->reason },
		{ "provider", in->provider }, { "since", since },
		{ "until", until },
	};
	const char *url;

	if (next.id == 0)
		return NULL;
	if (in->since_us != 0)
		clock_rfc3339(in->since_us, true, since);
	if (in->until_us != 0)
		clock_rfc3339(in->until_us, true, until);
	/* On from there; the other end stays. */
	url = arena_printf(c->arena, "%s%s?limit=%u&%s=%" PRIu64 "-%u%s%s",
	    conf_str(CONF_PUBLIC_URL), c->route->path, f->limit,
	    f->up ? "after" : "before", next.id, next.seq,
	    query_part(c, f->up ? "before" : "after",
	    f->up ? in->before : in->after),
	    f->up ? "&ordering=created_at" : "");
	for (size_t i = 0; i < COUNT_OF(part); i++)
		url = arena_printf(c->arena, "%s%s", url, query_part(c,
		    part[i].name, part[i].value));
	return url;
}

int
admin_deliveries_get(struct call *c, const void *in_, struct err *e)
{
	const struct deliveries_in *in = in_;
	struct delivery_search f;
	struct delivery_seen *row;
	struct delivery_at next;
	struct jw *w;
	int n;

	if (read_filter(c, in, &f, e) < 0)
		return -1;
	row = arena_array(c->arena, f.limit, sizeof(*row));
	if ((n = delivery_search(c->db, c->arena, &f, row, &next, e)) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_array(w, "results");
	for (int i = 0; i < n; i++) {
		jw_object(w, NULL);
		write_row(c, w, &row[i]);
		jw_end(w);
	}
	jw_end(w);
	jw_str(w, "next", next_page(c, in, next, &f));
	jw_null(w, "previous");
	resp_json_end(c->resp);
	return 0;
}

/* --- one ------------------------------------------------------------------------- */

int
delivery_of_path(struct call *c, struct delivery_story *s, struct err *e)
{
	struct delivery_at at;
	int rc = 0;

	if (delivery_id_read(c->param[0], &at) &&
	    (rc = delivery_story(c->db, c->arena, at, s, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_NOT_FOUND, "not_found",
	    "no such delivery");
}

static void
event(struct call *c, struct jw *w, int64_t at_us, const char *name,
    const char *reason)
{
	if (at_us == 0)
		return;
	jw_object(w, NULL);
	jw_time(w, "at", at_us);
	jw_str(w, "event", name);
	jw_str(w, "reason", reason);
	jw_str(w, "reason_text", reason_say(resp_lang(c->resp), reason));
	jw_end(w);
}

/* A line that says itself what it is: a crash, a redrive.  The last of them is
 * what the row says, too. */
static void
own_event(struct call *c, struct jw *w, const struct delivery_seen *d,
    const char *line, size_t n)
{
	struct json *j = NULL;
	struct err e = ERR_INIT;
	const char *name, *reason, *at;
	int64_t us;

	if (json_parse(line, n, JSON_PLAIN, 0, &j, &e) < 0)
		return;
	name = json_str(json_get(j, "event"));
	reason = json_str(json_get(j, "reason"));
	at = json_str(json_get(j, "at"));
	if (name != NULL && reason != NULL && at != NULL &&
	    clock_parse(at, &us) && (strcmp(name, d->state) != 0 ||
	    strcmp(reason, d->reason) != 0))
		event(c, w, us, name, reason);
	json_free(j);
}

/* Each attempt is a line of JSON that the worker wrote, masked (D24). */
static void
attempts(struct call *c, struct jw *w, const struct delivery_seen *d,
    const char *log)
{
	while (log != NULL && *log != '\0') {
		size_t n = strcspn(log, "\n");

		if (text_starts(log, "{\"event\":"))
			own_event(c, w, d, log, n);
		else if (n > 2 && log[0] == '{' && log[n - 1] == '}')
			jw_raw(w, NULL, arena_printf(c->arena,
			    "{\"event\":\"attempt\",%.*s", (int)n - 1,
			    log + 1));
		log += n;
		log += *log == '\n';
	}
}

static void
timeline(struct call *c, struct jw *w, const struct delivery_story *s)
{
	bool over = strcmp(s->d.state, "queued") != 0;

	jw_array(w, "timeline");
	event(c, w, s->accepted_us, "accepted", "");
	event(c, w, s->d.created_us, "planned", "");
	attempts(c, w, &s->d, s->attempt_log);
	if (over || s->d.reason[0] != '\0')
		event(c, w, s->d.updated_us, s->d.state, s->d.reason);
	if (!over)
		event(c, w, s->run_us, "next_attempt", s->last_error == NULL ?
		    "" : s->last_error);
	jw_end(w);
}

static void
write_job(struct jw *w, const struct delivery_story *s)
{
	static const char *const word[] = { "ready", "leased", "leaving",
		"paused", "gathered" };

	if (s->job_id == 0) {
		jw_null(w, "job");
		return;
	}
	jw_object(w, "job");
	jw_id(w, "id", s->job_id);
	jw_str(w, "state", s->job_state < COUNT_OF(word) ?
	    word[s->job_state] : "dead");
	jw_time(w, "run_at", s->run_us);
	jw_time(w, "expires_at", s->job_expires_us);
	jw_str(w, "last_error", s->last_error == NULL ? "" : s->last_error);
	jw_end(w);
}

static int
answer_story(struct call *c, const struct delivery_story *s, int status)
{
	struct json *j = NULL;
	struct err e = ERR_INIT;
	struct jw *w = resp_json(c->resp, status);

	write_row(c, w, &s->d);
	jw_time(w, "accepted_at", s->accepted_us);
	jw_time(w, "expires_at", s->expires_us);
	/* What was to be shown; codes and links are never in it. */
	if (s->content != NULL && json_parse(s->content, strlen(s->content),
	    JSON_PLAIN, 0, &j, &e) == 0)
		jw_raw(w, "content", s->content);
	else
		jw_null(w, "content");
	json_free(j);
	write_job(w, s);
	timeline(c, w, s);
	resp_json_end(c->resp);
	return 0;
}

int
admin_delivery_get(struct call *c, const void *in, struct err *e)
{
	struct delivery_story s;

	(void)in;
	return delivery_of_path(c, &s, e) < 0 ? -1 : answer_story(c, &s, 200);
}

int
admin_delivery_replay(struct call *c, uint64_t id, struct err *e)
{
	struct delivery_story s;

	(void)id;
	return delivery_of_path(c, &s, e) < 0 ? -1 : answer_story(c, &s, 202);
}
