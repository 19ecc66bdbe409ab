/*
 * password_mix.c - kinds of hash and their numbers.
 */
#include "store/password_mix.h"

#include "base/text.h"

DB_STMT(PASSWORD_MIX_ALL, DB_API, DB_READ,
    "SELECT blank, n FROM password_mix ORDER BY blank LIMIT 32");
DB_STMT(PASSWORD_MIX_CLEAR, DB_WORKER | DB_CTL, DB_SAFE,
    "DELETE FROM password_mix");
DB_STMT(PASSWORD_MIX_ADD, DB_WORKER | DB_CTL, DB_SAFE,
    "INSERT INTO password_mix (blank, n) VALUES (?, ?)");
DB_STMT(PASSWORD_MIX_SAMPLE, DB_WORKER | DB_CTL, DB_READ,
    "SELECT id, password FROM user WHERE id >= ? ORDER BY id LIMIT ?");
DB_STMT(PASSWORD_MIX_RANGE, DB_WORKER | DB_CTL, DB_READ,
    "SELECT MIN(id), MAX(id) FROM user");

struct reading {
	struct password_mix *row;
	size_t		 n;
	const char	*blank;
	uint64_t	 count;
};

static int
read_row(void *arg, struct err *e UNUSED)
{
	struct reading *r = arg;

	if (r->n == PASSWORD_MIX_MAX)
		return 1;
	if (text_copy(r->row[r->n].blank, sizeof(r->row[r->n].blank),
	    r->blank))
		r->row[r->n++].n = r->count;
	return 0;
}

int
password_mix_all(struct db *db, struct password_mix row[PASSWORD_MIX_MAX],
    struct err *e)
{
	struct arena *a = arena_new((size_t)64 * 1024);
	struct reading r = { .row = row };
	int64_t rc = db_each(db, &PASSWORD_MIX_ALL, a, DB_NONE,
	    DB_OUT(DB_TO_STR(&r.blank), DB_TO_U64(&r.count)), read_row, &r, e);

	arena_free(a);
	return rc < 0 ? -1 : (int)r.n;
}

struct writing { const struct password_mix *row; size_t n; };

static int
write_rows(struct db *db, void *arg, struct err *e)
{
	const struct writing *w = arg;

	if (db_run(db, &PASSWORD_MIX_CLEAR, DB_NONE, e) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++)
		if (db_run(db, &PASSWORD_MIX_ADD, DB_IN(
		    DB_STR(w->row[i].blank), DB_U64(w->row[i].n)), e) < 0)
			return -1;
	return 0;
}

int
password_mix_replace(struct db *db, const struct password_mix *row, size_t n,
    struct err *e)
{
	struct writing w = { row, n };

	return db_join(db, write_rows, &w, e);
}

struct seeing {
	void		(*see)(void *arg, const char *hash);
	void		*arg;
	uint64_t	 id;
	const char	*hash;
};

static int
see_row(void *arg, struct err *e UNUSED)
{
	struct seeing *s = arg;

	if (s->hash != NULL)
		s->see(s->arg, s->hash);
	return 0;
}

int
password_mix_sample(struct db *db, uint64_t from, unsigned max,
    void (*see)(void *arg, const char *hash), void *arg, uint64_t *next,
    struct err *e)
{
	struct arena *a = arena_new((size_t)max * 512 + 65536);
	struct seeing s = { see, arg, 0, NULL };
	int64_t n = db_each(db, &PASSWORD_MIX_SAMPLE, a,
	    DB_IN(DB_U64(from), DB_U64(max)), DB_OUT(DB_TO_U64(&s.id),
	    DB_TO_STR(&s.hash)), see_row, &s, e);

	arena_free(a);
	*next = n == (int64_t)max ? s.id + 1 : 0;
	return (int)n;
}

int
password_mix_range(struct db *db, uint64_t *low, uint64_t *high,
    struct err *e)
{
	return db_one(db, &PASSWORD_MIX_RANGE, NULL, DB_NONE,
	    DB_OUT(DB_TO_U64(low), DB_TO_U64(high)), e) < 0 ? -1 : 0;
}
