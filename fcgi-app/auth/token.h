/*
 * token.h - access tokens (base/jws) and refresh tokens (D6, D7), as values.
 * No SQL here.
 */
#ifndef GP_AUTH_TOKEN_H
#define GP_AUTH_TOKEN_H

#include "auth/caller.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/keyring.h"

/* What an access token says; equal input gives equal bytes (D7). */
struct access_claims {
	uint64_t	 user_id, session_id;
	uint32_t	 seq;			/* the session's counter */
	int64_t		 iat_s, exp_s, auth_s, session_end_s;
	uint64_t	 act_id;		/* RFC 8693 §4.1; 0: nobody */
	const char	*amr;			/* "pwd", "otp", "pwd otp" … */
	bool		 is_staff, is_superuser, verified, claim;
	const char	*email;			/* proved, or "" */
	const char	*country;		/* at sign-in, or "ZZ"; of a user
						 * with a list "+DE,IR": where the
						 * token may come from, so that
						 * the gate needs no SQL */
	const char	*groups;		/* "ops,wiki", or "" */
	const char	*aud;			/* a host (D15); NULL: the API */
};

/* The process's keys; set once by main. */
void	 token_use(const struct keyring *k);
const struct keyring *token_keys(void);
/* What our tokens name as their issuer. */
const char *token_issuer(void);

int	 access_make(struct arena *a, const struct access_claims *c,
	    const char **token, struct err *e) MUST_CHECK;
/* Signature, typ, iss, aud (the API's own), times.  0 or -1 ERR_AUTH. */
int	 access_check(struct arena *a, const char *token, size_t n,
	    struct access_claims *c, struct err *e) MUST_CHECK;
/* The same of a token made for the host `aud`, and for nothing else; NULL is
 * the API. */
int	 access_check_for(struct arena *a, const char *token, size_t n,
	    const char *aud, struct access_claims *c, struct err *e)
	    MUST_CHECK;

/* Refresh token: base64url(kid 1 | session 8 BE | counter 4 BE | HMAC-128). */
#define REFRESH_TEXT	40
void	 refresh_make(char out[REFRESH_TEXT], uint64_t session_id,
	    uint32_t counter);
/* 1 and values set, 0: not ours (no SQL then, S8). */
int	 refresh_parse(const char *token, uint64_t *session_id,
	    uint32_t *counter);

/* Admin token text: "gp_" and 43 characters (256 bits).  Its SHA-256. */
#define ADMIN_TOKEN_TEXT 48
void	 admin_token_make(char out[ADMIN_TOKEN_TEXT], uint8_t hash[32]);
bool	 admin_token_hash(const char *token, uint8_t hash[32]);

#endif
