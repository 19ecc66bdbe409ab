/*
 * bench_leaked: what it costs to ask whether a password is common or leaked
 * (S54), beside a bare hash table of the same entries.
 *
 *	bench_leaked [--entries N] [--dir DIR]
 *
 * Prints one JSON object: build_ms, bytes (of the file, an entry), ns (a
 * lookup in the filter, its SHA-1 included), table_ns and table_bytes (the
 * same in a table of 64-bit keys, half full), common_ns (the list that
 * ships), by_mistake (of a million that are not there, how many are refused).
 */
#include "auth/leaked.h"
#include "auth/password_own.h"
#include "base/crypto.h"

#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASKED	1000000u

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
	fprintf(stderr, "bench_leaked: %s: %s\n", what, e->detail);
	exit(2);
}

static uint64_t *table;
static size_t mask;

static uint64_t
key_of(const char *word)
{
	uint8_t h[20];
	uint64_t k;

	sha1(h, word, strlen(word));
	memcpy(&k, h, sizeof(k));
	return k == 0 ? 1 : k;
}

static bool
table_has(const char *word)
{
	uint64_t k = key_of(word);
	size_t i = k & mask;

	for (; table[i] != 0; i = (i + 1) & mask)
		if (table[i] == k)
			return true;
	return false;
}

static void
table_put(const char *word)
{
	uint64_t k = key_of(word);
	size_t i = k & mask;

	while (table[i] != 0 && table[i] != k)
		i = (i + 1) & mask;
	table[i] = k;
}

/* Every other one is on the list, in no order of memory. */
static void
word_of(char word[40], unsigned i, unsigned entries)
{
	snprintf(word, 40, i % 2 == 0 ? "Leaked-%u!" : "Other-%u!",
	    (unsigned)(((uint64_t)i * 2654435761u) % entries));
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = { { "entries", 1, NULL, 'n' },
		{ "dir", 1, NULL, 'd' }, { NULL, 0, NULL, 0 } };
	unsigned entries = 1000000, found = 0, wrong = 0, same = 0;
	double filter, bare, build, common, empty, t;
	const char *dir = "/tmp";
	struct err e = ERR_INIT;
	char path[300], word[40];
	struct leaked *l;
	struct stat st;
	uint64_t n = 0;
	FILE *f;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'n':
			entries = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'd':
			dir = optarg;
			break;
		default:
			return 2;
		}
	if (entries == 0)
		return 2;
	for (mask = 1; mask < 2 * (size_t)entries; mask *= 2)
		;
	table = calloc(mask, sizeof(*table));
	f = tmpfile();
	if (table == NULL || f == NULL)
		return 2;
	mask--;
	for (unsigned i = 0; i < entries; i++) {
		snprintf(word, sizeof(word), "Leaked-%u!", i);
		table_put(word);
		fprintf(f, "%s\n", word);
	}
	rewind(f);
	snprintf(path, sizeof(path), "%s/bench_leaked.%ld", dir,
	    (long)getpid());
	t = now();
	if (leaked_build(f, path, &n, &e) < 0)
		die("build", &e);
	build = now() - t;
	fclose(f);
	if (leaked_open(path, &l, &e) < 0)
		die("open", &e);
	(void)stat(path, &st);
	t = now();
	for (unsigned i = 0; i < ASKED; i++) {
		word_of(word, i, entries);
		same += word[0] == 'L';
	}
	empty = now() - t;
	t = now();
	for (unsigned i = 0; i < ASKED; i++) {
		word_of(word, i, entries);
		found += leaked_has(l, word);
	}
	filter = now() - t - empty;
	t = now();
	for (unsigned i = 0; i < ASKED; i++) {
		word_of(word, i, entries);
		if (table_has(word) != (word[0] == 'L'))
			return 3;
	}
	bare = now() - t - empty;
	t = now();
	for (unsigned i = 0; i < ASKED / 10; i++) {
		word_of(word, i, entries);
		wrong += password_is_common(word);
	}
	common = (now() - t) * 10;
	if (found < same)
		die("one is missed", &e);
	wrong = 0;
	for (unsigned i = 0; i < ASKED; i++) {
		snprintf(word, sizeof(word), "Nobody's-%u?", i);
		wrong += leaked_has(l, word);
	}
	printf("{\"entries\": %" PRIu64 ", \"build_ms\": %.0f, "
	    "\"bytes\": %.2f, \"ns\": %.1f, \"table_ns\": %.1f, "
	    "\"table_bytes\": %.2f, \"common_ns\": %.0f, "
	    "\"by_mistake\": %u}\n", n, build * 1e3,
	    (double)st.st_size / (double)n, filter * 1e9 / ASKED,
	    bare * 1e9 / ASKED,
	    (double)((mask + 1) * sizeof(*table)) / (double)n,
	    common * 1e9 / ASKED, wrong);
	leaked_close(l);
	unlink(path);
	free(table);
	return 0;
}
