/*
 * mail_page.h - what every e-mail that is made here looks like: a card that
 * reads in a narrow and a wide window, in the light and in the dark, from
 * either side.
 */
#ifndef GP_CHANNEL_MAIL_PAGE_H
#define GP_CHANNEL_MAIL_PAGE_H

#include "base/buf.h"

/* Begins the page: its head, the card, the site's name above (none if NULL),
 * the heading.  `lang` may be NULL; `site` and `title` are text. */
void	 mail_page_open(struct buf *b, const char *lang, bool rtl,
	    const char *site, const char *title);
/* A button to `url`, which says `word`, and the address below for who would
 * rather copy it.  Both are text; the caller has judged the address. */
void	 mail_page_button(struct buf *b, bool rtl, const char *url,
	    const char *word);
/* An address within a sentence, to press; a long one breaks anywhere. */
void	 mail_page_link(struct buf *b, const char *url);
void	 mail_page_close(struct buf *b);

#endif
