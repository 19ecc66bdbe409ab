/*
 * limit_fcgi: the least that a program behind nginx can do. N processes on
 * one unix socket answer through libfcgi, with nothing or with exactly one
 * prepared statement a request. What Gatepost reaches is set beside what
 * this reaches behind the same nginx.
 *
 *	limit_fcgi --socket PATH --workers N --answer FILE
 *	    [--sql TEXT --db-socket PATH --db NAME [--user NAME]
 *	     --ids FIRST-LAST [--payload BYTES]]
 *
 * --answer FILE holds the answer, headers and all, as CGI has it; `@@` in it
 * becomes the columns of the row as a JSON object (for a SELECT). Each `?` in
 * the SQL is bound in order: the first to an id drawn from --ids (or, for an
 * INSERT, a fresh number: FIRST is then unused), a second one to a text of
 * --payload bytes. Every request's body is read to its end, as Gatepost does.
 * The connection is autocommit: an UPDATE or INSERT answers when it is as
 * durable as the server's settings make it.
 *
 * It ends on SIGTERM, and its workers with it. A failing statement answers
 * 500, which the load generator counts as bad: a broken limit is not a limit.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>
#include <mysql.h>

enum { WORKERS_MAX = 64, COLUMNS_MAX = 32, COLUMN_BYTES = 1024,
	ANSWER_MAX = 65536, PAYLOAD_MAX = 65536 };

static struct {
	const char *socket, *sql, *db_socket, *db, *user;
	unsigned workers;
	unsigned long long first, last;
	unsigned long payload;
	char answer[ANSWER_MAX];
} o = { .user = "root", .workers = 1, .first = 1, .last = 1 };

static struct {
	MYSQL *db;
	MYSQL_STMT *stmt;
	MYSQL_BIND in[2], out[COLUMNS_MAX];
	unsigned long long id;
	unsigned long payload_len, len[COLUMNS_MAX];
	char payload[PAYLOAD_MAX];
	char column[COLUMNS_MAX][COLUMN_BYTES];
	my_bool null[COLUMNS_MAX];
	const char *name[COLUMNS_MAX];
	unsigned ncolumns, nparams;
	int insert;
	uint64_t seed, serial;
} s;

static pid_t kids[WORKERS_MAX];

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "limit_fcgi: %s: %s\n", what, why);
	exit(2);
}

static void
prepare(unsigned worker)
{
	MYSQL_RES *meta;
	unsigned i;

	s.seed = 0x9e3779b97f4a7c15ull * (worker + 1);
	s.serial = ((uint64_t)time(NULL) << 24) | ((uint64_t)worker << 56);
	s.insert = strncasecmp(o.sql, "insert", 6) == 0;
	s.db = mysql_init(NULL);
	if (!mysql_real_connect(s.db, NULL, o.user, NULL, o.db, 0,
	    o.db_socket, 0))
		die("connect", mysql_error(s.db));
	if (mysql_query(s.db, "SET NAMES utf8mb4, SESSION "
	    "TRANSACTION ISOLATION LEVEL READ COMMITTED") != 0)
		(void)mysql_query(s.db, "SET NAMES utf8mb4");
	s.stmt = mysql_stmt_init(s.db);
	if (mysql_stmt_prepare(s.stmt, o.sql, strlen(o.sql)) != 0)
		die("prepare", mysql_stmt_error(s.stmt));
	s.nparams = (unsigned)mysql_stmt_param_count(s.stmt);
	if (s.nparams > 2)
		die("prepare", "more than two parameters");
	s.in[0].buffer_type = MYSQL_TYPE_LONGLONG;
	s.in[0].buffer = &s.id;
	s.in[0].is_unsigned = 1;
	s.payload_len = o.payload;
	memset(s.payload, 'x', sizeof s.payload);
	s.in[1].buffer_type = MYSQL_TYPE_STRING;
	s.in[1].buffer = s.payload;
	s.in[1].buffer_length = o.payload;
	s.in[1].length = &s.payload_len;
	if (s.nparams > 0 && mysql_stmt_bind_param(s.stmt, s.in))
		die("bind", mysql_stmt_error(s.stmt));
	if ((meta = mysql_stmt_result_metadata(s.stmt)) == NULL)
		return;
	s.ncolumns = mysql_num_fields(meta);
	if (s.ncolumns > COLUMNS_MAX)
		die("prepare", "too many columns");
	for (i = 0; i < s.ncolumns; i++) {
		s.name[i] = strdup(mysql_fetch_field_direct(meta, i)->name);
		s.out[i].buffer_type = MYSQL_TYPE_STRING;
		s.out[i].buffer = s.column[i];
		s.out[i].buffer_length = COLUMN_BYTES;
		s.out[i].length = &s.len[i];
		s.out[i].is_null = &s.null[i];
	}
	mysql_free_result(meta);
	if (mysql_stmt_bind_result(s.stmt, s.out))
		die("bind result", mysql_stmt_error(s.stmt));
}

/* Returns 0 when the statement did what it must do to exactly one row. */
static int
statement(void)
{
	int rc = -1;

	s.seed ^= s.seed << 13;
	s.seed ^= s.seed >> 7;
	s.seed ^= s.seed << 17;
	s.id = s.insert ? s.serial++ : o.first + s.seed % (o.last - o.first + 1);
	if (mysql_stmt_execute(s.stmt) != 0) {
		fprintf(stderr, "limit_fcgi: %s\n", mysql_stmt_error(s.stmt));
		return -1;
	}
	if (s.ncolumns == 0)
		return mysql_stmt_affected_rows(s.stmt) == 1 ? 0 : -1;
	if (mysql_stmt_store_result(s.stmt) == 0 &&
	    mysql_stmt_fetch(s.stmt) == 0)
		rc = 0;
	mysql_stmt_free_result(s.stmt);
	return rc;
}

