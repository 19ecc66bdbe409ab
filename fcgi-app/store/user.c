/*
 * user.c - accounts and claims (D9).
 *
 * A look-up by address is one statement whatever it finds, so that its cost
 * does not tell whether somebody has the address: the proved owner by the
 * unique key, else the newest claim by the end of an index.
 */
#include "store/user_own.h"

#define NOT_OVER \
	" AND (claim_ends_at IS NULL OR claim_ends_at > UTC_TIMESTAMP(6))"
#define ALL	(DB_API | DB_WORKER | DB_CTL)

DB_STMT(USER_FIND, ALL, DB_READ, USER_COLUMNS "id = ?");
DB_STMT(USER_LOCK, DB_API, DB_READ, USER_COLUMNS "id = ? FOR UPDATE");
DB_STMT(USER_BY_PHONE, ALL, DB_READ, USER_COLUMNS "id = COALESCE("
    "(SELECT id FROM user WHERE phone_proved = ?),"
    " (SELECT MAX(id) FROM user WHERE phone = ?))" NOT_OVER);
DB_STMT(USER_BY_EMAIL, ALL, DB_READ, USER_COLUMNS "id = COALESCE("
    "(SELECT id FROM user WHERE email_proved = ?),"
    " (SELECT MAX(id) FROM user WHERE email_cmp = ?))" NOT_OVER);
DB_STMT(USER_CLAIM_BY_PHONE, DB_API, DB_READ, USER_COLUMNS "id ="
    " (SELECT id FROM user WHERE phone = ? AND phone_verified_at IS NULL"
    " ORDER BY id DESC LIMIT 1)" NOT_OVER);
DB_STMT(USER_CLAIM_BY_EMAIL, DB_API, DB_READ, USER_COLUMNS "id ="
    " (SELECT id FROM user WHERE email_cmp = ? AND email_verified_at IS NULL"
    " ORDER BY id DESC LIMIT 1)" NOT_OVER);
DB_STMT(USER_PHONE_OWNER, ALL, DB_READ,
    "SELECT id FROM user WHERE phone_proved = ?");
DB_STMT(USER_EMAIL_OWNER, ALL, DB_READ,
    "SELECT id FROM user WHERE email_proved = ?");
/* 30 days is how long an unproved account may stay (D9). */
DB_STMT(USER_INSERT, DB_API | DB_CTL, DB_SAFE,
    "INSERT INTO user (reg_key, phone, phone_verified_at, email, email_cmp,"
    " email_unique, email_verified_at, first_name, last_name, password,"
    " password_at, locale, country, is_staff, is_superuser, is_active,"
    " claim_ends_at, created_at, updated_at)"
    " SELECT ?, ?, IF(?, t.now, NULL), ?, ?, ?, IF(?, t.now, NULL),"
    " ?, ?, ?, IF(? IS NULL, NULL, t.now), ?, ?, ?, ?, ?,"
    " IF(?, NULL, t.now + INTERVAL 30 DAY), t.now, t.now"
    " FROM (SELECT UTC_TIMESTAMP(6) AS now) AS t");
DB_STMT(USER_BY_REG_KEY, DB_API | DB_CTL, DB_READ,
    "SELECT id FROM user WHERE reg_key = ?");
/* Only a claim becomes active by a proof: who was disabled stays so. */
#define PROVED \
	" is_active = is_active OR claim_ends_at IS NOT NULL," \
	" claim_ends_at = NULL, updated_at = UTC_TIMESTAMP(6)"
/* Held for an undo of another user's (store/undo.h)? */
#define NOT_HELD(kind) \
	" AND NOT EXISTS (SELECT 1 FROM change_undo WHERE old_key = ?" \
	" AND kind = '" kind "' AND user_id <> ? AND used_at IS NULL" \
	" AND expires_at > UTC_TIMESTAMP(6))"
DB_STMT(USER_PROVE_PHONE, DB_API | DB_CTL, DB_SAFE,
    "UPDATE user SET phone = ?, phone_verified_at = UTC_TIMESTAMP(6)," PROVED
    " WHERE id = ?" NOT_HELD("phone"));
DB_STMT(USER_PROVE_EMAIL, DB_API | DB_CTL, DB_SAFE,
    "UPDATE user SET email_verified_at = UTC_TIMESTAMP(6)," PROVED
    " WHERE id = ? AND email_unique = ?" NOT_HELD("email"));
DB_STMT(USER_CHANGE_EMAIL, DB_API, DB_SAFE,
    "UPDATE user SET email = ?, email_cmp = ?, email_unique = ?,"
    " email_verified_at = UTC_TIMESTAMP(6)," PROVED
    " WHERE id = ?" NOT_HELD("email"));
