/*
 * template.h - ready messages: a definition with typed variables and texts a
 * locale and a channel, and what becomes of it with somebody's values.
 *
 * A definition is one JSON object (a version of a template holds it as it
 * was given; it never changes after):
 *
 *   {"type": "order", "channels": ["email", "in_app"],
 *    "variables": {"orderId": {"type": "id"},
 *                  "name": {"type": "string", "required": false}},
 *    "data": {"type": "order", "orderId": "{orderId}"},
 *    "default_locale": "en",
 *    "locales": {"en": {
 *      "title": "Order {orderId}", "body": "Hello {name|you}",
 *      "url": "https://shop.example/orders/{orderId}",
 *      "email": {"subject": …, "text": …, "html": …},
 *      "sms": {"text": …}, "web_push": {"title": …, "body": …, "url": …},
 *      "expo": {"title": …, "body": …}, "in_app": {"title": …, "body": …},
 *      "whatsapp": {"template": …, "language": …, "parameters": ["{name}"]}}}}
 *
 * In a text {name} is a variable's value, {name|words} the words where an
 * optional one is not given; "{{" and "}}" are braces; {site} is the site's
 * name.  A text may also be {"by": "status", "cases": {"shipped": …},
 * "else": …}: chosen by a variable's value.  A value is put in once, escaped
 * for where it stands, and never read again as a text.
 */
#ifndef GP_CHANNEL_TEMPLATE_H
#define GP_CHANNEL_TEMPLATE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define TEMPLATE_VARS_MAX	32
#define TEMPLATE_LOCALES_MAX	16
#define TEMPLATE_CONTENT_MAX	((size_t)56 * 1024)	/* what it renders to */

/*
 * Is it a definition?  0; -1 ERR_INPUT, e->field the member at fault
 * ("locales.en.email.html"), e->code what is wrong with it: "template_" and
 * object, member, text, control, brace, variable, default, place, many, name,
 * type, channel, locale or title (api/template_words.c says them).
 */
int	 template_check(struct arena *a, const struct json *def,
	    struct err *e) MUST_CHECK;

struct template_out {
	const char	*type;		/* "system" when it states none */
	const char	*title, *body, *url;	/* default locale; url or NULL */
	const char	*data;		/* JSON object, or NULL */
	const char	*channels;	/* JSON array, or NULL: by preference */
	const char	*parts;		/* JSON for content.parts (part.h) */
	unsigned	 sms_segments;	/* of the longest locale */
	const char	*sms_locale;	/* that one */
	size_t		 push_bytes;	/* of the longest locale's payload */
};
/*
 * Put `data` (an object, or NULL: nothing) in.  0 and *out in the arena; -1
 * ERR_INPUT: e->field is "data.NAME" or "data", e->code "required",
 * "unknown_variable", "invalid", or "payload_too_large" (field "data").
 */
int	 template_render(struct arena *a, const struct json *def,
	    const struct json *data, struct template_out *out, struct err *e)
	    MUST_CHECK;

/* Bytes of the Web Push message a content comes to in a locale. */
size_t	 template_push_bytes(struct arena *a, const struct json *content,
	    const char *locale);

/* The members of notification.content that a rendered template gives, into an
 * open object. */
void	 template_content(struct jw *w, const char *name, uint64_t version,
	    const struct template_out *t);

#endif
