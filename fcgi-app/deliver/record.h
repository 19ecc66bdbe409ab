/*
 * record.h - write what became of jobs: many results, one transaction.
 *
 * A job is ended or made ready again only by its holder; a result whose job
 * another has by now changes nothing, but a late answer may turn `unsure` into
 * its truth (D26).  A batch runs on the outcome thread.
 */
#ifndef GP_DELIVER_RECORD_H
#define GP_DELIVER_RECORD_H

#include "deliver/item.h"

#define RECORD_MAX	256

enum record_what {
	RECORD_FINAL,		/* state is final: the job goes */
	RECORD_RETRY,		/* counted; ready again after ref.delay_us */
	RECORD_HOLD		/* not counted, nothing left: as RETRY, but the
				 * delivery is not touched */
};

struct record {
	enum record_what what;
	struct item	*item;
	const char	*state;		/* constant words */
	char		 reason[41], provider_id[161];
	char		 log[800];	/* a JSON line, or "" */
	bool		 sent, device_dead;
	unsigned	 segments;	/* of an SMS; 0: none or not known */
	bool		 address_dead;	/* nothing is there (OUTCOME_DROP) */
	bool		 closed;	/* as verdict.closed */
	char		 sender[41];	/* as verdict.sender */
	char		 to[25];	/* not FINAL: the account it goes to; "":
					 * stays */
	bool		 stale;		/* out: the job was not ours any more */
};

struct record_batch {
	struct record_batch *next;
	struct record	*r;		/* RECORD_MAX */
	size_t		 n;
	/* out: notifications all of whose deliveries are final, told once */
	struct { const char *waiter; uint64_t id; } told[RECORD_MAX];
	size_t		 tell, stale;
};

/* 0, or -1 with *e set: nothing was written, try again later. */
int	 record_write(struct db *db, struct record_batch *b, struct err *e)
	    MUST_CHECK;

#endif
