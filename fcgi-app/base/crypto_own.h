/*
 * crypto_own.h - what crypto.c, crypto_seal.c and crypto_p256.c share.  Not
 * for others: crypto.h is the room's face.
 */
#ifndef GP_BASE_CRYPTO_OWN_H
#define GP_BASE_CRYPTO_OWN_H

#include "base/cdefs.h"

/* Fetch what the file needs; called once, by crypto_init. */
void	 crypto_seal_init(void);
void	 crypto_p256_init(void);

/* OpenSSL failed where input cannot be the cause: log its reason and end. */
void	 crypto_fatal(const char *what) NORETURN;

#endif
