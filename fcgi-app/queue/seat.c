/*
 * seat.c - see seat.h.
 */
#include "queue/seat.h"

static uint64_t
get(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | p[bytes];
	return v;
}

static uint8_t *
put(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++, v >>= 8)
		*p++ = (uint8_t)v;
	return p;
}

void
seats_read(struct seats *s, const uint8_t *p, size_t n)
{
	memset(s, 0, sizeof(*s));
	if (p == NULL || n % SEAT_BYTES != 0 || n > SEAT_BYTES_MAX)
		return;
	for (; s->n < n / SEAT_BYTES; p += SEAT_BYTES)
		s->holder[s->n++] = (struct seat_holder){
		    .owner = get(p, 8), .until_us = (int64_t)get(p + 8, 8),
		    .held = (uint16_t)get(p + 16, 2),
		    .want = (uint16_t)get(p + 18, 2) };
}

size_t
seats_write(const struct seats *s, uint8_t out[SEAT_BYTES_MAX])
{
	uint8_t *p = out;

	for (unsigned i = 0; i < s->n; i++) {
		const struct seat_holder *h = &s->holder[i];

		p = put(p, h->owner, 8);
		p = put(p, (uint64_t)h->until_us, 8);
		p = put(p, h->held, 2);
		p = put(p, h->want, 2);
	}
	return (size_t)(p - out);
}

/* Whose time is over is gone; so is what a clock far ahead wrote. */
static void
forget(struct seats *s, int64_t now_us)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->holder[i].until_us > now_us &&
		    s->holder[i].until_us <= now_us + 2 * SEAT_LEASE_US)
			s->holder[kept++] = s->holder[i];
	s->n = kept;
}

static struct seat_holder *
find(struct seats *s, uint64_t owner)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->holder[i].owner == owner)
			return &s->holder[i];
	if (s->n == SEAT_HOLDERS)
		return NULL;
	s->holder[s->n] = (struct seat_holder){ .owner = owner };
	return &s->holder[s->n++];
}

/* What is this one's share, as everybody reckons it from the same row? */
static unsigned
share_of(const struct seats *s, const struct seat_holder *me, unsigned limit)
{
	unsigned t[SEAT_HOLDERS] = { 0 }, left = limit, most;

	if (s->n == 1)
		return limit;
	/* One each.  Where there are not so many: those that have use for it
	 * and hold one, those that have use for it, the rest. */
	for (int round = 0; round < 3; round++)
		for (unsigned i = 0; i < s->n && left > 0; i++)
			if (t[i] == 0 && (round == 2 || (s->holder[i].want >
			    0 && (round == 1 || s->holder[i].held > 0)))) {
				t[i] = 1;
				left--;
			}
	for (most = 1; left > 0 && most < limit; most++)
		for (unsigned i = 0; i < s->n && left > 0; i++)
			if (t[i] == most && s->holder[i].want > most) {
				t[i]++;
				left--;
			}
	return t[me - s->holder];
}

void
seats_take(struct seats *s, const struct seat_ask *a, struct seat_got *g)
{
	unsigned limit = a->limit < 1 ? 1 : a->limit > UINT16_MAX ?
	    UINT16_MAX : a->limit;
	unsigned others = 0, share, room;
	struct seat_holder *me;

	*g = (struct seat_got){ .seats = 0 };
	forget(s, a->now_us);
	g->until_us = a->now_us + SEAT_LEASE_US;
	if ((me = find(s, a->owner)) == NULL)
		return;
	me->want = (uint16_t)(a->want > limit ? limit : a->want);
	me->until_us = g->until_us;
	for (unsigned i = 0; i < s->n; i++)
		if (&s->holder[i] != me)
			others += s->holder[i].held;
	room = others < limit ? limit - others : 0;
	share = share_of(s, me, limit);
	g->seats = share < room ? share : room;
	g->held = g->seats > a->in_use ? g->seats : a->in_use > UINT16_MAX ?
	    UINT16_MAX : a->in_use;
	me->held = (uint16_t)g->held;
	g->holders = s->n;
}

void
seats_leave(struct seats *s, uint64_t owner)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->holder[i].owner != owner)
			s->holder[kept++] = s->holder[i];
	s->n = kept;
}
