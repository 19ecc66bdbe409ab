/*
 * digest_own.h - what digest.c (making) and digest_rewrite.c (the words, and
 * writing them anew) share.
 */
#ifndef GP_DELIVER_DIGEST_OWN_H
#define GP_DELIVER_DIGEST_OWN_H

#include "channel/digest_text.h"
#include "deliver/digest.h"
#include "store/digest.h"

struct digest_words {
	/* in: notifications, the newest first, at most DIGEST_LINES_MAX */
	const uint64_t	*id;
	size_t		 n, total;
	const char	*channel, *locale, *template;	/* the last two: or NULL */
	/* out, in the arena */
	const char	*title, *content;
};
/* Read what they say and put it together.  0 or -1. */
int	 digest_words(struct db *db, struct arena *a, struct digest_words *w,
	    struct err *e) MUST_CHECK;

/* Carriers that something was taken out of: those of this moment.  0 or -1. */
int	 digest_rewrite_due(struct db *db, struct digest_tick *t,
	    struct err *e) MUST_CHECK;

#endif
