/*
 * lane.c - file locks as lanes.  Owns the process's descriptors of them.
 *
 * What must stay true: a lane's memory is touched only while its lock is held.
 * It is nobody's file: what a hash leaves half done never reaches a disk.
 */
#include "auth/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"

static int lane[LANES_MAX];
static unsigned lanes;
static int held = -1;			/* which lane */
static void *memory[LANES_MAX];
static unsigned memories;
static size_t memory_bytes;

static void
lock_path(char *path, size_t n, const char *run_dir, unsigned i)
{
	snprintf(path, n, "%s/lane.%u.lock", run_dir, i);
}

void
lane_prepare(unsigned n, size_t bytes)
{
	if (n > LANES_MAX)
		n = LANES_MAX;
	if (bytes > memory_bytes) {
		for (unsigned i = 0; i < memories; i++)
			munmap(memory[i], memory_bytes);
		memories = 0;
		memory_bytes = bytes;
	}
	for (; memories < n; memories++) {
		void *p = mmap(NULL, memory_bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return;
		(void)madvise(p, memory_bytes, MADV_DONTDUMP);
		memory[memories] = p;
	}
}

void
lane_trim(const char *run_dir)
{
	char path[200];
	int fd;

	/* A descriptor of its own: those of children are not the master's. */
	for (unsigned i = 0; i < memories; i++) {
		lock_path(path, sizeof(path), run_dir, i);
		if ((fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
			continue;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)madvise(memory[i], memory_bytes, MADV_REMOVE);
		close(fd);
	}
}

void *
lane_memory(size_t n)
{
	return held == -1 || (unsigned)held >= memories || n > memory_bytes ?
	    NULL : memory[held];
}

int
lane_setup(const char *run_dir, unsigned n, struct err *e)
{
	char path[200];

	if (n > LANES_MAX)
		n = LANES_MAX;
	for (unsigned i = 0; i < n; i++) {
		lock_path(path, sizeof(path), run_dir, i);
		lane[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (lane[i] == -1)
			return err_errno(e, "lane", "%s", path);
	}
	lanes = n;
	return 0;
}

void
lane_enter(void)
{
	unsigned i;

	if (lanes == 0)
		return;
	for (i = 0; i < lanes; i++)
		if (flock(lane[i], LOCK_EX | LOCK_NB) == 0) {
			held = (int)i;
			return;
		}
	i = rand_below(lanes);
	while (flock(lane[i], LOCK_EX) != 0)
		if (errno != EINTR)
			fatal("lane %u: errno %d", i, errno);
	held = (int)i;
}

void
lane_leave(void)
{
	if (held == -1)
		return;
	(void)flock(lane[held], LOCK_UN);
	held = -1;
}
