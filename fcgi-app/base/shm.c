/*
 * shm.c - the mapped file: making, mapping, re-mapping; and its two plain
 * parts, the scoreboard and the counters.  shm_revoke.c has the rest.
 *
 * A mapping is never unmapped before shm_close: slots are handed out as
 * pointers, and another thread may be reading.  Masters restart seldom.
 */
#include "base/shm.h"
#include "base/shm_own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_US		(US_PER_S / 4)	/* between looks at the inode */
#define WAIT_TRIES	3

/* One mapping of one file.  The chain holds older ones until shm_close. */
struct map {
	struct shm_layout	*at;
	struct map	*older;
	dev_t		 dev;
	ino_t		 ino;
};

struct view {
	_Atomic(struct map *) now;
	_Atomic int64_t	 looked_us;	/* monotonic */
};

struct shm {
	struct view	*view;		/* so that a const shm may re-map */
	char		 path[PATH_MAX];
};

static struct map *
map_fd(int fd, const char *path, struct err *e)
{
	struct map *m;
	struct stat st;
	void *at;

	if (fstat(fd, &st) < 0) {
		err_errno(e, "shm", "%s", path);
		return NULL;
	}
	/* Checked before mapping: a short file would be a bus error. */
	if (st.st_size != (off_t)sizeof(struct shm_layout)) {
		err_set(e, ERR_CONFIG, "shm_layout", "%s: another layout",
		    path);
		return NULL;
	}
	at = mmap(NULL, sizeof(struct shm_layout), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		err_errno(e, "shm", "mmap %s", path);
		return NULL;
	}
	if ((m = calloc(1, sizeof(*m))) == NULL) {
		munmap(at, sizeof(struct shm_layout));
		err_errno(e, "shm", "out of memory");
		return NULL;
	}
	m->at = at;
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	return m;
}

static struct map *
map_path(const char *path, struct err *e)
{
	struct map *m;
	int fd;

	if ((fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) < 0) {
		err_errno(e, "shm", "%s", path);
		return NULL;
	}
	m = map_fd(fd, path, e);
	close(fd);
	if (m != NULL && (m->at->magic != SHM_MAGIC ||
	    m->at->size != sizeof(struct shm_layout))) {
		munmap(m->at, sizeof(struct shm_layout));
		free(m);
		err_set(e, ERR_CONFIG, "shm_layout", "%s: another layout",
		    path);
		return NULL;
	}
	return m;
}

static struct shm *
shm_wrap(const char *path, struct map *m, struct err *e)
{
	struct shm *s = calloc(1, sizeof(*s));
	struct view *v = calloc(1, sizeof(*v));

	if (s == NULL || v == NULL) {
		free(s);
		free(v);
		munmap(m->at, sizeof(struct shm_layout));
		free(m);
		err_errno(e, "shm", "out of memory");
		return NULL;
	}
	snprintf(s->path, sizeof(s->path), "%s", path);
	atomic_init(&v->now, m);
	atomic_init(&v->looked_us, 0);
	s->view = v;
	return s;
}

struct shm *
shm_create(const char *path, struct err *e)
{
	struct shm *s = NULL;
	struct map *m = NULL;
	char temp[PATH_MAX];
	int fd = -1, full;

	if (snprintf(temp, sizeof(temp), "%s.%ld", path, (long)getpid()) >=
	    (int)sizeof(temp)) {
		err_set(e, ERR_CONFIG, "shm", "path too long");
		return NULL;
	}
	unlink(temp);		/* of a dead process that had our number */
	fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0660);
	if (fd < 0) {
		err_errno(e, "shm", "%s", temp);
		return NULL;
	}
	/* Room is taken now: a full file system later is a bus error. */
	if ((full = posix_fallocate(fd, 0, sizeof(struct shm_layout))) != 0) {
		errno = full;
		err_errno(e, "shm", "%s: %zu bytes", temp,
		    sizeof(struct shm_layout));
		goto out;
	}
	if ((m = map_fd(fd, temp, e)) == NULL)
		goto out;
	m->at->born_us = clock_now();
	m->at->size = sizeof(struct shm_layout);
	m->at->magic = SHM_MAGIC;
	if (rename(temp, path) < 0) {
		err_errno(e, "shm", "rename %s", path);
		munmap(m->at, sizeof(struct shm_layout));
		free(m);
		goto out;
	}
	s = shm_wrap(path, m, e);
