/*
 * test_keyring.c - base/keyring: key files, made, read, refused and turned.
 */
#include "base/clock.h"
#include "base/keyring.h"
#include "vectors.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEX	"000102030405060708090a0b0c0d0e0f" \
	"101112131415161718191a1b1c1d1e1f"
#define NOW_S	INT64_C(1790000000)

static char dir[64];

static void
at(char out[200], const char *name)
{
	snprintf(out, 200, "%s/%s", dir, name);
}

static void
put(const char *name, const char *text, unsigned mode)
{
	struct err e = ERR_INIT;
	char path[200];

	at(path, name);
	if (file_write(path, text, strlen(text), mode, &e) < 0)
		fail_msg("%s", e.detail);
}

static void
drop(const char *name)
{
	char path[200];

	at(path, name);
	assert_int_equal(unlink(path), 0);
}

/* Every file's name and bytes, in one number that does not know order. */
static uint64_t
picture(const char *sub)
{
	struct arena *a = arena_new((size_t)1 << 20);
	struct err e = ERR_INIT;
	char path[200], *text;
	struct dirent *d;
	uint8_t h[32];
	uint64_t sum = 0, v;
	DIR *in;
	size_t n;

	at(path, sub);
	assert_non_null(in = opendir(path));
	while ((d = readdir(in)) != NULL) {
		if (d->d_type != DT_REG)
			continue;
		snprintf(path, sizeof(path), "%s/%s/%.60s", dir, sub,
		    d->d_name);
		assert_int_equal(file_read(a, path, 10000, &text, &n, &e), 0);
		text = arena_printf(a, "%s %s", path, text);
		sha256(h, text, strlen(text));
		memcpy(&v, h, sizeof(v));
		sum += v;
	}
	closedir(in);
	arena_free(a);
	return sum;
}

static int
setup(void **state)
{
	char path[200];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/gp-keyring.XXXXXX");
	assert_non_null(mkdtemp(dir));
	at(path, "keys");
	snprintf(dir, sizeof(dir), "%.60s", path);
	clock_test_set(NOW_S * US_PER_S);
	return 0;
}

