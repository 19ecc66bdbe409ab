/*
 * same_origin.h - does a page of ours ask?
 */
#ifndef GP_AUTH_SAME_ORIGIN_H
#define GP_AUTH_SAME_ORIGIN_H

#include "http/request.h"

/*
 * Sec-Fetch-Site cannot be set by a page, and "same-origin" covers the other
 * names this host may be reached by.  Else the Origin must be that of the
 * public URL or of GATEPOST_CSRF_ORIGINS; none at all is not ours.
 */
bool	 same_origin(const struct req *q);

#endif
