/*
 * worker_system.c - the pid file, and the place among the host's workers.
 */
#include "bin/worker_own.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/rand.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_ID		"/proc/sys/kernel/random/boot_id"
#define PLACES		64

static char pid_path[PATH_MAX];
static int pid_fd = -1;

/* 1 it is ours, 0 another holds it, -1. */
static int
take(const char *run_dir, const char *name, struct err *e)
{
	char text[16];
	int n;

	if (snprintf(pid_path, sizeof(pid_path), "%s/%s", run_dir, name) >=
	    (int)sizeof(pid_path))
		return err_set(e, ERR_CONFIG, "run_dir_too_long", "%s",
		    run_dir);
	pid_fd = open(pid_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (pid_fd == -1)
		return err_errno(e, "pid_file", "open %s", pid_path);
	if (flock(pid_fd, LOCK_EX | LOCK_NB) < 0) {
		close(pid_fd);
		pid_fd = -1;
		return 0;
	}
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	/* Cut after writing: who looks at any time finds a number. */
	if (write(pid_fd, text, (size_t)n) != n || ftruncate(pid_fd, n) < 0)
		return err_errno(e, "pid_file", "write %s", pid_path);
	return 1;
}

int
pid_file_take(const char *run_dir, const char *id, struct err *e)
{
	char name[64];
	int rc;

	if (id == NULL) {
		if ((rc = take(run_dir, "worker.pid", e)) != 0)
			return rc < 0 ? -1 : 0;
		snprintf(name, sizeof(name), "worker-%ld.pid",
		    (long)getpid());
	} else {
		snprintf(name, sizeof(name), "worker-%s.pid", id);
	}
	if ((rc = take(run_dir, name, e)) == 0)
		return err_set(e, ERR_CONFIG, "pid_file_taken",
		    "%s/%s: another worker has it", run_dir, name);
	return rc < 0 ? -1 : 0;
}

/* The first place of run_dir that no living worker has; kept until we end.
 * Its number, or -1: none, or it cannot be had. */
static int
place_take(const char *run_dir)
{
	char path[PATH_MAX];

	for (int k = 0; k < PLACES; k++) {
		int fd;

		if (snprintf(path, sizeof(path), "%s/seat-%d", run_dir, k) >=
		    (int)sizeof(path) || (fd = open(path, O_RDWR | O_CREAT |
		    O_CLOEXEC, 0644)) < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return k;	/* the lock ends with the process */
		close(fd);
	}
	return -1;
}

uint64_t
worker_owner(const char *run_dir)
{
	struct arena *a = arena_new(2 * PATH_MAX);
	struct err e = ERR_INIT;
	uint64_t own = rand_id();
	int place = place_take(run_dir);
	uint8_t digest[32];
	struct stat st;
	char *boot;
	size_t n;

	if (place >= 0 && stat(run_dir, &st) == 0 &&
	    file_read(a, BOOT_ID, 64, &boot, &n, &e) == 0) {
		const char *text = arena_printf(a, "%s %ju %s %d", boot,
		    (uintmax_t)st.st_dev, run_dir, place);

		sha256(digest, text, strlen(text));
		memcpy(&own, digest, sizeof(own));
		own |= 1;
	}
	arena_free(a);
	return own;
}

void
pid_file_drop(void)
{
	if (pid_fd == -1)
		return;
	unlink(pid_path);
	close(pid_fd);
	pid_fd = -1;
}
