/*
 * keyring_pepper.c - the peppers that verify beside the one in use (S55).
 *
 * A pepper that hashes depend on is never lost: it is in the ring before
 * pepper.key is replaced, and nothing here takes one out.
 */
#include "base/keyring.h"
#include "base/file.h"
#include "base/keyring_own.h"
#include "base/rand.h"
#include "base/text.h"

#include <errno.h>

#define LINE_MAX_	72		/* id, blank, 64 digits, newline */

static int
ring_line(struct keyring *k, char *s, const char *path, struct err *e)
{
	char *blank = strchr(s, ' ');
	uint64_t id;

	if (k->peppers == KEYRING_PEPPERS_MAX)
		return err_set(e, ERR_CONFIG, "key_file",
		    "%s: more than %d peppers", path, KEYRING_PEPPERS_MAX);
	if (blank != NULL)
		*blank = '\0';
	if (blank == NULL || !text_u64(s, 255, &id) || id == 0 ||
	    hex_decode(k->pepper_ring[k->peppers].key, 32, blank + 1) < 0)
		return err_set(e, ERR_CONFIG, "key_file",
		    "%s: line %zu is not \"<id> <64 hex digits>\"", path,
		    k->peppers + 1);
	k->pepper_ring[k->peppers++].id = (uint8_t)id;
	return 0;
}

int
key_ring_read(struct keyring *k, const char *dir, struct err *e)
{
	char path[PATH_MAX], text[KEY_FILE_MAX + 1], *s = text, *end;
	int rc = 0;

	k->peppers = 0;
	if (key_path(path, dir, "pepper.ring", e) < 0)
		return -1;
	if (key_read(path, text, e) < 0) {
		if (e->sys != ENOENT)
			return -1;
		err_clear(e);
		return 0;
	}
	while (rc == 0 && *s != '\0') {
		if ((end = strchr(s, '\n')) != NULL)
			*end = '\0';
		rc = ring_line(k, s, path, e);
		s = end == NULL ? s + strlen(s) : end + 1;
	}
	secret_wipe(text, sizeof(text));
	return rc;
}

const uint8_t *
keyring_pepper(const struct keyring *k, uint8_t id)
{
	if (k->pepper.set && k->pepper.id == id)
		return k->pepper.key;
	for (size_t i = 0; i < k->peppers; i++)
		if (k->pepper_ring[i].id == id)
			return k->pepper_ring[i].key;
	return NULL;
}

static int
ring_write(const struct keyring *k, const char *dir, struct err *e)
{
	char path[PATH_MAX], text[KEY_FILE_MAX], hex[65];
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < k->peppers; i++) {
		hex_encode(hex, k->pepper_ring[i].key, 32);
		n += (size_t)snprintf(text + n, LINE_MAX_, "%u %s\n",
		    k->pepper_ring[i].id, hex);
	}
	rc = key_path(path, dir, "pepper.ring", e) < 0 ? -1 :
	    file_write(path, text, n, 0600, e);
	secret_wipe(text, sizeof(text));
	secret_wipe(hex, sizeof(hex));
	return rc;
}

static int
ring_add(struct keyring *k, uint8_t id, const uint8_t key[32], struct err *e)
{
	for (size_t i = 0; i < k->peppers; i++)
		if (k->pepper_ring[i].id == id)
			return 0;
	if (k->peppers == KEYRING_PEPPERS_MAX)
		return err_set(e, ERR_CONFIG, "too_many_keys",
		    "the ring holds %d peppers", KEYRING_PEPPERS_MAX);
	k->pepper_ring[k->peppers].id = id;
	memcpy(k->pepper_ring[k->peppers++].key, key, 32);
	return 0;
}

int
keyring_pepper_add(const char *dir, uint8_t *id, struct err *e)
{
	struct keyring k;
	uint8_t key[32];
	unsigned next = 1;
	int rc = -1;

	if (keyring_load(&k, dir, e) < 0)
		return -1;
	while (next < 256 && keyring_pepper(&k, (uint8_t)next) != NULL)
		next++;
	rand_fill(key, sizeof(key));
	*id = (uint8_t)next;
	if (ring_add(&k, *id, key, e) == 0)
		rc = ring_write(&k, dir, e);
	secret_wipe(key, sizeof(key));
	keyring_free(&k);
	return rc;
}

int
keyring_pepper_use(const char *dir, uint8_t id, struct err *e)
{
	char path[PATH_MAX], text[80], hex[65] = "";
	const uint8_t *key;
	struct keyring k;
	int rc = -1;

	if (keyring_load(&k, dir, e) < 0)
		return -1;
	if ((key = keyring_pepper(&k, id)) == NULL) {
		err_set(e, ERR_CONFIG, "pepper_missing", "no pepper %u", id);
		goto out;
	}
	hex_encode(hex, key, 32);
	snprintf(text, sizeof(text), "%s\n%u\n", hex, id);
	/* The one in use goes into the ring first: dying in between loses
	 * nothing. */
	if ((k.pepper.set && (ring_add(&k, k.pepper.id, k.pepper.key, e) < 0 ||
	    ring_write(&k, dir, e) < 0)) ||
	    key_path(path, dir, "pepper.key", e) < 0)
		goto out;
	rc = file_write(path, text, strlen(text), 0600, e);
out:
	secret_wipe(text, sizeof(text));
	secret_wipe(hex, sizeof(hex));
	keyring_free(&k);
	return rc;
}
