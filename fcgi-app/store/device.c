/*
 * device.c - statements on table device.
 *
 * What must stay true: a target has one row (device_target is unique on its
 * hash), and a device that changes hands leaves the groups that its former
 * owner had it in.
 */
#include "store/device.h"

#include "base/buf.h"
#include "base/rand.h"
#include "base/text.h"

#define HASH_LEN	32
#define KEY_LEN		65
#define AUTH_LEN	16
#define VAPID_LEN	8
#define OFFER_COLS	8
#define ID_TRIES	3

DB_STMT(DEVICE_OWNER_LOCK, DB_API, DB_READ,
    "SELECT user_id, is_active FROM device WHERE target_hash = ?"
    " FOR UPDATE");
/* Who counts a user's devices counts alone. */
DB_STMT(DEVICE_USER_LOCK, DB_API, DB_READ,
    "SELECT id FROM user WHERE id = ? FOR UPDATE");
/* A key that another device has by chance must not touch that one: nothing
 * changes then, and the caller sees that its target has no row. */
#define IF_SAME(col, value)						\
	" " col " = IF(target_hash = VALUES(target_hash), " value ", " col ")"
#define KEPT(col) IF_SAME(col, "IF(VALUES(" col ") = '', " col ","	\
	" VALUES(" col "))")
/* Who is not signed in, or only names a subscription in a send, changes no
 * keys of a device that somebody owns: its owner could not read any more. */
#define OWNERS(col) "IF(VALUES(user_id) IS NULL AND user_id IS NOT NULL, "	\
	col ", VALUES(" col "))"
#define REVIVED								\
	IF_SAME("p256dh", OWNERS("p256dh")) ","				\
	IF_SAME("auth", OWNERS("auth")) ","				\
	IF_SAME("vapid", OWNERS("vapid")) ","				\
	IF_SAME("is_active", "TRUE") "," IF_SAME("dead_at", "NULL") ","	\
	IF_SAME("dead_reason", "NULL") ","				\
	IF_SAME("seen_at", "UTC_TIMESTAMP(6)")
DB_STMT(DEVICE_REGISTER, DB_API, DB_SAFE,
    "INSERT INTO device (id, user_id, kind, device_type, target_hash, target,"
    " p256dh, auth, vapid, browser, user_agent)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE"
    IF_SAME("user_id", "COALESCE(VALUES(user_id), user_id)") ","
    KEPT("device_type") "," KEPT("browser") "," KEPT("user_agent") ","
    REVIVED);
DB_STMT(DEVICE_LEAVE_GROUPS, DB_API, DB_SAFE,
    "DELETE FROM push_group_device WHERE device_id = ?");
DB_STMT(DEVICE_KNOWN, DB_API, DB_READ,
    "SELECT t.n, d.id, d.p256dh, d.auth, d.is_active"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY,"
    "  h CHAR(64) PATH '$')) t"
    " STRAIGHT_JOIN device d ON d.target_hash = UNHEX(t.h)");
/* A send to one device is the common case, and a table made of JSON costs
 * more than the look. */
DB_STMT(DEVICE_KNOWN_ONE, DB_API, DB_READ,
    "SELECT 1, id, p256dh, auth, is_active FROM device"
    " WHERE target_hash = ?");
DB_STMT(DEVICE_OFFER, DB_API, DB_SAFE,
    "INSERT INTO device (id, kind, target_hash, target, p256dh, auth, vapid,"
    " browser) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE"
    REVIVED);
DB_STMT(DEVICE_FIND, DB_API, DB_READ,
    "SELECT id, user_id, kind, target, browser, user_agent, is_active,"
    " created_at, seen_at, dead_at, dead_reason FROM device WHERE id = ?");
DB_STMT(DEVICE_BY_TARGET, DB_API, DB_READ,
    "SELECT id, user_id FROM device WHERE target_hash = ?");
DB_STMT(DEVICE_USER_HAS, DB_API, DB_READ,
    "SELECT 1 FROM device WHERE user_id = ? AND kind = ? AND is_active"
    " LIMIT 1");
