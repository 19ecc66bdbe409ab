/*
 * campaigns.c - /api/campaigns/: made, changed, looked at.
 *
 * What must stay true: a token sees its own campaigns and no others; who has
 * a session of an administrator sees all.
 */
#include "api/campaign_own.h"

#include "api/idem.h"
#include "api/list.h"
#include "base/conf.h"
#include "base/pattern.h"
#include "base/rand.h"

#define PATCHES		50

#define ROWS(S, required)							\
	FIELD_TEXT(S, name, "name", 1, CAMPAIGN_NAME_MAX,		\
	    (required) | F_TRIM | F_LINE),				\
	FIELD_PATTERN(S, type, "type", PAT_WORD, 1, 40, 0),		\
	FIELD_OF(FT_TEXTS, S, channels, "channels", 1, 8, (required)),	\
	FIELD_TEXT(S, title, "title", 1, 255, (required) | F_LINE),	\
	FIELD_TEXT(S, body, "body", 1, 4000, (required)),		\
	FIELD_TEXT(S, url, "url", 0, 2000, F_TRIM | F_LINE),		\
	FIELD_TEXT(S, html, "html", 1, 50000, 0),			\
	FIELD_OF(FT_JSON, S, data, "data", 0, 0, 0),			\
	FIELD_ENUM(S, urgency, "urgency", "very-low|low|normal|high", 0), \
	FIELD_OF(FT_JSON, S, audience, "audience", 0, 0, (required)),	\
	FIELD_OF(FT_TIME, S, at_us, "at", 0, 0, F_NULLABLE),		\
	FIELD_OF(FT_TIME, S, ends_us, "not_later_than", 0, 0, 0),	\
	FIELD_OF(FT_INT, S, rate, "rate", 0, CAMPAIGN_RATE_MAX, 0)

static const struct field post_rows[] = {
	ROWS(struct campaign_in, F_REQUIRED),
	FIELD_OF(FT_BOOL, struct campaign_in, start, "start", 0, 0, 0),
};
const struct fieldset campaigns_fields =
    FIELDSET(struct campaign_in, post_rows, IN_BODY);
static const struct field patch_rows[] = { ROWS(struct campaign_in, 0) };
const struct fieldset campaign_patch_fields =
    FIELDSET(struct campaign_in, patch_rows, IN_BODY);

struct campaigns_in { struct list_in list; const char *state, *ordering; };
#define STATES "draft|scheduled|running|paused|done|cancelled|failed"
static const struct field list_rows[] = {
	LIST_FIELDS(struct campaigns_in, list),
	FIELD_ENUM(struct campaigns_in, state, "state", STATES, 0),
	FIELD_ENUM(struct campaigns_in, ordering, "ordering",
	    "name|-name|people|-people|at|-at", 0),
};
const struct fieldset campaigns_list_fields =
    FIELDSET(struct campaigns_in, list_rows, IN_QUERY);

/* --- showing ------------------------------------------------------------- */

static void
write_channels(struct jw *w, const char *list)
{
	jw_array(w, "channels");
	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		jw_strn(w, NULL, list, n);
		list += n + (list[n] == ',');
	}
	jw_end(w);
}

static void
write_head(struct jw *w, const struct campaign *c)
{
	jw_id(w, "id", c->id);
	jw_str(w, "name", c->name);
	jw_str(w, "type", c->type);
	write_channels(w, c->channels);
	jw_str(w, "title", c->title);
	jw_str(w, "state", c->state);
	jw_str(w, "reason", c->reason);
	jw_str(w, "reason_detail", c->detail);
	jw_time(w, "at", c->start_us);
	jw_time(w, "not_later_than", c->ends_us);
	jw_u64(w, "rate", c->rate);
	jw_time(w, "created_at", c->created_us);
	jw_time(w, "started_at", c->started_us);
	jw_time(w, "paused_at", c->paused_us);
	jw_time(w, "ended_at", c->ended_us);
	jw_bool(w, "planned", c->planned_us != 0);
	jw_u64(w, "people", c->people);
	jw_u64(w, "total", c->planned);
	jw_u64(w, "released", c->released);
}

static int
write_content(struct call *c, struct jw *w, const struct campaign *row,
    struct err *e)
{
	static const char *const members[] = { "body", "url", "html",
	    "urgency" };
	struct json *j = NULL, *au = NULL;
	int rc = -1;

	if (json_parse(row->content, strlen(row->content), JSON_PLAIN, 0, &j,
	    e) < 0 || json_parse(row->audience, strlen(row->audience),
	    JSON_PLAIN, 0, &au, e) < 0) {
		err_set(e, ERR_INTERNAL, "bad_row", "campaign %" PRIu64,
		    row->id);
		goto out;
	}
	for (size_t i = 0; i < COUNT_OF(members); i++)
		if (json_get(j, members[i]) != NULL)
			jw_str(w, members[i], json_str(json_get(j,
			    members[i])));
	if (json_get(j, "data") != NULL)
		jw_raw(w, "data", json_text(c->arena, json_get(j, "data")));
	/* Ten thousand addresses are in the list of recipients. */
	if (json_get(au, "addresses") != NULL) {
		jw_object(w, "audience");
		jw_u64(w, "addresses", json_len(json_get(au, "addresses")));
		jw_end(w);
	} else {
		jw_raw(w, "audience", row->audience);
	}
	rc = 0;
out:
	json_free(j);
	json_free(au);
	return rc;
}

int
campaign_own(struct call *c, uint64_t id, struct campaign *row,
    struct err *e)
{
	int rc = campaign_find(c->db, c->arena, id, row, e);

	if (rc < 0)
		return -1;
	if (rc == 1 && (c->who.kind != CALLER_ADMIN_TOKEN ||
	    row->token_id == c->who.token_id))
		return 0;
	return err_set(e, ERR_NOT_FOUND, "not_found",
	    "no such campaign of the caller");
}

