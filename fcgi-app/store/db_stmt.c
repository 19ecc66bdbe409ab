/*
 * db_stmt.c - one try of one prepared statement: values in, rows out.
 *
 * A connection keeps what it prepared until it is closed.  Rows are stored
 * before the first is handed out, so that a row function may run other
 * statements, and so that a lost connection is noticed before any row is.
 */
#include "store/db_own.h"
#include "base/clock.h"
#include "base/log.h"

#include <mysql.h>
#include <errmsg.h>
#include <mysqld_error.h>

/* A packet of bulk values: rows and, roughly, bytes. */
#define BULK_ROWS	1000
#define BULK_BYTES	((size_t)1024 * 1024)
#define SLOTS_MIN	64

/* --- values -------------------------------------------------------------- */

struct db_value
db_text(const char *s)
{
	if (s == NULL)
		return DB_NULL;
	return (struct db_value){ .type = DB_T_TEXT, .p = s,
	    .len = strlen(s) };
}

struct db_value
db_blob(const void *p, size_t n)
{
	if (p == NULL)
		return DB_NULL;
	return (struct db_value){ .type = DB_T_BLOB, .p = p, .len = n };
}

struct db_value
db_time(int64_t us)
{
	if (us == 0)
		return DB_NULL;
	return (struct db_value){ .type = DB_T_TIME, .n.i = us };
}

/* Days since 1970 of a Gregorian date and back, after Howard Hinnant's
 * chrono-compatible algorithms; good for all of DATETIME's range. */
