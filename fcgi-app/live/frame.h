/*
 * frame.h - what is said of a notification, built once for all who read it in
 * one language, and the small frames around it.
 *
 * A frame is counted: its last owner frees it.  Frames are made by the thread
 * that reads the database and dropped by the loop; the count is atomic.
 */
#ifndef GP_LIVE_FRAME_H
#define GP_LIVE_FRAME_H

#include <stdatomic.h>

#include "base/buf.h"
#include "store/live.h"

#define FRAME_LOCALE	36

struct frame {
	_Atomic unsigned refs;
	uint32_t	 len;		/* of tail */
	uint64_t	 notification_id;
	int64_t		 created_us;
	char		 locale[FRAME_LOCALE];
	char		 tail[];	/* "data":{…}} */
};

/* The frame of a row, owned by the caller; NULL and *e set when the row is
 * broken. */
struct frame *frame_make(const struct live_row *r, struct err *e);
struct frame *frame_keep(struct frame *f);	/* one owner more; f */
void	 frame_drop(struct frame *f);		/* NULL is allowed */

/* The last frames made, so that a broadcast is built once.  Of one thread. */
#define FRAME_SLOTS	64
struct frame_cache { struct frame *slot[FRAME_SLOTS]; uint64_t built; };
struct frame *frame_of(struct frame_cache *c, const struct live_row *r,
	    struct err *e);
void	 frame_cache_clear(struct frame_cache *c);

/* --- what a connection is sent ------------------------------------------------ */
enum item_kind { ITEM_READY, ITEM_MISSED, ITEM_NOTE, ITEM_RELOAD, ITEM_READ,
	ITEM_READ_UPTO, ITEM_COUNTS, ITEM_PONG, ITEM_RENEW, ITEM_ERROR,
	ITEM_BYE };

/* A frame as it leaves; what a kind does not use is 0. */
struct said {
	enum item_kind	 kind;
	const struct frame *f;		/* MISSED, NOTE */
	uint64_t	 seq;		/* or the id of READ, the error of ERROR */
	uint64_t	 unread, unseen;
	unsigned	 retry_ms;
	const char	*reason;	/* of BYE */
};
/* Errors of client frames; item.seq says which. */
enum said_error { SAID_BAD_FRAME, SAID_UNKNOWN_TYPE, SAID_NOT_FOUND,
	SAID_NOT_NOW, SAID_IMPERSONATED, SAID_BAD_TICKET };
void	 said_json(struct buf *b, const struct said *s);
/* The same as an event of text/event-stream. */
void	 said_event(struct buf *b, const struct said *s);

#endif
