/*
 * vapid.h - VAPID, the sender's signature on push messages (RFC 8292): keys
 * from settings, and the Authorization header with its token cached an
 * origin.  No I/O, but for reading a PEM file that a setting names.
 */
#ifndef GP_CHANNEL_VAPID_H
#define GP_CHANNEL_VAPID_H

#include "base/crypto.h"

/*
 * The private key of a setting: PEM (also the form of `openssl ecparam -name
 * prime256v1 -genkey`, also with "\n" written out as an .env has it), the
 * path of a PEM file, or 32 bytes in base64url.  `public_b64`, when not empty,
 * must be its public key.  NULL with ERR_CONFIG; else p256_free.
 */
struct p256_key *vapid_key_parse(const char *text, const char *public_b64,
	    struct err *e);

#define VAPID_ORIGIN_MAX	300
/* "https://host[:port]" of an endpoint, lower case, 443 left out.  -1 with
 * ERR_INPUT when it is no plain https URL (user info, odd characters). */
int	 vapid_origin(char out[VAPID_ORIGIN_MAX], const char *endpoint,
	    struct err *e) MUST_CHECK;

/*
 * The signer and its tokens, one an origin, at most VAPID_ORIGINS of them;
 * beyond that the one longest unused goes.  A token lives 12 h and is renewed
 * after 6, and when the clock stepped back.  For one thread.
 */
#define VAPID_ORIGINS	64
struct vapid;

/* Copies the key.  `subject` is mailto:… or https://…; NULL with ERR_CONFIG
 * when it is not. */
struct vapid *vapid_new(const struct p256_key *k, const char *subject,
	    struct err *e);
void	 vapid_free(struct vapid *v);
/* The public key, base64url: applicationServerKey, k=. */
const char *vapid_public(const struct vapid *v);
/* Value of the Authorization header, "vapid t=…, k=…"; valid until the next
 * call with this v.  `origin` as vapid_origin gives it. */
const char *vapid_authorization(struct vapid *v, const char *origin,
	    int64_t now_us);
/* Tokens signed so far: for metrics and tests. */
uint64_t vapid_signed(const struct vapid *v);

/* One token, not cached: RFC 7519 claims aud, exp, sub in this order.  out
 * holds VAPID_TOKEN_MAX. */
#define VAPID_TOKEN_MAX	1024
void	 vapid_token(char out[VAPID_TOKEN_MAX], const struct p256_key *k,
	    const char *origin, int64_t exp_s, const char *subject);

#endif
