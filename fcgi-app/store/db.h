/*
 * db.h - MariaDB by prepared statements only.
 *
 * A statement is a constant made by DB_STMT in a file of store/, nowhere
 * else; values are always bound (H4).  The master proves every statement of
 * its program once as that program's database user and drops them; a child
 * prepares on first use (D4).  Isolation is READ COMMITTED, autocommit on.
 * Connect, read and write time-outs are always set; the client's reconnect
 * option stays off: a lost connection (2006, 2013) is reopened here.
 *
 *   DB_STMT(USER_BY_ID, DB_API | DB_WORKER, DB_READ,
 *       "SELECT email, is_active FROM user WHERE id = ?");
 *
 *   rc = db_one(db, &USER_BY_ID, a, DB_IN(DB_U64(id)),
 *       DB_OUT(DB_TEXT(&email), DB_BOOL(&active)), e);
 */
#ifndef GP_STORE_DB_H
#define GP_STORE_DB_H

#include "base/arena.h"
#include "base/err.h"

struct db;

enum db_program { DB_API = 1, DB_WORKER = 2, DB_CTL = 4, DB_LIVE = 8 };

/* May the statement be sent again when the connection was lost under it? */
enum db_redo {
	DB_READ,		/* reads only: yes */
	DB_SAFE,		/* writes, and doing it twice equals once: yes */
	DB_ONCE			/* no: ERR_DB_LOST, the caller decides */
};

struct db_stmt {
	const char	*name, *sql;
	unsigned	 programs;
	enum db_redo	 redo;
};

/*
 * A parameter beside a column of ASCII: what people type has other letters,
 * and MariaDB refuses to compare the two (1267).  DB_ASCII keeps the column's
 * index and matches nothing then; DB_HAS looks for it anywhere in the column.
 */
#define DB_ASCII	"CONVERT(? USING ascii)"
#define DB_HAS(column)	"LOCATE(?, CONVERT(" column " USING utf8mb4)) > 0"

/* Definition, and entry in the list that db_prove walks (a linker section:
 * a program proves exactly what it links). */
#define DB_STMT(NAME, programs, redo, ...)				\
	static const struct db_stmt NAME =				\
	    { #NAME, __VA_ARGS__, (programs), (redo) };			\
	static const struct db_stmt *const NAME##_listed		\
	    __attribute__((section("gp_stmt"), used)) = &NAME

/* --- values in ---------------------------------------------------------- */
enum db_type { DB_T_NULL, DB_T_I64, DB_T_U64, DB_T_TEXT, DB_T_BLOB,
	DB_T_BOOL, DB_T_TIME, DB_T_F64 };
struct db_value {
	enum db_type	 type;
	union { int64_t i; uint64_t u; double f; } n;
	const void	*p;		/* TEXT, BLOB; must live over the call */
	size_t		 len;
};
struct db_value	 db_text(const char *s);		/* NULL: SQL NULL */
struct db_value	 db_blob(const void *p, size_t n);	/* p NULL: NULL */
struct db_value	 db_time(int64_t us);			/* 0: NULL */
#define DB_I64(v)	((struct db_value){ .type = DB_T_I64, .n.i = (v) })
#define DB_U64(v)	((struct db_value){ .type = DB_T_U64, .n.u = (v) })
#define DB_F64(v)	((struct db_value){ .type = DB_T_F64, .n.f = (v) })
#define DB_NULL		((struct db_value){ .type = DB_T_NULL })
/* 0 becomes NULL: for optional references. */
#define DB_REF(v)	((v) == 0 ? DB_NULL : DB_U64(v))
#define DB_STR(s)	db_text(s)
#define DB_BIN(p, n)	db_blob((p), (n))
#define DB_WHEN(us)	db_time(us)			/* DATETIME(6) UTC */

struct db_in { const struct db_value *v; size_t n; };
#define DB_IN(...)	((struct db_in){				\
	(const struct db_value[]){ __VA_ARGS__ },			\
	COUNT_OF(((const struct db_value[]){ __VA_ARGS__ })) })
#define DB_NONE		((struct db_in){ NULL, 0 })

/* --- columns out ---------------------------------------------------------
 * NULL leaves: text NULL, numbers 0, bool false, time 0, blob NULL/0. */
struct db_col { enum db_type type; void *dst; size_t *len; size_t cap; };
#define DB_TO_I64(pt)	((struct db_col){ DB_T_I64, (int64_t *)(pt), NULL, 0 })
#define DB_TO_U64(pt)	((struct db_col){ DB_T_U64, (uint64_t *)(pt), NULL, 0 })
#define DB_TO_F64(pt)	((struct db_col){ DB_T_F64, (double *)(pt), NULL, 0 })
#define DB_TO_BOOL(pt)	((struct db_col){ DB_T_BOOL, (bool *)(pt), NULL, 0 })
/* const char * in the arena */
#define DB_TO_STR(pt)	((struct db_col){ DB_T_TEXT, (const char **)(pt), NULL, 0 })
/* const uint8_t * in the arena, and its length */
#define DB_TO_BIN(pt, plen) \
	((struct db_col){ DB_T_BLOB, (const uint8_t **)(pt), (plen), 0 })
#define DB_TO_TIME(pt)	((struct db_col){ DB_T_TIME, (int64_t *)(pt), NULL, 0 })
struct db_out { const struct db_col *c; size_t n; };
#define DB_OUT(...)	((struct db_out){				\
	(const struct db_col[]){ __VA_ARGS__ },				\
	COUNT_OF(((const struct db_col[]){ __VA_ARGS__ })) })

