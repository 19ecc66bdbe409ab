/*
 * frequency.c - see frequency.h.
 *
 * Assignments are evaluated from left to right, each with what those before
 * it made; frequency_next says the same in C, and a test holds them together.
 */
#include "store/frequency.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"

#define HOUR	"3600000000"
#define DAY	"86400000000"
#define HOUR_US	(3600 * US_PER_S)
#define DAY_US	(86400 * US_PER_S)

/* hour_n and day_n of VALUES are the caps; the row's first place is its own. */
DB_STMT(FREQUENCY_TAKE, DB_WORKER, DB_ONCE,
    "INSERT INTO frequency (user_id, scope, channel, hour_at, hour_n, day_at,"
    " day_n, go_at) VALUES (?, ?, ?, ?, 1, ?, 1, ?) ON DUPLICATE KEY UPDATE"
    /* A window that is over at the wanted moment begins there anew. */
    " hour_n = IF(VALUES(go_at) >= hour_at + " HOUR ", 0, hour_n),"
    " hour_at = IF(VALUES(go_at) >= hour_at + " HOUR ", VALUES(go_at),"
    " hour_at),"
    " day_n = IF(VALUES(go_at) >= day_at + " DAY ", 0, day_n),"
    " day_at = IF(VALUES(go_at) >= day_at + " DAY ", VALUES(go_at), day_at),"
    /* A full day: the next one, and its hours. */
    " day_at = IF(? > 0 AND day_n >= ?, day_at + " DAY ", day_at),"
    " day_n = IF(? > 0 AND day_n >= ?, 0, day_n),"
    " hour_n = IF(day_at >= hour_at + " HOUR ", 0, hour_n),"
    " hour_at = IF(day_at >= hour_at + " HOUR ", day_at, hour_at),"
    /* A full hour: the next one, perhaps of the next day. */
    " hour_at = IF(? > 0 AND hour_n >= ?, hour_at + " HOUR ", hour_at),"
    " hour_n = IF(? > 0 AND hour_n >= ?, 0, hour_n),"
    " day_n = IF(hour_at >= day_at + " DAY ", 0, day_n),"
    " day_at = IF(hour_at >= day_at + " DAY ", hour_at, day_at),"
    " go_at = GREATEST(VALUES(go_at), hour_at, day_at),"
    " hour_n = hour_n + 1, day_n = day_n + 1");
DB_STMT(FREQUENCY_GIVEN, DB_WORKER, DB_READ,
    "SELECT t.n, f.go_at FROM JSON_TABLE(?, '$[*]' COLUMNS ("
    " n FOR ORDINALITY, u BIGINT UNSIGNED PATH '$[0]',"
    " s VARCHAR(64) PATH '$[1]', c VARCHAR(12) PATH '$[2]')) t"
    " STRAIGHT_JOIN frequency f ON f.user_id = t.u AND f.scope = t.s"
    " AND f.channel = t.c");
DB_STMT(FREQUENCY_ROW, DB_API | DB_WORKER, DB_READ,
    "SELECT hour_at, hour_n, day_at, day_n FROM frequency"
    " WHERE user_id = ? AND scope = ? AND channel = ?");
DB_STMT(FREQUENCY_PURGE, DB_WORKER, DB_SAFE,
    "DELETE FROM frequency WHERE go_at < UNIX_TIMESTAMP() * 1000000 - 2 * "
    DAY " ORDER BY go_at LIMIT ?");

#define TAKE_COLS	14

struct taking {
	struct arena	*a;
	struct frequency *f;
	size_t		 n;
	uint64_t	 at;
	int64_t		 go_us;
};

static const char *
names(struct arena *a, const struct frequency *f, size_t n)
{
	const char *text;
	struct buf b;
	struct jw w;

	buf_init(&b, FREQUENCY_MAX * 160);
	jw_init(&w, &b);
	jw_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		jw_array(&w, NULL);
		jw_u64(&w, NULL, f[i].user_id);
		jw_str(&w, NULL, f[i].scope);
		jw_str(&w, NULL, f[i].channel);
		jw_end(&w);
	}
	jw_end(&w);
	text = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return text;
}

