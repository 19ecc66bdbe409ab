/*
 * accounts.c - see accounts.h.
 */
#include "deliver/accounts.h"

#include "base/json.h"
#include "base/text.h"
#include "channel/channel.h"
#include "queue/secret.h"

#define ARENA_MAX	((size_t)4 << 20)

static int
open_row(const struct provider_account *row, const struct provider *p,
    struct account **out, struct err *e)
{
	struct json *plain = NULL, *secret = NULL;
	struct arena *a = arena_new(ARENA_MAX);
	const char *text;
	int rc = -1;

	if (json_parse(row->settings, strlen(row->settings), JSON_PLAIN, 0,
	    &plain, e) < 0)
		goto out;
	if (row->secrets != NULL && (named_secret_open(a, row->secrets,
	    row->secrets_len, "provider", row->id, &text, e) < 0 ||
	    json_parse(text, strlen(text), JSON_PLAIN, 0, &secret, e) < 0))
		goto out;
	if ((*out = account_new(p, plain, secret, e)) != NULL)
		rc = 0;
out:
	json_free(plain);
	json_free(secret);
	arena_free(a);
	return rc;
}

struct account *
account_of_row(const struct provider_account *row, struct err *e)
{
	const struct provider *p = provider_find(row->kind);
	struct account *acc = NULL;

	if (p == NULL)
		err_set(e, ERR_CONFIG, "unknown_kind", "%s: no provider is "
		    "named so", row->kind);
	if (p == NULL || open_row(row, p, &acc, e) < 0) {
		struct err none = ERR_INIT;

		/* Somebody has to own its jobs. */
		acc = account_new(p == NULL ? providers[0] : p, NULL, NULL,
		    &none);
		acc->broken = true;
	}
	acc->id = row->id;
	(void)text_copy(acc->name, sizeof(acc->name), row->name);
	acc->weight = (uint32_t)row->weight;
	acc->daily_limit = row->daily_limit;
	acc->per_s = (unsigned)row->per_s;
	acc->concurrency = (unsigned)row->concurrency;
	acc->active = row->active && !acc->broken;
	return acc;
}

void
accounts_drop(struct accounts *s)
{
	for (size_t i = 0; i < s->n; i++) {
		account_unref(s->acc[i]);
		s->acc[i] = NULL;
	}
	s->n = 0;
	s->known = false;
}

int
accounts_read(struct db *db, struct accounts *s, struct err *e)
{
	struct arena *a = arena_new(ARENA_MAX);
	struct provider_account row[PROVIDER_ROWS_MAX];
	struct provider_day day[ACCOUNTS_DAYS];
	int n, days, rc = -1;

	accounts_drop(s);
	if ((n = provider_list(db, a, row, PROVIDER_ROWS_MAX, e)) < 0 ||
	    (days = provider_days(db, a, day, ACCOUNTS_DAYS, e)) < 0)
		goto out;
	for (int i = 0; i < n; i++) {
		struct err why = ERR_INIT;

		s->version[i] = row[i].version;
		s->acc[i] = account_of_row(&row[i], &why);
		s->n++;
	}
	for (int i = 0; i < days; i++) {
		(void)text_copy(s->day[i].name, sizeof(s->day[i].name),
		    day[i].name);
		s->day[i].sent = day[i].sent;
	}
	s->days = (size_t)days;
	s->known = true;
	rc = 0;
out:
	arena_free(a);
	return rc;
}

uint64_t
accounts_sent(const struct accounts *s, const char *name)
{
	for (size_t i = 0; i < s->days; i++)
		if (strcmp(s->day[i].name, name) == 0)
			return s->day[i].sent;
	return 0;
}

uint64_t
account_daily(const struct account *acc)
{
	if (acc->daily_limit != 0)
		return acc->daily_limit;
	return acc->p->daily != NULL ? acc->p->daily(acc) : 0;
}
