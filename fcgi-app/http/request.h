/*
 * request.h - one request as a handler sees it, whatever carried it here
 * (FastCGI from nginx, plain CGI in tests).
 *
 * Everything lives in the request's arena.  Strings are never NULL unless
 * stated: absent means "".  Identity and limits come only from parameters
 * that nginx alone can set (no HTTP_ prefix).
 */
#ifndef GP_HTTP_REQUEST_H
#define GP_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/err.h"

enum http_method { M_GET = 1, M_HEAD = 2, M_POST = 4, M_PUT = 8, M_PATCH = 16,
	M_DELETE = 32, M_OPTIONS = 64, M_OTHER = 128 };

enum auth_source { AUTH_NONE, AUTH_HEADER, AUTH_COOKIE };

struct req {
	struct arena	*arena;
	enum http_method method;
	const char	*method_text;
	const char	*path;		/* raw, before '?'; begins with '/' */
	const char	*query;		/* raw, after '?', or "" */
	const char	*content_type;	/* as sent, or "" */
	const uint8_t	*body;
	size_t		 body_len;
	bool		 body_over;	/* longer than BODY_HARD_MAX: not read */
	const char	*request_id;	/* nginx's 32 hex, or one of ours */
	const char	*remote_addr;	/* "" fails closed: throttled as one (S40) */
	uint8_t		 addr_key[16];	/* IPv4 mapped, IPv6 cut to /64 */
	bool		 loopback;
	bool		 local;		/* loopback, private or link-local: of no country */
	const char	*authorization;	/* value of Authorization or "" */
	enum auth_source auth_source;	/* where nginx took it from; not
					 * stated counts as a cookie */
	const char	*refresh_cookie, *state_cookie, *device_cookie;
	int64_t		 arrived_us;	/* nginx's $msec; 0 unknown */
	const char	*origin, *sec_fetch_site, *sec_fetch_mode;
	const char	*x_gatepost;
	const char	*idempotency_key, *prefer, *accept;
	const char	*chosen_language;	/* in this browser, for this site; or "" */
	const char	*accept_language;	/* that, else the header */
	const char	*user_agent, *traceparent, *host;
	const char	*hub_signature, *twilio_signature;	/* of callbacks */
	const char	*country;	/* ISO, or "ZZ": the server's word, else
					 * GATEPOST_GEOIP_DB's */
	const char	*gate_require, *gate_countries, *orig_method, *orig_url;
	const char	*gate_site;	/* host at whose own address a code came */
};

#define BODY_HARD_MAX	((size_t)3 * 1024 * 1024 + 4096)

/*
 * A transport: environment and body of one request.  `param` returns a
 * parameter's value or NULL; `read` fills up to n body bytes and returns how
 * many (0: end, -1: the peer went away).
 */
struct transport {
	const char	*(*param)(void *t, const char *name);
	long		 (*read)(void *t, void *p, size_t n);
	int		 (*write)(void *t, const void *p, size_t n); /* 0, -1 */
	void		*t;
};

/* Fill *q from a transport.  0; -1 when the peer went away or the parameters
 * make no request (ERR_INPUT). */
int	 req_read(struct req *q, struct arena *a, const struct transport *t,
	    struct err *e) MUST_CHECK;

/* Cut of an address for limits: IPv4-mapped is IPv4, IPv6 is its /64.
 * *loopback: 127.0.0.1 or ::1 and no other (D16).
 * 1 parsed, 0 not an address (key is all zero: one shared bucket). */
int	 req_addr_key(const char *addr, uint8_t key[16], bool *loopback);

/* Loopback, private (RFC 1918, RFC 4193) or link-local; no address is not. */
bool	 req_addr_local(const char *addr);

/* The value of a bearer credential (RFC 6750 §2.1), a part of *q; NULL when
 * there is none. */
const char *req_bearer(const struct req *q);

/* Preference "wait=N" (RFC 7240), bounded to 15; -1 when not stated;
 * respond-async alone is 0. */
int	 req_prefer_wait(const struct req *q);

#endif
