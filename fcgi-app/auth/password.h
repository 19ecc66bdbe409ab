/*
 * password.h - Argon2id in PHC strings, with a keyed pepper (S55), the
 * password rule, and equal work for whoever asks (S22, D9).
 */
#ifndef GP_AUTH_PASSWORD_H
#define GP_AUTH_PASSWORD_H

#include "base/arena.h"
#include "base/err.h"

#define PASSWORD_PHC_MAX	256

/* Hash with the current parameters and pepper, in Unicode's Form C: the same
 * password of another keyboard is the same.  `out` gets a PHC string. */
int	 password_hash(char out[PASSWORD_PHC_MAX], const char *password,
	    struct err *e) MUST_CHECK;
/* 1 right, 0 wrong, -1 failure.  `phc` is ours or one of password_old.h,
 * with any pepper of the ring.  `phc` NULL: a dummy at current parameters is
 * computed and the answer is 0.  A password that is not in Form C costs two
 * hashes: other software took it as it came.  *rehash (may be NULL): the
 * parameters, pepper or form are not the current ones. */
int	 password_verify(const char *phc, const char *password, bool *rehash,
	    struct err *e) MUST_CHECK;
/*
 * The first hash of a sign-in as `who` (the identifier's canonical text):
 * `phc`, or where there is none one of a kind drawn from the present mix, so
 * that unknown identifiers cost what known ones may (S22).  As
 * password_verify; reads the mix once a minute.
 */
struct db;
int	 password_try(struct db *db, const char *phc, const char *who,
	    const char *password, bool *rehash, struct err *e) MUST_CHECK;
/* The kind that password_try takes for `who` without a hash: a hash that
 * matches nothing, or NULL for ours at present parameters.  For tests. */
const char *password_dummy_kind(struct db *db, const char *who,
	    struct err *e);
/* Count the mix anew: a sample of at most 20,480 accounts.  0 or -1. */
int	 password_mix_count(struct db *db, struct err *e) MUST_CHECK;
/* Read the mix again at the next sign-in.  For tests. */
void	 password_mix_forget(void);
/*
 * The rule (config: classes or length; 8..256 code points of Form C; the common
 * and the leaked list and context words of the site, phone, e-mail and
 * names).  0, or -1 with ERR_INPUT: field `field`, code password_too_short
 * (passphrase_too_short where length alone counts), password_too_long,
 * password_classes, password_pattern (repeats, sequences, rows of keys),
 * password_common, password_leaked, password_context.
 */
struct password_context { const char *email, *phone, *first, *last; };
int	 password_rule(const char *field, const char *password,
	    const struct password_context *c, struct err *e) MUST_CHECK;

#endif
