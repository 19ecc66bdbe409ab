/*
 * page.h - the few pages that the application makes itself, in the visitor's
 * language and direction; no script.
 */
#ifndef GP_API_PAGE_H
#define GP_API_PAGE_H

#include "api/route.h"

/* Does the caller want a page rather than a document? */
bool	 page_wanted(const struct req *q);
/* Is the row one that people open from a mail or come back to from another
 * site, so that each of its refusals has a page? */
bool	 page_hosted(const struct route *r);
/* A page for people.  `title` as resp_say; `body` is HTML made by the caller,
 * what it says being of resp_say. */
void	 page_make(struct call *c, int status, const char *title,
	    const char *body);
/* The same with a form in it, which may go to this site only. */
void	 page_make_form(struct call *c, int status, const char *title,
	    const char *body);
/* In the language of the person whose link it is, for the mail was in it. */
void	 page_speak(struct call *c, uint64_t user_id);
/* The refusal as a page, with a way back to sign-in.  Always 0. */
int	 page_refusal(struct call *c, const struct err *e);
const char *html_text(struct arena *a, const char *s);
/* The same of an e-mail address, which may then break at its signs. */
const char *html_address(struct arena *a, const char *s);

#endif
