/*
 * suppressions_import.c - POST /api/suppressions/import/: a list brought along
 * from elsewhere.
 *
 * What must stay true: each entry is added or refused by itself, and those
 * that are added commit together; the same list again adds nothing.
 */
#include "api/answer.h"
#include "api/push_own.h"
#include "api/suppressions_own.h"

#include "auth/audit.h"
#include "base/rand.h"
#include "store/suppression.h"

#define ENTRIES_MAX	1000

struct import_in { const struct json *entries; };
static const struct field import_rows[] = {
	FIELD_OF(FT_JSON, struct import_in, entries, "entries", 0, 0,
	    F_REQUIRED),
};
const struct fieldset suppressions_import_fields =
    FIELDSET(struct import_in, import_rows, IN_BODY);

struct importing {
	struct call	*c;
	struct suppression_new *n;
	size_t		 count, added;
};

static void
say_how_many(struct jw *w, const void *arg)
{
	const struct importing *k = arg;

	jw_u64(w, "entries", k->count);
	jw_u64(w, "added", k->added);
}

static int
import_work(struct db *db, void *arg, struct err *e)
{
	struct importing *k = arg;
	struct call *c = k->c;
	const struct audit_event ev = { .event = "suppression_import",
	    .outcome = "ok", .user_id = c->who.user_id,
	    .actor_id = c->who.act_id != 0 ? c->who.act_id : c->who.user_id,
	    .session_id = c->who.session_id };

	k->added = 0;
	for (size_t i = 0; i < k->count; i++) {
		int rc = suppression_add(db, &k->n[i], e);

		if (rc < 0)
			return -1;
		k->added += (size_t)rc;
	}
	return audit_add_detail(db, c->req, &ev, say_how_many, k, e);
}

/* One entry; its field that cannot be used, or NULL. */
static const char *
take(struct call *c, const struct json *j, struct suppression_new *n)
{
	const char *channel = json_str(json_get(j, "channel"));
	const char *address = json_str(json_get(j, "address"));
	const char *reason = json_str(json_get(j, "reason"));

	if (address == NULL || *address == '\0')
		return "address";
	if (reason == NULL && json_get(j, "reason") != NULL)
		return "reason";
	if (reason == NULL || *reason == '\0')
		reason = "blocked";
	if (!suppression_word(reason))
		return "reason";
	if (channel == NULL)
		channel = strchr(address, '@') != NULL ? "email" : "sms";
	if (strcmp(channel, "email") != 0 && strcmp(channel, "sms") != 0 &&
	    strcmp(channel, "whatsapp") != 0)
		return "channel";
	*n = (struct suppression_new){ .id = rand_id(),
	    .channel = channels_find(channel), .reason = reason,
	    .user_id = c->who.user_id,
	    .address = suppression_address(c, channel, address) };
	return n->address == NULL ? "address" : NULL;
}

int
suppressions_import_post(struct call *c, const void *in_, struct err *e)
{
	const struct import_in *in = in_;
	size_t all = json_len(in->entries);
	struct importing k = { .c = c };
	const char **bad;
	struct jw *w;

	if (json_type(in->entries) != JSON_ARRAY || all == 0 ||
	    all > ENTRIES_MAX)
		return field_refuse(c, "entries", "invalid", e,
		    "Give a list of 1 to %d entries.", ENTRIES_MAX);
	k.n = arena_array(c->arena, all, sizeof(*k.n));
	bad = arena_array(c->arena, all, sizeof(*bad));
	for (size_t i = 0; i < all; i++)
		if ((bad[i] = take(c, json_at(in->entries, i),
		    &k.n[k.count])) == NULL)
			k.count++;
	if (k.count > 0 && db_tx(c->db, import_work, &k, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_u64(w, "added", k.added);
	jw_u64(w, "known", k.count - k.added);
	jw_array(w, "refused");
	for (size_t i = 0; i < all; i++) {
		if (bad[i] == NULL)
			continue;
		jw_object(w, NULL);
		jw_u64(w, "index", i);
		jw_str(w, "field", bad[i]);
		jw_end(w);
	}
	jw_end(w);
	resp_json_end(c->resp);
	return 0;
}
