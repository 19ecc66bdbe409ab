/*
 * The load generator: what it is asked, what it works through, what it saw.
 * load_main.c fills these in from the command line; load.c does the work.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

enum { LOAD_HEADERS_MAX = 32, LOAD_EXPECT_MAX = 8, LOAD_CONNS_MAX = 1024 };

/* All strings are the caller's and outlive the run. */
struct load_options {
	const char *host, *port, *path, *method;
	const char *body;	/* NULL: none */
	const char *chain;	/* NULL: values are not used up */
	const char *ca;		/* NULL: the certificate is not checked */
	const char *headers[LOAD_HEADERS_MAX];	/* "Name: value" */
	size_t nheaders;
	int expect[LOAD_EXPECT_MAX];
	size_t nexpect;
	unsigned conns;		/* 1…LOAD_CONNS_MAX */
	double seconds;		/* when count is 0 */
	uint64_t count;
	uint64_t warm_ns;	/* not counted, when count is 0 */
	uint64_t pause_ns;	/* after an answer; half to one and a half of it */
};

/*
 * The values that `{}` stands for, and a queue of those that are free. n may
 * be 0. A chained value that was refused, or whose answer was lost, leaves
 * the queue for good.
 */
struct load_values {
	char **v;		/* n strings of malloc */
	size_t n;
	size_t *fifo;		/* room for n indices */
	size_t head, free;
};

struct load_report {
	uint64_t sent;		/* requests, the warm time's too */
	uint64_t n;		/* right answers counted */
	uint64_t bad;		/* other statuses, or no chained member */
	uint64_t errors;	/* broken connections, answers never seen */
	uint64_t last;		/* when the last counted answer came */
	double seconds;		/* from the end of the warm time to then */
	uint32_t *us;		/* n times in microseconds, malloc */
	char first_bad[512];
};

/*
 * Runs the load to its end. Values must be ready; *report all zero. A run
 * cannot fail: what goes wrong is counted in the report. Only what makes
 * running senseless (no memory, an unknown host, no CA file) ends the process
 * with status 2.
 */
void load_run(const struct load_options *options, struct load_values *values,
    struct load_report *report);

/* Puts the value at this index at the end of the queue. */
void load_values_give(struct load_values *values, size_t index);

#endif