#define OF_PAGE " FROM device WHERE user_id = ? AND kind = ? AND is_active" \
	" AND (? = '' OR LOCATE(?, browser) > 0" \
	" OR LOCATE(?, user_agent) > 0 OR " DB_HAS("target") ")"
DB_STMT(DEVICE_LIST, DB_API, DB_READ,
    "SELECT id, user_id, kind, target, browser, user_agent, is_active,"
    " created_at, seen_at, dead_at, dead_reason" OF_PAGE
    " ORDER BY id DESC LIMIT ? OFFSET ?");
DB_STMT(DEVICE_COUNT, DB_API, DB_READ, "SELECT COUNT(*)" OF_PAGE);
DB_STMT(DEVICE_REMOVE, DB_API, DB_SAFE,
    "DELETE FROM device WHERE id = ? AND user_id = ?");
DB_STMT(DEVICE_REMOVE_STRAY, DB_API, DB_SAFE,
    "DELETE FROM device WHERE id = ? AND user_id IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM push_group_device g"
    "  WHERE g.device_id = device.id)");
DB_STMT(DEVICE_RESULTS, DB_API, DB_READ,
    "SELECT x.seq, COALESCE(d.target, x.target), x.state, x.reason"
    " FROM delivery x LEFT JOIN device d ON d.id = x.device_id"
    " WHERE x.notification_id = ? AND x.seq > ? ORDER BY x.seq LIMIT ?");

/* --- registering -------------------------------------------------------- */

struct registering { const struct device_new *n; uint64_t id; bool made; };

static int
upsert(struct db *db, const struct device_new *n, uint64_t id, struct err *e)
{
	return db_run(db, &DEVICE_REGISTER, DB_IN(DB_U64(id),
	    DB_REF(n->user_id), DB_STR(n->kind),
	    DB_STR(n->device_type == NULL ? "" : n->device_type),
	    DB_BIN(n->target_hash, HASH_LEN), DB_STR(n->target),
	    DB_BIN(n->p256dh, KEY_LEN), DB_BIN(n->auth, AUTH_LEN),
	    DB_BIN(n->vapid, VAPID_LEN), DB_STR(n->browser),
	    DB_STR(n->user_agent)), e) < 0 ? -1 : 0;
}

static int
has_room(struct db *db, const struct device_new *n, struct err *e)
{
	const struct device_page p = { .user_id = n->user_id,
	    .kind = n->kind, .q = "" };
	int64_t have = device_count(db, &p, e);

	if (have < 0)
		return -1;
	return have <= n->most ? 0 : err_set(e, ERR_CONFLICT,
	    "too_many_devices", "user %" PRIu64 " has %u", n->user_id,
	    n->most);
}

static int
register_work(struct db *db, void *arg, struct err *e)
{
	struct registering *r = arg;
	const struct device_new *n = r->n;
	bool counts = n->most > 0 && n->user_id != 0;
	uint64_t owner = 0, now_of, id = n->id;
	bool active = false;
	int was, rc;

	if (counts && db_one(db, &DEVICE_USER_LOCK, NULL,
	    DB_IN(DB_U64(n->user_id)), DB_OUT(DB_TO_U64(&now_of)), e) < 0)
		return -1;
	if ((was = db_one(db, &DEVICE_OWNER_LOCK, NULL,
	    DB_IN(DB_BIN(n->target_hash, HASH_LEN)),
	    DB_OUT(DB_TO_U64(&owner), DB_TO_BOOL(&active)), e)) < 0)
		return -1;
	for (int again = 0; ; again++, id = rand_id()) {
		if (upsert(db, n, id, e) < 0 || (rc = device_by_target(db,
		    n->target_hash, &r->id, &now_of, e)) < 0)
			return -1;
		/* Not so: the key was another device's, nothing was written. */
		if (rc == 1 && (n->user_id == 0 || now_of == n->user_id)) {
			/* A redo that meets its own key made it, too. */
			r->made = r->id == id;
			break;
		}
		if (again == ID_TRIES)
			return err_set(e, ERR_INTERNAL, "id_collision",
			    "device %" PRIu64, id);
	}
	/* One that was off takes a place again, whoever's it was. */
	if (counts && (was == 0 || owner != n->user_id || !active) &&
	    has_room(db, n, e) < 0)
		return -1;
	if (was == 0 || owner == 0 || n->user_id == 0 || owner == n->user_id)
		return 0;
	return db_run(db, &DEVICE_LEAVE_GROUPS, DB_IN(DB_U64(r->id)),
	    e) < 0 ? -1 : 0;
}

