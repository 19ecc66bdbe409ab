/*
 * comm_history.c - GET /api/communications/history/: what the caller sent,
 * and what became of it.
 *
 * What must stay true: `status` has the three words old clients know, `state`
 * the whole truth: an unsure one is "failed" to the old, for the outcome is
 * final and not known to be good.
 */
#include "api/admin_log.h"
#include "api/list.h"

#include "base/reason.h"
#include "store/communication.h"

struct history_in { struct list_in page; const char *type, *status,
	*ordering; };
static const struct field history_rows[] = {
	LIST_FIELDS(struct history_in, page),
	FIELD_ENUM(struct history_in, type, "type", "email|sms|whatsapp", 0),
	FIELD_ENUM(struct history_in, status, "status",
	    "pending|sent|failed", 0),
	FIELD_ENUM(struct history_in, ordering, "ordering",
	    "created_at|-created_at", 0),
};
const struct fieldset comm_history_fields =
    FIELDSET(struct history_in, history_rows, IN_QUERY);

struct listing { struct jw *w; enum lang lang; struct communication m; };

static void
text_or_null(struct jw *w, const char *name, const char *s)
{
	jw_str(w, name, *s == '\0' ? NULL : s);
}

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;
	const struct communication *m = &l->m;
	struct jw *w = l->w;
	const char *why;

	(void)e;
	jw_object(w, NULL);
	jw_id(w, "id", m->id);
	jw_str(w, "type", m->channel);
	jw_str(w, "status", m->status);
	jw_str(w, "state", m->state);
	jw_str(w, "recipient", m->recipient);
	jw_str(w, "content", m->content);
	text_or_null(w, "subject", m->subject);
	why = strcmp(m->status, "failed") != 0 ? NULL :
	    *m->reason == '\0' ? m->state : m->reason;
	jw_str(w, "error_message", why);
	jw_str(w, "reason_text", why == NULL ? NULL :
	    reason_say(l->lang, why));
	text_or_null(w, "whatsapp_message_id",
	    strcmp(m->channel, "whatsapp") == 0 ? m->provider_id : "");
	jw_time(w, "created_at", m->created_us);
	jw_time(w, "sent_at", m->sent_us);
	jw_end(w);
	return 0;
}

int
comm_history_get(struct call *c, const void *in_, struct err *e)
{
	const struct history_in *in = in_;
	struct communication_page p = { .user_id = c->who.user_id,
	    .channel = in->type == NULL ? "" : in->type,
	    .status = in->status == NULL ? "" : in->status,
	    .up = in->ordering != NULL && in->ordering[0] != '-' };
	struct listing row;
	struct list l;
	int64_t n;

	list_read(&in->page, &l);
	l.more = arena_printf(c->arena, "%s%s%s",
	    query_part(c, "type", in->type),
	    query_part(c, "status", in->status),
	    query_part(c, "ordering", in->ordering));
	p.q = l.q;
	p.limit = l.limit;
	p.offset = l.offset;
	if ((n = communication_count(c->db, &p, e)) < 0)
		return -1;
	row.lang = resp_lang(c->resp);
	row.w = list_open(c, &l, n);
	if (communication_each(c->db, c->arena, &p, &row.m, write_row, &row,
	    e) < 0)
		return -1;
	list_close(c);
	return 0;
}
