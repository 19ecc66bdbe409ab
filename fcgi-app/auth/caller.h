/*
 * caller.h - who makes the request, as proved by a credential.
 */
#ifndef GP_AUTH_CALLER_H
#define GP_AUTH_CALLER_H

#include "base/cdefs.h"

enum caller_kind { CALLER_NOBODY, CALLER_SESSION, CALLER_ADMIN_TOKEN };
enum caller_scope { SCOPE_BIT_PUSH = 1, SCOPE_BIT_SEND = 2,
	SCOPE_BIT_ADMIN = 4 };

struct caller {
	enum caller_kind kind;
	uint64_t	 user_id;	/* of a token: the superuser behind it */
	uint64_t	 session_id, token_id;
	unsigned	 scopes;	/* admins hold all by session */
	bool		 is_staff, is_superuser;
	bool		 verified;	/* e-mail or phone proved */
	bool		 claim;		/* session of an unproved account (D9) */
	uint64_t	 act_id;	/* who acts as user_id; 0: himself */
	bool		 by_cookie;	/* CSRF rule applies (D13) */
	int64_t		 iat_s, exp_s;	/* of the access token */
	int64_t		 auth_s;	/* last proof of a credential */
	const char	*countries;	/* the user's list, in the request's
					 * arena; NULL: all */
	char		 amr[64];
	char		 email[255];	/* proved e-mail or "" */
	char		 groups[544];	/* "ops,wiki" or "" */
};
#endif