static int
given(void *arg, struct err *e)
{
	struct taking *t = arg;

	(void)e;
	if (t->at >= 1 && t->at <= t->n)
		t->f[t->at - 1].go_us = t->go_us;
	return 0;
}

/* The rows that were changed are ours to the commit: reading them gives what
 * this statement made. */
static int
take_work(struct db *db, void *arg, struct err *e)
{
	struct taking *t = arg;
	struct db_value *v = arena_array(t->a, t->n * TAKE_COLS,
	    sizeof(*v)), *at = v;

	for (size_t i = 0; i < t->n; i++) {
		const struct frequency *f = &t->f[i];

		*at++ = DB_U64(f->user_id);
		*at++ = DB_STR(f->scope);
		*at++ = DB_STR(f->channel);
		for (int k = 0; k < 3; k++)
			*at++ = DB_I64(f->from_us);
		for (int k = 0; k < 4; k++)
			*at++ = DB_U64(f->a_day);
		for (int k = 0; k < 4; k++)
			*at++ = DB_U64(f->an_hour);
	}
	if (db_bulk(db, &FREQUENCY_TAKE, v, t->n, TAKE_COLS, e) < 0)
		return -1;
	return db_each(db, &FREQUENCY_GIVEN, t->a, DB_IN(DB_STR(names(t->a,
	    t->f, t->n))), DB_OUT(DB_TO_U64(&t->at), DB_TO_I64(&t->go_us)),
	    given, t, e) < 0 ? -1 : 0;
}

int
frequency_take(struct db *db, struct arena *a, struct frequency *f, size_t n,
    struct err *e)
{
	struct taking t = { .a = a, .f = f, .n = n };

	for (size_t i = 0; i < n; i++)
		f[i].go_us = f[i].from_us;
	return n == 0 ? 0 : db_tx(db, take_work, &t, e) < 0 ? -1 : 0;
}

int64_t
frequency_next(struct frequency_row *r, const struct frequency *f)
{
	const int64_t from = f->from_us;

	if (from >= r->hour_us + HOUR_US) {
		r->hour_us = from;
		r->hour_n = 0;
	}
	if (from >= r->day_us + DAY_US) {
		r->day_us = from;
		r->day_n = 0;
	}
	if (f->a_day > 0 && r->day_n >= f->a_day) {
		r->day_us += DAY_US;
		r->day_n = 0;
	}
	if (r->day_us >= r->hour_us + HOUR_US) {
		r->hour_us = r->day_us;
		r->hour_n = 0;
	}
	if (f->an_hour > 0 && r->hour_n >= f->an_hour) {
		r->hour_us += HOUR_US;
		r->hour_n = 0;
	}
	if (r->hour_us >= r->day_us + DAY_US) {
		r->day_us = r->hour_us;
		r->day_n = 0;
	}
	r->hour_n++;
	r->day_n++;
	return from > r->hour_us ? (from > r->day_us ? from : r->day_us) :
	    (r->hour_us > r->day_us ? r->hour_us : r->day_us);
}

int
frequency_peek(struct db *db, struct frequency *f, struct err *e)
{
	struct frequency_row r = { 0, 0, 0, 0 };
	uint64_t hour_n = 0, day_n = 0;
	int rc = db_one(db, &FREQUENCY_ROW, NULL, DB_IN(DB_U64(f->user_id),
	    DB_STR(f->scope), DB_STR(f->channel)), DB_OUT(
	    DB_TO_I64(&r.hour_us), DB_TO_U64(&hour_n), DB_TO_I64(&r.day_us),
	    DB_TO_U64(&day_n)), e);

	if (rc < 0)
		return -1;
	r.hour_n = (uint32_t)hour_n;
	r.day_n = (uint32_t)day_n;
	f->go_us = rc == 0 ? f->from_us : frequency_next(&r, f);
	return 0;
}

int
frequency_purge(struct db *db, unsigned max, struct err *e)
{
	return (int)db_run(db, &FREQUENCY_PURGE, DB_IN(DB_U64(max)), e);
}
