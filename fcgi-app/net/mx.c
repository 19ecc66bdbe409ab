/*
 * mx.c - the one user of the system's resolver for anything but addresses.
 *
 * What must stay true: an answer is read by the library's parser alone, which
 * checks every length and pointer; what it refuses counts as no answer.
 */
#include "net/mx.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/text.h"

#define TRY_S		2
#define ANSWER_MAX	((size_t)16 * 1024)

/* "127.0.0.1:5353", or without a port. */
static bool
use_server(struct __res_state *st, const char *text)
{
	char host[INET_ADDRSTRLEN];
	size_t n = strcspn(text, ":");
	uint64_t port = NS_DEFAULTPORT;
	struct sockaddr_in *sa = &st->nsaddr_list[0];

	if (n >= sizeof(host) || (text[n] == ':' && (!text_u64(text + n + 1,
	    UINT16_MAX, &port) || port == 0)))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	memset(sa, 0, sizeof(*sa));
	sa->sin_family = AF_INET;
	sa->sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &sa->sin_addr) != 1)
		return false;
	st->nscount = 1;
	return true;
}

/* How many records of `type` there are; -1 no such domain, -2 no answer. */
static int
ask(struct __res_state *st, const char *domain, ns_type type,
    unsigned char *answer, ns_msg *msg)
{
	int n = res_nquery(st, domain, ns_c_in, (int)type, answer,
	    (int)ANSWER_MAX), found = 0;
	ns_rr rr;

	if (n < 0)
		return st->res_h_errno == HOST_NOT_FOUND ? -1 :
		    st->res_h_errno == NO_DATA ? 0 : -2;
	if ((size_t)n > ANSWER_MAX || ns_initparse(answer, n, msg) < 0)
		return -2;
	for (int i = 0; i < (int)ns_msg_count(*msg, ns_s_an); i++) {
		if (ns_parserr(msg, ns_s_an, i, &rr) < 0)
			return -2;
		found += ns_rr_type(rr) == type;
	}
	return found;
}

/* Its hosts in *m; false: one of them cannot be read. */
static bool
read_hosts(ns_msg *msg, struct mx *m)
{
	char host[NS_MAXDNAME];
	ns_rr rr;

	for (int i = 0; i < (int)ns_msg_count(*msg, ns_s_an); i++) {
		if (ns_parserr(msg, ns_s_an, i, &rr) < 0)
			return false;
		if (ns_rr_type(rr) != ns_t_mx)
			continue;
		if (ns_rr_rdlen(rr) < 3 || dn_expand(ns_msg_base(*msg),
		    ns_msg_end(*msg), ns_rr_rdata(rr) + 2, host,
		    sizeof(host)) < 0)
			return false;
		/* The root: "takes no mail" (RFC 7505). */
		if (host[0] == '\0' || strcmp(host, ".") == 0)
			continue;
		for (char *p = host; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		if (m->n < MX_HOSTS_MAX && text_copy(m->host[m->n],
		    MX_HOST_MAX, host))
			m->n++;
	}
	return true;
}

static enum mx_answer
look(struct __res_state *st, const char *domain, unsigned char *answer,
    struct mx *m)
{
	ns_msg msg;
	int n = ask(st, domain, ns_t_mx, answer, &msg);

	if (n > 0)
		return !read_hosts(&msg, m) ? MX_DOWN :
		    m->n > 0 ? MX_FOUND : MX_NONE;
	/* Without one the domain itself takes its mail, if it is a host. */
	if (n == 0 && (n = ask(st, domain, ns_t_a, answer, &msg)) == 0)
		n = ask(st, domain, ns_t_aaaa, answer, &msg);
	if (n <= 0)
		return n == -2 ? MX_DOWN : MX_NONE;
	(void)text_copy(m->host[0], MX_HOST_MAX, domain);
	m->n = 1;
	return MX_FOUND;
}

enum mx_answer
mx_look(const char *domain, struct mx *m)
{
	const char *server = conf_str(CONF_DNS_SERVER);
	unsigned char *answer = malloc(ANSWER_MAX);
	struct __res_state st;
	enum mx_answer a = MX_DOWN;

	m->n = 0;
	memset(&st, 0, sizeof(st));
	if (answer == NULL || res_ninit(&st) != 0)
		goto out;
	st.retrans = TRY_S;
	st.retry = 1;
	/* The name is whole: nothing is looked for below our own domain. */
	st.options &= ~(unsigned long)(RES_DEFNAMES | RES_DNSRCH);
	if (*server == '\0' || use_server(&st, server))
		a = look(&st, domain, answer, m);
	res_nclose(&st);
out:
	free(answer);
	return a;
}
