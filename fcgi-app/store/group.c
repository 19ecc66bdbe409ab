/*
 * group.c - statements on push_group and its two kinds of member.
 *
 * No foreign keys: adding joins the tables of group and member, so that what
 * is gone gets no place, and removing a group or device takes its places.
 */
#include "store/group.h"

#include "base/buf.h"
#include "base/text.h"

#define COUNTED " (SELECT COUNT(*) FROM push_group_device d"		\
	"  WHERE d.group_id = g.id),"					\
	" (SELECT COUNT(*) FROM push_group_user u WHERE u.group_id = g.id)"
DB_STMT(GROUP_INSERT, DB_API, DB_ONCE,
    "INSERT INTO push_group (id, name, is_open) VALUES (?, ?, ?)");
DB_STMT(GROUP_FIND, DB_API, DB_READ,
    "SELECT g.id, g.name, g.is_open, g.created_at," COUNTED
    " FROM push_group g WHERE g.id = ?");
DB_STMT(GROUP_BY_NAME, DB_API | DB_WORKER, DB_READ,
    "SELECT id, name, is_open, created_at FROM push_group WHERE name = ?");
DB_STMT(GROUP_BY_ID, DB_API | DB_WORKER, DB_READ,
    "SELECT id, name, is_open, created_at FROM push_group WHERE id = ?");
DB_STMT(GROUP_LIST, DB_API, DB_READ,
    "SELECT g.id, g.name, g.is_open, g.created_at," COUNTED
    " FROM push_group g WHERE ? = '' OR LOCATE(?, g.name) > 0"
    " ORDER BY g.name, g.id LIMIT ? OFFSET ?");
