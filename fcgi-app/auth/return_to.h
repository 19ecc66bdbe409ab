/*
 * return_to.h - where a visitor goes after sign-in, signed by the gate: only
 * such addresses are followed, so sign-in is no open redirect.
 */
#ifndef GP_AUTH_RETURN_TO_H
#define GP_AUTH_RETURN_TO_H

#include "base/cdefs.h"

#define RETURN_URL_MAX	2000
#define RETURN_MAC_TEXT	65		/* hex of HMAC-SHA-256, and a NUL */

struct return_to {
	const char	*url;		/* absolute */
	const char	*until;		/* Unix seconds, decimal */
	const char	*bind;		/* hex SHA-256 of the state cookie at
					 * another host, or "" at our own */
};

void	 return_sign(const struct return_to *r, char mac[RETURN_MAC_TEXT]);
/* Is `mac` what return_sign made of it?  Says nothing of the time. */
bool	 return_signed(const struct return_to *r, const char *mac);

#endif
