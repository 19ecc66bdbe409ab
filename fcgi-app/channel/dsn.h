/*
 * dsn.h - what comes back about a mail of ours: a delivery status
 * notification (RFC 3464) or an abuse report (RFC 5965), as the bytes of a
 * mail.
 *
 * A report is believed about the one delivery it names: by the address it came
 * to, with a tag of ours (verp.h), or, while GATEPOST_BOUNCE_ADDRESS is not
 * set, by our Message-ID ("<notification.seq@…>") in what it returns.  A tag
 * that is not ours, or too old, is never believed.
 */
#ifndef GP_CHANNEL_DSN_H
#define GP_CHANNEL_DSN_H

#include "base/cdefs.h"

enum dsn_what { DSN_NONE = 0, DSN_FAILED, DSN_DELAYED, DSN_DELIVERED,
	DSN_COMPLAINT };
struct dsn {
	enum dsn_what	 what;
	bool		 hard;		/* the mailbox is not there: never again */
	char		 status[16];	/* "5.1.1", or "" */
	char		 recipient[255];/* or "" */
	uint64_t	 notification_id;
	uint32_t	 seq;
};
/* 1 a report about a delivery of ours, 0 anything else. */
int	 dsn_read(const char *mail, size_t n, struct dsn *d);
/* Parts of that, for reports that come as JSON: "<7.1@x>" or "7.1"; and is
 * such a failure for good? */
bool	 dsn_name(const char *s, uint64_t *notification_id, uint32_t *seq);
bool	 dsn_is_hard(const char *status);
/* What it means for the delivery: a state (NULL: as it is) with its reason,
 * and for the address (NULL, "bounced", "complained").  False: nothing. */
bool	 dsn_bounce(const struct dsn *d, const char **state,
	    const char **reason, const char **suppress);

#endif
