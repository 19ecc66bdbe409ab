/*
 * template_use.h - a template put to use in a request: read, filled in, and
 * what is wrong told by the field.
 */
#ifndef GP_API_TEMPLATE_USE_H
#define GP_API_TEMPLATE_USE_H

#include "api/route.h"
#include "channel/template.h"

struct template_used {
	const char	*name;
	uint64_t	 version;
	struct template_out out;
};
/*
 * The active version of `name` with `data` put in (the request's members
 * "template" and "data").  0; -1 ERR_INPUT naming "template" (there is none
 * such) or "data.NAME".  Write it with template_content(&w, u->name,
 * u->version, &u->out); what is written is what is sent, whatever becomes of
 * the template.
 */
int	 template_use(struct call *c, const char *name,
	    const struct json *data, struct template_used *u, struct err *e)
	    MUST_CHECK;
/* For callers that know its texts go by SMS: 0, or -1 ERR_INPUT
 * "sms_too_long" on `field`. */
int	 sms_segments_fit(struct call *c, const char *field,
	    unsigned segments, struct err *e) MUST_CHECK;
/* The same of a text. */
int	 sms_text_fits(struct call *c, const char *field, const char *text,
	    struct err *e) MUST_CHECK;

/* Why a definition or its values were refused (channel/template.h sets code
 * and field), as a field's sentence.  Returns -1. */
int	 template_refuse(struct call *c, struct err *e);

#endif
