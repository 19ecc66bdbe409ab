/*
 * admin_token.h - table admin_token: bearer credentials of sites and scripts
 * (S70).  Stored as SHA-256 of 256 random bits.
 */
#ifndef GP_STORE_ADMIN_TOKEN_H
#define GP_STORE_ADMIN_TOKEN_H

#include "store/db.h"

struct admin_token {
	uint64_t	 id, user_id;
	const char	*name, *cidr;		/* cidr NULL: from anywhere */
	unsigned	 scopes;		/* enum caller_scope bits */
	int64_t		 expires_us, last_used_us, created_us, revoked_us;
	const char	*last_used_ip;
};

struct admin_token_new {
	uint64_t	 id, user_id;
	const uint8_t	*hash;			/* 32 bytes */
	const char	*name, *cidr;
	unsigned	 scopes;
	int64_t		 expires_us;		/* 0: never */
};
/* Insert; meeting its own id is a success (D20).  0 or -1. */
int	 admin_token_insert(struct db *db, const struct admin_token_new *n,
	    struct err *e) MUST_CHECK;

/*
 * Find a live one (not revoked, not expired, its superuser still active and a
 * superuser) and note its use, at most once a minute a token: 1, 0, -1.
 */
int	 admin_token_use(struct db *db, struct arena *a,
	    const uint8_t hash[32], const char *ip, struct admin_token *t,
	    struct err *e) MUST_CHECK;
/* Is the address in one of the token's networks (or has it none)? */
bool	 admin_token_addr_ok(const struct admin_token *t, const char *ip);
/* Is this list well-formed: comma-separated IPv4/IPv6 networks? */
bool	 admin_token_cidr_valid(const char *list);

/* By id, dead ones too: 1, 0, -1. */
int	 admin_token_find(struct db *db, struct arena *a, uint64_t id,
	    struct admin_token *t, struct err *e) MUST_CHECK;
/* Newest first; `row` as in db_each with *t filled.  Rows seen or -1. */
int	 admin_token_each(struct db *db, struct arena *a, unsigned limit,
	    unsigned offset, struct admin_token *t,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
int64_t	 admin_token_count(struct db *db, struct err *e) MUST_CHECK;
/* 1 revoked now, 0 no such live token, -1. */
int	 admin_token_revoke(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;

#endif
