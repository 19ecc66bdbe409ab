/*
 * token_cache.c - a small set-associative table, private to the process.
 *
 * What must stay true: a hit needs the SHA-256 of every byte equal (compared
 * in constant time) and the key ring as it was; a changed key ring empties
 * the table.  Of a full set the entry looked up longest ago goes.
 */
#include "auth/token_cache.h"

#include "base/clock.h"
#include "base/crypto.h"

#define WAYS		4
#define SETS		64			/* a power of two */
#define HASH_BYTES	32

struct entry {
	uint64_t	 used;			/* 0: empty */
	uint8_t		 hash[HASH_BYTES];	/* of the token */
	struct access_claims c;			/* its strings are below */
	char		 amr[64], email[255], country[64];
	char		 groups[544], aud[256];
};

static struct entry table[SETS][WAYS];
static uint64_t looks;
static struct jws_key keys_then[KEYRING_TOKENS_MAX];
static size_t keys_n;

static struct entry *
set_of(const uint8_t hash[HASH_BYTES])
{
	return table[hash[0] & (SETS - 1)];
}

static bool
same_keys(void)
{
	const struct keyring *k = token_keys();

	return k->tokens == keys_n && secret_equal(k->token,
	    keys_n * sizeof(*k->token), keys_then,
	    keys_n * sizeof(*keys_then));
}

static void
empty(void)
{
	const struct keyring *k = token_keys();

	secret_wipe(table, sizeof(table));
	memcpy(keys_then, k->token, sizeof(keys_then));
	keys_n = k->tokens;
}

int
token_cache_find(struct arena *a, const char *token, size_t n,
    int64_t now_us, struct access_claims *c)
{
	uint8_t hash[HASH_BYTES];
	struct entry *s, *end;

	sha256(hash, token, n);
	s = set_of(hash);
	for (end = s + WAYS; s < end; s++)
		if (s->used != 0 && secret_equal(s->hash, HASH_BYTES, hash,
		    HASH_BYTES))
			break;
	if (s == end || !same_keys() || s->c.exp_s * US_PER_S <= now_us)
		return 0;
	s->used = ++looks;
	*c = s->c;
	c->amr = arena_strdup(a, s->amr);
	c->email = arena_strdup(a, s->email);
	c->country = arena_strdup(a, s->country);
	c->groups = arena_strdup(a, s->groups);
	c->aud = s->aud[0] == '\0' ? NULL : arena_strdup(a, s->aud);
	return 1;
}

void
token_cache_keep(const char *token, size_t n, const struct access_claims *c)
{
	uint8_t hash[HASH_BYTES];
	struct entry *s, *set;

	if (strlen(c->amr) >= sizeof(s->amr) ||
	    strlen(c->email) >= sizeof(s->email) ||
	    strlen(c->country) >= sizeof(s->country) ||
	    strlen(c->groups) >= sizeof(s->groups) ||
	    (c->aud != NULL && strlen(c->aud) >= sizeof(s->aud)))
		return;
	if (!same_keys())
		empty();
	sha256(hash, token, n);
	s = set = set_of(hash);
	for (size_t i = 1; i < WAYS; i++)
		if (set[i].used < s->used)
			s = &set[i];
	s->used = ++looks;
	memcpy(s->hash, hash, sizeof(hash));
	s->c = *c;
	s->c.amr = s->c.email = s->c.country = NULL;
	s->c.groups = s->c.aud = NULL;
	snprintf(s->amr, sizeof(s->amr), "%s", c->amr);
	snprintf(s->email, sizeof(s->email), "%s", c->email);
	snprintf(s->country, sizeof(s->country), "%s", c->country);
	snprintf(s->groups, sizeof(s->groups), "%s", c->groups);
	snprintf(s->aud, sizeof(s->aud), "%s", c->aud == NULL ? "" : c->aud);
}
