/*
 * worker_system.c - the pid file.
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

/* The name of the file that we alone have locked, in its directory on this
 * host since it started: no two that live have the same, and who is killed
 * leaves it to the next, even where the file itself was cleared away. */
uint64_t
pid_file_owner(void)
{
	struct arena *a = arena_new(2 * PATH_MAX);
	struct err e = ERR_INIT;
	uint64_t own = rand_id();
	uint8_t digest[32];
	struct stat st;
	char *boot;
	size_t n;

	if (pid_fd != -1 && fstat(pid_fd, &st) == 0 &&
	    file_read(a, BOOT_ID, 64, &boot, &n, &e) == 0) {
		const char *text = arena_printf(a, "%s %ju %s", boot,
		    (uintmax_t)st.st_dev, pid_path);

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
