/*
 * opt_word.h - table opt_word: the last that somebody said about being
 * written to, in a message of his own or in the app of the provider.
 *
 * It outlives the entry of the suppression list that it made: a "stop" that
 * comes twice, or after the "start" that followed it, changes nothing.
 */
#ifndef GP_STORE_OPT_WORD_H
#define GP_STORE_OPT_WORD_H

#include "base/channels.h"
#include "store/db.h"

struct opt_word {
	enum channel_id	 channel;
	const char	*address;	/* as compared: E.164 */
	const char	*reason;	/* "stopped", "no_marketing": what "stop"
					 * makes; "start" lifts it */
	const char	*also;		/* and these; "" none */
	bool		 out;
	int64_t		 said_us;	/* theirs where they tell, else ours */
	const char	*who, *id;	/* of the message, for seen.h; id NULL:
					 * its time tells it */
};
/* One transaction, or the caller's.  1 it is the last word, 0 it was said
 * before or is older (of two at once, "stop" counts), -1. */
int	 opt_word_take(struct db *db, const struct opt_word *w,
	    struct err *e) MUST_CHECK;
/* Worker: "start" words of more than 30 days; nothing older comes any more.
 * Rows or -1. */
int	 opt_word_purge(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

#endif
