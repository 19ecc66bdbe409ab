/*
 * rate.c - see rate.h.
 */
#include "queue/rate.h"

#define SHORT_STEPS	50		/* a quarter of a second */
#define AHEAD		(RATE_AHEAD_US / RATE_STEP_US)

static uint64_t
get64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static void
put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

void
rate_read(struct rate *r, const uint8_t *p, size_t n)
{
	memset(r, 0, sizeof(*r));
	if (n != RATE_BYTES)
		return;
	r->top = (int64_t)get64(p);
	r->last_us = (int64_t)get64(p + 8);
	for (size_t i = 0; i < RATE_STEPS; i++)
		r->n[i] = (uint16_t)(p[16 + 2 * i] | p[17 + 2 * i] << 8);
}

void
rate_write(const struct rate *r, uint8_t out[RATE_BYTES])
{
	put64(out, (uint64_t)r->top);
	put64(out + 8, (uint64_t)r->last_us);
	for (size_t i = 0; i < RATE_STEPS; i++) {
		out[16 + 2 * i] = (uint8_t)r->n[i];
		out[17 + 2 * i] = (uint8_t)(r->n[i] >> 8);
	}
}

static uint16_t *
at(struct rate *r, int64_t step)
{
	return &r->n[(uint64_t)step % RATE_STEPS];
}

/* Steps up to this one are in use; what they overwrite is long ago. */
static void
advance(struct rate *r, int64_t step)
{
	if (step - r->top >= (int64_t)RATE_STEPS) {
		memset(r->n, 0, sizeof(r->n));
		r->top = step;
	}
	while (r->top < step)
		*at(r, ++r->top) = 0;
}

/* Those of the `steps` before this one, and all after. */
static unsigned
since(struct rate *r, int64_t step, int64_t steps)
{
	int64_t from = step - steps, oldest = r->top - (int64_t)RATE_STEPS + 1;
	unsigned sum = 0;

	for (int64_t k = from > oldest ? from : oldest; k <= r->top; k++)
		sum += *at(r, k);
	return sum;
}

unsigned
rate_most(unsigned per_s)
{
	unsigned most = (per_s * 3 + 9) / 10;

	return most < 1 ? 1 : most;
}

static unsigned
free_at(struct rate *r, int64_t step, unsigned per_s)
{
	unsigned most = rate_most(per_s);
	unsigned all = since(r, step, RATE_WINDOW);
	unsigned few = since(r, step, SHORT_STEPS);

	all = all < per_s ? per_s - all : 0;
	few = few < most ? most - few : 0;
	return all < few ? all : few;
}

/* The first step from `step` on at which so many are free. */
static int64_t
first_free(struct rate *r, int64_t step, unsigned per_s, unsigned n)
{
	int64_t end = step + RATE_STEPS;

	while (step < end && free_at(r, step, per_s) < n)
		step++;
	return step;
}

void
rate_take(struct rate *r, int64_t now_us, unsigned per_s, unsigned want,
    unsigned least, struct rate_grant *g)
{
	int64_t from = now_us, step, begin;

	*g = (struct rate_grant){ .n = 0 };
	/* A row of a clock that was far ahead counts for nothing. */
	if (r->last_us > now_us + INT64_C(60) * 1000000)
		memset(r, 0, sizeof(*r));
	if (r->last_us > from)
		from = r->last_us;
	begin = from / RATE_STEP_US;
	advance(r, now_us / RATE_STEP_US);
	if (least > rate_most(per_s))
		least = rate_most(per_s);
	if (want > 0xffff)
		want = 0xffff;
	step = first_free(r, begin, per_s, least);
	if (step * RATE_STEP_US > now_us + RATE_AHEAD_US ||
	    begin > now_us / RATE_STEP_US + AHEAD) {
		g->next_us = step * RATE_STEP_US;
		return;
	}
	g->n = free_at(r, step, per_s);
	if (g->n > want)
		g->n = want;
	g->from_us = step > begin ? step * RATE_STEP_US : from;
	g->until_us = g->from_us + RATE_VALID_US;
	r->last_us = g->from_us;
	advance(r, g->until_us / RATE_STEP_US);
	*at(r, g->until_us / RATE_STEP_US) += (uint16_t)g->n;
	g->next_us = first_free(r, step, per_s, 1) * RATE_STEP_US;
}

void
rate_settle(struct rate *r, int64_t until_us, unsigned given, unsigned left,
    int64_t left_us)
{
	int64_t was = until_us / RATE_STEP_US, is = left_us / RATE_STEP_US;
	int64_t oldest = r->top - (int64_t)RATE_STEPS + 1;

	if (was < oldest || was > r->top || *at(r, was) < given)
		return;
	if (is > was)
		is = was;
	*at(r, was) = (uint16_t)(*at(r, was) - given);
	if (left > 0 && is >= oldest)
		*at(r, is) = (uint16_t)(*at(r, is) + left);
}
