/*
 * group.h - tables push_group, push_group_device, push_group_user: to whom a
 * group send goes.  A user who is a member gets it on whatever devices there
 * are when it is sent.
 */
#ifndef GP_STORE_GROUP_H
#define GP_STORE_GROUP_H

#include "store/db.h"

#define GROUP_NAME_MAX	100

struct group {
	uint64_t	 id, devices, users;	/* how many members of each */
	const char	*name;
	bool		 is_open;		/* anyone may subscribe */
	int64_t		 created_us;
};
/* 1 made (meeting its own id is a success, D20), 0 the name is taken, -1. */
int	 group_insert(struct db *db, uint64_t id, const char *name,
	    bool is_open, struct err *e) MUST_CHECK;
/* 1 and *g (members are counted), 0, -1. */
int	 group_find(struct db *db, struct arena *a, uint64_t id,
	    struct group *g, struct err *e) MUST_CHECK;
/* By name, else by id written out; members are not counted: 1, 0, -1. */
int	 group_resolve(struct db *db, struct arena *a, const char *name_or_id,
	    struct group *g, struct err *e) MUST_CHECK;
/* By name, those that have `q` in it ("": all); `row` as in db_each with *g
 * filled (members counted).  Rows or -1. */
struct group_page { uint64_t group_id; const char *q;
	unsigned limit, offset; bool down; };	/* down: newest first */
int	 group_each(struct db *db, struct arena *a,
	    const struct group_page *p, struct group *g,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
int64_t	 group_count(struct db *db, const struct group_page *p,
	    struct err *e) MUST_CHECK;
/* With its members' places, not the members: 1, 0, -1. */
int	 group_remove(struct db *db, uint64_t id, struct err *e) MUST_CHECK;

enum group_kind { GROUP_DEVICE, GROUP_USER };
/* Add members; there already is as good.  Unknown ids and a group that is
 * gone add nothing.  How many are members now of those given, or -1. */
int64_t	 group_add(struct db *db, uint64_t id, enum group_kind kind,
	    const uint64_t *member, size_t n, struct err *e) MUST_CHECK;
/* 1 was a member, 0 not, -1. */
int	 group_drop(struct db *db, uint64_t id, enum group_kind kind,
	    uint64_t member, struct err *e) MUST_CHECK;

struct group_member {
	enum group_kind	 kind;
	uint64_t	 id, user_id;	/* of a device: its owner, or 0 */
	const char	*target;	/* of a device, else NULL */
	int64_t		 created_us;
};
/* Oldest first. */
int	 group_each_member(struct db *db, struct arena *a,
	    const struct group_page *p, struct group_member *m,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
int64_t	 group_count_members(struct db *db, const struct group_page *p,
	    struct err *e) MUST_CHECK;

#endif
