/*
 * loop.h - gatepost-worker's loop: takes what is due, sends it, records what
 * became of it.
 *
 * Five threads: this one with the network and all state; a desk that takes
 * work in; one that seals what is to leave (the encryption of a push); one that
 * marks intents, so that no departure waits for the records of those before it;
 * one that writes outcomes.  Nothing is sent
 * before its intent is committed, nothing is counted as sent before an answer.
 */
#ifndef GP_WORKER_LOOP_H
#define GP_WORKER_LOOP_H

#include "base/err.h"

struct worker_setup {
	const char	*run_dir;
	uint64_t	 seat_owner;	/* whose seats ours are: the same as of
					 * the one whose place we take */
	unsigned	 inflight;	/* a provider, at most */
	unsigned	 lease_s, batch;
	bool		 run_once;	/* end when nothing is due */
	void		(*each_s)(void);	/* once a second; or NULL */
	void		(*ready)(void);		/* it takes work now; or NULL */
};

/* Until worker_stop() or, with run_once, until nothing is due.  0 or -1. */
int	 worker_run(const struct worker_setup *s, struct err *e) MUST_CHECK;
/* From a signal handler: take no more, finish what is on the way (10 s), give
 * the rest back. */
void	 worker_stop(void);

#endif
