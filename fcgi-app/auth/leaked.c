/*
 * leaked.c - asking the filter.  leaked_build.c makes it.
 */
#include "auth/leaked_own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"

#define LOOK_US		(10 * US_PER_S)

struct leaked {
	const struct leaked_head *head;
	const uint16_t	*print;
	size_t		 size;
};

uint64_t
leaked_key(const char *password)
{
	uint8_t h[20];
	uint64_t key;

	sha1(h, password, strlen(password));
	memcpy(&key, h, sizeof(key));
	return key;
}

/* The finaliser of MurmurHash3. */
uint64_t
leaked_mix(uint64_t key, uint64_t seed)
{
	uint64_t h = key + seed;

	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

void
leaked_slots(const struct leaked_head *d, uint64_t h, uint32_t at[3])
{
	uint32_t mask = d->segment - 1;

	at[0] = (uint32_t)(((unsigned __int128)h * d->span) >> 64);
	at[1] = (at[0] + d->segment) ^ ((uint32_t)(h >> 18) & mask);
	at[2] = (at[0] + 2 * d->segment) ^ ((uint32_t)h & mask);
}

void
leaked_head_sum(const struct leaked_head *d, uint8_t sum[32])
{
	sha256(sum, d, offsetof(struct leaked_head, head_sum));
}

static int
bad(struct err *e, const char *path, const char *what)
{
	return err_set(e, ERR_CONFIG, "leaked_file", "%s: %s", path, what);
}

static int
check(const struct leaked *l, const char *path, struct err *e)
{
	const struct leaked_head *d = l->head;
	uint8_t sum[32];

	if (memcmp(d->magic, LEAKED_MAGIC, sizeof(d->magic)) != 0)
		return bad(e, path, "not made by gatepostctl passwords build");
	if (d->version != LEAKED_VERSION)
		return bad(e, path, "of another version: build it again");
	leaked_head_sum(d, sum);
	if (memcmp(sum, d->head_sum, sizeof(sum)) != 0 ||
	    d->segment == 0 || (d->segment & (d->segment - 1)) != 0 ||
	    d->slots != d->span + 2 * (uint64_t)d->segment ||
	    l->size != sizeof(*d) + d->slots * sizeof(uint16_t))
		return bad(e, path, "damaged, or cut off: build it again");
	sha256(sum, l->print, d->slots * sizeof(uint16_t));
	return memcmp(sum, d->body_sum, sizeof(sum)) == 0 ? 0 :
	    bad(e, path, "damaged: build it again");
}

int
leaked_open(const char *path, struct leaked **out, struct err *e)
{
	struct leaked *l = calloc(1, sizeof(*l));
	struct stat st;
	void *p;
	int fd;

	*out = NULL;
	if (l == NULL)
		return err_set(e, ERR_UNAVAILABLE, "unavailable",
		    "out of memory");
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 || fstat(fd, &st) < 0) {
		err_errno(e, "leaked_file", "%s", path);
		e->kind = ERR_CONFIG;
		goto fail;
	}
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(*l->head)) {
		bad(e, path, "too short for a filter");
		goto fail;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		err_errno(e, "leaked_file", "%s", path);
		e->kind = ERR_CONFIG;
		goto fail;
	}
	close(fd);
	fd = -1;
	l->size = (size_t)st.st_size;
	l->head = p;
	l->print = (const uint16_t *)(const void *)(l->head + 1);
	if (check(l, path, e) < 0)
		goto fail;
	*out = l;
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	leaked_close(l);
	return -1;
}

void
leaked_close(struct leaked *l)
{
	if (l == NULL)
		return;
	if (l->head != NULL)
		munmap((void *)(uintptr_t)l->head, l->size);
	free(l);
}

uint64_t
leaked_count(const struct leaked *l)
{
	return l->head->count;
}

bool
leaked_has(const struct leaked *l, const char *password)
{
	uint64_t h = leaked_mix(leaked_key(password), l->head->seed);
	uint32_t at[3];

	leaked_slots(l->head, h, at);
	return (uint16_t)(l->print[at[0]] ^ l->print[at[1]] ^
	    l->print[at[2]]) == LEAKED_PRINT(h);
}

/* This process's, and which file it was. */
static struct leaked *ours;
static struct stat ours_was;
static int64_t looked_us;

int
leaked_is(const char *password, struct err *e)
{
	const char *path = conf_str(CONF_LEAKED_FILE);
	int64_t now = clock_mono();
	struct err why = ERR_INIT;
	struct leaked *fresh;
	struct stat st;

	if (*path == '\0')
		return 0;
	if (ours == NULL || now - looked_us >= LOOK_US) {
		looked_us = now;
		if (stat(path, &st) < 0)
			memset(&st, 0, sizeof(st));
		if (ours == NULL || st.st_ino != ours_was.st_ino ||
		    st.st_mtim.tv_sec != ours_was.st_mtim.tv_sec ||
		    st.st_mtim.tv_nsec != ours_was.st_mtim.tv_nsec) {
			if (leaked_open(path, &fresh, &why) == 0) {
				leaked_close(ours);
				ours = fresh;
				ours_was = st;
			} else {
				log_err(LOG_ERROR_, "leaked passwords", &why);
			}
		}
	}
	if (ours == NULL)
		return err_set(e, ERR_UNAVAILABLE, "unavailable", "%s",
		    why.detail);
	return leaked_has(ours, password);
}
