/*
 * test_crypto.c - base/crypto: digests, HMAC, HKDF and sealing, by published
 * vectors, and what is refused.
 */
#include "base/crypto.h"
#include "base/rand.h"
#include "vectors.h"

#include <sys/wait.h>
#include <unistd.h>

static void
digests_match_fips_180(void **state)
{
	static const struct { const char *in, *sha256, *sha1; } rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb924"
		    "27ae41e4649b934ca495991b7852b855",
		    "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad",
		    "a9993e364706816aba3e25717850c26c9cd0d89d" },
	};
	uint8_t out[32];
	char hex[65];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		sha256(out, rows[i].in, strlen(rows[i].in));
		hex_encode(hex, out, 32);
		assert_string_equal(hex, rows[i].sha256);
		sha1(out, rows[i].in, strlen(rows[i].in));
		hex_encode(hex, out, 20);
		assert_string_equal(hex, rows[i].sha1);
	}
}

static void
hkdf_matches_rfc_5869(void **state)
{
	/* Appendix A.1, A.2, A.3. */
	static const struct { const char *ikm, *salt, *info, *okm; } rows[] = {
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		    "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
		    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56"
		    "ecc4c5bf34007208d5b887185865" },
		{ "000102030405060708090a0b0c0d0e0f101112131415161718191a1b"
		    "1c1d1e1f202122232425262728292a2b2c2d2e2f30313233343536"
		    "3738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
		    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b"
		    "7c7d7e7f808182838485868788898a8b8c8d8e8f90919293949596"
		    "9798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
		    "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacb"
		    "cccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6"
		    "e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
		    "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c"
		    "19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09"
		    "b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87" },
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
		    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f"
		    "3c738d2d9d201395faa4b61a96c8" },
	};
	uint8_t ikm[80], salt[80], info[80], want[82], got[82];
	size_t i, ikm_n, salt_n, info_n, n;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		ikm_n = unhex(ikm, sizeof(ikm), rows[i].ikm);
		salt_n = unhex(salt, sizeof(salt), rows[i].salt);
		info_n = unhex(info, sizeof(info), rows[i].info);
		n = unhex(want, sizeof(want), rows[i].okm);
		hkdf_sha256(got, n, salt, salt_n, ikm, ikm_n, info, info_n);
		print_message("row %zu\n", i);
		assert_memory_equal(got, want, n);
	}
}

