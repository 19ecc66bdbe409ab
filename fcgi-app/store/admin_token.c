/*
 * admin_token.c - statements on table admin_token, and where one may be used.
 */
#include "store/admin_token.h"

#include "base/text.h"

#include <arpa/inet.h>

#define HASH_LEN	32
#define ADDR_BYTES	16		/* IPv4 as ::ffff:a.b.c.d */
#define USE_EVERY_S	60

DB_STMT(ADMIN_TOKEN_INSERT, DB_API | DB_CTL, DB_ONCE,
    "INSERT INTO admin_token (id, token_hash, name, user_id, scopes, cidr,"
    " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)");
DB_STMT(ADMIN_TOKEN_IS, DB_API | DB_CTL, DB_READ,
    "SELECT 1 FROM admin_token WHERE id = ? AND token_hash = ?");
#define COLUMNS_SQL "t.id, t.user_id, t.name, t.cidr, t.scopes,"	\
	" t.expires_at, t.last_used_at, t.created_at, t.revoked_at,"	\
	" t.last_used_ip"
DB_STMT(ADMIN_TOKEN_USE, DB_API, DB_READ,
    "SELECT " COLUMNS_SQL ", t.last_used_at IS NULL OR t.last_used_at <"
    " UTC_TIMESTAMP(6) - INTERVAL ? SECOND"
    " FROM admin_token t JOIN user u ON u.id = t.user_id"
    " WHERE t.token_hash = ? AND t.revoked_at IS NULL"
    " AND (t.expires_at IS NULL OR t.expires_at > UTC_TIMESTAMP(6))"
    " AND u.is_active AND u.is_superuser");
DB_STMT(ADMIN_TOKEN_USED, DB_API, DB_SAFE,
    "UPDATE admin_token SET last_used_at = UTC_TIMESTAMP(6),"
    " last_used_ip = ? WHERE id = ? AND (last_used_at IS NULL OR"
    " last_used_at < UTC_TIMESTAMP(6) - INTERVAL ? SECOND)");
DB_STMT(ADMIN_TOKEN_FIND, DB_API, DB_READ,
    "SELECT " COLUMNS_SQL " FROM admin_token t WHERE t.id = ?");
DB_STMT(ADMIN_TOKEN_LIST, DB_API, DB_READ,
    "SELECT " COLUMNS_SQL " FROM admin_token t ORDER BY t.id DESC"
    " LIMIT ? OFFSET ?");
DB_STMT(ADMIN_TOKEN_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM admin_token");
DB_STMT(ADMIN_TOKEN_REVOKE, DB_API, DB_SAFE,
    "UPDATE admin_token SET revoked_at = UTC_TIMESTAMP(6)"
    " WHERE id = ? AND revoked_at IS NULL");

/* --- scopes ------------------------------------------------------------- */

/* Bits of enum caller_scope, as words of the column. */
static const struct { unsigned bit; const char *word; } scope_row[] = {
	{ 1, "push" }, { 2, "send" }, { 4, "admin" },
};
#define SCOPES_TEXT	64

static void
scopes_write(char out[SCOPES_TEXT], unsigned scopes)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNT_OF(scope_row); i++)
		if (scopes & scope_row[i].bit)
			n += (size_t)snprintf(out + n, SCOPES_TEXT - n, "%s%s",
			    n == 0 ? "" : ",", scope_row[i].word);
}

/* A word that we do not know gives nothing. */
static unsigned
scopes_read(const char *s)
{
	unsigned scopes = 0;

	while (*s != '\0') {
		size_t n = strcspn(s, ",");

		for (size_t i = 0; i < COUNT_OF(scope_row); i++)
			if (strlen(scope_row[i].word) == n &&
			    memcmp(scope_row[i].word, s, n) == 0)
				scopes |= scope_row[i].bit;
		s += n;
		s += *s == ',';
	}
	return scopes;
}

/* --- rows --------------------------------------------------------------- */

#define COLUMNS(t, words) DB_TO_U64(&(t)->id), DB_TO_U64(&(t)->user_id), \
	DB_TO_STR(&(t)->name), DB_TO_STR(&(t)->cidr), DB_TO_STR(words),	\
	DB_TO_TIME(&(t)->expires_us), DB_TO_TIME(&(t)->last_used_us), \
	DB_TO_TIME(&(t)->created_us), DB_TO_TIME(&(t)->revoked_us), \
	DB_TO_STR(&(t)->last_used_ip)

/* Is the row with this id ours: the same hash? */
static int
inserted_before(struct db *db, const struct admin_token_new *n, struct err *e)
{
	int64_t one;
	int rc = db_one(db, &ADMIN_TOKEN_IS, NULL, DB_IN(DB_U64(n->id),
	    DB_BIN(n->hash, HASH_LEN)), DB_OUT(DB_TO_I64(&one)), e);

	return rc != 0 ? rc : err_set(e, ERR_INTERNAL, "token_collision",
	    "admin token %" PRIu64 " is another's", n->id);
}

int
admin_token_insert(struct db *db, const struct admin_token_new *n,
    struct err *e)
{
	char scopes[SCOPES_TEXT];

