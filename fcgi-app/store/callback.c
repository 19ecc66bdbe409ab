/*
 * callback.c - see callback.h.
 *
 * The one UPDATE names the states it may leave, so two callbacks at once, or a
 * callback and a worker's late answer, end in the later state of the two
 * whichever commits first.
 */
#include "store/callback.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "store/cancel.h"
#include "store/delivery_cols.h"
#include "store/suppression.h"

/* Without a name of ours it may be somebody else's message: the same number
 * may serve other systems.  Our commit is never so late. */
#define KEEP_STRANGER_S	900
#define KEEP_OURS_S	(2 * 24 * 60 * 60)
#define TRIES		3

/* Behind an account's name is its kind; the implicit ones are named so. */
#define FOUND	"notification_id, seq, state, provider, provider_id,"	\
	" COALESCE((SELECT p.kind FROM provider p"			\
	" WHERE p.name = delivery.provider), provider)"

DB_STMT(CALLBACK_BY_NAME, DB_API | DB_WORKER, DB_READ,
    "SELECT " FOUND " FROM delivery WHERE notification_id = ? AND seq = ?");
DB_STMT(CALLBACK_BY_ID, DB_API | DB_WORKER, DB_READ,
    "SELECT " FOUND " FROM delivery WHERE provider_id = ? LIMIT 20");
DB_STMT(CALLBACK_WHOSE, DB_API | DB_WORKER, DB_READ,
    "SELECT user_id FROM delivery WHERE notification_id = ? AND seq = ?");
DB_STMT(CALLBACK_APPLY, DB_API | DB_WORKER, DB_ONCE,
    "UPDATE delivery SET state = ?, reason = ?,"
    " provider_id = IF(provider_id = '', ?, provider_id),"
    DELIVERY_LOG_ADD
    " sent_at = COALESCE(sent_at, UTC_TIMESTAMP(6)),"
    " updated_at = UTC_TIMESTAMP(6)"
    " WHERE notification_id = ? AND seq = ? AND FIND_IN_SET(state, ?) > 0");
DB_STMT(CALLBACK_KEEP, DB_API, DB_SAFE,
    "INSERT IGNORE INTO callback (provider, provider_id, state, reason,"
    " notification_id, seq, received_at, next_at) VALUES (?, ?, ?, ?, ?, ?,"
    " UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 500000 MICROSECOND)");
DB_STMT(CALLBACK_DUE, DB_WORKER, DB_READ,
    "SELECT provider, provider_id, state, reason, notification_id, seq,"
    " TIMESTAMPDIFF(SECOND, received_at, UTC_TIMESTAMP(6)) FROM callback"
    " WHERE next_at <= UTC_TIMESTAMP(6) ORDER BY next_at LIMIT ?");
/* As long again as it has waited. */
DB_STMT(CALLBACK_LATER, DB_WORKER, DB_SAFE,
    "UPDATE callback SET next_at = UTC_TIMESTAMP(6) + INTERVAL"
    " GREATEST(1, TIMESTAMPDIFF(SECOND, received_at, UTC_TIMESTAMP(6)))"
    " SECOND WHERE provider = ? AND provider_id = ? AND state = ?");
DB_STMT(CALLBACK_DROP, DB_WORKER, DB_SAFE,
    "DELETE FROM callback WHERE provider = ? AND provider_id = ?"
    " AND state = ?");

/* From which states.  `queued` is not among them: whoever holds the job
 * writes that row next. */
static const struct { const char *state, *from; } step[] = {
	{ "sent", "unsure" },
	{ "delivered", "sent,unsure" },
	{ "read", "sent,delivered,unsure" },
	{ "failed", "sent,unsure" },
};

static const char *
from_of(const char *state)
{
	for (size_t i = 0; i < COUNT_OF(step); i++)
		if (strcmp(step[i].state, state) == 0)
			return step[i].from;
	return NULL;
}

struct found {
	const struct callback *c;
	uint64_t	 notification_id, seq;
	const char	*state, *provider, *provider_id, *kind;
	bool		 hit;
};

/* The index compares without case; their ids do not. */
static bool
same(const struct found *f)
{
	const struct callback *c = f->c;

	return text_starts(f->kind, c->provider) &&
	    (strcmp(f->provider_id, c->provider_id) == 0 ||
	    (f->provider_id[0] == '\0' && c->notification_id != 0));
}

static int
found_row(void *arg, struct err *e)
{
	struct found *f = arg;

	(void)e;
	f->hit = same(f);
	return f->hit ? 1 : 0;
}

/* 1 and *f, 0 none, -1.  A delivery that has another id by now is none: the
 * message that this is about is not the one that was sent last. */
static int
find(struct db *db, struct arena *a, const struct callback *c,
    struct found *f, struct err *e)
{
	struct db_out out = DB_OUT(DB_TO_U64(&f->notification_id),
	    DB_TO_U64(&f->seq), DB_TO_STR(&f->state),
	    DB_TO_STR(&f->provider), DB_TO_STR(&f->provider_id),
	    DB_TO_STR(&f->kind));
	int64_t rc;

	f->c = c;
	f->hit = false;
	rc = c->notification_id != 0 ? db_each(db, &CALLBACK_BY_NAME, a,
	    DB_IN(DB_U64(c->notification_id), DB_U64(c->seq)), out,
	    found_row, f, e) : db_each(db, &CALLBACK_BY_ID, a,
	    DB_IN(DB_STR(c->provider_id)), out, found_row, f, e);
	return rc < 0 ? -1 : f->hit;
}

