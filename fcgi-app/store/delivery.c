/*
 * delivery.c - statements on table delivery.
 */
#include "store/delivery.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/reason.h"
#include "store/delivery_cols.h"

DB_STMT(DELIVERY_INSERT, DB_WORKER, DB_ONCE,
    "INSERT INTO delivery (notification_id, seq, user_id, channel,"
    " target_hash, target, device_id, provider, state, reason, sent_at,"
    " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " IF(?, UTC_TIMESTAMP(6), NULL), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))");
DB_STMT(DELIVERY_BARRED, DB_WORKER, DB_SAFE,
    "UPDATE delivery SET attempt_log = ? WHERE notification_id = ? AND"
    " seq = ?");
/* One join a batch, not an array of bindings: of an UPDATE the server runs
 * those one by one, each as a statement of its own (M: 3 times as long). */
DB_STMT(DELIVERY_UPDATE, DB_WORKER, DB_ONCE,
    "UPDATE JSON_TABLE(?, '$[*]' COLUMNS ("
    "  i BIGINT UNSIGNED PATH '$[0]', s INT UNSIGNED PATH '$[1]',"
    "  w VARCHAR(10) PATH '$[2]', r VARCHAR(40) PATH '$[3]',"
    "  n SMALLINT UNSIGNED PATH '$[4]', p VARCHAR(160) PATH '$[5]',"
    "  v VARCHAR(24) PATH '$[6]',"
    "  l VARCHAR(1000) CHARACTER SET utf8mb4 PATH '$[7]',"
    "  x BOOLEAN PATH '$[8]', g TINYINT UNSIGNED PATH '$[9]')) t"
    " STRAIGHT_JOIN delivery d ON d.notification_id = t.i AND d.seq = t.s"
    " SET d.state = t.w, d.reason = t.r, d.attempts = t.n,"
    " d.provider_id = t.p, d.provider = COALESCE(t.v, d.provider),"
    " d.attempt_log = IF(t.l = '', d.attempt_log,"
    "  CONCAT(" DELIVERY_LOG_KEPT ", t.l, '\\n')),"
    " d.sent_at = IF(t.x, UTC_TIMESTAMP(6), d.sent_at),"
    " d.segments = GREATEST(d.segments, t.g),"
    " d.updated_at = UTC_TIMESTAMP(6)");
DB_STMT(DELIVERY_TRUTH, DB_WORKER, DB_SAFE,
    "UPDATE delivery SET state = ?, reason = ?, provider_id = ?,"
    DELIVERY_LOG_ADD
    " sent_at = IF(?, UTC_TIMESTAMP(6), sent_at),"
    " updated_at = UTC_TIMESTAMP(6)"
    " WHERE notification_id = ? AND seq = ? AND state = 'unsure'"
    " AND attempts = ?");
DB_STMT(DELIVERY_PENDING, DB_WORKER | DB_API, DB_READ,
    "SELECT 1 FROM notification n WHERE n.id = ? AND (n.planned_at IS NULL"
    " OR EXISTS (SELECT 1 FROM delivery d WHERE d.notification_id = n.id"
    " AND d.state = 'queued'))");
DB_STMT(DELIVERY_LOCATE, DB_WORKER, DB_READ,
    "SELECT t.n, x.target, d.target, d.p256dh, d.auth,"
    " d.is_active AND (t.u = 0 OR d.user_id <=> t.u), u.locale, b.reason,"
    " u.id IS NOT NULL, u.is_active, x.channel, p.on_mask, p.off_mask,"
    " pt.on_mask, pt.off_mask"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY,"
    "  i BIGINT UNSIGNED PATH '$[0]', s INT UNSIGNED PATH '$[1]',"
    "  d BIGINT UNSIGNED PATH '$[2]', u BIGINT UNSIGNED PATH '$[3]',"
    "  y VARCHAR(40) PATH '$[4]')) t"
    " STRAIGHT_JOIN delivery x ON x.notification_id = t.i AND x.seq = t.s"
    " LEFT JOIN device d ON d.id = t.d LEFT JOIN user u ON u.id = t.u"
    " LEFT JOIN preference p ON p.user_id = t.u AND t.y <> ''"
    " LEFT JOIN preference_type pt ON pt.user_id = t.u AND t.y <> ''"
    " AND pt.type = CONVERT(t.y USING ascii)"
    " LEFT JOIN suppression b ON x.channel IN ('email', 'sms', 'whatsapp')"
    " AND b.channel = x.channel AND b.address_hash ="
    "  UNHEX(SHA2(LOWER(x.target), 256))");
