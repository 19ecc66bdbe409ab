/*
 * net.h - the only user of libcurl: one multi handle, HTTP/2 and connection
 * reuse, SMTP connections kept between transactions.
 *
 * TLS is always verified; protocols pinned (https, smtp, smtps); no
 * redirects; connect 5 s; answers capped at 64 KiB.  For URLs that a user
 * supplied the socket is opened only to public addresses, port 443, unless
 * GATEPOST_EGRESS_ALLOW names host:port (H4).
 */
#ifndef GP_NET_NET_H
#define GP_NET_NET_H

#include "base/err.h"
#include "net/exchange.h"

enum net_error { NET_OK = 0, NET_DNS, NET_CONNECT, NET_TLS, NET_TIMEOUT,
	NET_RESET, NET_REFUSED_BY_RULE, NET_TOO_LARGE, NET_PROTOCOL,
	NET_LOGIN, NET_OTHER };
const char *net_error_word(int error);

struct net;
struct net *net_new(struct err *e);
void	 net_free(struct net *n);

/*
 * Begin a request; `done` is called
 * from net_step exactly once, with the answer valid during the call.  `req`
 * and what it points to must live until then.  -1 when it could not even begin
 * (nothing left; ERR_INPUT or ERR_CONFIG).
 */
typedef void net_done(void *arg, const struct in_answer *in);
int	 net_begin(struct net *n, const struct out_request *req,
	    const char *account, net_done *done, void *arg, struct err *e)
	    MUST_CHECK;
size_t	 net_in_flight(const struct net *n);
/* Drive transfers; waits up to ms for activity on them or on extra_fd (-1:
 * none).  Returns callbacks made, or -1 (ERR_INTERNAL). */
int	 net_step(struct net *n, int ms, int extra_fd, struct err *e)
	    MUST_CHECK;

/* Rule H4, for the binder: scheme https, no userinfo, port, host of the
 * allow-list and no address literal.  0 or -1 ERR_INPUT "endpoint_refused". */
int	 egress_check_url(const char *url, struct err *e) MUST_CHECK;
/* The same for what another site named (an issuer and its endpoints): any
 * host name, port 443, or a pair of GATEPOST_EGRESS_ALLOW. */
int	 egress_check_site(const char *url, struct err *e) MUST_CHECK;

/*
 * One request, waited for: for the out pool, where a user waits too.  0 and
 * *in, its texts in the arena, whatever became of it; -1 as net_begin.
 */
struct arena;
int	 net_fetch(struct net *n, const struct out_request *req,
	    struct arena *a, struct in_answer *in, struct err *e) MUST_CHECK;
/* Host (lower case) and port of an https URL.  0, or -1: no such URL. */
int	 egress_host(const char *url, char *host, size_t size, int *port)
	    MUST_CHECK;
/* May this address be called for host:port? (connect time) */
struct sockaddr;
bool	 egress_check_addr(const char *host, int port,
	    const struct sockaddr *sa);

#endif
