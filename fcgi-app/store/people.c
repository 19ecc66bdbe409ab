/*
 * people.c - see people.h.  Conditions that are not given are bound as NULL,
 * which the server folds away when it plans the statement.
 */
#include "store/people.h"

#include "base/clock.h"

#define WHO "SELECT u.id FROM "
#define HOW_MANY "SELECT COUNT(*) FROM "
#define BY_GROUP "push_group_user g"					\
	" STRAIGHT_JOIN user u ON u.id = g.user_id WHERE g.group_id = ?"
#define BY_IDS "(SELECT DISTINCT t.id FROM"				\
	" JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) t"	\
	" WHERE t.id > ?) t STRAIGHT_JOIN user u ON u.id = t.id"	\
	" WHERE (? = 0 OR EXISTS (SELECT 1 FROM push_group_user g"	\
	"  WHERE g.group_id = ? AND g.user_id = u.id))"
#define HAS_DEVICE(bit, kind)						\
	" AND (? & " #bit " = 0 OR EXISTS (SELECT 1 FROM device d"	\
	" WHERE d.user_id = u.id AND d.kind = '" kind "' AND d.is_active))"
#define CONDITIONS							\
	" AND u.is_active AND u.claim_ends_at IS NULL"			\
	" AND (? IS NULL OR u.is_staff = ?)"				\
	" AND (? IS NULL OR FIND_IN_SET(u.locale, ?) OR"		\
	"  FIND_IN_SET(SUBSTRING_INDEX(u.locale, '-', 1), ?))"		\
	" AND (? IS NULL OR FIND_IN_SET(u.country, ?))"			\
	" AND (? IS NULL OR u.created_at > ?)"				\
	" AND (? IS NULL OR u.created_at < ?)"				\
	" AND (? IS NULL OR u.last_login_at > ?)"			\
	" AND (? IS NULL OR u.last_login_at IS NULL OR u.last_login_at < ?)"	\
	" AND (? & 1 = 0 OR u.email_verified_at IS NOT NULL)"		\
	" AND (? & 2 = 0 OR u.phone_proved IS NOT NULL)"		\
	HAS_DEVICE(4, "web_push") HAS_DEVICE(8, "expo")

DB_STMT(PEOPLE_ALL, DB_WORKER, DB_READ, WHO "user u WHERE u.id > ?" CONDITIONS
    " ORDER BY u.id LIMIT ?");
/* By what picks few of many: the group or the list leads. */
DB_STMT(PEOPLE_GROUP, DB_WORKER, DB_READ, WHO BY_GROUP
    " AND g.user_id > ?" CONDITIONS " ORDER BY g.user_id LIMIT ?");
DB_STMT(PEOPLE_IDS, DB_WORKER, DB_READ, WHO BY_IDS CONDITIONS
    " ORDER BY t.id LIMIT ?");
/* Of so many accounts at a time: how many, and the last that was looked at. */
DB_STMT(PEOPLE_SLICE, DB_API, DB_READ,
    "SELECT COALESCE(MAX(t.id), 0) FROM (SELECT id FROM user WHERE id > ?"
    " ORDER BY id LIMIT ?) t");
DB_STMT(PEOPLE_COUNT_ALL, DB_API, DB_READ, HOW_MANY
    "user u WHERE u.id > ? AND u.id <= ?" CONDITIONS);
DB_STMT(PEOPLE_COUNT_GROUP, DB_API, DB_READ, HOW_MANY BY_GROUP CONDITIONS);
DB_STMT(PEOPLE_COUNT_IDS, DB_API, DB_READ, HOW_MANY BY_IDS CONDITIONS);

#define CONDITION_VALUES						\
	staff, staff, locales, locales, locales, countries, countries,	\
	DB_WHEN(w->created_after_us), DB_WHEN(w->created_after_us),	\
	DB_WHEN(w->created_before_us), DB_WHEN(w->created_before_us),	\
	DB_WHEN(w->seen_after_us), DB_WHEN(w->seen_after_us),		\
	DB_WHEN(w->seen_before_us), DB_WHEN(w->seen_before_us),		\
	has, has, has, has
#define CONDITION_NAMES							\
	const struct db_value staff = w->staff < 0 ? DB_NULL :		\
	    DB_U64((uint64_t)w->staff);					\
	const struct db_value locales = DB_STR(w->locales);		\
	const struct db_value countries = DB_STR(w->countries);		\
	const struct db_value has = DB_U64(w->has)

int
people_page(struct db *db, const struct people_where *w, uint64_t after,
    uint64_t *id, size_t max, struct err *e)
{
	CONDITION_NAMES;
	uint64_t it = 0;
	const struct db_out to = DB_OUT(DB_TO_U64(&it));
	const struct db_rows rows = DB_ROWS(id, &it, max);

	if (w->ids != NULL)
		return db_list(db, &PEOPLE_IDS, NULL, DB_IN(DB_STR(w->ids),
		    DB_U64(after), DB_U64(w->group_id), DB_U64(w->group_id),
		    CONDITION_VALUES, DB_U64(max)), to, rows, e);
	if (w->group_id != 0)
		return db_list(db, &PEOPLE_GROUP, NULL, DB_IN(
		    DB_U64(w->group_id), DB_U64(after), CONDITION_VALUES,
		    DB_U64(max)), to, rows, e);
	return db_list(db, &PEOPLE_ALL, NULL, DB_IN(DB_U64(after),
	    CONDITION_VALUES, DB_U64(max)), to, rows, e);
}

#define SLICE		20000u

/* 1 all were looked at, 0 the time was over, -1. */
static int
count_all(struct db *db, const struct people_where *w, int64_t until_us,
    uint64_t *n, struct err *e)
{
	CONDITION_NAMES;
	uint64_t from = 0, to, some;

	while (clock_mono() < until_us) {
		if (db_one(db, &PEOPLE_SLICE, NULL, DB_IN(DB_U64(from),
		    DB_U64(SLICE)), DB_OUT(DB_TO_U64(&to)), e) < 0)
			return -1;
		if (to == 0)
			return 1;
		if (db_one(db, &PEOPLE_COUNT_ALL, NULL, DB_IN(DB_U64(from),
		    DB_U64(to), CONDITION_VALUES), DB_OUT(DB_TO_U64(&some)),
		    e) < 0)
			return -1;
		*n += some;
		from = to;
	}
	return 0;
}

int
people_count(struct db *db, const struct people_where *w, int64_t until_us,
    uint64_t *n, struct err *e)
{
	CONDITION_NAMES;
	const struct db_out to = DB_OUT(DB_TO_U64(n));

	*n = 0;
	if (w->ids != NULL)
		return db_one(db, &PEOPLE_COUNT_IDS, NULL,
		    DB_IN(DB_STR(w->ids), DB_U64(0), DB_U64(w->group_id),
		    DB_U64(w->group_id), CONDITION_VALUES), to, e) < 0 ?
		    -1 : 1;
	if (w->group_id != 0)
		return db_one(db, &PEOPLE_COUNT_GROUP, NULL,
		    DB_IN(DB_U64(w->group_id), CONDITION_VALUES), to, e) < 0 ?
		    -1 : 1;
	return count_all(db, w, until_us, n, e);
}
