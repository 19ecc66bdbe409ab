/*
 * The way out: what a request's fate is told as, over real connections to a
 * real nginx.  The rules of the way are in test_net_egress.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rand.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static char dir[64];
static int port, bye_port, silent_fd, silent_port;
static pid_t nginx;

static void
set(const char *key, const char *value)
{
	struct err e = ERR_INIT;

	if (conf_set(key, value, &e) < 0)
		fail_msg("%s: %s", key, e.detail);
}

/* --- requests ---------------------------------------------------------------------- */

static struct in_answer last;
static char last_body[65537], last_location[600];
static size_t done_n, complete_n, sent_n, unsent_n;

static void
done(void *arg, const struct in_answer *in)
{
	(void)arg;
	last = *in;
	assert_true(in->body_len <= 65536);
	memcpy(last_body, in->body, in->body_len);
	last_body[in->body_len] = '\0';
	snprintf(last_location, sizeof(last_location), "%s",
	    in->header_location);
	done_n++;
	complete_n += in->complete && in->status == 201;
	sent_n += in->body_sent;
	unsent_n += !in->complete && !in->body_sent;
}

static void
one(struct net *n, const struct out_request *q)
{
	struct err e = ERR_INIT;
	size_t was = done_n;

	if (net_begin(n, q, "", done, NULL, &e) < 0)
		fail_msg("%s %s", e.code, e.detail);
	while (done_n == was)
		assert_true(net_step(n, 100, -1, &e) >= 0);
	assert_int_equal(net_in_flight(n), 0);
}

static struct net *
start(void)
{
	struct err e = ERR_INIT;
	struct net *n = net_new(&e);

	if (n == NULL)
		fail_msg("%s", e.detail);
	return n;
}

static struct out_request
post(const char *url)
{
	static const char body[700] = { 'x' };

	return (struct out_request){ .kind = SEND_HTTP, .url = url,
	    .log_url = "https://localhost", .method = "POST",
	    .header = { "TTL: 60" }, .body = body, .body_len = sizeof(body) };
}

static char *
url_of(int at, const char *path)
{
	static char url[4][256];
	static unsigned i;
	char *to = url[i++ % 4];

	snprintf(to, 256, "https://localhost:%d%s", at, path);
	return to;
}

static void
an_answer_is_told_whole(void **state)
{
	struct net *n = start();
	struct out_request q = post(url_of(port, "/made"));

	(void)state;
	one(n, &q);
	assert_true(last.complete);
	assert_true(last.body_sent);
	assert_int_equal(last.status, 201);
	assert_string_equal(last_location, "https://localhost/m/1");
	q = post(url_of(port, "/later"));
	one(n, &q);
	assert_int_equal(last.status, 429);
	assert_int_equal(last.retry_after_s, 7);
	/* A day at most, however long they say. */
	q = post(url_of(port, "/never"));
	one(n, &q);
	assert_int_equal(last.retry_after_s, 86400);
	q = post(url_of(port, "/dated"));
	one(n, &q);
	assert_int_equal(last.retry_after_s, 86400);
	q = post(url_of(port, "/moved"));
	one(n, &q);
	/* Never followed. */
	assert_int_equal(last.status, 307);
	q = post(url_of(port, "/text"));
	one(n, &q);
	assert_int_equal(last.status, 200);
	assert_string_equal(last_body, "hello");
	net_free(n);
}

static void
an_endless_answer_is_cut(void **state)
{
	struct net *n = start();
	struct out_request q = post(url_of(port, "/big"));

	(void)state;
	q.method = "GET";
	q.body_len = 0;
	one(n, &q);
	assert_int_equal(last.status, 200);
	assert_int_equal(last.error, NET_TOO_LARGE);
	assert_true(last.body_len <= 65536);
	net_free(n);
}

static void
what_did_not_leave_is_told_so(void **state)
{
	struct net *n = start();
	char url[96];
	struct out_request q = post("https://nobody.invalid/");

	(void)state;
	one(n, &q);
	assert_int_equal(last.error, NET_DNS);
	assert_false(last.complete);
	assert_false(last.body_sent);
	snprintf(url, sizeof(url), "https://127.0.0.1:1/");
	q = post(url);
	one(n, &q);
	assert_int_equal(last.error, NET_CONNECT);
	assert_false(last.body_sent);
	/* A CA that is not ours. */
	set("GATEPOST_EGRESS_CA", "");
	net_free(n);
	n = start();
	q = post(url_of(port, "/made"));
	one(n, &q);
	assert_int_equal(last.error, NET_TLS);
	assert_false(last.body_sent);
	assert_false(last.complete);
	net_free(n);
	snprintf(url, sizeof(url), "%s/ca.crt", dir);
	set("GATEPOST_EGRESS_CA", url);
	/* The right CA, the wrong name. */
	n = start();
	snprintf(url, sizeof(url), "https://127.0.0.2:%d/", port);
	q = post(url);
	one(n, &q);
	assert_int_equal(last.error, NET_TLS);
	/* Plain text where TLS is expected, and nobody answering. */
	set("GATEPOST_PROVIDER_TIMEOUT_MS", "700");
	q = post(url_of(silent_port, "/"));
	one(n, &q);
	assert_int_equal(last.error, NET_TIMEOUT);
	assert_false(last.body_sent);
	set("GATEPOST_PROVIDER_TIMEOUT_MS", "15000");
	net_free(n);
}

