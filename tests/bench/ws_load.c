/*
 * Many WebSocket clients in one thread (epoll): opened, held, and what they
 * are told counted and timed.  Python is too slow to be thousands of clients.
 *
 *	ws_load --connections N --lines FILE [--ca FILE --port P | --unix PATH]
 *		[--path /ws/notifications/] [--window W] [--header LINE]…
 *
 * Each line of FILE is a header line; connection i sends line i mod lines.
 * When all are open and have got a first message, or cannot be opened, a JSON
 * line says so; then commands come on standard input, each answered by a line:
 *
 *	await N MS	until N notifications have come since the last command,
 *			or MS have passed
 *	dump FILE	writes "title arrival_us" a line of those since the last,
 *			and the same moment in CLOCK_MONOTONIC
 *	quit		(or the end of the input)
 *
 * A notification is a text with "type":"notification"; its title is a number.
 * At most 64 KB a frame; what is bigger, or no RFC 6455, ends that client.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { FRAME_MAX = 65536 + 16, LINE_MAX_ = 4096, LINES_MAX = 20000 };
enum { OPEN_MS = 120000 };

enum state { FRESH, CONNECT, SHAKE, ASK, ANSWER, FIRST, OPEN, DEAD };
struct conn {
	int fd;
	uint8_t state;
	SSL *ssl;
	char *held;		/* what came of an unfinished frame */
	size_t held_len;
};

static struct conn *conns;
static size_t n_conns, next_open, opening, n_open, n_dead;
static char *line[LINES_MAX];
static size_t n_lines, window = 64;
static const char *unix_path, *path = "/ws/notifications/";
static int port, ep;
static SSL_CTX *tls;
static char first_bad[200], more[1024];

struct arrival { uint64_t title; int64_t us, mono_us; };
static struct arrival *got;
static size_t n_got, cap_got;
static int64_t first_us, last_us;

