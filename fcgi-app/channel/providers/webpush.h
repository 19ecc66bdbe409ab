/*
 * webpush.h - the process's VAPID signer.
 */
#ifndef GP_CHANNEL_WEBPUSH_H
#define GP_CHANNEL_WEBPUSH_H

#include "base/keyring.h"

/*
 * Choose the key (VAPID_PRIVATE_KEY when set, else vapid.pem of the key
 * directory) and the subject; once in main, again after a reload.  0, or -1
 * ERR_CONFIG: web push stays unconfigured.
 */
int	 webpush_setup(const struct keyring *k, struct err *e) MUST_CHECK;
/* applicationServerKey, base64url; NULL while not set up. */
const char *webpush_public_key(void);

#endif