static const struct smtp_server server = { .host = "localhost", .port = 25,
    .user = "", .password = "", .bearer = "", .ehlo = "" };

static void
only_https_without_line_breaks_begins(void **state)
{
	static const char *const url[] = { "http://localhost/",
	    "file:///etc/passwd", "gopher://localhost/", "scp://localhost/" };
	struct net *n = start();
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(url); i++) {
		struct out_request q = post(url[i]);

		one(n, &q);
		assert_false(last.complete);
		assert_false(last.body_sent);
		assert_int_equal(last.status, 0);
	}
	{
		struct out_request q = post(url_of(port, "/made"));

		q.header[1] = "X: a\r\nY: b";
		assert_int_equal(net_begin(n, &q, "", done, NULL, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		q = (struct out_request){ .kind = SEND_SMTP, .server = &server,
		    .mail_from = "a@example.org\r\nRCPT TO:<b@example.org>",
		    .rcpt_to = "c@example.org", .mail = "x", .mail_len = 1 };
		assert_int_equal(net_begin(n, &q, "", done, NULL, &e), -1);
		q.mail_from = "a@example.org";
		q.rcpt_to = "c@example.org\nDATA";
		assert_int_equal(net_begin(n, &q, "", done, NULL, &e), -1);
	}
	assert_int_equal(net_in_flight(n), 0);
	net_free(n);
}

/* A listed host whose name leads inside (DNS of an attacker). */
static void
a_name_that_leads_inside_is_refused_at_connect(void **state)
{
	struct net *n = start();
	struct out_request q = post("https://localhost/");
	struct err e = ERR_INIT;

	(void)state;
	set("GATEPOST_EGRESS_ALLOW", "");
	set("GATEPOST_PUSH_HOSTS", "localhost");
	q.user_url = true;
	one(n, &q);
	assert_int_equal(last.error, NET_REFUSED_BY_RULE);
	assert_false(last.body_sent);
	q = post(url_of(port, "/made"));
	q.user_url = true;
	assert_int_equal(net_begin(n, &q, "", done, NULL, &e), -1);
	assert_string_equal(e.code, "endpoint_refused");
	{
		char pair[32];

		snprintf(pair, sizeof(pair), "localhost:%d", port);
		set("GATEPOST_EGRESS_ALLOW", pair);
	}
	one(n, &q);
	assert_int_equal(last.status, 201);
	net_free(n);
}

/* Requests nginx has answered on that server, by its log. */
static long
logged(const char *name)
{
	char path[128];
	long n = 0;
	FILE *f;
	int c;

	snprintf(path, sizeof(path), "%s/%s.log", dir, name);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* As the worker does: what is told not to have left goes again. */
static void
many(struct net *n, const struct out_request *q, size_t all, size_t at_once)
{
	struct err e = ERR_INIT;
	size_t begun = 0, was = done_n;

	unsent_n = 0;
	while (done_n - was < all + unsent_n) {
		while (begun < all + unsent_n &&
		    begun - (done_n - was) < at_once) {
			assert_int_equal(net_begin(n, q, "", done, NULL, &e),
			    0);
			begun++;
		}
		assert_true(net_step(n, 100, -1, &e) >= 0);
	}
	assert_in_range(unsent_n, 0, all / 100);
}

/* nginx says GOAWAY after so many requests: what it had not begun goes to
 * another connection, what it had is not sent again. */
static void
a_server_that_closes_loses_and_doubles_nothing(void **state)
{
	struct net *n = start();
	struct out_request q = post(url_of(bye_port, "/made"));

	(void)state;
	complete_n = 0;
	many(n, &q, 3000, 40);
	assert_int_equal(complete_n, 3000);	/* none is unsure */
	net_free(n);
	for (int i = 0; i < 200 && logged("bye") < 3000; i++)
		usleep(20000);
	assert_int_equal(logged("bye"), 3000);
}

/* The edge that stalled (DESIGN section 2): a hundred streams a connection. */
static void
a_hundred_at_once_do_not_stall(void **state)
{
	struct net *n = start();
	struct out_request q = post(url_of(port, "/made"));
	int64_t begun = clock_mono();

	(void)state;
	complete_n = 0;
	many(n, &q, 12000, 100);
	assert_int_equal(complete_n, 12000);
	/* A stall lasts until the time-out of 15 s. */
	assert_true(clock_mono() - begun < 14 * US_PER_S);
	net_free(n);
}

/* --- servers ------------------------------------------------------------------------- */

static struct sockaddr_in
local(int at)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)at) };

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sa;
}

