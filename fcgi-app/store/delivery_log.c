/*
 * delivery_log.c - see delivery_log.h.
 *
 * An index, a pair of statements: EDGE finds where a stretch ends (in the
 * index alone), PAGE reads the rows of it.  The server sees bound values as
 * constants: a filter that is not set costs nothing.
 */
#include "store/delivery_log.h"

/* From behind one place as far as another. */
#define DOWN(id, seq)							\
	"(" id " < ? OR (" id " = ? AND " seq " < ?))"			\
	" AND (" id " > ? OR (" id " = ? AND " seq " >= ?))"
#define UP(id, seq)							\
	"(" id " > ? OR (" id " = ? AND " seq " > ?))"			\
	" AND (" id " < ? OR (" id " = ? AND " seq " <= ?))"
#define COLUMNS								\
	"d.notification_id, d.seq, d.user_id, d.device_id, d.attempts,"	\
	" n.user_id, n.type, n.title, n.request_id, d.channel, d.target,"	\
	" d.provider, d.state, d.reason, d.provider_id, d.created_at,"	\
	" d.sent_at, d.updated_at, d.segments"
#define REST								\
	" AND (? = '' OR d.channel = ?) AND (? = '' OR d.state = ?)"	\
	" AND (? = '' OR d.reason = " DB_ASCII ")"			\
	" AND (? = '' OR d.provider = " DB_ASCII ")"			\
	" AND (? = 0 OR d.user_id = ?) AND (? = '' OR d.provider_id = ?)"	\
	" AND (? IS NULL OR d.target_hash = ?)"				\
	" AND (? = 0 OR n.user_id = ?) AND (? = '' OR n.type = " DB_ASCII ")"	\
	" AND (? = '' OR LOCATE(?, n.title) > 0)"			\
	" AND (? = '' OR LOCATE(?, n.content) > 0)"
#define WALK_TO(NAME, index, is, between, order)			\
	DB_STMT(DELIVERY_PAGE_##NAME, DB_API | DB_CTL, DB_READ,		\
	    "SELECT " COLUMNS " FROM delivery d FORCE INDEX (" index ")"	\
	    " LEFT JOIN notification n ON n.id = d.notification_id"	\
	    " WHERE " is between("d.notification_id", "d.seq") REST	\
	    " ORDER BY d.notification_id" order ", d.seq" order " LIMIT ?"); \
	DB_STMT(DELIVERY_EDGE_##NAME, DB_API | DB_CTL, DB_READ,		\
	    "SELECT d.notification_id, d.seq FROM delivery d"		\
	    " FORCE INDEX (" index ") WHERE " is			\
	    between("d.notification_id", "d.seq")			\
	    " ORDER BY d.notification_id" order ", d.seq" order		\
	    " LIMIT 1 OFFSET ?")
