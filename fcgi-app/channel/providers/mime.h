/*
 * mime.h - a mail as RFC 5322 and MIME, ready for the wire (CRLF, lines of at
 * most 998 bytes).
 */
#ifndef GP_CHANNEL_MIME_H
#define GP_CHANNEL_MIME_H

#include "base/arena.h"
#include "base/err.h"

struct mime_mail {
	const char	*from;		/* "Name <a@b>" or "a@b" */
	const char	*to;		/* one address */
	const char	*subject, *text, *html;	/* html NULL: plain only */
	const char	*reply_to;	/* one address, or NULL */
	const char	*id;		/* left part of the Message-ID */
	int64_t		 date_us;
	const char	*unsubscribe;	/* RFC 8058 address, or NULL */
};
/*
 * The message, in the arena.  -1 with ERR_INPUT "bad_address" or "bad_header"
 * when CR, LF or NUL stand where they must not (H5).
 */
int	 mime_write(struct arena *a, const struct mime_mail *m,
	    const char **out, size_t *n, struct err *e) MUST_CHECK;
/* The bare address of "Name <a@b>". */
const char *mime_address(struct arena *a, const char *from);

#endif
