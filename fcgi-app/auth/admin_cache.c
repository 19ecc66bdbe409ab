/*
 * admin_cache.c - a few entries, private to the process.
 */
#include "auth/admin_cache.h"

#include "base/clock.h"
#include "base/crypto.h"

#define SLOTS		16
#define LIFE_US		US_PER_S

static struct entry {
	uint8_t		 hash[32];
	char		 ip[46];
	int64_t		 checked_us;	/* wall clock; 0: empty */
	int64_t		 until_us;	/* monotonic */
	struct caller	 who;
} table[SLOTS];

int
admin_cache_find(const uint8_t hash[32], const char *ip, struct caller *who,
    int64_t *checked_s)
{
	const struct entry *s = &table[hash[0] % SLOTS];

	if (s->checked_us == 0 || clock_mono() >= s->until_us ||
	    !secret_equal(s->hash, sizeof(s->hash), hash, 32) ||
	    strcmp(s->ip, ip) != 0)
		return 0;
	*who = s->who;
	*checked_s = s->checked_us / US_PER_S;
	return 1;
}

void
admin_cache_keep(const uint8_t hash[32], const char *ip,
    const struct caller *who)
{
	struct entry *s = &table[hash[0] % SLOTS];

	if (strlen(ip) >= sizeof(s->ip))
		return;
	memcpy(s->hash, hash, sizeof(s->hash));
	snprintf(s->ip, sizeof(s->ip), "%s", ip);
	s->who = *who;
	s->checked_us = clock_now();
	s->until_us = clock_mono() + LIFE_US;
}
