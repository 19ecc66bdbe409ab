/*
 * orders.h - what a client may say: read, seen, ping, ticket.
 */
#ifndef GP_LIVE_ORDERS_H
#define GP_LIVE_ORDERS_H

#include "live/hub.h"

#define ORDER_MAX	1024u		/* bytes */
#define ORDERS_A_S	20u

/* One whole message of n bytes.  More than ORDERS_A_S a second end it. */
void	 orders_take(struct conn *c, const char *p, size_t n);

#endif
