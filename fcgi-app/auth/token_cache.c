/*
 * token_cache.c - a small direct-mapped table, private to the process.
 *
 * What must stay true: a hit needs every byte equal (compared in constant
 * time) and the key ring as it was; a changed key ring empties the table.
 */
#include "auth/token_cache.h"

#include "base/clock.h"
#include "base/crypto.h"

#define SLOTS		64
#define TOKEN_MAX	2560

struct entry {
	size_t		 n;			/* 0: empty */
	char		 token[TOKEN_MAX];
	struct access_claims c;			/* its strings are below */
	char		 amr[64], email[255], country[64];
	char		 groups[544], aud[256];
};

static struct entry table[SLOTS];
static struct jws_key keys_then[KEYRING_TOKENS_MAX];
static size_t keys_n;

/* The last characters are the signature's: as good as chance. */
static struct entry *
slot_of(const char *token, size_t n)
{
	unsigned h = 0;

	for (size_t i = n < 8 ? 0 : n - 8; i < n; i++)
		h = h * 31 + (unsigned char)token[i];
	return &table[h % SLOTS];
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
	const struct entry *s = slot_of(token, n);

	if (s->n == 0 || !same_keys() ||
	    !secret_equal(s->token, s->n, token, n) ||
	    s->c.exp_s * US_PER_S <= now_us)
		return 0;
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
	struct entry *s = slot_of(token, n);

	if (n == 0 || n > TOKEN_MAX || strlen(c->amr) >= sizeof(s->amr) ||
	    strlen(c->email) >= sizeof(s->email) ||
	    strlen(c->country) >= sizeof(s->country) ||
	    strlen(c->groups) >= sizeof(s->groups) ||
	    (c->aud != NULL && strlen(c->aud) >= sizeof(s->aud)))
		return;
	if (!same_keys())
		empty();
	s->n = n;
	memcpy(s->token, token, n);
	s->c = *c;
	s->c.amr = s->c.email = s->c.country = NULL;
	s->c.groups = s->c.aud = NULL;
	snprintf(s->amr, sizeof(s->amr), "%s", c->amr);
	snprintf(s->email, sizeof(s->email), "%s", c->email);
	snprintf(s->country, sizeof(s->country), "%s", c->country);
	snprintf(s->groups, sizeof(s->groups), "%s", c->groups);
	snprintf(s->aud, sizeof(s->aud), "%s", c->aud == NULL ? "" : c->aud);
}
