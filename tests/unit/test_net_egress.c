/*
 * The rules of the way out (H4): which URLs and which addresses are allowed.
 */
#include "base/conf.h"
#include "base/log.h"
#include "net/net.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void
set(const char *key, const char *value)
{
	struct err e = ERR_INIT;

	if (conf_set(key, value, &e) < 0)
		fail_msg("%s: %s", key, e.detail);
}

static void
h4_urls_lead_to_push_services_only(void **state)
{
	static const struct { const char *url; bool allowed; } row[] = {
		{ "https://fcm.googleapis.com/fcm/send/x", true },
		{ "https://FCM.googleapis.com/fcm/send/x", true },
		{ "HTTPS://fcm.googleapis.com/", true },
		{ "https://fcm.googleapis.com:443/x", true },
		{ "https://updates.push.services.mozilla.com/wpush/v2/x",
		    true },
		{ "https://eu.push.services.mozilla.com/x?y#z", true },
		{ "https://db5p.notify.windows.com/w/?token=a%2b", true },
		{ "https://web.push.apple.com/Q", true },
		{ "https://allowed.test:8444/x", true },
		{ "https://127.0.0.1:8445/x", true },
		/* scheme */
		{ "http://fcm.googleapis.com/x", false },
		{ "ftp://fcm.googleapis.com/x", false },
		{ "//fcm.googleapis.com/x", false },
		{ "fcm.googleapis.com/x", false },
		{ "", false },
		{ "https:", false },
		{ "https://", false },
		{ "https:///x", false },
		{ " https://fcm.googleapis.com/x", false },
		/* userinfo */
		{ "https://fcm.googleapis.com@evil.example/", false },
		{ "https://user:pw@fcm.googleapis.com/", false },
		{ "https://@fcm.googleapis.com/", false },
		/* ports */
		{ "https://fcm.googleapis.com:8443/x", false },
		{ "https://fcm.googleapis.com:80/x", false },
		{ "https://fcm.googleapis.com:/x", false },
		{ "https://fcm.googleapis.com:0/x", false },
		{ "https://fcm.googleapis.com:65979/x", false },
		{ "https://fcm.googleapis.com:443:443/x", false },
		{ "https://fcm.googleapis.com:+443/x", false },
		{ "https://allowed.test/x", false },
		{ "https://allowed.test:8446/x", false },
		/* other hosts, and names that look alike */
		{ "https://example.com/", false },
		{ "https://localhost/", false },
		{ "https://evilfcm.googleapis.com/", false },
		{ "https://fcm.googleapis.com.evil.example/", false },
		{ "https://evil.example/fcm.googleapis.com/", false },
		{ "https://push.services.mozilla.com/x", false },
		{ "https://.push.services.mozilla.com/x", false },
		{ "https://notify.windows.com/x", false },
		{ "https://xnotify.windows.com/x", false },
		{ "https://fcm.googleapis.com./x", false },
		{ "https://fcm..googleapis.com/x", false },
		{ "https://-a.notify.windows.com/x", false },
		{ "https://a-.notify.windows.com/x", false },
		/* addresses, in every notation */
		{ "https://127.0.0.1/", false },
		{ "https://127.1/", false },
		{ "https://2130706433/", false },
		{ "https://017700000001/", false },
		{ "https://0x7f000001/", false },
		{ "https://0x7f.0.0.1/", false },
		{ "https://0177.0.0.1/", false },
		{ "https://169.254.169.254/latest/meta-data/", false },
		{ "https://8.8.8.8/", false },
		{ "https://1.1/", false },
		{ "https://[::1]/", false },
		{ "https://[::ffff:127.0.0.1]/", false },
		{ "https://[2001:4860:4860::8888]/", false },
		{ "https://1.2.3.4.notify.windows.com/", true },
		{ "https://a.notify.windows.com.1/", false },
		/* what parsers disagree about */
		{ "https://fcm.googleapis.com\\@evil.example/", false },
		{ "https://evil.example\\.notify.windows.com/", false },
		{ "https://evil.example#.notify.windows.com/", false },
		{ "https://evil.example?.notify.windows.com/", false },
		{ "https://evil.example%2f.notify.windows.com/", false },
		{ "https://evil.example%00.notify.windows.com/", false },
		{ "https://fcm.googleapis.com/a b", false },
		{ "https://fcm.googleapis.com/\r\nX: y", false },
		{ "https://fcm.googleapis.com/\t", false },
		{ "https://f\xc4\xb1m.notify.windows.com/", false },
		{ "https://fcm\xe3\x80\x82googleapis.com/", false },
		{ "https://fcm_x.notify.windows.com/", false },
	};
	struct err e = ERR_INIT;

	(void)state;
	set("GATEPOST_EGRESS_ALLOW", "allowed.test:8444,127.0.0.1:8445");
	for (size_t i = 0; i < COUNT_OF(row); i++)
		if ((egress_check_url(row[i].url, &e) == 0) != row[i].allowed)
			fail_msg("%s: %s", row[i].url, row[i].allowed ?
			    e.detail : "allowed");
}

