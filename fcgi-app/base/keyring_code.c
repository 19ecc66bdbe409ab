/*
 * keyring_code.c - the two keys of one-time codes, and the turning of them
 * (S28).
 *
 * code.next.key waits for its time beside code.key, read by every process
 * before one uses it; from then on code.key only verifies.  At the next turn
 * the one in use becomes code.key, and what that was is gone: no code lives as
 * long as two turns are apart.
 */
#include "base/keyring.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/keyring_own.h"
#include "base/rand.h"
#include "base/text.h"

const uint8_t *
keyring_code(const struct keyring *k, int64_t now_us, unsigned i)
{
	const bool turned = k->code_next.set && now_us >=
	    k->code_next.use_from_us;

	if (i > 1 || (i == 1 && !k->code_next.set))
		return NULL;
	return (i == 0) == turned ? k->code_next.key : k->code;
}

static int
write_key(const char *dir, const char *name, const uint8_t key[32],
    int64_t use_from_s, struct err *e)
{
	char path[PATH_MAX], hex[65], text[120];
	int rc;

	hex_encode(hex, key, 32);
	if (use_from_s == 0)
		snprintf(text, sizeof(text), "%s\n", hex);
	else
		snprintf(text, sizeof(text), "%s\nuse_from %" PRId64 "\n",
		    hex, use_from_s);
	rc = key_path(path, dir, name, e) < 0 ? -1 :
	    file_write(path, text, strlen(text), 0600, e);
	secret_wipe(hex, sizeof(hex));
	secret_wipe(text, sizeof(text));
	return rc;
}

int
keyring_code_rotate(const char *dir, int64_t use_from_s, struct err *e)
{
	const int64_t now = clock_now();
	uint8_t key[32];
	struct keyring k;
	int rc = -1;

	if (keyring_load(&k, dir, e) < 0)
		return -1;
	if (k.code_next.set && now - k.code_next.use_from_us <
	    KEYRING_CODE_TURN_S * US_PER_S) {
		err_set(e, ERR_CONFIG, "too_soon", "codes made before the "
		    "last turn may still be on their way: %d s between two",
		    KEYRING_CODE_TURN_S);
		goto out;
	}
	rand_fill(key, sizeof(key));
	/* Dying in between leaves the one in use under both names. */
	if (k.code_next.set && write_key(dir, "code.key", k.code_next.key, 0,
	    e) < 0)
		goto out;
	rc = write_key(dir, "code.next.key", key, use_from_s, e);
out:
	secret_wipe(key, sizeof(key));
	keyring_free(&k);
	return rc;
}
