/*
 * provider_change.c - accounts at providers made, changed and removed.
 */
#include "api/answer.h"
#include "api/fresh.h"
#include "api/idem.h"
#include "api/provider_own.h"
#include "api/push_own.h"

#include "auth/audit.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"
#include "queue/secret.h"

#define TEXT_MAX_	((size_t)20 * 1024)
#define REDOS		5
#define NUMBER_MAX	100000000
#define CHANGE_ROWS							\
	FIELD_OF(FT_JSON, struct provider_in, settings, "settings", 0, 0,	\
	    0),								\
	FIELD_OF(FT_JSON, struct provider_in, secrets, "secrets", 0, 0,	\
	    F_SECRET),							\
	FIELD_OF(FT_INT, struct provider_in, weight, "weight", 0, 1000, 0),	\
	FIELD_OF(FT_INT, struct provider_in, daily_limit, "daily_limit", 0,	\
	    NUMBER_MAX, 0),						\
	FIELD_OF(FT_INT, struct provider_in, per_s, "per_s", 0, 10000, 0),	\
	FIELD_OF(FT_INT, struct provider_in, concurrency, "concurrency", 0,	\
	    1024, 0),							\
	FIELD_OF(FT_BOOL, struct provider_in, active, "is_active", 0, 0, 0)

struct provider_in {
	const char	*name, *kind;
	const struct json *settings, *secrets;
	struct opt_int	 weight, daily_limit, per_s, concurrency;
	struct opt_bool	 active;
};
static const struct field new_rows[] = {
	FIELD_TEXT(struct provider_in, name, "name", 2, ACCOUNT_NAME_MAX,
	    F_REQUIRED),
	FIELD_TEXT(struct provider_in, kind, "kind", 1, ACCOUNT_NAME_MAX,
	    F_REQUIRED),
	CHANGE_ROWS,
};
static const struct field change_rows[] = { CHANGE_ROWS };
const struct fieldset admin_provider_new_fields =
    FIELDSET(struct provider_in, new_rows, IN_BODY);
const struct fieldset admin_provider_change_fields =
    FIELDSET(struct provider_in, change_rows, IN_BODY);

struct changing {
	struct call	*c;
	const struct provider_in *in;
	const struct provider *p;
	uint64_t	 id;
	struct provider_account row;
	bool		 raced;
};

static void
write_changing(struct jw *w, const void *arg)
{
	const struct changing *x = arg;

	jw_str(w, "provider", x->row.name);
	jw_str(w, "kind", x->row.kind);
	jw_bool(w, "secrets", x->in != NULL && x->in->secrets != NULL);
	jw_bool(w, "active", x->row.active);
}

static int
audit(struct db *db, const struct changing *x, const char *event,
    struct err *e)
{
	const struct audit_event ev = { .event = event, .outcome = "ok",
	    .user_id = x->c->who.user_id, .session_id =
	    x->c->who.session_id };

	return audit_add_detail(db, x->c->req, &ev, write_changing, x, e);
}

/* --- settings and secrets --------------------------------------------------- */

/* What was, with what came over it: null takes away.  JSON in the arena;
 * *names gets the names in it. */
static const char *
merged(struct call *c, const struct provider *p, bool secret,
    const struct json *old, const struct json *more, const char **names)
{
	const char *text;
	struct buf b, n;
	struct jw w;

	buf_init(&b, TEXT_MAX_);
	buf_init(&n, TEXT_MAX_);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	for (const struct setting *s = p->settings; s->name != NULL; s++) {
		const struct json *v = more != NULL && json_has(more,
		    s->name) ? json_get(more, s->name) : json_get(old,
		    s->name);

		if ((s->kind == SETTING_SECRET) != secret || v == NULL)
			continue;
		jw_raw(&w, s->name, json_text(c->arena, v));
		buf_printf(&n, "%s%s", n.len > 0 ? "," : "", s->name);
	}
	jw_end(&w);
	text = b.over ? NULL : arena_strdup(c->arena, buf_text(&b));
	*names = arena_strdup(c->arena, buf_text(&n));
	secret_wipe(b.p, b.len);
	buf_fini(&b);
	buf_fini(&n);
	return text;
}

static int
open_secrets(struct call *c, const struct provider_account *row,
    struct json **out, struct err *e)
{
	const char *text;

	if (row->secrets == NULL)
		return 0;
	if (named_secret_open(c->arena, row->secrets, row->secrets_len,
	    "provider", row->id, &text, e) < 0)
		return -1;
	return json_parse(text, strlen(text), JSON_PLAIN, 0, out, e);
}

