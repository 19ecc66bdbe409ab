/*
 * groups.c - groups of devices and users, kept by whoever sends pushes.
 */
#include "api/each.h"
#include "api/idem.h"
#include "api/list.h"
#include "api/push_own.h"

#include "base/rand.h"
#include "base/text.h"
#include "store/group.h"

#define MEMBERS_MOST	1000		/* in one call */

struct groups_in { const char *name; struct opt_bool open; };
static const struct field groups_rows[] = {
	FIELD_TEXT(struct groups_in, name, "name", 1, GROUP_NAME_MAX,
	    F_REQUIRED | F_TRIM | F_LINE),
	FIELD_OF(FT_BOOL, struct groups_in, open, "open", 0, 0, 0),
};
const struct fieldset groups_fields =
    FIELDSET(struct groups_in, groups_rows, IN_BODY);

struct members_in {
	const char	*device_id;
	struct texts	 device_ids;
	struct opt_int	 user_id;
	struct ints	 user_ids;
};
static const struct field members_rows[] = {
	FIELD_TEXT(struct members_in, device_id, "device_id", 1, 20, 0),
	FIELD_OF(FT_TEXTS, struct members_in, device_ids, "device_ids", 1,
	    MEMBERS_MOST, 0),
	FIELD_OF(FT_INT, struct members_in, user_id, "user_id", 1, INT64_MAX,
	    0),
	FIELD_OF(FT_INTS, struct members_in, user_ids, "user_ids", 1,
	    MEMBERS_MOST, 0),
};
const struct fieldset group_members_fields =
    FIELDSET(struct members_in, members_rows, IN_BODY);

struct members_list_in { struct list_in list; const char *ordering; };
static const struct field members_list_rows[] = {
	LIST_FIELDS(struct members_list_in, list),
	FIELD_ENUM(struct members_list_in, ordering, "ordering",
	    "created_at|-created_at", 0),
};
const struct fieldset group_members_list_fields =
    FIELDSET(struct members_list_in, members_list_rows, IN_QUERY);

/* --- groups ------------------------------------------------------------- */

static void
write_group(struct jw *w, const struct group *g)
{
	jw_id(w, "id", g->id);
	jw_str(w, "name", g->name);
	jw_bool(w, "open", g->is_open);
	jw_u64(w, "devices", g->devices);
	jw_u64(w, "users", g->users);
	jw_time(w, "created_at", g->created_us);
}

static int
not_there(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "not_found", "no such group");
}

static int
show(struct call *c, uint64_t id, struct err *e)
{
	struct group g;
	int rc = group_find(c->db, c->arena, id, &g, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_GONE, "gone",
		    "group %" PRIu64, id);
	write_group(resp_json(c->resp, 201), &g);
	resp_json_end(c->resp);
	return 0;
}

struct making {
	struct call		*c;
	const struct groups_in	*in;
	uint64_t		 id;
};

static int
make_work(struct db *db, void *arg, struct err *e)
{
	struct making *m = arg;
	struct call *c = m->c;
	int rc = group_insert(db, m->id, m->in->name, m->in->open.v, e);

	if (rc < 0)
		return -1;
	/* The key first: who lost the race for it lost the name as well. */
	if (idem_take(c, db, m->id, e) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_CONFLICT, "name_taken",
	    "a group has this name");
}

int
groups_post(struct call *c, const void *in, struct err *e)
{
	struct making m = { .c = c, .in = in, .id = rand_id() };

	if (db_tx(c->db, make_work, &m, e) < 0)
		return -1;
	return show(c, m.id, e);
}

int
groups_replay(struct call *c, uint64_t id, struct err *e)
{
	return show(c, id, e);
}

struct listing { struct jw *w; struct group g; struct group_member m; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	write_group(l->w, &l->g);
	jw_end(l->w);
	return 0;
}

