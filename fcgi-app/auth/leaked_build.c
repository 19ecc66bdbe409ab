/*
 * leaked_build.c - from a list to a binary fuse filter: slots that only one
 * entry uses are peeled off until none is left, then filled in the opposite
 * order.  A seed that does not work out is changed for another.
 */
#include "auth/leaked_own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"

#define LINE_MAX_	2048
#define ENTRIES_MAX	((uint64_t)400 * 1000 * 1000)
#define SEEDS		100

struct keys { uint64_t *p; size_t n, cap; };

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, "unavailable", "out of memory");
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

static int
read_keys(FILE *in, struct keys *k, struct err *e)
{
	char line[LINE_MAX_];
	uint8_t h[20];
	size_t n = 0;

	while (fgets(line, sizeof(line), in) != NULL) {
		char hex[41] = "";
		size_t len = strcspn(line, "\r\n");

		line[len] = '\0';
		if (len == 0)
			continue;
		if (k->n == k->cap) {
			size_t cap = k->cap == 0 ? 65536 : k->cap * 2;
			uint64_t *more = realloc(k->p, cap * sizeof(*more));

			if (more == NULL || cap > ENTRIES_MAX * 2)
				return no_memory(e);
			k->p = more;
			k->cap = cap;
		}
		if (len >= 40 && (line[40] == '\0' || line[40] == ':'))
			memcpy(hex, line, 40);
		if (hex[0] != '\0' && hex_decode(h, 20, hex) == 0)
			memcpy(&k->p[k->n++], h, sizeof(k->p[0]));
		else
			k->p[k->n++] = leaked_key(line);
	}
	if (ferror(in))
		return err_errno(e, "read", "the list");
	if (k->n == 0)
		return err_set(e, ERR_CONFIG, "empty", "the list is empty");
	qsort(k->p, k->n, sizeof(k->p[0]), by_number);
	for (size_t i = 1; i < k->n; i++)
		if (k->p[i] != k->p[n])
			k->p[++n] = k->p[i];
	k->n = n + 1;
	return 0;
}

/* Sizes by the formulas of the paper (section 3). */
static void
plan(struct leaked_head *d, size_t n)
{
	double power = 3.33, factor, want;
	unsigned bits = 0, log2 = 1;
	uint64_t segments;

	for (; power <= 14.98 * (double)n && bits < 18; power *= 3.33)
		bits++;
	while ((n >> (log2 + 1)) != 0)
		log2++;
	factor = 0.875 + 0.25 * 19.94 / log2;
	if (factor < 1.125)
		factor = 1.125;
	d->segment = 1u << (bits < 2 ? 2 : bits);
	want = (double)n * factor + 1;
	segments = ((uint64_t)want + d->segment - 1) / d->segment;
	segments = segments > 3 ? segments - 2 : 1;
	d->span = segments * d->segment;
	d->slots = d->span + 2 * (uint64_t)d->segment;
	d->count = n;
}

struct work {
	uint8_t		*uses;
	uint64_t	*sum, *peeled;
	uint32_t	*alone, *slot;
	uint16_t	*print;
};

/* 1 filled, 0 try another seed. */
static int
fill(const struct leaked_head *d, const struct keys *k, struct work *w)
{
	size_t alone = 0, peeled = 0;
	uint32_t at[3];

	memset(w->uses, 0, d->slots);
	memset(w->sum, 0, d->slots * sizeof(w->sum[0]));
	for (size_t i = 0; i < k->n; i++) {
		uint64_t h = leaked_mix(k->p[i], d->seed);

		leaked_slots(d, h, at);
		for (int j = 0; j < 3; j++) {
			if (w->uses[at[j]] == UINT8_MAX)
				return 0;
			w->uses[at[j]]++;
			w->sum[at[j]] ^= h;
		}
	}
	for (uint32_t i = 0; i < d->slots; i++)
		if (w->uses[i] == 1)
			w->alone[alone++] = i;
	while (alone > 0) {
		uint32_t s = w->alone[--alone];
		uint64_t h = w->sum[s];

		if (w->uses[s] != 1)
			continue;
		w->peeled[peeled] = h;
		w->slot[peeled++] = s;
		leaked_slots(d, h, at);
		for (int j = 0; j < 3; j++) {
			w->sum[at[j]] ^= h;
			if (--w->uses[at[j]] == 1)
				w->alone[alone++] = at[j];
		}
	}
	if (peeled != k->n)
		return 0;
	memset(w->print, 0, d->slots * sizeof(w->print[0]));
	while (peeled-- > 0) {
		uint64_t h = w->peeled[peeled];
		uint16_t v = LEAKED_PRINT(h);

		leaked_slots(d, h, at);
		for (int j = 0; j < 3; j++)
			if (at[j] != w->slot[peeled])
				v ^= w->print[at[j]];
		w->print[w->slot[peeled]] = v;
	}
	return 1;
}

static int
write_all(const char *out, const struct leaked_head *d,
    const uint16_t *print, struct err *e)
{
	char temp[600];
	FILE *f = NULL;
	int fd = -1, rc = -1;

	if (snprintf(temp, sizeof(temp), "%s.new.%ld", out,
	    (long)getpid()) >= (int)sizeof(temp))
		return err_set(e, ERR_CONFIG, "path", "%s: too long", out);
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (fd < 0 || fchmod(fd, 0644) < 0 || (f = fdopen(fd, "w")) == NULL) {
		err_errno(e, "write", "%s", temp);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (fwrite(d, sizeof(*d), 1, f) == 1 &&
	    fwrite(print, sizeof(*print), d->slots, f) == d->slots &&
	    fflush(f) == 0 && fsync(fd) == 0 && rename(temp, out) == 0)
		rc = 0;
	if (rc < 0) {
		err_errno(e, "write", "%s", out);
		unlink(temp);
	}
	fclose(f);
	return rc;
}

int
leaked_build(FILE *in, const char *out, uint64_t *n, struct err *e)
{
	struct leaked_head d = { .version = LEAKED_VERSION };
	struct keys k = { 0 };
	struct work w = { 0 };
	int rc = -1, done = 0;

	if (read_keys(in, &k, e) < 0)
		goto out;
	memcpy(d.magic, LEAKED_MAGIC, sizeof(d.magic));
	plan(&d, k.n);
	w.uses = malloc(d.slots);
	w.sum = malloc(d.slots * sizeof(w.sum[0]));
	w.alone = malloc(d.slots * sizeof(w.alone[0]));
	w.print = malloc(d.slots * sizeof(w.print[0]));
	w.peeled = malloc(k.n * sizeof(w.peeled[0]));
	w.slot = malloc(k.n * sizeof(w.slot[0]));
	if (w.uses == NULL || w.sum == NULL || w.alone == NULL ||
	    w.print == NULL || w.peeled == NULL || w.slot == NULL) {
		no_memory(e);
		goto out;
	}
	for (int i = 0; i < SEEDS && !done; i++) {
		rand_fill(&d.seed, sizeof(d.seed));
		done = fill(&d, &k, &w);
	}
	if (!done) {
		err_set(e, ERR_INTERNAL, "leaked_build", "no seed works");
		goto out;
	}
	sha256(d.body_sum, w.print, d.slots * sizeof(w.print[0]));
	leaked_head_sum(&d, d.head_sum);
	*n = k.n;
	rc = write_all(out, &d, w.print, e);
out:
	free(k.p);
	free(w.uses);
	free(w.sum);
	free(w.alone);
	free(w.print);
	free(w.peeled);
	free(w.slot);
	return rc;
}
