/*
 * suppression.c - see suppression.h.
 */
#include "store/suppression.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mail.h"
#include "base/rand.h"
#include "base/text.h"

#define HASH "UNHEX(SHA2(?, 256))"
#define HASH16 "UNHEX(LEFT(SHA2(LOWER(?), 256), 32))"	/* delivery_hash() */
/* A mailbox that is full so often, for so long, is nobody's any more. */
#define FULL_TIMES	3
#define FULL_DAYS	7
/* As strength() has it: those that bar less come first. */
#define STRENGTH(x) "COALESCE(NULLIF(FIELD(" x ", 'no_marketing',"	\
	" 'unsubscribed', 'ads_blocked'), 0), 4)"
DB_STMT(SUPPRESSION_ADD, DB_API | DB_WORKER | DB_CTL, DB_SAFE,
    "INSERT INTO suppression (id, channel, address_hash, shown, reason,"
    " user_id, created_at) VALUES (?, ?, " HASH ", ?, ?, ?,"
    " UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE reason ="
    " IF(" STRENGTH("VALUES(reason)") " > " STRENGTH("reason") ","
    " VALUES(reason), reason)");
DB_STMT(SUPPRESSION_LIFT, DB_API, DB_SAFE,
    "DELETE FROM suppression WHERE channel = ? AND address_hash = " HASH
    " AND FIND_IN_SET(reason, ?) > 0");
DB_STMT(SUPPRESSION_TOLD, DB_API | DB_WORKER, DB_READ,
    "SELECT channel, target FROM delivery WHERE notification_id = ? AND"
    " seq = ?");
/* Since the last that was taken there. */
DB_STMT(SUPPRESSION_FULL, DB_API | DB_WORKER, DB_READ,
    "SELECT COUNT(*) >= ? AND MIN(d.updated_at) <= UTC_TIMESTAMP(6) -"
    " INTERVAL ? DAY FROM delivery d WHERE d.target_hash = " HASH16
    " AND d.channel = 'email' AND d.state = 'failed'"
    " AND d.reason IN ('smtp_552_5_2_2', 'smtp_554_5_2_2')"
    " AND d.notification_id > COALESCE((SELECT MAX(o.notification_id)"
    "  FROM delivery o WHERE o.target_hash = " HASH16
    "  AND o.channel = 'email'"
    "  AND o.state IN ('sent', 'delivered', 'read')), 0)");
DB_STMT(SUPPRESSION_READ, DB_WORKER, DB_READ,
    "SELECT t.n, s.reason FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    "  n FOR ORDINALITY, c VARCHAR(12) PATH '$[0]',"
    "  h VARCHAR(254) PATH '$[1]')) t"
    " STRAIGHT_JOIN suppression s ON s.address_hash = UNHEX(SHA2(t.h, 256))"
    " AND s.channel = CONVERT(t.c USING ascii)");
DB_STMT(SUPPRESSION_REMOVE, DB_API, DB_SAFE,
    "DELETE FROM suppression WHERE id = ?");
#define COLUMNS "id, user_id, channel, shown, reason, created_at"
#define WHERE " WHERE (? IS NULL OR address_hash = " HASH ")"		\
	" AND (? = '' OR channel = ?) AND (? = '' OR reason = ?)"
DB_STMT(SUPPRESSION_LIST, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM suppression" WHERE
    " ORDER BY id DESC LIMIT ? OFFSET ?");
DB_STMT(SUPPRESSION_LIST_UP, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM suppression" WHERE
    " ORDER BY id LIMIT ? OFFSET ?");
DB_STMT(SUPPRESSION_COUNT, DB_API, DB_READ,
    "SELECT COUNT(*) FROM suppression" WHERE);
DB_STMT(SUPPRESSION_FIND, DB_API, DB_READ,
    "SELECT " COLUMNS " FROM suppression WHERE id = ?");
DB_STMT(SUPPRESSION_OF, DB_API, DB_READ,
    "SELECT id FROM suppression WHERE channel = ? AND address_hash = " HASH);

/* a…@example.com, +98…21 */
static const char *
masked(struct arena *a, const char *address)
{
	const char *at = strrchr(address, '@');
	size_t n = strlen(address);

	if (at != NULL)
		return arena_printf(a, "%.1s…%s", address, at);
	return n < 6 ? "…" : arena_printf(a, "%.3s…%s", address,
	    address + n - 2);
}

