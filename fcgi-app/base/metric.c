/*
 * metric.c - see metric.h.
 */
#include "base/metric.h"

static struct shm *used;

void
metric_use(struct shm *s)
{
	used = s;
}

void
metric_add(unsigned counter, uint64_t n)
{
	shm_count(used, counter, n);
}

void
metric_follow(const char *run_dir)
{
	struct err none = ERR_INIT;
	char path[200];

	if (used != NULL) {
		shm_refresh(used);
		return;
	}
	snprintf(path, sizeof(path), "%s/shm", run_dir);
	used = shm_open_(path, &none);
}