/* Below the range the system gives out: nobody takes it by chance. */
static int
free_port(int *fd)
{
	for (;;) {
		int at = 20000 + (int)rand_below(12000);
		struct sockaddr_in sa = local(at);

		*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(*fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
			return at;
		close(*fd);
	}
}

static int
set_up(void **state)
{
	char script[8192];
	int fd[2], status;
	pid_t pid;

	(void)state;
	memcpy(dir, "/tmp/gpnet.XXXXXX", 18);
	assert_non_null(mkdtemp(dir));
	port = free_port(&fd[0]);
	bye_port = free_port(&fd[1]);
	silent_port = free_port(&silent_fd);
	assert_int_equal(listen(silent_fd, 8), 0);
	close(fd[0]);
	close(fd[1]);
	snprintf(script, sizeof(script), "exec 2>/dev/null; cd %s\n"
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
	    "-nodes -keyout ca.key -out ca.crt -subj /CN=t -days 2\n"
	    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	    "-keyout tls.key -out tls.csr -subj /CN=localhost\n"
	    "echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' > ext\n"
	    "openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key "
	    "-CAcreateserial -extfile ext -out tls.crt -days 2\n"
	    "chmod 755 .; mkdir -p tmp www && head -c 300000 /dev/zero > www/big\n"
	    "cat > nginx.conf <<END\n"
	    "daemon off; worker_processes 1; pid %s/pid;\n"
	    "error_log %s/error.log warn;\n"
	    "events { worker_connections 512; }\n"
	    "http {\n"
	    "client_body_temp_path tmp; proxy_temp_path tmp;\n"
	    "fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;\n"
	    "ssl_certificate tls.crt; ssl_certificate_key tls.key;\n"
	    "server { listen 0.0.0.0:%d ssl http2; access_log off;\n"
	    " keepalive_requests 10000000;\n"
	    " location /made { add_header Location https://localhost/m/1 "
	    "always; return 201; }\n"
	    " location /later { add_header Retry-After 7 always; return 429; }"
	    "\n location /never { add_header Retry-After 999999999999999 "
	    "always; return 429; }\n location /dated { add_header Retry-After "
	    "'Fri, 01 Jan 2099 00:00:00 GMT' always; return 429; }"
	    "\n location /moved { return 307 https://localhost:1/; }\n"
	    " location /text { return 200 hello; }\n"
	    " location /big { root www; }\n"
	    "}\n"
	    "server { listen 127.0.0.1:%d ssl http2; access_log bye.log;\n"
	    " keepalive_requests 50; location / { return 201; }\n"
	    "}\n}\nEND\n", dir, dir, dir, port, bye_port);
	if ((pid = fork()) == 0) {
		execl("/bin/sh", "sh", "-euc", script, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	if ((nginx = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		snprintf(script, sizeof(script), "PATH=$PATH:/usr/sbin exec "
		    "nginx -p %s -c nginx.conf", dir);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 500; i++) {
		struct sockaddr_in sa = local(bye_port);
		int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int rc;

		rc = connect(c, (struct sockaddr *)&sa, sizeof(sa));
		close(c);
		if (rc == 0)
			break;
		if (i == 499)
			fail_msg("nginx does not start");
		usleep(10000);
	}
	snprintf(script, sizeof(script), "%s/ca.crt", dir);
	set("GATEPOST_EGRESS_CA", script);
	return 0;
}

static int
tear_down(void **state)
{
	char script[128];
	pid_t pid;

	(void)state;
	kill(nginx, SIGTERM);
	waitpid(nginx, NULL, 0);
	close(silent_fd);
	snprintf(script, sizeof(script), "rm -rf %s", dir);
	if ((pid = fork()) == 0) {
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_told_whole),
		cmocka_unit_test(an_endless_answer_is_cut),
		cmocka_unit_test(what_did_not_leave_is_told_so),
		cmocka_unit_test(only_https_without_line_breaks_begins),
		cmocka_unit_test(
		    a_name_that_leads_inside_is_refused_at_connect),
		cmocka_unit_test(
		    a_server_that_closes_loses_and_doubles_nothing),
		cmocka_unit_test(a_hundred_at_once_do_not_stall),
	};
	struct err e = ERR_INIT;

	log_init("test_net", LOG_ERROR_);
	if (conf_load(NULL, &e) < 0)
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