#define WALK(NAME, index, is)						\
	WALK_TO(NAME, index, is, DOWN, " DESC");			\
	WALK_TO(NAME##_UP, index, is, UP, "")

WALK(TIME, "PRIMARY", "? IS NULL AND ");
WALK(USER, "delivery_user", "d.user_id = ? AND ");
WALK(TO, "delivery_to", "d.target_hash = ? AND ");
WALK(PROVIDER_ID, "delivery_provider_id", "d.provider_id = ? AND ");
WALK(TROUBLE, "delivery_trouble", "d.trouble = ? AND ");

/* Notifications first: where only they know. */
#define NOTES_TO(NAME, index, is, between, order)			\
	DB_STMT(NOTE_PAGE_##NAME, DB_API | DB_CTL, DB_READ,		\
	    "SELECT n.id FROM notification n FORCE INDEX (" index ")"	\
	    " WHERE " is between					\
	    " AND (? = '' OR LOCATE(?, n.title) > 0)"			\
	    " AND (? = '' OR LOCATE(?, n.content) > 0)"			\
	    " ORDER BY n.id" order " LIMIT ?");				\
	DB_STMT(NOTE_EDGE_##NAME, DB_API | DB_CTL, DB_READ,		\
	    "SELECT n.id FROM notification n FORCE INDEX (" index ")"	\
	    " WHERE " is between					\
	    " ORDER BY n.id" order " LIMIT 1 OFFSET ?")
#define NOTES(NAME, index, is)						\
	NOTES_TO(NAME, index, is, " n.id <= ? AND n.id >= ?", " DESC");	\
	NOTES_TO(NAME##_UP, index, is, " n.id >= ? AND n.id <= ?", "")
NOTES(TIME, "PRIMARY", "? IS NULL AND");
NOTES(TYPE, "notification_type", "n.type = " DB_ASCII " AND");
NOTES(REQUEST, "notification_request", "n.request_id = ? AND");

/* What is still to go is where the work is. */
#define QUEUED(NAME, between, order)					\
	DB_STMT(DELIVERY_PAGE_##NAME, DB_API | DB_CTL, DB_READ,		\
	    "SELECT " COLUMNS " FROM job j FORCE INDEX (job_notification)"	\
	    " STRAIGHT_JOIN delivery d"					\
	    " ON d.notification_id = j.notification_id"			\
	    " AND d.seq = j.seq LEFT JOIN notification n"		\
	    " ON n.id = d.notification_id"				\
	    " WHERE j.kind <> 1 AND ? IS NOT NULL AND "			\
	    between("j.notification_id", "j.seq") REST			\
	    " ORDER BY j.notification_id" order ", j.seq" order " LIMIT ?"); \
	DB_STMT(DELIVERY_EDGE_##NAME, DB_API | DB_CTL, DB_READ,		\
	    "SELECT j.notification_id, j.seq FROM job j"		\
	    " FORCE INDEX (job_notification) WHERE ? IS NOT NULL AND "	\
	    between("j.notification_id", "j.seq")			\
	    " ORDER BY j.notification_id" order ", j.seq" order		\
	    " LIMIT 1 OFFSET ?")
QUEUED(QUEUED, DOWN, " DESC");
QUEUED(QUEUED_UP, UP, "");

/* Page and edge, newest and oldest first. */
struct ways { const struct db_stmt *page[2], *edge[2]; };
#define WAYS(TABLE, NAME) {						\
	{ &TABLE##_PAGE_##NAME, &TABLE##_PAGE_##NAME##_UP },		\
	{ &TABLE##_EDGE_##NAME, &TABLE##_EDGE_##NAME##_UP } }
static const struct ways by_time = WAYS(DELIVERY, TIME),
    by_user = WAYS(DELIVERY, USER), by_to = WAYS(DELIVERY, TO),
    by_provider_id = WAYS(DELIVERY, PROVIDER_ID),
    by_trouble = WAYS(DELIVERY, TROUBLE), by_queue = WAYS(DELIVERY, QUEUED),
    notes_by_time = WAYS(NOTE, TIME), notes_by_type = WAYS(NOTE, TYPE),
    notes_by_request = WAYS(NOTE, REQUEST);

struct walk {
	const struct ways *ways;
	struct db_value	 key;
	bool		 rest;		/* more is asked than the index knows */
	unsigned	 stretch;
};

struct reading {
	struct delivery_seen *out, it;
	unsigned	 n, max;
};
#define OUT(it) DB_OUT(DB_TO_U64(&(it)->notification_id),		\
	DB_TO_U64(&(it)->seq), DB_TO_U64(&(it)->user_id),		\
	DB_TO_U64(&(it)->device_id), DB_TO_U64(&(it)->attempts),	\
	DB_TO_U64(&(it)->sender_id), DB_TO_STR(&(it)->type),		\
	DB_TO_STR(&(it)->title), DB_TO_STR(&(it)->request_id),		\
	DB_TO_STR(&(it)->channel), DB_TO_STR(&(it)->target),		\
	DB_TO_STR(&(it)->provider), DB_TO_STR(&(it)->state),		\
	DB_TO_STR(&(it)->reason), DB_TO_STR(&(it)->provider_id),	\
	DB_TO_TIME(&(it)->created_us), DB_TO_TIME(&(it)->sent_us),	\
	DB_TO_TIME(&(it)->updated_us), DB_TO_U64(&(it)->segments))

static int
take(void *arg, struct err *e)
{
	struct reading *r = arg;

	(void)e;
	if (r->n == r->max)
		return 1;
	if (r->it.type == NULL)
		r->it.type = "";
	if (r->it.title == NULL)
		r->it.title = "";
	if (r->it.request_id == NULL)
		r->it.request_id = "";
	r->out[r->n++] = r->it;
	return 0;
}

static bool
asked(const char *s)
{
	return s != NULL && s[0] != '\0';
}

static struct db_value
or_empty(const char *s)
{
	return DB_STR(s == NULL ? "" : s);
}

#define PLACES(from, to)						\
	DB_U64((from).id), DB_U64((from).id), DB_U64((from).seq),	\
	DB_U64((to).id), DB_U64((to).id), DB_U64((to).seq)
#define TWICE(v)	(v), (v)

/*
 * One stretch of an index, from behind `from` as far as `to`.  Rows are added
 * to r; *end is where to go on, id 0: the walk is over.
 */
static int
stretch(struct db *db, struct arena *a, const struct walk *w,
    const struct delivery_search *f, struct delivery_at from,
    struct delivery_at far, struct reading *r, struct delivery_at *end,
    struct err *e)
{
	struct db_value to = f->to == NULL ? DB_NULL : DB_BIN(f->to, 16);
	struct delivery_at edge = far;
	uint64_t seq = 0;
	unsigned had = r->n;
	bool more = false;
	int rc;

	*end = (struct delivery_at){ 0 };
	if (w->rest) {
		rc = db_one(db, w->ways->edge[f->up], a, DB_IN(w->key, PLACES(from, far),
		    DB_U64(w->stretch - 1)),
		    DB_OUT(DB_TO_U64(&edge.id), DB_TO_U64(&seq)), e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			edge = far;
		else
			edge.seq = (uint32_t)seq;
		more = rc > 0;
	}
	if (db_each(db, w->ways->page[f->up], a, DB_IN(w->key, PLACES(from, edge),
	    TWICE(or_empty(f->channel)), TWICE(or_empty(f->state)),
	    TWICE(or_empty(f->reason)), TWICE(or_empty(f->provider)),
	    TWICE(DB_U64(f->user_id)), TWICE(or_empty(f->provider_id)),
	    TWICE(to), TWICE(DB_U64(f->sender_id)),
	    TWICE(or_empty(f->type)), TWICE(or_empty(f->title)),
	    TWICE(or_empty(f->text)), DB_U64(r->max - r->n)),
	    OUT(&r->it), take, r, e) < 0)
		return -1;
	if (r->n == r->max && r->n > had)
		*end = (struct delivery_at){ r->out[r->n - 1].notification_id,
		    (uint32_t)r->out[r->n - 1].seq };
	else if (more)
		*end = edge;
	return 0;
}

static bool
is_trouble(const char *state)
{
	static const char *const word[] = { "skipped", "failed", "expired",
		"cancelled", "unsure" };

	for (size_t i = 0; i < COUNT_OF(word); i++)
		if (strcmp(word[i], state) == 0)
			return true;
	return false;
}

/* The index that leaves least to compare. */
static void
choose(const struct delivery_search *f, struct walk *w)
{
	/* How much is asked; the index answers one of it, but for time. */
	unsigned n = asked(f->provider_id) + (f->to != NULL) +
	    (f->user_id != 0) + asked(f->state) + asked(f->channel) +
	    asked(f->reason) + asked(f->provider) + asked(f->type) +
	    asked(f->title) + asked(f->text) + (f->sender_id != 0);
	const bool more = n > 1;

	if (asked(f->provider_id))
		*w = (struct walk){ &by_provider_id, DB_STR(f->provider_id), more,
		    DELIVERY_LOG_STRETCH_BY };
	else if (f->to != NULL)
		*w = (struct walk){ &by_to,
		    DB_BIN(f->to, 16), more, DELIVERY_LOG_STRETCH_BY };
	else if (f->user_id != 0)
		*w = (struct walk){ &by_user,
		    DB_U64(f->user_id), more, DELIVERY_LOG_STRETCH_BY };
	else if (asked(f->state) && is_trouble(f->state))
		*w = (struct walk){ &by_trouble, DB_STR(f->state), more,
		    DELIVERY_LOG_STRETCH_BY };
	else if (asked(f->state) && strcmp(f->state, "queued") == 0)
		*w = (struct walk){ &by_queue, DB_U64(1), true,
		    DELIVERY_LOG_STRETCH_BY };
	else
		*w = (struct walk){ &by_time,
		    DB_NULL, n > 0, DELIVERY_LOG_STRETCH };
}

uint64_t
delivery_id_of(int64_t us)
{
	const int64_t epoch_ms = INT64_C(1704067200000);	/* rand.c */
	int64_t ms = us / 1000 - epoch_ms;

	return ms <= 0 ? 0 : (uint64_t)ms << 22;
}

/*
 * By what notifications alone know (type, title, text, request): those of a
 * stretch that match, then the deliveries of each, in their order.
 */
static int
by_notes(struct db *db, struct arena *a, const struct delivery_search *f,
    struct delivery_at from, struct delivery_at to, struct reading *r,
    struct delivery_at *next, struct err *e)
{
	bool by_request = asked(f->request_id), by_type = asked(f->type);
	const struct ways *ways = by_request ? &notes_by_request :
	    by_type ? &notes_by_type : &notes_by_time;
	struct db_value key = by_request ? DB_STR(f->request_id) :
	    by_type ? DB_STR(f->type) : DB_NULL;
	/* Before the first delivery of a notification, and behind the last. */
	const uint32_t begin = f->up ? 0 : UINT32_MAX, behind = ~begin;
	uint64_t id[DELIVERY_LOG_PAGE_MAX + 1], it = 0, last = to.id;
	struct delivery_at end;
	struct walk w;
	int more, n;

	more = db_one(db, ways->edge[f->up], a, DB_IN(key, DB_U64(from.id),
	    DB_U64(to.id), DB_U64((by_request || by_type ?
	    DELIVERY_LOG_STRETCH_BY : DELIVERY_LOG_STRETCH) - 1)),
	    DB_OUT(DB_TO_U64(&last)), e);
	if (more < 0)
		return -1;
	if (more == 0)
		last = to.id;
	if ((n = db_list(db, ways->page[f->up], a, DB_IN(key,
	    DB_U64(from.id), DB_U64(last), TWICE(or_empty(f->title)),
	    TWICE(or_empty(f->text)), DB_U64(r->max + 1)),
	    DB_OUT(DB_TO_U64(&it)), DB_ROWS(id, &it, COUNT_OF(id)), e)) < 0)
		return -1;
	choose(f, &w);
	for (size_t i = 0; i < (size_t)n; i++) {
		struct delivery_at first = { id[i], begin },
		    over = { id[i], behind };

		if (first.id == from.id)
			first.seq = from.seq;
		if (over.id == to.id)
			over.seq = to.seq;
		if (stretch(db, a, &w, f, first, over, r, &end, e) < 0)
			return -1;
		/* The page is full, or one notification is a stretch. */
		if (end.id != 0) {
			*next = end;
			return 0;
		}
		if (r->n == r->max || i == r->max) {
			*next = over;
			return 0;
		}
	}
	*next = (struct delivery_at){ more > 0 ? last : 0, behind };
	return 0;
}

int
delivery_search(struct db *db, struct arena *a,
    const struct delivery_search *f, struct delivery_seen *out,
    struct delivery_at *next, struct err *e)
{
	struct delivery_at high = { INT64_MAX, 0 },
	    low = { delivery_id_of(f->since_us), 0 };
	struct reading r = { .out = out, .max = f->limit <
	    DELIVERY_LOG_PAGE_MAX ? f->limit : DELIVERY_LOG_PAGE_MAX };
	bool keyed = f->to != NULL || f->user_id != 0 ||
	    asked(f->provider_id);
	struct walk w;

	memset(next, 0, sizeof(*next));
	if (f->until_us != 0)
		high.id = delivery_id_of(f->until_us);
	if (f->before.id != 0 && f->before.id <= high.id)
		high = f->before;
	if (f->after.id != 0 && f->after.id >= low.id)
		low = f->after;
	if (f->notification_id != 0) {
		if (f->notification_id > high.id ||
		    f->notification_id < low.id)
			return 0;
		if (low.id != f->notification_id)
			low = (struct delivery_at){ f->notification_id, 0 };
		if (high.id != low.id)
			high = (struct delivery_at){ low.id, UINT32_MAX };
	}
	if (high.id < low.id)
		return 0;
	/* Neither end is in it; the walk takes its far one in. */
	struct delivery_at from = f->up ? low : high, to = f->up ? high : low;
	if (f->up && to.seq == 0)
		to = (struct delivery_at){ to.id - 1, UINT32_MAX };
	else if (f->up)
		to.seq--;
	else if (to.seq < UINT32_MAX)
		to.seq++;
	else
		to = (struct delivery_at){ to.id + 1, 0 };
	if (f->notification_id == 0 && (asked(f->request_id) || (!keyed &&
	    (asked(f->type) || asked(f->title) || asked(f->text))))) {
		if (by_notes(db, a, f, from, to, &r, next, e) < 0)
			return -1;
		return (int)r.n;
	}
	choose(f, &w);
	if (stretch(db, a, &w, f, from, to, &r, next, e) < 0)
		return -1;
	return (int)r.n;
}
