/*
 * admin_log.h - what the rows about deliveries, jobs and webhooks share.  Not
 * for others.
 */
#ifndef GP_API_ADMIN_LOG_H
#define GP_API_ADMIN_LOG_H

#include "api/push_own.h"
#include "store/delivery_log.h"

/* "123-4": 1 and *at, 0 when it is no delivery's id. */
int	 delivery_id_read(const char *text, struct delivery_at *at)
	    MUST_CHECK;
/* The delivery of the path: 0, or -1 ERR_NOT_FOUND. */
int	 delivery_of_path(struct call *c, struct delivery_story *s,
	    struct err *e) MUST_CHECK;
/* The address that a person typed, as messages go to it (E.164, or as it
 * is), in the arena. */
const char *address_typed(struct call *c, const char *typed);
/* The user that a person typed: his id, or an address that his account has.
 * 1 and *id, 0 there is none, -1. */
int	 user_typed(struct call *c, const char *typed, uint64_t *id,
	    struct err *e) MUST_CHECK;
/* "critical" …, "" when it is none. */
const char *job_class_word(uint64_t class);
/* Text as it stands inside a JSON string, in the arena; NULL of NULL. */
const char *json_inside(struct call *c, const char *s);
/* "&name=value", encoded, or "" without a value. */
const char *query_part(struct call *c, const char *name, const char *value);

#endif
