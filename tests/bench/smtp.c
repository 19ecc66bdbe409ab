/*
 * smtp.c - where mails of the bench go, and the bare client beside ours.
 *
 * --serve PORT --crt FILE --key FILE --tally FILE
 *	A submission server: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA.  A
 *	thread a connection.  FILE has what it took: two uint64_t, mails and
 *	their bytes.
 * --send PORT --ca FILE --count N --connections N --bytes N
 *	So many mails, each with one recipient, over kept connections; prints
 *	JSON: seconds, and the processor time of this client.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINE_LEN 2048

static SSL_CTX *tls;
static _Atomic uint64_t *tally;

struct line {
	int	 fd;
	SSL	*ssl;
	size_t	 at, n;
	char	 in[65536];
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
fill(struct line *l)
{
	ssize_t n = l->ssl != NULL ? SSL_read(l->ssl, l->in, sizeof(l->in)) :
	    read(l->fd, l->in, sizeof(l->in));

	l->at = 0;
	l->n = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -1;
}

/* One line without its end; -1 when the other side is gone. */
static int
get(struct line *l, char out[LINE_LEN])
{
	for (size_t n = 0;;) {
		char c;

		if (l->at == l->n && fill(l) < 0)
			return -1;
		c = l->in[l->at++];
		if (c == '\n') {
			out[n > 0 && out[n - 1] == '\r' ? n - 1 : n] = '\0';
			return 0;
		}
		if (n + 1 < LINE_LEN)
			out[n++] = c;
	}
}

