/*
 * icon.h - an uploaded picture made small enough to travel in a push.
 */
#ifndef GP_API_ICON_H
#define GP_API_ICON_H

#include "base/arena.h"
#include "base/err.h"

#define ICON_SIDE	64		/* of the result, at most */
#define ICON_SIDE_MAX	4096		/* of the upload */
#define ICON_PIXELS_MAX	(4L * 1024 * 1024)

/*
 * Decode n bytes of PNG, JPEG, GIF (its first picture) or WebP, shrink to at
 * most 64×64 keeping the shape, lay it on white and encode as JPEG.  1 and
 * *uri "data:image/jpeg;base64,…" of at most `room` characters in the arena;
 * 0 when no quality fits; -1 ERR_INPUT "invalid_icon" (no picture) or
 * "icon_too_large" (its header states too many pixels; nothing was decoded).
 */
int	 icon_data_uri(struct arena *a, const uint8_t *p, size_t n,
	    size_t room, const char **uri, struct err *e) MUST_CHECK;

#endif
