/*
 * test_auth_constant_time.c - nothing branches on a secret that is being
 * compared (S27).
 *
 * The program runs itself under valgrind.  Whatever a MAC or a slow hash is
 * computed to is marked as never written, so memcheck reports each jump and
 * each address that depends on it.  The one way out is the verdict of
 * secret_equal: it is what the client is told.  The linker wraps these
 * functions (Makefile.am).
 *
 * Not covered: libargon2 and libcrypt compare inside; both do so in constant
 * time by their own account.
 */
#include "auth_case.h"

#include "auth/facebook.h"
#include "auth/otp.h"
#include "auth/password_old.h"
#include "auth/pow.h"
#include "base/crypto.h"
#include "base/json.h"

#if __has_include(<valgrind/memcheck.h>) && !defined(__SANITIZE_ADDRESS__)
#include <valgrind/memcheck.h>
#define CAN_WATCH	1
#else
#define CAN_WATCH	0
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n)	((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n)		((void)(p), (void)(n))
#define VALGRIND_COUNT_ERRORS	0u
#define RUNNING_ON_VALGRIND	0
#endif

static bool watching;		/* what is computed is secret ... */
static const void *watched_key;	/* ... by this key; NULL: by any */
static unsigned verdicts;	/* times that secret_equal was asked meanwhile */

bool	__real_secret_equal(const void *a, size_t an, const void *b,
	    size_t bn);
bool	__wrap_secret_equal(const void *a, size_t an, const void *b,
	    size_t bn);
void	__real_hmac_sha256(uint8_t mac[32], const void *key, size_t key_n,
	    const void *p, size_t n);
void	__wrap_hmac_sha256(uint8_t mac[32], const void *key, size_t key_n,
	    const void *p, size_t n);
void	__real_hmac_sha256_parts(uint8_t mac[32], const void *key,
	    size_t key_n, const struct crypto_part *part, size_t n);
void	__wrap_hmac_sha256_parts(uint8_t mac[32], const void *key,
	    size_t key_n, const struct crypto_part *part, size_t n);
void	__real_kdf_pbkdf2(uint8_t *out, size_t out_n, enum kdf_digest digest,
	    const char *password, const void *salt, size_t salt_n,
	    unsigned rounds);
void	__wrap_kdf_pbkdf2(uint8_t *out, size_t out_n, enum kdf_digest digest,
	    const char *password, const void *salt, size_t salt_n,
	    unsigned rounds);

bool
__wrap_secret_equal(const void *a, size_t an, const void *b, size_t bn)
{
	bool same = __real_secret_equal(a, an, b, bn);

	if (watching) {
		verdicts++;
		VALGRIND_MAKE_MEM_DEFINED(&same, sizeof(same));
	}
	return same;
}

void
__wrap_hmac_sha256(uint8_t mac[32], const void *key, size_t key_n,
    const void *p, size_t n)
{
	__real_hmac_sha256(mac, key, key_n, p, n);
	if (watching && (watched_key == NULL || watched_key == key))
		VALGRIND_MAKE_MEM_UNDEFINED(mac, 32);
}

void
__wrap_hmac_sha256_parts(uint8_t mac[32], const void *key, size_t key_n,
    const struct crypto_part *part, size_t n)
{
	__real_hmac_sha256_parts(mac, key, key_n, part, n);
	if (watching && (watched_key == NULL || watched_key == key))
		VALGRIND_MAKE_MEM_UNDEFINED(mac, 32);
}

void
__wrap_kdf_pbkdf2(uint8_t *out, size_t n, enum kdf_digest digest,
    const char *password, const void *salt, size_t salt_n, unsigned rounds)
{
	__real_kdf_pbkdf2(out, n, digest, password, salt, salt_n, rounds);
	if (watching)
		VALGRIND_MAKE_MEM_UNDEFINED(out, n);
}

/* The call must ask secret_equal, and nothing else may look. */
#define WATCHED(call) do {						\
	unsigned before_ = VALGRIND_COUNT_ERRORS, found_;		\
	int got_;							\
									\
	verdicts = 0;							\
	watching = true;						\
	got_ = (call);							\
	(void)got_;							\
	watching = false;						\
	found_ = VALGRIND_COUNT_ERRORS - before_;			\
	if (found_ != 0)						\
		fail_msg("%s: %u jumps on a secret", #call, found_);	\
	if (verdicts == 0)						\
		fail_msg("%s: secret_equal was not asked", #call);	\
} while (0)

/* Were it not so, everything below would prove nothing. */
static void
s27_the_watch_sees_a_memcmp(void **state UNUSED)
{
	uint8_t mac[32], guess[32] = { 0 };
	unsigned before, after;
	volatile int got;

	watching = true;
	hmac_sha256(mac, "key", 3, "text", 4);
	watching = false;
	before = VALGRIND_COUNT_ERRORS;
	got = memcmp(mac, guess, sizeof(mac));
	if (got == 0)
		print_message("equal\n");
	after = VALGRIND_COUNT_ERRORS;	/* a constant without valgrind */
	assert_int_not_equal(after, before);
	WATCHED((hmac_sha256(mac, "key", 3, "text", 4), secret_equal(mac,
	    sizeof(mac), guess, sizeof(guess))));
}

/* A guess that differs at this character. */
static char *
spoilt(const char *text, size_t at)
{
	char *s = arena_strdup(a, text);

	s[at] = s[at] == 'B' ? 'C' : 'B';
	return s;
}

static void
s27_refresh_tokens(void **state UNUSED)
{
	char t[REFRESH_TEXT];
	uint64_t id;
	uint32_t n;

	refresh_make(t, 7, 3);
	WATCHED(refresh_parse(t, &id, &n));
	for (size_t i = strlen(t) - 20; i < strlen(t) - 1; i += 6)
		WATCHED(refresh_parse(spoilt(t, i), &id, &n));
}

static void
s27_access_tokens(void **state UNUSED)
{
	struct access_claims c = { .user_id = 7, .session_id = 9,
	    .iat_s = clock_now() / US_PER_S, .amr = "pwd", .email = "",
	    .country = "" };
	const char *t;
	size_t n;

	c.exp_s = c.iat_s + 900;
	c.session_end_s = c.iat_s + 9000;
	ok(access_make(a, &c, &t, e));
	n = strlen(t);
	for (size_t i = n - 43; i < n - 1; i += 7) {
		struct err e = ERR_INIT;

		WATCHED(access_check(a, spoilt(t, i), n, &c, &e));
	}
	/* from the cache of those seen before */
	ok(access_check(a, t, n, &c, e));
	for (size_t i = 0; i < 2; i++) {
		struct err e = ERR_INIT;

		WATCHED(access_check(a, t, n, &c, &e));
	}
}

static void
s27_one_time_codes(void **state UNUSED)
{
	struct otp_start s = { .purpose = OTP_RESET, .channel = "sms",
	    .locale = "en" };
	char rid[REGISTER_ID_TEXT];
	struct otp_flow f;
	struct user u;

	case_user(&u);
	s.user_id = u.id;
	s.target = u.phone;
	ok(otp_begin(db, &q, &s, rid, e));
	/* the throttle's subject is a MAC too, and no secret to the database */
	watched_key = keys.code;
	for (int i = 0; i < 3; i++) {
		struct err e = ERR_INIT;

		WATCHED(otp_check(db, a, &q, rid, "000000", &f, &e));
	}
	watched_key = NULL;
}

static void
s27_passwords_of_other_software(void **state UNUSED)
{
	/* Django's form; whether it is the right one is no matter here */
	static const char *const row[] = {
		"pbkdf2_sha256$1000$salt$"
		    "aRZdLkErtp1AmfJtdfCGcTtf2jz0ZFu3gqFwB4T1sBQ=",
		"pbkdf2_sha1$1000$salt$Cu1EvLXp8jTjYOkcCkYJZdYrRBQ=",
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct err e = ERR_INIT;
		struct old_hash o;

		ok(old_parse(row[i], &o, e));
		WATCHED(old_verify(&o, "password", &e));
	}
}

static void
s27_proofs_of_work_and_signed_requests(void **state UNUSED)
{
	struct err e = ERR_INIT;
	const char *who = NULL;
	int64_t at;
	struct pow p;

	pow_make(&p);
	WATCHED(pow_check(db, arena_printf(a, "%s:1", spoilt(p.text,
	    strlen(p.text) - 5)), &e));
	WATCHED(facebook_signed_request(a, "secret",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.e30", &who, &at));
}

#define T(f) cmocka_unit_test_setup(f, case_empty)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(s27_the_watch_sees_a_memcmp),
		T(s27_refresh_tokens),
		T(s27_access_tokens),
		T(s27_one_time_codes),
		T(s27_passwords_of_other_software),
		T(s27_proofs_of_work_and_signed_requests),
	};

	if (!CAN_WATCH) {
		fprintf(stderr, "no valgrind in this build: skipped\n");
		return 77;
	}
	if (!RUNNING_ON_VALGRIND) {
		if (argc > 1) {
			fprintf(stderr, "valgrind runs, but does not say"
			    " so\n");
			return 1;
		}
		execlp("valgrind", "valgrind", "-q", "--leak-check=no",
		    "--error-limit=no", argv[0], "again", (char *)NULL);
		fprintf(stderr, "valgrind is not installed: skipped\n");
		return 77;
	}
	dbtest_begin("test_auth_constant_time");
	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
