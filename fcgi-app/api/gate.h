/*
 * gate.h - what the gate and the way to another host name share.
 */
#ifndef GP_API_GATE_H
#define GP_API_GATE_H

#include "api/route.h"

/* Whose tokens are good at `host` (nginx's, lower case, no port): the host's
 * own at a listed one (D15), else NULL, those of the API. */
const char *gate_audience(const char *host);
/* Has the state cookie at another host the form that the gate gives it? */
bool	 gate_state_ok(const char *state);

#endif
