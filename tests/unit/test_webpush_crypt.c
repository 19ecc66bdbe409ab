/*
 * test_webpush_crypt.c - encryption of push messages: RFC 8291 Appendix A and
 * RFC 8188 §3.1 byte for byte, and a receiver written from the RFC's other
 * side for every length.
 */
#include "base/crypto.h"
#include "base/rand.h"
#include "channel/providers/webpush_crypt.h"
#include "vectors.h"

/* RFC 8291, Appendix A. */
#define PLAIN		"When I grow up, I want to be a watermelon"
#define AS_PRIVATE	"yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define AS_PUBLIC	"BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vC" \
	"YLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
#define UA_PRIVATE	"q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define UA_PUBLIC	"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AY" \
	"WXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define SALT		"DGv6ra1nlYgDCS1FRnbzlw"
#define AUTH		"BTBZMqHH6r4Tts7J_aSIgg"
#define BODY		"DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSP" \
	"QTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y" \
	"l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxs" \
	"j_Qulcy4a-fN"

static void
h3_rfc_8291_appendix_a_byte_for_byte(void **state)
{
	uint8_t d[32], salt[16], want[200], out[WEBPUSH_BODY_MAX], pub[65];
	struct webpush_fixed fixed = { .salt = salt, .pad = 0 };
	struct err e = ERR_INIT;
	struct webpush_to to;
	struct p256_key *as;
	uint8_t secret[32];
	char b64[100];
	size_t n, want_n;

	(void)state;
	unb64(d, 32, AS_PRIVATE);
	assert_non_null(as = p256_from_raw(d));
	p256_public(as, pub);
	b64url_encode(b64, sizeof(b64), pub, 65);
	assert_string_equal(b64, AS_PUBLIC);
	assert_int_equal(unb64(salt, 16, SALT), 16);
	assert_int_equal(webpush_to_parse(&to, UA_PUBLIC, AUTH, &e), 0);
	assert_int_equal(p256_derive(secret, as, to.p256dh), 0);
	b64url_encode(b64, sizeof(b64), secret, 32);
	assert_string_equal(b64,
	    "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
	fixed.as_private = as;
	assert_int_equal(webpush_encrypt_fixed(out, &n, &to, &fixed, PLAIN,
	    strlen(PLAIN), &e), 0);
	want_n = unb64(want, sizeof(want), BODY);
	assert_int_equal(want_n, 144);
	assert_int_equal(n, want_n);
	assert_memory_equal(out, want, want_n);
	p256_free(as);
}

/* The schedule below RFC 8291: keys from the keying material itself. */
static void
rfc_8188_section_3_1_byte_for_byte(void **state)
{
	static const char plain[] = "I am the walrus\x02";
	uint8_t ikm[16], salt[16], cek[16], nonce[12], out[32], want[53];
	char b64[40];

	(void)state;
	unb64(ikm, 16, "yqdlZ-tYemfogSmv7Ws5PQ");
	unb64(salt, 16, "I1BsxtFttlv3u_Oo94xnmw");
	hkdf_sha256(cek, 16, salt, 16, ikm, 16,
	    "Content-Encoding: aes128gcm", 28);
	hkdf_sha256(nonce, 12, salt, 16, ikm, 16,
	    "Content-Encoding: nonce", 24);
	b64url_encode(b64, sizeof(b64), cek, 16);
	assert_string_equal(b64, "_wniytB-ofscZDh4tbSjHw");
	b64url_encode(b64, sizeof(b64), nonce, 12);
	assert_string_equal(b64, "Bcs8gkIRKLI8GeI8");
	aes128gcm_encrypt(out, cek, nonce, plain, 16);
	assert_int_equal(unb64(want, sizeof(want), "I1BsxtFttlv3u_Oo94xnmwAA"
	    "EAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg"), 53);
	assert_memory_equal(out, want + 21, 32);
}

/*
 * The browser's side.  GCM is a counter mode, so encrypting the ciphertext
 * gives the plaintext back; encrypting that again proves the tag.  Returns
 * the length without padding, -1 when the message is not well made.
 */
static long
receive(const struct p256_key *ua, const uint8_t auth[16],
    const uint8_t *body, size_t n, uint8_t *plain)
{
	uint8_t shared[32], info[144], ikm[32], cek[16], nonce[12];
	uint8_t again[WEBPUSH_BODY_MAX];
	size_t i, m;

	if (n < WEBPUSH_OVERHEAD || n > WEBPUSH_BODY_MAX || body[20] != 65 ||
	    memcmp(body + 16, "\0\0\x10\0", 4) != 0 ||
	    p256_derive(shared, ua, body + 21) < 0)
		return -1;
	m = n - WEBPUSH_HEADER_N - 16;
	memcpy(info, "WebPush: info", 14);
	p256_public(ua, info + 14);
	memcpy(info + 79, body + 21, 65);
	hkdf_sha256(ikm, 32, auth, 16, shared, 32, info, sizeof(info));
	hkdf_sha256(cek, 16, body, 16, ikm, 32,
	    "Content-Encoding: aes128gcm", 28);
	hkdf_sha256(nonce, 12, body, 16, ikm, 32,
	    "Content-Encoding: nonce", 24);
	aes128gcm_encrypt(again, cek, nonce, body + WEBPUSH_HEADER_N, m);
	memcpy(plain, again, m);
	aes128gcm_encrypt(again, cek, nonce, plain, m);
	if (memcmp(again, body + WEBPUSH_HEADER_N, m + 16) != 0)
		return -1;
	for (i = m; i > 0 && plain[i - 1] == 0; i--)
		;
	return i > 0 && plain[i - 1] == 2 ? (long)(i - 1) : -1;
}

static void
every_length_arrives_padded_to_a_step(void **state)
{
	static const size_t steps[] = { 512, 1024, 2048, 2600, 3072, 3584,
	    4096 };
	uint8_t text[WEBPUSH_PLAIN_MAX], out[WEBPUSH_BODY_MAX];
	uint8_t plain[WEBPUSH_BODY_MAX];
	struct p256_key *ua = p256_new();
	struct err e = ERR_INIT;
	struct webpush_to to;
	size_t n, got, i, lengths = 0;

	(void)state;
	assert_int_equal(WEBPUSH_PLAIN_MAX, 3993);
	rand_fill(to.auth, 16);
	p256_public(ua, to.p256dh);
	rand_fill(text, sizeof(text));
	for (n = 0; n <= sizeof(text); n += n < 20 || n > 3980 ? 1 : 13) {
		assert_int_equal(webpush_encrypt(out, &got, &to, text, n,
		    &e), 0);
		for (i = 0; steps[i] < n + WEBPUSH_OVERHEAD; i++)
			;
		assert_int_equal(got, steps[i]);
		assert_int_equal(receive(ua, to.auth, out, got, plain), n);
		assert_memory_equal(plain, text, n);
		lengths++;
	}
	assert_true(lengths > 300);
	assert_int_equal(n, sizeof(text) + 1);
	p256_free(ua);
}

static void
key_and_salt_are_fresh_for_each_message(void **state)
{
	uint8_t a[WEBPUSH_BODY_MAX], b[WEBPUSH_BODY_MAX];
	struct err e = ERR_INIT;
	struct webpush_to to;
	size_t an, bn;

	(void)state;
	assert_int_equal(webpush_to_parse(&to, UA_PUBLIC, AUTH, &e), 0);
	assert_int_equal(webpush_encrypt(a, &an, &to, "x", 1, &e), 0);
	assert_int_equal(webpush_encrypt(b, &bn, &to, "x", 1, &e), 0);
	assert_memory_not_equal(a, b, 16);
	assert_memory_not_equal(a + 21, b + 21, 65);
	assert_memory_not_equal(a + 86, b + 86, 400);
}

static void
a_changed_message_or_another_receiver_fails(void **state)
{
	uint8_t out[WEBPUSH_BODY_MAX], plain[WEBPUSH_BODY_MAX], auth[16];
	struct p256_key *ua = p256_new(), *other = p256_new();
	struct err e = ERR_INIT;
	struct webpush_to to;
	size_t n, i;

	(void)state;
	rand_fill(to.auth, 16);
	memcpy(auth, to.auth, 16);
	p256_public(ua, to.p256dh);
	assert_int_equal(webpush_encrypt(out, &n, &to, "hello", 5, &e), 0);
	for (i = 0; i < n; i++) {
		out[i] ^= 0x10;
		assert_int_equal(receive(ua, auth, out, n, plain), -1);
		out[i] ^= 0x10;
	}
	assert_int_equal(receive(other, auth, out, n, plain), -1);
	auth[3] ^= 1;
	assert_int_equal(receive(ua, auth, out, n, plain), -1);
	assert_int_equal(receive(ua, to.auth, out, n, plain), 5);
	p256_free(ua);
	p256_free(other);
}

static void
too_large_and_bad_keys_are_refused(void **state)
{
	uint8_t text[WEBPUSH_PLAIN_MAX + 1] = { 0 }, out[WEBPUSH_BODY_MAX];
	struct p256_key *k = p256_new();
	struct webpush_fixed fixed = { k, text, 0 };
	struct err e = ERR_INIT;
	struct webpush_to to;
	size_t n;

	(void)state;
	assert_int_equal(webpush_to_parse(&to, UA_PUBLIC, AUTH, &e), 0);
	assert_int_equal(webpush_encrypt(out, &n, &to, text, sizeof(text),
	    &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.code, "payload_too_large");
	fixed.pad = WEBPUSH_PLAIN_MAX;
	assert_int_equal(webpush_encrypt_fixed(out, &n, &to, &fixed, text, 1,
	    &e), -1);
	fixed.pad = WEBPUSH_PLAIN_MAX - 1;
	assert_int_equal(webpush_encrypt_fixed(out, &n, &to, &fixed, text, 1,
	    &e), 0);
	assert_int_equal(n, WEBPUSH_BODY_MAX);
	to.p256dh[64] ^= 1;
	assert_int_equal(webpush_encrypt(out, &n, &to, "x", 1, &e), -1);
	assert_string_equal(e.code, "bad_key");
	assert_int_equal(n, 0);
	p256_free(k);
}

static void
subscription_keys_are_checked(void **state)
{
	static const struct { const char *p256dh, *auth, *field; } rows[] = {
		{ UA_PUBLIC, AUTH, NULL },
		{ UA_PUBLIC "=", AUTH "==", NULL },
		{ "BCVxsr7N/eNgVRqvHtD0zTZsEc6+VV+JvLexhqUzORcxaOzi6+AY"
		    "WXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4=", AUTH, NULL },
		{ "", AUTH, "p256dh" },
		{ "BCVx", AUTH, "p256dh" },
		{ UA_PUBLIC "AAAA", AUTH, "p256dh" },
		/* the last letter changed: off the curve */
		{ "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AY"
		    "WXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw8", AUTH, "p256dh" },
		/* compressed: 33 bytes */
		{ "AiVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx", AUTH,
		    "p256dh" },
		{ "not base64!", AUTH, "p256dh" },
		{ UA_PUBLIC, "", "auth" },
		{ UA_PUBLIC, "BTBZMqHH6r4Tts7J_aSI", "auth" },
		{ UA_PUBLIC, AUTH "AAAA", "auth" },
		{ UA_PUBLIC, "\x01", "auth" },
	};
	struct webpush_to to;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct err e = ERR_INIT;
		int rc = webpush_to_parse(&to, rows[i].p256dh, rows[i].auth,
		    &e);

		print_message("row %zu\n", i);
		if (rows[i].field == NULL) {
			assert_int_equal(rc, 0);
			continue;
		}
		assert_int_equal(rc, -1);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_string_equal(e.field, rows[i].field);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(h3_rfc_8291_appendix_a_byte_for_byte),
		cmocka_unit_test(rfc_8188_section_3_1_byte_for_byte),
		cmocka_unit_test(every_length_arrives_padded_to_a_step),
		cmocka_unit_test(key_and_salt_are_fresh_for_each_message),
		cmocka_unit_test(a_changed_message_or_another_receiver_fails),
		cmocka_unit_test(too_large_and_bad_keys_are_refused),
		cmocka_unit_test(subscription_keys_are_checked),
	};

	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
