/*
 * user_list.c - pages of accounts, for admins.
 *
 * The server sees bound values as constants, so a filter that is not set
 * costs nothing.  An order is a statement of its own: every byte is constant.
 */
#include "store/user_own.h"

#define FILTERED							\
	"(? IS NULL OR is_staff = ?) AND (? IS NULL OR is_superuser = ?)" \
	" AND (? IS NULL OR is_active = ?)"				\
	" AND (? IS NULL OR (phone_verified_at IS NOT NULL"		\
	"  OR email_verified_at IS NOT NULL) = ?)"			\
	" AND (? IS NULL OR gender = ?) AND (? IS NULL OR email_cmp = ?)" \
	" AND (? IS NULL OR phone = ?)"					\
	" AND (? = '' OR LOCATE(?, email) > 0"				\
	"  OR LOCATE(?, CONCAT(first_name, ' ', last_name)) > 0"	\
	"  OR " DB_HAS("phone") ")"
#define BY(order)							\
	USER_COLUMNS FILTERED " ORDER BY " order " LIMIT ? OFFSET ?"

DB_STMT(USER_LIST_ID, DB_API, DB_READ, BY("id"));
DB_STMT(USER_LIST_ID_DOWN, DB_API, DB_READ, BY("id DESC"));
DB_STMT(USER_LIST_EMAIL, DB_API, DB_READ, BY("email_cmp, id"));
DB_STMT(USER_LIST_EMAIL_DOWN, DB_API, DB_READ, BY("email_cmp DESC, id DESC"));
DB_STMT(USER_LIST_FIRST, DB_API, DB_READ, BY("first_name, id"));
DB_STMT(USER_LIST_FIRST_DOWN, DB_API, DB_READ, BY("first_name DESC, id DESC"));
DB_STMT(USER_LIST_LAST, DB_API, DB_READ, BY("last_name, id"));
DB_STMT(USER_LIST_LAST_DOWN, DB_API, DB_READ, BY("last_name DESC, id DESC"));
DB_STMT(USER_LIST_CREATED, DB_API, DB_READ, BY("created_at, id"));
DB_STMT(USER_LIST_CREATED_DOWN, DB_API, DB_READ, BY("created_at DESC, id DESC"));
DB_STMT(USER_LIST_LOGIN, DB_API, DB_READ, BY("last_login_at, id"));
DB_STMT(USER_LIST_LOGIN_DOWN, DB_API, DB_READ, BY("last_login_at DESC, id DESC"));
DB_STMT(USER_COUNT, DB_API, DB_READ, "SELECT COUNT(*) FROM user WHERE "
    FILTERED);

static const struct db_stmt *const by_order[USER_ORDERS][2] = {
	[USER_BY_ID] = { &USER_LIST_ID, &USER_LIST_ID_DOWN },
	[USER_BY_EMAIL_] = { &USER_LIST_EMAIL, &USER_LIST_EMAIL_DOWN },
	[USER_BY_FIRST_NAME] = { &USER_LIST_FIRST, &USER_LIST_FIRST_DOWN },
	[USER_BY_LAST_NAME] = { &USER_LIST_LAST, &USER_LIST_LAST_DOWN },
	[USER_BY_CREATED] = { &USER_LIST_CREATED, &USER_LIST_CREATED_DOWN },
	[USER_BY_LAST_LOGIN] = { &USER_LIST_LOGIN, &USER_LIST_LOGIN_DOWN },
};

static struct db_value
flag(enum user_flag f)
{
	return f == USER_ANY ? DB_NULL : DB_I64(f);
}

#define FILTERS(p)							\
	flag((p)->is_staff), flag((p)->is_staff),			\
	flag((p)->is_superuser), flag((p)->is_superuser),		\
	flag((p)->is_active), flag((p)->is_active),			\
	flag((p)->is_verified), flag((p)->is_verified),			\
	DB_STR((p)->gender), DB_STR((p)->gender),			\
	DB_STR((p)->email), DB_STR((p)->email),				\
	DB_STR((p)->phone), DB_STR((p)->phone),				\
	DB_STR((p)->q), DB_STR((p)->q), DB_STR((p)->q), DB_STR((p)->q)

int
user_each(struct db *db, struct arena *a, const struct user_page *p,
    struct user *u, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	return (int)db_each(db, by_order[p->order][p->down], a,
	    DB_IN(FILTERS(p), DB_U64(p->limit), DB_U64(p->offset)),
	    USER_OUT(u), row, arg, e);
}

int64_t
user_count(struct db *db, const struct user_page *p, struct err *e)
{
	int64_t n = 0;

	return db_one(db, &USER_COUNT, NULL, DB_IN(FILTERS(p)),
	    DB_OUT(DB_TO_I64(&n)), e) < 0 ? -1 : n;
}
