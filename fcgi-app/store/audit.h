/*
 * audit.h - table audit: rows are inserted unchained and sealed later (D12).
 */
#ifndef GP_STORE_AUDIT_H
#define GP_STORE_AUDIT_H

#include "store/db.h"

struct audit_row {
	uint64_t	 id;		/* time-ordered */
	int64_t		 at_us;		/* ours: part of what row_mac covers */
	const char	*event, *outcome;
	uint64_t	 user_id, actor_id, session_id;
	const char	*request_id, *ip, *country, *user_agent, *detail;
	uint8_t		 personal_mac[32], row_mac[32];
	uint64_t	 seal_no;	/* 0: not sealed yet */
	uint8_t		 chain[32];
	/* by audit_sealed only: of whom the address is (actor_id, or user_id
	 * when nobody acted) */
	uint8_t		 salt[16];
	bool		 has_salt;	/* false: erased */
	bool		 erasing;	/* his purge is under way */
};

/* Insert; meeting its own id is a success (D20).  0 or -1. */
int	 audit_row_insert(struct db *db, const struct audit_row *r,
	    struct err *e) MUST_CHECK;

/* A user's salt, made when absent: 0 or -1. */
int	 audit_salt(struct db *db, uint64_t user_id, uint8_t salt[16],
	    struct err *e) MUST_CHECK;

/* Newest sealed: 1 with number and chain, 0 none yet, -1. */
int	 audit_head(struct db *db, struct arena *a, uint64_t *seal_no,
	    uint8_t chain[32], struct err *e) MUST_CHECK;
/* Unsealed rows older than a second, oldest first, at most `max`; `row` as in
 * db_each with id and row_mac filled.  Rows seen or -1. */
int	 audit_unsealed(struct db *db, struct arena *a, unsigned max,
	    struct audit_row *r, int (*row)(void *arg, struct err *e),
	    void *arg, struct err *e) MUST_CHECK;
/* Seal one: 1 this call did, 0 it was sealed already, -1. */
int	 audit_row_seal(struct db *db, uint64_t id, uint64_t seal_no,
	    const uint8_t chain[32], struct err *e) MUST_CHECK;
/* Sealed rows behind `after`, in order, at most `max`, all members. */
int	 audit_sealed(struct db *db, struct arena *a, uint64_t after,
	    unsigned max, struct audit_row *r,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

#endif
