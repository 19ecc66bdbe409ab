/*
 * digest_own.h - what digest_carried.c (taking out) and digest_rewrite.c
 * (writing anew) share.
 *
 * The carrier's jobs are the lock: who takes something out and who writes it
 * anew hold them first, so that nothing leaves with words that are being
 * changed.  Jobs, then deliveries, then the digest, as everywhere.
 */
#ifndef GP_STORE_DIGEST_OWN_H
#define GP_STORE_DIGEST_OWN_H

#include "store/digest.h"

#include "store/delivery.h"
#include "store/job.h"

/* [[notification, seq, digest], …] */
#define DIGEST_THREES "JSON_TABLE(?, '$[*]' COLUMNS ("				\
	" i BIGINT UNSIGNED PATH '$[0]', s INT UNSIGNED PATH '$[1]',"	\
	" g BIGINT UNSIGNED PATH '$[2]')) t"
#define DIGEST_MADE "g.id = i.digest_id AND g.open IS NULL"			\
	" AND g.carrier_id IS NOT NULL"
#define DIGEST_CARRIED "d.notification_id = i.notification_id"		\
	" AND d.seq = i.seq AND d.state = 'queued' AND d.provider = 'digest'"
/* The carrier's job for the same device; before it is planned it has one. */
#define DIGEST_ITS_JOB "j.notification_id = g.carrier_id AND j.state < 9"	\
	" AND (j.kind = 1 OR j.device_id = d.device_id)"
#define DIGEST_LEAVING "2"
#define DIGEST_HELD "3"
_Static_assert(JOB_LEAVING == 2 && JOB_PAUSED == 3 && JOB_DEAD == 9 &&
    JOB_PLAN == 1, "the statements say so");

/* Deliveries of [[notification, seq, digest], …] end as cancelled and are in
 * no digest any more.  How many ended, or -1. */
int64_t	 digest_end_out(struct db *db, const char *threes,
	    const char *reason, struct err *e) MUST_CHECK;

#endif
