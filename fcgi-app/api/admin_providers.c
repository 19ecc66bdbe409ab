/*
 * admin_providers.c - accounts at providers as administrators see them.
 */
#include "api/list.h"
#include "api/provider_own.h"
#include "api/push_own.h"

#include "base/clock.h"

int
provider_view(struct call *c, struct provider_view *v, struct err *e)
{
	int n;

	if ((n = provider_state_all(c->db, c->arena, v->breaker,
	    COUNT_OF(v->breaker), e)) < 0)
		return -1;
	v->breakers = (size_t)n;
	if ((n = provider_days(c->db, c->arena, v->day, COUNT_OF(v->day),
	    e)) < 0)
		return -1;
	v->days = (size_t)n;
	if ((n = provider_hours(c->db, c->arena, v->hour, COUNT_OF(v->hour),
	    e)) < 0)
		return -1;
	v->hours = (size_t)n;
	return 0;
}

static void
of_row(struct call *c, const struct provider_account *row,
    struct provider_seen *s)
{
	*s = (struct provider_seen){ .row = *row, .kind = row->kind,
	    .p = provider_find(row->kind),
	    .id = arena_printf(c->arena, "%" PRIu64, row->id) };
}

static void
of_settings(const struct provider *p, struct provider_seen *s)
{
	*s = (struct provider_seen){ .id = p->name, .p = p, .kind = p->name,
	    .implicit = true, .row = { .name = p->name, .settings = "{}",
	    .secret_names = "", .weight = account_implicit_weight(p),
	    .active = true } };
}

