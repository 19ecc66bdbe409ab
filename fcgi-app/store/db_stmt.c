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

/* --- values -------------------------------------------------------------- */

static void
time_to_mysql(int64_t us, MYSQL_TIME *t)
{
	struct db_civil c;

	db_civil(us, &c);
	memset(t, 0, sizeof(*t));
	t->time_type = MYSQL_TIMESTAMP_DATETIME;
	t->year = c.year;
	t->month = c.month;
	t->day = c.day;
	t->hour = c.hour;
	t->minute = c.minute;
	t->second = c.second;
	t->second_part = c.us;
}

static int64_t
time_from_mysql(const MYSQL_TIME *t)
{
	struct db_civil c = { t->year, t->month, t->day, t->hour, t->minute,
	    t->second, (unsigned)t->second_part };

	return t->year == 0 ? 0 : db_civil_us(&c);
}

/* --- prepared statements -------------------------------------------------- */

static struct db_slot *
slot_of(struct db *db, const struct db_stmt *s)
{
	size_t i = ((uintptr_t)s >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	while (db->slot[i % DB_SLOTS].s != NULL && db->slot[i % DB_SLOTS].s != s)
		i++;
	return &db->slot[i % DB_SLOTS];
}

void
db_slots_free(struct db *db)
{
	size_t i;

	for (i = 0; i < DB_SLOTS; i++)
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
	struct db_slot *slot = slot_of(db, s);

	if (slot->s == NULL) {
		if (++db->used == DB_SLOTS)
			fatal("db: more than %d statements", DB_SLOTS);
		slot->s = s;
	}
	*out = slot;
	return slot->st != NULL ? FATE_OK : prepare(db, s, &slot->st, e);
}

/* --- in ------------------------------------------------------------------ */

struct in {
	MYSQL_BIND	 bind[DB_VALUES_MAX];
	MYSQL_TIME	 time[DB_VALUES_MAX];
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

/* Values by column, as array binding wants them: numbers side by side, text
 * and times by pointer.  Heap: bulk_fini. */
enum { BULK_LEN, BULK_NULL, BULK_DATA, BULK_TIME, BULK_MEM };
struct bulk {
	MYSQL_BIND	 bind[DB_VALUES_MAX];
	void		*mem[DB_VALUES_MAX][BULK_MEM];
};

static void
bulk_fini(struct bulk *k)
{
	for (size_t i = 0; i < DB_VALUES_MAX * BULK_MEM; i++)
		free(k->mem[i / BULK_MEM][i % BULK_MEM]);
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
	unsigned long *len = bulk_mem(k, col, BULK_LEN, n, sizeof(*len));
	char *null = bulk_mem(k, col, BULK_NULL, n, sizeof(*null));
	uint64_t *num = bulk_mem(k, col, BULK_DATA, n, sizeof(*num));
	const void **ptr = (const void **)num;
	MYSQL_TIME *t;
	size_t i;

	for (i = 0; i < n && type == DB_T_NULL; i++)
		type = v[i * cols + col].type;
	if (type == DB_T_NULL)
		type = DB_T_TEXT;	/* all NULL: any type serves */
	t = type != DB_T_TIME ? NULL : bulk_mem(k, col, BULK_TIME, n,
	    sizeof(*t));
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
			ptr[i] = x->p;
			len[i] = x->len;
		} else if (type == DB_T_TIME) {
			time_to_mysql(x->n.i, &t[i]);
			ptr[i] = &t[i];
		} else {
			memcpy(&num[i], &x->n, sizeof(num[i]));
		}
	}
	b->buffer_type = field_type[type];
	b->is_unsigned = type == DB_T_U64;
	b->buffer = num;
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
	unsigned i, opened = db->opened;
	int rc;

	/* Asked only now: preparing a RETURNING does not tell. */
	if (mysql_stmt_field_count(st) != c->out.n ||
	    c->out.n > DB_VALUES_MAX) {
		err_set(e, ERR_INTERNAL, "db_values", "%s: has %u columns",
		    c->s->name, mysql_stmt_field_count(st));
		return FATE_FAIL;
	}
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
		/* A statement of the row function lost the connection, and
		 * this one went with it; rows cannot be given twice. */
		if (db->opened != opened || db->my == NULL) {
			err_set(e, ERR_DB_LOST, "unavailable",
			    "%s: lost between rows", c->s->name);
			e->retry_after_s = 1;
			return FATE_FAIL;
		}
		if (rc > 0)
			return FATE_OK;
	}
	if (rc != MYSQL_NO_DATA)
		return stmt_failed(db, c->s, st, e);
	return FATE_OK;
}

/* --- one try -------------------------------------------------------------- */

static enum db_fate
run_bulk(struct db *db, MYSQL_STMT *st, struct db_call *c,
    const struct db_value *v, unsigned n, struct err *e)
{
	struct bulk k = { 0 };
	enum db_fate fate = FATE_FAIL;
	size_t i;

	if (db_injected(db, e))
		return FATE_FAIL;
	for (i = 0; i < c->in.n; i++)
		if (bulk_column(&k, v, n, c->in.n, i, e) < 0)
			goto out;
	(void)mysql_stmt_attr_set(st, STMT_ATTR_ARRAY_SIZE, &n);
	if (mysql_stmt_bind_param(st, k.bind) != 0 ||
	    mysql_stmt_execute(st) != 0) {
		fate = stmt_failed(db, c->s, st, e);
	} else {
		c->result += (int64_t)mysql_stmt_affected_rows(st);
		fate = FATE_OK;
	}
out:
	bulk_fini(&k);
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
		/* A CALL that selects has no number of rows. */
		c->result = (int64_t)mysql_stmt_affected_rows(st);
		if (c->result < 0)
			c->result = 0;
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

redo:
	if ((fate = slot_ready(db, c->s, &slot, e)) != FATE_OK)
		return fate;
	if (slot->busy || c->in.n > DB_VALUES_MAX ||
	    mysql_stmt_param_count(slot->st) != c->in.n) {
		err_set(e, ERR_INTERNAL, "db_values", "%s: %s", c->s->name,
		    slot->busy ? "its own rows are being walked" :
		    "another number of values than it has");
		return FATE_FAIL;
	}
	slot->busy = true;
	fate = c->rows > 0 ? run_bulks(db, slot->st, c, e) :
	    run(db, slot->st, c, e);
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
