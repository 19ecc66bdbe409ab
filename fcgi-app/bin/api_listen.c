/*
 * api_listen.c - the sockets nginx connects to: systemd's, or our own.
 *
 * What must stay true: a socket that another master serves is left alone,
 * and nobody outside the group may connect.
 */
#include "bin/api_own.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int
pool_named(const char *name, size_t n)
{
	for (int p = 0; p < POOLS; p++)
		if (strlen(pool_name((enum pool)p)) == n &&
		    memcmp(pool_name((enum pool)p), name, n) == 0)
			return p;
	return -1;
}

/*
 * 1 taken from the environment, 0 none there, -1.  Without names the order
 * is that of the pools.
 */
static int
take(struct sockets *s, int only, struct err *e)
{
	const char *names = getenv("LISTEN_FDNAMES");
	unsigned n = program_given(POOLS);

	if (n == 0)
		return 0;
	for (int i = 0; i < (int)n; i++) {
		size_t len = names == NULL ? 0 : strcspn(names, ":");
		int p = names != NULL ? pool_named(names, len) :
		    only < 0 ? i : only;

		if (names != NULL)
			names += len + (names[len] == ':');
		if (p < 0 || (only >= 0 && p != only) || s->fd[p] >= 0 ||
		    !program_listens(PROGRAM_FIRST_FD + i))
			return err_set(e, ERR_CONFIG, "listen_fds",
			    "socket %d of LISTEN_FDS serves no pool of ours",
			    i);
		s->fd[p] = PROGRAM_FIRST_FD + i;
		fcntl(s->fd[p], F_SETFD, FD_CLOEXEC);
	}
	program_given_taken();
	return 1;
}

/* A path somebody answers at is taken; else it is left over. */
static int
clear_path(const char *path, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd, rc;

	if (!text_copy(sa.sun_path, sizeof(sa.sun_path), path))
		return err_set(e, ERR_CONFIG, "listen",
		    "GATEPOST_RUN_DIR: %s is too long for a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(e, "listen", "socket");
	rc = connect(fd, (const struct sockaddr *)&sa, sizeof(sa));
	close(fd);
	if (rc == 0 || errno == EAGAIN)
		return err_set(e, ERR_CONFIG, "listen",
		    "%s: another process serves it", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, "listen", "unlink %s", path);
	return 0;
}

/* The run directory and its rooms for bells and waiters. */
static int
make_dirs(const char *run, struct err *e)
{
	static const char *const room[] = { "", "/bell", "/wait" };
	char path[200];

	for (size_t i = 0; i < COUNT_OF(room); i++) {
		snprintf(path, sizeof(path), "%s%s", run, room[i]);
		if (mkdir(path, 0770) < 0 && errno != EEXIST)
			return err_errno(e, "run_dir", "mkdir %s", path);
	}
	return 0;
}

int
sockets_open(struct sockets *s, const unsigned backlog[POOLS], int only,
    struct err *e)
{
	const char *run = conf_str(CONF_RUN_DIR);
	int rc;

	memset(s, 0, sizeof(*s));
	for (int p = 0; p < POOLS; p++)
		s->fd[p] = -1;
	if (make_dirs(run, e) < 0 || (rc = take(s, only, e)) < 0)
		return -1;
	if (rc == 1)
		return 0;
	for (int p = 0; p < POOLS; p++) {
		char path[108];
		int n;

		if (only >= 0 && p != only)
			continue;
		n = snprintf(path, sizeof(path), "%s/%s.sock", run,
		    pool_name((enum pool)p));

		if (n < 0 || (size_t)n >= sizeof(path))
			return err_set(e, ERR_CONFIG, "listen",
			    "GATEPOST_RUN_DIR: %s is too long", run);
		if (clear_path(path, e) < 0 || (s->fd[p] = program_listen(
		    path, 0, (int)backlog[p], e)) < 0) {
			sockets_unlink(s);
			return -1;
		}
		s->ours = true;
		memcpy(s->path[p], path, sizeof(path));
	}
	return 0;
}

void
sockets_unlink(struct sockets *s)
{
	for (int p = 0; s->ours && p < POOLS; p++)
		if (s->path[p][0] != '\0')
			unlink(s->path[p]);
}
