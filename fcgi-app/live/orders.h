/*
 * orders.h - what a client may say: read, seen, ping, ticket.
 */
#ifndef GP_LIVE_ORDERS_H
#define GP_LIVE_ORDERS_H

#include "live/hub.h"

#define ORDER_MAX	1024u		/* bytes */
#define ORDERS_A_S	20u

/* A piece of a message, `last` of it or not.  What is longer than ORDER_MAX,
 * and more than ORDERS_A_S a second, end the connection. */
void	 orders_piece(struct conn *c, const char *p, size_t n, bool last);

#endif
