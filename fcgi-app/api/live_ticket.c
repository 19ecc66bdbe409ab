/*
 * live_ticket.c - POST /api/auth/ticket/: half a minute's pass to
 * /ws/notifications/ for who cannot send a header there.
 */
#include "api/push_own.h"

#include "auth/ticket.h"
#include "base/clock.h"
#include "base/crypto.h"

int
live_ticket_post(struct call *c, const void *in, struct err *e)
{
	char text[TICKET_TEXT];
	int64_t until_s;
	struct jw *w;

	(void)in;
	(void)e;
	ticket_make(text, &c->who, &until_s);
	w = resp_json(c->resp, 201);
	jw_str(w, "ticket", text);
	jw_time(w, "expires_at", until_s * US_PER_S);
	secret_wipe(text, sizeof(text));
	resp_no_store(c->resp);
	resp_json_end(c->resp);
	return 0;
}