static const char *
log_line(struct arena *a, const struct found *f)
{
	const char *line;
	struct buf b;
	struct jw w;

	buf_init(&b, 1024);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_time(&w, "at", clock_now());
	jw_str(&w, "provider", f->provider);
	jw_str(&w, "callback", f->c->state);
	jw_str(&w, "reason", f->c->reason);
	jw_end(&w);
	line = arena_printf(a, "%s\n", buf_text(&b));
	buf_fini(&b);
	return line;
}

/* Read there, it needs no other way: the rest of it is taken back. */
static int
spare_the_rest(struct db *db, const struct delivery_ref *r, struct err *e)
{
	struct cancelled c;
	uint64_t user_id;
	int rc = db_one(db, &CALLBACK_WHOSE, NULL, DB_IN(
	    DB_U64(r->notification_id), DB_U64(r->seq)),
	    DB_OUT(DB_TO_U64(&user_id)), e);

	return rc <= 0 ? rc : cancel_for_user(db, user_id,
	    &r->notification_id, 1, "read_elsewhere", &c, e);
}

struct change {
	const struct callback *c;
	const struct found *f;
	const char	*from, *line;
	bool		 done;
};

/* The state, and what belongs to it: who counts and who is told. */
static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct change *x = arg;
	const struct delivery_ref ref = { x->f->notification_id,
	    (uint32_t)x->f->seq };
	int64_t rc = db_run(db, &CALLBACK_APPLY, DB_IN(DB_STR(x->c->state),
	    DB_STR(x->c->reason), DB_STR(x->c->provider_id),
	    DB_STR(x->line), DB_U64(x->f->notification_id),
	    DB_U64(x->f->seq), DB_STR(x->from)), e);

	x->done = rc > 0;
	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	if (strcmp(x->c->state, "failed") == 0 && suppression_after_told(db,
	    ref.notification_id, ref.seq, x->c->reason, e) < 0)
		return -1;
	if (delivery_changed(db, &ref, 1, e) < 0)
		return -1;
	return strcmp(x->c->state, "read") == 0 ?
	    spare_the_rest(db, &ref, e) : 0;
}

/* A fate, where CALLBACK_EARLY means: not now. */
static int
apply(struct db *db, struct arena *a, const struct callback *c,
    struct err *e)
{
	const char *from = from_of(c->state);
	struct change x;
	struct found f;

	if (from == NULL)
		return CALLBACK_OLD;
	for (int i = 0; i < TRIES; i++) {
		int64_t rc = find(db, a, c, &f, e);

		if (rc <= 0)
			return rc < 0 ? -1 : CALLBACK_EARLY;
		if (strcmp(f.state, "queued") == 0 ||
		    strcmp(f.state, "sending") == 0)
			return CALLBACK_EARLY;
		x = (struct change){ .c = c, .f = &f, .from = from,
		    .line = log_line(a, &f) };
		if (db_tx(db, change_work, &x, e) < 0)
			return -1;
		if (x.done)
			return CALLBACK_DONE;
		/* It moved between the two, or is past this. */
		if (strstr(from, f.state) == NULL)
			return CALLBACK_OLD;
	}
	return CALLBACK_OLD;
}

int
callback_take(struct db *db, const struct callback *c, struct err *e)
{
	struct arena *a = arena_new((size_t)1 << 20);
	int rc = apply(db, a, c, e);

	if (rc == CALLBACK_EARLY && db_run(db, &CALLBACK_KEEP,
	    DB_IN(DB_STR(c->provider), DB_STR(c->provider_id),
	    DB_STR(c->state), DB_STR(c->reason), DB_U64(c->notification_id),
	    DB_U64(c->seq)), e) < 0)
		rc = -1;
	arena_free(a);
	return rc;
}

/* --- the worker's ------------------------------------------------------------ */

struct due {
	struct callback	*row;
	int64_t		*age_s;
	size_t		 n, max;
	struct callback	 it;
	uint64_t	 seq;
	int64_t		 age;
};

static int
due_row(void *arg, struct err *e)
{
	struct due *d = arg;

	(void)e;
	d->it.seq = (uint32_t)d->seq;
	d->row[d->n] = d->it;
	d->age_s[d->n++] = d->age;
	return d->n == d->max ? 1 : 0;
}

static int
again(struct db *db, struct arena *a, const struct callback *c,
    int64_t age_s, struct err *e)
{
	int64_t keep_s = c->notification_id != 0 ? KEEP_OURS_S :
	    KEEP_STRANGER_S;
	int rc = apply(db, a, c, e);

	if (rc < 0)
		return -1;
	return db_run(db, rc == CALLBACK_EARLY && age_s < keep_s ?
	    &CALLBACK_LATER : &CALLBACK_DROP, DB_IN(DB_STR(c->provider),
	    DB_STR(c->provider_id), DB_STR(c->state)), e) < 0 ? -1 : 0;
}

int
callback_sweep(struct db *db, unsigned max, struct err *e)
{
	struct arena *a = arena_new((size_t)8 << 20);
	struct due d = { .max = max };
	int rc = -1;

	d.row = arena_array(a, max, sizeof(*d.row));
	d.age_s = arena_array(a, max, sizeof(*d.age_s));
	if (db_each(db, &CALLBACK_DUE, a, DB_IN(DB_U64(max)),
	    DB_OUT(DB_TO_STR(&d.it.provider), DB_TO_STR(&d.it.provider_id),
	    DB_TO_STR(&d.it.state), DB_TO_STR(&d.it.reason),
	    DB_TO_U64(&d.it.notification_id), DB_TO_U64(&d.seq),
	    DB_TO_I64(&d.age)), due_row, &d, e) < 0)
		goto out;
	for (size_t i = 0; i < d.n; i++)
		if (again(db, a, &d.row[i], d.age_s[i], e) < 0)
			goto out;
	rc = (int)d.n;
out:
	arena_free(a);
	return rc;
}
