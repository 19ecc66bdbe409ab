/*
 * fetch.c - one request, waited for.  See net.h.
 */
#include "net/net.h"

#include "base/arena.h"

#define STEP_MS	200

struct fetch {
	struct arena	 *a;
	struct in_answer *in;
	bool		  done;
};

static void
keep(void *arg, const struct in_answer *in)
{
	struct fetch *f = arg;

	*f->in = *in;
	f->in->body = arena_memdup(f->a, in->body, in->body_len + 1);
	f->in->header_location = arena_strdup(f->a, in->header_location);
	f->in->header_reason = arena_strdup(f->a, in->header_reason);
	f->done = true;
}

int
net_fetch(struct net *n, const struct out_request *req, struct arena *a,
    struct in_answer *in, struct err *e)
{
	struct fetch f = { .a = a, .in = in };

	if (net_begin(n, req, "", keep, &f, e) < 0)
		return -1;
	/* libcurl's own time-out ends it. */
	while (!f.done)
		if (net_step(n, STEP_MS, -1, e) < 0)
			return -1;
	return 0;
}
