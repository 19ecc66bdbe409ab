/*
 * device_name.h - what people call the device of a session.
 */
#ifndef GP_AUTH_DEVICE_NAME_H
#define GP_AUTH_DEVICE_NAME_H

#include "base/lang.h"

#define DEVICE_NAME_MAX	96

/* "Firefox on Windows" of a User-Agent header, in the reader's language; what
 * is not known is left out; "Unknown device" when nothing is.  Constant words
 * only: nothing of the header itself.  Returns out. */
const char *device_name(const char *user_agent, enum lang l,
	    char out[DEVICE_NAME_MAX]);

#endif