int
provider_of_path(struct call *c, struct provider_seen *s, struct err *e)
{
	const struct provider *p = provider_find(c->param[0]);
	struct provider_account row;
	uint64_t id;
	int rc = 0;

	if (p != NULL) {
		of_settings(p, s);
		return 0;
	}
	if (id_read(c->param[0], &id) == 1 &&
	    (rc = provider_load(c->db, c->arena, id, NULL, &row, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such account");
	of_row(c, &row, s);
	return 0;
}

/* --- how it is shown ------------------------------------------------------ */

/* The settings file's, as an account's would stand. */
static void
write_conf(struct jw *w, const struct provider *p)
{
	for (const struct setting *s = p->settings; s != NULL &&
	    s->name != NULL; s++)
		if (s->kind != SETTING_SECRET && *conf_str(s->conf) != '\0')
			jw_str(w, s->name, conf_str(s->conf));
}

static void
write_secret_names(struct jw *w, const struct provider_seen *s)
{
	const char *names = s->row.secret_names;

	jw_array(w, "secrets_set");
	for (const struct setting *k = s->p == NULL ? NULL : s->p->settings;
	    s->implicit && k != NULL && k->name != NULL; k++)
		if (k->kind == SETTING_SECRET && *conf_str(k->conf) != '\0')
			jw_str(w, NULL, k->name);
	while (*names != '\0') {
		size_t n = strcspn(names, ",");

		jw_strn(w, NULL, names, n);
		names += n + (names[n] == ',');
	}
	jw_end(w);
}

static bool
is_named(const char *names, const char *name)
{
	size_t len = strlen(name);

	while (*names != '\0') {
		size_t n = strcspn(names, ",");

		if (n == len && memcmp(names, name, n) == 0)
			return true;
		names += n + (names[n] == ',');
	}
	return false;
}

/* Complete, as far as can be told without opening its secrets: a stand-in is
 * put where one is set. */
static bool
complete(struct call *c, const struct provider_seen *s, const char **why,
    uint64_t *limit)
{
	struct json *plain = NULL;
	struct account *acc = NULL;
	struct err e = ERR_INIT;
	bool ok = false;

	*why = "";
	*limit = s->row.daily_limit;
	if (s->p == NULL) {
		*why = "unknown kind";
		return false;
	}
	/* Who sends has the private key; here is its public half, or there is
	 * none. */
	if (strcmp(s->p->channel, WEB_PUSH) == 0) {
		ok = push_public_key(&e) != NULL;
		goto out;
	}
	if (!s->implicit && (json_parse(s->row.settings,
	    strlen(s->row.settings), JSON_PLAIN, 0, &plain, &e) < 0 ||
	    (acc = account_new(s->p, plain, NULL, &e)) == NULL))
		goto out;
	for (size_t i = 0; acc != NULL && s->p->settings[i].name != NULL; i++)
		if (is_named(s->row.secret_names,
		    s->p->settings[i].name) &&
		    (acc->value[i] = strdup("set")) == NULL)
			goto out;
	ok = s->p->configured(acc, &e) == 0;
	if (*limit == 0 && s->p->daily != NULL)
		*limit = s->p->daily(acc);
out:
	if (!ok)
		*why = arena_strdup(c->arena, e.detail);
	account_unref(acc);
	json_free(plain);
	return ok;
}

static void
write_breaker(struct jw *w, const struct provider_view *v, const char *name,
    bool *open)
{
	*open = false;
	for (size_t i = 0; i < v->breakers; i++) {
		const struct provider_row *b = &v->breaker[i];

		if (strcmp(b->name, name) != 0)
			continue;
		*open = strcmp(b->state, "closed") != 0;
		jw_object(w, "breaker");
		jw_str(w, "state", b->state);
		jw_str(w, "reason", b->reason);
		jw_i64(w, "retry_in_s", b->left_us > 0 ?
		    (b->left_us + US_PER_S - 1) / US_PER_S : 0);
		jw_u64(w, "failures", b->failures);
		jw_end(w);
		return;
	}
	jw_object(w, "breaker");
	jw_str(w, "state", "closed");
	jw_str(w, "reason", "");
	jw_i64(w, "retry_in_s", 0);
	jw_u64(w, "failures", 0);
	jw_end(w);
}

void
provider_write(struct call *c, struct jw *w, const struct provider_view *v,
    const struct provider_seen *s)
{
	uint64_t sent = s->row.sent_today, limit;
	const char *why;
	bool open, ok = complete(c, s, &why, &limit);

	/* The worker counts where there is something to keep to; of the others
	 * the log knows. */
	if (s->implicit)
		sent = limit > 0 ?
		    provider_sent_of(v->day, v->days, s->row.name) :
		    provider_sent_of(v->hour, v->hours, s->row.name);
	jw_str(w, "id", s->id);
	jw_str(w, "name", s->row.name);
	jw_str(w, "kind", s->kind);
	jw_str(w, "channel", s->p == NULL ? "" : s->p->channel);
	jw_bool(w, "implicit", s->implicit);
	if (s->implicit) {
		jw_object(w, "settings");
		write_conf(w, s->p);
		jw_end(w);
	} else {
		jw_raw(w, "settings", s->row.settings);
	}
	write_secret_names(w, s);
	jw_u64(w, "weight", s->row.weight);
	jw_u64(w, "daily_limit", limit);
	jw_u64(w, "sent_today", sent);
	jw_u64(w, "per_s", s->row.per_s);
	jw_u64(w, "concurrency", s->row.concurrency);
	jw_bool(w, "is_active", s->row.active);
	jw_bool(w, "is_configured", ok);
	write_breaker(w, v, s->row.name, &open);
	jw_str(w, "health", !s->row.active ? "inactive" : !ok ?
	    "not_configured" : open ? "open" : limit > 0 && sent >= limit ?
	    "quota_spent" : "ok");
	jw_str(w, "problem", why);
	jw_time(w, "created_at", s->row.created_us);
	jw_time(w, "updated_at", s->row.updated_us);
}

int
provider_show(struct call *c, uint64_t id, int status, struct err *e)
{
	struct provider_account row;
	struct provider_seen s;
	struct provider_view v;
	struct jw *w;
	int rc = provider_load(c->db, c->arena, id, NULL, &row, e);

	if (rc < 0 || provider_view(c, &v, e) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "account %" PRIu64, id);
	of_row(c, &row, &s);
	w = resp_json(c->resp, status);
	provider_write(c, w, &v, &s);
	resp_json_end(c->resp);
	return 0;
}

/* --- rows ------------------------------------------------------------------ */

int
admin_providers_get(struct call *c, const void *in, struct err *e)
{
	struct provider_account row[PROVIDER_ROWS_MAX];
	struct provider_seen s;
	struct provider_view v;
	struct list l;
	size_t all = 0, shown = 0;
	struct jw *w;
	int n;

	list_read(in, &l);
	if ((n = provider_list(c->db, c->arena, row, PROVIDER_ROWS_MAX,
	    e)) < 0 || provider_view(c, &v, e) < 0)
		return -1;
	while (providers[all] != NULL)
		all++;
	w = list_open(c, &l, (int64_t)all + n);
	for (size_t i = l.offset; i < all + (size_t)n && shown < l.limit;
	    i++, shown++) {
		if (i < all)
			of_settings(providers[i], &s);
		else
			of_row(c, &row[i - all], &s);
		jw_object(w, NULL);
		provider_write(c, w, &v, &s);
		jw_end(w);
	}
	list_close(c);
	return 0;
}

int
admin_provider_get(struct call *c, const void *in, struct err *e)
{
	struct provider_seen s;
	struct provider_view v;
	struct jw *w;

	(void)in;
	if (provider_of_path(c, &s, e) < 0 || provider_view(c, &v, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	provider_write(c, w, &v, &s);
	resp_json_end(c->resp);
	return 0;
}
