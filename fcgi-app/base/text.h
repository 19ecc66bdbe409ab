/*
 * text.h - encodings and small checks on bytes.
 */
#ifndef GP_BASE_TEXT_H
#define GP_BASE_TEXT_H

#include "base/arena.h"
#include "base/err.h"

#include <sys/types.h>

/* base64url without padding (RFC 4648 §5).  Returns characters written;
 * `out_size` must hold them and a NUL: B64URL_SIZE(n), or the padded form's
 * B64_SIZE(n), which is never less. */
#define B64URL_SIZE(n)	(((n) * 8 + 5) / 6 + 1)
#define B64_SIZE(n)	(((n) + 2) / 3 * 4 + 1)
size_t	 b64url_encode(char *out, size_t out_size, const void *p, size_t n);
/* Strict: alphabet, no padding, no stray bits.  Bytes written or -1. */
ssize_t b64url_decode(void *out, size_t out_size, const char *s, size_t n)
	    MUST_CHECK;
/* Lenient, for browsers' keys: both alphabets, optional padding. */
ssize_t b64_decode_any(void *out, size_t out_size, const char *s, size_t n)
	    MUST_CHECK;
/* Standard base64 with padding (mail, basic auth). */
size_t	 b64_encode(char *out, size_t out_size, const void *p, size_t n);

void	 hex_encode(char *out, const void *p, size_t n);	/* 2n+1 */
/* Lower or upper case; 0, or -1 when not exactly 2n hex digits. */
int	 hex_decode(void *out, size_t n, const char *s) MUST_CHECK;

/* Length (1 to 4) of the well-formed UTF-8 sequence that n bytes begin with,
 * or 0 when they begin with none. */
size_t	 utf8_step(const void *p, size_t n);
/* Well-formed UTF-8 (no surrogates, no overlong, ≤ U+10FFFF)? */
bool	 utf8_valid(const void *p, size_t n);
/* Code points of valid UTF-8. */
size_t	 utf8_count(const char *s);
/* Has a byte below 0x20 other than \t \n \r, or 0x7f; or an override of the
 * direction (UAX #9: U+202D, U+202E), which turns round what stands after? */
bool	 text_has_control(const char *s);
/* Is it one line that may stand within somebody else's: none of the above, no
 * tab or line break, and each embedding and isolate (UAX #9: U+202A, U+202B,
 * U+2066 to U+2068) has its end after it, and no end stands alone?  What sets
 * no direction beyond itself (ZWNJ, ZWJ, LRM, RLM, ALM) is text. */
bool	 text_is_line(const char *s);
/* Has CR, LF or NUL in n bytes (H5)? */
bool	 text_has_crlf(const char *s, size_t n);

/* Decimal, whole string, in range: 1 and *v set, else 0. */
int	 text_u64(const char *s, uint64_t max, uint64_t *v) MUST_CHECK;
int	 text_i64(const char *s, int64_t min, int64_t max, int64_t *v)
	    MUST_CHECK;

/* Copy that always ends in NUL; false when it did not fit. */
bool	 text_copy(char *out, size_t out_size, const char *s);
bool	 text_starts(const char *s, const char *prefix);
bool	 text_ends(const char *s, const char *suffix);
/* ASCII lower-case copy. */
char	*text_lower(struct arena *a, const char *s);
/* Without leading and trailing ASCII white space. */
char	*text_trim(struct arena *a, const char *s);
/* application/x-www-form-urlencoded decoding of n bytes; NULL when broken
 * (bad escape, NUL, bad UTF-8).  Percent-encode for a form or query. */
char	*url_decode(struct arena *a, const char *s, size_t n, bool plus);
char	*url_encode(struct arena *a, const char *s);
struct buf;
/* n bytes as text or a quoted attribute of HTML. */
void	 html_escape(struct buf *b, const char *s, size_t n);
/* One more member of an application/x-www-form-urlencoded body. */
void	 form_add(struct buf *b, struct arena *a, const char *name,
	    const char *value);

#endif
