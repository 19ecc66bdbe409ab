/*
 * html_clean.h - somebody's HTML as a page that runs nothing and fetches
 * nothing.
 *
 * The page is written anew from a list of elements; of attributes only href
 * (http, https, mailto), and nothing of a script, style, form, picture or
 * comment is kept.  Text stays text.
 */
#ifndef GP_CHANNEL_HTML_CLEAN_H
#define GP_CHANNEL_HTML_CLEAN_H

#include "base/arena.h"

/* In the arena; never longer than six times `html`, and 64. */
const char *html_clean(struct arena *a, const char *html);

#endif
