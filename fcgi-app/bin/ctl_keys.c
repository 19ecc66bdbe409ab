/*
 * gatepostctl keys generate | rotate [--at UNIX] | codes [--at UNIX] | pepper |
 *	list
 *
 * generate makes the key files that are missing and never overwrites one.
 * rotate adds an access-token key that every process reads before its first use
 * (in 60 s, or at --at); the old one verifies until its last token has expired.
 * codes does the same for the key of one-time codes.  pepper adds a password
 * pepper, waits until every process can have read it, and makes it the one that
 * new hashes use; those before it verify on, and each password is hashed anew
 * at its owner's next sign-in.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/text.h"
#include "bin/ctl.h"

#define READ_BEFORE_S	60

static int
generate(struct ctl *c, const char *dir)
{
	struct err e = ERR_INIT;
	int n = keyring_generate(dir, &e);

	if (n < 0)
		return ctl_fail("no keys were made", &e,
		    "the directory must be writable by this user alone");
	ctl_say(c, n == 0 ? "every key file is there already\n" :
	    "made %d key files in %s\n", n, dir);
	return CTL_OK;
}

/* --at, or soon.  false: it is no time. */
static bool
when_of(struct ctl *c, uint64_t *from_s)
{
	const char *at = ctl_option(c, "--at");

	*from_s = (uint64_t)(clock_now() / US_PER_S) + READ_BEFORE_S;
	return at == NULL || text_u64(at, INT32_MAX * UINT64_C(4), from_s);
}

static int
rotate(struct ctl *c, const char *dir)
{
	uint64_t from_s;
	char kid[JWS_KID_MAX + 1], when[CLOCK_TEXT_MAX];
	struct err e = ERR_INIT;

	if (!when_of(c, &from_s))
		return ctl_usage(c);
	if (keyring_rotate(dir, (int64_t)from_s * US_PER_S,
	    conf_int(CONF_ACCESS_LIFE_S), kid, &e) < 0)
		return ctl_fail("the key was not rotated", &e, NULL);
	clock_rfc3339((int64_t)from_s * US_PER_S, false, when);
	ctl_say(c, "key %s signs from %s\n", kid, when);
	return CTL_OK;
}

static int
codes(struct ctl *c, const char *dir)
{
	char when[CLOCK_TEXT_MAX];
	struct err e = ERR_INIT;
	uint64_t from_s;

	if (!when_of(c, &from_s) || from_s == 0)
		return ctl_usage(c);
	if (keyring_code_rotate(dir, (int64_t)from_s, &e) < 0)
		return ctl_fail("the key of codes stays", &e, NULL);
	clock_rfc3339((int64_t)from_s * US_PER_S, false, when);
	ctl_say(c, "codes are made with another key from %s\n", when);
	return CTL_OK;
}

static int
pepper(struct ctl *c, const char *dir)
{
	struct err e = ERR_INIT;
	uint8_t id;

	if (keyring_pepper_add(dir, &id, &e) < 0)
		return ctl_fail("no pepper was made", &e,
		    "the directory must be writable by this user alone");
	ctl_say(c, "pepper %u made; used in %d s\n", id, KEYRING_SEEN_S);
	for (unsigned left = KEYRING_SEEN_S; left > 0; )
		left = sleep(left);
	if (keyring_pepper_use(dir, id, &e) < 0)
		return ctl_fail("the pepper is not in use", &e, NULL);
	ctl_say(c, "pepper %u is in use\n", id);
	return CTL_OK;
}

static void
list_json(const struct keyring *k)
{
	struct buf b;
	struct jw w;

	buf_init(&b, (size_t)64 * 1024);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_array(&w, "token");
	for (size_t i = 0; i < k->tokens; i++) {
		jw_object(&w, NULL);
		jw_str(&w, "kid", k->token[i].kid);
		jw_time(&w, "signs_from", k->token[i].use_from_us);
		jw_time(&w, "verifies_until", k->token[i].verify_until_us);
		jw_end(&w);
	}
	jw_end(&w);
	jw_array(&w, "refresh");
	for (size_t i = 0; i < k->refreshes; i++)
		jw_u64(&w, NULL, k->refresh[i].id);
	jw_end(&w);
	jw_time(&w, "codes_from", k->code_next.use_from_us);
	if (k->pepper.set)
		jw_u64(&w, "pepper", k->pepper.id);
	else
		jw_null(&w, "pepper");
	jw_array(&w, "pepper_verifies");
	for (size_t i = 0; i < k->peppers; i++)
		if (!k->pepper.set || k->pepper_ring[i].id != k->pepper.id)
			jw_u64(&w, NULL, k->pepper_ring[i].id);
	jw_end(&w);
	jw_str(&w, "vapid", k->vapid == NULL ? NULL : k->vapid_public_b64);
	jw_end(&w);
	puts(buf_text(&b));
	buf_fini(&b);
}

static int
list(struct ctl *c, const char *dir)
{
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];
	struct err e = ERR_INIT;

	if (keyring_load(&c->keys, dir, &e) < 0)
		return ctl_fail("the keys do not load", &e,
		    "gatepostctl keys generate");
	if (c->json) {
		list_json(&c->keys);
		keyring_free(&c->keys);
		return CTL_OK;
	}
	for (size_t i = 0; i < c->keys.tokens; i++) {
		const struct jws_key *k = &c->keys.token[i];

		clock_rfc3339(k->use_from_us, false, from);
		printf("token %s signs from %s%s%s\n", k->kid, from,
		    k->verify_until_us == 0 ? "" : ", verifies until ",
		    k->verify_until_us == 0 ? "" :
		    clock_rfc3339(k->verify_until_us, false, until));
	}
	for (size_t i = 0; i < c->keys.refreshes; i++)
		printf("refresh %u%s\n", c->keys.refresh[i].id,
		    i == 0 ? " signs" : " verifies");
	if (c->keys.code_next.set)
		printf("codes from %s\n", clock_rfc3339(
		    c->keys.code_next.use_from_us, false, from));
	if (c->keys.pepper.set)
		printf("pepper %u\n", c->keys.pepper.id);
	for (size_t i = 0; i < c->keys.peppers; i++)
		if (!c->keys.pepper.set ||
		    c->keys.pepper_ring[i].id != c->keys.pepper.id)
			printf("pepper %u verifies\n",
			    c->keys.pepper_ring[i].id);
	printf("vapid %s\n", c->keys.vapid == NULL ? "absent" :
	    c->keys.vapid_public_b64);
	keyring_free(&c->keys);
	return CTL_OK;
}

int
ctl_keys(struct ctl *c)
{
	const char *word = ctl_word(c, 0), *dir = conf_str(CONF_KEY_DIR);

	if (word == NULL)
		return ctl_usage(c);
	if (strcmp(word, "generate") == 0)
		return generate(c, dir);
	if (strcmp(word, "rotate") == 0)
		return rotate(c, dir);
	if (strcmp(word, "codes") == 0)
		return codes(c, dir);
	if (strcmp(word, "pepper") == 0)
		return pepper(c, dir);
	if (strcmp(word, "list") == 0)
		return list(c, dir);
	return ctl_usage(c);
}