out:
	if (s == NULL)
		unlink(temp);
	close(fd);
	return s;
}

struct shm *
shm_open_(const char *path, struct err *e)
{
	struct map *m;

	if (strlen(path) >= PATH_MAX) {
		err_set(e, ERR_CONFIG, "shm", "path too long");
		return NULL;
	}
	if ((m = map_path(path, e)) == NULL)
		return NULL;
	return shm_wrap(path, m, e);
}

void
shm_close(struct shm *s)
{
	struct map *m, *older;

	if (s == NULL)
		return;
	for (m = atomic_load(&s->view->now); m != NULL; m = older) {
		older = m->older;
		munmap(m->at, sizeof(struct shm_layout));
		free(m);
	}
	free(s->view);
	free(s);
}

struct shm_layout *
shm_at(const struct shm *s)
{
	return atomic_load_explicit(&s->view->now, memory_order_acquire)->at;
}

void
shm_refresh(const struct shm *s)
{
	int64_t now = clock_mono(), looked;
	struct err ignored = ERR_INIT;
	struct map *m, *fresh;
	struct stat st;

	if (s == NULL)
		return;
	looked = atomic_load(&s->view->looked_us);
	/* The exchange also makes it one thread's job. */
	if ((looked != 0 && now - looked < LOOK_US) ||
	    !atomic_compare_exchange_strong(&s->view->looked_us, &looked,
	    now == 0 ? 1 : now))
		return;
	m = atomic_load(&s->view->now);
	if (stat(s->path, &st) < 0 ||
	    (st.st_dev == m->dev && st.st_ino == m->ino))
		return;
	if ((fresh = map_path(s->path, &ignored)) == NULL)
		return;
	fresh->older = m;
	if (!atomic_compare_exchange_strong(&s->view->now, &m, fresh)) {
		munmap(fresh->at, sizeof(struct shm_layout));
		free(fresh);
	}
}

/* --- scoreboard --------------------------------------------------------- */

struct shm_slot *
shm_slot(struct shm *s, size_t i)
{
	return i < SHM_SLOTS ? &shm_at(s)->slot[i] : NULL;
}

static unsigned
waiting(struct shm_layout *l, uint8_t pool)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < SHM_SLOTS; i++)
		if (atomic_load(&l->slot[i].pid) != 0 &&
		    atomic_load(&l->slot[i].pool) == pool &&
		    atomic_load(&l->slot[i].waiting) != 0)
			n++;
	return n;
}

/*
 * Says first that it waits and counts then, all in one order (seq_cst): of
 * two that begin at once at least one sees the other, so the half is never
 * passed.  Both may see each other and step back; hence a few tries.  No
 * counter: it would have to be mended after a child that died waiting.
 */
bool
shm_wait_begin(struct shm *s, struct shm_slot *me, unsigned pool_size)
{
	uint8_t pool = atomic_load(&me->pool);
	struct shm_layout *l = shm_at(s);
	int i;

	for (i = 0; i < WAIT_TRIES; i++) {
		atomic_store(&me->waiting, 1);
		if (waiting(l, pool) <= pool_size / 2)
			return true;
		atomic_store(&me->waiting, 0);
	}
	return false;
}

void
shm_wait_end(struct shm *s, struct shm_slot *me)
{
	(void)s;
	atomic_store(&me->waiting, 0);
}

/* --- metrics ------------------------------------------------------------ */

void
shm_count(struct shm *s, unsigned counter, uint64_t n)
{
	if (s != NULL && counter < SHM_COUNTERS)
		atomic_fetch_add_explicit(&shm_at(s)->counter[counter], n,
		    memory_order_relaxed);
}

int64_t
shm_born_us(const struct shm *s)
{
	return s == NULL ? 0 : shm_at(s)->born_us;
}

_Atomic int64_t *
shm_sender(struct shm *s, uint64_t who)
{
	/* Small numbers and keys alike fall anywhere. */
	return s == NULL ? NULL : &shm_at(s)->sender[
	    (who * UINT64_C(0x9e3779b97f4a7c15)) >> 52];
}

uint64_t
shm_counter(const struct shm *s, unsigned counter)
{
	if (s == NULL || counter >= SHM_COUNTERS)
		return 0;
	return atomic_load_explicit(&shm_at(s)->counter[counter],
	    memory_order_relaxed);
}