int
device_register(struct db *db, const struct device_new *n, uint64_t *id,
    struct err *e)
{
	struct registering r = { .n = n };

	if (db_join(db, register_work, &r, e) < 0)
		return -1;
	*id = r.id;
	return r.made;
}

/* --- offered with a send ------------------------------------------------ */

struct known {
	struct device_new *n;
	size_t		 count;
	bool		*right;		/* the row needs no change */
	uint64_t	 no, id;
	const uint8_t	*p256dh, *auth;
	size_t		 p256dh_n, auth_n;
	bool		 active;
};

static int
see_known(void *arg, struct err *e)
{
	struct known *k = arg;
	struct device_new *n;

	if (k->no < 1 || k->no > k->count)
		return err_set(e, ERR_INTERNAL, "bad_row",
		    "device: row %" PRIu64 " of %zu", k->no, k->count);
	n = &k->n[k->no - 1];
	n->id = k->id;
	k->right[k->no - 1] = k->active && k->p256dh_n == KEY_LEN &&
	    k->auth_n == AUTH_LEN &&
	    memcmp(k->p256dh, n->p256dh, KEY_LEN) == 0 &&
	    memcmp(k->auth, n->auth, AUTH_LEN) == 0;
	return 0;
}

/* Fill ids of the rows that are there, and `right`. */
static int
look_up(struct db *db, struct known *k, struct err *e)
{
	char hex[2 * HASH_LEN + 1];
	struct arena *a = arena_new(k->count * 512 + 4096);
	const struct db_out columns = DB_OUT(DB_TO_U64(&k->no),
	    DB_TO_U64(&k->id), DB_TO_BIN(&k->p256dh, &k->p256dh_n),
	    DB_TO_BIN(&k->auth, &k->auth_n), DB_TO_BOOL(&k->active));
	struct buf json;
	int64_t rows;

	memset(k->right, 0, k->count * sizeof(*k->right));
	if (k->count == 1) {
		rows = db_each(db, &DEVICE_KNOWN_ONE, a,
		    DB_IN(DB_BIN(k->n[0].target_hash, HASH_LEN)), columns,
		    see_known, k, e);
		arena_free(a);
		return rows < 0 ? -1 : (int)rows;
	}
	buf_init(&json, k->count * (sizeof(hex) + 3) + 3);
	buf_char(&json, '[');
	for (size_t i = 0; i < k->count; i++) {
		hex_encode(hex, k->n[i].target_hash, HASH_LEN);
		buf_printf(&json, "%s\"%s\"", i == 0 ? "" : ",", hex);
	}
	buf_char(&json, ']');
	rows = db_each(db, &DEVICE_KNOWN, a, DB_IN(DB_STR(buf_text(&json))),
	    columns, see_known, k, e);
	buf_fini(&json);
	arena_free(a);
	return rows < 0 ? -1 : (int)rows;
}

static int
by_hash(const void *a, const void *b)
{
	const struct device_new *const *x = a, *const *y = b;

	return memcmp((*x)->target_hash, (*y)->target_hash, HASH_LEN);
}