static int
refuse(struct changing *x, struct err *e)
{
	struct call *c = x->c;
	const char *field = arena_strdup(c->arena, e->field);

	if (strcmp(e->code, "unknown_setting") == 0)
		return field_refuse(c, field, "unknown_setting", e,
		    "This provider has no such setting.");
	if (strcmp(e->code, "bad_setting") == 0)
		return field_refuse(c, field, "bad_setting", e,
		    "The setting does not take this value.");
	return -1;
}

/* Does what came name settings of the provider, and take their values?  Then
 * put the whole into the row. */
static int
put_settings(struct changing *x, struct err *e)
{
	struct json *old = NULL, *was = NULL, *plain = NULL, *secret = NULL;
	const struct provider_in *in = x->in;
	struct call *c = x->c;
	struct account *probe = NULL, *acc = NULL;
	const char *names, *text, *hidden = NULL;
	int rc = -1;

	if ((in->settings != NULL && json_type(in->settings) != JSON_OBJECT) ||
	    (in->secrets != NULL && json_type(in->secrets) != JSON_OBJECT))
		return field_refuse(c, in->settings != NULL &&
		    json_type(in->settings) != JSON_OBJECT ? "settings" :
		    "secrets", "bad_setting", e, "This must be an object.");
	/* What is not known is refused even where it takes away. */
	if ((probe = account_new(x->p, in->settings, in->secrets, e)) == NULL)
		return refuse(x, e);
	if (json_parse(x->row.settings, strlen(x->row.settings), JSON_PLAIN,
	    0, &old, e) < 0 || open_secrets(c, &x->row, &was, e) < 0)
		goto out;
	text = merged(c, x->p, false, old, in->settings, &names);
	hidden = merged(c, x->p, true, was, in->secrets, &names);
	if (text == NULL || hidden == NULL ||
	    strlen(hidden) + SEAL_EXTRA > PROVIDER_SECRETS_MAX) {
		rc = field_refuse(c, "settings", "bad_setting", e,
		    "The setting does not take this value.");
		goto out;
	}
	if (json_parse(text, strlen(text), JSON_PLAIN, 0, &plain, e) < 0 ||
	    json_parse(hidden, strlen(hidden), JSON_PLAIN, 0, &secret,
	    e) < 0 || (acc = account_new(x->p, plain, secret, e)) == NULL)
		goto out;
	if (x->row.active && x->p->configured(acc, e) < 0) {
		rc = field_refuse(c, "settings", "not_configured", e,
		    "Something that this provider needs is missing.");
		goto out;
	}
	x->row.settings = text;
	x->row.secret_names = names;
	x->row.secrets = NULL;
	x->row.secrets_len = 0;
	if (*names != '\0' && named_secret_seal(c->arena, hidden, "provider",
	    x->row.id, &x->row.secrets, &x->row.secrets_len, e) < 0)
		goto out;
	rc = 0;
out:
	account_unref(probe);
	account_unref(acc);
	json_free(old);
	json_free(was);
	json_free(plain);
	json_free(secret);
	return rc;
}

static void
put_numbers(struct provider_account *row, const struct provider_in *in)
{
	if (in->weight.set)
		row->weight = (uint64_t)in->weight.v;
	if (in->daily_limit.set)
		row->daily_limit = (uint64_t)in->daily_limit.v;
	if (in->per_s.set)
		row->per_s = (uint64_t)in->per_s.v;
	if (in->concurrency.set)
		row->concurrency = (uint64_t)in->concurrency.v;
	if (in->active.set)
		row->active = in->active.v;
}

/* --- making ------------------------------------------------------------------- */

