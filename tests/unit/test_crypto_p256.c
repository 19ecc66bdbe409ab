/*
 * test_crypto_p256.c - base/crypto: the curve, by published vectors; points,
 * keys, signatures and PEM files that are refused.
 */
#include "base/crypto.h"
#include "base/rand.h"
#include "pems.h"
#include "vectors.h"

static void
h3_ecdh_judged_by_wycheproof(void **state)
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
		cmocka_unit_test(h3_ecdh_judged_by_wycheproof),
		cmocka_unit_test(points_off_the_curve_are_refused),
		cmocka_unit_test(private_keys_outside_the_range_are_refused),
		cmocka_unit_test(both_sides_derive_the_same),
		cmocka_unit_test(signatures_verify_and_nothing_else_does),
		cmocka_unit_test(ecdsa_special_cases_of_wycheproof_are_refused),
		cmocka_unit_test(pem_forms_are_read),
		cmocka_unit_test(other_pems_are_refused),
	};

	crypto_init();
	crypto_init();		/* idempotent */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
