/*
 * template.h - tables template and template_version.
 *
 * A version is written once; which one is active is the template's.  What a
 * definition says is channel/template.h's; here it is text.
 */
#ifndef GP_STORE_TEMPLATE_H
#define GP_STORE_TEMPLATE_H

#include "store/db.h"

#define TEMPLATE_NAME_MAX	40
#define TEMPLATE_DEFINITION_MAX	((size_t)64 * 1024)

struct template_row {
	uint64_t	 id, active_version, versions;
	const char	*name, *description;
	int64_t		 created_us, updated_us;
};
struct template_version {
	uint64_t	 version;
	const char	*definition;	/* JSON */
	int64_t		 created_us;
};

/* By id (digits) or name.  1, 0, -1. */
int	 template_find(struct db *db, struct arena *a, const char *id_or_name,
	    struct template_row *t, struct err *e) MUST_CHECK;
/* Version 0: the active one.  1, 0, -1. */
int	 template_version_find(struct db *db, struct arena *a, uint64_t id,
	    uint64_t version, struct template_version *v, struct err *e)
	    MUST_CHECK;
/* What a send needs, in one read: *t and its active version.  1, 0, -1. */
int	 template_active(struct db *db, struct arena *a, const char *name,
	    struct template_row *t, struct template_version *v, struct err *e)
	    MUST_CHECK;

/* In the caller's transaction.  1 made (or by this unit of work before), 0
 * the name is another's, -1. */
int	 template_insert(struct db *db, uint64_t id, const char *name,
	    const char *description, const char *definition, struct err *e)
	    MUST_CHECK;
/* In the caller's transaction: one more version; *version is its number, the
 * same when this unit of work runs again.  1, 0 no such template, -1. */
int	 template_add_version(struct db *db, uint64_t id,
	    const char *definition, bool activate, uint64_t *version,
	    struct err *e) MUST_CHECK;
/* NULL, 0: unchanged.  1, 0 no such template or version, -1. */
int	 template_change(struct db *db, uint64_t id, const char *description,
	    uint64_t active_version, struct err *e) MUST_CHECK;

int64_t	 template_count(struct db *db, const char *q, struct err *e);
int	 template_each(struct db *db, struct arena *a, const char *q,
	    unsigned limit, unsigned offset, struct template_row *t,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
/* Newest first, without their definitions. */
int	 template_versions(struct db *db, struct arena *a, uint64_t id,
	    unsigned limit, unsigned offset, struct template_version *v,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

#endif