/* Rows in order of their hash: two requests lock them in the same order. */
static int
write_offers(struct db *db, const struct known *k, struct err *e)
{
	struct device_new **todo = calloc(k->count, sizeof(*todo));
	struct db_value *v = calloc(k->count * OFFER_COLS, sizeof(*v)), *at = v;
	size_t n = 0;
	int64_t rc = -1;

	if (todo == NULL || v == NULL) {
		err_set(e, ERR_INTERNAL, "no_memory", "%zu rows", k->count);
		goto out;
	}
	for (size_t i = 0; i < k->count; i++)
		if (!k->right[i])
			todo[n++] = &k->n[i];
	qsort(todo, n, sizeof(*todo), by_hash);
	for (size_t i = 0; i < n; i++) {
		*at++ = DB_U64(todo[i]->id);
		*at++ = DB_STR(todo[i]->kind);
		*at++ = DB_BIN(todo[i]->target_hash, HASH_LEN);
		*at++ = DB_STR(todo[i]->target);
		*at++ = DB_BIN(todo[i]->p256dh, KEY_LEN);
		*at++ = DB_BIN(todo[i]->auth, AUTH_LEN);
		*at++ = DB_BIN(todo[i]->vapid, VAPID_LEN);
		*at++ = DB_STR(todo[i]->browser);
	}
	rc = n == 0 ? 0 : db_bulk(db, &DEVICE_OFFER, v, n, OFFER_COLS, e);
out:
	free(v);
	free(todo);
	return rc < 0 ? -1 : (int)n;
}

/* For those that have no row yet. */
static void
fresh_ids(struct known *k)
{
	uint64_t id = rand_id();

	for (size_t i = 0; i < k->count; i++)
		if (!k->right[i])
			k->n[i].id = id++;
}

int
device_offer(struct db *db, struct device_new *n, size_t count, struct err *e)
{
	struct known k = { .n = n, .count = count,
	    .right = calloc(count + 1, sizeof(bool)) };
	int rc = -1, written;

	if (k.right == NULL)
		return err_set(e, ERR_INTERNAL, "no_memory", "%zu", count);
	if (count == 0) {
		rc = 0;
		goto out;
	}
	for (int again = 0; ; again++) {
		int seen;

		if ((seen = look_up(db, &k, e)) < 0 ||
		    (written = write_offers(db, &k, e)) < 0)
			goto out;
		if (written == 0) {
			rc = 0;
			goto out;
		}
		/* Another request may have made a row first: its id holds.  A
		 * row that is missing met another's id by chance. */
		if ((seen = look_up(db, &k, e)) < 0)
			goto out;
		if ((size_t)seen == count) {
			rc = 0;
			goto out;
		}
		if (again == ID_TRIES) {
			err_set(e, ERR_CONFLICT, "conflict",
			    "%d of %zu devices", seen, count);
			goto out;
		}
		fresh_ids(&k);
	}
out:
	free(k.right);
	return rc;
}

/* --- reading ------------------------------------------------------------ */

#define COLUMNS(d) DB_OUT(DB_TO_U64(&(d)->id), DB_TO_U64(&(d)->user_id), \
	DB_TO_STR(&(d)->kind), DB_TO_STR(&(d)->target),			\
	DB_TO_STR(&(d)->browser), DB_TO_STR(&(d)->user_agent), \
	DB_TO_BOOL(&(d)->is_active), DB_TO_TIME(&(d)->created_us), \
	DB_TO_TIME(&(d)->seen_us), DB_TO_TIME(&(d)->dead_us), \
	DB_TO_STR(&(d)->dead_reason))

int
device_find(struct db *db, struct arena *a, uint64_t id, struct device *d,
    struct err *e)
{
	return db_one(db, &DEVICE_FIND, a, DB_IN(DB_U64(id)), COLUMNS(d), e);
}

int
device_by_target(struct db *db, const uint8_t target_hash[32], uint64_t *id,
    uint64_t *user_id, struct err *e)
{
	return db_one(db, &DEVICE_BY_TARGET, NULL,
	    DB_IN(DB_BIN(target_hash, HASH_LEN)),
	    DB_OUT(DB_TO_U64(id), DB_TO_U64(user_id)), e);
}

int
device_user_has(struct db *db, uint64_t user_id, const char *kind,
    struct err *e)
{
	int64_t one;

