/*
 * routes.c - see routes.h.
 */
#include "deliver/routes.h"

#include "base/text.h"
#include "deliver/accounts.h"
#include "store/provider_state.h"

static const char *
health_of(const struct account *acc, const struct accounts *all,
    const struct provider_row *row, int rows)
{
	uint64_t limit = account_daily(acc);

	for (int i = 0; i < rows; i++)
		if (strcmp(row[i].name, acc->name) == 0 &&
		    strcmp(row[i].state, "closed") != 0)
			return "open";
	return limit > 0 && accounts_sent(all, acc->name) >= limit ?
	    "quota_spent" : "ok";
}

static void
add(struct routes *s, const struct account *acc, const char *health)
{
	struct plan_route *r = &s->r[s->n];
	struct err none = ERR_INIT;

	if (s->n == ROUTES_MAX || !acc->active ||
	    acc->p->configured(acc, &none) < 0)
		return;
	*r = (struct plan_route){ .weight = acc->weight,
	    .flows = strcmp(health, "ok") == 0 };
	(void)text_copy(r->channel, sizeof(r->channel), acc->p->channel);
	(void)text_copy(r->provider, sizeof(r->provider), acc->name);
	for (size_t c = 0; c < JOB_CLASSES; c++)
		r->room[c] = 1;
	s->health[s->n++] = health;
}

int
routes_read(struct db *db, struct arena *a, struct routes *s, struct err *e)
{
	struct accounts *all = arena_alloc(a, sizeof(*all));
	struct provider_row *row = arena_array(a, ROUTES_MAX * 2,
	    sizeof(*row));
	int rows;

	memset(all, 0, sizeof(*all));
	s->n = 0;
	if (accounts_read(db, all, e) < 0)
		return -1;
	if ((rows = provider_state_all(db, a, row, ROUTES_MAX * 2, e)) < 0) {
		accounts_drop(all);
		return -1;
	}
	for (size_t i = 0; providers[i] != NULL; i++) {
		struct account *acc = account_implicit(providers[i]);

		add(s, acc, health_of(acc, all, row, rows));
		account_unref(acc);
	}
	for (size_t i = 0; i < all->n; i++)
		add(s, all->acc[i], health_of(all->acc[i], all, row, rows));
	accounts_drop(all);
	return 0;
}

const char *
routes_next(struct routes *s, const char *channel, const char **health)
{
	struct plan_route *r;

	for (size_t i = 0; i < s->n; i++)
		s->r[i].credit = 0;
	if ((r = pick_route(s->r, s->n, channel, "", 1)) == NULL)
		return NULL;
	*health = s->health[r - s->r];
	return r->provider;
}