static int
put(struct line *l, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = l->ssl != NULL ? SSL_write(l->ssl, p, (int)n) :
		    write(l->fd, p, n);

		if (done <= 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int
say(struct line *l, const char *text)
{
	return put(l, text, strlen(text));
}

/* Up to the line that is a dot. */
static int
take_mail(struct line *l)
{
	static const char end[] = "\r\n.\r\n";
	size_t have = 2;	/* the line before it has ended */
	uint64_t bytes = 0;

	for (;;) {
		if (l->at == l->n && fill(l) < 0)
			return -1;
		while (l->at < l->n) {
			char c = l->in[l->at++];

			bytes++;
			if (c == end[have])
				have++;
			else
				have = c == '\r' ? 1 : 0;
			if (have == 5) {
				tally[1] += bytes;
				return 0;
			}
		}
	}
}

static int
answer(struct line *l, const char *said)
{
	if (strncasecmp(said, "EHLO", 4) == 0)
		return say(l, l->ssl == NULL ?
		    "250-localhost\r\n250-8BITMIME\r\n250 STARTTLS\r\n" :
		    "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n");
	if (strcasecmp(said, "STARTTLS") == 0 && l->ssl == NULL) {
		if (say(l, "220 2.0.0 go ahead\r\n") < 0 ||
		    (l->ssl = SSL_new(tls)) == NULL ||
		    SSL_set_fd(l->ssl, l->fd) != 1)
			return -1;
		l->at = l->n = 0;	/* what came before was in the clear */
		return SSL_accept(l->ssl) == 1 ? 0 : -1;
	}
	if (strncasecmp(said, "AUTH PLAIN", 10) == 0)
		return say(l, "235 2.7.0 come in\r\n");
	if (l->ssl == NULL && strncasecmp(said, "MAIL", 4) == 0)
		return say(l, "530 5.7.0 STARTTLS first\r\n");
	if (strcasecmp(said, "DATA") == 0) {
		if (say(l, "354 go on\r\n") < 0 || take_mail(l) < 0)
			return -1;
		tally[0]++;
		return say(l, "250 2.0.0 taken\r\n");
	}
	if (strcasecmp(said, "QUIT") == 0) {
		(void)say(l, "221 2.0.0 bye\r\n");
		return -1;
	}
	return say(l, "250 2.0.0 fine\r\n");
}

static void *
serve_one(void *arg)
{
	struct line *l = arg;
	char said[LINE_LEN];

	if (say(l, "220 localhost ESMTP\r\n") == 0)
		while (get(l, said) == 0 && answer(l, said) == 0)
			;
	SSL_free(l->ssl);
	close(l->fd);
	free(l);
	return NULL;
}

static struct sockaddr_in
here(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static struct line *
line_new(int fd)
{
	struct line *l = calloc(1, sizeof(*l));
	int one = 1;

	if (l == NULL)
		die("calloc");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	l->fd = fd;
	return l;
}

static int
serve(int port, const char *crt, const char *key, const char *file)
{
	struct sockaddr_in at = here(port);
	int fd, one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if ((fd = open(file, O_RDWR | O_CREAT, 0600)) == -1 ||
	    ftruncate(fd, 2 * sizeof(*tally)) < 0 || (tally = mmap(NULL,
	    2 * sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) ==
	    MAP_FAILED)
		die(file);
	tls = SSL_CTX_new(TLS_server_method());
	if (tls == NULL || SSL_CTX_use_certificate_chain_file(tls, crt) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
		ERR_print_errors_fp(stderr);
		return 1;
	}
	(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(s, 64) < 0)
		die("listen");
	while ((fd = accept(s, NULL, NULL)) >= 0) {
		pthread_t t;

		if (pthread_create(&t, NULL, serve_one, line_new(fd)) != 0)
			die("thread");
		(void)pthread_detach(t);
	}
	return 1;
}

/* --- the bare client ---------------------------------------------------------- */

static struct { int port; long count; size_t len; char *mail; } job;

static void
expect(struct line *l, const char *code)
{
	char got[LINE_LEN];

	do {
		if (get(l, got) < 0 || strncmp(got, code, 3) != 0) {
			fprintf(stderr, "wanted %s\n", code);
			exit(1);
		}
	} while (got[3] == '-');
}

static void
ask(struct line *l, const char *text, const char *code)
{
	if (say(l, text) < 0)
		die(text);
	expect(l, code);
}

static void *
send_some(void *arg)
{
	struct sockaddr_in at = here(job.port);
	struct line *l = line_new(socket(AF_INET, SOCK_STREAM, 0));

	if (connect(l->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("connect");
	expect(l, "220");
	ask(l, "EHLO localhost\r\n", "250");
	ask(l, "STARTTLS\r\n", "220");
	if ((l->ssl = SSL_new(tls)) == NULL || SSL_set_fd(l->ssl, l->fd) != 1 ||
	    SSL_set1_host(l->ssl, "localhost") != 1 ||
	    SSL_connect(l->ssl) != 1) {
		ERR_print_errors_fp(stderr);
		exit(1);
	}
	ask(l, "EHLO localhost\r\n", "250");
	for (long i = *(long *)arg; i > 0; i--) {
		ask(l, "MAIL FROM:<bench@example.com>\r\n", "250");
		ask(l, "RCPT TO:<somebody@example.com>\r\n", "250");
		ask(l, "DATA\r\n", "354");
		if (put(l, job.mail, job.len) < 0)
			die("mail");
		expect(l, "250");
	}
	ask(l, "QUIT\r\n", "221");
	SSL_free(l->ssl);
	close(l->fd);
	free(l);
	return NULL;
}

static double
seconds(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
send_all(const char *ca, long connections, size_t bytes)
{
	pthread_t t[64];
	double begun, took;
	long each;

	if (connections < 1 || connections > 64)
		return 2;
	tls = SSL_CTX_new(TLS_client_method());
	if (tls == NULL || SSL_CTX_load_verify_locations(tls, ca, NULL) != 1)
		return 1;
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	job.len = bytes + 5;
	if ((job.mail = malloc(job.len + 1)) == NULL)
		die("malloc");
	for (size_t i = 0; i < bytes; i++)
		job.mail[i] = i % 72 == 70 ? '\r' : i % 72 == 71 ? '\n' : 'x';
	memcpy(job.mail + bytes, "\r\n.\r\n", 6);
	each = job.count / connections;
	begun = seconds(CLOCK_MONOTONIC);
	for (long i = 0; i < connections; i++)
		if (pthread_create(&t[i], NULL, send_some, &each) != 0)
			die("thread");
	for (long i = 0; i < connections; i++)
		(void)pthread_join(t[i], NULL);
	took = seconds(CLOCK_MONOTONIC) - begun;
	printf("{\"count\": %ld, \"seconds\": %.6f, \"cpu_s\": %.6f}\n",
	    each * connections, took, seconds(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "serve", 1, NULL, 's' }, { "send", 1, NULL, 'c' },
		{ "crt", 1, NULL, 't' }, { "key", 1, NULL, 'k' },
		{ "tally", 1, NULL, 'f' }, { "ca", 1, NULL, 'a' },
		{ "count", 1, NULL, 'n' }, { "connections", 1, NULL, 'l' },
		{ "bytes", 1, NULL, 'b' }, { NULL, 0, NULL, 0 } };
	const char *crt = "", *key = "", *file = "", *ca = "";
	long connections = 8, bytes = 1500;
	bool server = false;
	int c;

	signal(SIGPIPE, SIG_IGN);
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 's': server = true; job.port = atoi(optarg); break;
		case 'c': job.port = atoi(optarg); break;
		case 't': crt = optarg; break;
		case 'k': key = optarg; break;
		case 'f': file = optarg; break;
		case 'a': ca = optarg; break;
		case 'n': job.count = atol(optarg); break;
		case 'l': connections = atol(optarg); break;
		case 'b': bytes = atol(optarg); break;
		default: return 2;
		}
	return server ? serve(job.port, crt, key, file) :
	    send_all(ca, connections, (size_t)bytes);
}
