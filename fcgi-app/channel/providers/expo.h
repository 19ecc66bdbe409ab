/*
 * expo.h - Expo's push tokens (PROVIDERS.md 3.5).
 */
#ifndef GP_CHANNEL_EXPO_H
#define GP_CHANNEL_EXPO_H

#include "base/arena.h"

#define EXPO_TOKEN_MAX	200

/* ExponentPushToken[…] or ExpoPushToken[…] of 1 to 100 printable characters,
 * or the form of a UUID in any letters and digits. */
bool	 expo_token_valid(const char *s);
/* What people may see of one: enough to tell a person's devices apart. */
const char *expo_token_shown(struct arena *a, const char *token);

#endif
