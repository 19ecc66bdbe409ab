/*
 * texts.h - the texts of our own messages, as rows.
 */
#ifndef GP_CHANNEL_TEXTS_H
#define GP_CHANNEL_TEXTS_H

#include "channel/channel.h"

struct text_row {
	const char	*template, *locale;
	const char	*subject;	/* of a mail */
	const char	*text;		/* SMS, and a mail's plain part */
	const char	*heading, *body;/* of a mail's HTML part */
	const char	*button;	/* of a mail: what its link does, or NULL */
	const char	*page;		/* where, when the message has no link;
					 * NULL: it has */
};
extern const struct text_row text_rows[];
extern const size_t text_rows_count;

/* What a code is for, as " to sign in": fills {purpose}. */
struct purpose_row {
	const char	*purpose, *locale;	/* the words of auth/otp.c */
	const char	*text;
};
extern const struct purpose_row purpose_rows[];
extern const size_t purpose_rows_count;

/* The row of a locale ("fa" also for "fa-IR"), else English; NULL: no such template. */
const struct text_row *text_find(const char *template, const char *locale);

#endif