static int64_t
now_us(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
fatal(const char *what)
{
	fprintf(stderr, "ws_load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
end(struct conn *c, const char *why)
{
	if (c->state == DEAD)
		return;
	if (c->state != OPEN && c->state != FRESH)
		opening--;
	if (c->state == OPEN)
		n_open--;
	c->state = DEAD;
	n_dead++;
	if (first_bad[0] == '\0')
		snprintf(first_bad, sizeof(first_bad), "%.150s", why);
	if (c->ssl != NULL)
		SSL_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
	free(c->held);
	c->held = NULL;
}

static ssize_t
wire_read(struct conn *c, char *b, size_t n)
{
	int rc;

	if (c->ssl == NULL)
		return read(c->fd, b, n);
	if ((rc = SSL_read(c->ssl, b, (int)n)) > 0)
		return rc;
	rc = SSL_get_error(c->ssl, rc);
	ERR_clear_error();
	errno = rc == SSL_ERROR_WANT_READ || rc == SSL_ERROR_WANT_WRITE ?
	    EAGAIN : EPIPE;
	return rc == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

/* What we say is short: it fits the socket's buffer, or that client ends. */
static bool
wire_write(struct conn *c, const char *b, size_t n)
{
	if (c->ssl == NULL)
		return write(c->fd, b, n) == (ssize_t)n;
	return SSL_write(c->ssl, b, (int)n) == (int)n;
}

static void
pong(struct conn *c, const char *data, size_t n)
{
	char b[140] = { (char)0x8a, (char)(0x80 | n), 0, 0, 0, 0 };

	memcpy(b + 6, data, n);
	if (!wire_write(c, b, n + 6))
		end(c, "no room for a pong");
}

static void
text(struct conn *c, const char *s, size_t n)
{
	static const char type[] = "\"type\":\"notification\"";
	static const char title[] = "\"title\":\"";
	int64_t us = now_us(CLOCK_REALTIME);
	const char *t;

	if (c->state == FIRST) {
		c->state = OPEN;
		opening--;
		n_open++;
	}
	if (memmem(s, n, type, sizeof(type) - 1) == NULL)
		return;
	if (n_got == cap_got) {
		cap_got = cap_got == 0 ? 65536 : 2 * cap_got;
		if ((got = realloc(got, cap_got * sizeof(*got))) == NULL)
			fatal("memory");
	}
	t = memmem(s, n, title, sizeof(title) - 1);
	got[n_got++] = (struct arrival){ t == NULL ? 0 :
	    strtoull(t + sizeof(title) - 1, NULL, 10), us,
	    now_us(CLOCK_MONOTONIC) };
	if (first_us == 0)
		first_us = us;
	last_us = us;
}

/* One frame of b if it is whole: its size, 0 not yet, -1 the client ends. */
static ssize_t
one_frame(struct conn *c, const char *b, size_t n)
{
	const unsigned char *u = (const unsigned char *)b;
	size_t len, at = 2;

	if (n < 2)
		return 0;
	len = u[1];
	if (len == 126) {
		if (n < 4)
			return 0;
		len = (size_t)u[2] << 8 | u[3];
		at = 4;
	} else if (len > 126) {
		end(c, "a frame that is too long, or masked");
		return -1;
	}
	if (n < at + len)
		return 0;
	switch (u[0]) {
	case 0x81:
		text(c, b + at, len);
		break;
	case 0x89:
		pong(c, b + at, len);
		break;
	case 0x8a:
		break;
	default:
		end(c, u[0] == 0x88 ? "closed by the server" : "a frame of "
		    "another kind");
	}
	return c->state == DEAD ? -1 : (ssize_t)(at + len);
}

static void
take(struct conn *c, const char *b, size_t n)
{
	static char whole[2 * FRAME_MAX];
	size_t at = 0;
	const char *e;

	if (c->held_len != 0) {
		memcpy(whole, c->held, c->held_len);
		memcpy(whole + c->held_len, b, n);
		n += c->held_len;
		b = whole;
		free(c->held);
		c->held = NULL;
		c->held_len = 0;
	}
	if (c->state == ANSWER) {
		if ((e = memmem(b, n, "\r\n\r\n", 4)) != NULL) {
			if (n < 12 || memcmp(b + 9, "101", 3) != 0) {
				char first[100];

				snprintf(first, sizeof(first), "%.*s",
				    (int)strcspn(b, "\r\n") > 90 ? 90 :
				    (int)strcspn(b, "\r\n"), b);
				end(c, first);
				return;
			}
			c->state = FIRST;
			at = (size_t)(e - b) + 4;
		}
	}
	while (c->state != ANSWER && at < n) {
		ssize_t k = one_frame(c, b + at, n - at);

		if (k < 0)
			return;
		if (k == 0)
			break;
		at += (size_t)k;
	}
	if (at < n) {
		if (n - at > FRAME_MAX) {
			end(c, "too much for one frame");
			return;
		}
		if ((c->held = malloc(n - at)) == NULL)
			fatal("memory");
		c->held_len = n - at;
		memcpy(c->held, b + at, n - at);
	}
}

static void
ask(struct conn *c)
{
	char b[LINE_MAX_ + sizeof(more) + 512];
	int n = snprintf(b, sizeof(b), "GET %s HTTP/1.1\r\nHost: localhost\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s\r\n\r\n", path,
	    more, line[(size_t)(c - conns) % n_lines]);

	c->state = ANSWER;
	if (!wire_write(c, b, (size_t)n))
		end(c, "no room for the handshake");
}

static void
shake(struct conn *c)
{
	int rc = SSL_do_handshake(c->ssl);

	if (rc == 1) {
		ask(c);
		return;
	}
	rc = SSL_get_error(c->ssl, rc);
	if (rc != SSL_ERROR_WANT_READ && rc != SSL_ERROR_WANT_WRITE)
		end(c, "TLS");
}

static void
open_one(struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
	    .data.ptr = c };
	int rc, one = 1;

	opening++;
	c->state = CONNECT;
	if (unix_path != NULL) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };

		snprintf(a.sun_path, sizeof(a.sun_path), "%s", unix_path);
		c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		/* Blocking: a full backlog makes us wait, as it should. */
		rc = connect(c->fd, (void *)&a, sizeof(a));
		fcntl(c->fd, F_SETFL, O_NONBLOCK);
	} else {
		struct sockaddr_in a = { .sin_family = AF_INET,
		    .sin_port = htons((uint16_t)port),
		    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0);
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		rc = connect(c->fd, (void *)&a, sizeof(a));
	}
	if (c->fd < 0)
		fatal("socket");
	if (rc < 0 && errno != EINPROGRESS) {
		end(c, strerror(errno));
		return;
	}
	if (tls != NULL) {
		c->ssl = SSL_new(tls);
		SSL_set_fd(c->ssl, c->fd);
		SSL_set_connect_state(c->ssl);
		SSL_set_tlsext_host_name(c->ssl, "localhost");
	}
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		fatal("epoll_ctl");
}

static void
ready(struct conn *c, uint32_t events)
{
	static char b[FRAME_MAX];
	ssize_t n;

	if (c->state == DEAD)
		return;
	if (c->state == CONNECT && events & (EPOLLOUT | EPOLLERR)) {
		int e = 0;
		socklen_t len = sizeof(e);

		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &len);
		if (e != 0) {
			end(c, strerror(e));
			return;
		}
		c->state = SHAKE;
		if (c->ssl == NULL)
			ask(c);
	}
	if (c->state == SHAKE)
		shake(c);
	while (c->state == ANSWER || c->state == FIRST || c->state == OPEN) {
		n = wire_read(c, b, sizeof(b));
		if (n > 0)
			take(c, b, (size_t)n);
		else if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		else
			end(c, n == 0 ? "ended by the server" :
			    strerror(errno));
	}
}