DB_STMT(USER_LOSE_PHONE, DB_API | DB_CTL, DB_SAFE,
    "UPDATE user SET phone = NULL, updated_at = UTC_TIMESTAMP(6)"
    " WHERE phone = ? AND id <> ? AND phone_verified_at IS NULL");
DB_STMT(USER_LOSE_EMAIL, DB_API | DB_CTL, DB_SAFE,
    "UPDATE user SET email = NULL, email_cmp = NULL, email_unique = NULL,"
    " updated_at = UTC_TIMESTAMP(6)"
    " WHERE email_unique = ? AND id <> ? AND email_verified_at IS NULL");
DB_STMT(USER_DROP_PHONE, DB_API, DB_SAFE,
    "UPDATE user SET phone = NULL, phone_verified_at = NULL,"
    " updated_at = UTC_TIMESTAMP(6) WHERE id = ?");
DB_STMT(USER_DROP_EMAIL, DB_API, DB_SAFE,
    "UPDATE user SET email = NULL, email_cmp = NULL, email_unique = NULL,"
    " email_verified_at = NULL, updated_at = UTC_TIMESTAMP(6)"
    " WHERE id = ?");
DB_STMT(USER_SET_PASSWORD, DB_API | DB_CTL, DB_SAFE,
    "UPDATE user SET password = ?, password_at = UTC_TIMESTAMP(6),"
    " updated_at = UTC_TIMESTAMP(6) WHERE id = ?");
DB_STMT(USER_REHASH, DB_API, DB_SAFE,
    "UPDATE user SET password = ?, updated_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND password = ?");
DB_STMT(USER_SIGNED_IN, DB_API, DB_SAFE,
    "UPDATE user SET last_login_at = UTC_TIMESTAMP(6),"
    " last_login_ip = LEFT(?, 45) WHERE id = ? AND is_active");
DB_STMT(USER_SET_PROFILE, DB_API, DB_SAFE,
    "UPDATE user SET first_name = COALESCE(?, first_name),"
    " last_name = COALESCE(?, last_name),"
    " birthday = IF(? IS NULL, birthday, NULLIF(?, '')),"
    " gender = IF(? IS NULL, gender, NULLIF(?, '')),"
    " locale = IF(? IS NULL, locale, NULLIF(?, '')),"
    " time_zone = IF(? IS NULL, time_zone, NULLIF(?, '')),"
    " updated_at = UTC_TIMESTAMP(6) WHERE id = ?");
DB_STMT(USER_SET_CLAIM_PHONE, DB_API, DB_SAFE,
    "UPDATE user SET phone = ?, updated_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND phone_verified_at IS NULL");
DB_STMT(USER_SET_CLAIM_EMAIL, DB_API, DB_SAFE,
    "UPDATE user SET email = ?, email_cmp = ?, email_unique = ?,"
    " updated_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND email_verified_at IS NULL");
DB_STMT(USER_SET_ROLES, DB_API | DB_CTL, DB_SAFE,
    "UPDATE user SET is_active = ?, is_staff = ?, is_superuser = ?,"
    " claim_ends_at = IF(is_active, claim_ends_at, NULL),"
    " updated_at = UTC_TIMESTAMP(6) WHERE id = ?");
DB_STMT(USER_SET_COUNTRIES, DB_API | DB_CTL, DB_SAFE,
    "UPDATE user SET allowed_countries = ?, updated_at = UTC_TIMESTAMP(6)"
    " WHERE id = ?");
DB_STMT(USER_CLAIMS_OF, DB_API, DB_READ,
    "SELECT id FROM user WHERE email_unique = ? AND email_verified_at IS NULL"
    " AND claim_ends_at IS NOT NULL ORDER BY id LIMIT 1000");
DB_STMT(USER_VOID_CLAIM, DB_API, DB_SAFE,
    "UPDATE user SET password = NULL, updated_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND claim_ends_at IS NOT NULL");
DB_STMT(USER_PURGE_CLAIMS, DB_WORKER, DB_SAFE,
    "DELETE FROM user WHERE claim_ends_at < UTC_TIMESTAMP(6)"
    " ORDER BY claim_ends_at LIMIT ?");

static int
find(struct db *db, const struct db_stmt *s, struct arena *a, struct db_in in,
    struct user *u, struct err *e)
{
	memset(u, 0, sizeof(*u));
	return db_one(db, s, a, in, USER_OUT(u), e);
}

int
user_find(struct db *db, struct arena *a, uint64_t id, struct user *u,
    struct err *e)
{
	return find(db, &USER_FIND, a, DB_IN(DB_U64(id)), u, e);
}