int
campaign_show(struct call *c, uint64_t id, int status, struct err *e)
{
	struct campaign_counts n;
	struct campaign row;
	struct jw *w;

	if (campaign_own(c, id, &row, e) < 0 ||
	    campaign_counts(c->db, &row, &n, e) < 0)
		return -1;
	w = resp_json(c->resp, status);
	write_head(w, &row);
	if (write_content(c, w, &row, e) < 0)
		return -1;
	jw_object(w, "progress");
	jw_u64(w, "queued", n.queued);
	jw_u64(w, "sent", n.sent);
	jw_u64(w, "skipped", n.skipped);
	jw_u64(w, "failed", n.failed);
	jw_u64(w, "expired", n.expired);
	jw_u64(w, "cancelled", n.cancelled);
	jw_u64(w, "unsure", n.unsure);
	jw_end(w);
	resp_json_end(c->resp);
	return 0;
}

int
campaign_get(struct call *c, const void *in, struct err *e)
{
	uint64_t id;

	(void)in;
	return id_of_path(c, 0, &id, e) < 0 ? -1 :
	    campaign_show(c, id, 200, e);
}

struct listing { struct jw *w; struct campaign c; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	write_head(l->w, &l->c);
	jw_end(l->w);
	return 0;
}

int
campaigns_get(struct call *c, const void *in_, struct err *e)
{
	const struct campaigns_in *in = in_;
	struct campaign_page p = { .state = in->state == NULL ? "" :
	    in->state, .order = in->ordering == NULL ? "" : in->ordering,
	    .token_id = c->who.kind == CALLER_ADMIN_TOKEN ?
	    c->who.token_id : 0 };
	struct listing row;
	struct list l;
	int64_t n;

	list_read(&in->list, &l);
	if (in->state != NULL)
		l.more = arena_printf(c->arena, "&state=%s", in->state);
	if (in->ordering != NULL)
		l.more = arena_printf(c->arena, "%s&ordering=%s", l.more,
		    in->ordering);
	p.q = l.q;
	p.limit = l.limit;
	p.offset = l.offset;
	if ((n = campaign_count(c->db, &p, e)) < 0)
		return -1;
	row.w = list_open(c, &l, n);
	if (campaign_each(c->db, c->arena, &p, &row.c, write_row, &row,
	    e) < 0)
		return -1;
	list_close(c);
	return 0;
}

/* --- making and changing ---------------------------------------------------- */

struct making { struct call *c; struct campaign *row; bool start; };

static int
make_work(struct db *db, void *arg, struct err *e)
{
	struct making *m = arg;
	struct call *c = m->c;

	if (campaign_insert(db, m->row, CAMPAIGN_LIFE_S, e) < 0)
		/* Its own row, of a COMMIT whose answer was lost (D20). */
		return e->kind == ERR_DB_DUP ? 1 : -1;
	if (idem_take(c, db, m->row->id, e) < 0)
		return -1;
	if (campaign_audit(db, c, "campaign_create", m->row->id, e) < 0)
		return -1;
	if (!m->start)
		return 0;
	if (campaign_start(db, m->row->id, false, e) < 0)
		return -1;
	return campaign_audit(db, c, "campaign_start", m->row->id, e);
}

int
campaigns_post(struct call *c, const void *in_, struct err *e)
{
	const struct campaign_in *in = in_;
	struct campaign row = { .id = rand_id(), .type = "system",
	    .user_id = c->who.user_id, .token_id = c->who.token_id,
	    .request_id = c->req->request_id };
	struct making m = { .c = c, .row = &row, .start = in->start.v };

	if (campaign_take(c, in, &row, e) < 0 ||
	    db_tx(c->db, make_work, &m, e) < 0)
		return -1;
	return campaign_show(c, row.id, 201, e);
}

int
campaigns_replay(struct call *c, uint64_t id, struct err *e)
{
	return campaign_show(c, id, 201, e);
}

static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct making *m = arg;
	int rc = campaign_change(db, m->row, e);

	m->start = rc > 0;
	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	return campaign_audit(db, m->c, "campaign_change", m->row->id, e);
}

/* Of one that is under way: how it is called, how fast, how long. */
static bool
small_change(const struct campaign_in *in)
{
	return in->type == NULL && !in->channels.set && in->title == NULL &&
	    in->body == NULL && in->url == NULL && in->html == NULL &&
	    in->data == NULL && in->urgency == NULL &&
	    in->audience == NULL && in->at_us == 0;
}

int
campaign_patch(struct call *c, const void *in, struct err *e)
{
	uint64_t id;

	if (id_of_path(c, 0, &id, e) < 0)
		return -1;
	/* Again when somebody else changed it meanwhile. */
	/* Who loses lost to one that won: as often as others ask at once. */
	for (int i = 0; i < PATCHES; i++) {
		struct campaign row;
		struct making m = { .c = c, .row = &row };
		bool draft;

		if (campaign_own(c, id, &row, e) < 0)
			return -1;
		draft = strcmp(row.state, "draft") == 0;
		if (!draft && ((strcmp(row.state, "paused") != 0 &&
		    strcmp(row.state, "scheduled") != 0) ||
		    !small_change(in)))
			return err_set(e, ERR_CONFLICT, "campaign_state",
			    "campaign %" PRIu64 " is %s", id, row.state);
		if (campaign_take(c, in, &row, e) < 0 ||
		    db_tx(c->db, change_work, &m, e) < 0)
			return -1;
		if (m.start)
			return campaign_show(c, id, 200, e);
	}
	return err_set(e, ERR_CONFLICT, "conflict", "changed %d times",
	    PATCHES);
}
