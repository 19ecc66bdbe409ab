/*
 * migrate.c - files of sql/ in order, each once, by one runner at a time.
 *
 * The lock is a session's: a runner that dies gives it back.  A file's row is
 * written after its last statement, so a file that was killed in the middle
 * is run again from its top.
 */
#include "store/migrate.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/text.h"

#include <dirent.h>

#define FILES_MAX	256
#define FILE_MAX	((size_t)4 * 1024 * 1024)
#define ARENA_MAX	((size_t)64 * 1024 * 1024)
#define SHA_TEXT	65
#define LOCK_WAIT_S	"30"
#define LOCK_NAME	"CONCAT('gp_migrate_', DATABASE())"

static const char table_sql[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    " number INT UNSIGNED NOT NULL,"
    " name VARCHAR(100) NOT NULL,"
    " sha256 CHAR(64) CHARACTER SET ascii NOT NULL,"
    " applied_at DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),"
    " PRIMARY KEY (number)"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";

struct file_row {
	unsigned	 number;
	char		 name[100];
	char		*sql;
	char		 sha[SHA_TEXT];
};
struct files {
	struct file_row	 row[FILES_MAX];
	size_t		 n;
	struct arena	*a;
};

/* "0001_core.sql": its number, or 0 for anything else. */
static unsigned
number_of(const char *name)
{
	unsigned n = 0;
	int i;

	for (i = 0; i < 4; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		n = n * 10 + (unsigned)(name[i] - '0');
	}
	return name[4] == '_' && text_ends(name, ".sql") ? n : 0;
}

static int
by_number(const void *a, const void *b)
{
	const struct file_row *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int
read_one(struct files *f, const char *dir, const char *name, struct err *e)
{
	struct file_row *r = &f->row[f->n];
	uint8_t sum[32];
	size_t n;

	if (f->n == FILES_MAX || !text_copy(r->name, sizeof(r->name), name))
		return err_set(e, ERR_CONFIG, "migration_files",
		    "%s: too many files, or too long a name", name);
	r->number = number_of(name);
	if (file_read(f->a, arena_printf(f->a, "%s/%s", dir, name), FILE_MAX,
	    &r->sql, &n, e) < 0)
		return -1;
	sha256(sum, r->sql, n);
	hex_encode(r->sha, sum, sizeof(sum));
	f->n++;
	return 0;
}

static int
read_all(struct files *f, const char *dir, struct err *e)
{
	struct dirent *d;
	DIR *handle;
	size_t i;
	int rc = 0;

	if ((handle = opendir(dir)) == NULL)
		return err_errno(e, "migration_files", "%s", dir);
	while (rc == 0 && (d = readdir(handle)) != NULL)
		if (number_of(d->d_name) > 0)
			rc = read_one(f, dir, d->d_name, e);
	closedir(handle);
	if (rc < 0)
		return -1;
	qsort(f->row, f->n, sizeof(f->row[0]), by_number);
	for (i = 0; i < f->n; i++)
		if (f->row[i].number != i + 1)
			return err_set(e, ERR_CONFIG, "migration_files",
			    "%s: number %zu is missing, or there twice", dir,
			    i + 1);
	if (f->n == 0)
		return err_set(e, ERR_CONFIG, "migration_files",
		    "%s has no migrations", dir);
	return 0;
}

/* --- what was applied ------------------------------------------------------ */

static int
ask_u64(struct db *db, struct arena *a, const char *sql, uint64_t *v,
    struct err *e)
{
	const char *text;

	if (db_ask(db, sql, a, &text, e) < 0)
		return -1;
	if (text == NULL || text_u64(text, UINT64_MAX, v) != 1)
		return err_set(e, ERR_INTERNAL, "migrate", "no number: %s",
		    sql);
	return 0;
}

/* Is file r applied?  1, 0, or -1 (also: by another text). */
static int
is_applied(struct db *db, struct arena *a, const struct file_row *r,
    struct err *e)
{
	const char *sha;
	int found = db_ask(db, arena_printf(a,
	    "SELECT sha256 FROM schema_migration WHERE number = %u",
	    r->number), a, &sha, e);

	if (found > 0 && strcmp(sha, r->sha) != 0)
		return err_set(e, ERR_CONFIG, "migration_edited",
		    "%s was applied with checksum %.12s… and now has %.12s…: "
		    "a merged migration is never edited", r->name, sha,
		    r->sha);
	return found;
}

static int
has_table(struct db *db, struct arena *a, bool *has, struct err *e)
{
	uint64_t n;

	if (ask_u64(db, a, "SELECT COUNT(*) FROM information_schema.tables "
	    "WHERE table_schema = DATABASE() AND "
	    "table_name = 'schema_migration'", &n, e) < 0)
		return -1;
	*has = n > 0;
	return 0;
}

/* A database of a newer build: its tables may not be what we think. */
static int
refuse_newer(struct db *db, struct files *f, struct err *e)
{
	uint64_t n;

	if (ask_u64(db, f->a, "SELECT COALESCE(MAX(number), 0) "
	    "FROM schema_migration", &n, e) < 0)
		return -1;
	if (n > f->n)
		return err_set(e, ERR_CONFIG, "migration_newer",
		    "the database is at %" PRIu64 ", these files end at %zu",
		    n, f->n);
	return 0;
}

static int
apply(struct db *db, struct files *f, const struct file_row *r,
    void (*progress)(const char *name, int64_t us), struct err *e)
{
	int64_t began = clock_mono();
	uint64_t mine;
	char said[200];

	if (db_script(db, r->sql, e) < 0) {
		(void)snprintf(said, sizeof(said), "%.*s",
		    (int)sizeof(said) - 1, e->detail);
		snprintf(e->detail, sizeof(e->detail), "%.40s: %s", r->name,
		    said);
		return -1;
	}
	/* A connection reopened between two statements has lost the lock. */
	if (ask_u64(db, f->a, "SELECT COALESCE(IS_USED_LOCK(" LOCK_NAME
	    ") = CONNECTION_ID(), 0)", &mine, e) < 0)
		return -1;
	if (mine != 1)
		return err_set(e, ERR_DB_LOST, "migration_running",
		    "%s: the lock was lost; run again", r->name);
	/* Name and sum are ours: digits, letters, underscores (number_of and
	 * hex_encode), but for the part after the number. */
	if (strpbrk(r->name, "'\\") != NULL)
		return err_set(e, ERR_CONFIG, "migration_files", "%s: quotes",
		    r->name);
	if (db_script(db, arena_printf(f->a, "INSERT INTO schema_migration "
	    "(number, name, sha256) VALUES (%u, '%s', '%s')", r->number,
	    r->name, r->sha), e) < 0)
		return -1;
	if (progress != NULL)
		progress(r->name, clock_mono() - began);
	return 0;
}

static int
apply_missing(struct db *db, struct files *f,
    void (*progress)(const char *name, int64_t us), struct err *e)
{
	int applied = 0, is;
	size_t i;

	if (db_script(db, table_sql, e) < 0 || refuse_newer(db, f, e) < 0)
		return -1;
	for (i = 0; i < f->n; i++) {
		if ((is = is_applied(db, f->a, &f->row[i], e)) < 0)
			return -1;
		if (is > 0)
			continue;
		if (apply(db, f, &f->row[i], progress, e) < 0)
			return -1;
		applied++;
	}
	return applied;
}

static struct files *
files_new(const char *dir, struct err *e)
{
	struct files *f;
	struct arena *a = arena_new(ARENA_MAX);

	f = arena_alloc(a, sizeof(*f));
	f->a = a;
	if (read_all(f, dir, e) == 0)
		return f;
	arena_free(a);
	return NULL;
}

int
migrate_run(struct db *db, const char *dir,
    void (*progress)(const char *name, int64_t us), struct err *e)
{
	struct err ignored = ERR_INIT;
	struct files *f;
	uint64_t got;
	int rc = -1;

	if ((f = files_new(dir, e)) == NULL)
		return -1;
	if (ask_u64(db, f->a, "SELECT COALESCE(GET_LOCK(" LOCK_NAME ", "
	    LOCK_WAIT_S "), 0)", &got, e) < 0)
		goto out;
	if (got != 1) {
		err_set(e, ERR_CONFLICT, "migration_running",
		    "another runner holds the lock");
		goto out;
	}
	rc = apply_missing(db, f, progress, e);
	/* Without it the lock goes with the connection. */
	if (db_script(db, "DO RELEASE_LOCK(" LOCK_NAME ")", &ignored) < 0)
		db_drop(db);
out:
	arena_free(f->a);
	return rc;
}

int
migrate_pending(struct db *db, const char *dir, struct err *e)
{
	struct files *f;
	bool has;
	size_t i;
	int is, rc = -1, missing = 0;

	if ((f = files_new(dir, e)) == NULL)
		return -1;
	if (has_table(db, f->a, &has, e) < 0 ||
	    (has && refuse_newer(db, f, e) < 0))
		goto out;
	for (i = 0; i < f->n; i++) {
		if ((is = has ? is_applied(db, f->a, &f->row[i], e) : 0) < 0)
			goto out;
		missing += is == 0;
	}
	rc = missing;
out:
	arena_free(f->a);
	return rc;
}
