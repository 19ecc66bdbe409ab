/*
 * turns.c - smooth weighted round robin.
 */
#include "queue/turns.h"

const unsigned turns_weight[TURNS_CLASSES] = { 8, 4, 1, 2, 1 };

int
turns_next(struct turns *t, const bool has[TURNS_CLASSES])
{
	int best = -1, total = 0;

	for (int i = 0; i < TURNS_CLASSES; i++) {
		if (!has[i]) {
			/* No saving up while idle: it would be a burst. */
			t->credit[i] = 0;
			continue;
		}
		t->credit[i] += (int)turns_weight[i];
		total += (int)turns_weight[i];
		if (best == -1 || t->credit[i] > t->credit[best])
			best = i;
	}
	if (best != -1)
		t->credit[best] -= total;
	return best;
}

void
turns_share(uint32_t room, const bool has[TURNS_CLASSES],
    uint32_t out[TURNS_CLASSES])
{
	unsigned total = 0;
	uint32_t left = room;
	int first = -1;

	for (int i = 0; i < TURNS_CLASSES; i++) {
		out[i] = 0;
		if (!has[i])
			continue;
		total += turns_weight[i];
		if (first == -1)
			first = i;
	}
	for (int i = 0; i < TURNS_CLASSES; i++) {
		uint32_t n;

		if (!has[i])
			continue;
		n = (uint32_t)((uint64_t)room * turns_weight[i] / total);
		if (n == 0)
			n = 1;
		out[i] = n < left ? n : left;
		left -= out[i];
	}
	if (first != -1)
		out[first] += left;
}