	scopes_write(scopes, n->scopes);
	for (int again = 0; ; again++) {
		if (db_run(db, &ADMIN_TOKEN_INSERT, DB_IN(DB_U64(n->id),
		    DB_BIN(n->hash, HASH_LEN), DB_STR(n->name),
		    DB_U64(n->user_id), DB_STR(scopes), DB_STR(n->cidr),
		    DB_WHEN(n->expires_us)), e) >= 0)
			return 0;
		if (e->kind == ERR_DB_DUP)
			return inserted_before(db, n, e) < 0 ? -1 : 0;
		if (e->kind != ERR_DB_LOST || db_in_tx(db) || again == 2)
			return -1;
	}
}

int
admin_token_use(struct db *db, struct arena *a, const uint8_t hash[32],
    const char *ip, struct admin_token *t, struct err *e)
{
	const char *words = NULL;
	bool due = false;
	int rc = db_one(db, &ADMIN_TOKEN_USE, a, DB_IN(DB_U64(USE_EVERY_S),
	    DB_BIN(hash, HASH_LEN)), DB_OUT(COLUMNS(t, &words),
	    DB_TO_BOOL(&due)), e);

	if (rc <= 0)
		return rc;
	t->scopes = scopes_read(words);
	/* Used means let in: from elsewhere it is only refused. */
	if (due && admin_token_addr_ok(t, ip) && db_run(db, &ADMIN_TOKEN_USED,
	    DB_IN(DB_STR(ip), DB_U64(t->id), DB_U64(USE_EVERY_S)), e) < 0)
		return -1;
	return 1;
}

int
admin_token_find(struct db *db, struct arena *a, uint64_t id,
    struct admin_token *t, struct err *e)
{
	const char *words = NULL;
	int rc = db_one(db, &ADMIN_TOKEN_FIND, a, DB_IN(DB_U64(id)),
	    DB_OUT(COLUMNS(t, &words)), e);

	if (rc == 1)
		t->scopes = scopes_read(words);
	return rc;
}

struct walk {
	struct admin_token *t;
	const char	*words;
	int		(*row)(void *arg, struct err *e);
	void		*arg;
};

static int
see_row(void *arg, struct err *e)
{
	struct walk *w = arg;

	w->t->scopes = scopes_read(w->words);
	return w->row(w->arg, e);
}

int
admin_token_each(struct db *db, struct arena *a, unsigned limit,
    unsigned offset, struct admin_token *t,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	struct walk w = { .t = t, .row = row, .arg = arg };

	return (int)db_each(db, &ADMIN_TOKEN_LIST, a, DB_IN(DB_U64(limit),
	    DB_U64(offset)), DB_OUT(COLUMNS(t, &w.words)), see_row, &w, e);
}

int64_t
admin_token_count(struct db *db, struct err *e)
{
	int64_t n = 0;

	return db_one(db, &ADMIN_TOKEN_COUNT, NULL, DB_NONE,
	    DB_OUT(DB_TO_I64(&n)), e) < 0 ? -1 : n;
}

int
admin_token_revoke(struct db *db, uint64_t id, struct err *e)
{
	return (int)db_run(db, &ADMIN_TOKEN_REVOKE, DB_IN(DB_U64(id)), e);
}

/* --- networks ----------------------------------------------------------- */

struct network { uint8_t addr[ADDR_BYTES]; unsigned bits; };

/* Either family as 16 bytes; *v4 tells which was written. */
static bool
addr_read(const char *s, uint8_t out[ADDR_BYTES], bool *v4)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0xff, 0xff };

	memcpy(out, mapped, sizeof(mapped));
	*v4 = inet_pton(AF_INET, s, out + sizeof(mapped)) == 1;
	return *v4 || inet_pton(AF_INET6, s, out) == 1;
}

/* One item of the list, n bytes: "10.0.0.0/8", "2001:db8::/32", "192.0.2.1". */
static bool
network_read(const char *s, size_t n, struct network *net)
{
	char text[64], *slash;
	uint64_t bits;
	bool v4;

	while (n > 0 && *s == ' ') {
		s++;
		n--;
	}
	while (n > 0 && s[n - 1] == ' ')
		n--;
	if (n == 0 || n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	if ((slash = strchr(text, '/')) != NULL)
		*slash++ = '\0';
	if (!addr_read(text, net->addr, &v4))
		return false;
	if (slash == NULL)
		bits = v4 ? 32 : 128;
	else if (!text_u64(slash, v4 ? 32 : 128, &bits))
		return false;
	net->bits = (unsigned)bits + (v4 ? 96 : 0);
	return true;
}

static bool
network_has(const struct network *net, const uint8_t addr[ADDR_BYTES])
{
	size_t whole = net->bits / 8;
	unsigned rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00U >> rest);

	return memcmp(net->addr, addr, whole) == 0 && (rest == 0 ||
	    ((net->addr[whole] ^ addr[whole]) & mask) == 0);
}

bool
admin_token_cidr_valid(const char *list)
{
	struct network net;

	for (;;) {
		size_t n = strcspn(list, ",");

		if (!network_read(list, n, &net))
			return false;
		list += n;
		if (*list++ == '\0')
			return true;
	}
}

bool
admin_token_addr_ok(const struct admin_token *t, const char *ip)
{
	const char *list = t->cidr;
	uint8_t addr[ADDR_BYTES];
	struct network net;
	bool v4;

	if (list == NULL || *list == '\0')
		return true;
	if (!addr_read(ip, addr, &v4))
		return false;
	for (;;) {
		size_t n = strcspn(list, ",");

		if (network_read(list, n, &net) && network_has(&net, addr))
			return true;
		list += n;
		if (*list++ == '\0')
			return false;
	}
}
