/*
 * ticket.h - one-time tickets for /ws/notifications/ (D11): a page that
 * cannot set a header shows one in the address, and what proxies keep of the
 * address is worth nothing half a minute later.
 *
 * A ticket says itself whose it is: base64url(chance 16 | user 8 | session 8 |
 * actor 8 | times 3 × 8 | countries 32 | HMAC-128).  Forged ones are refused without SQL;
 * that one serves once is a row of live_ticket (store/live.h).
 */
#ifndef GP_AUTH_TICKET_H
#define GP_AUTH_TICKET_H

#include "auth/caller.h"
#include "auth/country.h"

#define TICKET_LIFE_S	30
#define TICKET_TEXT	160

struct ticket {
	uint64_t	 user_id, session_id, act_id;
	int64_t		 iat_s, exp_s;	/* of the access token it stands for */
	int64_t		 until_s;	/* its own end */
	uint8_t		 countries[COUNTRY_PACKED];	/* he may come from */
};
/* For `who`, whose session is his own proof; its end goes to *until_s. */
void	 ticket_make(char out[TICKET_TEXT], const struct caller *who,
	    int64_t *until_s);
/* 1 ours and in time, and what its row is called; 0 not. */
int	 ticket_parse(const char *text, struct ticket *t, uint8_t hash[32]);

#endif
