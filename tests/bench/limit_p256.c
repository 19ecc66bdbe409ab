/*
 * limit_p256: what one Web Push message cannot do without: a fresh P-256 key
 * and one Diffie-Hellman with the subscriber's key. Measured both ways that
 * OpenSSL 3.0 offers, because they differ by half:
 *
 *	evp	EVP_PKEY_keygen and EVP_PKEY_derive, the peer not validated again
 *	low	EC_KEY_generate_key and ECDH_compute_key
 *
 *	limit_p256 [--seconds S]
 *
 * Prints one JSON object: evp_us and low_us, microseconds a message.
 */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/ecdh.h>
#include <openssl/evp.h>

static double
now(void)
{
	struct timespec t;

	/* this process's own time: a neighbour on the core does not count */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *what)
{
	fprintf(stderr, "limit_p256: %s\n", what);
	exit(2);
}

static EVP_PKEY *
keygen(EVP_PKEY_CTX *ctx)
{
	EVP_PKEY *key = NULL;

	if (EVP_PKEY_keygen(ctx, &key) <= 0)
		die("keygen");
	return key;
}

static double
evp(double seconds)
{
	EVP_PKEY_CTX *gen = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL), *derive;
	EVP_PKEY *peer, *mine;
	unsigned char secret[32];
	size_t n, done = 0;
	double t0;

	if (gen == NULL || EVP_PKEY_keygen_init(gen) <= 0 ||
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(gen,
	    NID_X9_62_prime256v1) <= 0)
		die("keygen setup");
	peer = keygen(gen);
	for (t0 = now(); now() - t0 < seconds; done++) {
		mine = keygen(gen);
		n = sizeof secret;
		if ((derive = EVP_PKEY_CTX_new(mine, NULL)) == NULL ||
		    EVP_PKEY_derive_init(derive) <= 0 ||
		    EVP_PKEY_derive_set_peer_ex(derive, peer, 0) <= 0 ||
		    EVP_PKEY_derive(derive, secret, &n) <= 0 || n != 32)
			die("derive");
		EVP_PKEY_CTX_free(derive);
		EVP_PKEY_free(mine);
	}
	t0 = (now() - t0) / (double)done;
	EVP_PKEY_free(peer);
	EVP_PKEY_CTX_free(gen);
	return t0 * 1e6;
}

static double
low(double seconds)
{
	EC_KEY *peer = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1), *mine;
	unsigned char secret[32];
	size_t done = 0;
	double t0;

	if (peer == NULL || !EC_KEY_generate_key(peer))
		die("keygen");
	mine = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	for (t0 = now(); now() - t0 < seconds; done++) {
		if (!EC_KEY_generate_key(mine) ||
		    ECDH_compute_key(secret, sizeof secret,
		    EC_KEY_get0_public_key(peer), mine, NULL) != 32)
			die("derive");
	}
	t0 = (now() - t0) / (double)done;
	EC_KEY_free(mine);
	EC_KEY_free(peer);
	return t0 * 1e6;
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seconds", 1, NULL, 's' }, { NULL, 0, NULL, 0 }
	};
	double seconds = 1, a, b;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c != 's')
			return 2;
		seconds = atof(optarg);
	}
	a = evp(seconds / 2);
	b = low(seconds / 2);
	printf("{\"evp_us\": %.2f, \"low_us\": %.2f}\n", a, b);
	return 0;
}