static int
teardown(void **state)
{
	char cmd[200];
	pid_t pid;
	int status;

	(void)state;
	clock_test_set(0);
	snprintf(cmd, sizeof(cmd), "%s", dir);
	*strrchr(cmd, '/') = '\0';
	if ((pid = fork()) == 0) {
		execl("/bin/rm", "rm", "-rf", "--", cmd, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void
generated_keys_load_and_are_never_overwritten(void **state)
{
	static const char *const files[] = { "refresh.key", "code.key",
	    "seal.key", "mac.key", "pepper.key", "vapid.pem" };
	struct err e = ERR_INIT;
	struct keyring k;
	struct stat st;
	char path[200];
	uint64_t before;
	size_t i;

	(void)state;
	assert_int_equal(keyring_generate(dir, &e), 7);
	for (i = 0; i < COUNT_OF(files); i++) {
		at(path, files[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	at(path, "token");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	before = picture(".") + picture("token");
	assert_int_equal(keyring_generate(dir, &e), 0);
	assert_true(before == picture(".") + picture("token"));
	drop("mac.key");
	assert_int_equal(keyring_generate(dir, &e), 1);
	assert_false(before == picture(".") + picture("token"));

	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_int_equal(k.tokens, 1);
	assert_int_equal(k.refreshes, 1);
	assert_int_equal(k.refresh[0].id, 1);
	assert_true(k.pepper.set);
	assert_non_null(k.vapid);
	assert_int_equal(strlen(k.vapid_public_b64), 87);
	assert_true(p256_point_valid(k.vapid_public));
	assert_memory_not_equal(k.code, k.seal, 32);
	assert_memory_not_equal(k.seal, k.mac, 32);
	assert_ptr_equal(keyring_signer(&k, NOW_S * US_PER_S), &k.token[0]);
	keyring_free(&k);
}

/* Two at once end with one set, each file made by one of them. */
static void
two_that_generate_at_once_agree(void **state)
{
	struct err e = ERR_INIT;
	int round, i, status, made;
	pid_t pid[4];
	struct keyring k;

	(void)state;
	for (round = 0; round < 5; round++) {
		assert_true(keyring_generate(dir, &e) >= 0);
		drop("code.key");
		drop("seal.key");
		drop("vapid.pem");
		fflush(NULL);
		for (i = 0; i < 4; i++)
			if ((pid[i] = fork()) == 0)
				_exit(keyring_generate(dir, &e));
		for (i = made = 0; i < 4; i++) {
			assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
			assert_true(WIFEXITED(status));
			made += WEXITSTATUS(status);
		}
		assert_int_equal(made, 3);
		assert_int_equal(keyring_load(&k, dir, &e), 0);
		keyring_free(&k);
	}
}

static void
formats_are_as_the_header_says(void **state)
{
	struct err e = ERR_INIT;
	struct keyring k;
	uint8_t want[32];

	(void)state;
	assert_int_equal(keyring_generate(dir, &e), 7);
	unhex(want, 32, HEX);
	put("token/abc1.key", HEX "\nuse_from 1790000100\n"
	    "verify_until 1790000900\n", 0600);
	put("token/old.key", HEX "\nuse_from 1\nverify_until 1789999999\n",
	    0600);
	put("token/.abc2.key.tmp", "rubbish", 0600);
	put("token/README", "rubbish", 0644);
	put("refresh.prev.key", HEX "\n200", 0600);
	put("pepper.key", HEX "\r\n7\r\n", 0600);
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_int_equal(k.tokens, 2);		/* old has ended */
	assert_string_equal(k.token[0].kid, "abc1");
	assert_memory_equal(k.token[0].key, want, 32);
	assert_true(k.token[0].use_from_us == 1790000100 * US_PER_S);
	assert_true(k.token[0].verify_until_us == 1790000900 * US_PER_S);
	assert_int_equal(k.refreshes, 2);
	assert_int_equal(k.refresh[1].id, 200);
	assert_int_equal(k.pepper.id, 7);
	/* Not before its time, not after its end. */
	assert_ptr_equal(keyring_signer(&k, 1790000099 * US_PER_S),
	    &k.token[1]);
	assert_ptr_equal(keyring_signer(&k, 1790000100 * US_PER_S),
	    &k.token[0]);
	assert_ptr_equal(keyring_signer(&k, 1790000900 * US_PER_S),
	    &k.token[1]);
	assert_null(keyring_signer(&k, (NOW_S - 1) * US_PER_S));
	keyring_free(&k);
	drop("refresh.prev.key");
	drop("pepper.key");
	drop("vapid.pem");
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_int_equal(k.refreshes, 1);
	assert_false(k.pepper.set);
	assert_null(k.vapid);
	keyring_free(&k);
}

/* Both keys verify at any time; which of them makes new codes is a matter of
 * the clock, the same for every process; and no turn drops a key that a code on
 * its way may be of. */
static void
s28_the_key_of_codes_turns(void **state)
{
	const int64_t from = NOW_S + 5;
	struct err e = ERR_INIT;
	uint8_t old[32], new[32];
	struct keyring k;

	(void)state;
	assert_true(keyring_generate(dir, &e) >= 0);
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	memcpy(old, k.code, 32);
	assert_memory_equal(keyring_code(&k, NOW_S * US_PER_S, 0), old, 32);
	assert_null(keyring_code(&k, NOW_S * US_PER_S, 1));
	keyring_free(&k);

	assert_int_equal(keyring_code_rotate(dir, from, &e), 0);
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_memory_equal(k.code, old, 32);
	memcpy(new, k.code_next.key, 32);
	assert_memory_not_equal(new, old, 32);
	assert_memory_equal(keyring_code(&k, from * US_PER_S - 1, 0), old, 32);
	assert_memory_equal(keyring_code(&k, from * US_PER_S - 1, 1), new, 32);
	assert_memory_equal(keyring_code(&k, from * US_PER_S, 0), new, 32);
	assert_memory_equal(keyring_code(&k, from * US_PER_S, 1), old, 32);
	assert_null(keyring_code(&k, from * US_PER_S, 2));
	keyring_free(&k);

	/* Too soon; and later the old one goes. */
	assert_int_equal(keyring_code_rotate(dir, from, &e), -1);
	assert_string_equal(e.code, "too_soon");
	err_clear(&e);
	clock_test_set((from + KEYRING_CODE_TURN_S) * US_PER_S);
	assert_int_equal(keyring_code_rotate(dir, from + 2000, &e), 0);
	clock_test_set(NOW_S * US_PER_S);
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_memory_equal(k.code, new, 32);
	assert_memory_not_equal(k.code_next.key, old, 32);
	assert_memory_not_equal(k.code_next.key, new, 32);
	keyring_free(&k);
}

static void
bad_files_refuse_the_start_and_are_named(void **state)
{
	static const struct { const char *file, *text; unsigned mode; }
	    rows[] = {
		{ "code.key", HEX "\n", 0640 },
		{ "code.key", HEX "\n", 0604 },
		{ "code.key", HEX "\n", 0610 },
		{ "vapid.pem", "x", 0644 },
		{ "token/t.key", HEX "\nuse_from 1\n", 0660 },
		{ "code.key", "", 0600 },
		{ "code.key", "00", 0600 },
		{ "code.key", HEX "00\n", 0600 },
		{ "code.key", "zz" HEX, 0600 },
		{ "code.key", HEX "\n1\n", 0600 },
		{ "code.next.key", HEX "\n", 0600 },
		{ "code.next.key", HEX "\nuse_from x\n", 0600 },
		{ "code.next.key", HEX "\nuse_from 1\n", 0640 },
		{ "refresh.key", HEX "\n", 0600 },
		{ "refresh.key", HEX "\n0\n", 0600 },
		{ "refresh.key", HEX "\n256\n", 0600 },
		{ "refresh.key", HEX "\n1\n2\n", 0600 },
		{ "refresh.prev.key", HEX "\n1\n", 0600 },	/* same id */
		{ "refresh.prev.key", HEX "\n", 0600 },
		{ "pepper.key", HEX "\nx\n", 0600 },
		{ "vapid.pem", "no PEM", 0600 },
		{ "token/t.key", HEX "\n", 0600 },
		{ "token/t.key", HEX "\nuse_from\n", 0600 },
		{ "token/t.key", HEX "\nuse_from x\n", 0600 },
		{ "token/t.key", HEX "\nuse_from 99999999999999999\n", 0600 },
		{ "token/t.key", HEX "\nuse_from 1\nuse_from 2\n", 0600 },
		{ "token/t.key", HEX "\nuse_from 1\nverify_until 2\nx\n",
		    0600 },
	};
	char path[200];
	struct keyring k;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct err e = ERR_INIT;
		bool made;

		print_message("row %zu\n", i);
		assert_true(keyring_generate(dir, &e) >= 0);
		assert_int_equal(keyring_load(&k, dir, &e), 0);
		keyring_free(&k);
		at(path, rows[i].file);
		made = access(path, F_OK) == 0;
		if (made)
			drop(rows[i].file);
		put(rows[i].file, rows[i].text, rows[i].mode);
		assert_int_equal(keyring_load(&k, dir, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.detail, rows[i].file));
		drop(rows[i].file);
	}
}

static void
what_is_needed_must_be_there(void **state)
{
	static const char *const needed[] = { "refresh.key", "code.key",
	    "seal.key", "mac.key" };
	struct err e = ERR_INIT;
	char path[200];
	struct keyring k;
	size_t i;

	(void)state;
	assert_int_equal(keyring_load(&k, dir, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	for (i = 0; i < COUNT_OF(needed); i++) {
		assert_true(keyring_generate(dir, &e) > 0);
		drop(needed[i]);
		assert_int_equal(keyring_load(&k, dir, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.detail, needed[i]));
	}
	assert_true(keyring_generate(dir, &e) > 0);
	/* A directory, and a pipe, in the place of a key. */
	drop("mac.key");
	at(path, "mac.key");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(keyring_load(&k, dir, &e), -1);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(keyring_load(&k, dir, &e), -1);
	assert_int_equal(unlink(path), 0);
}

static const struct jws_key *
find(const struct keyring *k, const char *kid)
{
	size_t i;

	for (i = 0; i < k->tokens; i++)
		if (strcmp(k->token[i].kid, kid) == 0)
			return &k->token[i];
	return NULL;
}

static void
s17_turning_ends_the_old_keys_after_their_last_token(void **state)
{
	struct err e = ERR_INIT;
	char first[JWS_KID_MAX + 1], kid[JWS_KID_MAX + 1];
	const struct jws_key *old, *new;
	struct keyring k;
	int i;

	(void)state;
	assert_int_equal(keyring_generate(dir, &e), 7);
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	text_copy(first, sizeof(first), k.token[0].kid);
	keyring_free(&k);
	/* Rounded up: never used earlier than asked. */
	assert_int_equal(keyring_rotate(dir, (NOW_S + 60) * US_PER_S + 1, 900,
	    kid, &e), 0);
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_int_equal(k.tokens, 2);
	assert_non_null(old = find(&k, first));
	assert_non_null(new = find(&k, kid));
	assert_memory_not_equal(old->key, new->key, 32);
	assert_true(new->use_from_us == (NOW_S + 61) * US_PER_S);
	assert_true(new->verify_until_us == 0);
	assert_true(old->verify_until_us == (NOW_S + 961) * US_PER_S);
	assert_ptr_equal(keyring_signer(&k, (NOW_S + 60) * US_PER_S), old);
	assert_ptr_equal(keyring_signer(&k, (NOW_S + 61) * US_PER_S), new);
	keyring_free(&k);
	/* A second turn leaves an end that stands. */
	assert_int_equal(keyring_rotate(dir, (NOW_S + 200) * US_PER_S, 900,
	    kid, &e), 0);
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_int_equal(k.tokens, 3);
	assert_true(find(&k, first)->verify_until_us ==
	    (NOW_S + 961) * US_PER_S);
	keyring_free(&k);
	/* Bounded: as many as a reader takes, then refused, unchanged. */
	for (i = 3; i < KEYRING_TOKENS_MAX; i++)
		assert_int_equal(keyring_rotate(dir, NOW_S * US_PER_S, 900,
		    kid, &e), 0);
	assert_int_equal(keyring_rotate(dir, NOW_S * US_PER_S, 900, kid, &e),
	    -1);
	assert_string_equal(e.code, "too_many_keys");
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_int_equal(k.tokens, KEYRING_TOKENS_MAX);
	keyring_free(&k);
	/* Later the ended ones make room, and their files go. */
	clock_test_set((NOW_S + 5000) * US_PER_S);
	assert_int_equal(keyring_rotate(dir, (NOW_S + 5000) * US_PER_S, 900,
	    kid, &e), 0);
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_true(k.tokens < 4);
	assert_null(find(&k, first));
	keyring_free(&k);
	assert_int_equal(keyring_rotate(dir, INT64_MAX, INT64_MAX, kid, &e),
	    -1);
}

/* Wait until keyring_refresh may look again: once a second. */
static void
refresh_later(struct keyring *k)
{
	k->looked_us -= 2 * US_PER_S;
	keyring_refresh(k, dir);
}

static void
changes_are_seen_and_faults_keep_the_old_keys(void **state)
{
	struct err e = ERR_INIT;
	struct keyring k;
	char kid[JWS_KID_MAX + 1];
	uint8_t code[32];
	uint64_t seen;

	(void)state;
	assert_int_equal(keyring_generate(dir, &e), 7);
	assert_int_equal(keyring_load(&k, dir, &e), 0);
	assert_int_equal(keyring_rotate(dir, NOW_S * US_PER_S, 900, kid, &e),
	    0);
	keyring_refresh(&k, dir);		/* too early to look */
	assert_int_equal(k.tokens, 1);
	refresh_later(&k);
	assert_int_equal(k.tokens, 2);
	assert_non_null(find(&k, kid));
	assert_non_null(k.vapid);
	seen = k.seen;
	refresh_later(&k);			/* nothing changed */
	assert_true(k.seen == seen && k.tokens == 2);
	memcpy(code, k.code, 32);
	put("code.key", "broken\n", 0600);
	refresh_later(&k);
	assert_int_equal(k.tokens, 2);
	assert_memory_equal(k.code, code, 32);
	assert_true(k.failed != 0);
	put("code.key", HEX "\n", 0600);
	refresh_later(&k);
	unhex(code, 32, HEX);
	assert_memory_equal(k.code, code, 32);
	assert_true(k.failed == 0);
	keyring_free(&k);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(generated_keys_load_and_are_never_overwritten),
		T(two_that_generate_at_once_agree),
		T(formats_are_as_the_header_says),
		T(s28_the_key_of_codes_turns),
		T(bad_files_refuse_the_start_and_are_named),
		T(what_is_needed_must_be_there),
		T(s17_turning_ends_the_old_keys_after_their_last_token),
		T(changes_are_seen_and_faults_keep_the_old_keys),
	};

	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