static bool
name_valid(const char *s)
{
	return *s >= 'a' && *s <= 'z' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static int
make_work(struct db *db, void *arg, struct err *e)
{
	struct changing *x = arg;
	struct call *c = x->c;
	struct provider_account all[PROVIDER_ROWS_MAX];
	int n = provider_list(db, c->arena, all, PROVIDER_ROWS_MAX, e);

	if (n < 0)
		return -1;
	if (idem_take(c, db, x->id, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (strcmp(all[i].name, x->row.name) == 0)
			/* Ours, of a COMMIT whose answer was lost (D20). */
			return all[i].id == x->id ? 1 : err_set(e,
			    ERR_CONFLICT, "name_taken", "an account");
	if (n == PROVIDER_ROWS_MAX)
		return err_set(e, ERR_CONFLICT, "too_many_providers",
		    "%d accounts", n);
	if (provider_insert(db, &x->row, e) < 0)
		return e->kind == ERR_DB_DUP ? err_set(e, ERR_CONFLICT,
		    "name_taken", "an account") : -1;
	return audit(db, x, "provider_created", e);
}

int
admin_providers_post(struct call *c, const void *in_, struct err *e)
{
	const struct provider_in *in = in_;
	struct changing x = { .c = c, .in = in, .id = rand_id(),
	    .p = provider_find(in->kind) };

	if (fresh_caller(c, e) < 0)
		return -1;
	if (x.p == NULL || x.p->settings == NULL)
		return field_refuse(c, "kind", "unknown_kind", e,
		    "No provider of this kind takes accounts.");
	if (!name_valid(in->name) || provider_find(in->name) != NULL)
		return field_refuse(c, "name", "invalid_name", e,
		    "Use a to z, 0 to 9, _ and -, and no provider's own name.");
	x.row = (struct provider_account){ .id = x.id, .version = rand_id(),
	    .name = in->name, .kind = in->kind, .settings = "{}",
	    .secret_names = "", .weight = 1, .active = true };
	put_numbers(&x.row, in);
	if (put_settings(&x, e) < 0 || db_tx(c->db, make_work, &x, e) < 0)
		return -1;
	return provider_show(c, x.id, 201, e);
}

int
admin_providers_replay(struct call *c, uint64_t id, struct err *e)
{
	return provider_show(c, id, 201, e);
}

/* --- changing ----------------------------------------------------------------- */

static int
not_implicit(struct err *e)
{
	return err_set(e, ERR_CONFLICT, "provider_implicit",
	    "the settings file's");
}

static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct changing *x = arg;
	uint64_t was;
	int rc = provider_load(db, x->c->arena, x->id, NULL, &x->row, e);

	x->raced = false;
	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "gone meanwhile");
	if ((x->p = provider_find(x->row.kind)) == NULL ||
	    x->p->settings == NULL)
		return err_set(e, ERR_CONFLICT, "provider_unknown",
		    "unknown kind %s", x->row.kind);
	was = x->row.version;
	x->row.version = rand_id();
	put_numbers(&x->row, x->in);
	if (put_settings(x, e) < 0)
		return -1;
	if ((rc = provider_change(db, &x->row, was, e)) < 0)
		return -1;
	if (rc == 0) {
		x->raced = true;
		return 1;
	}
	/* Other settings deserve a try. */
	if ((x->in->settings != NULL || x->in->secrets != NULL) &&
	    provider_state_close(db, x->row.name, e) < 0)
		return -1;
	return audit(db, x, "provider_changed", e);
}

int
admin_provider_patch(struct call *c, const void *in, struct err *e)
{
	struct changing x = { .c = c, .in = in };
	struct provider_seen s;
	int rc, i = 0;

	if (fresh_caller(c, e) < 0 || provider_of_path(c, &s, e) < 0)
		return -1;
	if (s.implicit)
		return not_implicit(e);
	x.id = s.row.id;
	do {
		rc = db_tx(c->db, change_work, &x, e);
	} while (rc >= 0 && x.raced && ++i < REDOS);
	if (rc < 0)
		return -1;
	if (x.raced)
		return err_set(e, ERR_UNAVAILABLE, "busy",
		    "others change it all the time");
	return provider_show(c, x.id, 200, e);
}

static int
remove_work(struct db *db, void *arg, struct err *e)
{
	struct changing *x = arg;

	if (provider_remove(db, x->id, e) < 0)
		return -1;
	return audit(db, x, "provider_removed", e);
}

int
admin_provider_delete(struct call *c, const void *in, struct err *e)
{
	struct changing x = { .c = c };
	struct provider_seen s;

	(void)in;
	if (fresh_caller(c, e) < 0 || provider_of_path(c, &s, e) < 0)
		return -1;
	if (s.implicit)
		return not_implicit(e);
	x.id = s.row.id;
	x.row = s.row;
	if (db_tx(c->db, remove_work, &x, e) < 0)
		return -1;
	resp_empty(c->resp, 204);
	return 0;
}

static int
reset_work(struct db *db, void *arg, struct err *e)
{
	struct changing *x = arg;

	if (provider_reset(db, x->row.name, e) < 0)
		return -1;
	return audit(db, x, "provider_counter_reset", e);
}

int
admin_provider_reset(struct call *c, const void *in, struct err *e)
{
	struct changing x = { .c = c };
	struct provider_seen s;

	if (provider_of_path(c, &s, e) < 0)
		return -1;
	x.row = s.row;
	x.row.kind = s.kind;
	if (db_tx(c->db, reset_work, &x, e) < 0)
		return -1;
	return admin_provider_get(c, in, e);
}
