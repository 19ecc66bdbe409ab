/*
 * personal.c - walking the rules: export by pages, purge by batches.
 */
#include "store/personal.h"

#include "base/buf.h"
#include "store/delivery.h"

/* A page's texts; a notification's content is at most a megabyte. */
#define PAGE_MEMORY	((size_t)24 * 1024 * 1024)
#define CLOSE_BATCH	1000u
#define CLOSE_ROUNDS	1000

struct page {
	uint64_t	 key[2];
	int		(*row)(void *arg, struct err *e);
	void		*arg;
};

static struct db_col
into(enum personal_kind kind, struct personal_value *v)
{
	switch (kind) {
	case PERSONAL_ID:
	case PERSONAL_NUM:
		return DB_TO_U64(&v->u);
	case PERSONAL_BOOL:
		return DB_TO_BOOL(&v->b);
	case PERSONAL_TIME:
		return DB_TO_TIME(&v->i);
	case PERSONAL_DATE:
	case PERSONAL_TEXT:
	case PERSONAL_JSON:
		break;
	}
	return DB_TO_STR(&v->text);
}

static int
page_row(void *arg, struct err *e)
{
	struct page *p = arg;

	return p->row(p->arg, e);
}

int64_t
personal_each(struct db *db, const struct personal_rule *r, uint64_t user_id,
    struct personal_value v[PERSONAL_COLS_MAX],
    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
{
	struct page p = { .row = row, .arg = arg };
	struct db_col col[PERSONAL_COLS_MAX + 2];
	int64_t n, seen = 0;

	if (r->read == NULL)
		return 0;
	for (size_t i = 0; i < r->cols; i++)
		col[i] = into(r->col[i].kind, &v[i]);
	col[r->cols] = DB_TO_U64(&p.key[0]);
	col[r->cols + 1] = DB_TO_U64(&p.key[1]);
	do {
		const struct db_value one[] = { DB_U64(user_id),
			DB_U64(p.key[0]), DB_U64(r->page) };
		const struct db_value two[] = { DB_U64(user_id),
			DB_U64(p.key[0]), DB_U64(p.key[0]), DB_U64(p.key[1]),
			DB_U64(r->page) };
		const struct db_in in = r->keys == 2 ?
		    (struct db_in){ two, COUNT_OF(two) } :
		    (struct db_in){ one, COUNT_OF(one) };
		struct arena *a = arena_new(PAGE_MEMORY);

		n = db_each(db, r->read, a, in,
		    (struct db_out){ col, r->cols + r->keys }, page_row, &p,
		    e);
		arena_free(a);
		if (n < 0)
			return -1;
		seen += n;
	} while (n == (int64_t)r->page);
	return seen;
}

struct purging {
	const struct personal_rule *r;
	uint64_t	 user_id;
	unsigned	 max;
	int64_t		 rows;
};

struct waiting { uint64_t notification_id, seq; struct buf b; size_t n; };

static int
waiting_row(void *arg, struct err *e)
{
	struct waiting *w = arg;

	(void)e;
	buf_printf(&w->b, "%c[%" PRIu64 ",%" PRIu64 "]", w->n++ == 0 ? '[' :
	    ',', w->notification_id, w->seq);
	return 0;
}

static int
purge_statements(struct db *db, struct purging *p, struct err *e)
{
	p->rows = 0;
	for (size_t i = 0; i < PERSONAL_PURGES; i++) {
		int64_t n;

		if (p->r->purge[i] == NULL)
			continue;
		if ((n = db_run(db, p->r->purge[i], DB_IN(DB_U64(p->user_id),
		    DB_U64(p->max)), e)) < 0)
			return -1;
		p->rows += n;
		/* A later statement takes away what an earlier one finds its
		 * rows by: not before the earlier one is through. */
		if (n >= (int64_t)p->max)
			break;
	}
	return 0;
}

static int
purge_work(struct db *db, void *arg, struct err *e)
{
	struct purging *p = arg;
	struct waiting w = { .n = 0 };
	int rc = -1;

	if (p->r->ends == NULL)
		return purge_statements(db, p, e);
	buf_init(&w.b, p->max * 48 + 16);
	if (db_each(db, p->r->ends, NULL, DB_IN(DB_U64(p->user_id),
	    DB_U64(p->max)), DB_OUT(DB_TO_U64(&w.notification_id),
	    DB_TO_U64(&w.seq)), waiting_row, &w, e) < 0 ||
	    purge_statements(db, p, e) < 0)
		goto out;
	rc = 0;
	if (w.n > 0) {
		buf_char(&w.b, ']');
		rc = delivery_changed_list(db, buf_text(&w.b), e);
	}
out:
	buf_fini(&w.b);
	return rc;
}

int64_t
personal_purge(struct db *db, const struct personal_rule *r,
    uint64_t user_id, unsigned max, struct err *e)
{
	struct purging p = { .r = r, .user_id = user_id, .max = max };

	return db_join(db, purge_work, &p, e) < 0 ? -1 : p.rows;
}

int
personal_close(struct db *db, uint64_t user_id, struct err *e)
{
	for (size_t i = 0; i < personal_rules_count; i++) {
		int64_t n = 1;

		if (!personal_rules[i].at_close)
			continue;
		for (int k = 0; n > 0 && k < CLOSE_ROUNDS; k++)
			if ((n = personal_purge(db, &personal_rules[i],
			    user_id, CLOSE_BATCH, e)) < 0)
				return -1;
	}
	return 0;
}
