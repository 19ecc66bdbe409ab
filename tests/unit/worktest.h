/*
 * worktest.h - a whole worker beside a real MariaDB (tests/lib/with-mariadb)
 * and the sandbox's providers.  Included by one .c file a program.
 */
#ifndef GP_TESTS_WORKTEST_H
#define GP_TESTS_WORKTEST_H

#include "dbtest.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/keyring.h"
#include "base/text.h"
#include "channel/providers/webpush.h"
#include "queue/bell.h"
#include "queue/enqueue.h"
#include "queue/secret.h"
#include "store/job.h"
#include "worker/loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

static struct {
	char		 dir[64], run[80], ca[96];
	struct keyring	 keys;
	pid_t		 sandbox;
	int		 http, push;
	struct db	*api, *root;
	struct worker_setup setup;
} wt;

static inline void
wt_shell(const char *cmd)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-euc", cmd, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s: status %d", cmd, status);
}

static inline char *
wt_text(const char *fmt, ...)
{
	static char text[8][8192];
	static unsigned at;
	char *to = text[at++ % 8];
	va_list ap;

	va_start(ap, fmt);
	assert_true(vsnprintf(to, sizeof(text[0]), fmt, ap) <
	    (int)sizeof(text[0]));
	va_end(ap);
	return to;
}

static inline void
wt_set(const char *key, const char *value)
{
	ok(conf_set(key, value, e));
}

/* --- the sandbox ----------------------------------------------------------- */

/* One exchange with its JSON API; the answer's body, heap. */
static inline char *
wt_sandbox(const char *method, const char *path, const char *body)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)wt.http) };
	char *all = calloc(1, 4u << 20), *start, head[512];
	size_t have = 0;
	ssize_t n;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	snprintf(head, sizeof(head), "%s %s HTTP/1.0\r\nHost: localhost:%d\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    method, path, wt.http, body == NULL ? (size_t)0 : strlen(body));
	assert_true(write(fd, head, strlen(head)) > 0);
	if (body != NULL)
		assert_true(write(fd, body, strlen(body)) > 0);
	while ((n = read(fd, all + have, (4u << 20) - 1 - have)) > 0)
		have += (size_t)n;
	close(fd);
	all[have] = '\0';
	if (have < 12 || all[9] != '2')
		fail_msg("%s %s: %.300s", method, path, all);
	start = strstr(all, "\r\n\r\n");
	assert_non_null(start);
	memmove(all, start + 4, strlen(start + 4) + 1);
	return all;
}

static inline struct json *
wt_json(char *text)
{
	struct json *j = NULL;

	ok(json_parse(text, strlen(text), JSON_PLAIN, 0, &j, e));
	free(text);
	return j;
}

static inline void
wt_faults(const char *provider, const char *json)
{
	if (provider == NULL)
		free(wt_sandbox("DELETE", "/faults", NULL));
	else
		free(wt_sandbox("PUT", wt_text("/faults/%s", provider), json));
}

/* Messages that arrived, of a channel and to whom (NULL: all). */
static inline struct json *
wt_arrived(const char *channel, const char *to)
{
	struct arena *a = arena_new(1 << 16);
	struct json *j = wt_json(wt_sandbox("GET", wt_text(
	    "/messages?channel=%s%s%s", channel, to == NULL ? "" : "&to=",
	    to == NULL ? "" : url_encode(a, to)), NULL));

	arena_free(a);
	return j;
}

static inline size_t
wt_count(const char *channel, const char *to)
{
	struct json *j = wt_arrived(channel, to);
	size_t n = json_len(j);

	json_free(j);
	return n;
}

