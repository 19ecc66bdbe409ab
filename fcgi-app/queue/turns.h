/*
 * turns.h - weighted turns between the classes: codes 8, transactional 4,
 * campaigns 1; the many of one notification 2 and 1.  No class starves, and a
 * campaign is never in a code's way.
 */
#ifndef GP_QUEUE_TURNS_H
#define GP_QUEUE_TURNS_H

#include "base/cdefs.h"

#define TURNS_CLASSES	5
extern const unsigned turns_weight[TURNS_CLASSES];

struct turns { int credit[TURNS_CLASSES]; };	/* begins as zeroes */

/* Whose turn is it among those that have something?  -1: nobody has. */
int	 turns_next(struct turns *t, const bool has[TURNS_CLASSES]);
/* Share `room` between those that have something, by weight, at least one
 * each while room lasts; what is left over goes to the first of them. */
void	 turns_share(uint32_t room, const bool has[TURNS_CLASSES],
	    uint32_t out[TURNS_CLASSES]);

#endif
