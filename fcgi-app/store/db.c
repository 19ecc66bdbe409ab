/*
 * db.c - the connection: opened when needed, closed when lost, its errors
 * sorted.  The client's own reconnect option stays off: it loses transactions
 * and prepared statements without a word.
 */
#include "store/db_own.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/rand.h"

#include <mysql.h>
#include <errmsg.h>
#include <mysqld_error.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* Names that older headers lack. */
#define NO_KILLED		1927	/* ER_CONNECTION_KILLED */
#define NO_TIMEOUT		1969	/* ER_STATEMENT_TIMEOUT */
#define NO_INTERACTION		4031	/* disconnected for inactivity */
#define NO_LOST_EXTENDED	2055

/* After a failure to connect, callers are told so without a new try. */
#define DOWN_US		(US_PER_S / 5)
#define RETRY_AFTER_S	2
/* A connection idle for longer is looked at before something is sent. */
#define LOOK_US		1000
/* Migrations and partition changes wait for the server. */
#define CTL_TIMEOUT_S	3600

struct db *
db_new(enum db_program program)
{
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		fatal("db: out of memory");
	if (mysql_library_init(0, NULL, NULL) != 0)
		fatal("db: the client library does not start");
	db->program = program;
	db->timeout_s = program == DB_CTL ? CTL_TIMEOUT_S :
	    (int)conf_int(CONF_DB_TIMEOUT_S);
	return db;
}

void
db_drop(struct db *db)
{
	/* This order: statements that lost their connection are freed without
	 * a round trip each. */
	if (db->my != NULL)
		mysql_close(db->my);
	db->my = NULL;
	db_slots_free(db);
	db->deadline_sent = 0;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	db_drop(db);
	free(db);
}

void
db_forget(struct db *db)
{
	int null, fd;

	if (db->my == NULL)
		return;
	/* The descriptor is shared with the parent: whatever closing says must
	 * go nowhere, and a shutdown() would end the parent's connection. */
	fd = (int)mysql_get_socket(db->my);
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0 ||
	    dup2(null, fd) < 0)
		fatal("db: cannot let go of a connection");
	close(null);
	db_drop(db);
	db->down_us = 0;
}

void
db_deadline(struct db *db, int ms)
{
	db->deadline_ms = ms < 0 ? 0 : ms;
}

bool
db_in_tx(const struct db *db)
{
	return db->tx;
}

uint64_t
db_tx_key(const struct db *db)
{
	return db->tx ? db->tx_key : 0;
}

uint64_t
db_insert_id(const struct db *db)
{
	return db->insert_id;
}

void
db_test_fail_at(struct db *db, unsigned n)
{
	db->fail_at = n;
}

bool
db_injected(struct db *db, struct err *e)
{
	if (db->fail_at == 0 || --db->fail_at != 0)
		return false;
	err_set(e, ERR_INTERNAL, "db_injected", "a test asked for it");
	return true;
}

/* --- errors -------------------------------------------------------------- */

static bool
is_lost(unsigned no)
{
	switch (no) {
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_LOST:
	case NO_LOST_EXTENDED:
	case CR_CONNECTION_ERROR:
	case CR_CONN_HOST_ERROR:
	case CR_COMMANDS_OUT_OF_SYNC:	/* ours, but only a new one helps */
	case CR_MALFORMED_PACKET:
	case ER_SERVER_SHUTDOWN:
	case ER_NORMAL_SHUTDOWN:
	case ER_ABORTING_CONNECTION:
	case ER_NET_READ_ERROR:
	case ER_NET_READ_INTERRUPTED:
	case ER_NET_ERROR_ON_WRITE:
	case ER_NET_WRITE_INTERRUPTED:
	case NO_KILLED:
	case NO_INTERACTION:
		return true;
	default:
		return false;
	}
}

/* The server rolled it back and says: try again. */
static bool
is_retry(unsigned no)
{
	return no == ER_LOCK_DEADLOCK || no == ER_LOCK_WAIT_TIMEOUT ||
	    no == ER_CHECKREAD || no == ER_UNKNOWN_COM_ERROR;
}

/* It cannot serve just now: full, read-only, too slow. */
static bool
is_away(unsigned no)
{
	switch (no) {
	case NO_TIMEOUT:
	case ER_QUERY_INTERRUPTED:
	case ER_CON_COUNT_ERROR:
	case ER_TOO_MANY_USER_CONNECTIONS:
	case ER_USER_LIMIT_REACHED:
	case ER_MAX_PREPARED_STMT_COUNT_REACHED:
	case ER_OUT_OF_RESOURCES:
	case ER_OUTOFMEMORY:
	case ER_DISK_FULL:
	case ER_RECORD_FILE_FULL:
	case ER_OPTION_PREVENTS_STATEMENT:
	case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
		return true;
	default:
		return false;
	}
}

/*
 * Messages quote values ("Duplicate entry '+98…' for key 'x'"); values do not
 * belong into a log.  What stands between the first quote after "entry" or
 * "value" and the last " for " is left out.
 */