static void
page_of(const struct list *l, struct group_page *p)
{
	p->q = l->q;
	p->limit = l->limit;
	p->offset = l->offset;
}

int
groups_get(struct call *c, const void *in, struct err *e)
{
	struct group_page p = { 0 };
	struct listing row;
	struct list l;
	int64_t n;

	list_read(in, &l);
	page_of(&l, &p);
	if ((n = group_count(c->db, &p, e)) < 0)
		return -1;
	row.w = list_open(c, &l, n);
	if (group_each(c->db, c->arena, &p, &row.g, write_row, &row, e) < 0)
		return -1;
	list_close(c);
	return 0;
}

int
group_delete(struct call *c, const void *in, struct err *e)
{
	uint64_t id;
	int rc;

	(void)in;
	if (id_of_path(c, 0, &id, e) < 0 ||
	    (rc = group_remove(c->db, id, e)) < 0)
		return -1;
	if (rc == 0)
		return not_there(e);
	resp_empty(c->resp, 204);
	return 0;
}

/* --- members ------------------------------------------------------------ */

/* The group of the path: 0, or -1 (404 when it is not there). */
static int
group_of_path(struct call *c, struct group *g, struct err *e)
{
	uint64_t id;
	int rc;

	if (id_of_path(c, 0, &id, e) < 0 ||
	    (rc = group_find(c->db, c->arena, id, g, e)) < 0)
		return -1;
	return rc == 1 ? 0 : not_there(e);
}

/* One and many, as ids; *n of them. */
static int
devices_of(struct call *c, const struct members_in *in, uint64_t **id,
    size_t *n, struct err *e)
{
	*n = 0;
	*id = arena_array(c->arena, in->device_ids.n + 1, sizeof(**id));
	if (in->device_id != NULL && !id_read(in->device_id, &(*id)[(*n)++]))
		return field_refuse(c, "device_id", "invalid", e,
		    "This is no device id.");
	for (size_t i = 0; i < in->device_ids.n; i++)
		if (!id_read(in->device_ids.p[i], &(*id)[(*n)++]))
			return field_refuse(c, "device_ids", "invalid", e,
			    "Item %zu is no device id.", i);
	return 0;
}

static int
users_of(struct call *c, const struct members_in *in, uint64_t **id,
    size_t *n, struct err *e)
{
	*n = 0;
	*id = arena_array(c->arena, in->user_ids.n + 1, sizeof(**id));
	if (in->user_id.set)
		(*id)[(*n)++] = (uint64_t)in->user_id.v;
	for (size_t i = 0; i < in->user_ids.n; i++) {
		if (in->user_ids.p[i] < 1)
			return field_refuse(c, "user_ids", "invalid", e,
			    "Item %zu is no user id.", i);
		(*id)[(*n)++] = (uint64_t)in->user_ids.p[i];
	}
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static size_t
distinct(uint64_t *id, size_t n)
{
	size_t kept = 0;

	qsort(id, n, sizeof(*id), by_number);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || id[i] != id[kept - 1])
			id[kept++] = id[i];
	return kept;
}

struct adding {
	uint64_t	 group_id, *device, *user;
	size_t		 devices, users;
	int64_t		 got_devices, got_users;
};

/* All or none: half a list added would have to be guessed at. */
static int
add_work(struct db *db, void *arg, struct err *e)
{
	struct adding *d = arg;

	d->got_devices = d->got_users = 0;
	if ((d->devices > 0 && (d->got_devices = group_add(db, d->group_id,
	    GROUP_DEVICE, d->device, d->devices, e)) < 0) ||
	    (d->users > 0 && (d->got_users = group_add(db, d->group_id,
	    GROUP_USER, d->user, d->users, e)) < 0))
		return -1;
	return (size_t)d->got_devices < d->devices ||
	    (size_t)d->got_users < d->users;
}