static int64_t
days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
time_to_mysql(int64_t us, MYSQL_TIME *t)
{
	int64_t s = us / US_PER_S, day, z, era;
	unsigned doe, yoe, doy, mp;

	memset(t, 0, sizeof(*t));
	t->time_type = MYSQL_TIMESTAMP_DATETIME;
	if (us % US_PER_S < 0)
		s--;
	t->second_part = (unsigned long)(us - s * US_PER_S);
	day = s / 86400 - (s % 86400 < 0);
	s -= day * 86400;
	t->hour = (unsigned)(s / 3600);
	t->minute = (unsigned)(s / 60 % 60);
	t->second = (unsigned)(s % 60);
	z = day + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = (unsigned)(z - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	t->day = doy - (153 * mp + 2) / 5 + 1;
	t->month = mp < 10 ? mp + 3 : mp - 9;
	t->year = (unsigned)(yoe + era * 400 + (t->month <= 2));
}

static int64_t
time_from_mysql(const MYSQL_TIME *t)
{
	if (t->year == 0)
		return 0;
	return (days_from_civil(t->year, t->month, t->day) * 86400 +
	    t->hour * 3600 + t->minute * 60 + t->second) * US_PER_S +
	    (int64_t)t->second_part;
}

/* --- prepared statements -------------------------------------------------- */

static struct db_slot *
slot_at(struct db_slot *slot, size_t slots, const struct db_stmt *s)
{
	size_t i = ((uintptr_t)s >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (;; i++) {
		i &= slots - 1;
		if (slot[i].s == NULL || slot[i].s == s)
			return &slot[i];
	}
}

static void
slots_grow(struct db *db)
{
	size_t i, n = db->slots == 0 ? SLOTS_MIN : db->slots * 2;
	struct db_slot *slot = calloc(n, sizeof(*slot));

	if (slot == NULL)
		fatal("db: out of memory");
	for (i = 0; i < db->slots; i++)
		if (db->slot[i].s != NULL)
			*slot_at(slot, n, db->slot[i].s) = db->slot[i];
	free(db->slot);
	db->slot = slot;
	db->slots = n;
}

void
db_slots_free(struct db *db)
{
	size_t i;

	for (i = 0; i < db->slots; i++)
		if (db->slot[i].st != NULL) {
			(void)mysql_stmt_close(db->slot[i].st);
			db->slot[i].st = NULL;
		}
}

static enum db_fate
stmt_failed(struct db *db, const struct db_stmt *s, MYSQL_STMT *st,
    struct err *e)
{
	char text[256];

	/* Copied: closing a lost connection takes the message with it. */
	snprintf(text, sizeof(text), "%s", mysql_stmt_error(st));
	return db_failed(db, s->name, mysql_stmt_errno(st), text, e);
}

static enum db_fate
prepare(struct db *db, const struct db_stmt *s, MYSQL_STMT **out,
    struct err *e)
{
	MYSQL_STMT *st;
	enum db_fate fate;

	if (db_injected(db, e))
		return FATE_FAIL;
	if ((st = mysql_stmt_init(db->my)) == NULL)
		fatal("db: out of memory");
	if (mysql_stmt_prepare(st, s->sql, strlen(s->sql)) != 0) {
		fate = stmt_failed(db, s, st, e);
		(void)mysql_stmt_close(st);
		/* Preparing does nothing: whatever was lost, repeat it. */
		return fate == FATE_LOST ? FATE_UNSENT : fate;
	}
	*out = st;
	return FATE_OK;
}

enum db_fate
db_try_prepare(struct db *db, const struct db_stmt *s, struct err *e)
{
	MYSQL_STMT *st;
	enum db_fate fate = prepare(db, s, &st, e);

	if (fate == FATE_OK)
		(void)mysql_stmt_close(st);
	return fate;
}

static enum db_fate
slot_ready(struct db *db, const struct db_stmt *s, struct db_slot **out,
    struct err *e)
{
	struct db_slot *slot;

	if (db->used * 2 >= db->slots)
		slots_grow(db);
	slot = slot_at(db->slot, db->slots, s);
	if (slot->s == NULL) {
		slot->s = s;
		db->used++;
	}
	*out = slot;
	return slot->st != NULL ? FATE_OK : prepare(db, s, &slot->st, e);
}

/* --- in ------------------------------------------------------------------ */

struct in {
	MYSQL_BIND	 bind[DB_VALUES_MAX];
	MYSQL_TIME	 time[DB_VALUES_MAX];
	signed char	 flag[DB_VALUES_MAX];
	unsigned long	 len[DB_VALUES_MAX];
};

static const enum enum_field_types field_type[] = {
	[DB_T_NULL] = MYSQL_TYPE_NULL,
	[DB_T_I64] = MYSQL_TYPE_LONGLONG,
	[DB_T_U64] = MYSQL_TYPE_LONGLONG,
	[DB_T_TEXT] = MYSQL_TYPE_STRING,
	[DB_T_BLOB] = MYSQL_TYPE_BLOB,
	[DB_T_BOOL] = MYSQL_TYPE_LONGLONG,
	[DB_T_TIME] = MYSQL_TYPE_DATETIME,
	[DB_T_F64] = MYSQL_TYPE_DOUBLE
};

static void
bind_in(struct in *in, const struct db_value *v, size_t n)
{
	size_t i;

	memset(in->bind, 0, n * sizeof(in->bind[0]));
	for (i = 0; i < n; i++, v++) {
		MYSQL_BIND *b = &in->bind[i];

		b->buffer_type = field_type[v->type];
		b->is_unsigned = v->type == DB_T_U64;
		switch (v->type) {
		case DB_T_TEXT:
		case DB_T_BLOB:
			in->len[i] = v->len;
			b->length = &in->len[i];
			b->buffer_length = v->len;
			b->buffer = (void *)(uintptr_t)v->p;
			break;
		case DB_T_TIME:
			time_to_mysql(v->n.i, &in->time[i]);
			b->buffer = &in->time[i];
			break;
		default:
			b->buffer = (void *)(uintptr_t)&v->n;
			break;
		}
	}
}

/* Values by column, as array binding wants them.  Heap: bulk_fini. */
struct bulk {
	MYSQL_BIND	 bind[DB_VALUES_MAX];
	void		*mem[DB_VALUES_MAX][3];
};

static void
bulk_fini(struct bulk *k, size_t cols)
{
	size_t i, j;

	for (i = 0; i < cols; i++)
		for (j = 0; j < 3; j++)
			free(k->mem[i][j]);
}

static void *
bulk_mem(struct bulk *k, size_t col, size_t which, size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		fatal("db: out of memory");
	k->mem[col][which] = p;
	return p;
}

static int
bulk_column(struct bulk *k, const struct db_value *v, size_t n, size_t cols,
    size_t col, struct err *e)
{
	MYSQL_BIND *b = &k->bind[col];
	enum db_type type = DB_T_NULL;
	unsigned long *len = bulk_mem(k, col, 0, n, sizeof(*len));
	char *null = bulk_mem(k, col, 1, n, sizeof(*null));
	void *data = bulk_mem(k, col, 2, n, sizeof(MYSQL_TIME));
	size_t i;

	for (i = 0; i < n && type == DB_T_NULL; i++)
		type = v[i * cols + col].type;
	if (type == DB_T_NULL)
		type = DB_T_TEXT;	/* all NULL: any type serves */
	for (i = 0; i < n; i++) {
		const struct db_value *x = &v[i * cols + col];

		if (x->type == DB_T_NULL) {
			null[i] = STMT_INDICATOR_NULL;
			continue;
		}
		if (x->type != type)
			return err_set(e, ERR_INTERNAL, "db_bulk",
			    "column %zu has two types", col);
		if (type == DB_T_TEXT || type == DB_T_BLOB) {
			((const void **)data)[i] = x->p;
			len[i] = x->len;
		} else if (type == DB_T_TIME) {
			time_to_mysql(x->n.i, &((MYSQL_TIME *)data)[i]);
		} else {
			memcpy((int64_t *)data + i, &x->n, sizeof(x->n));
		}
	}
	b->buffer_type = field_type[type];
	b->is_unsigned = type == DB_T_U64;
	b->buffer = data;
	b->length = len;
	b->u.indicator = null;
	return 0;
}

/* --- out ----------------------------------------------------------------- */

struct out {
	MYSQL_BIND	 bind[DB_VALUES_MAX];
	MYSQL_TIME	 time[DB_VALUES_MAX];
	union { int64_t i; uint64_t u; double f; } n[DB_VALUES_MAX];
	unsigned long	 len[DB_VALUES_MAX];
	my_bool		 null[DB_VALUES_MAX], cut[DB_VALUES_MAX];
	char		 none[DB_VALUES_MAX];
};

static void
bind_out(struct out *o, const struct db_col *c, size_t n)
{
	size_t i;

	memset(o->bind, 0, n * sizeof(o->bind[0]));
	for (i = 0; i < n; i++) {
		MYSQL_BIND *b = &o->bind[i];

		b->buffer_type = field_type[c[i].type];
		b->is_unsigned = c[i].type == DB_T_U64;
		b->length = &o->len[i];
		b->is_null = &o->null[i];
		b->error = &o->cut[i];
		if (c[i].type == DB_T_TEXT || c[i].type == DB_T_BLOB)
			/* No room on purpose: fetched by its true length. */
			b->buffer = &o->none[i];
		else if (c[i].type == DB_T_TIME)
			b->buffer = &o->time[i];
		else
			b->buffer = &o->n[i];
	}
}

static char *
fetch_bytes(MYSQL_STMT *st, struct out *o, unsigned i, struct arena *a)
{
	char *p = arena_alloc(a, o->len[i] + 1);
	MYSQL_BIND b = { .buffer_type = o->bind[i].buffer_type, .buffer = p,
	    .buffer_length = o->len[i], .length = &o->len[i],
	    .is_null = &o->null[i], .error = &o->cut[i] };

	if (o->len[i] > 0)
		(void)mysql_stmt_fetch_column(st, &b, i, 0);
	return p;
}

static int
take_column(MYSQL_STMT *st, struct out *o, const struct db_col *c, unsigned i,
    struct arena *a, struct err *e)
{
	bool null = o->null[i] != 0;

	switch (c->type) {
	case DB_T_TEXT:
	case DB_T_BLOB:
		if (a == NULL)
			return err_set(e, ERR_INTERNAL, "db_column",
			    "column %u needs an arena", i);
		*(char **)c->dst = null ? NULL : fetch_bytes(st, o, i, a);
		if (c->len != NULL)
			*c->len = null ? 0 : o->len[i];
		return 0;
	case DB_T_TIME:
		*(int64_t *)c->dst = null ? 0 : time_from_mysql(&o->time[i]);
		return 0;
	case DB_T_F64:
		*(double *)c->dst = null ? 0 : o->n[i].f;
		return 0;
	case DB_T_BOOL:
		*(bool *)c->dst = !null && o->n[i].i != 0;
		break;
	case DB_T_U64:
		*(uint64_t *)c->dst = null ? 0 : o->n[i].u;
		break;
	case DB_T_I64:
		*(int64_t *)c->dst = null ? 0 : o->n[i].i;
		break;
	case DB_T_NULL:
		return 0;
	}
	if (!null && o->cut[i])
		return err_set(e, ERR_INTERNAL, "db_column",
		    "column %u is out of range", i);
	return 0;
}

static enum db_fate
take_rows(struct db *db, MYSQL_STMT *st, struct db_call *c, struct err *e)
{
	struct out o;
	unsigned i;
	int rc;

	bind_out(&o, c->out.c, c->out.n);
	if (mysql_stmt_bind_result(st, o.bind) != 0 ||
	    mysql_stmt_store_result(st) != 0)
		return stmt_failed(db, c->s, st, e);
	c->result = 0;
	while ((rc = mysql_stmt_fetch(st)) == 0 || rc == MYSQL_DATA_TRUNCATED) {
		for (i = 0; i < c->out.n; i++)
			if (take_column(st, &o, &c->out.c[i], i, c->a, e) < 0)
				return FATE_FAIL;
		c->result++;
		if (c->one)
			return FATE_OK;
		if ((rc = c->row(c->arg, e)) < 0)
			return FATE_FAIL;
		if (rc > 0)
			return FATE_OK;
	}
	if (rc != MYSQL_NO_DATA)
		return stmt_failed(db, c->s, st, e);
	return FATE_OK;
}

/* --- one try -------------------------------------------------------------- */

static enum db_fate
run_bulk(struct db *db, MYSQL_STMT *st, struct db_call *c, const
    struct db_value *v, unsigned n, struct err *e)
{
	struct bulk k = { 0 };
	enum db_fate fate = FATE_FAIL;
	size_t i;

	for (i = 0; i < c->in.n; i++)
		if (bulk_column(&k, v, n, c->in.n, i, e) < 0)
			goto out;
	(void)mysql_stmt_attr_set(st, STMT_ATTR_ARRAY_SIZE, &n);
	if (db_injected(db, e))
		goto out;
	if (mysql_stmt_bind_param(st, k.bind) != 0 ||
	    mysql_stmt_execute(st) != 0) {
		fate = stmt_failed(db, c->s, st, e);
	} else {
		c->result += (int64_t)mysql_stmt_affected_rows(st);
		fate = FATE_OK;
	}
out:
	bulk_fini(&k, c->in.n);
	return fate;
}

static enum db_fate
run_bulks(struct db *db, MYSQL_STMT *st, struct db_call *c, struct err *e)
{
	const struct db_value *v = c->in.v;
	size_t left = c->rows, n, bytes, i;
	enum db_fate fate = FATE_OK;

	for (c->result = 0; left > 0 && fate == FATE_OK; left -= n) {
		for (n = bytes = 0; n < left && n < BULK_ROWS &&
		    (n == 0 || bytes < BULK_BYTES); n++)
			for (i = 0; i < c->in.n; i++)
				bytes += 12 + v[n * c->in.n + i].len;
		fate = run_bulk(db, st, c, v, (unsigned)n, e);
		v += n * c->in.n;
	}
	return fate;
}

static enum db_fate
run(struct db *db, MYSQL_STMT *st, struct db_call *c, struct err *e)
{
	struct in in;
	unsigned none = 0;

	bind_in(&in, c->in.v, c->in.n);
	(void)mysql_stmt_attr_set(st, STMT_ATTR_ARRAY_SIZE, &none);
	if (db_injected(db, e))
		return FATE_FAIL;
	if ((c->in.n > 0 && mysql_stmt_bind_param(st, in.bind) != 0) ||
	    mysql_stmt_execute(st) != 0)
		return stmt_failed(db, c->s, st, e);
	if (c->out.n == 0) {
		c->result = (int64_t)mysql_stmt_affected_rows(st);
		db->insert_id = mysql_stmt_insert_id(st);
		return FATE_OK;
	}
	return take_rows(db, st, c, e);
}

/* Leave nothing unread; a CALL answers with several results. */
static void
settle(struct db *db, struct db_slot *slot)
{
	if (db->my == NULL || slot->st == NULL)
		return;		/* lost meanwhile */
	(void)mysql_stmt_free_result(slot->st);
	while (mysql_stmt_more_results(slot->st) &&
	    mysql_stmt_next_result(slot->st) == 0)
		(void)mysql_stmt_free_result(slot->st);
}

enum db_fate
db_try(struct db *db, struct db_call *c, struct err *e)
{
	struct db_slot *slot;
	enum db_fate fate;
	bool again = false;

	if (c->in.n > DB_VALUES_MAX || c->out.n > DB_VALUES_MAX) {
		err_set(e, ERR_INTERNAL, "db_values", "%s", c->s->name);
		return FATE_FAIL;
	}
redo:
	if ((fate = slot_ready(db, c->s, &slot, e)) != FATE_OK)
		return fate;
	if (slot->busy || mysql_stmt_param_count(slot->st) != c->in.n ||
	    (c->out.n > 0 && mysql_stmt_field_count(slot->st) != c->out.n)) {
		err_set(e, ERR_INTERNAL, "db_values", "%s: %s", c->s->name,
		    slot->busy ? "its own rows are being walked" :
		    "another number of values than it has");
		return FATE_FAIL;
	}
	slot->busy = true;
	fate = c->rows > 0 ? run_bulks(db, slot->st, c, e) :
	    run(db, slot->st, c, e);
	/* The row function may have made the table of slots grow. */
	slot = slot_at(db->slot, db->slots, c->s);
	slot->busy = false;
	settle(db, slot);
	if (fate == FATE_FAIL && !again && slot->st != NULL &&
	    (e->sys == ER_UNKNOWN_STMT_HANDLER || e->sys == ER_NEED_REPREPARE)) {
		(void)mysql_stmt_close(slot->st);
		slot->st = NULL;
		again = true;
		goto redo;
	}
	db->used_us = clock_mono();
	return fate;
}