DB_STMT(DELIVERY_LIST, DB_API | DB_CTL, DB_READ,
    "SELECT " DELIVERY_SELECT " FROM delivery"
    " WHERE notification_id = ? AND seq > ?"
    " ORDER BY seq LIMIT ?");
DB_STMT(DELIVERY_COUNT, DB_API | DB_CTL, DB_READ,
    "SELECT COUNT(*), COALESCE(SUM(state = 'queued'), 0),"
    " COALESCE(SUM(state IN ('sent', 'delivered', 'read')), 0),"
    " COALESCE(SUM(state NOT IN ('queued', 'sent', 'delivered', 'read')), 0)"
    " FROM delivery WHERE notification_id = ?");

#define INSERT_COLS	11
#define BARRED_COLS	3

void
delivery_hash(uint8_t out[16], const char *to)
{
	size_t n = to == NULL ? 0 : strlen(to);
	char low[DELIVERY_TARGET_MAX + 1];
	uint8_t h[32];

	if (n > 0 && n < sizeof(low) && strchr(to, '@') != NULL &&
	    strchr(to, '/') == NULL) {
		for (size_t i = 0; i <= n; i++)
			low[i] = to[i] >= 'A' && to[i] <= 'Z' ?
			    (char)(to[i] + 'a' - 'A') : to[i];
		to = low;
	}
	sha256(h, to == NULL ? "" : to, n);
	memcpy(out, h, 16);
}

/* Is it told on (delivery_changed)?  No reason is made up on the way: its
 * sentence must be there (reason.h). */
static bool
is_told(const char *state, const char *reason)
{
	bool told = strcmp(state, "queued") != 0;
	bool needed = told && strcmp(state, "sent") != 0 &&
	    strcmp(state, "delivered") != 0 &&
	    strcmp(state, "read") != 0;

	if (reason == NULL || reason[0] == '\0' ? needed :
	    reason_find(reason) == NULL)
		log_error("delivery %s: reason \"%s\" has no row", state,
		    reason == NULL ? "" : reason);
	return told;
}

static struct delivery_ref *
refs_new(size_t n)
{
	struct delivery_ref *r = calloc(n + 1, sizeof(*r));

	if (r == NULL)
		fatal("delivery: out of memory");
	return r;
}

/* Few rows, so not a column of the many that are inserted. */
static int
say_barred(struct db *db, const struct delivery_new *d, size_t n,
    struct err *e)
{
	struct arena *a = arena_new(n * 256 + 4096);
	struct db_value *v = arena_array(a, n * BARRED_COLS + 1, sizeof(*v));
	struct db_value *at = v;
	char now[CLOCK_TEXT_MAX];
	size_t rows = 0;
	int64_t rc = 0;

	for (size_t i = 0; i < n; i++) {
		if (d[i].barred == NULL)
			continue;
		*at++ = DB_STR(arena_printf(a, "{\"at\":\"%s\",\"reason\":"
		    "\"suppressed\",\"suppressed_by\":\"%s\"}\n",
		    clock_rfc3339(clock_now(), true, now), d[i].barred));
		*at++ = DB_U64(d[i].notification_id);
		*at++ = DB_U64(d[i].seq);
		rows++;
	}
	if (rows > 0)
		rc = db_bulk(db, &DELIVERY_BARRED, v, rows, BARRED_COLS, e);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}

int
delivery_insert(struct db *db, const struct delivery_new *d, size_t n,
    struct err *e)
{
	struct db_value *v = calloc(n * INSERT_COLS, sizeof(*v)), *at = v;
	struct delivery_ref *r = refs_new(n);
	size_t told = 0;
	int64_t rc;

	if (v == NULL)
		fatal("delivery: out of memory");
	for (size_t i = 0; i < n; i++) {
		if (is_told(d[i].state, d[i].reason))
			r[told++] = (struct delivery_ref){
			    d[i].notification_id, d[i].seq };
		*at++ = DB_U64(d[i].notification_id);
		*at++ = DB_U64(d[i].seq);
		*at++ = DB_U64(d[i].user_id);
		*at++ = DB_STR(d[i].channel);
		*at++ = DB_BIN(d[i].target_hash, sizeof(d[i].target_hash));
		*at++ = DB_STR(d[i].target);
		*at++ = DB_U64(d[i].device_id);
		*at++ = DB_STR(d[i].provider);
		*at++ = DB_STR(d[i].state);
		*at++ = DB_STR(d[i].reason);
		*at++ = DB_U64(d[i].sent ? 1 : 0);
	}
	rc = db_bulk(db, &DELIVERY_INSERT, v, n, INSERT_COLS, e);
	if (rc >= 0 && told > 0)
		rc = say_barred(db, d, n, e);
	if (rc >= 0 && told > 0)
		rc = delivery_changed(db, r, told, e);
	free(r);
	free(v);
	return rc < 0 ? -1 : 0;
}

