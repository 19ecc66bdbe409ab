/*
 * test_vapid.c - RFC 8292: the token's bytes, its cache, and the keys that
 * people bring along.
 */
#include "base/clock.h"
#include "base/crypto.h"
#include "channel/providers/vapid.h"
#include "pems.h"
#include "vectors.h"

#include <unistd.h>

/* RFC 8292 §2.4. */
#define RFC_K	"BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRu" \
	"U_RCPCfA5aq9ojSwk5Y2EmClBPs"
#define RFC_SIGNED "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczov" \
	"L3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzp" \
	"wdXNoQGV4YW1wbGUuY29tIn0"
#define RFC_SIG	"i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrEr" \
	"tmysazNjjvW2L9OkSSHzvoD1oA"
#define RFC_EXP	1453523768
#define NOW_US	(INT64_C(1790000000) * US_PER_S)
#define HOUR_US	(3600 * US_PER_S)

/* Does the token's signature verify, and does it end in `exp`? */
static void
token_is_good(const char *token, const uint8_t point[65], int64_t exp)
{
	const char *dot = strrchr(token, '.'), *payload = strchr(token, '.');
	struct err e = ERR_INIT;
	uint8_t sig[64];
	char text[600];
	struct json *j;
	ssize_t n;

	assert_non_null(dot);
	assert_int_equal(unb64(sig, sizeof(sig), dot + 1), 64);
	assert_true(p256_verify(point, sig, token, (size_t)(dot - token)));
	n = b64url_decode(text, sizeof(text), payload + 1,
	    (size_t)(dot - payload - 1));
	assert_true(n > 0);
	assert_int_equal(json_parse(text, (size_t)n, JSON_STRICT, 0, &j, &e),
	    0);
	assert_int_equal(vec_int(j, "exp"), exp);
	json_free(j);
}

static void
the_token_is_rfc_8292_section_2_4(void **state)
{
	struct p256_key *k = p256_new();
	char token[VAPID_TOKEN_MAX];
	uint8_t point[65], sig[64];
	int i;

	(void)state;
	/* The RFC's own signature, by its own key. */
	unb64(point, 65, RFC_K);
	unb64(sig, 64, RFC_SIG);
	assert_true(p256_verify(point, sig, RFC_SIGNED, strlen(RFC_SIGNED)));
	p256_public(k, point);
	for (i = 0; i < 20; i++) {
		vapid_token(token, k, "https://push.example.net", RFC_EXP,
		    "mailto:push@example.com");
		assert_memory_equal(token, RFC_SIGNED ".",
		    strlen(RFC_SIGNED) + 1);
		assert_int_equal(strlen(token), strlen(RFC_SIGNED) + 1 + 86);
		token_is_good(token, point, RFC_EXP);
	}
	p256_free(k);
}

/* t of "vapid t=…, k=…"; k is checked. */
static const char *
token_of(const struct vapid *v, const char *header)
{
	static char t[VAPID_TOKEN_MAX];
	const char *comma;

	assert_memory_equal(header, "vapid t=", 8);
	assert_non_null(comma = strstr(header, ", k="));
	assert_string_equal(comma + 4, vapid_public(v));
	snprintf(t, sizeof(t), "%.*s", (int)(comma - header - 8), header + 8);
	return t;
}

static void
one_token_an_origin_renewed_at_half_life(void **state)
{
	struct p256_key *k = p256_new();
	struct err e = ERR_INIT;
	uint8_t point[65];
	struct vapid *v;
	char *first;

	(void)state;
	p256_public(k, point);
	assert_non_null(v = vapid_new(k, "mailto:a@b.test", &e));
	p256_free(k);		/* it has its own */
	first = strdup(vapid_authorization(v, "https://a.test", NOW_US));
	token_is_good(token_of(v, first), point, NOW_US / US_PER_S + 43200);
	assert_string_equal(vapid_authorization(v, "https://a.test",
	    NOW_US + 6 * HOUR_US - 1), first);
	assert_int_equal(vapid_signed(v), 1);
	token_is_good(token_of(v, vapid_authorization(v, "https://b.test",
	    NOW_US)), point, NOW_US / US_PER_S + 43200);
	assert_int_equal(vapid_signed(v), 2);
	token_is_good(token_of(v, vapid_authorization(v, "https://a.test",
	    NOW_US + 6 * HOUR_US)), point, NOW_US / US_PER_S + 18 * 3600);
	assert_int_equal(vapid_signed(v), 3);
	/* The clock stepped back: exp must stay within 24 h of now. */
	token_is_good(token_of(v, vapid_authorization(v, "https://a.test",
	    NOW_US - 30 * HOUR_US)), point, NOW_US / US_PER_S - 18 * 3600);
	assert_int_equal(vapid_signed(v), 4);
	free(first);
	vapid_free(v);
	vapid_free(NULL);
}

static void
the_table_is_bounded_and_keeps_what_is_used(void **state)
{
	struct p256_key *k = p256_new();
	struct err e = ERR_INIT;
	struct vapid *v;
	char origin[60];
	int i;

	(void)state;
	assert_non_null(v = vapid_new(k, "https://b.test/contact", &e));
	for (i = 0; i < 500; i++) {
		snprintf(origin, sizeof(origin), "https://h%d.test", i);
		vapid_authorization(v, origin, NOW_US);
		vapid_authorization(v, "https://often.test", NOW_US);
	}
	assert_int_equal(vapid_signed(v), 501);
	vapid_authorization(v, "https://h499.test", NOW_US);
	assert_int_equal(vapid_signed(v), 501);
	vapid_authorization(v, "https://h0.test", NOW_US);
	assert_int_equal(vapid_signed(v), 502);
	vapid_free(v);
	p256_free(k);
}