static void
a_url_has_a_length(void **state)
{
	char url[2060] = "https://fcm.googleapis.com/";
	struct err e = ERR_INIT;
	size_t n = strlen(url);

	(void)state;
	memset(url + n, 'x', sizeof(url) - n);
	url[2048] = '\0';
	assert_int_equal(egress_check_url(url, &e), 0);
	url[2048] = 'x';
	url[2049] = '\0';
	assert_int_equal(egress_check_url(url, &e), -1);
	/* a label of 64 */
	snprintf(url, sizeof(url), "https://%064d.notify.windows.com/", 0);
	assert_int_equal(egress_check_url(url, &e), -1);
}

static void
h4_only_public_addresses_are_called(void **state)
{
	static const struct { const char *addr; bool allowed; } row[] = {
		{ "8.8.8.8", true }, { "142.250.1.1", true },
		{ "1.0.0.1", true }, { "223.255.255.254", true },
		{ "0.0.0.0", false }, { "0.1.2.3", false },
		{ "10.0.0.1", false }, { "10.255.255.255", false },
		{ "9.255.255.255", true }, { "11.0.0.0", true },
		{ "100.63.255.255", true }, { "100.64.0.1", false },
		{ "100.127.255.255", false }, { "100.128.0.0", true },
		{ "127.0.0.1", false }, { "127.255.255.254", false },
		{ "128.0.0.1", true }, { "168.63.129.16", false },
		{ "168.63.129.17", true },
		{ "169.253.255.255", true }, { "169.254.169.254", false },
		{ "169.255.0.0", true }, { "172.15.255.255", true },
		{ "172.16.0.1", false }, { "172.31.255.255", false },
		{ "172.32.0.0", true }, { "192.0.0.192", false },
		{ "192.0.1.1", true }, { "192.0.2.1", false },
		{ "192.88.99.1", false }, { "192.167.255.255", true },
		{ "192.168.0.1", false }, { "192.169.0.0", true },
		{ "198.17.255.255", true }, { "198.18.0.1", false },
		{ "198.19.255.255", false }, { "198.51.100.7", false },
		{ "203.0.113.7", false }, { "224.0.0.1", false },
		{ "239.255.255.255", false }, { "240.0.0.1", false },
		{ "255.255.255.255", false },
		{ "2001:4860:4860::8888", true }, { "2a00:1450::1", true },
		{ "2600::1", true }, { "3ffe::1", true },
		{ "::", false }, { "::1", false },
		{ "::8.8.8.8", false },
		{ "::ffff:127.0.0.1", false }, { "::ffff:10.1.2.3", false },
		{ "::ffff:169.254.169.254", false },
		{ "::ffff:8.8.8.8", true },
		{ "64:ff9b::7f00:1", false }, { "64:ff9b::a9fe:a9fe", false },
		{ "64:ff9b::808:808", true }, { "64:ff9b:1::1", false },
		{ "100::1", false }, { "2001::1", false },
		{ "2001:10::1", false }, { "2001:1ff:ffff::1", false },
		{ "2001:200::1", true }, { "2001:db8::1", false },
		{ "2002:7f00:1::", false }, { "2002:808:808::1", false },
		{ "3fff::1", false }, { "3fff:fff:ffff::1", false },
		{ "fc00::1", false }, { "fd00:ec2::254", false },
		{ "fe80::1", false }, { "fec0::1", false },
		{ "ff02::1", false }, { "4000::1", false },
	};

	(void)state;
	set("GATEPOST_EGRESS_ALLOW", "inner.test:8444,inner.test:443");
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct sockaddr_in in = { .sin_family = AF_INET };
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
		const struct sockaddr *sa = (struct sockaddr *)&in6;

		if (inet_pton(AF_INET, row[i].addr, &in.sin_addr) == 1)
			sa = (struct sockaddr *)&in;
		else
			assert_int_equal(inet_pton(AF_INET6, row[i].addr,
			    &in6.sin6_addr), 1);
		if (egress_check_addr("h.test", 443, sa) != row[i].allowed)
			fail_msg("%s", row[i].addr);
		/* Another port: never, but for the pair that is named. */
		assert_false(egress_check_addr("h.test", 444, sa));
		assert_true(egress_check_addr("inner.test", 8444, sa));
		assert_true(egress_check_addr("INNER.test", 443, sa));
	}
	{
		struct sockaddr un = { .sa_family = AF_UNIX };

		assert_false(egress_check_addr("h.test", 443, &un));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(h4_urls_lead_to_push_services_only),
		cmocka_unit_test(a_url_has_a_length),
		cmocka_unit_test(h4_only_public_addresses_are_called),
	};
	struct err e = ERR_INIT;

	log_init("test_net_egress", LOG_ERROR_);
	if (conf_load(NULL, &e) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
