/*
 * gate_code.h - table gate_code: what takes a signed-in browser from our host
 * to another of the same owner (D15).  A row is good once, for one host, in
 * the browser whose state cookie it names, for a minute.
 */
#ifndef GP_STORE_GATE_CODE_H
#define GP_STORE_GATE_CODE_H

#include "store/db.h"

struct gate_code {
	uint8_t		 hash[32];	/* SHA-256 of the code */
	uint8_t		 bind[32];	/* SHA-256 of the state cookie */
	const char	*host;
	uint64_t	 user_id, session_id;
};

/* Insert; meeting its own hash is a success (D20).  0 or -1. */
int	 gate_code_insert(struct db *db, const struct gate_code *c,
	    uint32_t life_s, struct err *e) MUST_CHECK;
/*
 * Use it up, by one conditional UPDATE: 1 and c->user_id and session_id; 0
 * there is no such code, or not for this host and browser, or it is used or
 * too old; -1.  `key` is the caller's, from db_tx_key: a redo meets it.
 */
int	 gate_code_use(struct db *db, struct gate_code *c, uint64_t key,
	    struct err *e) MUST_CHECK;
/* Worker: delete up to `max` that are over.  Rows or -1. */
int	 gate_code_purge(struct db *db, unsigned max, struct err *e)
	    MUST_CHECK;

#endif
