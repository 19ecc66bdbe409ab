/*
 * egress.c - where a URL that a user supplied may lead (H4).
 *
 * Two gates: the URL's text when it is stored or sent, and the address when
 * the socket is opened, so that neither spelling tricks nor DNS that changes
 * its mind reach an inner address.  GATEPOST_EGRESS_ALLOW names host:port
 * pairs that pass both; tests need them.
 */
#include "net/net.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/conf.h"
#include "base/text.h"

#define URL_MAX		2048
#define HOST_MAX	253
#define HTTPS_PORT	443

static int
refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_INPUT, "endpoint_refused", "%s", why);
}

static bool
allowed_pair(const char *host, int port)
{
	char pair[HOST_MAX + 8];

	snprintf(pair, sizeof(pair), "%s:%d", host, port);
	return conf_list_has(CONF_EGRESS_ALLOW, pair);
}

/* Is `host` in GATEPOST_PUSH_HOSTS: exactly, or under a *.suffix? */
static bool
push_host(const char *host)
{
	const char *p = conf_str(CONF_PUSH_HOSTS);
	size_t hn = strlen(host);

	while (*p != '\0') {
		size_t n;

		p += strspn(p, ", \t");
		n = strcspn(p, ", \t");
		if (n > 2 && p[0] == '*' && p[1] == '.') {
			/* The suffix with its dot, and something before it. */
			if (hn > n - 1 && strncasecmp(host + hn - (n - 1),
			    p + 1, n - 1) == 0)
				return true;
		} else if (n == hn && n > 0 && strncasecmp(host, p, n) == 0) {
			return true;
		}
		p += n;
	}
	return false;
}

/*
 * Could some resolver read it as an IPv4 address?  inet_aton(3) takes decimal,
 * octal, hexadecimal and fewer than four parts; a last label that begins with
 * a digit is enough to be suspicious, no top-level domain does (RFC 3696 §2).
 */
static bool
looks_numeric(const char *host)
{
	const char *dot = strrchr(host, '.');

	return isdigit((unsigned char)(dot == NULL ? host : dot + 1)[0]);
}

