/*
 * each.h - rows that do to many what another row does to one.
 *
 * Each id is a transaction of its own with its own word in the audit, by the
 * very handler of the other row; so the same rules hold, and what was done
 * before a failure stays done.  All of these may be sent again.
 */
#ifndef GP_API_EACH_H
#define GP_API_EACH_H

#include "api/route.h"

#define EACH_MOST	100		/* ids of a call */

struct each_in { struct texts ids; };
/*
 * `one` with each id as parameter `param` of the path.  The answer is at its
 * open object, with {done, failed, results: [{id, status, code, detail}]}: the caller
 * may add to it, and ends it by resp_json_end.  -1 where it is not this id's
 * fault: the database is gone, say.
 */
int	 each_id(struct call *c, const struct texts *ids, size_t param,
	    route_handler *one, struct err *e) MUST_CHECK;

#endif
