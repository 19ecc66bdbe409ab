/*
 * digest_text.h - the words of a digest: many messages as one, in the
 * reader's language, as long as the channel bears.
 *
 * A mail shows title, text and link of each; a push, an SMS and a text of
 * WhatsApp's a line each.  Outside its 24 hours WhatsApp takes a template that
 * was approved, and that says how many there are.
 * What does not fit is counted ("… and 7 more"), never cut without a word.
 */
#ifndef GP_CHANNEL_DIGEST_TEXT_H
#define GP_CHANNEL_DIGEST_TEXT_H

#include "base/arena.h"
#include "base/channels.h"

#define DIGEST_LINES_MAX	30	/* of a mail; a push shows fewer */
#define DIGEST_SMS_SEGMENTS	3

struct digest_line { const char *title, *body, *url; };	/* NULL: none */
struct digest_text {
	enum channel_id	 channel;
	const char	*locale;	/* of the reader, or NULL */
	const struct digest_line *line;	/* the newest first */
	size_t		 lines;		/* at most DIGEST_LINES_MAX */
	size_t		 total;		/* messages, shown or not */
	const char	*template;	/* of WhatsApp's, or NULL */
};
/* notification.content, and its title; both in the arena. */
const char *digest_content(struct arena *a, const struct digest_text *t,
	    const char **title);

#endif
