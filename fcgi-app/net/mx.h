/*
 * mx.h - which hosts take a domain's mail, by DNS (RFC 5321 section 5.1, RFC
 * 7505).  Waits for the answer: some seconds at most, so never on a thread
 * that others wait for.
 */
#ifndef GP_NET_MX_H
#define GP_NET_MX_H

#include "base/cdefs.h"

#define MX_HOSTS_MAX	16
#define MX_HOST_MAX	256		/* with its NUL */

enum mx_answer {
	MX_FOUND,		/* m->host[0..n) take its mail */
	MX_NONE,		/* no such domain, or it takes none */
	MX_DOWN			/* DNS did not say */
};
struct mx { size_t n; char host[MX_HOSTS_MAX][MX_HOST_MAX]; };

/* Asks the server of GATEPOST_DNS_SERVER, or those of the system.  Hosts are
 * in lower case; those past the sixteenth are left out. */
enum mx_answer mx_look(const char *domain, struct mx *m);

#endif
