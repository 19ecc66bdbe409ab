/*
 * password_old.h - hashes that other software made and people bring along
 * (S55).  They verify here, and are replaced at the owner's next sign-in.
 *
 *   pbkdf2_sha256$ROUNDS$SALT$HASH, pbkdf2_sha1$…       Django
 *   bcrypt$$2b$12$…, bcrypt_sha256$$2b$12$…             Django
 *   scrypt$N$SALT$R$P$HASH, argon2$argon2id$v=19$…      Django
 *   $2a$ $2b$ $2y$                                      crypt(3)
 *   $scrypt$ln=16,r=8,p=1$SALT$HASH                     PHC
 *   $argon2id$ $argon2i$ $argon2d$                      PHC
 */
#ifndef GP_AUTH_PASSWORD_OLD_H
#define GP_AUTH_PASSWORD_OLD_H

#include "base/err.h"

enum old_kind { OLD_PBKDF2_SHA1, OLD_PBKDF2_SHA256, OLD_BCRYPT,
	OLD_BCRYPT_SHA256, OLD_SCRYPT, OLD_ARGON2ID, OLD_ARGON2I,
	OLD_ARGON2D };

/* A hash taken apart.  `text` points into what was parsed: the part that
 * crypt(3) reads itself. */
struct old_hash {
	enum old_kind	 kind;
	const char	*text;
	uint64_t	 n;		/* rounds, scrypt's N, Argon2's m in KiB */
	uint32_t	 r, p;		/* Argon2: t and p */
	uint8_t		 salt[64], hash[64];
	size_t		 salt_n, hash_n;
};

/*
 * Take a hash apart.  0, or -1 with ERR_INPUT: "bad_hash" (not one of these),
 * "hash_too_costly" (more than 2,000,000 PBKDF2 rounds, bcrypt cost 15,
 * GATEPOST_HASH_MEMORY_MIB, Argon2 t 20 or p 16: a sign-in must not be a way
 * to stop the service).
 */
int	 old_parse(const char *s, struct old_hash *o, struct err *e)
	    MUST_CHECK;
/* All kinds but Argon2, which password.c computes.  1 right, 0 wrong, -1. */
int	 old_verify(const struct old_hash *o, const char *password,
	    struct err *e) MUST_CHECK;
/*
 * The same hash with another salt and value of the same lengths: it costs
 * what `s` costs, belongs to nobody, and matches nothing.  `out` has 256
 * bytes.  Also takes our own, with {pN}.  false: not a hash.
 */
bool	 old_blank(const char *s, char *out);

#endif
