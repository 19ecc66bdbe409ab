/*
 * test_crypto.c - base/crypto: published vectors, and what is refused.
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
hkdf_judged_by_wycheproof(void **state)
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
hmac_judged_by_wycheproof(void **state)
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

static void
ecdh_judged_by_wycheproof(void **state)
{
	struct json *j = vectors_open("wycheproof_ecdh_secp256r1_ecpoint."
	    "json"), *t, *g;
	uint8_t point[160], d[40], want[32], got[32], *scalar;
	size_t a, b, point_n, d_n, judged = 0, refused = 0;
	struct p256_key *k;
	const char *result;
	bool ok;

	(void)state;
	for (a = 0; (g = json_at(json_get(j, "testGroups"), a)) != NULL; a++)
		for (b = 0; (t = json_at(json_get(g, "tests"), b)) != NULL;
		    b++) {
			judged++;
			result = vec_str(t, "result");
			point_n = unhex(point, sizeof(point),
			    vec_str(t, "public"));
			memset(d, 0, sizeof(d));
			/* Some come with a zero in front, some short. */
			d_n = strlen(vec_str(t, "private")) / 2;
			assert_true(d_n <= 33);
			scalar = d + (d_n > 32 ? 0 : 32 - d_n);
			unhex(scalar, sizeof(d) - 32 + d_n,
			    vec_str(t, "private"));
			if ((k = p256_from_raw(d_n > 32 ? d + 1 : d)) == NULL)
				fail_msg("tcId %d", (int)vec_int(t, "tcId"));
			/* Callers hand over 65 bytes or nothing. */
			ok = point_n == 65 && p256_point_valid(point) &&
			    p256_derive(got, k, point) == 0;
			if (point_n == 65 &&
			    p256_point_valid(point) != ok)
				fail_msg("derive and valid disagree, tcId "
				    "%d", (int)vec_int(t, "tcId"));
			p256_free(k);
			/* The one "acceptable" is a compressed point. */
			if (ok != (strcmp(result, "valid") == 0))
				fail_msg("tcId %d", (int)vec_int(t, "tcId"));
			if (!ok) {
				refused++;
				continue;
			}
			assert_int_equal(unhex(want, sizeof(want),
			    vec_str(t, "shared")), 32);
			if (memcmp(got, want, 32) != 0)
				fail_msg("tcId %d", (int)vec_int(t, "tcId"));
		}
	assert_int_equal(judged, vec_int(j, "numberOfTests"));
	assert_true(refused >= 20);
	json_free(j);
}

static void
points_off_the_curve_are_refused(void **state)
{
	struct p256_key *k = p256_new();
	uint8_t point[65], out[32];
	int i;

	(void)state;
	p256_public(k, point);
	assert_true(p256_point_valid(point));
	for (i = 0; i < 256; i++) {
		if (i == 4)
			continue;
		point[0] = (uint8_t)i;		/* also hybrid, 6 and 7 */
		assert_false(p256_point_valid(point));
		assert_int_equal(p256_derive(out, k, point), -1);
	}
	point[0] = 4;
	point[64] ^= 1;
	assert_false(p256_point_valid(point));
	assert_int_equal(p256_derive(out, k, point), -1);
	memset(point + 1, 0, 64);
	assert_false(p256_point_valid(point));
	memset(point + 1, 0xff, 64);		/* coordinates ≥ p */
	assert_false(p256_point_valid(point));
	p256_free(k);
	p256_free(NULL);
}

static void
private_keys_outside_the_range_are_refused(void **state)
{
	static const char order[] = "ffffffff00000000ffffffffffffffff"
	    "bce6faada7179e84f3b9cac2fc632551";
	uint8_t d[32], back[32];
	struct p256_key *k;

	(void)state;
	memset(d, 0, sizeof(d));
	assert_null(p256_from_raw(d));
	memset(d, 0xff, sizeof(d));
	assert_null(p256_from_raw(d));
	unhex(d, sizeof(d), order);
	assert_null(p256_from_raw(d));
	d[31]--;
	assert_non_null(k = p256_from_raw(d));
	p256_private(k, back);
	assert_memory_equal(back, d, 32);
	p256_free(k);
}

