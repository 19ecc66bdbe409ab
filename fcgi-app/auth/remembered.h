/*
 * remembered.h - is it a browser that signed in to the account before?  Such
 * ones have failure counts and a pace of codes of their own, so that a flood
 * of strangers does not lock the owner out (S43, D10).
 */
#ifndef GP_AUTH_REMEMBERED_H
#define GP_AUTH_REMEMBERED_H

#include "http/request.h"
#include "store/db.h"

/* By its device cookie: 1, 0, -1.  The same statement for nobody's account
 * (user_id 0), which no browser is remembered for. */
int	 remembered(struct db *db, const struct req *q, uint64_t user_id,
	    struct err *e) MUST_CHECK;

#endif
