/*
 * auth_case.h - what the tests of the auth room share: real keys, a real
 * MariaDB with its users' rights, real shared memory, somebody who asks.
 */
#ifndef GP_TEST_AUTH_CASE_H
#define GP_TEST_AUTH_CASE_H

#include "dbtest.h"
#include "auth/grant.h"
#include "auth/token.h"
#include "base/shm.h"
#include "base/text.h"
#include "queue/secret.h"

static char case_dir[64];
static struct keyring keys;
static struct shm *shm;
static struct db *db, *ctl, *worker;	/* each as its own database user */
static struct arena *a;
static struct req q;

static inline void
case_config(const char *key, const char *value)
{
	struct err e = ERR_INIT;

	if (conf_set(key, value, &e) < 0)
		fail_msg("%s: %s", key, e.detail);
}

/* Who asks: a browser of 192.0.2.7. */
static inline void
case_request(void)
{
	q = (struct req){ .arena = a, .request_id = "0123456789abcdef"
	    "0123456789abcdef", .remote_addr = "192.0.2.7", .country = "IR",
	    .user_agent = "test", .device_cookie = "", .refresh_cookie = "",
	    .authorization = "" };
}

static inline int
case_setup(void **state)
{
	char path[100];

	(void)state;
	snprintf(case_dir, sizeof(case_dir), "/tmp/gpauth.XXXXXX");
	if (mkdtemp(case_dir) == NULL)
		return -1;
	case_config("GATEPOST_RUN_DIR", case_dir);
	snprintf(path, sizeof(path), "%s/keys", case_dir);
	ok(keyring_generate(path, e));
	ok(keyring_load(&keys, path, e));
	token_use(&keys);
	job_secret_use(keys.seal);
	snprintf(path, sizeof(path), "%s/shm", case_dir);
	ok((shm = shm_create(path, e)) == NULL ? -1 : 0);
	grant_use(shm);
	db = db_new(DB_API);
	ctl = db_new(DB_CTL);
	worker = db_new(DB_WORKER);
	a = arena_new((size_t)16 << 20);
	ok(db_prove(db, e));
	case_request();
	return 0;
}

static inline int
case_teardown(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	arena_free(a);
	db_free(db);
	db_free(ctl);
	db_free(worker);
	shm_close(shm);
	keyring_free(&keys);
	if ((pid = fork()) == 0) {
		execlp("rm", "rm", "-r", case_dir, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

/* Before each test: nobody, nothing, a list that is fresh. */
static inline int
case_empty(void **state)
{
	(void)state;
	arena_reset(a);
	case_request();
	clock_test_set(0);
	shm_publish(shm, NULL, 0, clock_now());
	dbtest_sql(ctl, "DELETE FROM session; DELETE FROM revocation;"
	    "DELETE FROM user; DELETE FROM otp; DELETE FROM throttle;"
	    "DELETE FROM audit; DELETE FROM user_salt; DELETE FROM job;"
	    "DELETE FROM notification; DELETE FROM known_device;"
	    "DELETE FROM sms_spend; DELETE FROM sms_charge;"
	    "DELETE FROM sms_prefix;"
	    "UPDATE lease SET owner = 0, ends_at = '2000-01-01'");
	return 0;
}

/* An account with a proved phone. */
static inline void
case_user(struct user *u)
{
	static unsigned n;
	char phone[20];
	struct user_new new = { .reg_key = rand_id(), .phone = phone,
	    .phone_verified = true, .is_active = true, .first_name = "Ada",
	    .locale = "en" };
	uint64_t id = 0;

	snprintf(phone, sizeof(phone), "+98912%07u", ++n);
	ok(user_insert(db, &new, &id, e));
	ok(user_find(db, a, id, u, e));
}

/* Formatted SQL, as the owner of the database. */
static inline void PRINTF(1, 2)
case_sql(const char *fmt, ...)
{
	char sql[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	dbtest_sql(ctl, sql);
}

static inline long PRINTF(1, 2)
case_num(const char *fmt, ...)
{
	char sql[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	return dbtest_num(ctl, sql);
}

/* The call must fail with this code. */
#define code_is(want, call) do {					\
	struct err ci_e_ = ERR_INIT;					\
	struct err *e = &ci_e_;						\
	assert_int_equal((call), -1);					\
	if (strcmp(e->code, (want)) != 0)				\
		fail_msg("%s: %s, not %s: %s", #call, e->code, (want),	\
		    e->detail);						\
} while (0)

/* In a child: connections of its own. */
static inline void
case_child(void)
{
	db_forget(db);
	db_forget(ctl);
	db_forget(worker);
	db = db_new(DB_API);
	a = arena_new((size_t)4 << 20);
	case_request();
}

#endif
