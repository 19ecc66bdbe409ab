/*
 * limit_argon2: how many passwords a second the bare library checks on these
 * cores, in as many processes as the hash pool has lanes, at the same nice.
 *
 *	limit_argon2 [--memory KIB] [--passes T] [--lanes N] [--nice N]
 *	    [--seconds S]
 *
 * Prints one JSON object: hashes, seconds, rate. Every result is compared
 * with a known one, as a sign-in must: nothing can be optimised away.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <argon2.h>

enum { LANES_MAX = 64, HASH_BYTES = 32, SALT_BYTES = 16 };

static const char password[] = "A12345678a@-bench";

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
lane(unsigned memory, unsigned passes, double seconds, uint64_t *count)
{
	unsigned char salt[SALT_BYTES] = "0123456789abcde", want[HASH_BYTES],
	    got[HASH_BYTES];
	double end;

	if (argon2id_hash_raw(passes, memory, 1, password, sizeof password - 1,
	    salt, sizeof salt, want, sizeof want) != ARGON2_OK)
		_exit(2);
	for (end = now() + seconds; now() < end; ++*count) {
		if (argon2id_hash_raw(passes, memory, 1, password,
		    sizeof password - 1, salt, sizeof salt, got,
		    sizeof got) != ARGON2_OK ||
		    memcmp(got, want, sizeof got) != 0)
			_exit(2);
	}
	_exit(0);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "memory", 1, NULL, 'm' }, { "passes", 1, NULL, 't' },
		{ "lanes", 1, NULL, 'l' }, { "nice", 1, NULL, 'n' },
		{ "seconds", 1, NULL, 's' }, { NULL, 0, NULL, 0 }
	};
	unsigned memory = 19456, passes = 2, lanes = 1, i;
	int c, status, niceness = 0, failed = 0;
	double seconds = 5, t0;
	uint64_t *counts, all = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'm': memory = (unsigned)atoi(optarg); break;
		case 't': passes = (unsigned)atoi(optarg); break;
		case 'l': lanes = (unsigned)atoi(optarg); break;
		case 'n': niceness = atoi(optarg); break;
		case 's': seconds = atof(optarg); break;
		default: return 2;
		}
	}
	if (lanes < 1 || lanes > LANES_MAX)
		return 2;
	counts = mmap(NULL, lanes * 64 * sizeof *counts, PROT_READ |
	    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return 2;
	if (setpriority(PRIO_PROCESS, 0, niceness) < 0)
		perror("limit_argon2: nice");
	t0 = now();
	for (i = 0; i < lanes; i++)
		if (fork() == 0)
			lane(memory, passes, seconds, &counts[i * 64]);
	for (i = 0; i < lanes; i++) {
		if (wait(&status) < 0 || status != 0)
			failed = 1;
	}
	t0 = now() - t0;
	for (i = 0; i < lanes; i++)
		all += counts[i * 64];
	printf("{\"hashes\": %llu, \"seconds\": %.3f, \"rate\": %.3f}\n",
	    (unsigned long long)all, t0, (double)all / t0);
	return failed;
}
