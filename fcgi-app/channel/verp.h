/*
 * verp.h - an address of its own for what comes back about each mail
 * (PROVIDERS.md 6.4): "bounce+ID.SEQ.DDDhhhhhhhhhhhhhhhh@domain".
 *
 * DDD is the day it left and h a keyed MAC over all three, so that nobody
 * makes up a report about a mail that he did not get, and a report that comes
 * after VERP_DAYS is nobody's.  Lower case and digits only: servers on the
 * way may fold the rest.
 */
#ifndef GP_CHANNEL_VERP_H
#define GP_CHANNEL_VERP_H

#include "base/arena.h"

#define VERP_DAYS	14	/* servers try for five, and report then */
#define VERP_TAG	19

/* Whose key; kept, not copied.  Without one there are no tags, and none is
 * right. */
void	 verp_use(const uint8_t key[32]);
/* The envelope's sender, made of "bounce@domain"; NULL: that is no such
 * address, or there is no key.  In the arena. */
const char *verp_address(struct arena *a, const char *bounce,
    uint64_t notification_id, uint32_t seq, int64_t now_us);
/* Is this tag, n bytes at `tag`, ours for that delivery, and of these days? */
bool	 verp_is(const char *tag, size_t n, uint64_t notification_id,
    uint32_t seq, int64_t now_us);

#endif
