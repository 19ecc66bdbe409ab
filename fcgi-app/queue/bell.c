/*
 * bell.c - doorbells and waiters: datagram sockets in the run directory.
 *
 * Nothing here carries truth: a lost datagram costs one poll.  Senders never
 * block; a socket file nobody is bound to is removed by whoever notices.
 */
#include "queue/bell.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"

struct bell {
	int			 fd;
	struct sockaddr_un	 at;
};

struct waiter {
	int			 fd;
	struct sockaddr_un	 at;
	char			 name[64];
};

/* One unbound sender a process, made at first use. */
static int
sender(void)
{
	static int fd = -1;
	static pid_t owner;

	if (fd == -1 || owner != getpid()) {
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
		owner = getpid();
	}
	return fd;
}

static int
address(struct sockaddr_un *un, const char *run_dir, const char *folder,
    const char *name, struct err *e)
{
	int n;

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	n = snprintf(un->sun_path, sizeof(un->sun_path), "%s/%s/%s", run_dir,
	    folder, name);
	if (n < 0 || (size_t)n >= sizeof(un->sun_path))
		return err_set(e, ERR_CONFIG, "run_dir_too_long",
		    "%s/%s/%s is no socket path", run_dir, folder, name);
	return 0;
}

/* Bind a fresh datagram socket, making the folder when it is not there. */
static int
listen_at(struct sockaddr_un *un, struct err *e)
{
	char folder[sizeof(un->sun_path)];
	char *slash;
	int fd;

	memcpy(folder, un->sun_path, sizeof(folder));
	if ((slash = strrchr(folder, '/')) != NULL)
		*slash = '\0';
	if (mkdir(folder, 0770) < 0 && errno != EEXIST)
		return err_errno(e, "bell_folder", "mkdir %s", folder);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return err_errno(e, "bell_socket", "socket");
	unlink(un->sun_path);
	if (bind(fd, (struct sockaddr *)un, sizeof(*un)) < 0) {
		err_errno(e, "bell_bind", "bind %s", un->sun_path);
		close(fd);
		return -1;
	}
	return fd;
}

static void
empty(int fd)
{
	char byte[64];

	while (recv(fd, byte, sizeof(byte), 0) >= 0)
		;
}

/* --- bells ------------------------------------------------------------------ */

struct bell *
bell_listen(const char *run_dir, const char *kind, struct err *e)
{
	struct bell *b = calloc(1, sizeof(*b));
	char name[64];

	if (b == NULL)
		fatal("bell: out of memory");
	snprintf(name, sizeof(name), "%s.%ld.sock", kind, (long)getpid());
	if (address(&b->at, run_dir, "bell", name, e) < 0 ||
	    (b->fd = listen_at(&b->at, e)) == -1) {
		free(b);
		return NULL;
	}
	return b;
}

int
bell_fd(const struct bell *b)
{
	return b->fd;
}

void
bell_drain(struct bell *b)
{
	empty(b->fd);
}

void
bell_free(struct bell *b)
{
	if (b == NULL)
		return;
	unlink(b->at.sun_path);
	close(b->fd);
	free(b);
}

static int
ring(const char *run_dir, const char *kind, const void *what, size_t n)
{
	struct sockaddr_un to;
	char folder[sizeof(to.sun_path)], prefix[32];
	struct err ignored;
	struct dirent *d;
	int rung = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/bell", run_dir);
	snprintf(prefix, sizeof(prefix), "%s.", kind);
	if ((dir = opendir(folder)) == NULL)
		return 0;
	while ((d = readdir(dir)) != NULL) {
		if (!text_starts(d->d_name, prefix) ||
		    address(&to, run_dir, "bell", d->d_name, &ignored) < 0)
			continue;
		if (sendto(sender(), what, n, MSG_DONTWAIT | MSG_NOSIGNAL,
		    (struct sockaddr *)&to, sizeof(to)) == (ssize_t)n ||
		    errno == EAGAIN)	/* full: it will wake anyway */
			rung++;
		else if (errno == ECONNREFUSED)
			unlink(to.sun_path);
	}
	closedir(dir);
	return rung;
}

int
bell_ring(const char *run_dir, const char *kind)
{
	return ring(run_dir, kind, "!", 1);
}

#define DATAGRAMS_MAX	8

void
bell_ring_live(const char *run_dir, const struct bell_hint *h, size_t n)
{
	if (n == 0 || n > (size_t)BELL_HINTS * DATAGRAMS_MAX) {
		(void)bell_ring(run_dir, "live");
		return;
	}
	for (size_t i = 0; i < n; i += BELL_HINTS)
		(void)ring(run_dir, "live", h + i, (n - i < BELL_HINTS ?
		    n - i : BELL_HINTS) * sizeof(*h));
}

int
bell_take(struct bell *b, struct bell_hint h[BELL_HINTS])
{
	ssize_t n = recv(b->fd, h, BELL_HINTS * sizeof(*h), MSG_DONTWAIT);

	return n < 0 ? -1 : (int)((size_t)n / sizeof(*h));
}

/* --- waiters ---------------------------------------------------------------- */

struct waiter *
waiter_new(const char *run_dir, struct err *e)
{
	struct waiter *w = calloc(1, sizeof(*w));
	char chance[B64_SIZE(6)];

	if (w == NULL)
		fatal("waiter: out of memory");
	rand_token(chance, sizeof(chance), 6);
	snprintf(w->name, sizeof(w->name), "%ld.%s.sock", (long)getpid(),
	    chance);
	if (address(&w->at, run_dir, "wait", w->name, e) < 0 ||
	    (w->fd = listen_at(&w->at, e)) == -1) {
		free(w);
		return NULL;
	}
	return w;
}

const char *
waiter_name(const struct waiter *w)
{
	return w->name;
}

int
waiter_wait(struct waiter *w, int ms)
{
	int64_t end = clock_mono() + (int64_t)ms * 1000;
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	for (;;) {
		int64_t left = (end - clock_mono() + 999) / 1000;
		int n = poll(&p, 1, left < 0 ? 0 : (int)left);

		if (n > 0) {
			empty(w->fd);
			return 1;
		}
		if (n == 0)
			return 0;
		if (errno != EINTR)
			return -1;
	}
}

void
waiter_free(struct waiter *w)
{
	if (w == NULL)
		return;
	unlink(w->at.sun_path);
	close(w->fd);
	free(w);
}

void
waiter_tell(const char *run_dir, const char *name, uint64_t id)
{
	struct sockaddr_un to;
	struct err ignored;

	/* The name comes from a row: it must stay inside the folder. */
	if (strchr(name, '/') != NULL ||
	    address(&to, run_dir, "wait", name, &ignored) < 0)
		return;
	(void)sendto(sender(), &id, sizeof(id), MSG_DONTWAIT | MSG_NOSIGNAL,
	    (struct sockaddr *)&to, sizeof(to));
}
