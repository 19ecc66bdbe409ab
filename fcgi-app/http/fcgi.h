/*
 * fcgi.h - FastCGI by libfcgi; the only file that includes it.
 *
 * One request at a time, no keep-alive (D: a kept connection pins a child).
 */
#ifndef GP_HTTP_FCGI_H
#define GP_HTTP_FCGI_H

#include "http/request.h"

struct fcgi;

/* Accept on a listening socket.  NULL and *e set on failure. */
struct fcgi *fcgi_new(int listen_fd, struct err *e);
void	 fcgi_free(struct fcgi *f);
/* `taken` is told true when a connection is about to be taken and false when
 * it is finished with: for the scoreboard. */
void	 fcgi_on_taken(struct fcgi *f, void (*taken)(void *arg, bool busy),
	    void *arg);
/* Wait for a request: 1 and *t set, 0 when told to stop (fcgi_stop or a
 * signal noticed by `stopping`), -1 on failure.  Uses poll before accept so
 * that a stop between requests loses none. */
int	 fcgi_accept(struct fcgi *f, struct transport *t,
	    bool (*stopping)(void), struct err *e) MUST_CHECK;
/* Finish the request; the connection is closed. */
void	 fcgi_finish(struct fcgi *f);

/* Signals TERM and INT should be blocked by the caller: they are let in only
 * while it waits. */

/* Plain CGI: the environment and standard input/output of this process. */
void	 cgi_transport(struct transport *t);
#endif
