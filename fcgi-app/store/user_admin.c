/*
 * user_admin.c - statements on users for administrators.
 */
#include "store/user_admin.h"

#define COLUMNS \
	"SELECT u.id, u.phone, u.email, u.phone_verified_at IS NOT NULL," \
	" u.email_verified_at IS NOT NULL, u.first_name, u.last_name," \
	" CAST(u.birthday AS CHAR), u.gender, u.locale, u.time_zone," \
	" u.is_active, u.is_staff, u.is_superuser, u.created_at," \
	" u.last_login_at, u.country, u.allowed_countries, u.last_login_ip," \
	" c.purge_at FROM user u LEFT JOIN closing c ON c.user_id = u.id" \
	" AND c.restored_at IS NULL WHERE "
/* -1 and 0 switch a condition off; what the binder gave, never SQL. */
#define WHERE \
	"(? < 0 OR u.is_staff = ?) AND (? < 0 OR u.is_superuser = ?)" \
	" AND (? < 0 OR u.is_active = ?) AND (? < 0 OR" \
	" (u.phone_verified_at IS NOT NULL OR u.email_verified_at IS NOT NULL)" \
	" = ?) AND (? = 0 OR EXISTS (SELECT 1 FROM push_group_user g" \
	"  WHERE g.group_id = ? AND g.user_id = u.id))" \
	" AND (? = '' OR LOCATE(?, u.email) > 0 OR " DB_HAS("u.phone") \
	"  OR LOCATE(?, u.first_name) > 0 OR LOCATE(?, u.last_name) > 0" \
	"  OR LOCATE(?, CONCAT(u.first_name, ' ', u.last_name)) > 0)"
/* Begun from the ids, so that the others are not looked at. */
#define THESE \
	"u.id IN (SELECT t.m FROM JSON_TABLE(?, '$[*]' COLUMNS" \
	" (m BIGINT UNSIGNED PATH '$')) t) AND "
#define BY(word, column, way) \
	" CASE WHEN ? = '" word "' THEN " column " END " way ","
DB_STMT(USER_ADMIN_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM user u WHERE " WHERE);
DB_STMT(USER_ADMIN_COUNT_THESE, DB_API, DB_READ,
    "SELECT COUNT(*) FROM user u WHERE " THESE WHERE);
DB_STMT(USER_ADMIN_LIST_THESE, DB_API, DB_READ, COLUMNS THESE WHERE
    " ORDER BY u.id LIMIT ? OFFSET ?");
/* By id along the primary key, which need not be read to its end. */
DB_STMT(USER_ADMIN_LIST_UP, DB_API, DB_READ, COLUMNS WHERE
    " ORDER BY u.id LIMIT ? OFFSET ?");
DB_STMT(USER_ADMIN_LIST_DOWN, DB_API, DB_READ, COLUMNS WHERE
    " ORDER BY u.id DESC LIMIT ? OFFSET ?");
DB_STMT(USER_ADMIN_LIST, DB_API, DB_READ, COLUMNS WHERE " ORDER BY"
    BY("created_at", "u.created_at", "ASC")
    BY("-created_at", "u.created_at", "DESC")
    BY("last_login_at", "u.last_login_at", "ASC")
    BY("-last_login_at", "u.last_login_at", "DESC")
    BY("email", "u.email", "ASC") BY("-email", "u.email", "DESC")
    BY("last_name", "u.last_name", "ASC")
    BY("-last_name", "u.last_name", "DESC")
    " u.id LIMIT ? OFFSET ?");
DB_STMT(USER_ADMIN_FIND, DB_API, DB_READ, COLUMNS "u.id = ?");
DB_STMT(USER_ADMIN_HOLD, DB_API, DB_READ,
    "SELECT is_active, is_staff, is_superuser FROM user WHERE id = ?"
    " FOR UPDATE");
DB_STMT(ACTING_OVER, DB_WORKER, DB_READ,
    "SELECT id, user_id, acting, COALESCE(end_reason, 'expired')"
    " FROM session WHERE acting IS NOT NULL AND (ended_at IS NOT NULL"
    " OR ends_at <= UTC_TIMESTAMP(6) OR idle_ends_at <= UTC_TIMESTAMP(6))"
    " ORDER BY id LIMIT 1");
DB_STMT(ACTING_TOLD, DB_WORKER, DB_SAFE,
    "UPDATE session SET acting = NULL WHERE id = ? AND acting IS NOT NULL");

#define FILTERS(f)							\
	DB_I64((f)->staff), DB_I64((f)->staff),				\
	DB_I64((f)->superuser), DB_I64((f)->superuser),			\
	DB_I64((f)->active), DB_I64((f)->active),			\
	DB_I64((f)->verified), DB_I64((f)->verified),			\
	DB_U64((f)->group_id), DB_U64((f)->group_id), DB_STR((f)->q),	\
	DB_STR((f)->q), DB_STR((f)->q), DB_STR((f)->q),			\
	DB_STR((f)->q), DB_STR((f)->q)
#define SEEN(s) DB_OUT(DB_TO_U64(&(s)->u.id), DB_TO_STR(&(s)->u.phone),	\
	DB_TO_STR(&(s)->u.email), DB_TO_BOOL(&(s)->u.phone_verified),	\
	DB_TO_BOOL(&(s)->u.email_verified),				\
	DB_TO_STR(&(s)->u.first_name), DB_TO_STR(&(s)->u.last_name),	\
	DB_TO_STR(&(s)->u.birthday), DB_TO_STR(&(s)->u.gender),		\
	DB_TO_STR(&(s)->u.locale), DB_TO_STR(&(s)->u.time_zone),	\
	DB_TO_BOOL(&(s)->u.is_active), DB_TO_BOOL(&(s)->u.is_staff),	\
	DB_TO_BOOL(&(s)->u.is_superuser), DB_TO_TIME(&(s)->u.created_us), \
	DB_TO_TIME(&(s)->u.last_login_us), DB_TO_STR(&(s)->u.country),	\
	DB_TO_STR(&(s)->u.allowed_countries),				\
	DB_TO_STR(&(s)->last_login_ip), DB_TO_TIME(&(s)->purge_us))