int
group_members_post(struct call *c, const void *in_, struct err *e)
{
	const struct members_in *in = in_;
	struct adding d = { 0 };
	struct group g;
	struct jw *w;

	if (devices_of(c, in, &d.device, &d.devices, e) < 0 ||
	    users_of(c, in, &d.user, &d.users, e) < 0)
		return -1;
	if (d.devices + d.users == 0)
		return field_refuse(c, "device_ids", "required", e,
		    "Give device_ids or user_ids.");
	if (group_of_path(c, &g, e) < 0)
		return -1;
	d.group_id = g.id;
	d.devices = distinct(d.device, d.devices);
	d.users = distinct(d.user, d.users);
	if (db_tx(c->db, add_work, &d, e) < 0)
		return -1;
	if ((size_t)d.got_devices < d.devices)
		return field_refuse(c, in->device_ids.set ? "device_ids" :
		    "device_id", "unknown_device", e,
		    "There is no such device.");
	if ((size_t)d.got_users < d.users)
		return field_refuse(c, in->user_ids.set ? "user_ids" :
		    "user_id", "unknown_user", e, "There is no such user.");
	w = resp_json(c->resp, 201);
	jw_id(w, "id", g.id);
	jw_u64(w, "added", d.devices + d.users);
	resp_json_end(c->resp);
	return 0;
}

/* A member's id says which kind it is: "user-7", "device-123". */
static int
write_member(void *arg, struct err *e)
{
	struct listing *l = arg;
	const struct group_member *m = &l->m;
	char id[32];

	(void)e;
	snprintf(id, sizeof(id), "%s-%" PRIu64, m->kind == GROUP_USER ?
	    "user" : "device", m->id);
	jw_object(l->w, NULL);
	jw_str(l->w, "id", id);
	if (m->kind == GROUP_USER)
		jw_null(l->w, "device_id");
	else
		jw_id(l->w, "device_id", m->id);
	jw_user_or_null(l->w, "user_id", m->user_id);
	jw_str(l->w, "endpoint", m->target);
	jw_time(l->w, "created_at", m->created_us);
	jw_end(l->w);
	return 0;
}

int
group_members_get(struct call *c, const void *in_, struct err *e)
{
	const struct members_list_in *in = in_;
	struct group_page p = { .down = in->ordering != NULL &&
	    in->ordering[0] == '-' };
	struct listing row;
	struct group g;
	struct list l;
	int64_t n;

	if (group_of_path(c, &g, e) < 0)
		return -1;
	list_read(&in->list, &l);
	if (in->ordering != NULL)
		l.more = arena_printf(c->arena, "&ordering=%s", in->ordering);
	page_of(&l, &p);
	p.group_id = g.id;
	if ((n = group_count_members(c->db, &p, e)) < 0)
		return -1;
	row.w = list_open(c, &l, n);
	if (group_each_member(c->db, c->arena, &p, &row.m, write_member, &row,
	    e) < 0)
		return -1;
	list_close(c);
	return 0;
}

int
group_member_delete(struct call *c, const void *in, struct err *e)
{
	const char *member = c->param[1];
	enum group_kind kind = GROUP_DEVICE;
	uint64_t id, who;
	int rc = 0;

	(void)in;
	if (id_of_path(c, 0, &id, e) < 0)
		return -1;
	if (text_starts(member, "user-")) {
		kind = GROUP_USER;
		member += strlen("user-");
	} else if (text_starts(member, "device-")) {
		member += strlen("device-");
	}
	if (id_read(member, &who) &&
	    (rc = group_drop(c->db, id, kind, who, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such member");
	resp_empty(c->resp, 204);
	return 0;
}

int
group_members_remove(struct call *c, const void *in_, struct err *e)
{
	const struct each_in *in = in_;
	struct group g;

	if (group_of_path(c, &g, e) < 0 ||
	    each_id(c, &in->ids, 1, group_member_delete, e) < 0)
		return -1;
	resp_json_end(c->resp);
	return 0;
}
