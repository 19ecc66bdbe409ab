/*
 * secret.c - seal and open job.secret.  Owns the pointer to the key.
 *
 * The plan job's secret is handed to the send job that planning makes, under
 * that job's id: planning opens and seals it anew.
 */
#include "queue/secret.h"

#include "base/crypto.h"

/* Into the process's keyring, which is refreshed in place: read at each use,
 * never copied, so that a changed key file is seen. */
static const uint8_t *seal_key;

void
job_secret_use(const uint8_t key[32])
{
	seal_key = key;
}

static int
have_key(struct err *e)
{
	return seal_key != NULL ? 0 : err_set(e, ERR_CONFIG, "no_seal_key",
	    "job_secret_use was not called");
}

static size_t
binding(char ad[32], uint64_t id)
{
	return (size_t)snprintf(ad, 32, "job:%" PRIu64, id);
}

int
job_secret_seal(uint8_t *out, size_t cap, size_t *len, uint64_t id,
    const char *json, struct err *e)
{
	size_t n = strlen(json);
	char ad[32];

	if (have_key(e) < 0)
		return -1;
	if (n + SEAL_EXTRA > cap)
		return err_set(e, ERR_INTERNAL, "secret_too_long",
		    "%zu bytes", n);
	seal(out, seal_key, ad, binding(ad, id), json, n);
	*len = n + SEAL_EXTRA;
	return 0;
}

int
job_secret_open(struct arena *a, const uint8_t *p, size_t n, uint64_t id,
    const char **json, struct err *e)
{
	char ad[32], *text;

	if (have_key(e) < 0)
		return -1;
	if (n < SEAL_EXTRA || n > JOB_SECRET_MAX)
		return err_set(e, ERR_INTERNAL, "secret_broken",
		    "job %" PRIu64 ": %zu bytes", id, n);
	text = arena_alloc(a, n);
	if (seal_open((uint8_t *)text, seal_key, ad, binding(ad, id), p, n)
	    < 0)
		return err_set(e, ERR_INTERNAL, "secret_broken",
		    "job %" PRIu64 " does not open", id);
	*json = text;
	return 0;
}

static size_t
named(char ad[64], const char *what, uint64_t id)
{
	return (size_t)snprintf(ad, 64, "%.32s:%" PRIu64, what, id);
}

int
named_secret_seal(struct arena *a, const char *json, const char *what,
    uint64_t id, const uint8_t **out, size_t *len, struct err *e)
{
	size_t n = strlen(json);
	char ad[64];
	uint8_t *to;

	if (have_key(e) < 0)
		return -1;
	to = arena_alloc(a, n + SEAL_EXTRA);
	seal(to, seal_key, ad, named(ad, what, id), json, n);
	*out = to;
	*len = n + SEAL_EXTRA;
	return 0;
}

int
named_secret_open(struct arena *a, const uint8_t *p, size_t n,
    const char *what, uint64_t id, const char **json, struct err *e)
{
	char ad[64], *text;

	if (have_key(e) < 0)
		return -1;
	if (n < SEAL_EXTRA)
		return err_set(e, ERR_INTERNAL, "secret_broken",
		    "%s %" PRIu64 ": %zu bytes", what, id, n);
	text = arena_alloc(a, n);
	if (seal_open((uint8_t *)text, seal_key, ad, named(ad, what, id), p,
	    n) < 0)
		return err_set(e, ERR_INTERNAL, "secret_broken",
		    "%s %" PRIu64 " does not open", what, id);
	*json = text;
	return 0;
}