static const char *const weak[] = { "no_marketing", "unsubscribed",
	"ads_blocked" };

bool
suppression_bars(const char *reason, enum suppressed kind)
{
	if (reason == NULL)
		return false;
	for (size_t i = 0; i < COUNT_OF(weak); i++)
		if (strcmp(weak[i], reason) == 0)
			return (size_t)kind <= i;
	return true;
}

enum suppressed
suppression_kind(unsigned class, const char *type)
{
	if (strcmp(type, "code") == 0)
		return SUPPRESSED_CODE;
	if (class == 0)
		return SUPPRESSED_CRITICAL;
	return class == 1 ? SUPPRESSED_USUAL : SUPPRESSED_MARKETING;
}

/* As it is compared. */
static const char *
compared(struct arena *a, const char *address)
{
	char cmp[MAIL_MAX + 1];

	if (strchr(address, '@') == NULL)
		return address;
	return mail_parse(address, cmp, NULL) ? arena_strdup(a, cmp) :
	    text_lower(a, address);
}

struct reading {
	struct suppression_asked *q;
	size_t		 n;
	uint64_t	 at;
	const char	*reason;
};

static int
read_row(void *arg, struct err *e)
{
	struct reading *r = arg;

	(void)e;
	if (r->at >= 1 && r->at <= r->n)
		r->q[r->at - 1].reason = r->reason;
	return 0;
}

int
suppression_read(struct db *db, struct arena *a, struct suppression_asked *q,
    size_t n, struct err *e)
{
	struct reading r = { .q = q, .n = n };
	struct buf b;
	struct jw w;
	int64_t rc;

	if (n == 0)
		return 0;
	buf_init(&b, n * 400 + 16);
	jw_init(&w, &b);
	jw_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		q[i].reason = NULL;
		jw_array(&w, NULL);
		jw_str(&w, NULL, q[i].channel);
		jw_str(&w, NULL, compared(a, q[i].address));
		jw_end(&w);
	}
	jw_end(&w);
	rc = b.over ? err_set(e, ERR_INTERNAL, "bad_address", "too long") :
	    db_each(db, &SUPPRESSION_READ, a, DB_IN(DB_STR(buf_text(&b))),
	    DB_OUT(DB_TO_U64(&r.at), DB_TO_STR(&r.reason)), read_row, &r, e);
	buf_fini(&b);
	return rc < 0 ? -1 : 0;
}

