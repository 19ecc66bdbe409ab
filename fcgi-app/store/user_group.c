/*
 * user_group.c - who is in which group of people.
 */
#include "store/user_group.h"

DB_STMT(USER_GROUP_ALL, DB_API, DB_READ,
    "SELECT name FROM user_group WHERE user_id = ? ORDER BY name LIMIT ?");
DB_STMT(USER_GROUP_LOCK, DB_API, DB_READ,
    "SELECT id FROM user WHERE id = ? FOR UPDATE");
DB_STMT(USER_GROUP_ADD, DB_API, DB_SAFE,
    "INSERT IGNORE INTO user_group (user_id, name) VALUES (?, ?)");
DB_STMT(USER_GROUP_DROP, DB_API, DB_SAFE,
    "DELETE FROM user_group WHERE user_id = ? AND name = ?");

/* What tokens are made from: session_find reads no other table for it. */
DB_STMT(USER_GROUP_LIST, DB_API, DB_SAFE,
    "UPDATE user SET group_list = (SELECT GROUP_CONCAT(g.name ORDER BY g.name"
    " SEPARATOR ',') FROM user_group g WHERE g.user_id = user.id)"
    " WHERE id = ?");

int
user_group_all(struct db *db, struct arena *a, uint64_t user_id,
    const char *name[USER_GROUPS_MAX], struct err *e)
{
	const char *it = NULL;

	return db_list(db, &USER_GROUP_ALL, a, DB_IN(DB_U64(user_id),
	    DB_U64(USER_GROUPS_MAX)), DB_OUT(DB_TO_STR(&it)),
	    DB_ROWS(name, &it, USER_GROUPS_MAX), e);
}

static bool
has(const char *const *name, size_t n, const char *one)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name[i], one) == 0)
			return true;
	return false;
}

int
user_group_set(struct db *db, struct arena *a, uint64_t user_id,
    const char *const *name, size_t n, struct err *e)
{
	const char *old[USER_GROUPS_MAX];
	int64_t rows, changed = 0;
	uint64_t id;
	int olds, rc;

	/* A second one waits here: the two never leave a mixture. */
	if ((rc = db_one(db, &USER_GROUP_LOCK, NULL, DB_IN(DB_U64(user_id)),
	    DB_OUT(DB_TO_U64(&id)), e)) <= 0)
		return rc;
	if ((olds = user_group_all(db, a, user_id, old, e)) < 0)
		return -1;
	for (int i = 0; i < olds; i++) {
		if (has(name, n, old[i]))
			continue;
		if ((rows = db_run(db, &USER_GROUP_DROP, DB_IN(
		    DB_U64(user_id), DB_STR(old[i])), e)) < 0)
			return -1;
		changed += rows;
	}
	for (size_t i = 0; i < n; i++) {
		if (has(old, (size_t)olds, name[i]))
			continue;
		if ((rows = db_run(db, &USER_GROUP_ADD, DB_IN(
		    DB_U64(user_id), DB_STR(name[i])), e)) < 0)
			return -1;
		changed += rows;
	}
	if (changed > 0 && db_run(db, &USER_GROUP_LIST,
	    DB_IN(DB_U64(user_id)), e) < 0)
		return -1;
	return changed > 0;
}
