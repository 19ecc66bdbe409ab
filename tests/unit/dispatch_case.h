/*
 * dispatch_case.h - a dispatcher on a table of the test's own, with real keys,
 * real access tokens and real shared memory: what test_dispatch (no database)
 * and test_api_dispatch (a private MariaDB) share.
 */
#ifndef GP_TEST_DISPATCH_CASE_H
#define GP_TEST_DISPATCH_CASE_H

#include "http_case.h"
#include "api/dispatch.h"
#include "auth/grant.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/shm.h"

#include <sys/wait.h>
#include <unistd.h>

struct ping { const char *text; struct opt_int n; };
static const struct field ping_rows[] = {
	FIELD_TEXT(struct ping, text, "text", 0, 100, 0),
	FIELD_OF(FT_INT, struct ping, n, "n", 0, 9, 0),
};
static const struct fieldset ping_fields =
    FIELDSET(struct ping, ping_rows, IN_BODY);
static const struct fieldset none_fields = FIELDSET_NONE;

static char case_dir[64];
static struct keyring case_keys;
static struct shm *case_shm;
static struct dispatch case_d;
static struct wire w;
static unsigned handled;		/* calls that reached a handler */
static struct caller seen;		/* the last one's caller */

static int
ping(struct call *c, const void *in, struct err *e UNUSED)
{
	const struct ping *p = in;
	struct jw *j;

	handled++;
	seen = c->who;
	j = resp_json(c->resp, 200);
	jw_str(j, "text", p == NULL ? NULL : p->text);
	jw_str(j, "param", c->param[0]);
	resp_json_end(c->resp);
	return 0;
}

static inline int
case_setup(const struct route *table, size_t rows)
{
	struct err e = ERR_INIT;
	char path[100];

	snprintf(case_dir, sizeof(case_dir), "/tmp/gpdispatch.XXXXXX");
	if (mkdtemp(case_dir) == NULL || conf_load(NULL, &e) < 0)
		return -1;
	log_init("test", LOG_ERROR_);
	crypto_init();
	snprintf(path, sizeof(path), "%s/keys", case_dir);
	if (keyring_generate(path, &e) < 0 ||
	    keyring_load(&case_keys, path, &e) < 0)
		return -1;
	token_use(&case_keys);
	snprintf(path, sizeof(path), "%s/shm", case_dir);
	if ((case_shm = shm_create(path, &e)) == NULL)
		return -1;
	grant_use(case_shm);
	case_d = (struct dispatch){ .table = table, .rows = rows,
	    .pool = POOL_MAIN, .db = db_new(DB_API),
	    .arena = arena_new(DISPATCH_ARENA), .shm = case_shm };
	return 0;
}

static inline int
case_teardown(void)
{
	int status = -1;
	pid_t pid;

	wire_fini(&w);
	db_free(case_d.db);
	arena_free(case_d.arena);
	shm_close(case_shm);
	keyring_free(&case_keys);
	if ((pid = fork()) == 0) {
		execlp("rm", "rm", "-r", case_dir, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ?
	    0 : -1;
}

static inline void
conf_is(const char *key, const char *value)
{
	struct err e = ERR_INIT;

	if (conf_set(key, value, &e) < 0)
		fail_msg("%s: %s", key, e.detail);
}

/* A fresh access token of a user as `c` says; valid until the next call. */
static inline const char *
token_for(struct access_claims c)
{
	static char out[2048];
	struct arena *a = arena_new(0);
	struct err e = ERR_INIT;
	const char *t;

	c.session_id = 77;
	c.iat_s = clock_now() / US_PER_S;
	c.exp_s = c.iat_s + 900;
	c.session_end_s = c.iat_s + 9000;
	if (c.auth_s == 0)
		c.auth_s = c.iat_s;
	c.amr = "pwd";
	c.email = "";
	c.country = "ZZ";
	if (access_make(a, &c, &t, &e) < 0)
		fail_msg("%s", e.detail);
	snprintf(out, sizeof(out), "Bearer %s", t);
	arena_free(a);
	return out;
}

static inline void
as(const char *source, const char *authorization)
{
	wire_set(&w, "GATEPOST_AUTH_SOURCE", source);
	wire_set(&w, "HTTP_AUTHORIZATION", authorization);
}

static inline void
start(const char *method, const char *uri)
{
	wire_fini(&w);
	wire_init(&w, method, uri);
}

/* Serve what was built; the status. */
static inline int
go(void)
{
	struct transport t = wire_transport(&w);

	shm_publish(case_shm, NULL, 0, clock_now());
	handled = 0;
	memset(&seen, 0, sizeof(seen));
	buf_reset(&w.out);
	w.at = 0;
	assert_int_equal(dispatch_serve(&case_d, &t), 0);
	return wire_status(&w);
}

static inline bool
code_is(const char *code)
{
	char want[80];

	snprintf(want, sizeof(want), "\"code\":\"%s\"", code);
	return strstr(wire_answer(&w), want) != NULL;
}

#define EXPECT(status, code) do {					\
	int got_ = go();						\
	if (got_ != (status) || ((code)[0] != '\0' && !code_is(code)))	\
		fail_msg("%d, wanted %d %s: %s", got_, (status), (code),	\
		    buf_text(&w.out));					\
	assert_int_equal(handled, (status) < 300 ? 1 : 0);		\
} while (0)

#endif
