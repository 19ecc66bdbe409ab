/*
 * unsubscribe.h - the link in a mail's List-Unsubscribe (RFC 8058): signed, so
 * that it needs no session, and good for what it names and nothing else.
 */
#ifndef GP_QUEUE_UNSUBSCRIBE_H
#define GP_QUEUE_UNSUBSCRIBE_H

#include "base/arena.h"
#include "base/err.h"

#define UNSUBSCRIBE_TYPE_MAX	40
#define UNSUBSCRIBE_TOKEN_MAX	160

struct unsubscribe {
	uint64_t	 notification_id, user_id;	/* user 0: an address */
	uint32_t	 seq;
	char		 type[UNSUBSCRIBE_TYPE_MAX + 1];
};

/* The process's MAC key, read at each use; see job_secret_use. */
void	 unsubscribe_use(const uint8_t key[32]);
/* In the arena; NULL without a key or when the type is too long. */
const char *unsubscribe_token(struct arena *a, const struct unsubscribe *u);
/* The whole address for the header. */
const char *unsubscribe_url(struct arena *a, const struct unsubscribe *u);
/* 1 and *u, or 0: not one of ours. */
int	 unsubscribe_read(const char *token, struct unsubscribe *u)
	    MUST_CHECK;

#endif
