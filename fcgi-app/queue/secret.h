/*
 * secret.h - job.secret: codes and links, sealed under a file key and bound
 * to their notification (D24).  Wiped with the job's row.
 */
#ifndef GP_QUEUE_SECRET_H
#define GP_QUEUE_SECRET_H

#include "base/arena.h"
#include "base/err.h"

#define JOB_SECRET_MAX 2048

/* The key, `seal` of the process's one keyring: kept as a pointer, so the
 * keyring must stay where it is; reloading it in place is seen.  Set by main. */
void	 job_secret_use(const uint8_t key[32]);

/* Seal JSON text for job `id`.  0 and *len; -1 when it does not fit. */
int	 job_secret_seal(uint8_t *out, size_t cap, size_t *len, uint64_t id,
	    const char *json, struct err *e) MUST_CHECK;
/* Open; the text is in the arena.  -1 ERR_INTERNAL: forged or other job. */
int	 job_secret_open(struct arena *a, const uint8_t *p, size_t n,
	    uint64_t id, const char **json, struct err *e) MUST_CHECK;

/* The same for a row of another table, bound to `what` and its id; sealed into
 * the arena. */
int	 named_secret_seal(struct arena *a, const char *json, const char *what,
	    uint64_t id, const uint8_t **out, size_t *len, struct err *e)
	    MUST_CHECK;
int	 named_secret_open(struct arena *a, const uint8_t *p, size_t n,
	    const char *what, uint64_t id, const char **json, struct err *e)
	    MUST_CHECK;

#endif
