/*
 * feed_ask.c - what a desk asks the database; the lists belong to whoever has
 * the work at the time.
 */
#include "live/feed_own.h"

#include <pthread.h>

#include "base/log.h"

/* Of both desks that read: what is broadcast is built once. */
static struct frame_cache cache;
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static void *
more(void *p, size_t *cap, size_t size)
{
	*cap = *cap == 0 ? 64 : *cap * 2;
	if ((p = realloc(p, *cap * size)) == NULL)
		fatal("feed: out of memory for %zu rows", *cap);
	return p;
}

void
got_free(struct got_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		frame_drop(l->row[i].f);
	free(l->row);
	memset(l, 0, sizeof(*l));
}

static int
by_user_seq(const void *a, const void *b)
{
	const struct got *x = a, *y = b;

	if (x->user_id != y->user_id)
		return x->user_id < y->user_id ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

struct got *
got_of(const struct got_list *l, uint64_t user_id, size_t *n)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->row[mid].user_id < user_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (hi = lo; hi < l->n && l->row[hi].user_id == user_id; hi++)
		;
	*n = hi - lo;
	return l->row == NULL ? NULL : l->row + lo;
}

static int
by_id(const void *a, const void *b)
{
	const struct live_count *x = a, *y = b;

	return x->user_id < y->user_id ? -1 : x->user_id > y->user_id;
}

const struct live_count *
count_of(const struct count_list *l, uint64_t user_id)
{
	const struct live_count key = { .user_id = user_id };

	return l->n == 0 ? NULL : bsearch(&key, l->row, l->n, sizeof(key),
	    by_id);
}

/* --- asking -------------------------------------------------------------------- */

struct counting { struct count_list *out; struct live_count it; };

static int
count_row(void *arg, struct err *e)
{
	struct counting *c = arg;

	(void)e;
	if (c->out->n == c->out->cap)
		c->out->row = more(c->out->row, &c->out->cap,
		    sizeof(*c->out->row));
	c->out->row[c->out->n++] = c->it;
	return 0;
}

int
ask_counts(struct db *db, const uint64_t *user_id, size_t n,
    struct count_list *out, uint64_t *statements, struct err *e)
{
	struct counting c = { .out = out };

	for (size_t i = 0; i < n; i += LIVE_BATCH) {
		(*statements)++;
		if (live_counts(db, NULL, user_id + i, n - i < LIVE_BATCH ?
		    n - i : LIVE_BATCH, &c.it, count_row, &c, e) < 0)
			return -1;
	}
	if (out->n > 0)
		qsort(out->row, out->n, sizeof(*out->row), by_id);
	return 0;
}

int
ask_changed(struct db *db, int64_t window_us, struct count_list *out,
    struct err *e)
{
	struct counting c = { .out = out };

	return live_changed(db, NULL, window_us, &c.it, count_row, &c, e) < 0
	    ? -1 : 0;
}

struct getting { struct got_list *out; struct live_row it; };

static int
got_row(void *arg, struct err *e)
{
	struct getting *g = arg;
	struct frame *f;

	pthread_mutex_lock(&cache_lock);
	f = frame_of(&cache, &g->it, e);
	pthread_mutex_unlock(&cache_lock);
	if (f == NULL) {
		/* A broken one is told, and keeps nobody from the others. */
		log_err(LOG_ERROR_, "a notification", e);
		err_clear(e);
		return 0;
	}
	if (g->out->n == g->out->cap)
		g->out->row = more(g->out->row, &g->out->cap,
		    sizeof(*g->out->row));
	g->out->row[g->out->n++] = (struct got){ g->it.user_id, g->it.seq,
	    f };
	g->out->bytes += f->len;
	return 0;
}

static void
sort_got(struct got_list *l)
{
	if (l->n > 0)
		qsort(l->row, l->n, sizeof(*l->row), by_user_seq);
}

int
ask_rows(struct db *db, const struct live_want *w, size_t n,
    struct got_list *out, size_t *asked, uint64_t *statements, struct err *e)
{
	struct getting g = { .out = out };
	int rc = 0;

	for (*asked = 0; *asked < n && rc == 0 && out->bytes < ASK_BYTES;) {
		size_t k = n - *asked < LIVE_BATCH ? n - *asked : LIVE_BATCH;
		struct arena *a = arena_new(ASK_ARENA);

		(*statements)++;
		if (live_rows(db, a, w + *asked, k, &g.it, got_row, &g,
		    e) < 0)
			rc = -1;
		arena_free(a);
		*asked += k;
	}
	sort_got(out);
	return rc;
}

int
ask_unread(struct db *db, const struct unread_of *u, size_t n,
    struct got_list *out, size_t *asked, uint64_t *statements, struct err *e)
{
	struct getting g = { .out = out };
	int rc = 0;

	for (*asked = 0; *asked < n && rc == 0 && out->bytes < ASK_BYTES;) {
		struct arena *a = arena_new(ASK_ARENA);
		uint64_t id[ASK_ROWS], rows = 0;
		size_t k = 0;

		for (; *asked < n && k < ASK_ROWS; (*asked)++) {
			rows += u[*asked].rows < UNREAD_MAX ?
			    u[*asked].rows : UNREAD_MAX;
			if (k > 0 && rows > ASK_ROWS)
				break;
			id[k++] = u[*asked].user_id;
		}
		(*statements)++;
		if (live_unread(db, a, id, k, UNREAD_MAX, &g.it, got_row, &g,
		    e) < 0)
			rc = -1;
		arena_free(a);
	}
	sort_got(out);
	return rc;
}

void
ask_fini(void)
{
	frame_cache_clear(&cache);
}
