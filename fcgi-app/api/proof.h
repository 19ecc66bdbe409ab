/*
 * proof.h - what becomes of an account when a code proves an address
 * (otp_rows.c).
 */
#ifndef GP_API_PROOF_H
#define GP_API_PROOF_H

#include "auth/otp.h"
#include "api/route.h"

/*
 * The flow's address becomes the account's alone, the flow is used up, and its
 * sessions are no claims any more; change.h says what follows when it takes
 * another's place.  Access tokens of before get 401 and refresh;
 * PROOF_KEEP_TOKENS spares them that when no proved address was replaced.  0; 1:
 * a link proved it, and because others claimed the address too the account lost
 * its password and sessions (S62); -1 ERR_CONFLICT "address_taken", ERR_INPUT
 * "invalid_code" when another request was first.
 */
enum proof_tokens { PROOF_OUTDATE, PROOF_KEEP_TOKENS };
int	 proof_apply(struct call *c, const struct otp_flow *f,
	    enum proof_tokens tokens, struct err *e) MUST_CHECK;

#endif
