/*
 * device_name.h - what people call the device of a session.
 */
#ifndef GP_AUTH_DEVICE_NAME_H
#define GP_AUTH_DEVICE_NAME_H

#define DEVICE_NAME_MAX	48

/* "Firefox on Windows" of a User-Agent header; what is not known is left
 * out; "Unknown device" when nothing is.  Constant words only: nothing of the
 * header itself.  Returns out. */
const char *device_name(const char *user_agent, char out[DEVICE_NAME_MAX]);

#endif