/* [[notification, seq, state, …], …] in heap text: free it. */
static char *
changes_text(const struct delivery_change *d, size_t n)
{
	size_t room = 16;
	struct buf b;
	struct jw w;

	/* A byte is six at most when it is escaped. */
	for (size_t i = 0; i < n; i++)
		room += 512 + 6 * (strlen(d[i].provider_id) +
		    strlen(d[i].log == NULL ? "" : d[i].log));
	buf_init(&b, room);
	jw_init(&w, &b);
	jw_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		jw_array(&w, NULL);
		jw_u64(&w, NULL, d[i].notification_id);
		jw_u64(&w, NULL, d[i].seq);
		jw_str(&w, NULL, d[i].state);
		jw_str(&w, NULL, d[i].reason);
		jw_u64(&w, NULL, d[i].attempts);
		jw_str(&w, NULL, d[i].provider_id);
		jw_str(&w, NULL, d[i].provider);
		jw_str(&w, NULL, d[i].log == NULL ? "" : d[i].log);
		jw_u64(&w, NULL, d[i].sent ? 1 : 0);
		jw_u64(&w, NULL, d[i].segments);
		jw_end(&w);
	}
	jw_end(&w);
	if (b.over)
		fatal("delivery: %zu changes do not fit", n);
	return b.p;
}

#define TALLIES_MAX	16

/* One more of its provider, channel and state.  False: not known, or too many
 * kinds. */
static bool
tally(struct delivery_tally *t, size_t *n, const struct delivery_change *d)
{
	size_t i = 0;

	if (d->provider == NULL || d->channel == NULL)
		return false;
	while (i < *n && (strcmp(t[i].provider, d->provider) != 0 ||
	    strcmp(t[i].channel, d->channel) != 0 ||
	    strcmp(t[i].state, d->state) != 0))
		i++;
	if (i == TALLIES_MAX)
		return false;
	if (i == *n)
		t[(*n)++] = (struct delivery_tally){ d->provider, d->channel,
		    d->state, 0 };
	t[i].n++;
	return true;
}

int
delivery_update(struct db *db, const struct delivery_change *d, size_t n,
    struct err *e)
{
	struct delivery_ref *r = refs_new(n);
	char *text = changes_text(d, n);
	struct delivery_tally t[TALLIES_MAX];
	size_t told = 0, tallies = 0;
	bool known = true;
	int64_t rc;

	for (size_t i = 0; i < n; i++) {
		if (!is_told(d[i].state, d[i].reason))
			continue;
		r[told++] = (struct delivery_ref){ d[i].notification_id,
		    d[i].seq };
		known = known && tally(t, &tallies, &d[i]);
	}
	rc = db_run(db, &DELIVERY_UPDATE, DB_IN(DB_STR(text)), e);
	/* Rows that are no more are not counted. */
	if (rc >= 0 && told > 0)
		rc = known && rc == (int64_t)n ?
		    delivery_changed_known(db, r, told, t, tallies, e) :
		    delivery_changed(db, r, told, e);
	free(text);
	free(r);
	return rc < 0 ? -1 : 0;
}

struct truth { const struct delivery_change *d; struct db_value line;
	int64_t rows; };

static int
truth_work(struct db *db, void *arg, struct err *e)
{
	struct truth *t = arg;
	const struct delivery_change *d = t->d;
	const struct delivery_ref r = { d->notification_id, d->seq };

	if ((t->rows = db_run(db, &DELIVERY_TRUTH, DB_IN(DB_STR(d->state),
	    DB_STR(d->reason), DB_STR(d->provider_id), t->line,
	    DB_U64(d->sent ? 1 : 0), DB_U64(d->notification_id),
	    DB_U64(d->seq), DB_U64(d->attempts)), e)) < 0)
		return -1;
	return t->rows == 0 ? 1 : delivery_changed(db, &r, 1, e);
}

int
delivery_truth(struct db *db, const struct delivery_change *d, struct err *e)
{
	struct truth t = { .d = d };
	struct buf text;
	int rc;

	(void)is_told(d->state, d->reason);
	buf_init(&text, 4096);
	t.line = DB_STR("");
	if (d->log != NULL && d->log[0] != '\0') {
		buf_printf(&text, "%s\n", d->log);
		t.line = db_text(buf_text(&text));
	}
	rc = db_join(db, truth_work, &t, e);
	buf_fini(&text);
	return rc < 0 ? -1 : t.rows > 0;
}

