/*
 * bench_webpush: what one Web Push message costs us: encrypted under a fresh
 * key, padded, and given its VAPID header. limit_p256 is what it cannot do
 * without.
 *
 *	bench_webpush [--seconds S]
 *
 * Prints one JSON object: us (microseconds of processor time a message),
 * payload and body (bytes), tokens (VAPID tokens signed: one, it is cached an
 * origin). Each body must have the length the padding promises.
 */
#include "channel/providers/vapid.h"
#include "channel/providers/webpush_crypt.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SUBSCRIBERS = 64, PAYLOAD = 330 };

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *what, const struct err *e)
{
	fprintf(stderr, "bench_webpush: %s: %s\n", what, e->detail);
	exit(2);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seconds", 1, NULL, 's' }, { NULL, 0, NULL, 0 }
	};
	static struct webpush_to to[SUBSCRIBERS];
	static uint8_t body[WEBPUSH_BODY_MAX];
	char payload[PAYLOAD];
	struct err e = { 0 };
	struct p256_key *k;
	struct vapid *v;
	double seconds = 1, t0;
	uint64_t done = 0;
	size_t n = 0;
	int c, i;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c != 's')
			return 2;
		seconds = atof(optarg);
	}
	crypto_init();
	memset(payload, 'x', sizeof(payload));
	for (i = 0; i < SUBSCRIBERS; i++) {
		k = p256_new();
		p256_public(k, to[i].p256dh);
		memset(to[i].auth, i, sizeof(to[i].auth));
		p256_free(k);
	}
	k = p256_new();
	if ((v = vapid_new(k, "mailto:bench@example.com", &e)) == NULL)
		die("vapid_new", &e);
	for (t0 = now(); now() - t0 < seconds; done++) {
		if (webpush_encrypt(body, &n, &to[done % SUBSCRIBERS],
		    payload, sizeof(payload), &e) < 0)
			die("webpush_encrypt", &e);
		if (n != 512 || vapid_authorization(v,
		    "https://push.example.com", 1700000000000000) == NULL)
			die("a message", &e);
	}
	t0 = (now() - t0) / (double)done;
	printf("{\"us\": %.2f, \"payload\": %d, \"body\": %zu, "
	    "\"tokens\": %" PRIu64 "}\n", t0 * 1e6, PAYLOAD, n,
	    vapid_signed(v));
	vapid_free(v);
	p256_free(k);
	return 0;
}