/* PROVIDERS.md 1.7, 4.3, 7.1; what SMTP says of a mailbox is "dead". */
static const char *
entry_of(const struct refusal *r)
{
	static const struct { const char *reason, *entry; } row[] = {
		{ "twilio_21610", "stopped" },
		{ "twilio_30004", "blocked" },
		{ "twilio_30005", "bounced" },
		{ "twilio_30006", "bounced" },
		{ "kavenegar_state_14", "ads_blocked" },
		{ "whatsapp_131050", "no_marketing" },
		{ "whatsapp_131026", "bounced" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (strcmp(row[i].reason, r->reason) == 0)
			return row[i].entry;
	return r->dead ? "bounced" : NULL;
}

/* Full, again and again (PROVIDERS.md 6.4)?  1, 0, -1. */
static int
long_full(struct db *db, const struct refusal *r, struct err *e)
{
	bool yes = false;

	if (strcmp(r->reason, "smtp_552_5_2_2") != 0 &&
	    strcmp(r->reason, "smtp_554_5_2_2") != 0)
		return 0;
	return db_one(db, &SUPPRESSION_FULL, NULL, DB_IN(DB_U64(FULL_TIMES),
	    DB_U64(FULL_DAYS), DB_STR(r->address), DB_STR(r->address)),
	    DB_OUT(DB_TO_BOOL(&yes)), e) < 0 ? -1 : yes;
}

int
suppression_after(struct db *db, const struct refusal *r, struct err *e)
{
	struct suppression_new n = { .channel = channels_find(r->channel),
	    .reason = entry_of(r) };
	struct arena *a;
	int rc;

	if (n.reason == NULL && n.channel == CHANNEL_EMAIL) {
		if ((rc = long_full(db, r, e)) < 0)
			return -1;
		n.reason = rc > 0 ? "bounced" : NULL;
	}
	if (n.reason == NULL || *r->address == '\0' ||
	    (n.channel != CHANNEL_EMAIL && n.channel != CHANNEL_SMS &&
	    n.channel != CHANNEL_WHATSAPP))
		return 0;
	a = arena_new(4096);
	n.id = rand_id();
	n.address = compared(a, r->address);
	rc = suppression_add(db, &n, e);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

int
suppression_after_told(struct db *db, uint64_t notification_id, uint32_t seq,
    const char *reason, struct err *e)
{
	struct refusal r = { .reason = reason };
	struct arena *a;
	int rc;

	if (entry_of(&r) == NULL)
		return 0;
	a = arena_new(8192);
	rc = db_one(db, &SUPPRESSION_TOLD, a, DB_IN(DB_U64(notification_id),
	    DB_U64(seq)), DB_OUT(DB_TO_STR(&r.channel),
	    DB_TO_STR(&r.address)), e);
	if (rc > 0)
		rc = suppression_after(db, &r, e);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

int
suppression_lift(struct db *db, enum channel_id channel, const char *address,
    const char *reasons, struct err *e)
{
	int64_t rc = db_run(db, &SUPPRESSION_LIFT, DB_IN(
	    DB_STR(channels_name(channel)), DB_STR(address),
	    DB_STR(reasons)), e);

	return rc < 0 ? -1 : rc > 0;
}

int
suppression_add(struct db *db, const struct suppression_new *n,
    struct err *e)
{
	struct arena *a = arena_new(8192);
	int64_t rc = db_run(db, &SUPPRESSION_ADD, DB_IN(DB_U64(n->id),
	    DB_STR(channels_name(n->channel)), DB_STR(n->address),
	    DB_STR(masked(a, n->address)), DB_STR(n->reason),
	    DB_REF(n->user_id)), e);

	arena_free(a);
	/* MariaDB: 1 a new row, 2 a changed one, 0 as it was. */
	return rc < 0 ? -1 : rc == 1;
}

int
suppression_remove(struct db *db, uint64_t id, struct err *e)
{
	int64_t rc = db_run(db, &SUPPRESSION_REMOVE, DB_IN(DB_U64(id)), e);

	return rc < 0 ? -1 : rc > 0;
}

#define OUT(s) DB_OUT(DB_TO_U64(&(s)->id), DB_TO_U64(&(s)->user_id),	\
	DB_TO_STR(&(s)->channel), DB_TO_STR(&(s)->shown),		\
	DB_TO_STR(&(s)->reason), DB_TO_TIME(&(s)->created_us))
#define ASKED(p) DB_STR((p)->address), DB_STR((p)->address),		\
	DB_STR((p)->channel), DB_STR((p)->channel), DB_STR((p)->reason),	\
	DB_STR((p)->reason)

int
suppression_each(struct db *db, struct arena *a,
    const struct suppression_page *p, struct suppression *s,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	int64_t rc = db_each(db, p->oldest_first ? &SUPPRESSION_LIST_UP :
	    &SUPPRESSION_LIST, a, DB_IN(ASKED(p), DB_U64(p->limit),
	    DB_U64(p->offset)), OUT(s), row, arg, e);

	return rc < 0 ? -1 : (int)rc;
}

int64_t
suppression_count(struct db *db, const struct suppression_page *p,
    struct err *e)
{
	struct arena *a = arena_new(4096);
	uint64_t n = 0;
	int rc = db_one(db, &SUPPRESSION_COUNT, a, DB_IN(ASKED(p)),
	    DB_OUT(DB_TO_U64(&n)), e);

	arena_free(a);
	return rc < 0 ? -1 : (int64_t)n;
}

int
suppression_find(struct db *db, struct arena *a, uint64_t id,
    struct suppression *s, struct err *e)
{
	return db_one(db, &SUPPRESSION_FIND, a, DB_IN(DB_U64(id)), OUT(s), e);
}

int
suppression_of(struct db *db, enum channel_id channel, const char *address,
    uint64_t *id, struct err *e)
{
	struct arena *a = arena_new(4096);
	int rc = db_one(db, &SUPPRESSION_OF, a, DB_IN(
	    DB_STR(channels_name(channel)), DB_STR(address)),
	    DB_OUT(DB_TO_U64(id)), e);

	arena_free(a);
	return rc;
}
