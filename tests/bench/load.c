/*
 * The load generator's engine: K TLS connections, one request at a time on
 * each, one thread, epoll. The machine's cores belong to the thing that is
 * measured.
 *
 * What must stay true: with chained values a value is in flight at most once,
 * and requests still in flight at the end are waited for before load_run
 * returns, so that the values that are left may be used again.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "http.h"
#include "load.h"

enum { VALUE_MAX = 4096, REQUEST_MAX = 2 << 20 };
enum { GIVE_UP_AFTER = 100 };	/* errors in a row: the server is gone */

/* Silence for this long with requests in flight ends the run. */
#define SILENCE_NS 30000000000ull

enum conn_state { CONN_CLOSED, CONN_CONNECT, CONN_SHAKE, CONN_WRITE,
	CONN_READ, CONN_IDLE };

struct conn {
	int fd;
	SSL *ssl;
	enum conn_state state;
	uint32_t watching;	/* epoll events asked for */
	char *out;		/* REQUEST_MAX is the most it grows to */
	size_t out_len, out_at;
	char *in;
	size_t in_len, in_max;
	size_t value;		/* index of the value in flight */
	int has_value;
	uint64_t t0;
	uint64_t wake;		/* no next request before this */
};

static const struct load_options *o;
static struct load_values *vals;
static struct load_report *r;
static struct {
	uint64_t started, counted_from, heard, sent, inflight;
	unsigned errors_row;
	size_t us_max;
	int stop;
} st;
static SSL_CTX *ctx;
static struct addrinfo *addr;
static int ep;
static struct conn *conns;

static void
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void
watch(struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (c->watching == events)
		return;
	if (epoll_ctl(ep, c->watching ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd,
	    &ev) < 0)
		die("epoll_ctl");
	c->watching = events;
}

static void
hang_up(struct conn *c)
{
	if (c->ssl != NULL)
		SSL_free(c->ssl);
	if (c->fd >= 0)
		close(c->fd);
	c->ssl = NULL;
	c->fd = -1;
	c->watching = 0;
	c->in_len = 0;
	c->state = CONN_CLOSED;
}

static int
more_to_send(void)
{
	if (st.stop)
		return 0;
	if (o->count > 0)
		return st.sent < o->count;
	return (double)(now() - st.started) < o->seconds * 1e9;
}

static void
broken(struct conn *c, const char *why)
{
	if (c->state == CONN_WRITE || c->state == CONN_READ)
		st.inflight--;
	r->errors++;
	if (++st.errors_row == GIVE_UP_AFTER) {
		fprintf(stderr, "load: %d broken connections in a row, the "
		    "last: %s\n", GIVE_UP_AFTER, why);
		st.stop = 1;
	}
	if (r->first_bad[0] == '\0')
		snprintf(r->first_bad, sizeof r->first_bad, "%s", why);
	/* a value may or may not have been used up: it is not tried again */
	c->has_value = 0;
	hang_up(c);
}

