/*
 * account.c - see account.h.
 */
#include "channel/account.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "channel/channel.h"

#define VALUE_MAX	4096

/* Where the account's own value of `k` stands, or -1. */
static int
at(const struct account *acc, enum conf_key k)
{
	const struct setting *s = acc->p->settings;

	for (int i = 0; s != NULL && s[i].name != NULL; i++)
		if (s[i].conf == k)
			return i;
	return -1;
}

const char *
account_str(const struct account *acc, enum conf_key k)
{
	int i;

	if (acc == NULL || acc->implicit || (i = at(acc, k)) < 0)
		return conf_str(k);
	if (acc->value[i] != NULL)
		return acc->value[i];
	return acc->p->settings[i].kind == SETTING_SHARED ? conf_str(k) :
	    conf_default(k);
}

int64_t
account_int(const struct account *acc, enum conf_key k)
{
	int64_t v;

	return text_i64(account_str(acc, k), INT64_MIN, INT64_MAX, &v) ? v :
	    conf_int(k);
}

const char *
account_name(const struct account *acc, const struct provider *p)
{
	return acc == NULL ? p->name : acc->name;
}

static struct account *
fresh(const struct provider *p)
{
	struct account *acc = calloc(1, sizeof(*acc));

	if (acc == NULL)
		fatal("account: out of memory");
	acc->refs = 1;
	acc->p = p;
	acc->weight = 1;
	acc->active = true;
	return acc;
}

uint32_t
account_implicit_weight(const struct provider *p)
{
	for (size_t i = 0; providers[i] != NULL; i++)
		if (strcmp(providers[i]->channel, p->channel) == 0)
			return providers[i] == p ? 1 : 0;
	return 1;
}

struct account *
account_implicit(const struct provider *p)
{
	struct account *acc = fresh(p);

	acc->implicit = true;
	acc->weight = account_implicit_weight(p);
	(void)text_copy(acc->name, sizeof(acc->name), p->name);
	return acc;
}

const struct setting *
setting_find(const struct provider *p, const char *name)
{
	for (const struct setting *s = p->settings; s != NULL &&
	    s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

const struct setting *
setting_of(const struct provider *p, enum conf_key k)
{
	for (const struct setting *s = p->settings; s != NULL &&
	    s->name != NULL; s++)
		if (s->conf == k)
			return s;
	return NULL;
}

/* One member of a row's JSON into its place. */
static int
take(struct account *acc, const char *name, const struct json *v,
    bool secret, struct err *e)
{
	const struct setting *s = setting_find(acc->p, name);
	const char *where = secret ? "secrets" : "settings";
	const char *text = json_str(v), *wrong;
	char field[40], number[24];
	int64_t n;
	char *copy;

	snprintf(field, sizeof(field), "%s.%.28s", where, name);
	if (s == NULL || (s->kind == SETTING_SECRET) != secret)
		return err_field(e, field, "unknown_setting",
		    "%s has no such setting", acc->p->name);
	if (json_type(v) == JSON_NULL)
		return 0;
	if (json_int(v, &n)) {
		snprintf(number, sizeof(number), "%" PRId64, n);
		text = number;
	}
	if (text == NULL || strlen(text) > VALUE_MAX)
		return err_field(e, field, "bad_setting",
		    "no text, or too long");
	if ((copy = strdup(text)) == NULL)
		fatal("account: out of memory");
	if ((wrong = conf_fits(s->conf, copy)) != NULL) {
		free(copy);
		return err_field(e, field, "bad_setting", "%s", wrong);
	}
	acc->value[s - acc->p->settings] = copy;
	return 0;
}

static int
take_all(struct account *acc, const struct json *from, bool secret,
    struct err *e)
{
	const char *name;

	for (size_t i = 0; from != NULL && i < json_len(from); i++) {
		const struct json *v = json_member(from, i, &name);

		if (take(acc, name, v, secret, e) < 0)
			return -1;
	}
	return 0;
}

struct account *
account_new(const struct provider *p, const struct json *plain,
    const struct json *secret, struct err *e)
{
	struct account *acc = fresh(p);

	if (take_all(acc, plain, false, e) == 0 &&
	    take_all(acc, secret, true, e) == 0)
		return acc;
	account_unref(acc);
	return NULL;
}

struct account *
account_ref(struct account *acc)
{
	acc->refs++;
	return acc;
}

void
account_unref(struct account *acc)
{
	if (acc == NULL || --acc->refs > 0)
		return;
	for (size_t i = 0; i < ACCOUNT_SETTINGS_MAX; i++)
		if (acc->value[i] != NULL) {
			secret_wipe(acc->value[i], strlen(acc->value[i]));
			free(acc->value[i]);
		}
	free(acc);
}
