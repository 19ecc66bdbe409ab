/*
 * live_system.c - the listening socket.
 */
#include "bin/live_own.h"
#include "bin/program.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define BACKLOG		4096

static char own_path[108];
static ino_t own_inode;
static bool lent;
#define OURS	"ours"			/* LISTEN_FDNAMES of a predecessor's */

/* systemd's, or our own predecessor's.  -1: none. */
static int
given(void)
{
	const char *name = getenv("LISTEN_FDNAMES");

	if (program_given(16) == 0 || !program_listens(PROGRAM_FIRST_FD))
		return -1;
	lent = name == NULL || strcmp(name, OURS) != 0;
	program_given_taken();
	fcntl(PROGRAM_FIRST_FD, F_SETFD, FD_CLOEXEC);
	fcntl(PROGRAM_FIRST_FD, F_SETFL, O_NONBLOCK);
	return PROGRAM_FIRST_FD;
}

static int
own(const char *run_dir, struct err *e)
{
	char path[sizeof(own_path)];
	struct stat st;
	int fd;

	if (snprintf(own_path, sizeof(own_path), "%s/live.sock", run_dir) >=
	    (int)sizeof(own_path) || snprintf(path, sizeof(path),
	    "%s/live.%ld.new", run_dir, (long)getpid()) >= (int)sizeof(path))
		return err_set(e, ERR_CONFIG, "listen",
		    "GATEPOST_RUN_DIR: %s is too long", run_dir);
	unlink(path);
	if ((fd = program_listen(path, SOCK_NONBLOCK, BACKLOG, e)) < 0)
		return -1;
	if (stat(path, &st) < 0 || rename(path, own_path) < 0) {
		err_errno(e, "listen", "rename to %s", own_path);
		unlink(path);
		close(fd);
		return -1;
	}
	own_inode = st.st_ino;
	return fd;
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

bool
socket_is_lent(void)
{
	return lent;
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
	if (fd != PROGRAM_FIRST_FD && dup2(fd, PROGRAM_FIRST_FD) < 0)
		return;
	fcntl(PROGRAM_FIRST_FD, F_SETFD, 0);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDNAMES", lent ? "lent" : OURS, 1);
	execv("/proc/self/exe", argv);
	log_error("beginning anew: %s", strerror(errno));
}
