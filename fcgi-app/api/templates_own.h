/*
 * templates_own.h - what the rows of /api/templates/ share.  Not for others.
 */
#ifndef GP_API_TEMPLATES_OWN_H
#define GP_API_TEMPLATES_OWN_H

#include "api/route.h"
#include "store/template.h"

/* The template of the path, by id or name: 0, or -1 (404). */
int	 template_of_path(struct call *c, struct template_row *t,
	    struct err *e) MUST_CHECK;

#endif
