/*
 * phone.h - phone numbers, through libphonenumber (one C++ shim, phone.cc).
 */
#ifndef GP_BASE_PHONE_H
#define GP_BASE_PHONE_H

#include "base/cdefs.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PHONE_MAX	17		/* '+' and 15 digits and NUL */

/*
 * Normalise any national form of `region` ("IR") or an international form to
 * E.164.  Persian and Arabic digits are accepted.  1 and out set, 0 when it
 * is not a possible number, or a kind that never gets a message (premium,
 * shared cost: S45).  Metadata is of 2022, so "possible" (a mobile number's
 * length) is asked, not "valid" (FIELD_NOTES 13), except of numbers that keep
 * a leading zero.  Letters, extensions and tel: URIs are refused.
 */
int	 phone_normalise(const char *in, const char *region,
	    char out[PHONE_MAX]);
/*
 * What a message to an E.164 number would reach (S45).  *country is how many
 * digits its calling code has (0: unknown).  Landlines, toll-free, pagers and
 * the like are PHONE_NEVER; satellite and other networks without a country
 * PHONE_GLOBAL; what the metadata of 2022 does not know PHONE_UNALLOCATED.
 */
enum phone_reach { PHONE_REACHED, PHONE_UNALLOCATED, PHONE_GLOBAL,
	PHONE_NEVER };
enum phone_reach phone_reach(const char *e164, size_t *country);
/* ISO country of an E.164 number, or "" when unknown. */
void	 phone_region(const char *e164, char out[3]);
/* Load metadata now (before fork). */
void	 phone_init(void);

#ifdef __cplusplus
}
#endif
#endif
