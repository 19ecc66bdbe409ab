/*
 * suppressions_own.h - shared by the files of /api/suppressions/.
 */
#ifndef GP_API_SUPPRESSIONS_OWN_H
#define GP_API_SUPPRESSIONS_OWN_H

#include "api/route.h"

/* An address as it is compared; NULL: none that the channel (NULL: any)
 * reaches.  In the call's arena. */
const char *suppression_address(struct call *c, const char *channel,
	    const char *typed);
/* May an administrator give this reason? */
bool	 suppression_word(const char *reason);

#endif
