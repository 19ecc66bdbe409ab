/*
 * lane.c - file locks as lanes.  Owns the process's descriptors of them.
 */
#include "auth/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"

static int lane[LANES_MAX];
static unsigned lanes;
static int held = -1;

int
lane_setup(const char *run_dir, unsigned n, struct err *e)
{
	char path[200];

	if (n > LANES_MAX)
		n = LANES_MAX;
	for (unsigned i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/lane.%u.lock", run_dir, i);
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
			held = lane[i];
			return;
		}
	i = rand_below(lanes);
	while (flock(lane[i], LOCK_EX) != 0)
		if (errno != EINTR)
			fatal("lane %u: errno %d", i, errno);
	held = lane[i];
}

void
lane_leave(void)
{
	if (held == -1)
		return;
	(void)flock(held, LOCK_UN);
	held = -1;
}