static void
origins_are_normal_and_only_https(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "https://fcm.googleapis.com/wp/abc",
		    "https://fcm.googleapis.com" },
		{ "HTTPS://FCM.Googleapis.com", "https://fcm.googleapis.com" },
		{ "https://h.test:443/x", "https://h.test" },
		{ "https://h.test:8443/x?y", "https://h.test:8443" },
		{ "https://h.test?x", "https://h.test" },
		{ "https://127.0.0.1:9/", "https://127.0.0.1:9" },
		{ "http://h.test/", NULL },
		{ "https:/h.test/", NULL },
		{ "https://", NULL },
		{ "https:///x", NULL },
		{ "https://h.test:/x", NULL },
		{ "https://h.test:0/x", NULL },
		{ "https://h.test:65536/", NULL },
		{ "https://h.test:44x/", NULL },
		{ "https://u@h.test/", NULL },
		{ "https://u:p@h.test/", NULL },
		{ "https://h\"x.test/", NULL },
		{ "https://h\\x.test/", NULL },
		{ "https://h x.test/", NULL },
		{ "https://h\xc3\xa9.test/", NULL },
		{ "https://h\n.test/", NULL },
		{ "", NULL },
	};
	char out[VAPID_ORIGIN_MAX], longest[400];
	struct err e = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		print_message("row %zu\n", i);
		if (rows[i].out == NULL) {
			assert_int_equal(vapid_origin(out, rows[i].in, &e),
			    -1);
			continue;
		}
		assert_int_equal(vapid_origin(out, rows[i].in, &e), 0);
		assert_string_equal(out, rows[i].out);
	}
	snprintf(longest, sizeof(longest), "https://%0253d:65535/", 1);
	assert_int_equal(vapid_origin(out, longest, &e), 0);
	snprintf(longest, sizeof(longest), "https://%0254d/", 1);
	assert_int_equal(vapid_origin(out, longest, &e), -1);
}

static void
subjects_are_contacts(void **state)
{
	static const struct { const char *subject; bool ok; } rows[] = {
		{ "mailto:a@b.test", true }, { "https://b.test", true },
		{ "", false }, { "a@b.test", false }, { "mailto:", false },
		{ "http://b.test", false }, { "https://", false },
		{ "mailto:a\"@b", false }, { "mailto:a\\@b", false },
		{ "mailto:a@b\n", false }, { "mailto:a b@c", false },
	};
	struct p256_key *k = p256_new();
	struct vapid *v;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct err e = ERR_INIT;

		v = vapid_new(k, rows[i].subject, &e);
		if ((v != NULL) != rows[i].ok)
			fail_msg("%s", rows[i].subject);
		assert_int_equal(e.kind, v == NULL ? ERR_CONFIG : ERR_NONE);
		vapid_free(v);
	}
	p256_free(k);
}

static void
keys_are_read_in_every_form(void **state)
{
	char raw[60], b64[100], both[1000], path[] = "/tmp/vapid.XXXXXX";
	char escaped[1200], *to = escaped;
	struct p256_key *k = p256_from_pem(pem_sec1, strlen(pem_sec1)), *got;
	uint8_t d[32], want[65], have[65];
	struct err e = ERR_INIT;
	const char *from, *rows[9];
	size_t i, n = 0;
	int fd;

	(void)state;
	assert_non_null(k);
	p256_private(k, d);
	p256_public(k, want);
	b64url_encode(raw, sizeof(raw), d, 32);
	b64url_encode(b64, sizeof(b64), want, 65);
	snprintf(both, sizeof(both), "%s%s", pem_params, pem_sec1);
	for (from = both; *from != '\0'; from++)
		if (*from == '\n') {
			*to++ = '\\';
			*to++ = 'n';
		} else {
			*to++ = *from;
		}
	*to = '\0';
	assert_true((fd = mkstemp(path)) >= 0);
	assert_int_equal(write(fd, both, strlen(both)), strlen(both));
	close(fd);
	rows[n++] = pem_sec1;
	rows[n++] = pem_pkcs8;
	rows[n++] = both;
	rows[n++] = escaped;
	rows[n++] = raw;
	rows[n++] = path;
	for (i = 0; i < n; i++) {
		print_message("row %zu\n", i);
		assert_non_null(got = vapid_key_parse(rows[i], b64, &e));
		p256_public(got, have);
		assert_memory_equal(have, want, 65);
		p256_free(got);
		assert_non_null(got = vapid_key_parse(rows[i], "", &e));
		p256_free(got);
	}
	/* Another's public key. */
	assert_null(vapid_key_parse(raw, RFC_K, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	unlink(path);
	assert_null(vapid_key_parse(path, "", &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_null(vapid_key_parse("", "", &e));
	assert_null(vapid_key_parse("AAAA", "", &e));
	assert_null(vapid_key_parse(pem_p384, "", &e));
	assert_null(vapid_key_parse(pem_encrypted, "", &e));
	p256_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_is_rfc_8292_section_2_4),
		cmocka_unit_test(one_token_an_origin_renewed_at_half_life),
		cmocka_unit_test(the_table_is_bounded_and_keeps_what_is_used),
		cmocka_unit_test(origins_are_normal_and_only_https),
		cmocka_unit_test(subjects_are_contacts),
		cmocka_unit_test(keys_are_read_in_every_form),
	};

	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