int64_t
user_admin_count(struct db *db, const struct user_filter *f, struct err *e)
{
	int64_t n = 0;

	if (f->ids != NULL)
		return db_one(db, &USER_ADMIN_COUNT_THESE, NULL, DB_IN(
		    DB_STR(f->ids), FILTERS(f)), DB_OUT(DB_TO_I64(&n)),
		    e) < 0 ? -1 : n;
	return db_one(db, &USER_ADMIN_COUNT, NULL, DB_IN(FILTERS(f)),
	    DB_OUT(DB_TO_I64(&n)), e) < 0 ? -1 : n;
}

int
user_admin_each(struct db *db, struct arena *a, const struct user_filter *f,
    struct user_seen *s, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	const char *o = f->ordering;

	memset(s, 0, sizeof(*s));
	if (f->ids != NULL)
		return (int)db_each(db, &USER_ADMIN_LIST_THESE, a,
		    DB_IN(DB_STR(f->ids), FILTERS(f), DB_U64(f->limit),
		    DB_U64(f->offset)), SEEN(s), row, arg, e);
	if (strcmp(o, "id") == 0 || strcmp(o, "-id") == 0)
		return (int)db_each(db, *o == '-' ? &USER_ADMIN_LIST_DOWN :
		    &USER_ADMIN_LIST_UP, a, DB_IN(FILTERS(f),
		    DB_U64(f->limit), DB_U64(f->offset)), SEEN(s), row, arg,
		    e);
	return (int)db_each(db, &USER_ADMIN_LIST, a, DB_IN(FILTERS(f),
	    DB_STR(o), DB_STR(o), DB_STR(o), DB_STR(o), DB_STR(o), DB_STR(o),
	    DB_STR(o), DB_STR(o), DB_U64(f->limit), DB_U64(f->offset)),
	    SEEN(s), row, arg, e);
}

int
user_admin_find(struct db *db, struct arena *a, uint64_t id,
    struct user_seen *s, struct err *e)
{
	memset(s, 0, sizeof(*s));
	return db_one(db, &USER_ADMIN_FIND, a, DB_IN(DB_U64(id)), SEEN(s),
	    e);
}

int
user_admin_hold(struct db *db, uint64_t id, struct user_roles *r,
    struct err *e)
{
	return db_one(db, &USER_ADMIN_HOLD, NULL, DB_IN(DB_U64(id)),
	    DB_OUT(DB_TO_BOOL(&r->is_active), DB_TO_BOOL(&r->is_staff),
	    DB_TO_BOOL(&r->is_superuser)), e);
}

int
acting_over(struct db *db, struct arena *a, struct acting_over *x,
    struct err *e)
{
	return db_one(db, &ACTING_OVER, a, DB_NONE,
	    DB_OUT(DB_TO_U64(&x->session_id), DB_TO_U64(&x->user_id),
	    DB_TO_U64(&x->actor_id), DB_TO_STR(&x->reason)), e);
}

int
acting_told(struct db *db, uint64_t session_id, struct err *e)
{
	return (int)db_run(db, &ACTING_TOLD, DB_IN(DB_U64(session_id)), e);
}
