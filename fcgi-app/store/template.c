/*
 * template.c - statements on template and template_version.
 */
#include "store/template.h"

#include "base/text.h"

#define COLUMNS "t.id, t.active_version, t.versions, t.name, t.description,"	\
	" t.created_at, t.updated_at"
DB_STMT(TEMPLATE_BY_ID, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM template t WHERE t.id = ?");
DB_STMT(TEMPLATE_BY_NAME, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM template t WHERE t.name = " DB_ASCII);
DB_STMT(TEMPLATE_ACTIVE, DB_API | DB_WORKER, DB_READ,
    "SELECT " COLUMNS ", v.version, v.definition, v.created_at"
    " FROM template t JOIN template_version v ON v.template_id = t.id"
    " AND v.version = t.active_version WHERE t.name = " DB_ASCII);
DB_STMT(TEMPLATE_VERSION, DB_API, DB_READ,
    "SELECT v.version, v.definition, v.created_at FROM template t"
    " JOIN template_version v ON v.template_id = t.id"
    " AND v.version = IF(? = 0, t.active_version, ?) WHERE t.id = ?");
DB_STMT(TEMPLATE_INSERT, DB_API, DB_ONCE,
    "INSERT INTO template (id, name, description) VALUES (?, ?, ?)");
DB_STMT(TEMPLATE_INSERT_VERSION, DB_API, DB_ONCE,
    "INSERT INTO template_version (template_id, version, made_key,"
    " definition) VALUES (?, ?, ?, ?)");
DB_STMT(TEMPLATE_LOCK, DB_API, DB_READ,
    "SELECT versions FROM template WHERE id = ? FOR UPDATE");
DB_STMT(TEMPLATE_MADE, DB_API, DB_READ,
    "SELECT version FROM template_version WHERE template_id = ?"
    " AND made_key = ?");
DB_STMT(TEMPLATE_RAISE, DB_API, DB_SAFE,
    "UPDATE template SET versions = ?, active_version = IF(?, ?,"
    " active_version), updated_at = UTC_TIMESTAMP(6) WHERE id = ?");
DB_STMT(TEMPLATE_CHANGE, DB_API, DB_SAFE,
    "UPDATE template SET description = COALESCE(?, description),"
    " active_version = IF(? = 0, active_version, ?),"
    " updated_at = UTC_TIMESTAMP(6) WHERE id = ? AND ? <= versions");
DB_STMT(TEMPLATE_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM template WHERE ? = ''"
    " OR LOCATE(?, CONCAT(name, ' ', description)) > 0");
DB_STMT(TEMPLATE_LIST, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM template t WHERE ? = ''"
    " OR LOCATE(?, CONCAT(t.name, ' ', t.description)) > 0"
    " ORDER BY t.name LIMIT ? OFFSET ?");
DB_STMT(TEMPLATE_VERSIONS, DB_API, DB_READ,
    "SELECT version, created_at FROM template_version"
    " WHERE template_id = ? ORDER BY version DESC LIMIT ? OFFSET ?");

#define ROW_OUT(t) DB_TO_U64(&(t)->id), DB_TO_U64(&(t)->active_version),	\
	DB_TO_U64(&(t)->versions), DB_TO_STR(&(t)->name),		\
	DB_TO_STR(&(t)->description), DB_TO_TIME(&(t)->created_us),	\
	DB_TO_TIME(&(t)->updated_us)
#define VERSION_OUT(v) DB_TO_U64(&(v)->version),			\
	DB_TO_STR(&(v)->definition), DB_TO_TIME(&(v)->created_us)

int
template_find(struct db *db, struct arena *a, const char *id_or_name,
    struct template_row *t, struct err *e)
{
	uint64_t id;

	if (text_u64(id_or_name, INT64_MAX, &id))
		return db_one(db, &TEMPLATE_BY_ID, a, DB_IN(DB_U64(id)),
		    DB_OUT(ROW_OUT(t)), e);
	return db_one(db, &TEMPLATE_BY_NAME, a, DB_IN(DB_STR(id_or_name)),
	    DB_OUT(ROW_OUT(t)), e);
}

int
template_version_find(struct db *db, struct arena *a, uint64_t id,
    uint64_t version, struct template_version *v, struct err *e)
{
	return db_one(db, &TEMPLATE_VERSION, a, DB_IN(DB_U64(version),
	    DB_U64(version), DB_U64(id)), DB_OUT(VERSION_OUT(v)), e);
}

int
template_active(struct db *db, struct arena *a, const char *name,
    struct template_row *t, struct template_version *v, struct err *e)
{
	return db_one(db, &TEMPLATE_ACTIVE, a, DB_IN(DB_STR(name)),
	    DB_OUT(ROW_OUT(t), VERSION_OUT(v)), e);
}

int
template_insert(struct db *db, uint64_t id, const char *name,
    const char *description, const char *definition, struct err *e)
{
	if (db_run(db, &TEMPLATE_INSERT, DB_IN(DB_U64(id), DB_STR(name),
	    DB_STR(description)), e) < 0) {
		struct template_row t;
		struct arena *a;
		int rc;

		if (e->kind != ERR_DB_DUP)
			return -1;
		/* Ours, of a COMMIT whose answer was lost (D20)? */
		a = arena_new(8192);
		rc = template_find(db, a, name, &t, e);
		rc = rc < 0 ? -1 : rc == 1 && t.id == id;
		arena_free(a);
		return rc;
	}
	return db_run(db, &TEMPLATE_INSERT_VERSION, DB_IN(DB_U64(id),
	    DB_U64(1), DB_U64(db_tx_key(db)), DB_STR(definition)), e) < 0 ?
	    -1 : 1;
}

int
template_add_version(struct db *db, uint64_t id, const char *definition,
    bool activate, uint64_t *version, struct err *e)
{
	uint64_t key = db_tx_key(db), newest = 0;
	int rc = db_one(db, &TEMPLATE_LOCK, NULL, DB_IN(DB_U64(id)),
	    DB_OUT(DB_TO_U64(&newest)), e);

	if (rc <= 0)
		return rc;
	rc = db_one(db, &TEMPLATE_MADE, NULL, DB_IN(DB_U64(id), DB_U64(key)),
	    DB_OUT(DB_TO_U64(version)), e);
	if (rc != 0)
		return rc;
	*version = newest + 1;
	if (db_run(db, &TEMPLATE_INSERT_VERSION, DB_IN(DB_U64(id),
	    DB_U64(*version), DB_U64(key), DB_STR(definition)), e) < 0 ||
	    db_run(db, &TEMPLATE_RAISE, DB_IN(DB_U64(*version),
	    DB_I64(activate), DB_U64(*version), DB_U64(id)), e) < 0)
		return -1;
	return 1;
}

int
template_change(struct db *db, uint64_t id, const char *description,
    uint64_t active_version, struct err *e)
{
	int64_t n = db_run(db, &TEMPLATE_CHANGE, DB_IN(DB_STR(description),
	    DB_U64(active_version), DB_U64(active_version), DB_U64(id),
	    DB_U64(active_version)), e);

	return n < 0 ? -1 : n > 0;
}

int64_t
template_count(struct db *db, const char *q, struct err *e)
{
	int64_t n = 0;

	return db_one(db, &TEMPLATE_COUNT, NULL, DB_IN(DB_STR(q), DB_STR(q)),
	    DB_OUT(DB_TO_I64(&n)), e) < 0 ? -1 : n;
}

int
template_each(struct db *db, struct arena *a, const char *q, unsigned limit,
    unsigned offset, struct template_row *t,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	return (int)db_each(db, &TEMPLATE_LIST, a, DB_IN(DB_STR(q),
	    DB_STR(q), DB_U64(limit), DB_U64(offset)), DB_OUT(ROW_OUT(t)),
	    row, arg, e);
}

int
template_versions(struct db *db, struct arena *a, uint64_t id,
    unsigned limit, unsigned offset, struct template_version *v,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	memset(v, 0, sizeof(*v));
	return (int)db_each(db, &TEMPLATE_VERSIONS, a, DB_IN(DB_U64(id),
	    DB_U64(limit), DB_U64(offset)), DB_OUT(DB_TO_U64(&v->version),
	    DB_TO_TIME(&v->created_us)), row, arg, e);
}