/* --- connection --------------------------------------------------------- */
/*
 * A handle; connects at first use and again when lost.  `program` chooses the
 * database user (gatepost_api, gatepost_live, gatepost_worker, gatepost_ctl) and settings.
 * Never NULL.
 */
struct db *db_new(enum db_program program);
void	 db_free(struct db *db);
/* Connect now.  0, or -1 ERR_UNAVAILABLE. */
int	 db_connect(struct db *db, struct err *e) MUST_CHECK;
/* Close; the next call opens again.  For children after fork. */
void	 db_drop(struct db *db);
/* After fork: forget the parent's connection without talking on it. */
void	 db_forget(struct db *db);
/* Prepare and drop every listed statement of the program; refuses too when
 * the server's settings are unsafe (flush at commit, R2; version; schema not
 * migrated).  -1 names the first statement at fault in e->detail. */
int	 db_prove(struct db *db, struct err *e) MUST_CHECK;
size_t	 db_statements(enum db_program program);	/* how many */
/* A SQL deadline for what follows, ms (max_statement_time); 0 none. */
void	 db_deadline(struct db *db, int ms);

/* --- running ------------------------------------------------------------
 * Errors of all: ERR_DB_DUP (unique key; detail names it), ERR_UNAVAILABLE
 * (database away, with retry_after_s), ERR_DB_LOST (was away under a DB_ONCE
 * statement, or inside a transaction), ERR_INTERNAL. */

/* Write.  Rows affected (changed) or -1.  *insert_id may be NULL. */
int64_t	 db_run(struct db *db, const struct db_stmt *s, struct db_in in,
	    struct err *e) MUST_CHECK;
uint64_t db_insert_id(const struct db *db);
/* Read at most one row: 1 found, 0 none, -1. */
int	 db_one(struct db *db, const struct db_stmt *s, struct arena *a,
	    struct db_in in, struct db_out out, struct err *e) MUST_CHECK;
/* Read rows: `row` is called for each with `out` filled; it returns 0 to go
 * on, 1 to stop, -1 with *e set to fail.  Returns rows seen or -1. */
int64_t	 db_each(struct db *db, const struct db_stmt *s, struct arena *a,
	    struct db_in in, struct db_out out,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;
/* Places for rows: `max` of them at `to`, each as big as *it, which db_out
 * fills. */
struct db_rows { void *to; const void *it; size_t size, max; };
#define DB_ROWS(TO, IT, MAX)	((struct db_rows){ (TO), (IT),		\
	sizeof(*(TO)) + 0 * sizeof((TO) == (IT)), (MAX) })
/* Read rows into their places; what finds none is left.  How many, or -1. */
int	 db_list(struct db *db, const struct db_stmt *s, struct arena *a,
	    struct db_in in, struct db_out out, struct db_rows r,
	    struct err *e) MUST_CHECK;
/* The same statement for n rows of values (rows[i*cols + j]) in one round
 * trip (array binding) a thousand rows or megabyte.  All or nothing: outside a
 * transaction it makes its own.  A column's values are of one type, or NULL.
 * INSERT, UPDATE and DELETE only.  Rows affected in all, or -1. */
int64_t	 db_bulk(struct db *db, const struct db_stmt *s,
	    const struct db_value *rows, size_t n, size_t cols,
	    struct err *e) MUST_CHECK;

/*
 * A unit of work: `work` runs between BEGIN and COMMIT and is run again, from
 * the start, on deadlock, lock wait, Galera conflict and lost connection
 * (1213, 1205, 1020, 1047, 2006, 2013), up to 5 times with jitter.  A lost
 * connection at COMMIT may have committed: `work` must use keys made before,
 * and treat meeting its own key (ERR_DB_DUP) as done (D20).  It returns 0 to
 * commit, 1 to roll back without an error, -1 with *e set.  Inside it
 * statements never reconnect.
 */
int	 db_tx(struct db *db, int (*work)(struct db *db, void *arg,
	    struct err *e), void *arg, struct err *e) MUST_CHECK;
bool	 db_in_tx(const struct db *db);
/* A rand_id() made when the unit of work began and kept through all its
 * redos: written into a row, it tells a redo its own work.  0 outside. */
uint64_t db_tx_key(const struct db *db);
/* As db_tx, but inside a transaction just work(db, arg, e): joins it. */
int	 db_join(struct db *db, int (*work)(struct db *db, void *arg,
	    struct err *e), void *arg, struct err *e) MUST_CHECK;

/* Text of several statements (migrations, grants); gatepostctl only. */
int	 db_script(struct db *db, const char *sql, struct err *e) MUST_CHECK;
/* One-row, one-column text of a constant query; gatepostctl and tests.
 * 1 and *out in the arena (NULL: SQL NULL), 0 no row, -1. */
int	 db_ask(struct db *db, const char *sql, struct arena *a,
	    const char **out, struct err *e) MUST_CHECK;

/* Did this unique key refuse the row?  False for any other error. */
bool	 db_dup_key(const struct err *e, const char *key);

/* Fault injection for tests: the n-th call to the server from now fails with
 * ERR_INTERNAL "db_injected"; 0: none does. */
void	 db_test_fail_at(struct db *db, unsigned n);

#endif