static void
both_sides_derive_the_same(void **state)
{
	uint8_t pa[65], pb[65], da[32], sa[32], sb[32];
	struct p256_key *a, *b, *again;
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		a = p256_new();
		b = p256_new();
		p256_public(a, pa);
		p256_public(b, pb);
		assert_int_equal(p256_derive(sa, a, pb), 0);
		assert_int_equal(p256_derive(sb, b, pa), 0);
		assert_memory_equal(sa, sb, 32);
		p256_private(a, da);
		again = p256_from_raw(da);
		p256_public(again, pb);
		assert_memory_equal(pa, pb, 65);
		p256_free(a);
		p256_free(b);
		p256_free(again);
	}
}

static void
signatures_verify_and_nothing_else_does(void **state)
{
	struct p256_key *k = p256_new(), *other = p256_new();
	uint8_t point[65], sig[64], zero[64] = { 0 };
	size_t i;

	(void)state;
	p256_public(k, point);
	for (i = 0; i < 50; i++) {	/* some r or s begin with zeros */
		p256_sign(k, sig, "text", 4);
		assert_true(p256_verify(point, sig, "text", 4));
	}
	assert_false(p256_verify(point, sig, "texT", 4));
	assert_false(p256_verify(point, zero, "text", 4));
	for (i = 0; i < 64; i++) {
		sig[i] ^= 1;
		assert_false(p256_verify(point, sig, "text", 4));
		sig[i] ^= 1;
	}
	p256_public(other, point);
	assert_false(p256_verify(point, sig, "text", 4));
	point[64] ^= 1;
	assert_false(p256_verify(point, sig, "text", 4));
	p256_free(k);
	p256_free(other);
}

static void
ecdsa_special_cases_of_wycheproof_are_refused(void **state)
{
	struct json *j = vectors_open("wycheproof_json_web_signature.json");
	struct json *g, *t, *pub;
	const char *jws, *dot;
	size_t a, b, judged = 0;
	uint8_t point[65], sig[600];
	ssize_t n;
	bool ok;

	(void)state;
	for (a = 0; (g = json_at(json_get(j, "testGroups"), a)) != NULL; a++) {
		if (strcmp(vec_str(g, "comment"), "SpecialCaseEs256") != 0)
			continue;
		pub = json_get(g, "public");
		point[0] = 4;
		assert_int_equal(unb64(point + 1, 32, vec_str(pub, "x")), 32);
		assert_int_equal(unb64(point + 33, 32, vec_str(pub, "y")), 32);
		for (b = 0; (t = json_at(json_get(g, "tests"), b)) != NULL;
		    b++, judged++) {
			jws = vec_str(t, "jws");
			assert_non_null(dot = strrchr(jws, '.'));
			n = b64url_decode(sig, sizeof(sig), dot + 1,
			    strlen(dot + 1));
			ok = n == 64 && p256_verify(point, sig, jws,
			    (size_t)(dot - jws));
			if (ok != (strcmp(vec_str(t, "result"),
			    "valid") == 0))
				fail_msg("tcId %d", (int)vec_int(t, "tcId"));
		}
	}
	assert_int_equal(judged, 24);
	json_free(j);
}

