/*
 * device_replace.c - a browser that its push service calls by another address.
 *
 * Not the old row with another target: what the push service answers to a
 * message on its way to the old one would end the new one with it.
 */
#include "store/device.h"

#define HASH_LEN	32

/* Twice changes nothing; of a device that is not the user's, nothing. */
DB_STMT(DEVICE_HAND_ON, DB_API, DB_SAFE,
    "INSERT IGNORE INTO push_group_device (group_id, device_id)"
    " SELECT g.group_id, ? FROM device d"
    " JOIN push_group_device g ON g.device_id = d.id"
    " WHERE d.target_hash = ? AND d.user_id = ?");

struct replacing { struct device_new n; const uint8_t *old; uint64_t id;
	int made; };

static int
replace_work(struct db *db, void *arg, struct err *e)
{
	struct replacing *r = arg;
	struct device_new n = r->n;
	uint64_t was, owner = 0;

	if (device_by_target(db, r->old, &was, &owner, e) < 0)
		return -1;
	/* One comes and one goes. */
	if (n.most > 0 && owner == n.user_id)
		n.most++;
	if ((r->made = device_register(db, &n, &r->id, e)) < 0)
		return -1;
	if (memcmp(r->old, n.target_hash, HASH_LEN) == 0)
		return 0;
	return db_run(db, &DEVICE_HAND_ON, DB_IN(DB_U64(r->id),
	    DB_BIN(r->old, HASH_LEN), DB_U64(n.user_id)), e) < 0 ||
	    device_remove_target(db, n.user_id, r->old, e) < 0 ? -1 : 0;
}

int
device_replace(struct db *db, const struct device_new *n, const uint8_t *old,
    uint64_t *id, struct err *e)
{
	struct replacing r = { .n = *n, .old = old };

	if (db_join(db, replace_work, &r, e) < 0)
		return -1;
	*id = r.id;
	return r.made;
}
