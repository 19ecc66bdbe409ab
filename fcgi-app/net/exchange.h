/*
 * exchange.h - a request to the outside and its answer, as plain values: what
 * channel/ describes and net/ carries.
 */
#ifndef GP_NET_EXCHANGE_H
#define GP_NET_EXCHANGE_H

#include "base/cdefs.h"

enum transport_kind { SEND_HTTP, SEND_SMTP };

/* A submission server and who we are there.  The login is chosen from what
 * it offers: by bearer token when there is one, else by password. */
struct smtp_server {
	const char	*host;
	int		 port;
	bool		 implicit;	/* TLS at once; else STARTTLS */
	const char	*user, *password, *bearer;	/* "": none */
	const char	*ehlo;		/* our name; "": the public URL's host */
};

struct out_request {
	enum transport_kind kind;
	/* HTTP */
	const char	*url;		/* secret: never logged (Kavenegar) */
	const char	*log_url;	/* what may be logged: scheme and host */
	const char	*method;
	const char	*header[12];	/* "Name: value", NULL-ended */
	const void	*body;
	size_t		 body_len;
	bool		 user_url;	/* a user supplied it: egress rules H4 */
	bool		 site_url;	/* another site's word (an issuer's): any
					 * host, public addresses only */
	bool		 zip;		/* the answer may come compressed */
	uint32_t	 timeout_ms;	/* whole time; 0: the setting's */
	/* SMTP: one recipient a transaction; mail NULL: nothing is said, only
	 * a kept connection ended (or a new one, where none is kept) */
	const struct smtp_server *server;
	bool		 last;		/* its connection is not kept */
	const char	*mail_from, *rcpt_to;	/* envelope addresses */
	const char	*mail;		/* RFC 5322, CRLF */
	size_t		 mail_len;
	unsigned	 segments;	/* of an SMS whose text we know; or 0 */
	/* repeat harmless?  decides what a lost answer means (D26) */
	bool		 repeat_ok;
};

struct in_answer {
	bool		 complete;	/* an answer arrived: a final status
					 * (its body may be cut: see error) */
	bool		 body_sent;	/* all of the request had left */
	/* SMTP: of the connections that are kept or in use, so many more, and
	 * one less. */
	bool		 opened, closed;
	int		 error;		/* enum net_error of net/net.h, 0 none */
	long		 status;	/* HTTP status or last SMTP code; 0 none */
	const char	*body;		/* NUL-terminated, ≤ 64 KiB; SMTP: last reply lines */
	size_t		 body_len;
	long		 retry_after_s;	/* 0 none */
	long		 max_age_s;	/* of Cache-Control; -1 not stated */
	const char	*header_location, *header_reason;
};

#endif
