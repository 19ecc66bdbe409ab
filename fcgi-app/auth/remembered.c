/*
 * remembered.c - see remembered.h.
 */
#include "auth/remembered.h"

#include "base/crypto.h"
#include "store/known_device.h"

int
remembered(struct db *db, const struct req *q, uint64_t user_id,
    struct err *e)
{
	const char *token = q == NULL ? "" : q->device_cookie;
	uint8_t hash[32];
	int rc;

	sha256(hash, token, strlen(token));
	rc = known_device_is(db, hash, user_id, e);
	return rc < 0 ? -1 : rc == 1 && user_id != 0;
}