static inline void
wt_sandbox_start(void)
{
	const char *top = getenv("top_srcdir");
	char ready[128], *text;
	struct arena *a = arena_new(1 << 16);
	struct json *j;
	int64_t v;
	size_t n;

	wt_shell(wt_text("cd %s && openssl req -x509 -newkey ec -pkeyopt "
	    "ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt "
	    "-subj /CN=worktest -days 2 2>/dev/null && openssl req -newkey ec"
	    " -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out "
	    "tls.csr -subj /CN=localhost 2>/dev/null && printf "
	    "'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' > ext && openssl "
	    "x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial "
	    "-extfile ext -out tls.crt -days 2 2>/dev/null", wt.dir));
	snprintf(ready, sizeof(ready), "%s/ready.json", wt.dir);
	if ((wt.sandbox = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("node", "node", wt_text("%s/tests/sandbox/sandbox.js",
		    top == NULL ? "." : top), "--tls-cert",
		    wt_text("%s/tls.crt", wt.dir), "--tls-key",
		    wt_text("%s/tls.key", wt.dir), "--ready-file", ready,
		    (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 1000 && access(ready, R_OK) != 0; i++)
		usleep(20000);
	ok(file_read(a, ready, 65536, &text, &n, e));
	ok(json_parse(text, n, JSON_PLAIN, 0, &j, e));
	assert_int_equal(json_int(json_get(j, "http"), &v), 1);
	wt.http = (int)v;
	assert_int_equal(json_int(json_get(j, "push"), &v), 1);
	wt.push = (int)v;
	wt_set("GATEPOST_EGRESS_ALLOW", wt_text("localhost:%d", wt.push));
	assert_int_equal(json_int(json_get(j, "kavenegar"), &v), 1);
	wt_set("GATEPOST_KAVENEGAR_URL", wt_text("https://localhost:%d",
	    (int)v));
	assert_int_equal(json_int(json_get(j, "expo"), &v), 1);
	wt_set("GATEPOST_EXPO_URL", wt_text("https://localhost:%d", (int)v));
	assert_int_equal(json_int(json_get(j, "smtp"), &v), 1);
	wt_set("EMAIL_PORT", wt_text("%d", (int)v));
	json_free(j);
	arena_free(a);
}

/* --- life --------------------------------------------------------------------- */

static inline void
wt_begin(const char *prog)
{
	struct err err = ERR_INIT;

	dbtest_begin(prog);
	crypto_init();
	memcpy(wt.dir, "/tmp/gpwork.XXXXXX", 19);
	assert_non_null(mkdtemp(wt.dir));
	snprintf(wt.run, sizeof(wt.run), "%s/run", wt.dir);
	snprintf(wt.ca, sizeof(wt.ca), "%s/ca.crt", wt.dir);
	assert_int_equal(mkdir(wt.run, 0700), 0);
	assert_int_equal(mkdir(wt_text("%s/keys", wt.dir), 0700), 0);
	wt_set("GATEPOST_RUN_DIR", wt.run);
	wt_set("GATEPOST_KEY_DIR", wt_text("%s/keys", wt.dir));
	wt_set("GATEPOST_EGRESS_CA", wt.ca);
	wt_set("KAVENEGAR_API_KEY", "sandbox-kavenegar-key");
	wt_set("EMAIL_HOST", "localhost");
	wt_set("EMAIL_HOST_USER", "sandbox");
	wt_set("EMAIL_HOST_PASSWORD", "sandbox-smtp-password");
	wt_set("DEFAULT_FROM_EMAIL", "Gatepost <noreply@example.org>");
	wt_set("VAPID_SUBJECT", "mailto:ops@example.org");
	wt_set("GATEPOST_PROVIDER_TIMEOUT_MS", "1500");
	wt_sandbox_start();
	ok(keyring_generate(conf_str(CONF_KEY_DIR), e));
	if (keyring_load(&wt.keys, conf_str(CONF_KEY_DIR), &err) < 0)
		fail_msg("%s", err.detail);
	job_secret_use(wt.keys.seal);
	ok(webpush_setup(&wt.keys, e));
	wt.api = db_new(DB_API);
	wt.root = db_new(DB_CTL);
	wt.setup = (struct worker_setup){ .run_dir = wt.run,
	    .seat_owner = rand_id(), .inflight = 96, .lease_s = 5,
	    .batch = 256 };
}

static inline void
wt_end(void)
{
	db_free(wt.api);
	db_free(wt.root);
	keyring_free(&wt.keys);
	kill(wt.sandbox, SIGTERM);
	waitpid(wt.sandbox, NULL, 0);
	wt_shell(wt_text("rm -rf %s", wt.dir));
}

static inline void
wt_term(int sig)
{
	(void)sig;
	worker_stop();
}

/* A worker in a process of its own. */
static inline pid_t
wt_worker(void)
{
	struct err e = ERR_INIT;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, wt_term);
	rand_after_fork();
	db_forget(wt.api);
	db_forget(wt.root);
	if (getenv("WT_LOG") != NULL)
		log_init("worker", LOG_DEBUG_);
	if (worker_run(&wt.setup, &e) < 0) {
		fprintf(stderr, "worker: %s %s\n", e.code, e.detail);
		_exit(1);
	}
	_exit(0);
}

static inline void
wt_stop(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Drain what is due, here and now. */
static inline void
wt_once(void)
{
	int status;
	pid_t pid;

	wt.setup.run_once = true;
	pid = wt_worker();
	wt.setup.run_once = false;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline void
wt_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* --- rows ------------------------------------------------------------------------ */

/* One value of the database, by a formatted query; "" for none. */
#define wt_ask(...) dbtest_ask(wt.root, wt_text(__VA_ARGS__))

#define wt_do(...) do {							\
	const char *do_sql_ = wt_text(__VA_ARGS__);			\
	ok(db_script(wt.root, do_sql_, e));				\
} while (0)

static inline bool
wt_becomes(const char *want, int ms, const char *sql)
{
	for (int64_t end = clock_mono() + ms * INT64_C(1000);;) {
		if (strcmp(dbtest_ask(wt.root, sql), want) == 0)
			return true;
		if (clock_mono() > end)
			return false;
		usleep(5000);
	}
}

/* Delivery `seq` of n ends so, within ms. */
static inline void
wt_expect(uint64_t n, unsigned seq, const char *state, int ms)
{
	char *sql = wt_text("SELECT state FROM delivery WHERE "
	    "notification_id = %" PRIu64 " AND seq = %u", n, seq);

	if (!wt_becomes(state, ms, sql))
		fail_msg("delivery %" PRIu64 ".%u is '%s' (%s), not '%s'; "
		    "job: %s", n, seq, dbtest_ask(wt.root, sql),
		    strdup(wt_ask("SELECT CONCAT(reason, ' ', attempt_log) "
		    "FROM delivery WHERE notification_id = %" PRIu64
		    " AND seq = %u", n, seq)), state,
		    strdup(wt_ask("SELECT CONCAT('state ', state, ' tries ', "
		    "tries, ' ', last_error, ' in ', TIMESTAMPDIFF(SECOND, "
		    "UTC_TIMESTAMP(), run_at)) FROM job WHERE notification_id"
		    " = %" PRIu64 " AND seq = %u", n, seq)));
}

struct wt_send {
	const char *type, *channel, *content, *audience, *secret, *waiter;
	enum job_class class;
	uint32_t life_s;
};

static inline uint64_t
wt_accept(const struct wt_send *s)
{
	struct enqueue m = { .id = rand_id(), .type = s->type,
	    .class = s->class, .channel = s->channel, .title = "Title",
	    .content = s->content, .audience = s->audience,
	    .life_s = s->life_s == 0 ? 300 : s->life_s,
	    .waiter = s->waiter, .secret = s->secret };
	uint64_t other;
	bool same;

	ok(enqueue(wt.api, &m, &other, &same, e));
	(void)bell_ring(wt.run, "worker");
	return m.id;
}

static inline uint64_t
wt_code(const char *phone)
{
	return wt_accept(&(struct wt_send){ .type = "code", .channel = "sms",
	    .content = "{\"template\":\"code\",\"purpose\":\"login\","
	    "\"minutes\":5,\"site\":\"Gatepost\"}",
	    .audience = wt_text("{\"to\":\"%s\"}", phone),
	    .secret = "{\"code\":\"123456\"}", .class = CLASS_CODE });
}

/* Devices on the sandbox's push service; their ids. */
static inline void
wt_devices(uint64_t *id, size_t n)
{
	struct json *all = wt_json(wt_sandbox("POST", "/push/subscriptions",
	    wt_text("{\"vapid_public_key\":\"%s\",\"count\":%zu}",
	    wt.keys.vapid_public_b64, n)));
	struct json *list = json_get(all, "subscriptions");

	assert_int_equal(json_len(list), n);
	for (size_t i = 0; i < n; i++) {
		struct json *s = json_at(list, i);
		const char *to = json_str(json_get(s, "endpoint"));
		const char *dh = json_str(json_get(json_get(s, "keys"),
		    "p256dh"));
		const char *auth = json_str(json_get(json_get(s, "keys"),
		    "auth"));
		uint8_t p[65], k[16];
		char ph[131], kh[33];

		assert_int_equal(b64_decode_any(p, 65, dh, strlen(dh)), 65);
		assert_int_equal(b64_decode_any(k, 16, auth, strlen(auth)),
		    16);
		hex_encode(ph, p, 65);
		hex_encode(kh, k, 16);
		id[i] = rand_id();
		wt_do("INSERT INTO device (id, kind, target_hash, target, "
		    "p256dh, auth) VALUES (%" PRIu64 ", 'web_push', "
		    "UNHEX(SHA2('%s', 256)), '%s', x'%s', x'%s')", id[i], to,
		    to, ph, kh);
	}
	json_free(all);
}

#define WT_PUSH "{\"title\":\"Hello\",\"body\":\"World\"," \
	"\"url\":\"https://example.org/\"}"

static inline uint64_t
wt_push(const uint64_t *id, size_t n, const char *content)
{
	struct buf b;
	uint64_t made;

	buf_init(&b, 1 << 20);
	buf_str(&b, "{\"device_ids\":[");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s\"%" PRIu64 "\"", i > 0 ? "," : "", id[i]);
	buf_str(&b, "]}");
	made = wt_accept(&(struct wt_send){ .type = "push",
	    .channel = "web_push", .content = content == NULL ? WT_PUSH :
	    content, .audience = buf_text(&b),
	    .class = CLASS_TRANSACTIONAL });
	buf_fini(&b);
	return made;
}

#endif
