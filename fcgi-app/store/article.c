/*
 * article.c - statements on article.
 */
#include "store/article.h"

#define COLUMNS "a.id, a.user_id, a.title, a.content, a.status, u.email,"	\
	" COALESCE(TRIM(CONCAT(u.first_name, ' ', u.last_name)), ''),"	\
	" a.created_at, a.updated_at, a.published_at"
#define FROM " FROM article a LEFT JOIN user u ON u.id = a.user_id"
#define SEEN " (? OR a.user_id = ? OR a.status = 'published')"
#define CHOSEN SEEN " AND (? = '' OR a.status = ?)"			\
	" AND (? = 0 OR a.user_id = ?)"					\
	" AND (? = '' OR LOCATE(?, a.title) > 0 OR LOCATE(?, a.content) > 0)"
DB_STMT(ARTICLE_FIND, DB_API, DB_READ,
    "SELECT " COLUMNS FROM " WHERE a.id = ? AND" SEEN);
DB_STMT(ARTICLE_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM article a WHERE" CHOSEN);
#define LIST(NAME, order)						\
	DB_STMT(NAME, DB_API, DB_READ, "SELECT " COLUMNS FROM		\
	    " WHERE" CHOSEN " ORDER BY " order " LIMIT ? OFFSET ?")
LIST(ARTICLE_LIST_NEWEST, "a.id DESC");
LIST(ARTICLE_LIST_OLDEST, "a.id");
LIST(ARTICLE_LIST_TITLE, "a.title, a.id");
LIST(ARTICLE_LIST_TITLE_DOWN, "a.title DESC, a.id DESC");
LIST(ARTICLE_LIST_UPDATED, "a.updated_at, a.id");
LIST(ARTICLE_LIST_UPDATED_DOWN, "a.updated_at DESC, a.id DESC");
DB_STMT(ARTICLE_INSERT, DB_API, DB_ONCE,
    "INSERT INTO article (id, user_id, title, content, status, made_key,"
    " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6),"
    " UTC_TIMESTAMP(6))");
DB_STMT(ARTICLE_CHANGE, DB_API, DB_SAFE,
    "UPDATE article SET title = COALESCE(?, title),"
    " content = COALESCE(?, content), status = COALESCE(?, status),"
    " updated_at = UTC_TIMESTAMP(6) WHERE id = ?");
DB_STMT(ARTICLE_FIRST, DB_API, DB_ONCE,
    "UPDATE article SET published_at = UTC_TIMESTAMP(6) WHERE id = ?"
    " AND status = 'published' AND published_at IS NULL");
DB_STMT(ARTICLE_REMOVE, DB_API, DB_SAFE, "DELETE FROM article WHERE id = ?");

#define ROW_OUT(r) DB_TO_U64(&(r)->id), DB_TO_U64(&(r)->user_id),	\
	DB_TO_STR(&(r)->title), DB_TO_STR(&(r)->content),		\
	DB_TO_STR(&(r)->status), DB_TO_STR(&(r)->author_email),		\
	DB_TO_STR(&(r)->author_name), DB_TO_TIME(&(r)->created_us),	\
	DB_TO_TIME(&(r)->updated_us), DB_TO_TIME(&(r)->published_us)
#define VIEW(v) DB_I64((v)->all), DB_U64((v)->user_id)
#define CHOICE(p) VIEW(&(p)->view), DB_STR((p)->status),		\
	DB_STR((p)->status), DB_U64((p)->author), DB_U64((p)->author),	\
	DB_STR((p)->q), DB_STR((p)->q), DB_STR((p)->q)

int
article_find(struct db *db, struct arena *a, uint64_t id,
    const struct article_view *v, struct article *r, struct err *e)
{
	return db_one(db, &ARTICLE_FIND, a, DB_IN(DB_U64(id), VIEW(v)),
	    DB_OUT(ROW_OUT(r)), e);
}

int64_t
article_count(struct db *db, const struct article_page *p, struct err *e)
{
	int64_t n = 0;

	return db_one(db, &ARTICLE_COUNT, NULL, DB_IN(CHOICE(p)),
	    DB_OUT(DB_TO_I64(&n)), e) < 0 ? -1 : n;
}

int
article_each(struct db *db, struct arena *a, const struct article_page *p,
    struct article *r, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	static const struct db_stmt *const list[] = {
		[ARTICLE_NEWEST] = &ARTICLE_LIST_NEWEST,
		[ARTICLE_OLDEST] = &ARTICLE_LIST_OLDEST,
		[ARTICLE_TITLE] = &ARTICLE_LIST_TITLE,
		[ARTICLE_TITLE_DOWN] = &ARTICLE_LIST_TITLE_DOWN,
		[ARTICLE_UPDATED] = &ARTICLE_LIST_UPDATED,
		[ARTICLE_UPDATED_DOWN] = &ARTICLE_LIST_UPDATED_DOWN,
	};

	return (int)db_each(db, list[p->order], a, DB_IN(CHOICE(p),
	    DB_U64(p->limit), DB_U64(p->offset)), DB_OUT(ROW_OUT(r)), row,
	    arg, e);
}

int
article_insert(struct db *db, uint64_t id, uint64_t user_id,
    const char *title, const char *content, const char *status,
    struct err *e)
{
	struct article_view all = { .all = true };
	struct article r;
	struct arena *a;
	int rc;

	if (db_run(db, &ARTICLE_INSERT, DB_IN(DB_U64(id), DB_U64(user_id),
	    DB_STR(title), DB_STR(content), DB_STR(status),
	    DB_U64(db_tx_key(db))), e) >= 0)
		return 0;
	if (e->kind != ERR_DB_DUP)
		return -1;
	a = arena_new((size_t)1 << 20);
	rc = article_find(db, a, id, &all, &r, e);
	if (rc == 1 && r.user_id != user_id)
		rc = err_set(e, ERR_INTERNAL, "article_id", "taken");
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

int
article_change(struct db *db, uint64_t id, const char *title,
    const char *content, const char *status, struct err *e)
{
	int64_t n = db_run(db, &ARTICLE_CHANGE, DB_IN(DB_STR(title),
	    DB_STR(content), DB_STR(status), DB_U64(id)), e);

	return n < 0 ? -1 : n > 0;
}

int
article_first_published(struct db *db, uint64_t id, struct err *e)
{
	int64_t n = db_run(db, &ARTICLE_FIRST, DB_IN(DB_U64(id)), e);

	return n < 0 ? -1 : n > 0;
}

int
article_remove(struct db *db, uint64_t id, struct err *e)
{
	int64_t n = db_run(db, &ARTICLE_REMOVE, DB_IN(DB_U64(id)), e);

	return n < 0 ? -1 : n > 0;
}
