/*
 * unicode.h - the one user of libunistring.
 */
#ifndef GP_BASE_UNICODE_H
#define GP_BASE_UNICODE_H

#include "base/cdefs.h"

/*
 * Valid UTF-8 in Normalization Form C (UAX #15), as RFC 8265 section 4.2.2
 * has it for passwords: keyboards differ in whether an accent is a character
 * of its own.  On the heap, never NULL; the caller wipes and frees it.  Text
 * that is no UTF-8 comes back as it is.
 */
char	*unicode_nfc(const char *s);

#endif