	return db_one(db, &DEVICE_USER_HAS, NULL,
	    DB_IN(DB_U64(user_id), DB_STR(kind)), DB_OUT(DB_TO_I64(&one)), e);
}

int
device_each(struct db *db, struct arena *a, const struct device_page *p,
    struct device *d, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return (int)db_each(db, &DEVICE_LIST, a, DB_IN(DB_U64(p->user_id),
	    DB_STR(p->kind), DB_STR(p->q), DB_STR(p->q), DB_STR(p->q),
	    DB_STR(p->q), DB_U64(p->limit), DB_U64(p->offset)), COLUMNS(d),
	    row, arg, e);
}

int64_t
device_count(struct db *db, const struct device_page *p, struct err *e)
{
	int64_t n = 0;

	return db_one(db, &DEVICE_COUNT, NULL, DB_IN(DB_U64(p->user_id),
	    DB_STR(p->kind), DB_STR(p->q), DB_STR(p->q), DB_STR(p->q),
	    DB_STR(p->q)), DB_OUT(DB_TO_I64(&n)), e) < 0 ? -1 : n;
}

int
device_each_result(struct db *db, struct arena *a, uint64_t notification_id,
    uint32_t after, uint32_t max, struct device_result *r,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	return (int)db_each(db, &DEVICE_RESULTS, a,
	    DB_IN(DB_U64(notification_id), DB_U64(after), DB_U64(max)),
	    DB_OUT(DB_TO_U64(&r->seq), DB_TO_STR(&r->target),
	    DB_TO_STR(&r->state), DB_TO_STR(&r->reason)), row, arg, e);
}

/* --- forgetting --------------------------------------------------------- */

struct removal { uint64_t user_id, id; int64_t n; };

static int
remove_work(struct db *db, void *arg, struct err *e)
{
	struct removal *r = arg;

	r->n = db_run(db, &DEVICE_REMOVE, DB_IN(DB_U64(r->id),
	    DB_U64(r->user_id)), e);
	if (r->n <= 0)
		return (int)r->n;
	return db_run(db, &DEVICE_LEAVE_GROUPS, DB_IN(DB_U64(r->id)),
	    e) < 0 ? -1 : 0;
}

int
device_remove(struct db *db, uint64_t user_id, uint64_t id, struct err *e)
{
	struct removal r = { .user_id = user_id, .id = id };

	if (db_join(db, remove_work, &r, e) < 0)
		return -1;
	return r.n > 0;
}

struct removal_of { uint64_t user_id; const uint8_t *hash; int rc; };

static int
remove_target_work(struct db *db, void *arg, struct err *e)
{
	struct removal_of *r = arg;
	uint64_t id, owner;

	if ((r->rc = device_by_target(db, r->hash, &id, &owner, e)) <= 0)
		return r->rc;
	r->rc = device_remove(db, r->user_id, id, e);
	return r->rc < 0 ? -1 : 0;
}

int
device_remove_target(struct db *db, uint64_t user_id,
    const uint8_t target_hash[32], struct err *e)
{
	struct removal_of r = { .user_id = user_id, .hash = target_hash };

	return db_join(db, remove_target_work, &r, e) < 0 ? -1 : r.rc;
}

int
device_remove_stray(struct db *db, uint64_t id, struct err *e)
{
	return (int)db_run(db, &DEVICE_REMOVE_STRAY, DB_IN(DB_U64(id)), e);
}

DB_STMT(DEVICE_FORGET_SINCE, DB_API, DB_SAFE,
    "UPDATE device SET is_active = FALSE, dead_at = UTC_TIMESTAMP(6),"
    " dead_reason = 'undone' WHERE user_id = ? AND is_active AND seen_at >="
    " (SELECT created_at FROM change_undo WHERE id = ?)");

int
device_forget_since(struct db *db, uint64_t user_id, uint64_t undo_id,
    struct err *e)
{
	return (int)db_run(db, &DEVICE_FORGET_SINCE, DB_IN(DB_U64(user_id),
	    DB_U64(undo_id)), e);
}