int
user_lock(struct db *db, struct arena *a, uint64_t id, struct user *u,
    struct err *e)
{
	return find(db, &USER_LOCK, a, DB_IN(DB_U64(id)), u, e);
}

int
user_by_phone(struct db *db, struct arena *a, const char *e164,
    struct user *u, struct err *e)
{
	return find(db, &USER_BY_PHONE, a, DB_IN(DB_STR(e164), DB_STR(e164)),
	    u, e);
}

int
user_by_email(struct db *db, struct arena *a, const char *cmp,
    const char *unique, struct user *u, struct err *e)
{
	return find(db, &USER_BY_EMAIL, a, DB_IN(DB_STR(unique), DB_STR(cmp)),
	    u, e);
}

int
user_claim_by_phone(struct db *db, struct arena *a, const char *e164,
    struct user *u, struct err *e)
{
	return find(db, &USER_CLAIM_BY_PHONE, a, DB_IN(DB_STR(e164)), u, e);
}

int
user_claim_by_email(struct db *db, struct arena *a, const char *cmp,
    struct user *u, struct err *e)
{
	return find(db, &USER_CLAIM_BY_EMAIL, a, DB_IN(DB_STR(cmp)), u, e);
}

int
user_by_reg_key(struct db *db, uint64_t reg_key, uint64_t *id, struct err *e)
{
	return db_one(db, &USER_BY_REG_KEY, NULL, DB_IN(DB_U64(reg_key)),
	    DB_OUT(DB_TO_U64(id)), e);
}

int
user_phone_owner(struct db *db, const char *e164, uint64_t *id, struct err *e)
{
	return db_one(db, &USER_PHONE_OWNER, NULL, DB_IN(DB_STR(e164)),
	    DB_OUT(DB_TO_U64(id)), e);
}

int
user_email_owner(struct db *db, const char *unique, uint64_t *id,
    struct err *e)
{
	return db_one(db, &USER_EMAIL_OWNER, NULL, DB_IN(DB_STR(unique)),
	    DB_OUT(DB_TO_U64(id)), e);
}

static const char *
or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

int
user_insert(struct db *db, const struct user_new *n, uint64_t *id,
    struct err *e)
{
	int rc;

	if (db_run(db, &USER_INSERT, DB_IN(DB_U64(n->reg_key),
	    DB_STR(n->phone), DB_I64(n->phone_verified), DB_STR(n->email),
	    DB_STR(n->email_cmp), DB_STR(n->email_unique),
	    DB_I64(n->email_verified), DB_STR(or_empty(n->first_name)),
	    DB_STR(or_empty(n->last_name)), DB_STR(n->password),
	    DB_STR(n->password), DB_STR(n->locale), DB_STR(n->country),
	    DB_I64(n->is_staff), DB_I64(n->is_superuser),
	    DB_I64(n->is_active),
	    DB_I64(n->phone_verified || n->email_verified ||
	    n->standing)), e) >= 0) {
		*id = db_insert_id(db);
		return 0;
	}
	if (!db_dup_key(e, "user_reg_key"))
		return -1;
	rc = db_one(db, &USER_BY_REG_KEY, NULL, DB_IN(DB_U64(n->reg_key)),
	    DB_OUT(DB_TO_U64(id)), e);
	if (rc == 0)
		return err_set(e, ERR_CONFLICT, "conflict",
		    "the registration came and went");
	return rc < 0 ? -1 : 0;
}

/* --- proofs ------------------------------------------------------------------ */

struct proof {
	const struct db_stmt *win, *lose;
	uint64_t	 id;
	const char	*address;
	struct db_in	 in;		/* of the winning UPDATE */
	int		 done;
};

static int
prove_work(struct db *db, void *arg, struct err *e)
{
	struct proof *p = arg;
	int64_t rows = db_run(db, p->win, p->in, e);

	p->done = rows > 0;
	if (rows < 0 && (db_dup_key(e, "user_phone_proved") ||
	    db_dup_key(e, "user_email_proved"))) {
		err_clear(e);
		return 0;
	}
	if (rows <= 0)
		return (int)rows;
	return db_run(db, p->lose, DB_IN(DB_STR(p->address), DB_U64(p->id)),
	    e) < 0 ? -1 : 0;
}

int
user_prove_phone(struct db *db, uint64_t id, const char *e164, struct err *e)
{
	const struct db_value me = DB_U64(id), to = DB_STR(e164);
	struct proof p = { &USER_PROVE_PHONE, &USER_LOSE_PHONE, id, e164,
	    DB_IN(to, me, to, me), 0 };

	return db_join(db, prove_work, &p, e) < 0 ? -1 : p.done;
}

