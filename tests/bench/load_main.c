/*
 * load: keeps K TLS connections busy with one kind of request and says how
 * fast the answers came.
 *
 *	load --url https://localhost:8443/path [options]
 *	  --connections K   connections, each with one request at a time (8)
 *	  --seconds S       how long (5); or
 *	  --count N         how many requests
 *	  --warm MS         leave this much at the start out of the figures (300)
 *	  --pause MS        a connection rests about this long after an answer (0)
 *	  --method M        GET; POST when there is a body
 *	  --header 'A: b'   repeatable
 *	  --body TEXT
 *	  --lines FILE      one value a line; `{}` in path, headers and body
 *	                    becomes the next one, round and round
 *	  --chain MEMBER    the value is used up by its request: the string
 *	                    member MEMBER of the answer takes its place (a
 *	                    refresh token and its successor)
 *	  --save FILE       write the values that are left, oldest first
 *	  --ca FILE         trust this; without it the certificate is not checked
 *	  --expect 200,202  the statuses that count as right (200)
 *
 * Prints one JSON object: sent, requests, seconds, rps, p50_ms, p99_ms, max_ms,
 * bad, errors, first_bad. Exit status 0 only when bad and errors are 0 and at
 * least one request was counted: a failing server never looks fast.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

static void
usage(const char *why)
{
	fprintf(stderr, "load: %s\nusage: load --url URL [--connections K] "
	    "[--seconds S | --count N] [--warm MS] [--pause MS] "
	    "[--method M] [--header H]… [--body TEXT] [--lines FILE] [--chain MEMBER] "
	    "[--save FILE] [--ca FILE] [--expect S,S…]\n", why);
	exit(2);
}

static void
parse_url(struct load_options *o, const char *url)
{
	char *rest, *host, *colon, *slash;

	if (strncmp(url, "https://", 8) != 0)
		usage("only https URLs");
	if ((rest = strdup(url + 8)) == NULL)
		usage("no memory");
	slash = strchr(rest, '/');
	o->path = slash == NULL ? "/" : strdup(slash);
	if (slash != NULL)
		*slash = '\0';
	host = rest;
	colon = strchr(host, ':');
	o->port = "443";
	if (colon != NULL) {
		*colon = '\0';
		o->port = colon + 1;
	}
	o->host = host;
}

static void
parse_expect(struct load_options *o, const char *list)
{
	char *end;

	for (o->nexpect = 0; *list != '\0'; list = *end == ',' ? end + 1 : end) {
		if (o->nexpect == LOAD_EXPECT_MAX)
			usage("too many statuses");
		o->expect[o->nexpect++] = (int)strtol(list, &end, 10);
		if (end == list)
			usage("--expect wants numbers");
	}
}

void
load_values_give(struct load_values *values, size_t index)
{
	values->fifo[(values->head + values->free++) % values->n] = index;
}

static void
read_values(struct load_values *v, const char *file)
{
	char *line = NULL;
	size_t size = 0, max = 0, i;
	ssize_t n;
	FILE *f = fopen(file, "re");

	if (f == NULL)
		usage("cannot read the --lines file");
	while ((n = getline(&line, &size, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (v->n == max) {
			max = max ? max * 2 : 1024;
			v->v = realloc(v->v, max * sizeof *v->v);
			if (v->v == NULL)
				usage("no memory");
		}
		v->v[v->n++] = strdup(line);
	}
	free(line);
	fclose(f);
	if (v->n == 0)
		usage("the --lines file is empty");
	if ((v->fifo = calloc(v->n, sizeof *v->fifo)) == NULL)
		usage("no memory");
	for (i = 0; i < v->n; i++)
		load_values_give(v, i);
}

static void
save_values(const struct load_values *v, const char *file)
{
	size_t i;
	FILE *f = fopen(file, "we");

	if (f == NULL)
		usage("cannot write the --save file");
	for (i = 0; i < v->free; i++)
		fprintf(f, "%s\n", v->v[v->fifo[(v->head + i) % v->n]]);
	if (fclose(f) != 0)
		usage("cannot write the --save file");
}

static int
by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double
percentile(const struct load_report *r, double p)
{
	if (r->n == 0)
		return 0;
	return r->us[(size_t)(p * (double)(r->n - 1))] / 1000.0;
}

static void
print_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text >= 0x20)
			putchar(*text);
	}
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "url", 1, NULL, 'u' }, { "connections", 1, NULL, 'k' },
		{ "seconds", 1, NULL, 's' }, { "count", 1, NULL, 'n' },
		{ "warm", 1, NULL, 'w' }, { "method", 1, NULL, 'm' },
		{ "header", 1, NULL, 'h' }, { "body", 1, NULL, 'b' },
		{ "lines", 1, NULL, 'l' }, { "chain", 1, NULL, 'c' },
		{ "save", 1, NULL, 'S' }, { "ca", 1, NULL, 'a' },
		{ "expect", 1, NULL, 'e' }, { "pause", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 }
	};
	struct load_options o = { .conns = 8, .seconds = 5,
	    .warm_ns = 300000000ull, .expect = { 200 }, .nexpect = 1 };
	struct load_values values = { 0 };
	struct load_report r = { 0 };
	const char *save = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'u': parse_url(&o, optarg); break;
		case 'k': o.conns = (unsigned)atoi(optarg); break;
		case 's': o.seconds = atof(optarg); break;
		case 'n': o.count = strtoull(optarg, NULL, 10); break;
		case 'w': o.warm_ns = strtoull(optarg, NULL, 10) * 1000000;
			break;
		case 'p': o.pause_ns = strtoull(optarg, NULL, 10) * 1000000;
			break;
		case 'm': o.method = optarg; break;
		case 'h':
			if (o.nheaders == LOAD_HEADERS_MAX)
				usage("too many headers");
			o.headers[o.nheaders++] = optarg;
			break;
		case 'b': o.body = optarg; break;
		case 'l': read_values(&values, optarg); break;
		case 'c': o.chain = optarg; break;
		case 'S': save = optarg; break;
		case 'a': o.ca = optarg; break;
		case 'e': parse_expect(&o, optarg); break;
		default: usage("unknown option");
		}
	}
	if (o.host == NULL || o.conns < 1 || o.conns > LOAD_CONNS_MAX)
		usage("--url and 1 to 1024 --connections are needed");
	if (o.method == NULL)
		o.method = o.body != NULL ? "POST" : "GET";
	signal(SIGPIPE, SIG_IGN);
	load_run(&o, &values, &r);
	if (save != NULL)
		save_values(&values, save);
	if (r.n > 0)
		qsort(r.us, r.n, sizeof *r.us, by_size);
	printf("{\"sent\": %llu, \"requests\": %llu, \"seconds\": %.3f, \"rps\": %.1f, "
	    "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, "
	    "\"bad\": %llu, \"errors\": %llu, \"first_bad\": \"",
	    (unsigned long long)r.sent, (unsigned long long)r.n, r.seconds,
	    r.seconds > 0 ? (double)r.n / r.seconds : 0, percentile(&r, 0.5),
	    percentile(&r, 0.99), percentile(&r, 1),
	    (unsigned long long)r.bad, (unsigned long long)r.errors);
	print_text(r.first_bad);
	printf("\"}\n");
	return r.n > 0 && r.bad == 0 && r.errors == 0 ? 0 : 1;
}
