/*
 * pick.c - see pick.h.
 */
#include "deliver/pick.h"

#include "base/text.h"

/* How good a candidate: 3 flows by weight, 2 flows as the last resort, 1 must
 * wait there. */
static int
rank(const struct plan_route *r, unsigned class)
{
	if (!r->flows || (r->trial && r->room[class] == 0))
		return 1;
	return r->weight > 0 ? 3 : 2;
}

struct plan_route *
pick_route(struct plan_route *r, size_t n, const char *channel,
    const char *tried, unsigned class)
{
	struct plan_route *best = NULL;
	int64_t total = 0;
	int top = 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(r[i].channel, channel) == 0 &&
		    !pick_was_tried(tried, r[i].provider) &&
		    rank(&r[i], class) > top)
			top = rank(&r[i], class);
	for (size_t i = 0; i < n; i++) {
		int64_t weight = r[i].weight > 0 ? r[i].weight : 1;

		if (strcmp(r[i].channel, channel) != 0 ||
		    pick_was_tried(tried, r[i].provider))
			continue;
		if (rank(&r[i], class) != top) {
			/* No saving up while it is left out. */
			r[i].credit = 0;
			continue;
		}
		r[i].credit += weight;
		total += weight;
		if (best == NULL || r[i].credit > best->credit)
			best = &r[i];
	}
	if (best != NULL)
		best->credit -= total;
	return best;
}

uint32_t
pick_many(struct plan_route *r, size_t n, const char *channel,
    unsigned class, uint32_t count, uint32_t *got)
{
	uint32_t left = count;
	struct plan_route *to;

	memset(got, 0, n * sizeof(*got));
	for (size_t i = 0; i < n && left > 0; i++)
		if (strcmp(r[i].channel, channel) == 0 && r[i].flows &&
		    r[i].trial && r[i].room[class] > 0) {
			r[i].room[class] = 0;
			got[i]++;
			left--;
		}
	for (; left > 0; left--) {
		if ((to = pick_route(r, n, channel, "", class)) == NULL)
			return 0;
		got[to - r]++;
	}
	return count;
}

struct plan_route *
pick_named(struct plan_route *r, size_t n, const char *channel,
    const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(r[i].provider, name) == 0 &&
		    strcmp(r[i].channel, channel) == 0)
			return &r[i];
	return NULL;
}

bool
pick_was_tried(const char *tried, const char *name)
{
	size_t n = strlen(name);

	while (*tried != '\0') {
		size_t len = strcspn(tried, ",");

		if (len == n && memcmp(tried, name, n) == 0)
			return true;
		tried += len + (tried[len] == ',');
	}
	return false;
}

void
pick_add_tried(char tried[JOB_TRIED_MAX + 1], const char *name)
{
	size_t have = strlen(tried), n = strlen(name);

	if (pick_was_tried(tried, name) || n > ACCOUNT_NAME_MAX)
		return;
	while (have > 0 && have + 1 + n > JOB_TRIED_MAX) {
		size_t cut = strcspn(tried, ",");

		cut += tried[cut] == ',';
		memmove(tried, tried + cut, have - cut + 1);
		have -= cut;
	}
	snprintf(tried + have, JOB_TRIED_MAX + 1 - have, "%s%s",
	    have > 0 ? "," : "", name);
}

bool
pick_elsewhere(const struct verdict *v, const struct in_answer *in)
{
	switch (v->outcome) {
	case OUTCOME_CONFIG:		/* it knows us not, or not any more */
	case OUTCOME_SLOW:		/* "not now" is a no */
		return true;
	case OUTCOME_RETRY:		/* or nothing reached it */
		return v->elsewhere || (!in->complete && !in->body_sent);
	case OUTCOME_PERM:
		return v->elsewhere;
	default:
		return false;
	}
}

bool
pick_other_form(const char *reason)
{
	return strcmp(reason, "bad_template") == 0 ||
	    strcmp(reason, "no_code_template") == 0;
}

bool
pick_binds(const struct verdict *v, const struct in_answer *in)
{
	return v->outcome == OUTCOME_RETRY && in->body_sent && !v->refused;
}