static bool
host_is_name(const char *host)
{
	size_t label = 0;

	for (const char *p = host; *p != '\0'; p++) {
		if (*p == '.') {
			if (label == 0 || p[-1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') &&
		    !(*p == '-' && label > 0))
			return false;
		if (++label > 63)
			return false;
	}
	/* A trailing dot names the same host past the list's comparison. */
	return label > 0 && host[strlen(host) - 1] != '-';
}

/* Host in lower case and port of an https URL.  0 or -1. */
static int
split(const char *url, char host[HOST_MAX + 1], int *port, struct err *e)
{
	size_t n = strlen(url), hn;
	const char *p, *colon, *end;
	uint64_t v;

	if (n > URL_MAX)
		return refuse(e, "too long");
	for (p = url; *p != '\0'; p++)
		/* Also what parsers disagree about: \ and non-ASCII. */
		if (*p <= ' ' || *p >= 0x7f || strchr("\\\"<>^`{|}", *p) !=
		    NULL)
			return refuse(e, "a character no URL has");
	if (strncasecmp(url, "https://", 8) != 0)
		return refuse(e, "not https");
	p = url + 8;
	end = p + strcspn(p, "/?#");
	if (memchr(p, '@', (size_t)(end - p)) != NULL)
		return refuse(e, "userinfo");
	if (memchr(p, '[', (size_t)(end - p)) != NULL)
		return refuse(e, "address literal");
	colon = memchr(p, ':', (size_t)(end - p));
	hn = (size_t)((colon == NULL ? end : colon) - p);
	if (hn == 0 || hn > HOST_MAX)
		return refuse(e, "no host");
	for (size_t i = 0; i < hn; i++)
		host[i] = (char)tolower((unsigned char)p[i]);
	host[hn] = '\0';
	*port = HTTPS_PORT;
	if (colon != NULL) {
		char digits[6];
		size_t dn = (size_t)(end - colon) - 1;

		if (dn == 0 || dn >= sizeof(digits))
			return refuse(e, "port");
		memcpy(digits, colon + 1, dn);
		digits[dn] = '\0';
		if (!text_u64(digits, 65535, &v) || v == 0)
			return refuse(e, "port");
		*port = (int)v;
	}
	return 0;
}

int
egress_host(const char *url, char *host, size_t size, int *port)
{
	char name[HOST_MAX + 1];
	struct err ignored;

	if (split(url, name, port, &ignored) < 0 ||
	    !text_copy(host, size, name))
		return -1;
	return 0;
}

static int
check(const char *url, bool any_host, struct err *e)
{
	char host[HOST_MAX + 1];
	int port;

	if (split(url, host, &port, e) < 0)
		return -1;
	if (allowed_pair(host, port))
		return 0;
	if (port != HTTPS_PORT)
		return refuse(e, "port");
	if (!host_is_name(host) || looks_numeric(host))
		return refuse(e, "no host name");
	if (!any_host && !push_host(host))
		return refuse(e, "not a push service we know");
	return 0;
}

int
egress_check_site(const char *url, struct err *e)
{
	return check(url, true, e);
}

int
egress_check_url(const char *url, struct err *e)
{
	return check(url, false, e);
}

/* --- addresses -------------------------------------------------------------- */

/* IANA special-purpose registries: what is not globally reachable. */
static const struct v4_block { uint32_t net; unsigned bits; } v4_inner[] = {
	{ 0x00000000, 8 },	/* this network */
	{ 0x0a000000, 8 },	/* private */
	{ 0x64400000, 10 },	/* carrier-grade NAT */
	{ 0x7f000000, 8 },	/* loopback */
	{ 0xa9fe0000, 16 },	/* link local; 169.254.169.254 is metadata */
	{ 0xac100000, 12 },	/* private */
	{ 0xc0000000, 24 },	/* IETF protocols; .192 is Oracle's metadata */
	{ 0xc0000200, 24 },	/* documentation */
	{ 0xc0586300, 24 },	/* 6to4 relay */
	{ 0xc0a80000, 16 },	/* private */
	{ 0xc6120000, 15 },	/* benchmarking */
	{ 0xc6336400, 24 },	/* documentation */
	{ 0xcb007100, 24 },	/* documentation */
	{ 0xa83f8110, 32 },	/* 168.63.129.16, Azure's wire server */
	{ 0xe0000000, 4 },	/* multicast */
	{ 0xf0000000, 4 },	/* reserved, broadcast */
};

static bool
v4_public(uint32_t a)
{
	for (size_t i = 0; i < COUNT_OF(v4_inner); i++)
		if ((a ^ v4_inner[i].net) >> (32 - v4_inner[i].bits) == 0)
			return false;
	return true;
}

static uint32_t
v4_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static bool
v6_public(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	if (memcmp(a, mapped, sizeof(mapped)) == 0 ||
	    memcmp(a, nat64, sizeof(nat64)) == 0)
		return v4_public(v4_at(a + 12));
	if ((a[0] & 0xe0) != 0x20)		/* not 2000::/3 */
		return false;
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] < 0x02)
		return false;			/* 2001::/23: Teredo, ORCHID */
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8)
		return false;			/* documentation */
	if (a[0] == 0x20 && a[1] == 0x02)
		return false;			/* 6to4 carries any IPv4 */
	if (a[0] == 0x3f && a[1] == 0xff && a[2] < 0x10)
		return false;			/* documentation, RFC 9637 */
	return true;
}

bool
egress_check_addr(const char *host, int port, const struct sockaddr *sa)
{
	if (allowed_pair(host, port))
		return true;
	if (port != HTTPS_PORT)
		return false;
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		return v4_public(ntohl(in.sin_addr.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		return v6_public(in6.sin6_addr.s6_addr);
	}
	return false;
}