/* Everything a call wrote to fd 2 and its exit status, in a child. */
static int
exit_of(void (*fn)(void))
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	assert_true((pid = fork()) >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
hkdf_too_long(void)
{
	static uint8_t out[8161];

	hkdf_sha256(out, sizeof(out), "", 0, "x", 1, "", 0);
}

static void
h3_hkdf_judged_by_wycheproof(void **state)
{
	struct json *j = vectors_open("wycheproof_hkdf_sha256.json"), *t, *g;
	static uint8_t got[8200], want[8200];
	uint8_t ikm[256], salt[256], info[256];
	size_t a, b, n, ikm_n, salt_n, info_n, judged = 0;

	(void)state;
	for (a = 0; (g = json_at(json_get(j, "testGroups"), a)) != NULL; a++)
		for (b = 0; (t = json_at(json_get(g, "tests"), b)) != NULL;
		    b++) {
			n = (size_t)vec_int(t, "size");
			if (strcmp(vec_str(t, "result"), "invalid") == 0) {
				/* Our own bug, so it ends the process. */
				assert_true(n > 8160);
				judged++;
				continue;
			}
			ikm_n = unhex(ikm, sizeof(ikm), vec_str(t, "ikm"));
			salt_n = unhex(salt, sizeof(salt),
			    vec_str(t, "salt"));
			info_n = unhex(info, sizeof(info),
			    vec_str(t, "info"));
			assert_int_equal(unhex(want, sizeof(want),
			    vec_str(t, "okm")), n);
			hkdf_sha256(got, n, salt, salt_n, ikm, ikm_n, info,
			    info_n);
			if (memcmp(got, want, n) != 0)
				fail_msg("tcId %d", (int)vec_int(t, "tcId"));
			judged++;
		}
	assert_int_equal(judged, vec_int(j, "numberOfTests"));
	json_free(j);
	assert_int_equal(exit_of(hkdf_too_long), 70);
}

static void
h3_hmac_judged_by_wycheproof(void **state)
{
	struct json *j = vectors_open("wycheproof_hmac_sha256.json"), *t, *g;
	uint8_t key[256], msg[512], tag[32], got[32];
	size_t a, b, key_n, msg_n, tag_n, judged = 0;
	bool valid;

	(void)state;
	for (a = 0; (g = json_at(json_get(j, "testGroups"), a)) != NULL; a++)
		for (b = 0; (t = json_at(json_get(g, "tests"), b)) != NULL;
		    b++) {
			key_n = unhex(key, sizeof(key), vec_str(t, "key"));
			msg_n = unhex(msg, sizeof(msg), vec_str(t, "msg"));
			tag_n = unhex(tag, sizeof(tag), vec_str(t, "tag"));
			valid = strcmp(vec_str(t, "result"), "valid") == 0;
			hmac_sha256(got, key, key_n, msg, msg_n);
			if (secret_equal(got, tag_n, tag, tag_n) != valid)
				fail_msg("tcId %d", (int)vec_int(t, "tcId"));
			judged++;
		}
	assert_int_equal(judged, vec_int(j, "numberOfTests"));
	json_free(j);
}

static void
hmac_of_parts_is_hmac_of_the_whole(void **state)
{
	const struct crypto_part parts[] = { { "ab", 2 }, { NULL, 0 },
	    { "c", 1 } };
	uint8_t whole[32], joined[32];

	(void)state;
	hmac_sha256(whole, "k", 1, "abc", 3);
	hmac_sha256_parts(joined, "k", 1, parts, COUNT_OF(parts));
	assert_memory_equal(whole, joined, 32);
	/* An empty key is a key, not "the last one". */
	hmac_sha256(whole, NULL, 0, "abc", 3);
	hmac_sha256(joined, "\0\0\0", 3, "abc", 3);
	assert_memory_equal(whole, joined, 32);
}

static void
secrets_compare_by_length_and_bytes(void **state)
{
	char wiped[] = "secret";
	size_t i;

	(void)state;
	assert_true(secret_equal("abc", 3, "abc", 3));
	assert_true(secret_equal(NULL, 0, NULL, 0));
	assert_false(secret_equal("abc", 3, "abd", 3));
	assert_false(secret_equal("abc", 3, "abc", 2));
	secret_wipe(wiped, sizeof(wiped));
	for (i = 0; i < sizeof(wiped); i++)
		assert_int_equal(wiped[i], 0);
	secret_wipe(NULL, 4);
}

static void
sealed_opens_only_in_its_row_with_its_key(void **state)
{
	uint8_t key[32], other[32], blob[100 + SEAL_EXTRA], plain[100];
	uint8_t again[100 + SEAL_EXTRA], out[100];
	size_t n, i;

	(void)state;
	rand_fill(key, sizeof(key));
	rand_fill(other, sizeof(other));
	for (n = 0; n <= sizeof(plain); n += 20) {
		rand_fill(plain, sizeof(plain));
		seal(blob, key, "job:7", 5, plain, n);
		seal(again, key, "job:7", 5, plain, n);
		assert_memory_not_equal(blob, again, n + SEAL_EXTRA);
		assert_int_equal(blob[0], 1);
		assert_int_equal(seal_open(out, key, "job:7", 5, blob,
		    n + SEAL_EXTRA), 0);
		assert_memory_equal(out, plain, n);
		assert_int_equal(seal_open(out, key, "job:8", 5, blob,
		    n + SEAL_EXTRA), -1);
		assert_int_equal(seal_open(out, key, "job:7", 4, blob,
		    n + SEAL_EXTRA), -1);
		assert_int_equal(seal_open(out, other, "job:7", 5, blob,
		    n + SEAL_EXTRA), -1);
		for (i = 0; i < n + SEAL_EXTRA; i++) {
			assert_int_equal(seal_open(out, key, "job:7", 5,
			    blob, i), -1);
			blob[i] ^= 0x40;
			assert_int_equal(seal_open(out, key, "job:7", 5,
			    blob, n + SEAL_EXTRA), -1);
			blob[i] ^= 0x40;
		}
	}
	/* Nothing unproved stays behind. */
	blob[SEAL_EXTRA] ^= 1;
	memset(out, 1, sizeof(out));
	assert_int_equal(seal_open(out, key, "job:7", 5, blob,
	    sizeof(blob)), -1);
	for (i = 0; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_match_fips_180),
		cmocka_unit_test(hkdf_matches_rfc_5869),
		cmocka_unit_test(h3_hkdf_judged_by_wycheproof),
		cmocka_unit_test(h3_hmac_judged_by_wycheproof),
		cmocka_unit_test(hmac_of_parts_is_hmac_of_the_whole),
		cmocka_unit_test(secrets_compare_by_length_and_bytes),
		cmocka_unit_test(sealed_opens_only_in_its_row_with_its_key),
	};

	crypto_init();
	crypto_init();		/* idempotent */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