/* Once around, at most `ms`; true: standard input has something. */
static bool
turn(int ms)
{
	struct epoll_event ev[256];
	bool input = false;
	int n;

	while (next_open < n_conns && opening < window)
		open_one(&conns[next_open++]);
	n = epoll_wait(ep, ev, 256, ms);
	for (int i = 0; i < n; i++)
		if (ev[i].data.ptr == NULL)
			input = true;
		else
			ready(ev[i].data.ptr, ev[i].events);
	return input;
}

static void
answer(void)
{
	printf("{\"open\": %zu, \"dead\": %zu, \"why\": \"%s\", "
	    "\"notifications\": %zu, \"first_us\": %lld, \"last_us\": %lld}\n",
	    n_open, n_dead, first_bad, n_got, (long long)first_us,
	    (long long)last_us);
	fflush(stdout);
}

static void
dump(const char *file)
{
	FILE *f = fopen(file, "w");

	if (f == NULL)
		fatal(file);
	for (size_t i = 0; i < n_got; i++)
		fprintf(f, "%llu %lld %lld\n",
		    (unsigned long long)got[i].title,
		    (long long)got[i].us, (long long)got[i].mono_us);
	fclose(f);
}

/* false: that was all. */
static bool
command(void)
{
	char b[512], file[400];
	unsigned long n, ms;
	int64_t until;

	if (fgets(b, sizeof(b), stdin) == NULL || strncmp(b, "quit", 4) == 0)
		return false;
	if (sscanf(b, "await %lu %lu", &n, &ms) == 2) {
		until = now_us(CLOCK_MONOTONIC) + (int64_t)ms * 1000;
		while (n_got < n && now_us(CLOCK_MONOTONIC) < until &&
		    n_open > 0)
			turn(20);
		answer();
	} else if (sscanf(b, "dump %399s", file) == 1) {
		dump(file);
		n_got = 0;
		first_us = last_us = 0;
		answer();
	}
	return true;
}

static void
read_lines(const char *file)
{
	FILE *f = fopen(file, "r");
	char b[LINE_MAX_];

	if (f == NULL)
		fatal(file);
	while (n_lines < LINES_MAX && fgets(b, sizeof(b), f) != NULL) {
		b[strcspn(b, "\r\n")] = '\0';
		if ((line[n_lines++] = strdup(b)) == NULL)
			fatal("memory");
	}
	fclose(f);
	if (n_lines == 0)
		fatal("no lines");
}

static void
options(int argc, char **argv)
{
	const char *ca = NULL;

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *k = argv[i], *v = argv[i + 1];

		if (strcmp(k, "--connections") == 0)
			n_conns = strtoul(v, NULL, 10);
		else if (strcmp(k, "--lines") == 0)
			read_lines(v);
		else if (strcmp(k, "--unix") == 0)
			unix_path = v;
		else if (strcmp(k, "--port") == 0)
			port = atoi(v);
		else if (strcmp(k, "--ca") == 0)
			ca = v;
		else if (strcmp(k, "--path") == 0)
			path = v;
		else if (strcmp(k, "--header") == 0)
			snprintf(more + strlen(more), sizeof(more) -
			    strlen(more), "%.300s\r\n", v);
		else if (strcmp(k, "--window") == 0)
			window = strtoul(v, NULL, 10);
		else {
			errno = EINVAL;
			fatal(k);
		}
	}
	if (n_conns == 0 || n_lines == 0 || (unix_path == NULL && port == 0)) {
		errno = EINVAL;
		fatal("--connections, --lines, and --unix or --port");
	}
	if (ca == NULL)
		return;
	tls = SSL_CTX_new(TLS_client_method());
	if (tls == NULL || SSL_CTX_load_verify_locations(tls, ca, NULL) != 1)
		fatal(ca);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
}

int
main(int argc, char **argv)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct rlimit lim;
	int64_t until;

	options(argc, argv);
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	setvbuf(stdin, NULL, _IONBF, 0);
	ep = epoll_create1(EPOLL_CLOEXEC);
	conns = calloc(n_conns, sizeof(*conns));
	if (ep < 0 || conns == NULL)
		fatal("epoll_create1");
	until = now_us(CLOCK_MONOTONIC) + OPEN_MS * 1000LL;
	while (n_open + n_dead < n_conns && now_us(CLOCK_MONOTONIC) < until)
		turn(20);
	answer();
	if (epoll_ctl(ep, EPOLL_CTL_ADD, STDIN_FILENO, &ev) < 0)
		fatal("standard input");
	for (;;)
		if (turn(1000) && !command())
			return 0;
}