int
user_prove_email(struct db *db, uint64_t id, const char *unique,
    struct err *e)
{
	const struct db_value me = DB_U64(id), to = DB_STR(unique);
	struct proof p = { &USER_PROVE_EMAIL, &USER_LOSE_EMAIL, id, unique,
	    DB_IN(me, to, to, me), 0 };

	return db_join(db, prove_work, &p, e) < 0 ? -1 : p.done;
}

int
user_change_email(struct db *db, uint64_t id, const char *email,
    const char *cmp, const char *unique, struct err *e)
{
	const struct db_value me = DB_U64(id), to = DB_STR(unique);
	struct proof p = { &USER_CHANGE_EMAIL, &USER_LOSE_EMAIL, id, unique,
	    DB_IN(DB_STR(email), DB_STR(cmp), to, me, to, me), 0 };

	return db_join(db, prove_work, &p, e) < 0 ? -1 : p.done;
}

/* --- changes ------------------------------------------------------------------ */

/* Rows are found by updated_at changing; 1 there is such a row, 0, -1. */
static int
change(struct db *db, const struct db_stmt *s, struct db_in in, struct err *e)
{
	int64_t rows = db_run(db, s, in, e);

	return rows < 0 ? -1 : rows > 0;
}

int
user_set_password(struct db *db, uint64_t id, const char *phc, struct err *e)
{
	return change(db, &USER_SET_PASSWORD, DB_IN(DB_STR(phc), DB_U64(id)),
	    e);
}

int
user_drop_phone(struct db *db, uint64_t id, struct err *e)
{
	return change(db, &USER_DROP_PHONE, DB_IN(DB_U64(id)), e);
}

int
user_drop_email(struct db *db, uint64_t id, struct err *e)
{
	return change(db, &USER_DROP_EMAIL, DB_IN(DB_U64(id)), e);
}

int
user_rehash(struct db *db, uint64_t id, const char *old, const char *phc,
    struct err *e)
{
	return change(db, &USER_REHASH, DB_IN(DB_STR(phc), DB_U64(id),
	    DB_STR(old)), e);
}

int
user_signed_in(struct db *db, uint64_t id, const char *ip, struct err *e)
{
	return change(db, &USER_SIGNED_IN, DB_IN(DB_STR(ip), DB_U64(id)), e);
}

int
user_set_profile(struct db *db, uint64_t id, const struct user_profile *p,
    struct err *e)
{
	return change(db, &USER_SET_PROFILE, DB_IN(DB_STR(p->first_name),
	    DB_STR(p->last_name), DB_STR(p->birthday), DB_STR(p->birthday),
	    DB_STR(p->gender), DB_STR(p->gender), DB_STR(p->locale),
	    DB_STR(p->locale), DB_STR(p->time_zone), DB_STR(p->time_zone),
	    DB_U64(id)), e);
}

int
user_set_claim_phone(struct db *db, uint64_t id, const char *e164,
    struct err *e)
{
	return change(db, &USER_SET_CLAIM_PHONE, DB_IN(DB_STR(e164),
	    DB_U64(id)), e);
}

int
user_set_claim_email(struct db *db, uint64_t id, const char *email,
    const char *cmp, const char *unique, struct err *e)
{
	return change(db, &USER_SET_CLAIM_EMAIL, DB_IN(DB_STR(email),
	    DB_STR(cmp), DB_STR(unique), DB_U64(id)), e);
}

int
user_set_roles(struct db *db, uint64_t id, const struct user_roles *r,
    struct err *e)
{
	return change(db, &USER_SET_ROLES, DB_IN(DB_I64(r->is_active),
	    DB_I64(r->is_staff), DB_I64(r->is_superuser), DB_U64(id)), e);
}

int
user_set_allowed_countries(struct db *db, uint64_t id, const char *list,
    struct err *e)
{
	return change(db, &USER_SET_COUNTRIES, DB_IN(DB_STR(list),
	    DB_U64(id)), e);
}

int
user_purge_claims(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &USER_PURGE_CLAIMS, DB_IN(DB_U64(max)), e);
}

int
user_claims_of(struct db *db, const char *unique, uint64_t *id, size_t max,
    struct err *e)
{
	uint64_t it = 0;

	return db_list(db, &USER_CLAIMS_OF, NULL, DB_IN(DB_STR(unique)),
	    DB_OUT(DB_TO_U64(&it)), DB_ROWS(id, &it, max), e);
}

int
user_void_claim(struct db *db, uint64_t id, struct err *e)
{
	return change(db, &USER_VOID_CLAIM, DB_IN(DB_U64(id)), e);
}