int
delivery_pending(struct db *db, uint64_t notification_id, struct err *e)
{
	struct arena *a = arena_new(4096);
	uint64_t one;
	int rc = db_one(db, &DELIVERY_PENDING, a,
	    DB_IN(DB_U64(notification_id)), DB_OUT(DB_TO_U64(&one)), e);

	arena_free(a);
	return rc;
}

struct locate {
	struct delivery_where *w;
	size_t n, dh_len, auth_len;
	uint64_t at;
	const char *target, *endpoint, *locale, *barred, *channel;
	const uint8_t *dh, *auth;
	uint64_t on, off, type_on, type_off;
	bool active, exists, user_active;
};

static int
locate_row(void *arg, struct err *e)
{
	struct locate *l = arg;
	struct delivery_where *w;

	(void)e;
	if (l->at < 1 || l->at > l->n)
		return 0;
	w = &l->w[l->at - 1];
	w->found = true;
	w->to = w->device_id != 0 ? l->endpoint : l->target;
	w->gone = w->device_id != 0 && (l->endpoint == NULL || !l->active);
	w->barred = l->barred;
	w->user = (struct recipient){ .user_id = w->user_id,
	    .exists = l->exists, .active = l->user_active,
	    .on = (unsigned)l->on, .off = (unsigned)l->off,
	    .type_on = (unsigned)l->type_on,
	    .type_off = (unsigned)l->type_off };
	w->channel = channels_find(l->channel);
	w->locale = l->locale == NULL ? "" : l->locale;
	w->p256dh = l->dh_len == 65 ? l->dh : NULL;
	w->auth = l->auth_len == 16 ? l->auth : NULL;
	return 0;
}

int
delivery_locate(struct db *db, struct arena *a, struct delivery_where *w,
    size_t n, struct err *e)
{
	struct locate l = { .w = w, .n = n };
	struct buf b;
	struct jw j;
	int64_t rc;

	buf_init(&b, n * 320 + 16);
	jw_init(&j, &b);
	jw_array(&j, NULL);
	for (size_t i = 0; i < n; i++) {
		jw_array(&j, NULL);
		jw_u64(&j, NULL, w[i].notification_id);
		jw_u64(&j, NULL, w[i].seq);
		jw_u64(&j, NULL, w[i].device_id);
		jw_u64(&j, NULL, w[i].user_id);
		jw_str(&j, NULL, w[i].type == NULL ? "" : w[i].type);
		jw_end(&j);
	}
	jw_end(&j);
	rc = db_each(db, &DELIVERY_LOCATE, a, DB_IN(DB_STR(buf_text(&b))),
	    DB_OUT(DB_TO_U64(&l.at), DB_TO_STR(&l.target),
	    DB_TO_STR(&l.endpoint), DB_TO_BIN(&l.dh, &l.dh_len),
	    DB_TO_BIN(&l.auth, &l.auth_len), DB_TO_BOOL(&l.active),
	    DB_TO_STR(&l.locale), DB_TO_STR(&l.barred), DB_TO_BOOL(&l.exists),
	    DB_TO_BOOL(&l.user_active), DB_TO_STR(&l.channel),
	    DB_TO_U64(&l.on), DB_TO_U64(&l.off), DB_TO_U64(&l.type_on),
	    DB_TO_U64(&l.type_off)), locate_row, &l, e);
	buf_fini(&b);
	return rc < 0 ? -1 : 0;
}

int
delivery_each(struct db *db, struct arena *a, uint64_t notification_id,
    uint32_t after, uint32_t max, struct delivery *d,
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	int64_t rc = db_each(db, &DELIVERY_LIST, a,
	    DB_IN(DB_U64(notification_id), DB_U64(after), DB_U64(max)),
	    DELIVERY_OUT(d), row, arg, e);

	return rc < 0 ? -1 : (int)rc;
}

int
delivery_count(struct db *db, uint64_t notification_id,
    struct delivery_counts *c, struct err *e)
{
	struct arena *a = arena_new(4096);
	int rc;

	memset(c, 0, sizeof(*c));
	rc = db_one(db, &DELIVERY_COUNT, a, DB_IN(DB_U64(notification_id)),
	    DB_OUT(DB_TO_U64(&c->total), DB_TO_U64(&c->queued),
	    DB_TO_U64(&c->sent), DB_TO_U64(&c->failed)), e);
	arena_free(a);
	return rc < 0 ? -1 : 0;
}
