/*
 * bench_inbox: inbox rows written as the worker writes them, so many a second,
 * and when each COMMIT returned.
 *
 *	bench_inbox --config FILE --users ID,ID,… --first ID --count N
 *		--rate PER_S [--lines L] --out FILE
 *
 * Notifications first … first + N - 1 are there already; each goes into one
 * inbox, the people in turn, in a transaction of its own (store/inbox.c's
 * statements, the worker's database user), over L connections; after the
 * COMMIT the gateways' bell is rung as the worker rings it.  The k-th is due at
 * k / rate and never earlier: one that is late makes the next wait, and shows
 * in the rate.  FILE gets "id committed_us" lines of CLOCK_MONOTONIC; standard
 * output a JSON object: per_second, late_ms (the worst start behind its time),
 * commit_p50_us (BEGIN to COMMIT's return).
 */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "queue/bell.h"
#include "store/inbox.h"

enum { USERS_MAX = 1000, LINES_MAX = 64 };

static uint64_t user[USERS_MAX], first_id, count;
static size_t users, lines = 8;
static double rate = 1000;
static int64_t *began_us, *done_us, late_us[LINES_MAX], start_us;
static const char *run_dir;

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "bench_inbox: %s: %s\n", what, why);
	exit(2);
}

static int
add_one(struct db *db, void *arg, struct err *e)
{
	struct inbox_new one = *(const struct inbox_new *)arg;

	return inbox_add(db, &one, 1, e);
}

static int64_t
due_us(uint64_t k)
{
	return start_us + (int64_t)((double)k * 1e6 / rate);
}

static void
wait_for(int64_t us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void *
line(void *arg)
{
	size_t me = (size_t)(uintptr_t)arg;
	struct db *db = db_new(DB_WORKER);
	struct err e = ERR_INIT;

	for (uint64_t k = me; k < count; k += lines) {
		struct inbox_new one = { user[k % users], first_id + k };
		struct bell_hint h = { .user_id = one.user_id };

		wait_for(due_us(k));
		began_us[k] = clock_mono();
		if (began_us[k] - due_us(k) > late_us[me])
			late_us[me] = began_us[k] - due_us(k);
		if (db_tx(db, add_one, &one, &e) < 0)
			die("a transaction", e.detail);
		done_us[k] = clock_mono();
		bell_ring_live(run_dir, &h, 1);
	}
	db_free(db);
	return NULL;
}

static int
by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
report(const char *file)
{
	int64_t last_us = 0, late = 0;
	FILE *f = fopen(file, "w");

	if (f == NULL)
		die(file, "cannot be written");
	for (uint64_t k = 0; k < count; k++) {
		fprintf(f, "%" PRIu64 " %" PRId64 "\n", first_id + k,
		    done_us[k]);
		if (done_us[k] > last_us)
			last_us = done_us[k];
		began_us[k] = done_us[k] - began_us[k];
	}
	fclose(f);
	qsort(began_us, count, sizeof(*began_us), by_value);
	for (size_t i = 0; i < lines; i++)
		if (late_us[i] > late)
			late = late_us[i];
	printf("{\"per_second\": %.1f, \"late_ms\": %.2f, "
	    "\"commit_p50_us\": %" PRId64 "}\n",
	    (double)count * 1e6 / (double)(last_us - start_us),
	    (double)late / 1000, began_us[count / 2]);
}

static void
read_users(char *text)
{
	for (char *s = text; *s != '\0' && users < USERS_MAX; s += *s == ',')
		user[users++] = strtoull(s, &s, 10);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", 1, NULL, 'c' }, { "users", 1, NULL, 'u' },
		{ "first", 1, NULL, 'f' }, { "count", 1, NULL, 'n' },
		{ "rate", 1, NULL, 'r' }, { "lines", 1, NULL, 'l' },
		{ "out", 1, NULL, 'o' }, { NULL, 0, NULL, 0 }
	};
	const char *config = NULL, *out = NULL;
	pthread_t thread[LINES_MAX];
	struct err e = ERR_INIT;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'c': config = optarg; break;
		case 'u': read_users(optarg); break;
		case 'f': first_id = strtoull(optarg, NULL, 10); break;
		case 'n': count = strtoull(optarg, NULL, 10); break;
		case 'r': rate = atof(optarg); break;
		case 'l': lines = strtoul(optarg, NULL, 10); break;
		case 'o': out = optarg; break;
		default: return 2;
		}
	if (config == NULL || out == NULL || users == 0 || count == 0 ||
	    rate <= 0 || lines == 0 || lines > LINES_MAX)
		die("arguments", "see the head of the source");
	log_init("bench_inbox", LOG_WARN_);
	crypto_init();
	if (conf_load(config, &e) < 0)
		die(config, e.detail);
	run_dir = conf_str(CONF_RUN_DIR);
	began_us = calloc(count, sizeof(*began_us));
	done_us = calloc(count, sizeof(*done_us));
	if (began_us == NULL || done_us == NULL)
		die("memory", "none left");
	/* Also makes the socket that all of us send from. */
	if (bell_ring(run_dir, "live") == 0)
		die(run_dir, "no gateway listens there");
	start_us = clock_mono() + 100000;	/* time to connect */
	for (size_t i = 0; i < lines; i++)
		if (pthread_create(&thread[i], NULL, line,
		    (void *)(uintptr_t)i) != 0)
			die("a thread", "not made");
	for (size_t i = 0; i < lines; i++)
		pthread_join(thread[i], NULL);
	report(out);
	return 0;
}
