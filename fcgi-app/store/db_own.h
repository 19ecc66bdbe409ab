/*
 * db_own.h - what the files of the database wrapper share; nobody else
 * includes it.  db.c has the connection, db_stmt.c one try of one statement,
 * db_run.c the policy of redoing, db_script.c and db_prove.c the tools.
 */
#ifndef GP_STORE_DB_OWN_H
#define GP_STORE_DB_OWN_H

#include "store/db.h"

struct st_mysql;
struct st_mysql_stmt;

#define DB_VALUES_MAX	64		/* parameters, or columns, of one */
#define DB_TRIES	5
#define DB_TRIES_LOCKED 12	/* of a deadlock */
#define DB_SLOTS	1024		/* more than any program's statements */

/* What became of one try. */
enum db_fate {
	FATE_OK = 0,
	FATE_UNSENT,		/* connection lost before the server had it */
	FATE_LOST,		/* connection lost: perhaps it was done */
	FATE_RETRY,		/* the server undid it: deadlock and the like */
	FATE_FAIL		/* an answer, and not the one we wanted */
};

struct db_slot {
	const struct db_stmt	*s;
	struct st_mysql_stmt	*st;
	bool			 busy;	/* its rows are being walked */
};

struct db {
	enum db_program	 program;
	struct st_mysql	*my;		/* NULL: closed */
	unsigned	 opened;	/* how often */
	bool		 tls;
	int64_t		 used_us;	/* last use, monotonic */
	int64_t		 down_us;	/* connecting failed then; 0: no */
	struct err	 down;		/* and so */
	int		 timeout_s;
	int		 deadline_ms, deadline_sent;
	uint64_t	 insert_id;

	bool		 tx;
	enum db_fate	 tx_fate;	/* not OK: dead, only redo helps */
	uint64_t	 tx_key;

	struct db_slot	 slot[DB_SLOTS];	/* open addressing */
	size_t		 used;

	unsigned	 fail_at;
};

/* One call of db_run, db_one, db_each or db_bulk. */
struct db_call {
	const struct db_stmt *s;
	struct db_in	 in;
	struct db_out	 out;
	struct arena	*a;
	int		(*row)(void *arg, struct err *e);
	void		*arg;
	bool		 one;		/* stop after the first row */
	size_t		 rows;		/* db_bulk: how many of in.n each */
	int64_t		 result;
};

/* --- db_value.c --------------------------------------------------------- */
struct db_civil { unsigned year, month, day, hour, minute, second, us; };
void	 db_civil(int64_t us, struct db_civil *c);
int64_t	 db_civil_us(const struct db_civil *c);

/* --- db.c --------------------------------------------------------------- */
/* Connected, by what is known.  FATE_OK or FATE_FAIL (ERR_UNAVAILABLE). */
enum db_fate db_ready(struct db *db, struct err *e);
/* Text, no result wanted. */
enum db_fate db_query(struct db *db, const char *sql, size_t n,
	    struct err *e);
/* Set *e from the server's or client's error number; closes the connection
 * when it is lost. */
enum db_fate db_failed(struct db *db, const char *what, unsigned no,
	    const char *text, struct err *e);
/* Is this the call that a test wants to fail?  *e is set then. */
bool	 db_injected(struct db *db, struct err *e);
/* Send the deadline if the server has another. */
enum db_fate db_send_deadline(struct db *db, struct err *e);

/* --- db_stmt.c ---------------------------------------------------------- */
/* One try; connected before.  c->result is set when FATE_OK. */
enum db_fate db_try(struct db *db, struct db_call *c, struct err *e);
/* Prepare and drop. */
enum db_fate db_try_prepare(struct db *db, const struct db_stmt *s,
	    struct err *e);
/* The connection is gone: free the prepared statements, saying nothing. */
void	 db_slots_free(struct db *db);

#endif
