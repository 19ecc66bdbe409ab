/*
 * audit.c - table audit, and the salts of its personal columns.
 */
#include "store/audit.h"

#include "base/rand.h"

DB_STMT(AUDIT_INSERT, DB_API | DB_WORKER | DB_CTL, DB_ONCE,
    "INSERT INTO audit (id, at, event, outcome, user_id, actor_id,"
    " session_id, request_id, ip, country, user_agent, detail, personal_mac,"
    " row_mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
DB_STMT(AUDIT_SALT_GET, DB_API | DB_WORKER | DB_CTL, DB_READ,
    "SELECT salt FROM user_salt WHERE user_id = ?");
DB_STMT(AUDIT_SALT_MAKE, DB_API | DB_WORKER | DB_CTL, DB_SAFE,
    "INSERT IGNORE INTO user_salt (user_id, salt) VALUES (?, ?)");
DB_STMT(AUDIT_HEAD, DB_WORKER | DB_CTL, DB_READ,
    "SELECT seal_no, chain FROM audit WHERE seal_no IS NOT NULL"
    " ORDER BY seal_no DESC LIMIT 1");
/* A row is dated before its commit: one that commits late must not be older
 * than a row already sealed by more than the chain can carry, so the newest
 * second waits. */
DB_STMT(AUDIT_UNSEALED, DB_WORKER, DB_READ,
    "SELECT id, row_mac FROM audit WHERE seal_no IS NULL"
    " AND at < UTC_TIMESTAMP(6) - INTERVAL 1 SECOND ORDER BY id LIMIT ?");
DB_STMT(AUDIT_SEAL, DB_WORKER, DB_SAFE,
    "UPDATE audit SET seal_no = ?, chain = ?"
    " WHERE id = ? AND seal_no IS NULL");
DB_STMT(AUDIT_SEALED, DB_WORKER | DB_CTL, DB_READ,
    "SELECT a.id, a.at, a.event, a.outcome, a.user_id, a.actor_id,"
    " a.session_id, a.request_id, a.ip, a.country, a.user_agent, a.detail,"
    " a.personal_mac, a.row_mac, a.seal_no, a.chain, s.salt,"
    " c.user_id IS NOT NULL FROM audit a"
    " LEFT JOIN user_salt s ON"
    " s.user_id = IF(a.actor_id = 0, a.user_id, a.actor_id)"
    " LEFT JOIN closing c ON"
    " c.user_id = IF(a.actor_id = 0, a.user_id, a.actor_id)"
    " AND c.purging_at IS NOT NULL"
    " WHERE a.seal_no > ? ORDER BY a.seal_no LIMIT ?");

#define MAC_LEN		32
#define SALT_LEN	16

int
audit_row_insert(struct db *db, const struct audit_row *r, struct err *e)
{
	int64_t rc;

	for (int again = 0; ; again++) {
		rc = db_run(db, &AUDIT_INSERT, DB_IN(DB_U64(r->id),
		    DB_WHEN(r->at_us), DB_STR(r->event), DB_STR(r->outcome),
		    DB_U64(r->user_id), DB_U64(r->actor_id),
		    DB_U64(r->session_id), DB_STR(r->request_id),
		    DB_STR(r->ip), DB_STR(r->country), DB_STR(r->user_agent),
		    DB_STR(r->detail), DB_BIN(r->personal_mac, MAC_LEN),
		    DB_BIN(r->row_mac, MAC_LEN)), e);
		if (rc >= 0 || e->kind == ERR_DB_DUP)
			return 0;
		if (e->kind != ERR_DB_LOST || db_in_tx(db) || again == 2)
			return -1;
	}
}

int
audit_salt(struct db *db, uint64_t user_id, uint8_t salt[16], struct err *e)
{
	struct arena *a = arena_new(4096);
	uint8_t fresh[SALT_LEN];
	const uint8_t *p = NULL;
	size_t n = 0;
	int rc;

	for (int round = 0; ; round++) {
		rc = db_one(db, &AUDIT_SALT_GET, a, DB_IN(DB_U64(user_id)),
		    DB_OUT(DB_TO_BIN(&p, &n)), e);
		if (rc != 0 || round > 0)
			break;
		rand_fill(fresh, sizeof(fresh));
		if (db_run(db, &AUDIT_SALT_MAKE, DB_IN(DB_U64(user_id),
		    DB_BIN(fresh, sizeof(fresh))), e) < 0) {
			rc = -1;
			break;
		}
	}
	if (rc == 1 && n == SALT_LEN)
		memcpy(salt, p, SALT_LEN);
	else if (rc >= 0)
		rc = err_set(e, ERR_INTERNAL, "bad_row",
		    "no salt for user %" PRIu64, user_id);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

int
audit_head(struct db *db, struct arena *a, uint64_t *seal_no,
    uint8_t chain[32], struct err *e)
{
	const uint8_t *p = NULL;
	size_t n = 0;
	int rc = db_one(db, &AUDIT_HEAD, a, DB_NONE,
	    DB_OUT(DB_TO_U64(seal_no), DB_TO_BIN(&p, &n)), e);

	if (rc == 1 && n == MAC_LEN)
		memcpy(chain, p, MAC_LEN);
	return rc;
}

/* Rows come with their MACs as pointers; copy them where callers read. */
struct feed {
	struct audit_row	*r;
	const uint8_t		*personal, *mac, *chain, *salt;
	size_t			 personal_n, mac_n, chain_n, salt_n;
	int			(*row)(void *arg, struct err *e);
	void			*arg;
};

static void
copy_mac(uint8_t out[32], const uint8_t *p, size_t n)
{
	memset(out, 0, MAC_LEN);
	if (n == MAC_LEN)
		memcpy(out, p, MAC_LEN);
}

static int
feed_row(void *arg, struct err *e)
{
	struct feed *f = arg;

	copy_mac(f->r->personal_mac, f->personal, f->personal_n);
	copy_mac(f->r->row_mac, f->mac, f->mac_n);
	copy_mac(f->r->chain, f->chain, f->chain_n);
	f->r->has_salt = f->salt_n == SALT_LEN;
	if (f->r->has_salt)
		memcpy(f->r->salt, f->salt, SALT_LEN);
	return f->row(f->arg, e);
}

int
audit_unsealed(struct db *db, struct arena *a, unsigned max,
    struct audit_row *r, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	struct feed f = { .r = r, .row = row, .arg = arg };

	return (int)db_each(db, &AUDIT_UNSEALED, a, DB_IN(DB_U64(max)),
	    DB_OUT(DB_TO_U64(&r->id), DB_TO_BIN(&f.mac, &f.mac_n)),
	    feed_row, &f, e);
}

int
audit_row_seal(struct db *db, uint64_t id, uint64_t seal_no,
    const uint8_t chain[32], struct err *e)
{
	return (int)db_run(db, &AUDIT_SEAL, DB_IN(DB_U64(seal_no),
	    DB_BIN(chain, MAC_LEN), DB_U64(id)), e);
}

int
audit_sealed(struct db *db, struct arena *a, uint64_t after, unsigned max,
    struct audit_row *r, int (*row)(void *arg, struct err *e), void *arg,
    struct err *e)
{
	struct feed f = { .r = r, .row = row, .arg = arg };

	return (int)db_each(db, &AUDIT_SEALED, a,
	    DB_IN(DB_U64(after), DB_U64(max)),
	    DB_OUT(DB_TO_U64(&r->id), DB_TO_TIME(&r->at_us),
	    DB_TO_STR(&r->event), DB_TO_STR(&r->outcome),
	    DB_TO_U64(&r->user_id), DB_TO_U64(&r->actor_id),
	    DB_TO_U64(&r->session_id), DB_TO_STR(&r->request_id),
	    DB_TO_STR(&r->ip), DB_TO_STR(&r->country),
	    DB_TO_STR(&r->user_agent), DB_TO_STR(&r->detail),
	    DB_TO_BIN(&f.personal, &f.personal_n), DB_TO_BIN(&f.mac, &f.mac_n),
	    DB_TO_U64(&r->seal_no), DB_TO_BIN(&f.chain, &f.chain_n),
	    DB_TO_BIN(&f.salt, &f.salt_n), DB_TO_BOOL(&r->erasing)),
	    feed_row, &f, e);
}
