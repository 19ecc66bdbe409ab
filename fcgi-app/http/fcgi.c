/*
 * fcgi.c - libfcgi behind a transport.
 *
 * What must stay true: a child that was told to stop takes no further
 * connection, and one that took a connection always answers it.  Signals
 * that stop us are therefore let in only while waiting, before the accept,
 * and the listening socket does not block: who finds nothing waits again.
 *
 * The kernel wakes one child a connection (EPOLLEXCLUSIVE; poll would wake
 * all of the pool).  That one may not run yet, or be killed before it accepts,
 * and nobody else was told: who is done with a request therefore looks before
 * it waits, and all look once in a while.
 *
 * Parameter lengths (CVE-2025-23016) are checked inside libfcgi since Debian
 * 2.4.2-2+deb12u1; besides, only the group of the sockets may connect.
 */
#include "http/fcgi.h"
#include "base/log.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Parameters by name: libfcgi's own look-up walks the list each time. */
#define INDEX_SIZE	256		/* a power of two */
#define INDEX_FULL	(INDEX_SIZE / 2)

#define LOOK_MS		500

struct fcgi {
	int		 wait_fd;		/* epoll */
	sigset_t	 open;			/* while waiting */
	FCGX_Request	 request;
	void		(*taken)(void *arg, bool busy);
	void		*arg;
	size_t		 params;
	const char	*index[INDEX_SIZE];
};

struct fcgi *
fcgi_new(int listen_fd, struct err *e)
{
	struct epoll_event want = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	struct fcgi *f;
	int flags = fcntl(listen_fd, F_GETFL);

	if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		err_errno(e, "listen", "fd %d", listen_fd);
		return NULL;
	}
	if ((f = calloc(1, sizeof(*f))) == NULL)
		fatal("fcgi: out of memory");
	if ((f->wait_fd = epoll_create1(EPOLL_CLOEXEC)) < 0 ||
	    epoll_ctl(f->wait_fd, EPOLL_CTL_ADD, listen_fd, &want) < 0) {
		err_errno(e, "epoll", "fd %d", listen_fd);
		goto fail;
	}
	sigprocmask(SIG_SETMASK, NULL, &f->open);
	sigdelset(&f->open, SIGTERM);
	sigdelset(&f->open, SIGINT);
	if (FCGX_Init() != 0 || FCGX_InitRequest(&f->request, listen_fd,
	    FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
		err_set(e, ERR_INTERNAL, "libfcgi", "cannot initialise");
		goto fail;
	}
	return f;
fail:
	if (f->wait_fd >= 0)
		close(f->wait_fd);
	free(f);
	return NULL;
}

void
fcgi_free(struct fcgi *f)
{
	if (f == NULL)
		return;
	FCGX_Free(&f->request, 1);
	close(f->wait_fd);
	free(f);
}

void
fcgi_on_taken(struct fcgi *f, void (*taken)(void *arg, bool busy), void *arg)
{
	f->taken = taken;
	f->arg = arg;
}

static size_t
slot_of(const char *name, size_t n)
{
	uint32_t h = 2166136261U;	/* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619U;
	return h & (INDEX_SIZE - 1);
}

/* Of two equal names the first counts (D14), as in libfcgi itself. */
static void
index_params(struct fcgi *f)
{
	memset(f->index, 0, sizeof(f->index));
	f->params = 0;
	for (char **p = f->request.envp; *p != NULL; p++) {
		size_t n = strcspn(*p, "="), i = slot_of(*p, n);

		if (++f->params > INDEX_FULL)
			return;
		while (f->index[i] != NULL && (strncmp(f->index[i], *p, n) !=
		    0 || f->index[i][n] != '='))
			i = (i + 1) & (INDEX_SIZE - 1);
		if (f->index[i] == NULL)
			f->index[i] = *p;
	}
}

static const char *
fcgi_param(void *t, const char *name)
{
	struct fcgi *f = t;
	size_t n = strlen(name);

	if (f->params > INDEX_FULL)
		return FCGX_GetParam(name, f->request.envp);
	for (size_t i = slot_of(name, n); f->index[i] != NULL;
	    i = (i + 1) & (INDEX_SIZE - 1))
		if (strncmp(f->index[i], name, n) == 0 &&
		    f->index[i][n] == '=')
			return f->index[i] + n + 1;
	return NULL;
}

static long
fcgi_read(void *t, void *p, size_t n)
{
	struct fcgi *f = t;

	return FCGX_GetStr(p, n > INT32_MAX ? INT32_MAX : (int)n,
	    f->request.in);
}

static int
fcgi_write(void *t, const void *p, size_t n)
{
	struct fcgi *f = t;

	while (n > 0) {
		int part = n > INT32_MAX ? INT32_MAX : (int)n;

		if (FCGX_PutStr(p, part, f->request.out) != part)
			return -1;
		p = (const char *)p + part;
		n -= (size_t)part;
	}
	return 0;
}

/* Signals that came during the request. */
static void
hear(const struct fcgi *f)
{
	sigset_t was;

	sigprocmask(SIG_SETMASK, &f->open, &was);
	sigprocmask(SIG_SETMASK, &was, NULL);
}

/* 1 there may be something to accept, 0 told to stop, -1. */
static int
wait_for_peer(struct fcgi *f, bool (*stopping)(void), struct err *e)
{
	struct epoll_event got = { 0 };

	do {
		if (stopping())
			return 0;
		if (epoll_pwait(f->wait_fd, &got, 1, LOOK_MS, &f->open) >= 0)
			return got.events & EPOLLERR ? err_set(e,
			    ERR_INTERNAL, "listen",
			    "the listening socket is gone") : 1;
	} while (errno == EINTR);
	return err_errno(e, "epoll", "listening socket");
}

/* 1 a request, 0 nobody was there, -1. */
static int
take(struct fcgi *f, struct err *e)
{
	int got;

	/* Told before reading: a peer that stalls is seen as work. */
	if (f->taken != NULL)
		f->taken(f->arg, true);
	if ((got = FCGX_Accept_r(&f->request)) == 0)
		return 1;
	if (f->taken != NULL)
		f->taken(f->arg, false);
	/* Another child was quicker, or the peer has gone again; all else would
	 * make a busy loop of this. */
	return got == -EAGAIN || got == -EINTR || got == -ECONNABORTED ? 0 :
	    err_set(e, ERR_INTERNAL, "accept", "libfcgi answers %d", got);
}

int
fcgi_accept(struct fcgi *f, struct transport *t, bool (*stopping)(void),
    struct err *e)
{
	int rc;

	hear(f);
	if (stopping())
		return 0;
	while ((rc = take(f, e)) == 0)
		if ((rc = wait_for_peer(f, stopping, e)) != 1)
			return rc;
	if (rc < 0)
		return -1;
	index_params(f);
	t->param = fcgi_param;
	t->read = fcgi_read;
	t->write = fcgi_write;
	t->t = f;
	return 1;
}

void
fcgi_finish(struct fcgi *f)
{
	FCGX_Finish_r(&f->request);
	if (f->taken != NULL)
		f->taken(f->arg, false);
}
