/*
 * comm_history.c - GET /api/communications/history/: what the caller sent,
 * and what became of it.
 *
 * What must stay true: `status` has the three words old clients know, `state`
 * the whole truth: an unsure one is "failed" to the old, for the outcome is
 * final and not known to be good.
 */
#include "api/list.h"
#include "api/push_own.h"

#include "store/communication.h"

struct history_in { struct list_in page; const char *type; };
static const struct field history_rows[] = {
	FIELD_OF(FT_INT, struct history_in, page.limit, "limit", 1, 100, 0),
	FIELD_OF(FT_INT, struct history_in, page.offset, "offset", 0, 1000000,
	    0),
	FIELD_OF(FT_INT, struct history_in, page.page, "page", 1, 10000, 0),
	FIELD_OF(FT_INT, struct history_in, page.page_size, "page_size", 1,
	    100, 0),
	FIELD_ENUM(struct history_in, type, "type", "email|sms|whatsapp", 0),
};
const struct fieldset comm_history_fields =
    FIELDSET(struct history_in, history_rows, IN_QUERY);

struct listing { struct jw *w; struct communication m; };

static const char *
status_of(const char *state)
{
	static const struct { const char *state, *status; } row[] = {
		{ "queued", "pending" }, { "sending", "pending" },
		{ "sent", "sent" }, { "delivered", "sent" },
		{ "read", "sent" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (strcmp(row[i].state, state) == 0)
			return row[i].status;
	return "failed";
}

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
	const char *status = status_of(m->state);
	struct jw *w = l->w;

	(void)e;
	jw_object(w, NULL);
	jw_id(w, "id", m->id);
	jw_str(w, "type", m->channel);
	jw_str(w, "status", status);
	jw_str(w, "state", m->state);
	jw_str(w, "recipient", m->recipient);
	jw_str(w, "content", m->content);
	text_or_null(w, "subject", m->subject);
	jw_str(w, "error_message", strcmp(status, "failed") != 0 ? NULL :
	    *m->reason == '\0' ? m->state : m->reason);
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
	const char *type = in->type == NULL ? "" : in->type;
	struct listing row;
	struct list l;
	int64_t n;

	list_read(&in->page, &l);
	if (*type != '\0')
		l.more = arena_printf(c->arena, "&type=%s", type);
	if ((n = communication_count(c->db, c->who.user_id, type, e)) < 0)
		return -1;
	row.w = list_open(c, &l, n);
	if (communication_each(c->db, c->arena, c->who.user_id, type, l.limit,
	    l.offset, &row.m, write_row, &row, e) < 0)
		return -1;
	list_close(c);
	return 0;
}
