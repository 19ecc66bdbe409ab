/*
 * hash.h - computing password hashes, in the process that calls.
 *
 * In the hash pool that is a lane's process (auth/lane.h); gatepostctl, tests
 * and the single responder compute in their own.
 */
#ifndef GP_AUTH_HASH_H
#define GP_AUTH_HASH_H

#include "auth/password_old.h"

#define HASH_TAG_MAX	64

/*
 * Argon2: the o->hash_n bytes to `tag`, 1.  Other kinds: 1 what `in` says is
 * the password of `o`, 0 it is not.  -1 with "hash_failed".  `in` has n bytes;
 * for kinds that are not Argon2 it is text, and a NUL follows.
 */
int	 hash_compute(const struct old_hash *o, const void *in, size_t n,
	    uint8_t tag[HASH_TAG_MAX], struct err *e) MUST_CHECK;

/*
 * From now on memory for an Argon2 of up to `bytes` is taken once and kept, in
 * large pages where the kernel has them: a hash is then 7 % faster, and never
 * waits for pages.  Larger ones take their own.  Without memory all do.
 */
void	 hash_keep(size_t bytes);
/* Is any of it in use since the last hash_trim? */
bool	 hash_kept(void);
/* Give it back; the next hash waits for its pages. */
void	 hash_trim(void);

#endif
