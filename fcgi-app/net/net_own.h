/*
 * net_own.h - what net.c (life and results) and net_begin.c (one request's
 * options) share; nobody else includes it.
 */
#ifndef GP_NET_NET_OWN_H
#define GP_NET_NET_OWN_H

#include <curl/curl.h>

#include "net/net.h"

#include "base/buf.h"

#define ANSWER_MAX	(64u * 1024)

#define LINES_MAX	16

struct transfer {
	struct transfer		*next, *prev;	/* spare, or on the way */
	CURL			*easy;
	struct net		*net;
	const struct out_request *req;
	net_done		*done;
	void			*arg;
	struct curl_slist	 node[LINES_MAX];	/* headers or recipient */
	size_t			 lines;
	bool			 set;		/* the handle has all options
						 * of a POST that do not
						 * change */
	struct buf		 body;
	size_t			 given;		/* bytes libcurl has taken */
	char			 reply[1024];	/* SMTP: the last reply */
	char			 location[512], reason[128], cache[256];
	char			 host[256];	/* of a user's URL */
	int			 port;
	bool			 reply_whole;
	bool			 refused_addr, too_large;
	bool			 refused;	/* HTTP/2: REFUSED_STREAM */
	long			 conn;		/* libcurl's number; -1 none */
	unsigned long		 stream;	/* HTTP/2; 0 none */
	int64_t			 headed_us;	/* HTTP: headers are whole */
	bool			 in_data;	/* SMTP: 354 was seen */
	bool			 again;		/* SMTP: second connection */
};

#define BYES_MAX 16

struct net {
	/* Connections that said GOAWAY, and the last stream they handled. */
	struct { long conn; unsigned long last; } bye[BYES_MAX];
	unsigned	 byes;
	CURLM		*multi;
	struct transfer	*spare, *first;	/* first: on the way */
	int64_t		 nudged_us;
	size_t		 spares, flying;
	char		 ca[64];		/* "": the system's */
	int		 ca_fd;
};

/* net_words.c: a line of libcurl's talk about the transfer. */
void	 transfer_hears(struct transfer *t, const char *p, size_t n);
/* Did the peer say that it did not and will not handle it? */
bool	 transfer_unprocessed(const struct transfer *t);

/* All options of the request; the handle is fresh, reset, or `set`. */
int	 transfer_set(struct transfer *t, struct err *e) MUST_CHECK;

#endif
