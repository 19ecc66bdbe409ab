/*
 * purge.c - see purge.h.
 *
 * Passes over the rules go on until one finds nothing: what came in behind
 * the first pass, while the user's row was still there, goes with the second.
 */
#include "worker/purge.h"

#include "auth/audit.h"
#include "base/log.h"
#include "store/cancel.h"
#include "store/closing.h"
#include "store/digest.h"
#include "store/personal.h"

#define BATCH		500u
#define MARKED		100u
#define CARRIERS	16u

static int
carrier_work(struct db *db, void *arg, struct err *e)
{
	const uint64_t *carrier_id = arg;
	struct cancelled c;

	do {
		if (cancel_notification(db, *carrier_id, "user_gone", &c,
		    e) < 0)
			return -1;
	} while (c.more);
	return digest_carrier_blank(db, *carrier_id, e);
}

/* Digests that have not left end while their rows say whose they are: a plan
 * that is held to be written anew names nobody.  How many, or -1. */
static int
end_carriers(struct db *db, uint64_t user_id, struct err *e)
{
	uint64_t id[CARRIERS];
	int n = digest_carriers_of(db, user_id, id, CARRIERS, e);

	for (int i = 0; i < n; i++)
		if (db_tx(db, carrier_work, &id[i], e) < 0)
			return -1;
	return n;
}

/* One pass, or what is left of *steps: rows ended, or -1. */
static int64_t
pass(struct db *db, uint64_t user_id, unsigned *steps, struct err *e)
{
	int64_t n, all = 0;

	do {
		if ((n = end_carriers(db, user_id, e)) < 0)
			return -1;
		all += n;
		*steps -= n > 0;
	} while (n > 0 && *steps > 0);
	for (size_t i = 0; i < personal_rules_count && *steps > 0; i++)
		do {
			n = personal_purge(db, &personal_rules[i], user_id,
			    BATCH, e);
			if (n < 0)
				return -1;
			all += n;
			*steps -= n > 0;
		} while (n > 0 && *steps > 0);
	return all;
}

/* The last word about somebody holds no address; the salt that writing it
 * made goes in the same transaction. */
static int
finish_work(struct db *db, void *arg, struct err *e)
{
	const uint64_t *user_id = arg;
	const struct audit_event ev = { .event = "account_purged",
		.outcome = "ok", .user_id = *user_id };
	int rc = closing_gone(db, *user_id, e);

	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	if (audit_add(db, NULL, &ev, e) < 0)
		return -1;
	for (size_t i = 0; i < personal_rules_count; i++)
		if (personal_purge(db, &personal_rules[i], *user_id, BATCH,
		    e) < 0)
			return -1;
	return 0;
}

int
purge_accounts(struct db *db, unsigned steps, struct err *e)
{
	uint64_t user_id = 0;
	int64_t n;
	int rc, done = 0;

	while (steps > 0 && (rc = closing_due(db, MARKED, &user_id,
	    e)) != 0) {
		if (rc < 0)
			return -1;
		while (steps > 0 && (n = pass(db, user_id, &steps, e)) != 0)
			if (n < 0)
				return -1;
		if (steps == 0)
			break;
		if (db_tx(db, finish_work, &user_id, e) < 0)
			return -1;
		log_event("account_purged", LOG_KI("user_id",
		    (int64_t)user_id));
		steps--;
		done++;
	}
	return done;
}
