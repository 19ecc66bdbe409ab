/*
 * addr.c - the cut of an address that limits count by (S40).
 *
 * What must stay true: every spelling of one peer gives one key, and what is
 * no address gives the all-zero key, so that a missing address fails closed.
 */
#include "http/request.h"

#include <arpa/inet.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/*
 * Loopback is the host talking to itself, 127.0.0.1 and ::1 alone: the limits'
 * own tests come from 127.0.0.3 (D16).
 */
static bool
is_loopback(const uint8_t a[16])
{
	static const uint8_t v4[4] = { 127, 0, 0, 1 };
	static const uint8_t v6[16] = { [15] = 1 };

	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		return memcmp(a + 12, v4, sizeof(v4)) == 0;
	return memcmp(a, v6, sizeof(v6)) == 0;
}

bool
req_addr_local(const char *addr)
{
	uint8_t a[16];

	if (inet_pton(AF_INET, addr, a + 12) == 1)
		memcpy(a, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, addr, a) != 1)
		return false;
	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		return a[12] == 127 || a[12] == 10 ||
		    (a[12] == 172 && (a[13] & 0xf0) == 16) ||
		    (a[12] == 192 && a[13] == 168) ||
		    (a[12] == 169 && a[13] == 254);
	return is_loopback(a) || (a[0] & 0xfe) == 0xfc ||
	    (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

int
req_addr_key(const char *addr, uint8_t key[16], bool *loopback)
{
	uint8_t full[16];

	memset(key, 0, 16);
	*loopback = false;
	if (inet_pton(AF_INET, addr, full + 12) == 1)
		memcpy(full, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, addr, full) != 1)
		return 0;
	*loopback = is_loopback(full);
	/* One customer holds a whole /64, but an IPv4 address each (S40). */
	memcpy(key, full, memcmp(full, mapped, sizeof(mapped)) == 0 ? 16 : 8);
	return 1;
}