static void
put_row(FCGX_Stream *out)
{
	unsigned i;

	for (i = 0; i < s.ncolumns; i++) {
		FCGX_FPrintF(out, "%s\"%s\": ", i == 0 ? "{" : ", ",
		    s.name[i]);
		if (s.null[i])
			FCGX_PutS("null", out);
		else
			FCGX_FPrintF(out, "\"%.*s\"", (int)s.len[i],
			    s.column[i]);
	}
	FCGX_PutS("}", out);
}

static void
serve(int sock, unsigned worker)
{
	const char *row = strstr(o.answer, "@@");
	static char body[65536];
	FCGX_Request req;

	if (o.sql != NULL)
		prepare(worker);
	FCGX_InitRequest(&req, sock, 0);
	while (FCGX_Accept_r(&req) == 0) {
		while (FCGX_GetStr(body, sizeof body, req.in) > 0)
			;
		if (o.sql != NULL && statement() < 0) {
			FCGX_PutS("Status: 500\r\n\r\n", req.out);
		} else if (row == NULL) {
			FCGX_PutS(o.answer, req.out);
		} else {
			FCGX_PutStr(o.answer, (int)(row - o.answer), req.out);
			put_row(req.out);
			FCGX_PutS(row + 2, req.out);
		}
		FCGX_Finish_r(&req);
	}
}

static void
read_answer(const char *file)
{
	FILE *f = fopen(file, "re");
	size_t n;

	if (f == NULL)
		die(file, "cannot read");
	n = fread(o.answer, 1, sizeof o.answer - 1, f);
	o.answer[n] = '\0';
	fclose(f);
}

static void
stop(int sig)
{
	unsigned i;

	(void)sig;
	for (i = 0; i < o.workers; i++)
		if (kids[i] > 0)
			kill(kids[i], SIGTERM);
	_exit(0);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "socket", 1, NULL, 's' }, { "workers", 1, NULL, 'w' },
		{ "answer", 1, NULL, 'a' }, { "sql", 1, NULL, 'q' },
		{ "db-socket", 1, NULL, 'D' }, { "db", 1, NULL, 'd' },
		{ "user", 1, NULL, 'u' }, { "ids", 1, NULL, 'i' },
		{ "payload", 1, NULL, 'p' }, { NULL, 0, NULL, 0 }
	};
	int c, sock, status;
	unsigned i;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's': o.socket = optarg; break;
		case 'w': o.workers = (unsigned)atoi(optarg); break;
		case 'a': read_answer(optarg); break;
		case 'q': o.sql = optarg; break;
		case 'D': o.db_socket = optarg; break;
		case 'd': o.db = optarg; break;
		case 'u': o.user = optarg; break;
		case 'i':
			if (sscanf(optarg, "%llu-%llu", &o.first, &o.last) != 2
			    || o.last < o.first)
				die("--ids", "wants FIRST-LAST");
			break;
		case 'p': o.payload = strtoul(optarg, NULL, 10); break;
		default: die("usage", "see the head of limit_fcgi.c");
		}
	}
	if (o.socket == NULL || o.answer[0] == '\0' || o.workers < 1 ||
	    o.workers > WORKERS_MAX || o.payload > PAYLOAD_MAX ||
	    (o.sql != NULL && (o.db_socket == NULL || o.db == NULL)))
		die("usage", "see the head of limit_fcgi.c");
	if (FCGX_Init() != 0 || mysql_library_init(0, NULL, NULL) != 0)
		die("start", "a library does not start");
	(void)unlink(o.socket);
	if ((sock = FCGX_OpenSocket(o.socket, 511)) < 0)
		die(o.socket, "cannot listen");
	/* nginx runs as another user than root's bench */
	(void)chmod(o.socket, 0666);
	for (i = 0; i < o.workers; i++) {
		if ((kids[i] = fork()) < 0)
			die("fork", "failed");
		if (kids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			signal(SIGTERM, SIG_DFL);
			serve(sock, i);
			_exit(1);
		}
	}
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	/* a worker that ends by itself could not do its work */
	if (wait(&status) > 0) {
		fprintf(stderr, "limit_fcgi: a worker ended, status %d\n",
		    status);
		for (i = 0; i < o.workers; i++)
			kill(kids[i], SIGTERM);
	}
	return 1;
}