static void
without_values(char *out, size_t out_size, const char *text)
{
	const char *from, *p, *to = NULL;

	if ((from = strstr(text, "entry '")) == NULL)
		from = strstr(text, "value: '");
	if (from != NULL)
		for (p = from; (p = strstr(p, " for ")) != NULL; p++)
			to = p;
	if (from == NULL || to == NULL)
		snprintf(out, out_size, "%s", text);
	else
		snprintf(out, out_size, "%.*s…%s", (int)(from - text), text,
		    to);
}

static int
dup_failed(const char *what, const char *text, struct err *e)
{
	const char *p, *key = NULL;
	size_t n;

	for (p = text; (p = strstr(p, "for key '")) != NULL; p++)
		key = p + 9;
	if (key == NULL)
		key = "?";
	n = strcspn(key, "'");
	return err_set(e, ERR_DB_DUP, "duplicate", "%s: key %.*s", what,
	    (int)n, key);
}

static void
count_error(const struct db *db, enum metric_db kind)
{
	metric_add(METRIC_DB(db->program == DB_WORKER ? METRIC_WORKER :
	    db->program == DB_LIVE ? METRIC_LIVE : METRIC_API, kind), 1);
}

bool
db_dup_key(const struct err *e, const char *key)
{
	const char *p;

	if (e->kind != ERR_DB_DUP)
		return false;
	return (p = strstr(e->detail, ": key ")) != NULL &&
	    strcmp(p + 6, key) == 0;
}

enum db_fate
db_failed(struct db *db, const char *what, unsigned no, const char *text,
    struct err *e)
{
	enum db_fate fate = FATE_FAIL;
	char said[200];

	without_values(said, sizeof(said), text);
	if (is_lost(no)) {
		err_set(e, ERR_DB_LOST, "unavailable", "%s: (%u) %s", what, no,
		    said);
		count_error(db, METRIC_DB_LOST);
		e->retry_after_s = 1;
		/* 2006 is said when the packet could not be written whole, so
		 * the server cannot have run it. */
		fate = no == CR_SERVER_GONE_ERROR ? FATE_UNSENT : FATE_LOST;
		db_drop(db);
	} else if (is_retry(no)) {
		err_set(e, ERR_UNAVAILABLE, "unavailable", "%s: (%u) %s", what,
		    no, said);
		count_error(db, METRIC_DB_AGAIN);
		e->retry_after_s = 1;
		fate = FATE_RETRY;
	} else if (is_away(no)) {
		err_set(e, ERR_UNAVAILABLE, "unavailable", "%s: (%u) %s", what,
		    no, said);
		count_error(db, METRIC_DB_AWAY);
		e->retry_after_s = RETRY_AFTER_S;
	} else if (no == ER_DUP_ENTRY || no == ER_DUP_ENTRY_WITH_KEY_NAME) {
		dup_failed(what, text, e);
	} else {
		count_error(db, METRIC_DB_FAILED);
		err_set(e, ERR_INTERNAL, "db_failed", "%s: (%u) %s", what, no,
		    said);
	}
	e->sys = (int)no;
	return fate;
}

/* --- connecting ---------------------------------------------------------- */

static const char *
user_of(enum db_program program, const char **password)
{
	switch (program) {
	case DB_WORKER:
		*password = conf_str(CONF_DB_WORKER_PASSWORD);
		return "gatepost_worker";
	case DB_CTL:
		*password = conf_str(CONF_DB_CTL_PASSWORD);
		return "gatepost_ctl";
	case DB_LIVE:
		*password = conf_str(CONF_DB_LIVE_PASSWORD);
		return "gatepost_live";
	case DB_API:
	default:
		*password = conf_str(CONF_DB_API_PASSWORD);
		return "gatepost_api";
	}
}

static void
set_options(struct db *db, MYSQL *my)
{
	unsigned connect_s = (unsigned)conf_int(CONF_DB_TIMEOUT_S);
	unsigned rw_s = (unsigned)db->timeout_s;
	/* A lock is waited for less long than the answer, so that we hear
	 * "lock wait" and not nothing. */
	int lock_s = connect_s > 3 ? (int)connect_s - 2 : 1;
	my_bool no = 0, yes = 1;
	unsigned off = 0;
	char sql[400];

	snprintf(sql, sizeof(sql), "SET SESSION sql_mode = "
	    "'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_DATE,"
	    "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
	    "NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', "
	    "autocommit = 1, "
	    "innodb_lock_wait_timeout = %d, lock_wait_timeout = %d",
	    db->program == DB_CTL ? 50 : lock_s,
	    db->program == DB_CTL ? 50 : lock_s);
	mysql_options(my, MYSQL_INIT_COMMAND, sql);
	mysql_options(my, MYSQL_INIT_COMMAND,
	    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
	mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &rw_s);
	mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &rw_s);
	mysql_options(my, MYSQL_OPT_RECONNECT, &no);
	mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &off);
	mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	db->tls = *conf_str(CONF_DB_TLS_CA) != '\0';
	if (db->tls) {
		/* "Enforce" does not; verifying does (it needs TLS). */
		mysql_ssl_set(my, NULL, NULL, conf_str(CONF_DB_TLS_CA), NULL,
		    NULL);
		mysql_options(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
	}
}

