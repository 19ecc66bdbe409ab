/*
 * live_system.c - the listening socket and sd_notify.
 */
#include "bin/live_own.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"

#define FIRST_FD	3		/* sd_listen_fds(3) */
#define BACKLOG		4096

static char own_path[108];
static ino_t own_inode;

void
system_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    !text_copy(sa.sun_path, sizeof(sa.sun_path), path))
		return;
	n = strlen(path);
	if (sa.sun_path[0] == '@')
		sa.sun_path[0] = '\0';		/* abstract */
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)&sa,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

static bool
listens(int fd)
{
	int on = 0;
	socklen_t n = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 && on;
}

/* systemd's, or our own predecessor's.  -1: none. */
static int
given(void)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint64_t n, who;

	if (fds == NULL || text_u64(fds, 16, &n) == 0 || n == 0 ||
	    (pid != NULL && (text_u64(pid, INT32_MAX, &who) == 0 ||
	    (pid_t)who != getpid())) || !listens(FIRST_FD))
		return -1;
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC);
	fcntl(FIRST_FD, F_SETFL, O_NONBLOCK);
	return FIRST_FD;
}

static int
give_group(const char *path, struct err *e)
{
	const char *name = conf_str(CONF_SOCKET_GROUP);
	const struct group *g;

	if (name[0] != '\0') {
		if ((g = getgrnam(name)) == NULL)
			return err_set(e, ERR_CONFIG, "group",
			    "GATEPOST_SOCKET_GROUP: no group \"%s\"", name);
		if (chown(path, (uid_t)-1, g->gr_gid) < 0)
			return err_errno(e, "listen", "chown %s", path);
	}
	return chmod(path, 0660) < 0 ? err_errno(e, "listen", "chmod %s",
	    path) : 0;
}

static int
own(const char *run_dir, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t was;
	int fd, rc;

	if (snprintf(own_path, sizeof(own_path), "%s/live.sock", run_dir) >=
	    (int)sizeof(own_path) || snprintf(sa.sun_path,
	    sizeof(sa.sun_path), "%s/live.%ld.new", run_dir,
	    (long)getpid()) >= (int)sizeof(sa.sun_path))
		return err_set(e, ERR_CONFIG, "listen",
		    "GATEPOST_RUN_DIR: %s is too long", run_dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(e, "listen", "socket");
	unlink(sa.sun_path);
	was = umask(0117);		/* never open wider than 0660 */
	rc = bind(fd, (const struct sockaddr *)&sa, sizeof(sa));
	umask(was);
	if (rc < 0 || listen(fd, BACKLOG) < 0) {
		err_errno(e, "listen", "bind %s", sa.sun_path);
		goto fail;
	}
	if (give_group(sa.sun_path, e) < 0)
		goto fail;
	if (stat(sa.sun_path, &st) < 0 || rename(sa.sun_path, own_path) < 0) {
		err_errno(e, "listen", "rename to %s", own_path);
		goto fail;
	}
	own_inode = st.st_ino;
	return fd;
fail:
	unlink(sa.sun_path);
	close(fd);
	return -1;
}

int
socket_take(const char *run_dir, struct err *e)
{
	char bells[200];
	int fd = given();

	snprintf(bells, sizeof(bells), "%s/bell", run_dir);
	if ((mkdir(run_dir, 0770) < 0 && errno != EEXIST) ||
	    (mkdir(bells, 0770) < 0 && errno != EEXIST))
		return err_errno(e, "run_dir", "mkdir %s", bells);
	return fd >= 0 ? fd : own(run_dir, e);
}

void
socket_drop(void)
{
	struct stat st;

	if (own_inode != 0 && stat(own_path, &st) == 0 &&
	    st.st_ino == own_inode)
		unlink(own_path);
}

void
socket_pass_on(int fd, char **argv)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (fd != FIRST_FD && dup2(fd, FIRST_FD) < 0)
		return;
	fcntl(FIRST_FD, F_SETFD, 0);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	execv("/proc/self/exe", argv);
	log_error("beginning anew: %s", strerror(errno));
}
