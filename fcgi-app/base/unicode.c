/*
 * unicode.c - see unicode.h.
 */
#include "base/unicode.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"

char *
unicode_nfc(const char *s)
{
	size_t n = strlen(s), len = 0;
	/* The library looks at nothing that is no UTF-8. */
	uint8_t *p = !utf8_valid(s, n) ? NULL : u8_normalize(UNINORM_NFC,
	    (const uint8_t *)s, n, NULL, &len);
	char *out;

	if (p == NULL) {
		p = (uint8_t *)(uintptr_t)s;
		len = n;
	}
	if ((out = malloc(len + 1)) == NULL)
		fatal("unicode: out of memory");
	memcpy(out, p, len);
	out[len] = '\0';
	if ((const char *)p != s) {
		secret_wipe(p, len);
		free(p);
	}
	return out;
}
