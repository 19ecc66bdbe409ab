/*
 * whatsapp.h - table whatsapp_contact: the 24 hours in which a contact may be
 * written to freely (PROVIDERS.md 4.4).
 *
 * They begin with each message of the contact's, not with what we send.  A
 * contact is named as whatsapp_contact() of channel/ makes it.
 */
#ifndef GP_STORE_WHATSAPP_H
#define GP_STORE_WHATSAPP_H

#include "store/db.h"

#define WHATSAPP_WINDOW_S	(24 * 60 * 60)
#define WHATSAPP_MARGIN_S	60	/* of the provider's clock and way */

/*
 * The contact wrote at at_us; earlier and repeated news change nothing, and a
 * time ahead of ours counts as now.  `phone` in E.164, or NULL, finds the
 * account that proved it.  0 or -1.
 */
int	 whatsapp_wrote(struct db *db, const char *sender,
	    const char *contact, const char *phone, int64_t at_us,
	    struct err *e) MUST_CHECK;
/* The provider says that the contact's window of this sender is closed; ""
 * when it is not known which.  0 or -1. */
int	 whatsapp_close(struct db *db, const char *sender,
	    const char *contact, struct err *e) MUST_CHECK;
/* 1 open, and *left_s ≥ 1 seconds that it lasts, the margin taken off; 0
 * closed; -1. */
int	 whatsapp_window(struct db *db, const char *contact, uint32_t *left_s,
	    struct err *e) MUST_CHECK;
/* Worker: rows that open nothing any more.  Rows or -1. */
int	 whatsapp_purge(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

#endif
