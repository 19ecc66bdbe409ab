/*
 * cgi.c - one request from this process's environment (RFC 3875), for tests
 * and for servers that have nothing better.
 */
#include "http/fcgi.h"

#include <errno.h>
#include <unistd.h>

static const char *
cgi_param(void *t UNUSED, const char *name)
{
	return getenv(name);
}

static long
cgi_read(void *t UNUSED, void *p, size_t n)
{
	ssize_t r;

	do
		r = read(STDIN_FILENO, p, n);
	while (r < 0 && errno == EINTR);
	return r;
}

static int
cgi_write(void *t UNUSED, const void *p, size_t n)
{
	const char *s = p;

	while (n > 0) {
		ssize_t w = write(STDOUT_FILENO, s, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		s += w;
		n -= (size_t)w;
	}
	return 0;
}

void
cgi_transport(struct transport *t)
{
	t->param = cgi_param;
	t->read = cgi_read;
	t->write = cgi_write;
	t->t = NULL;
}