static void
dial(struct conn *c)
{
	int one = 1;

	if ((c->fd = socket(addr->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0)) < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->state = CONN_CONNECT;
	if (connect(c->fd, addr->ai_addr, addr->ai_addrlen) < 0 &&
	    errno != EINPROGRESS) {
		broken(c, "connect refused");
		return;
	}
	if ((c->ssl = SSL_new(ctx)) == NULL || !SSL_set_fd(c->ssl, c->fd))
		die("SSL_new");
	SSL_set_tlsext_host_name(c->ssl, o->host);
	if (o->ca != NULL)
		SSL_set1_host(c->ssl, o->host);
	SSL_set_connect_state(c->ssl);
	watch(c, EPOLLOUT);
}

static size_t
put(char *out, size_t at, const char *text, const char *value)
{
	const char *p;
	size_t n;

	while (value != NULL && (p = strstr(text, "{}")) != NULL) {
		n = (size_t)(p - text);
		if (at + n + strlen(value) >= REQUEST_MAX)
			die("request too long");
		memcpy(out + at, text, n);
		at += n;
		n = strlen(value);
		memcpy(out + at, value, n);
		at += n;
		text = p + 2;
	}
	n = strlen(text);
	if (at + n >= REQUEST_MAX)
		die("request too long");
	memcpy(out + at, text, n);
	return at + n;
}

/* Builds the next request. Returns 0 when no value is free for it. */
static int
compose(struct conn *c)
{
	static char head[65536], body[REQUEST_MAX];
	const char *value = NULL;
	size_t i, n, body_len = 0;

	c->has_value = 0;
	if (vals->n > 0) {
		if (vals->free == 0)
			return 0;
		c->value = vals->fifo[vals->head];
		vals->head = (vals->head + 1) % vals->n;
		vals->free--;
		value = vals->v[c->value];
		/* only a chained one is used up by its request */
		if (o->chain == NULL)
			load_values_give(vals, c->value);
		else
			c->has_value = 1;
	}
	if (o->body != NULL)
		body_len = put(body, 0, o->body, value);
	n = (size_t)snprintf(head, sizeof head, "%s ", o->method);
	n = put(head, n, o->path, value);
	n += (size_t)snprintf(head + n, sizeof head - n,
	    " HTTP/1.1\r\nHost: %s:%s\r\n", o->host, o->port);
	for (i = 0; i < o->nheaders; i++) {
		n = put(head, n, o->headers[i], value);
		n = put(head, n, "\r\n", NULL);
	}
	if (o->body != NULL)
		n += (size_t)snprintf(head + n, sizeof head - n,
		    "Content-Length: %zu\r\n", body_len);
	n = put(head, n, "\r\n", NULL);
	if ((c->out = realloc(c->out, n + body_len)) == NULL)
		die("realloc");
	memcpy(c->out, head, n);
	memcpy(c->out + n, body, body_len);
	c->out_len = n + body_len;
	c->out_at = 0;
	return 1;
}

static void
record(struct conn *c, const struct http_answer *a)
{
	uint64_t t = now();
	char value[VALUE_MAX];
	size_t i;
	int right = 0;

	for (i = 0; i < o->nexpect; i++)
		right |= a->status == o->expect[i];
	/* a value that was refused would only be refused again */
	if (c->has_value && right) {
		right = http_json_string(a->body, a->body_len, o->chain,
		    value, sizeof value);
		if (right) {
			free(vals->v[c->value]);
			vals->v[c->value] = strdup(value);
			load_values_give(vals, c->value);
		}
	}
	c->has_value = 0;
	st.inflight--;
	st.errors_row = 0;
	if (!right) {
		if (r->bad++ == 0)
			snprintf(r->first_bad, sizeof r->first_bad, "%d %.*s",
			    a->status, (int)(a->body_len > 400 ? 400 :
			    a->body_len), a->body);
		return;
	}
	/* What was answered in the time is counted, whenever it was asked: its
	 * work was done there, as that of the last ones will be later. */
	if (t < st.counted_from)
		return;
	if (r->n == st.us_max) {
		st.us_max = st.us_max ? st.us_max * 2 : 65536;
		if ((r->us = realloc(r->us, st.us_max * sizeof *r->us)) == NULL)
			die("realloc");
	}
	r->us[r->n++] = (uint32_t)((t - c->t0) / 1000);
	r->last = t;
}

static void
begin(struct conn *c)
{
	if (!more_to_send()) {
		hang_up(c);
		return;
	}
	if (now() < c->wake || !compose(c)) {
		c->state = CONN_IDLE;
		watch(c, EPOLLIN);
		return;
	}
	c->state = CONN_WRITE;
	c->t0 = now();
	st.sent++;
	st.inflight++;
}

/* Goes on with one connection until it would block. */
static void
drive(struct conn *c)
{
	struct http_answer a;
	int n = 0, err;

	for (;;) {
		switch (c->state) {
		case CONN_CLOSED:
			return;
		case CONN_IDLE:
			begin(c);
			if (c->state == CONN_IDLE)
				return;
			continue;
		case CONN_CONNECT:
			if (connect(c->fd, addr->ai_addr, addr->ai_addrlen) < 0
			    && errno != EISCONN) {
				broken(c, "connect refused");
				return;
			}
			c->state = CONN_SHAKE;
			continue;
		case CONN_SHAKE:
			if ((n = SSL_do_handshake(c->ssl)) == 1) {
				begin(c);
				continue;
			}
			break;
		case CONN_WRITE:
			n = SSL_write(c->ssl, c->out + c->out_at,
			    (int)(c->out_len - c->out_at));
			if (n > 0) {
				c->out_at += (size_t)n;
				if (c->out_at == c->out_len)
					c->state = CONN_READ;
				continue;
			}
			break;
		case CONN_READ:
			if (c->in_max - c->in_len < 16384) {
				c->in_max += 65536;
				if (c->in_max > HTTP_ANSWER_MAX + 65536) {
					broken(c, "answer too long");
					return;
				}
				if ((c->in = realloc(c->in, c->in_max)) == NULL)
					die("realloc");
			}
			n = SSL_read(c->ssl, c->in + c->in_len,
			    (int)(c->in_max - c->in_len));
			if (n <= 0)
				break;
			c->in_len += (size_t)n;
			n = http_parse(c->in, c->in_len, &a);
			if (n < 0) {
				broken(c, "not an HTTP answer");
				return;
			}
			if (n == 0)
				continue;
			record(c, &a);
			c->in_len = 0;
			/* half to one and a half: no herd */
			if (o->pause_ns > 0)
				c->wake = now() + o->pause_ns / 2 +
				    o->pause_ns / 1000 * (unsigned)(random() %
				    1000);
			if (a.close) {
				hang_up(c);
				if (more_to_send())
					dial(c);
				return;
			}
			begin(c);
			continue;
		}
		err = SSL_get_error(c->ssl, n);
		if (err == SSL_ERROR_WANT_READ) {
			watch(c, EPOLLIN);
			return;
		}
		if (err == SSL_ERROR_WANT_WRITE) {
			watch(c, EPOLLOUT);
			return;
		}
		if (c->state == CONN_SHAKE)
			ERR_print_errors_fp(stderr);
		ERR_clear_error();
		broken(c, c->state == CONN_SHAKE ? "TLS handshake failed" :
		    "connection lost");
		return;
	}
}

static void
connect_all(void)
{
	unsigned i;

	for (i = 0; i < o->conns; i++) {
		conns[i].fd = -1;
		dial(&conns[i]);
	}
}

/* Returns 0 when every connection is closed: the run is over. */
static int
revive(void)
{
	unsigned i;
	int open = 0;

	for (i = 0; i < o->conns; i++) {
		if (conns[i].state == CONN_CLOSED && more_to_send())
			dial(&conns[i]);
		if (conns[i].state == CONN_IDLE)
			drive(&conns[i]);
		open |= conns[i].state != CONN_CLOSED;
	}
	return open;
}

static void
tls_context(void)
{
	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL)
		die("SSL_CTX_new");
	/* an answer is one read; a session is not worth resuming here */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	if (o->ca == NULL)
		return;
	if (!SSL_CTX_load_verify_locations(ctx, o->ca, NULL)) {
		fprintf(stderr, "load: no certificate in %s\n", o->ca);
		exit(2);
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
}

void
load_run(const struct load_options *options, struct load_values *values,
    struct load_report *report)
{
	struct addrinfo hint = { .ai_socktype = SOCK_STREAM,
	    .ai_family = AF_INET };
	struct epoll_event ev[256];
	struct conn *c;
	unsigned i;
	int n, k;

	o = options;
	vals = values;
	r = report;
	if (getaddrinfo(o->host, o->port, &hint, &addr) != 0) {
		fprintf(stderr, "load: no address for %s\n", o->host);
		exit(2);
	}
	tls_context();
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) < 0 ||
	    (conns = calloc(o->conns, sizeof *conns)) == NULL)
		die("start");
	st.started = st.heard = r->last = now();
	st.counted_from = st.started + (o->count > 0 ? 0 : o->warm_ns);
	connect_all();
	do {
		n = epoll_wait(ep, ev, 256, o->pause_ns > 0 ? 5 : 200);
		for (k = 0; k < n; k++) {
			c = ev[k].data.ptr;
			if (c->state == CONN_IDLE)
				hang_up(c);	/* nobody asked: it is EOF */
			else
				drive(c);
		}
		if (n > 0)
			st.heard = now();
		if (now() - st.heard > SILENCE_NS + o->pause_ns) {
			if (r->first_bad[0] == '\0')
				snprintf(r->first_bad, sizeof r->first_bad,
				    "no answer in 30 s");
			r->errors += st.inflight;
			break;
		}
	} while (revive());
	r->sent = st.sent;
	if (r->n > 0)
		r->seconds = (double)(r->last - st.counted_from) / 1e9;
	for (i = 0; i < o->conns; i++) {
		free(conns[i].in);
		free(conns[i].out);
		hang_up(&conns[i]);
	}
	free(conns);
	close(ep);
	freeaddrinfo(addr);
	SSL_CTX_free(ctx);
}
