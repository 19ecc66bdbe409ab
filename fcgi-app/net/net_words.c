/*
 * net_words.c - what only libcurl's verbose lines tell: which connection and
 * HTTP/2 stream a request went out on, that its stream was refused, and the
 * last stream a server handled before it said GOAWAY (RFC 9113 6.8, 8.7).
 *
 * A request beyond that was not processed and may be sent again; without
 * these words a closing server (nginx closes after keepalive_requests) would
 * leave a hundred requests unsure.  Lines that another version words
 * differently are not understood, and "unsure" stays.
 */
#include "net/net_own.h"

/* The number after `mark` in the line; false: no such mark. */
static bool
number_after(const char *p, size_t n, const char *mark, long *v)
{
	const char *at = memmem(p, n, mark, strlen(mark));
	char text[24];
	size_t len = 0;

	if (at == NULL)
		return false;
	at += strlen(mark);
	while (at + len < p + n && len + 1 < sizeof(text) &&
	    at[len] >= '0' && at[len] <= '9')
		len++;
	if (len == 0)
		return false;
	memcpy(text, at, len);
	text[len] = '\0';
	*v = strtol(text, NULL, 10);
	return true;
}

static bool
begins(const char *p, size_t n, const char *with)
{
	return n >= strlen(with) && memcmp(p, with, strlen(with)) == 0;
}

void
transfer_hears(struct transfer *t, const char *p, size_t n)
{
	struct net *net = t->net;
	long v;

	if (begins(p, n, "Using Stream ID: ")) {
		if (number_after(p, n, "ID: ", &v))
			t->stream = (unsigned long)v;
	} else if (begins(p, n, "Re-using existing connection ") ||
	    begins(p, n, "Connected to ")) {
		t->stream = 0;
		t->conn = number_after(p, n, "#", &v) ? v : -1;
	} else if (begins(p, n, "REFUSED_STREAM")) {
		t->refused = true;
	} else if (begins(p, n, "Connection died, ")) {
		/* It will go to another connection, where libcurl asks to
		 * rewind: what held of this one decides.  It counts such
		 * retries until the handle is reset. */
		t->refused = transfer_unprocessed(t);
		t->set = false;
	} else if (n > 8 && p[0] == 'r' && memmem(p, n, " GOAWAY,", 8) !=
	    NULL && number_after(p, n, "last_stream=", &v) && t->conn >= 0) {
		net->bye[net->byes % BYES_MAX].conn = t->conn;
		net->bye[net->byes++ % BYES_MAX].last = (unsigned long)v;
	}
}

bool
transfer_unprocessed(const struct transfer *t)
{
	const struct net *n = t->net;

	if (t->refused)
		return true;
	for (unsigned i = 0; i < BYES_MAX && i < n->byes; i++)
		/* The last word counts: a first GOAWAY may allow all. */
		if (n->bye[i].conn == t->conn && t->stream > n->bye[i].last)
			return true;
	return false;
}
