/*
 * test_jws_hostile.c - base/jws: made-up attacks, and the Wycheproof file for
 * JSON Web Signature (S15, S18, S19).
 */
#include "jws_case.h"

/* One random attack on a valid token; never returns the token itself. */
static const char *
attack(const char *token, unsigned kind)
{
	size_t n = strlen(token), at = rand_below((uint32_t)n), i;
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
	    "mnopqrstuvwxyz0123456789-_";
	static const char odd[] = "=+/ .\n\t%~\"{}\\\x01\x7f\xc3\xff";
	const char *dot1 = strchr(token, '.'), *dot2 = strrchr(token, '.');
	char *t = arena_strdup(arena, token);
	uint8_t key[32], bit;

	switch (kind) {
	case 0:				/* a bit */
		bit = (uint8_t)(1u << rand_below(8));
		t[at] = (char)(t[at] ^ bit);
		if (t[at] == '\0')
			t[at] = 'A';
		return t;
	case 1:				/* another letter */
		do
			t[at] = letters[rand_below(64)];
		while (t[at] == token[at]);
		return t;
	case 2:				/* cut at the end */
		t[at] = '\0';
		return t;
	case 3:				/* cut at the front */
		return t + at + 1;
	case 4:				/* a letter in */
		return arena_printf(arena, "%.*s%c%s", (int)at, token,
		    letters[rand_below(64)], token + at);
	case 5:				/* an odd byte in */
		return arena_printf(arena, "%.*s%c%s", (int)at, token,
		    odd[rand_below(sizeof(odd) - 1)], token + at);
	case 6:				/* an odd byte over */
		t[at] = odd[rand_below(sizeof(odd) - 1)];
		return strcmp(t, token) != 0 ? t : t + 1;
	case 7:				/* two bytes swapped */
		for (i = (at + 1) % n; t[i] == token[at]; i = (i + 1) % n)
			;
		t[at] = token[i];
		t[i] = token[at];
		return t;
	case 8:				/* padding behind a part */
		i = rand_below(3);
		if (i == 0)
			return arena_printf(arena, "%.*s=%s",
			    (int)(dot1 - token), token, dot1);
		if (i == 1)
			return arena_printf(arena, "%.*s=%s",
			    (int)(dot2 - token), token, dot2);
		return arena_printf(arena, "%s=", token);
	case 9:				/* no signature, alg none */
		t = arena_strdup(arena, forge("{\"alg\":\"none\",\"kid\":"
		    "\"k1\",\"typ\":\"at+jwt\"}", CLAIMS, NULL));
		strrchr(t, '.')[1] = '\0';
		return t;
	case 10:			/* a key of the attacker */
		rand_fill(key, sizeof(key));
		return forge(HEADER, CLAIMS, key);
	case 11:			/* a weak key */
		memset(key, (int)rand_below(256), sizeof(key));
		return forge(HEADER, CLAIMS, key);
	case 12:			/* the other key under this kid */
		return forge(HEADER, CLAIMS, keys[1].key);
	case 13:			/* more parts */
		return arena_printf(arena, "%s.%.*s", token, (int)at, token);
	case 14:			/* the signature of other claims */
		return arena_printf(arena, "%.*s%s", (int)(dot2 - token),
		    token, strrchr(forge(HEADER, arena_printf(arena,
		    "{\"sub\":\"%u\"}", rand_below(1000000)), NULL), '.'));
	case 15:			/* unused bits of the last letter */
		i = n - 1;		/* 43 letters: 2 bits are unused */
		t[i] = letters[(strchr(letters, t[i]) - letters) ^
		    (1 + (long)rand_below(3))];
		return t;
	default:			/* noise */
		for (i = 0; i < n; i++)
			t[i] = (char)(1 + rand_below(255));
		return t;
	}
}

static void
s15_s18_none_of_many_attacks_is_accepted(void **state)
{
	const char *token = signed_by(&keys[0], "at+jwt", CLAIMS), *t;
	unsigned i, kind, by_kind[17] = { 0 };

	(void)state;
	for (i = 0; i < 6800; i++) {
		kind = i % COUNT_OF(by_kind);
		t = attack(token, kind);
		assert_string_not_equal(t, token);
		if (verifies(t))
			fail_msg("attack %u accepted: %s", kind, t);
		by_kind[kind]++;
		if (i % 500 == 0) {
			assert_true(verifies(token));
			token = arena_strdup(arena, token);
		}
	}
	for (kind = 0; kind < COUNT_OF(by_kind); kind++)
		assert_int_equal(by_kind[kind], 400);
	assert_true(verifies(token));
}

