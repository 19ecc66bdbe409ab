/*
 * inbox.c - GET /api/inbox/ and what people do in it.
 *
 * What must stay true: the counters are exact, whatever happens at once;
 * reading takes back, in the same transaction, what is still queued for the
 * same person on other channels.  The words are the reader's: of his locale,
 * and of the in-app part where a template has one.
 */
#include "api/admin_log.h"
#include "api/each.h"

#include "base/conf.h"
#include "channel/part.h"
#include "queue/reading.h"
#include "store/inbox.h"

#define PAGE		20
#define PAGE_MOST	100

struct inbox_in { struct opt_int after, before, limit; struct opt_bool unread,
	archived; const char *type, *q; };
static const struct field inbox_rows[] = {
	FIELD_OF(FT_INT, struct inbox_in, after, "after", 0, INT64_MAX, 0),
	FIELD_OF(FT_INT, struct inbox_in, before, "before", 0, INT64_MAX, 0),
	FIELD_OF(FT_INT, struct inbox_in, limit, "limit", 1, PAGE_MOST, 0),
	FIELD_OF(FT_BOOL, struct inbox_in, unread, "unread", 0, 0, F_LOOSE),
	FIELD_OF(FT_BOOL, struct inbox_in, archived, "archived", 0, 0,
	    F_LOOSE),
	FIELD_TEXT(struct inbox_in, type, "type", 1, 40, F_LINE),
	FIELD_TEXT(struct inbox_in, q, "q", 1, 100, F_TRIM | F_LINE),
};
const struct fieldset inbox_fields =
    FIELDSET(struct inbox_in, inbox_rows, IN_QUERY);

struct upto_in { struct opt_int seq; };
static const struct field upto_rows[] = {
	FIELD_OF(FT_INT, struct upto_in, seq, "seq", 1, INT64_MAX, 0),
};
const struct fieldset inbox_upto_fields =
    FIELDSET(struct upto_in, upto_rows, IN_BODY);

struct listing { struct call *c; struct jw *w; struct inbox i;
	uint64_t last; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;
	const char *locale = l->i.locale, *title;
	struct json *j = NULL;

	if (locale == NULL || *locale == '\0')
		locale = lang_tag(resp_lang(l->c->resp));
	jw_object(l->w, NULL);
	jw_id(l->w, "id", l->i.notification_id);
	jw_u64(l->w, "seq", l->i.seq);
	jw_str(l->w, "type", l->i.type);
	if (json_parse(l->i.content, strlen(l->i.content), JSON_PLAIN, 0, &j,
	    e) < 0)
		return err_set(e, ERR_INTERNAL, "bad_row",
		    "notification %" PRIu64 ": its content",
		    l->i.notification_id);
	title = part_text(j, locale, "in_app", "title");
	jw_str(l->w, "title", title == NULL ? l->i.title : title);
	jw_str(l->w, "body", part_text(j, locale, "in_app", "body"));
	jw_str(l->w, "url", part_text(j, locale, "in_app", "url"));
	if (json_get(j, "data") == NULL)
		jw_null(l->w, "data");
	else
		jw_raw(l->w, "data", json_text(l->c->arena,
		    json_get(j, "data")));
	json_free(j);
	jw_time(l->w, "created_at", l->i.created_us);
	jw_time(l->w, "seen_at", l->i.seen_us);
	jw_time(l->w, "read_at", l->i.read_us);
	jw_time(l->w, "archived_at", l->i.archived_us);
	jw_end(l->w);
	l->last = l->i.seq;
	return 0;
}

static void
write_counts(struct jw *w, const struct inbox_counts *n)
{
	jw_u64(w, "unread", n->unread);
	jw_u64(w, "unseen", n->unseen);
	jw_u64(w, "seq", n->seq);
}

/* Where a page that compares texts ends, so that it costs the same however
 * much there is: the seq to go on from, or 0. */
static uint64_t
bounded(struct inbox_page *p, uint64_t newest)
{
	uint64_t edge;

	if (p->type[0] == '\0' && p->q[0] == '\0')
		return 0;
	if (p->down) {
		if (p->before > newest + 1)
			p->before = newest + 1;
		if (p->before <= p->after + 1 + INBOX_STRETCH)
			return 0;
		edge = p->before - INBOX_STRETCH;
		p->after = edge - 1;
		return edge;
	}
	if (p->after >= newest || newest - p->after <= INBOX_STRETCH)
		return 0;
	edge = p->after + INBOX_STRETCH;
	p->before = edge + 1;
	return edge;
}

