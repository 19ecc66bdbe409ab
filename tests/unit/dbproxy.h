/*
 * dbproxy.h - a proxy before the real server that cuts one connection where
 * a kill would have to be lucky: as a given packet goes by, before the server
 * has it or after it answered.  Later connections pass untouched.
 */
#ifndef GP_TESTS_DBPROXY_H
#define GP_TESTS_DBPROXY_H

#include "dbtest.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char *socket_path;		/* of the server; the test sets it */

/* COM_QUERY and its text; "READ COMMITTED" is another. */
#define COMMIT_PACKET "\x03" "COMMIT"

enum cut { CUT_BEFORE, CUT_AFTER };	/* the server has got it */
struct proxy { const char *path, *word; enum cut cut; };
static struct proxy proxy;

static int
unix_fd(const char *path, bool listening)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (listening) {
		assert_int_equal(bind(fd, (void *)&sa, sizeof(sa)), 0);
		assert_int_equal(listen(fd, 8), 0);
	} else {
		assert_int_equal(connect(fd, (void *)&sa, sizeof(sa)), 0);
	}
	return fd;
}

/* Carry bytes until somebody ends, or the word goes by.  True: was cut. */
static bool
carry(int client, int server, bool armed)
{
	struct pollfd p[2] = { { client, POLLIN, 0 }, { server, POLLIN, 0 } };
	char b[65536];
	ssize_t n;

	for (;;) {
		if (poll(p, 2, -1) < 0)
			return false;
		for (int i = 0; i < 2; i++) {
			if (p[i].revents == 0)
				continue;
			if ((n = read(p[i].fd, b, sizeof(b))) <= 0)
				return false;
			if (i == 0 && armed && memmem(b, (size_t)n, proxy.word,
			    strlen(proxy.word)) != NULL) {
				if (proxy.cut == CUT_BEFORE)
					return true;
				if (write(server, b, (size_t)n) != n)
					return false;
				/* done there once it answers */
				return read(server, b, sizeof(b)) > 0;
			}
			if (write(p[1 - i].fd, b, (size_t)n) != n)
				return false;
		}
	}
}

static int
proxy_child(int listening)
{
	bool armed = true;
	int client, server;

	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		if ((client = accept(listening, NULL, NULL)) < 0)
			return 1;
		server = unix_fd(socket_path, false);
		if (carry(client, server, armed))
			armed = false;
		close(client);
		close(server);
	}
}

static struct db *
through_proxy(const char *word, enum cut cut, pid_t *pid)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%.80s.proxy", socket_path);
	(void)unlink(path);
	proxy = (struct proxy){ path, word, cut };
	fd = unix_fd(path, true);
	*pid = dbtest_fork(proxy_child, fd);
	close(fd);
	ok(conf_set("GATEPOST_DB_SOCKET", path, e));
	return db_new(DB_CTL);
}

static void
proxy_end(struct db *on, pid_t pid)
{
	db_free(on);
	ok(conf_set("GATEPOST_DB_SOCKET", socket_path, e));
	assert_int_equal(kill(pid, SIGKILL), 0);
	(void)waitpid(pid, NULL, 0);
}

#endif
