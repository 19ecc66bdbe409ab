/*
 * admin_cache.h - admin tokens that the database let in within the last
 * second.  A site's own programs send with one token all day; asking for it
 * each time is a fifth of what accepting a notification costs.
 *
 * An entry stands for (token, address); revocation on this host is seen at
 * once through shared memory, on others within the second (D8).
 */
#ifndef GP_AUTH_ADMIN_CACHE_H
#define GP_AUTH_ADMIN_CACHE_H

#include "auth/caller.h"

/* 1 and *who as it was let in at *checked_s; 0 not here, or too old. */
int	 admin_cache_find(const uint8_t hash[32], const char *ip,
	    struct caller *who, int64_t *checked_s);
void	 admin_cache_keep(const uint8_t hash[32], const char *ip,
	    const struct caller *who);

#endif
