/*
 * err.h - how a failure travels.
 *
 * A function that can fail returns -1 and has set one of these.  It is set
 * where the cause is known, passed up untouched, and logged once at the top.
 */
#ifndef GP_BASE_ERR_H
#define GP_BASE_ERR_H

#include "base/cdefs.h"

/* For callers that act differently on it; the dispatcher picks a status. */
enum err_kind {
	ERR_NONE = 0,
	ERR_INTERNAL,		/* our fault: 500, and an incident */
	ERR_INPUT,		/* 400: `code` names what, fields[] which */
	ERR_AUTH,		/* 401 */
	ERR_FORBIDDEN,		/* 403 */
	ERR_NOT_FOUND,		/* 404: does not exist, or not yours */
	ERR_CONFLICT,		/* 409 */
	ERR_GONE,		/* 410 */
	ERR_TOO_LARGE,		/* 413 */
	ERR_MEDIA,		/* 415 */
	ERR_UNPROCESSABLE,	/* 422 */
	ERR_THROTTLED,		/* 429: retry_after_s is set */
	ERR_UNAVAILABLE,	/* 503: the database or a dependency is away */
	ERR_DB_LOST,		/* 503: connection lost; redo may be safe */
	ERR_DB_DUP,		/* a unique key refused the row (1062) */
	ERR_UNSURE,		/* it may or may not have taken effect */
	ERR_CONFIG		/* settings or files wrong: start is refused */
};

struct err {
	enum err_kind	kind;
	int		sys;		/* errno or the database's number */
	int		retry_after_s;	/* ERR_THROTTLED, ERR_UNAVAILABLE */
	char		code[40];	/* stable word that clients may see */
	char		field[40];	/* ERR_INPUT: the field at fault or "" */
	char		detail[256];	/* for the log; never leaves us */
};

#define ERR_INIT	{ .kind = ERR_NONE }

/*
 * Fill *e.  `code` is a stable lower_case word.  Returns -1, so that a caller
 * can write `return err_set(...)`.  `e` must not be NULL.
 */
int	 err_set(struct err *e, enum err_kind kind, const char *code,
	    const char *fmt, ...) PRINTF(4, 5);

/* As err_set with ERR_INPUT; `field` is the member of the request at fault. */
int	 err_field(struct err *e, const char *field, const char *code,
	    const char *fmt, ...) PRINTF(4, 5);

/* As err_set with ERR_INTERNAL and errno put into sys and the detail. */
int	 err_errno(struct err *e, const char *code, const char *fmt, ...)
	    PRINTF(3, 4);

/* As err_set with ERR_THROTTLED and a wait in whole seconds (at least 1). */
int	 err_throttled(struct err *e, const char *code, int retry_after_s);

void	 err_clear(struct err *e);

#endif
