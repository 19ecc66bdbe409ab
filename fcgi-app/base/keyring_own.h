/*
 * keyring_own.h - shared by keyring.c (reads) and keyring_make.c (writes).
 */
#ifndef GP_BASE_KEYRING_OWN_H
#define GP_BASE_KEYRING_OWN_H

#include "base/keyring.h"

#include <limits.h>

#define KEY_FILE_MAX	4096

/* dir/name; -1 when too long. */
int	 key_path(char out[PATH_MAX], const char *dir, const char *name,
	    struct err *e) MUST_CHECK;
/* A regular file of mode 0600 or less, as text without NUL.  The caller
 * wipes it.  e->sys is ENOENT when there is none. */
int	 key_read(const char *path, char text[KEY_FILE_MAX + 1],
	    struct err *e) MUST_CHECK;
int	 key_token_read(const char *path, const char *kid, struct jws_key *k,
	    struct err *e) MUST_CHECK;
/* Is it <kid>.key?  Others in token/ (temporary files) are nobody's. */
bool	 key_token_name(const char *name, char kid[JWS_KID_MAX + 1]);
/* pepper.ring, if there is one, into k. */
int	 key_ring_read(struct keyring *k, const char *dir, struct err *e)
	    MUST_CHECK;

#endif