int
inbox_get(struct call *c, const void *in_, struct err *e)
{
	const struct inbox_in *in = in_;
	struct inbox_page p = { .user_id = c->who.user_id,
	    .after = in->after.set ? (uint64_t)in->after.v : 0,
	    .before = !in->before.set || in->before.v == 0 ? INT64_MAX :
	    (uint64_t)in->before.v, .down = in->before.set,
	    .type = in->type == NULL ? "" : in->type,
	    .q = in->q == NULL ? "" : in->q,
	    .text = in->q == NULL ? "" : json_inside(c, in->q),
	    .unread = in->unread.set && in->unread.v,
	    .archived = in->archived.set && in->archived.v,
	    .limit = in->limit.set ? (unsigned)in->limit.v : PAGE };
	struct listing l = { .c = c };
	const uint64_t after = p.after;
	struct inbox_counts n;
	uint64_t edge;
	int rows;

	if (inbox_count(c->db, c->who.user_id, &n, e) < 0)
		return -1;
	edge = bounded(&p, n.seq);
	l.w = resp_json(c->resp, 200);
	write_counts(l.w, &n);
	jw_array(l.w, "results");
	rows = inbox_each(c->db, c->arena, &p, &l.i, write_row, &l, e);
	if (rows < 0)
		return -1;
	jw_end(l.w);
	if ((unsigned)rows == p.limit)
		edge = l.last;
	jw_str(l.w, "next", edge == 0 ? NULL : arena_printf(c->arena,
	    "%s/api/inbox/?%s=%" PRIu64 "&limit=%u%s%s%s%s%s",
	    conf_str(CONF_PUBLIC_URL), p.down ? "before" : "after", edge,
	    p.limit, p.down && after != 0 ? arena_printf(c->arena,
	    "&after=%" PRIu64, after) : "",
	    p.unread ? "&unread=true" : "", p.archived ? "&archived=true" :
	    "", query_part(c, "type", in->type), query_part(c, "q", in->q)));
	resp_no_store(c->resp);
	resp_json_end(c->resp);
	return 0;
}

static int
answer_counts(struct call *c, struct err *e)
{
	struct inbox_counts n;

	if (inbox_count(c->db, c->who.user_id, &n, e) < 0)
		return -1;
	write_counts(resp_json(c->resp, 200), &n);
	resp_no_store(c->resp);
	resp_json_end(c->resp);
	return 0;
}

int
inbox_counts_get(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return answer_counts(c, e);
}

/* --- reading -------------------------------------------------------------- */

static int
read_one(struct call *c, bool archive, struct err *e)
{
	uint64_t id;
	int rc;

	if (id_of_path(c, 0, &id, e) < 0)
		return -1;
	rc = reading_one(c->db, c->who.user_id, id, archive, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "not in this inbox");
	return rc < 0 ? -1 : answer_counts(c, e);
}

int
inbox_read_post(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return read_one(c, false, e);
}

int
inbox_archive_post(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return read_one(c, true, e);
}

static int
many(struct call *c, const struct each_in *in, route_handler *one,
    struct err *e)
{
	struct inbox_counts n;

	if (each_id(c, &in->ids, 0, one, e) < 0 ||
	    inbox_count(c->db, c->who.user_id, &n, e) < 0)
		return -1;
	write_counts(&c->resp->json, &n);
	resp_no_store(c->resp);
	resp_json_end(c->resp);
	return 0;
}

int
inbox_read_many(struct call *c, const void *in, struct err *e)
{
	return many(c, in, inbox_read_post, e);
}

int
inbox_archive_many(struct call *c, const void *in, struct err *e)
{
	return many(c, in, inbox_archive_post, e);
}

/* Up to what there is now, or the seq the caller has shown: news that come
 * meanwhile stay news. */
static int
upto(struct call *c, const struct upto_in *in, uint64_t *to, struct err *e)
{
	struct inbox_counts n;

	if (inbox_count(c->db, c->who.user_id, &n, e) < 0)
		return -1;
	*to = in->seq.set ? (uint64_t)in->seq.v : n.seq;
	return 0;
}

int
inbox_read_all_post(struct call *c, const void *in, struct err *e)
{
	uint64_t to;

	if (upto(c, in, &to, e) < 0 || reading_all(c->db, c->who.user_id, to,
	    e) < 0)
		return -1;
	return answer_counts(c, e);
}

int
inbox_seen_post(struct call *c, const void *in, struct err *e)
{
	uint64_t to;

	if (upto(c, in, &to, e) < 0 || reading_seen(c->db, c->who.user_id,
	    to, e) < 0)
		return -1;
	return answer_counts(c, e);
}
