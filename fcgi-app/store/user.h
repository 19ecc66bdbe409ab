/*
 * user.h - table user: accounts and claims (D9).
 */
#ifndef GP_STORE_USER_H
#define GP_STORE_USER_H

#include "store/db.h"

struct user {
	uint64_t	 id;
	const char	*phone, *email, *email_cmp;	/* NULL: none */
	bool		 phone_verified, email_verified;
	const char	*first_name, *last_name;
	const char	*birthday, *gender, *locale, *time_zone; /* NULL: none */
	bool		 is_active, is_staff, is_superuser;
	bool		 claim;		/* ends when nobody proves it (D9) */
	const char	*password;		/* PHC or NULL */
	int64_t		 password_us;		/* set then; a rehash is none */
	int64_t		 not_before_us, created_us, last_login_us;
	const char	*country;
	const char	*allowed_countries;	/* "DE,IR"; NULL: all */
};
#define USER_PROVED(u)	((u)->phone_verified || (u)->email_verified)
/* Of one account read twice: the same password, if hashed anew? */
#define USER_SAME_PASSWORD(a, b)	((a)->password != NULL &&	\
	(b)->password != NULL && (a)->password_us == (b)->password_us)
/* The same password as it was, or none as before. */
#define USER_PASSWORD_KEPT(a, b)	(((a)->password == NULL &&	\
	(b)->password == NULL) || USER_SAME_PASSWORD(a, b))

/* All: 1 found and *u filled in the arena, 0 none, -1. */
int	 user_find(struct db *db, struct arena *a, uint64_t id,
	    struct user *u, struct err *e) MUST_CHECK;
/* As user_find, and the row stays locked to the end of the transaction. */
int	 user_lock(struct db *db, struct arena *a, uint64_t id,
	    struct user *u, struct err *e) MUST_CHECK;
/* Sign-in order of D9: the proved account, else the newest claim. */
int	 user_by_phone(struct db *db, struct arena *a, const char *e164,
	    struct user *u, struct err *e) MUST_CHECK;
int	 user_by_email(struct db *db, struct arena *a, const char *cmp,
	    const char *unique, struct user *u, struct err *e) MUST_CHECK;
/* The newest claim of an address, whether or not somebody proved it: the
 * second account that sign-in tries. */
int	 user_claim_by_phone(struct db *db, struct arena *a, const char *e164,
	    struct user *u, struct err *e) MUST_CHECK;
int	 user_claim_by_email(struct db *db, struct arena *a, const char *cmp,
	    struct user *u, struct err *e) MUST_CHECK;
/* Is the address proved by somebody?  1/0/-1; *id set when 1. */
int	 user_phone_owner(struct db *db, const char *e164, uint64_t *id,
	    struct err *e) MUST_CHECK;
int	 user_email_owner(struct db *db, const char *unique, uint64_t *id,
	    struct err *e) MUST_CHECK;

struct user_new {
	uint64_t	 reg_key;
	const char	*phone, *email, *email_cmp, *email_unique;
	const char	*first_name, *last_name, *password, *locale, *country;
	bool		 is_staff, is_superuser, phone_verified, email_verified;
	bool		 is_active;
	bool		 standing;	/* no claim although nothing is proved:
					 * another site's identity opens it */
};
/* Insert; meeting its own reg_key gives the existing id (D20). */
int	 user_insert(struct db *db, const struct user_new *n, uint64_t *id,
	    struct err *e) MUST_CHECK;
/* The account that was inserted under this key: 1 and *id, 0, -1. */
int	 user_by_reg_key(struct db *db, uint64_t reg_key, uint64_t *id,
	    struct err *e) MUST_CHECK;
/* Mark an address proved and, if it was a claim, the account active: 1 done, 0
 * the address is another's by now (ERR_DB_DUP turned to 0) or, for e-mail, not
 * the one the row claims, -1.  Other claims of it lose it.  In the caller's
 * transaction if there is one. */
int	 user_prove_phone(struct db *db, uint64_t id, const char *e164,
	    struct err *e) MUST_CHECK;
