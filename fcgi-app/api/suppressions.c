/*
 * suppressions.c - /api/suppressions/: addresses that nothing goes to; listed,
 * added and removed by administrators.
 */
#include "api/push_own.h"
#include "api/suppressions_own.h"

#include "api/answer.h"
#include "api/idem.h"
#include "api/list.h"
#include "auth/audit.h"
#include "base/rand.h"
#include "base/text.h"
#include "store/suppression.h"

#define REASONS	"unsubscribed|bounced|complained|blocked|stopped|ads_blocked|" \
	"no_marketing"

struct bars_in { struct list_in list; const char *channel, *reason,
	*address, *ordering; };
#define L struct bars_in
static const struct field bars_rows[] = {
	PAGE_FIELDS(L, list),
	FIELD_ENUM(L, channel, "channel", "email|sms|whatsapp", 0),
	FIELD_ENUM(L, reason, "reason", REASONS, 0),
	FIELD_TEXT(L, address, "address", 1, 254, F_TRIM | F_LINE),
	FIELD_ENUM(L, ordering, "ordering", "created_at|-created_at", 0),
};
const struct fieldset suppressions_fields =
    FIELDSET(L, bars_rows, IN_QUERY);

bool
suppression_word(const char *reason)
{
	size_t n = strlen(reason);

	for (const char *at = REASONS; *at != '\0'; ) {
		size_t len = strcspn(at, "|");

		if (len == n && memcmp(at, reason, n) == 0)
			return true;
		at += len + (at[len] == '|');
	}
	return false;
}

struct bar_in { const char *channel, *address, *reason; };
static const struct field bar_rows[] = {
	FIELD_ENUM(struct bar_in, channel, "channel", "email|sms|whatsapp",
	    F_REQUIRED),
	FIELD_TEXT(struct bar_in, address, "address", 1, 254,
	    F_REQUIRED | F_TRIM | F_LINE),
	FIELD_ENUM(struct bar_in, reason, "reason", REASONS, 0),
};
const struct fieldset suppression_fields =
    FIELDSET(struct bar_in, bar_rows, IN_BODY);

/* As it is compared; NULL: none that the channel reaches. */
const char *
suppression_address(struct call *c, const char *channel, const char *typed)
{
	struct identifier id;

	identifier_read(c->arena, typed, &id);
	if (id.kind == ID_EMAIL && (channel == NULL ||
	    strcmp(channel, "email") == 0))
		return id.email;
	if (id.kind == ID_PHONE && (channel == NULL ||
	    strcmp(channel, "email") != 0))
		return id.phone;
	return NULL;
}

static void
write_one(struct jw *w, const struct suppression *s)
{
	jw_id(w, "id", s->id);
	jw_str(w, "channel", s->channel);
	jw_str(w, "address", s->shown);
	jw_str(w, "reason", s->reason);
	jw_user_or_null(w, "added_by", s->user_id);
	jw_time(w, "created_at", s->created_us);
}

struct listing { struct jw *w; struct suppression s; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	write_one(l->w, &l->s);
	jw_end(l->w);
	return 0;
}

int
suppressions_get(struct call *c, const void *in_, struct err *e)
{
	const struct bars_in *in = in_;
	struct suppression_page p = {
	    .channel = in->channel == NULL ? "" : in->channel,
	    .reason = in->reason == NULL ? "" : in->reason };
	struct listing l;
	struct list li;
	int64_t count;

	list_read(&in->list, &li);
	p.limit = li.limit;
	p.offset = li.offset;
	p.oldest_first = in->ordering != NULL && *in->ordering == 'c';
	if (in->address != NULL && (p.address = suppression_address(c, in->channel,
	    in->address)) == NULL)
		return field_refuse(c, "address", "invalid", e,
		    "Give an e-mail address or a phone number.");
	li.more = arena_printf(c->arena, "%s%s%s%s", in->channel != NULL ?
	    "&channel=" : "", p.channel, in->reason != NULL ? "&reason=" : "",
	    p.reason);
	if (in->ordering != NULL)
		li.more = arena_printf(c->arena, "%s&ordering=%s", li.more,
		    in->ordering);
	if ((count = suppression_count(c->db, &p, e)) < 0)
		return -1;
	l.w = list_open(c, &li, count);
	if (suppression_each(c->db, c->arena, &p, &l.s, write_row, &l, e) < 0)
		return -1;
	list_close(c);
	return 0;
}

static int
show(struct call *c, uint64_t id, struct err *e)
{
	struct suppression s;
	int rc = suppression_find(c->db, c->arena, id, &s, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_GONE, "gone",
		    "suppression %" PRIu64, id);
	write_one(resp_json(c->resp, 201), &s);
	resp_json_end(c->resp);
	return 0;
}

struct adding { struct call *c; struct suppression_new n; };

static int
add_work(struct db *db, void *arg, struct err *e)
{
	struct adding *k = arg;
	struct call *c = k->c;
	uint64_t id = 0;
	int rc = suppression_add(db, &k->n, e);

	/* There already: that row is the answer, for a replay too. */
	if (rc < 0 || (rc == 0 && (rc = suppression_of(db, k->n.channel,
	    k->n.address, &id, e)) < 0))
		return -1;
	if (id != 0)
		k->n.id = id;
	if (idem_take(c, db, k->n.id, e) < 0)
		return -1;
	return answer_audit(c, "suppression_add", "ok", c->who.user_id,
	    c->who.session_id, e);
}

int
suppressions_post(struct call *c, const void *in_, struct err *e)
{
	const struct bar_in *in = in_;
	struct adding k = { .c = c, .n = { .id = rand_id(),
	    .channel = channels_find(in->channel),
	    .address = suppression_address(c, in->channel, in->address),
	    .reason = in->reason == NULL ? "blocked" : in->reason,
	    .user_id = c->who.user_id } };

	if (k.n.address == NULL)
		return field_refuse(c, "address", "invalid", e,
		    strcmp(in->channel, "email") == 0 ?
		    "Give an e-mail address." : "Give a phone number.");
	if (db_tx(c->db, add_work, &k, e) < 0)
		return -1;
	return show(c, k.n.id, e);
}

int
suppressions_replay(struct call *c, uint64_t id, struct err *e)
{
	return show(c, id, e);
}

struct removing { struct call *c; uint64_t id; bool found; };

static int
remove_work(struct db *db, void *arg, struct err *e)
{
	struct removing *k = arg;
	int rc = suppression_remove(db, k->id, e);

	if (rc < 0)
		return -1;
	k->found = rc > 0;
	return rc == 0 ? 1 : answer_audit(k->c, "suppression_remove", "ok",
	    k->c->who.user_id, k->c->who.session_id, e);
}

int
suppression_delete(struct call *c, const void *in, struct err *e)
{
	struct removing k = { .c = c };

	(void)in;
	if (id_of_path(c, 0, &k.id, e) < 0 ||
	    db_tx(c->db, remove_work, &k, e) < 0)
		return -1;
	if (!k.found)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such suppression");
	resp_empty(c->resp, 204);
	return 0;
}