/* Made by OpenSSL 3.0.22 for this test; the key is used nowhere. */
static const char pem_params[] =
"-----BEGIN EC PARAMETERS-----\n"
"BggqhkjOPQMBBw==\n"
"-----END EC PARAMETERS-----\n";
static const char pem_sec1[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"MHcCAQEEIOwYBYM3qR/3VVJlmQ2+zSnpa2C4IB3x3bUIx0GF0rheoAoGCCqGSM49\n"
"AwEHoUQDQgAEJHJ6I9V+PVBr3JuhCydkwJQlu4ZlgevHkfAi8OYemmnXf58cKg5a\n"
"5MU4iLjgmzgUjwyYZ5CPEzwVQcubp4gwWA==\n"
"-----END EC PRIVATE KEY-----\n";
static const char pem_pkcs8[] =
"-----BEGIN PRIVATE KEY-----\n"
"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7BgFgzepH/dVUmWZ\n"
"Db7NKelrYLggHfHdtQjHQYXSuF6hRANCAAQkcnoj1X49UGvcm6ELJ2TAlCW7hmWB\n"
"68eR8CLw5h6aadd/nxwqDlrkxTiIuOCbOBSPDJhnkI8TPBVBy5uniDBY\n"
"-----END PRIVATE KEY-----\n";
static const char pem_public[] =
"-----BEGIN PUBLIC KEY-----\n"
"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJHJ6I9V+PVBr3JuhCydkwJQlu4Zl\n"
"gevHkfAi8OYemmnXf58cKg5a5MU4iLjgmzgUjwyYZ5CPEzwVQcubp4gwWA==\n"
"-----END PUBLIC KEY-----\n";
static const char pem_encrypted[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"Proc-Type: 4,ENCRYPTED\n"
"DEK-Info: AES-128-CBC,8B8AE3D670B766AD250BE89F0E8C2CC6\n"
"\n"
"L5+jt23jq+cYVE1ebOer7h6FXHsRXr0QNaMOBzD5ImAJq5QS0d5w101ZjsINjg8m\n"
"ggSqIYHsa6Rw4mg7NBZRtlQbRkjtClQCGZCxvmtqHf3fxyhv8yV2z/JmuzdJnCyb\n"
"2602VlvKTtQMPocHsguHnSFGvtbpCGRiB0RGggD4KNk=\n"
"-----END EC PRIVATE KEY-----\n";
static const char pem_p384[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"MIGkAgEBBDCLDLO8EO5CoeSR1wd5D+pdTSUlTHAuN3UYu7uwKds5YFFtA+4TiI94\n"
"w5uMxfK1YcagBwYFK4EEACKhZANiAARoaOjUM6SNaYt007uTHX25Wxogr2TrfIv8\n"
"QTxp1tMbfvlQLvOADjXjE72/tY4qdsl+Bh7nNVitxatKYG7VV0QK3RRCkH7CgavU\n"
"4LfyDv12wVxkNyUuKbQ+hbmZcXf9P/o=\n"
"-----END EC PRIVATE KEY-----\n";
static const char pem_rsa[] =
"-----BEGIN PRIVATE KEY-----\n"
"MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKgGbZzaEQ640O6D\n"
"J0RtqJ4gU+erksaxzgtf3jgN/4IrND5Mil9zZHbL+swVsWGKJQpl2MDk17zgXeLP\n"
"jpD45CMJq/PVOWmC09x4mBfF/ODiC1ImTh7gv7d6eVPjIOooQQ5xPKAfbnxu0cxe\n"
"N4wAvmf+dAJa+e1JJVLN3dmQ+pixAgMBAAECgYAIn+vYdUkS3GG9HHZTiN1y4G3u\n"
"IlxyXoYZB168uds3r0gLOpqPs7igcG/7MdHdE9463md130lDpLCtB8JlpqDvJjE1\n"
"nDaARk10nzhoQiaAKWe8LZU7PI50K8ZSD1LEEO42sohUM3FUwo6J653sbjOmOyJa\n"
"voz2Y/0r3t3L41fVAQJBANABYIswT1eM4PD5INcbWM49kn0zRv3TG+DdXE1/lwc8\n"
"u14W4gDzs6BiSvtnKooTyjsIBeD77XvMriD9TYPqzQkCQQDOy3ctG/AZy3pptiN8\n"
"N4ArjgI5SHDdAxP5AEeEN3Ctx8b+hbmSCOxt/olw1Aen+R5QAoVjLz2F2IBy6hQH\n"
"6IBpAkADmwKBZyT474g2pRrcn6y6ZnbTlL/2RmKFU1D2Ru/nQDY/O0ZPnenPLeT+\n"
"1pr2KcGnpEv1ymgjbTjXeYyObNOBAkByT3ByZAYmDB9/veoBqSBVcytxhMS2txPc\n"
"SbY+tPK5bTxnx33b5sjiyJgq4VnWFVQXQD2BpURp71KZsyEdef05AkEAxD05kdCk\n"
"ILhrJ5lUz1sNzi9Mw+450ydUUL8/sVkY7Gah59084murolLdtjs9bHlkl2Ja0/cZ\n"
"5Qo8U9wOSEpxiA==\n"
"-----END PRIVATE KEY-----\n";
static const char pem_secp256k1[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"MHQCAQEEIMbefGEmgu2UKDtnHUV2Sa4yNDo//EkLQTTndnaiSVXjoAcGBSuBBAAK\n"
"oUQDQgAEW1PMPo2pdEbXZk2pOCZzLnae1BS1YlX6kXNEYZhj39o1o0vm9EiqReei\n"
"Oi//gO5HtzDi15lmU4YlTJfYxkYOjg==\n"
"-----END EC PRIVATE KEY-----\n";
static const char pem_other_public[] =
"-----BEGIN EC PRIVATE KEY-----\n"
"MHcCAQEEIOwYBYM3qR/3VVJlmQ2+zSnpa2C4IB3x3bUIx0GF0rheoAoGCCqGSM49\n"
"AwEHoUQDQgAEbFTS2JC+YC9BgTiq5U/YeSG9yUAUSdalujGatcfTvvsBA9Lpisyc\n"
"3uv5eLk/Sh57L5HxwVZTfV0jmte9ybXZTg==\n"
"-----END EC PRIVATE KEY-----\n";

static void
pem_forms_are_read(void **state)
{
	char both[2048], pem[P256_PEM_MAX];
	struct p256_key *k, *again;
	uint8_t a[65], b[65];

	(void)state;
	assert_non_null(k = p256_from_pem(pem_sec1, strlen(pem_sec1)));
	p256_public(k, a);
	p256_free(k);
	snprintf(both, sizeof(both), "%s%s", pem_params, pem_sec1);
	assert_non_null(k = p256_from_pem(both, strlen(both)));
	p256_public(k, b);
	assert_memory_equal(a, b, 65);
	p256_free(k);
	assert_non_null(k = p256_from_pem(pem_pkcs8, strlen(pem_pkcs8)));
	p256_public(k, b);
	assert_memory_equal(a, b, 65);
	p256_pem(k, pem);
	assert_non_null(again = p256_from_pem(pem, strlen(pem)));
	p256_public(again, b);
	assert_memory_equal(a, b, 65);
	p256_free(k);
	p256_free(again);
}

static void
other_pems_are_refused(void **state)
{
	static const char *const rows[] = { "", "garbage", pem_params,
	    pem_public, pem_encrypted, pem_p384, pem_rsa, pem_secp256k1,
	    pem_other_public, "-----BEGIN EC PRIVATE KEY-----\nAAAA\n"
	    "-----END EC PRIVATE KEY-----\n" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		print_message("row %zu\n", i);
		assert_null(p256_from_pem(rows[i], strlen(rows[i])));
	}
	/* Cut anywhere, it is refused or whole but for its line end. */
	for (i = 0; i + 2 < strlen(pem_sec1); i++)
		assert_null(p256_from_pem(pem_sec1, i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_match_fips_180),
		cmocka_unit_test(hkdf_matches_rfc_5869),
		cmocka_unit_test(hkdf_judged_by_wycheproof),
		cmocka_unit_test(hmac_judged_by_wycheproof),
		cmocka_unit_test(hmac_of_parts_is_hmac_of_the_whole),
		cmocka_unit_test(secrets_compare_by_length_and_bytes),
		cmocka_unit_test(sealed_opens_only_in_its_row_with_its_key),
		cmocka_unit_test(ecdh_judged_by_wycheproof),
		cmocka_unit_test(points_off_the_curve_are_refused),
		cmocka_unit_test(private_keys_outside_the_range_are_refused),
		cmocka_unit_test(both_sides_derive_the_same),
		cmocka_unit_test(signatures_verify_and_nothing_else_does),
		cmocka_unit_test(
		    ecdsa_special_cases_of_wycheproof_are_refused),
		cmocka_unit_test(pem_forms_are_read),
		cmocka_unit_test(other_pems_are_refused),
	};

	crypto_init();
	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
