/*
 * subscriptions.c - a browser's subscription made known: by its user, or for
 * a group by the old system's form.
 *
 * What must stay true: a visitor never learns which groups exist, and never
 * takes a device from its owner.
 */
#include "api/idem.h"
#include "api/list.h"
#include "api/push_own.h"

#include "base/crypto.h"
#include "base/rand.h"
#include "store/group.h"

#define BROWSER_MAX	100		/* columns of table device */
#define AGENT_MAX	255

/* {subscription: {…}}, or the browser's object as it is. */
struct subscribe_in {
	const struct json *subscription, *subscription_info, *keys;
	const char	*endpoint, *browser, *user_agent, *replaces;
};
static const struct field subscribe_rows[] = {
	FIELD_OF(FT_JSON, struct subscribe_in, subscription, "subscription",
	    0, 0, F_JSON_TEXT),
	FIELD_OF(FT_JSON, struct subscribe_in, subscription_info,
	    "subscription_info", 0, 0, F_JSON_TEXT),
	FIELD_TEXT(struct subscribe_in, endpoint, "endpoint", 1, 2048, 0),
	FIELD_OF(FT_JSON, struct subscribe_in, keys, "keys", 0, 0,
	    F_JSON_TEXT),
	FIELD_TEXT(struct subscribe_in, browser, "browser", 0, 1000, F_TRIM),
	FIELD_TEXT(struct subscribe_in, user_agent, "user_agent", 0, 1000,
	    F_TRIM),
	FIELD_TEXT(struct subscribe_in, replaces, "replaces", 1, 2048, 0),
};
const struct fieldset subscriptions_fields =
    FIELDSET(struct subscribe_in, subscribe_rows, IN_BODY);

struct save_in {
	const char	*status_type;
	const struct json *subscription;
	const char	*browser, *user_agent, *group;
};
static const struct field save_rows[] = {
	FIELD_ENUM(struct save_in, status_type, "status_type",
	    "subscribe|unsubscribe", F_REQUIRED),
	FIELD_OF(FT_JSON, struct save_in, subscription, "subscription", 0, 0,
	    F_REQUIRED | F_JSON_TEXT),
	FIELD_TEXT(struct save_in, browser, "browser", 0, 1000, F_TRIM),
	FIELD_TEXT(struct save_in, user_agent, "user_agent", 0, 1000, F_TRIM),
	FIELD_TEXT(struct save_in, group, "group", 0, GROUP_NAME_MAX, F_TRIM),
};
const struct fieldset save_information_fields =
    FIELDSET(struct save_in, save_rows, IN_BODY);

static void
write_device(struct jw *w, const struct device *d)
{
	jw_id(w, "id", d->id);
	jw_str(w, "endpoint", d->target);
	jw_str(w, "browser", d->browser);
	jw_str(w, "user_agent", d->user_agent);
	jw_bool(w, "active", d->is_active);
	jw_time(w, "created_at", d->created_us);
	jw_time(w, "seen_at", d->seen_us);
}

static void
describe(struct call *c, struct device_new *n, const char *browser,
    const char *agent)
{
	n->browser = browser == NULL ? "" : text_cut(c->arena, browser,
	    BROWSER_MAX);
	if (agent == NULL || *agent == '\0')
		agent = c->req->user_agent;
	n->user_agent = text_cut(c->arena, agent, AGENT_MAX);
	n->most = DEVICES_MOST;
}

int
device_room(struct call *c, const struct device_new *n, struct err *e)
{
	const struct device_page p = { .user_id = n->user_id,
	    .kind = n->kind, .q = "" };
	uint64_t id, owner = 0;
	int64_t have;

	if (device_by_target(c->db, n->target_hash, &id, &owner, e) < 0)
		return -1;
	if (owner == n->user_id)
		return 0;
	if ((have = device_count(c->db, &p, e)) < 0)
		return -1;
	return have < DEVICES_MOST ? 0 : err_set(e, ERR_CONFLICT,
	    "too_many_devices", "user %" PRIu64 " has %" PRId64,
	    n->user_id, have);
}

/* --- of a user ---------------------------------------------------------- */

struct registering {
	struct call		*c;
	const struct device_new	*n;
	const uint8_t		*old;	/* the target's hash that n replaces */
	uint64_t		 id;
};

static int
register_work(struct db *db, void *arg, struct err *e)
{
	struct registering *r = arg;
	struct call *c = r->c;

	if ((r->old != NULL ? device_replace(db, r->n, r->old, &r->id, e) :
	    device_register(db, r->n, &r->id, e)) < 0)
		return -1;
	return idem_take(c, db, r->id, e);
}

static int
show(struct call *c, uint64_t id, struct err *e)
{
	struct device d;
	struct jw *w;
	int rc = device_find(c->db, c->arena, id, &d, e);

	if (rc < 0)
		return -1;
	/* Meanwhile another's is as good as gone. */
	if (rc == 0 || d.user_id != c->who.user_id)
		return err_set(e, ERR_GONE, "gone", "device %" PRIu64, id);
	w = resp_json(c->resp, 201);
	write_device(w, &d);
	resp_json_end(c->resp);
	return 0;
}

