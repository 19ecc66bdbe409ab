/*
 * country.h - who may come from where (S12, D8).
 *
 * Three rules, all of which must hold: the site's (GATEPOST_COUNTRY_ALLOW,
 * GATEPOST_COUNTRY_DENY), a route's (GATEPOST_COUNTRY_ROUTES) and the user's
 * own list.  The country is nginx's word or the database's about the peer's
 * address; no header of a client counts (S40).  An address without a country
 * meets a rule as GATEPOST_COUNTRY_UNKNOWN says; loopback and private ones as
 * GATEPOST_COUNTRY_LOCAL says.  Admin tokens have networks of their own
 * (CIDR) and are not asked.
 *
 * Refusals are ERR_FORBIDDEN "country_not_allowed".
 */
#ifndef GP_AUTH_COUNTRY_H
#define GP_AUTH_COUNTRY_H

#include "auth/grant.h"
#include "http/request.h"

/* The site's rule and the user's list (NULL or "": all countries). */
int	 country_user(const struct req *q, const char *allowed,
	    struct err *e) MUST_CHECK;
/* The rule with the longest prefix of the request's path. */
int	 country_route(const struct req *q, struct err *e) MUST_CHECK;
/* Is the request from one of `list`?  For a protected location's own list:
 * local addresses are unknown there. */
bool	 country_in(const struct req *q, const char *list);

/* A list for the column: known ISO codes in either case, in alphabetical
 * order, each once.  1 and *list in the arena (NULL: none, all countries), 0
 * one is no country. */
int	 country_list(struct arena *a, const char *const *code, size_t n,
	    const char **list);
/* A user's list as a bit a country, and back: NULL when it is all. */
#define COUNTRY_PACKED	32
void	 country_pack(uint8_t bit[COUNTRY_PACKED], const char *list);
const char *country_unpack(struct arena *a,
	    const uint8_t bit[COUNTRY_PACKED]);
/*
 * Set a user's list (as country_list made it) and outdate the tokens that say
 * otherwise, in the caller's transaction or one of its own; `x` as in
 * grant_outdate.  1, 0 no such user, -1.
 */
int	 country_set(struct db *db, uint64_t user_id, const char *list,
	    struct grant_ended *x, struct err *e) MUST_CHECK;

#endif
