/* Small parsers of hostile text: e-mail, phone, URL rules, times, base64,
 * percent-encoding, paths.  The first byte chooses. */
#include "base/clock.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/phone.h"
#include "base/text.h"
#include "http/match.h"
#include "http/request.h"
#include "net/net.h"

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool ready;
	struct arena *a;
	struct err e = ERR_INIT;
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1], phone[PHONE_MAX];
	uint8_t raw[512], key[16];
	struct match m;
	int64_t us;
	bool loop;
	char *s;

	if (!ready && conf_load(NULL, &e) == 0)
		ready = true;
	if (n < 1)
		return 0;
	a = arena_new((size_t)1024 * 1024);
	s = arena_strndup(a, (const char *)p + 1, n - 1);
	switch (p[0] % 8) {
	case 0:
		if (mail_parse(s, cmp, unique) && strpbrk(cmp, "\r\n <>"))
			__builtin_trap();
		break;
	case 1:
		if (phone_normalise(s, "IR", phone) && phone[0] != '+')
			__builtin_trap();
		break;
	case 2:
		(void)!egress_check_url(s, &e);
		break;
	case 3:
		(void)!clock_parse(s, &us);
		(void)!clock_parse_http(s, &us);
		break;
	case 4:
		(void)!b64url_decode(raw, sizeof(raw), s, n - 1);
		(void)!b64_decode_any(raw, sizeof(raw), s, n - 1);
		break;
	case 5:
		(void)url_decode(a, s, n - 1, true);
		break;
	case 6:
		(void)match_path(a, "/api/x/{id}/y/{member}/", s, &m);
		break;
	default:
		(void)req_addr_key(s, key, &loop);
	}
	arena_free(a);
	return 0;
}
