/*
 * token_cache.h - access tokens this process has verified lately.
 *
 * Checking a token costs about 40 µs, most of it reading JSON; a browser
 * shows the same one for a quarter of an hour.  An entry stands for exactly
 * the bytes that were verified, under exactly the keys that were loaded then;
 * expiry is looked at each time, revocation is the caller's affair as before.
 */
#ifndef GP_AUTH_TOKEN_CACHE_H
#define GP_AUTH_TOKEN_CACHE_H

#include "auth/token.h"

/* 1 and *c (strings in the arena), 0 not here. */
int	 token_cache_find(struct arena *a, const char *token, size_t n,
	    int64_t now_us, struct access_claims *c);
/* Remember what access_check found out.  Longer ones are left alone. */
void	 token_cache_keep(const char *token, size_t n,
	    const struct access_claims *c);

#endif
