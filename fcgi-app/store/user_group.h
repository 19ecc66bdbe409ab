/*
 * user_group.h - table user_group: which people a protected site may ask for
 * by `group:NAME`.  A name is a group as long as anyone is in it.
 */
#ifndef GP_STORE_USER_GROUP_H
#define GP_STORE_USER_GROUP_H

#include "store/db.h"

/* They ride in the access token: bounded. */
#define USER_GROUPS_MAX		16
#define USER_GROUP_NAME_MAX	32

/* Sorted by name: how many, name[i] in the arena; -1. */
int	 user_group_all(struct db *db, struct arena *a, uint64_t user_id,
	    const char *name[USER_GROUPS_MAX], struct err *e) MUST_CHECK;
/* The user is in these and no others, in the caller's transaction (two of
 * them are ordered by the user's row).  1 something changed, 0 nothing or no
 * such user (see user_find), -1. */
int	 user_group_set(struct db *db, struct arena *a, uint64_t user_id,
	    const char *const *name, size_t n, struct err *e) MUST_CHECK;

#endif
