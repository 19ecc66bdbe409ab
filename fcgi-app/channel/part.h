/*
 * part.h - the texts of a notification, by the recipient's locale and the
 * channel.
 *
 * notification.content of a message that has them, all rendered when it was
 * accepted (so a template changed later changes nothing):
 *
 *   {"title": …, "body": …, "url": …, "data": {…},
 *    "tpl": {"name": "new_order", "version": 3},
 *    "parts": {"default": "en",
 *      "en": {"title": …, "body": …, "url": …,
 *        "email": {"subject": …, "text": …, "html": …},
 *        "sms": {"text": …},
 *        "web_push": {"title": …, "body": …, "url": …}, "expo": {…},
 *        "in_app": {…},
 *        "whatsapp": {"template": …, "language": …, "parameters": […]}},
 *      "fa": {…}}}
 *
 * Without "parts" title, body and url serve every channel.
 */
#ifndef GP_CHANNEL_PART_H
#define GP_CHANNEL_PART_H

#include "channel/channel.h"

/*
 * Member `name` for the channel: of the channel's own part, else of the
 * locale ("fa" also for "fa-IR", else the default one), else of the content.
 * NULL: nowhere.  Text lives as long as content.
 */
const char *part_text(const struct json *content, const char *locale,
	    const char *channel, const char *name);
/* The same, any kind of value ("parameters"). */
const struct json *part_value(const struct json *content, const char *locale,
	    const char *channel, const char *name);
/* The text of an SMS made from title and body where there is no part of its
 * own: what preview measures is what is sent.  "" when there is nothing. */
const char *part_sms(struct arena *a, const struct json *content,
	    const char *locale);
/* Subject, text and page of a mail; a page is made from title and body where
 * there is none.  0, or -1 ERR_INPUT "no_text". */
int	 part_render(struct arena *a, const struct message *m,
	    const char *channel, struct rendered *r, struct err *e) MUST_CHECK;

#endif
