/*
 * password_own.h - what password_rule.c and password_common.c share; nobody
 * else includes it but their tests.
 */
#ifndef GP_AUTH_PASSWORD_OWN_H
#define GP_AUTH_PASSWORD_OWN_H

#include "auth/password.h"

/* Is it one of the 3,000 and more that people try first (S54): as written,
 * with substitutions undone, or with a few digits and marks around? */
bool	 password_is_common(const char *password);
/* The list: row `i`, or NULL after the last. */
const char *password_common_row(size_t i);
/* Code points of n bytes, a repeat, sequence or row of keys counting as two. */
size_t	 password_worth(const char *s, size_t n);
/* In lower case, a common substitution undone. */
char	 password_undo(char c);

#endif
