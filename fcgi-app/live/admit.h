/*
 * admit.h - who may connect: the credential, where it comes from, and how
 * many there are already.  No SQL: what only the database knows (was the
 * ticket used? has the session ended, where the list of revocations is too
 * old?) the admission asks (feed_admit.c).
 */
#ifndef GP_LIVE_ADMIT_H
#define GP_LIVE_ADMIT_H

#include "auth/grant.h"
#include "base/shm.h"
#include "http/response.h"
#include "live/hub.h"

/* What the address and the handshake say. */
struct asked {
	struct req	 q;
	const char	*after;		/* text, or NULL */
	const char	*ticket;	/* text, or NULL */
	bool		 token_in_url, sse, websocket;
	bool		 other_version;	/* of WebSocket than 13 */
};
struct gate {			/* how it stands with us */
	struct shm	*shm;		/* NULL: none */
	bool		 draining, away;	/* the database, for a while */
};
/* A WAITING connection, its wire not set; or NULL and *e set. */
struct conn *admit(const struct gate *g, const struct asked *a,
	    struct err *e);
/* `renew` by a ticket on the same connection: 1 it may go on as soon as the
 * ticket is used (hash), 0 it is no ticket of this person's session. */
int	 admit_renew(const struct conn *c, const char *text,
	    int64_t *iat_s, int64_t *exp_s, uint8_t hash[32]);

/* The refusal as an HTTP/1.1 answer; what is written to b is all of it. */
void	 admit_refuse(struct buf *b, const struct asked *a,
	    const struct err *e);

#endif
