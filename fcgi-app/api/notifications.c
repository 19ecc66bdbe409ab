/*
 * notifications.c - GET /api/notifications/{id}/: what was sent and what
 * became of it.
 *
 * What must stay true: a token sees what it sent and nothing else, so does a
 * user, and the answer for another's is the answer for none.
 */
#include "api/push_own.h"

#include "base/conf.h"
#include "store/delivery.h"

#define SHOWN		1000		/* deliveries an answer */
#define PAGE		50
#define PAGE_ARENA	((size_t)4 * 1024 * 1024)
#define ANSWER_MAX	((size_t)6 * 1024 * 1024)

struct notification_in { struct opt_int after, limit; };
static const struct field notification_rows[] = {
	FIELD_OF(FT_INT, struct notification_in, after, "after", 0, UINT32_MAX,
	    0),
	FIELD_OF(FT_INT, struct notification_in, limit, "limit", 1, SHOWN, 0),
};
const struct fieldset notification_fields =
    FIELDSET(struct notification_in, notification_rows, IN_QUERY);

static bool
is_own(const struct caller *w, const struct notification *n)
{
	if (w->kind == CALLER_ADMIN_TOKEN)
		return n->token_id == w->token_id;
	/* What a token of hers sent is the site's, not hers. */
	return w->is_staff || w->is_superuser ||
	    (n->user_id == w->user_id && n->token_id == 0);
}

int
notification_own(struct call *c, struct notification *n, struct err *e)
{
	uint64_t id;
	int rc;

	if (id_of_path(c, 0, &id, e) < 0 ||
	    (rc = notification_find(c->db, c->arena, id, n, e)) < 0)
		return -1;
	if (rc == 1 && is_own(&c->who, n))
		return 0;
	return err_set(e, ERR_NOT_FOUND, "not_found",
	    "no such notification of the caller");
}

/* Members of the content that people see; a broken row shows none. */
static int
write_content(struct call *c, struct jw *w, const struct notification *n,
    struct err *e)
{
	struct json *j = NULL;

	if (json_parse(n->content, strlen(n->content), JSON_PLAIN, 0, &j,
	    e) < 0)
		return err_set(e, ERR_INTERNAL, "bad_row",
		    "notification %" PRIu64 ": its content", n->id);
	jw_str(w, "body", json_str(json_get(j, "body")));
	if (json_get(j, "data") == NULL)
		jw_null(w, "data");
	else
		jw_raw(w, "data", json_text(c->arena, json_get(j, "data")));
	json_free(j);
	return 0;
}

struct walk {
	struct call	*c;
	struct jw	*w;
	uint64_t	 id;
	struct delivery	 d;
	uint64_t	 after, left;
	bool		 full;
};

static int
write_row(void *arg, struct err *e)
{
	struct walk *k = arg;

	(void)e;
	if (k->left == 0 || k->c->resp->body.len > ANSWER_MAX) {
		k->full = true;
		return 1;
	}
	k->left--;
	k->after = k->d.seq;
	push_delivery(k->c, k->w, k->id, &k->d);
	return 0;
}

/* In pages with an arena of their own: logs of attempts may be long. */
static int
write_deliveries(struct walk *k, struct err *e)
{
	struct arena *page = arena_new(PAGE_ARENA), *kept = k->c->arena;
	int rows;

	k->c->arena = page;
	jw_array(k->w, "deliveries");
	do {
		rows = delivery_each(k->c->db, page, k->id,
		    (uint32_t)k->after, PAGE, &k->d, write_row, k, e);
		arena_reset(page);
	} while (rows == PAGE && !k->full);
	jw_end(k->w);
	k->c->arena = kept;
	arena_free(page);
	return rows < 0 ? -1 : 0;
}

int
notification_get(struct call *c, const void *in_, struct err *e)
{
	const struct notification_in *in = in_;
	struct delivery_counts count;
	struct notification n;
	struct walk k = { .c = c, .left = in->limit.set ?
	    (uint64_t)in->limit.v : SHOWN };

	if (notification_own(c, &n, e) < 0 || delivery_count(c->db, n.id, &count,
	    e) < 0)
		return -1;
	k.id = n.id;
	k.after = in->after.set ? (uint64_t)in->after.v : 0;
	k.w = resp_json(c->resp, 200);
	jw_id(k.w, "id", n.id);
	jw_str(k.w, "type", n.type);
	jw_str(k.w, "channel", n.channel);
	jw_str(k.w, "title", n.title);
	if (write_content(c, k.w, &n, e) < 0)
		return -1;
	jw_time(k.w, "created_at", n.created_us);
	jw_time(k.w, "expires_at", n.expires_us);
	jw_time(k.w, "cancelled_at", n.cancelled_us);
	jw_bool(k.w, "planned", n.planned_us != 0);
	jw_u64(k.w, "total", n.planned_us != 0 ? n.total : count.total);
	jw_u64(k.w, "successful", count.sent);
	jw_u64(k.w, "failed", count.failed);
	if (write_deliveries(&k, e) < 0)
		return -1;
	jw_str(k.w, "next", !k.full ? NULL : arena_printf(c->arena,
	    "%s/api/notifications/%" PRIu64 "/?after=%" PRIu64,
	    conf_str(CONF_PUBLIC_URL), n.id, k.after));
	resp_json_end(c->resp);
	return 0;
}