static enum db_fate
open_(struct db *db, struct err *e)
{
	const char *socket = conf_str(CONF_DB_SOCKET);
	const char *password, *user = user_of(db->program, &password);
	enum db_fate fate = FATE_OK;
	MYSQL *my;

	if ((my = mysql_init(NULL)) == NULL)
		fatal("db: out of memory");
	set_options(db, my);
	/* No CLIENT_FOUND_ROWS: affected rows are the rows that changed, and
	 * throttles and counters rest on that.  No multi-statements. */
	if (mysql_real_connect(my, *socket != '\0' ? NULL :
	    conf_str(CONF_DB_HOST), user, password, conf_str(CONF_DB_NAME),
	    *socket != '\0' ? 0 : (unsigned)conf_int(CONF_DB_PORT),
	    *socket != '\0' ? socket : NULL, 0) == NULL) {
		err_set(e, ERR_UNAVAILABLE, "unavailable",
		    "connect as %s: (%u) %s", user, mysql_errno(my),
		    mysql_error(my));
		e->sys = (int)mysql_errno(my);
		e->retry_after_s = RETRY_AFTER_S;
		mysql_close(my);
		count_error(db, METRIC_DB_CONNECT);
		fate = FATE_FAIL;
	} else {
		db->my = my;
		db->opened++;
		db->deadline_sent = 0;
	}
	return fate;
}

/* Something to read before we asked: a farewell, or the end. */
static bool
hung_up(struct db *db)
{
	struct pollfd p = { .events = POLLIN };

	/* TLS has records of its own to read; there, ask the server. */
	if (db->tls)
		return clock_mono() - db->used_us > US_PER_S &&
		    mysql_ping(db->my) != 0;
	p.fd = (int)mysql_get_socket(db->my);
	return poll(&p, 1, 0) != 0;
}

enum db_fate
db_ready(struct db *db, struct err *e)
{
	int64_t now = clock_mono();

	if (db->my != NULL && !db->tx && now - db->used_us > LOOK_US &&
	    hung_up(db))
		db_drop(db);
	db->used_us = now;
	if (db->my != NULL)
		return FATE_OK;
	if (db->down_us != 0 && now - db->down_us < DOWN_US) {
		*e = db->down;
		return FATE_FAIL;
	}
	if (open_(db, e) != FATE_OK) {
		db->down_us = clock_mono();
		db->down = *e;
		return FATE_FAIL;
	}
	db->down_us = 0;
	return FATE_OK;
}

int
db_connect(struct db *db, struct err *e)
{
	return db_ready(db, e) == FATE_OK ? 0 : -1;
}

/* --- text ---------------------------------------------------------------- */

enum db_fate
db_query(struct db *db, const char *sql, size_t n, struct err *e)
{
	MYSQL_RES *res;
	int more;

	if (db_injected(db, e))
		return FATE_FAIL;
	if (mysql_real_query(db->my, sql, n) != 0)
		return db_failed(db, "text", mysql_errno(db->my),
		    mysql_error(db->my), e);
	do {
		if ((res = mysql_store_result(db->my)) != NULL)
			mysql_free_result(res);
		else if (mysql_errno(db->my) != 0)
			return db_failed(db, "text", mysql_errno(db->my),
			    mysql_error(db->my), e);
	} while ((more = mysql_next_result(db->my)) == 0);
	if (more > 0)
		return db_failed(db, "text", mysql_errno(db->my),
		    mysql_error(db->my), e);
	db->used_us = clock_mono();
	return FATE_OK;
}

enum db_fate
db_send_deadline(struct db *db, struct err *e)
{
	char sql[64];
	enum db_fate fate;
	int n;

	if (db->deadline_sent == db->deadline_ms)
		return FATE_OK;
	n = snprintf(sql, sizeof(sql), "SET max_statement_time = %d.%03d",
	    db->deadline_ms / 1000, db->deadline_ms % 1000);
	fate = db_query(db, sql, (size_t)n, e);
	if (fate == FATE_OK)
		db->deadline_sent = db->deadline_ms;
	/* Nothing of the caller's was sent yet. */
	return fate == FATE_LOST ? FATE_UNSENT : fate;
}

int
db_ask(struct db *db, const char *sql, struct arena *a, const char **out,
    struct err *e)
{
	MYSQL_RES *res;
	MYSQL_ROW row;
	int found = 0;

	*out = NULL;
	if (db_ready(db, e) != FATE_OK)
		return -1;
	if (mysql_real_query(db->my, sql, strlen(sql)) != 0 ||
	    (res = mysql_store_result(db->my)) == NULL) {
		if (mysql_errno(db->my) == 0)
			return err_set(e, ERR_INTERNAL, "db_failed",
			    "no result: %s", sql);
		(void)db_failed(db, "ask", mysql_errno(db->my),
		    mysql_error(db->my), e);
		return -1;
	}
	if ((row = mysql_fetch_row(res)) != NULL) {
		found = 1;
		if (row[0] != NULL)
			*out = arena_strndup(a, row[0],
			    mysql_fetch_lengths(res)[0]);
	}
	mysql_free_result(res);
	return found;
}