int	 user_prove_email(struct db *db, uint64_t id, const char *unique,
	    struct err *e) MUST_CHECK;
/* The account's e-mail is another, and proved; results as of the two above.
 * Nobody proves an address that is held for an undo of another's (S59). */
int	 user_change_email(struct db *db, uint64_t id, const char *email,
	    const char *cmp, const char *unique, struct err *e) MUST_CHECK;
/*
 * The unproved accounts that claim an address, at most `max`, oldest first
 * (S62).  How many, or -1.
 */
int	 user_claims_of(struct db *db, const char *unique, uint64_t *id,
	    size_t max, struct err *e) MUST_CHECK;
/* Take its password away: nobody may enter the claim any more. */
int	 user_void_claim(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;
/* The changes below: 1 done, 0 no such user (or not a claim any more), -1. */
int	 user_set_password(struct db *db, uint64_t id, const char *phc,
	    struct err *e) MUST_CHECK;
/* The account has no phone, no e-mail any more: what an undo takes away. */
int	 user_drop_phone(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;
int	 user_drop_email(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;
/* The same password, hashed anew: only while `old` is still what is stored,
 * so that a change meanwhile stands.  password_at stays. */
int	 user_rehash(struct db *db, uint64_t id, const char *old,
	    const char *phc, struct err *e) MUST_CHECK;
/* 0 too when the account was closed or disabled meanwhile.  It holds the row
 * until the commit: sessions begun behind it are seen by who ends them all. */
int	 user_signed_in(struct db *db, uint64_t id, const char *ip,
	    struct err *e) MUST_CHECK;
/* PATCH of the profile: NULL members stay; "" clears the nullable ones. */
struct user_profile { const char *first_name, *last_name, *birthday, *gender,
	*locale, *time_zone; };
int	 user_set_profile(struct db *db, uint64_t id,
	    const struct user_profile *p, struct err *e) MUST_CHECK;
/* Another address of which only this row's own proof is missing. */
int	 user_set_claim_phone(struct db *db, uint64_t id, const char *e164,
	    struct err *e) MUST_CHECK;
int	 user_set_claim_email(struct db *db, uint64_t id, const char *email,
	    const char *cmp, const char *unique, struct err *e) MUST_CHECK;
/* Follow with revocation_outdate: tokens out there say otherwise.  A claim
 * that is made inactive so is no claim any more: no code activates it. */
struct user_roles { bool is_active, is_staff, is_superuser; };
int	 user_set_roles(struct db *db, uint64_t id,
	    const struct user_roles *r, struct err *e) MUST_CHECK;
/* ISO codes with commas between (NULL: all).  Follow with grant_outdate;
 * auth/country does both. */
int	 user_set_allowed_countries(struct db *db, uint64_t id,
	    const char *list, struct err *e) MUST_CHECK;
/* Worker: delete up to `max` claims past their 30 days.  Rows or -1. */
int	 user_purge_claims(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

/* --- lists (user_list.c) ---------------------------------------------------- */

enum user_order { USER_BY_ID, USER_BY_EMAIL_, USER_BY_FIRST_NAME,
	USER_BY_LAST_NAME, USER_BY_CREATED, USER_BY_LAST_LOGIN, USER_ORDERS };
enum user_flag { USER_ANY = -1, USER_NO, USER_YES };
struct user_page {
	const char	*q;		/* in e-mail, names, phone; "" all */
	const char	*email, *phone;	/* as compared; NULL any */
	const char	*gender;	/* NULL any */
	enum user_flag	 is_staff, is_superuser, is_active, is_verified;
	enum user_order	 order;
	bool		 down;
	unsigned	 limit, offset;
};
/* As db_each, with *u filled.  Rows seen or -1. */
int	 user_each(struct db *db, struct arena *a, const struct user_page *p,
	    struct user *u, int (*row)(void *arg, struct err *e), void *arg,
	    struct err *e) MUST_CHECK;
int64_t	 user_count(struct db *db, const struct user_page *p, struct err *e)
	    MUST_CHECK;

#endif