DB_STMT(GROUP_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM push_group WHERE ? = '' OR LOCATE(?, name) > 0");
DB_STMT(GROUP_REMOVE, DB_API, DB_SAFE, "DELETE FROM push_group WHERE id = ?");
DB_STMT(GROUP_REMOVE_DEVICES, DB_API, DB_SAFE,
    "DELETE FROM push_group_device WHERE group_id = ?");
DB_STMT(GROUP_REMOVE_USERS, DB_API, DB_SAFE,
    "DELETE FROM push_group_user WHERE group_id = ?");
DB_STMT(GROUP_LOCK, DB_API, DB_READ,
    "SELECT id FROM push_group WHERE id = ? LOCK IN SHARE MODE");
#define GIVEN " FROM JSON_TABLE(?, '$[*]' COLUMNS (m BIGINT UNSIGNED"	\
	" PATH '$')) t"
DB_STMT(GROUP_ADD_DEVICES, DB_API, DB_SAFE,
    "INSERT IGNORE INTO push_group_device (group_id, device_id)"
    " SELECT ?, d.id" GIVEN " STRAIGHT_JOIN device d ON d.id = t.m");
DB_STMT(GROUP_ADD_USERS, DB_API, DB_SAFE,
    "INSERT IGNORE INTO push_group_user (group_id, user_id)"
    " SELECT ?, u.id" GIVEN " STRAIGHT_JOIN user u ON u.id = t.m");
DB_STMT(GROUP_HAS_DEVICES, DB_API, DB_READ,
    "SELECT COUNT(DISTINCT d.device_id)" GIVEN " STRAIGHT_JOIN"
    " push_group_device d ON d.group_id = ? AND d.device_id = t.m");
DB_STMT(GROUP_HAS_USERS, DB_API, DB_READ,
    "SELECT COUNT(DISTINCT u.user_id)" GIVEN " STRAIGHT_JOIN"
    " push_group_user u ON u.group_id = ? AND u.user_id = t.m");
DB_STMT(GROUP_DROP_DEVICE, DB_API, DB_SAFE,
    "DELETE FROM push_group_device WHERE group_id = ? AND device_id = ?");
DB_STMT(GROUP_DROP_USER, DB_API, DB_SAFE,
    "DELETE FROM push_group_user WHERE group_id = ? AND user_id = ?");
#define MEMBERS								\
	"SELECT is_user, id, user_id, target, created_at FROM ("	\
	"SELECT FALSE AS is_user, g.device_id AS id, d.user_id, d.target,"	\
	"  g.created_at FROM push_group_device g"			\
	"  LEFT JOIN device d ON d.id = g.device_id WHERE g.group_id = ?"	\
	" UNION ALL SELECT TRUE, u.user_id, u.user_id, NULL, u.created_at"	\
	"  FROM push_group_user u WHERE u.group_id = ?) m"		\
	" WHERE ? = ''"							\
	" OR LOCATE(?, CONCAT(IF(is_user, 'user-', 'device-'), id)) > 0"
DB_STMT(GROUP_MEMBERS, DB_API, DB_READ, MEMBERS
    " ORDER BY created_at, is_user, id LIMIT ? OFFSET ?");
DB_STMT(GROUP_MEMBERS_DOWN, DB_API, DB_READ, MEMBERS
    " ORDER BY created_at DESC, is_user DESC, id DESC LIMIT ? OFFSET ?");
DB_STMT(GROUP_COUNT_MEMBERS, DB_API, DB_READ,
    "SELECT (SELECT COUNT(*) FROM push_group_device WHERE group_id = ?"
    " AND (? = '' OR LOCATE(?, CONCAT('device-', device_id)) > 0))"
    " + (SELECT COUNT(*) FROM push_group_user WHERE group_id = ?"
    " AND (? = '' OR LOCATE(?, CONCAT('user-', user_id)) > 0))");

/* --- groups ------------------------------------------------------------- */

int
group_insert(struct db *db, uint64_t id, const char *name, bool is_open,
    struct err *e)
{
	struct group g;
	int rc;

	for (int again = 0; ; again++) {
		if (db_run(db, &GROUP_INSERT, DB_IN(DB_U64(id), DB_STR(name),
		    DB_I64(is_open)), e) >= 0)
			return 1;
		if (e->kind == ERR_DB_DUP) {
			struct arena *a = arena_new(4096);

			rc = group_find(db, a, id, &g, e);
			if (rc == 1)	/* a redo, or another's id */
				rc = strcmp(g.name, name) == 0;
			arena_free(a);
			return rc;
		}
		if (e->kind != ERR_DB_LOST || db_in_tx(db) || again == 2)
			return -1;
	}
}

int
group_find(struct db *db, struct arena *a, uint64_t id, struct group *g,
    struct err *e)
{
	return db_one(db, &GROUP_FIND, a, DB_IN(DB_U64(id)),
	    DB_OUT(DB_TO_U64(&g->id), DB_TO_STR(&g->name),
	    DB_TO_BOOL(&g->is_open), DB_TO_TIME(&g->created_us),
	    DB_TO_U64(&g->devices), DB_TO_U64(&g->users)), e);
}

int
group_resolve(struct db *db, struct arena *a, const char *name_or_id,
    struct group *g, struct err *e)
{
	uint64_t id;
	int rc;

	memset(g, 0, sizeof(*g));
	rc = db_one(db, &GROUP_BY_NAME, a, DB_IN(DB_STR(name_or_id)),
	    DB_OUT(DB_TO_U64(&g->id), DB_TO_STR(&g->name),
	    DB_TO_BOOL(&g->is_open), DB_TO_TIME(&g->created_us)), e);
	if (rc != 0 || !text_u64(name_or_id, INT64_MAX, &id))
		return rc;
	return db_one(db, &GROUP_BY_ID, a, DB_IN(DB_U64(id)),
	    DB_OUT(DB_TO_U64(&g->id), DB_TO_STR(&g->name),
	    DB_TO_BOOL(&g->is_open), DB_TO_TIME(&g->created_us)), e);
}

int
group_each(struct db *db, struct arena *a, const struct group_page *p,
    struct group *g, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return (int)db_each(db, &GROUP_LIST, a, DB_IN(DB_STR(p->q),
	    DB_STR(p->q), DB_U64(p->limit), DB_U64(p->offset)),
	    DB_OUT(DB_TO_U64(&g->id), DB_TO_STR(&g->name),
	    DB_TO_BOOL(&g->is_open), DB_TO_TIME(&g->created_us),
	    DB_TO_U64(&g->devices), DB_TO_U64(&g->users)), row, arg, e);
}

int64_t
group_count(struct db *db, const struct group_page *p, struct err *e)
{
	int64_t n = 0;

	return db_one(db, &GROUP_COUNT, NULL, DB_IN(DB_STR(p->q),
	    DB_STR(p->q)), DB_OUT(DB_TO_I64(&n)), e) < 0 ? -1 : n;
}

struct removal { uint64_t id; int64_t n; };

/* The group first: who is adding holds a shared lock on it. */
static int
remove_work(struct db *db, void *arg, struct err *e)
{
	struct removal *r = arg;

	r->n = db_run(db, &GROUP_REMOVE, DB_IN(DB_U64(r->id)), e);
	if (r->n <= 0)
		return (int)r->n;
	return db_run(db, &GROUP_REMOVE_DEVICES, DB_IN(DB_U64(r->id)),
	    e) < 0 || db_run(db, &GROUP_REMOVE_USERS, DB_IN(DB_U64(r->id)),
	    e) < 0 ? -1 : 0;
}

int
group_remove(struct db *db, uint64_t id, struct err *e)
{
	struct removal r = { .id = id };

	if (db_join(db, remove_work, &r, e) < 0)
		return -1;
	return r.n > 0;
}

/* --- members ------------------------------------------------------------ */

struct adding {
	uint64_t	 id;
	enum group_kind	 kind;
	const char	*json;
	int64_t		 n;
};

static int
add_work(struct db *db, void *arg, struct err *e)
{
	struct adding *d = arg;
	bool users = d->kind == GROUP_USER;
	uint64_t id;
	int rc = db_one(db, &GROUP_LOCK, NULL, DB_IN(DB_U64(d->id)),
	    DB_OUT(DB_TO_U64(&id)), e);

	d->n = 0;
	if (rc <= 0)
		return rc;
	if (db_run(db, users ? &GROUP_ADD_USERS : &GROUP_ADD_DEVICES,
	    DB_IN(DB_U64(d->id), DB_STR(d->json)), e) < 0)
		return -1;
	return db_one(db, users ? &GROUP_HAS_USERS : &GROUP_HAS_DEVICES, NULL,
	    DB_IN(DB_STR(d->json), DB_U64(d->id)), DB_OUT(DB_TO_I64(&d->n)),
	    e) < 0 ? -1 : 0;
}

int64_t
group_add(struct db *db, uint64_t id, enum group_kind kind,
    const uint64_t *member, size_t n, struct err *e)
{
	struct adding d = { .id = id, .kind = kind };
	struct buf json;
	int rc;

	buf_init(&json, n * 22 + 4);
	buf_char(&json, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(&json, "%s%" PRIu64, i == 0 ? "" : ",", member[i]);
	buf_char(&json, ']');
	d.json = buf_text(&json);
	rc = db_join(db, add_work, &d, e);
	buf_fini(&json);
	return rc < 0 ? -1 : d.n;
}

int
group_drop(struct db *db, uint64_t id, enum group_kind kind, uint64_t member,
    struct err *e)
{
	return (int)db_run(db, kind == GROUP_USER ? &GROUP_DROP_USER :
	    &GROUP_DROP_DEVICE, DB_IN(DB_U64(id), DB_U64(member)), e);
}

struct walk {
	struct group_member *m;
	bool		 is_user;
	int		(*row)(void *arg, struct err *e);
	void		*arg;
};

static int
see_member(void *arg, struct err *e)
{
	struct walk *w = arg;

	w->m->kind = w->is_user ? GROUP_USER : GROUP_DEVICE;
	return w->row(w->arg, e);
}

int
group_each_member(struct db *db, struct arena *a, const struct group_page *p,
    struct group_member *m, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	struct walk w = { .m = m, .row = row, .arg = arg };

	return (int)db_each(db, p->down ? &GROUP_MEMBERS_DOWN :
	    &GROUP_MEMBERS, a, DB_IN(DB_U64(p->group_id),
	    DB_U64(p->group_id), DB_STR(p->q), DB_STR(p->q),
	    DB_U64(p->limit), DB_U64(p->offset)),
	    DB_OUT(DB_TO_BOOL(&w.is_user), DB_TO_U64(&m->id),
	    DB_TO_U64(&m->user_id), DB_TO_STR(&m->target),
	    DB_TO_TIME(&m->created_us)), see_member, &w, e);
}

int64_t
group_count_members(struct db *db, const struct group_page *p, struct err *e)
{
	int64_t n = 0;

	return db_one(db, &GROUP_COUNT_MEMBERS, NULL, DB_IN(
	    DB_U64(p->group_id), DB_STR(p->q), DB_STR(p->q),
	    DB_U64(p->group_id), DB_STR(p->q), DB_STR(p->q)),
	    DB_OUT(DB_TO_I64(&n)), e) < 0 ? -1 : n;
}