int
subscriptions_post(struct call *c, const void *in_, struct err *e)
{
	const struct subscribe_in *in = in_;
	const struct json *j = in->subscription != NULL ? in->subscription :
	    in->subscription_info;
	const struct sub_place at = { j == NULL ? "endpoint" :
	    in->subscription != NULL ? "subscription" : "subscription_info",
	    -1 };
	struct registering r = { .c = c };
	struct subscription s;
	struct device_new n;
	uint8_t tag[8], old[32];

	if (j != NULL ? subscription_read(c, &at, j, &s, e) < 0 :
	    subscription_check(c, &at, in->endpoint,
	    json_str(json_get(in->keys, "p256dh")),
	    json_str(json_get(in->keys, "auth")), &s, e) < 0)
		return -1;
	if (push_key_tag(tag, e) < 0)
		return -1;
	subscription_row(&s, tag, &n);
	n.user_id = c->who.user_id;
	describe(c, &n, in->browser, in->user_agent);
	r.n = &n;
	if (in->replaces != NULL) {
		sha256(old, in->replaces, strlen(in->replaces));
		r.old = old;
	}
	if ((r.old == NULL && device_room(c, &n, e) < 0) || db_tx(c->db, register_work, &r, e) < 0)
		return -1;
	return show(c, r.id, e);
}

int
subscriptions_replay(struct call *c, uint64_t id, struct err *e)
{
	return show(c, id, e);
}

struct listing { struct jw *w; struct device d; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	write_device(l->w, &l->d);
	jw_end(l->w);
	return 0;
}

int
subscriptions_get(struct call *c, const void *in, struct err *e)
{
	struct device_page p = { .user_id = c->who.user_id,
	    .kind = WEB_PUSH };
	struct listing row;
	struct list l;
	int64_t n;

	list_read(in, &l);
	p.q = l.q;
	p.limit = l.limit;
	p.offset = l.offset;
	if ((n = device_count(c->db, &p, e)) < 0)
		return -1;
	row.w = list_open(c, &l, n);
	if (device_each(c->db, c->arena, &p, &row.d, write_row, &row, e) < 0)
		return -1;
	list_close(c);
	return 0;
}

int
subscription_delete(struct call *c, const void *in, struct err *e)
{
	uint64_t id;
	int rc;

	(void)in;
	if (id_of_path(c, 0, &id, e) < 0 ||
	    (rc = device_remove(c->db, c->who.user_id, id, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "not a device of the caller");
	resp_empty(c->resp, 204);
	return 0;
}

/* --- the old system's form ---------------------------------------------- */

struct saving {
	struct call		*c;
	const struct device_new	*n;
	uint64_t		 group_id;	/* 0: none */
};

static int
subscribe_work(struct db *db, void *arg, struct err *e)
{
	struct saving *s = arg;
	uint64_t id;

	if (device_register(db, s->n, &id, e) < 0)
		return -1;
	return s->group_id != 0 && group_add(db, s->group_id, GROUP_DEVICE,
	    &id, 1, e) < 0 ? -1 : 0;
}

/* From the group; without one the user forgets the device. */
static int
unsubscribe_work(struct db *db, void *arg, struct err *e)
{
	struct saving *s = arg;
	uint64_t id, owner;
	int rc = device_by_target(db, s->n->target_hash, &id, &owner, e);

	if (rc <= 0)
		return rc;
	if (s->group_id == 0)
		return device_remove(db, s->n->user_id, id, e) < 0 ? -1 : 0;
	/* The endpoint is a secret of its browser: who knows it may leave,
	 * but not in the name of another who is signed in. */
	if (owner != 0 && s->n->user_id != 0 && owner != s->n->user_id)
		return 0;
	return group_drop(db, s->group_id, GROUP_DEVICE, id, e) < 0 ||
	    device_remove_stray(db, id, e) < 0 ? -1 : 0;
}

/* A visitor gets the same for a group that is not open and for none at all. */
static int
find_group(struct call *c, const char *name, bool signed_in, uint64_t *id,
    struct err *e)
{
	struct group g;
	int rc;

	*id = 0;
	if (name == NULL || *name == '\0')
		return signed_in ? 0 : err_set(e, ERR_AUTH,
		    "sign_in_required", "neither user nor group");
	if ((rc = group_resolve(c->db, c->arena, name, &g, e)) < 0)
		return -1;
	if (!signed_in && (rc == 0 || !g.is_open))
		return err_set(e, ERR_FORBIDDEN, "group_closed",
		    "not an open group");
	if (rc == 0)
		return field_refuse(c, "group", "unknown_group", e,
		    "There is no such group.");
	*id = g.id;
	return 0;
}

int
save_information_post(struct call *c, const void *in_, struct err *e)
{
	const struct save_in *in = in_;
	const struct sub_place at = { "subscription", -1 };
	bool on = strcmp(in->status_type, "subscribe") == 0;
	bool signed_in = c->who.kind == CALLER_SESSION && !c->who.claim;
	struct saving s = { .c = c };
	struct subscription sub;
	struct device_new n;
	uint8_t tag[8];

	if (find_group(c, in->group, signed_in, &s.group_id, e) < 0 ||
	    subscription_read(c, &at, in->subscription, &sub, e) < 0 ||
	    push_key_tag(tag, e) < 0)
		return -1;
	subscription_row(&sub, tag, &n);
	n.user_id = signed_in ? c->who.user_id : 0;
	describe(c, &n, in->browser, in->user_agent);
	s.n = &n;
	if ((on && signed_in && device_room(c, &n, e) < 0) ||
	    db_tx(c->db, on ? subscribe_work : unsubscribe_work, &s, e) < 0)
		return -1;
	resp_message(c->resp, on ? 201 : 202, on ? "Subscribed" :
	    "Unsubscribed");
	return 0;
}