static void
every_single_bit_matters(void **state)
{
	const char *token = signed_by(&keys[0], "at+jwt", CLAIMS);
	char *t = arena_strdup(arena, token);
	size_t i, n = strlen(token);
	int bit;

	(void)state;
	for (i = 0; i < n; i++)
		for (bit = 0; bit < 8; bit++) {
			t[i] = (char)(token[i] ^ (1 << bit));
			assert_false(verifies_n(t, n, &want));
			t[i] = token[i];
		}
	for (i = 0; i < n; i++)
		assert_false(verifies_n(token, i, &want));
	assert_true(verifies_n(t, n, &want));
}

/*
 * Wycheproof.  For HS256 the signature's core gives the file's verdict, but
 * for four of its rows, which contradict RFC 7515 or the file itself:
 *	367, 370  "invalid", yet byte for byte row 357, which is "valid";
 *	372, 373  "valid" with a '?' inside a part: no base64url (RFC 7515 §2,
 *		  RFC 4648 §3.3), and S18 asks for canonical parts: refused.
 */
static void
s19_h3_hs256_judged_by_wycheproof(void **state)
{
	struct json *j = vectors_open("wycheproof_json_web_signature.json");
	struct json *g, *t, *priv;
	const char *alg, *jws, *row357 = NULL;
	size_t a, b, judged = 0, valid = 0, exempt = 0;
	struct err e = ERR_INIT;
	uint8_t key[32];
	bool ok, expected;
	int64_t id;

	(void)state;
	for (a = 0; (g = json_at(json_get(j, "testGroups"), a)) != NULL; a++) {
		priv = json_get(g, "private");
		alg = json_str(json_get(priv, "alg"));
		if (alg == NULL || strcmp(alg, "HS256") != 0)
			continue;
		assert_int_equal(unb64(key, 32, vec_str(priv, "k")), 32);
		for (b = 0; (t = json_at(json_get(g, "tests"), b)) != NULL;
		    b++, judged++) {
			id = vec_int(t, "tcId");
			jws = vec_str(t, "jws");
			expected = strcmp(vec_str(t, "result"), "valid") == 0;
			if (id == 357)
				row357 = jws;
			if (id == 367 || id == 370) {
				assert_string_equal(jws, row357);
				expected = true;
				exempt++;
			} else if (id == 372 || id == 373) {
				assert_non_null(strchr(jws, '?'));
				expected = false;
				exempt++;
			}
			ok = jws_test_signature(jws, strlen(jws), key,
			    &e) == 0;
			if (ok != expected)
				fail_msg("tcId %d", (int)id);
			valid += ok;
		}
	}
	assert_int_equal(judged, 40);
	assert_int_equal(exempt, 4);
	assert_int_equal(valid, 10);
	json_free(j);
}

/* Every vector of the file, of whatever algorithm and verdict, is refused at
 * the door (none has our header); and any other algorithm by the core too,
 * whatever bytes of the public key an attacker takes for a secret. */
static void
s15_h3_all_other_algorithms_are_refused(void **state)
{
	struct json *j = vectors_open("wycheproof_json_web_signature.json");
	struct json *g, *t, *pub;
	const char *alg, *jws, *text;
	size_t a, b, seen = 0, others = 0;
	struct err e = ERR_INIT;
	uint8_t key[32];

	(void)state;
	for (a = 0; (g = json_at(json_get(j, "testGroups"), a)) != NULL; a++) {
		alg = json_str(json_get(json_get(g, "private"), "alg"));
		pub = json_get(g, "public");
		text = json_str(json_get(pub, json_has(pub, "x") ? "x" :
		    "n"));
		for (b = 0; (t = json_at(json_get(g, "tests"), b)) != NULL;
		    b++, seen++) {
			jws = vec_str(t, "jws");
			if (verifies(jws))
				fail_msg("tcId %d", (int)vec_int(t, "tcId"));
			if (alg != NULL && strcmp(alg, "HS256") == 0)
				continue;
			others++;
			memset(key, 0, sizeof(key));
			assert_int_equal(jws_test_signature(jws, strlen(jws),
			    key, &e), -1);
			if (text == NULL)
				continue;
			memcpy(key, text, 32);
			assert_int_equal(jws_test_signature(jws, strlen(jws),
			    key, &e), -1);
			assert_true(strlen(text) >= 43);
			if (b64url_decode(key, sizeof(key), text, 43) != 32)
				continue;
			assert_int_equal(jws_test_signature(jws, strlen(jws),
			    key, &e), -1);
		}
	}
	assert_int_equal(seen, vec_int(j, "numberOfTests"));
	assert_int_equal(others, seen - 40);
	json_free(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(s15_s18_none_of_many_attacks_is_accepted),
		T(every_single_bit_matters),
		T(s19_h3_hs256_judged_by_wycheproof),
		T(s15_h3_all_other_algorithms_are_refused),
	};

	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
