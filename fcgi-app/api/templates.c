/*
 * templates.c - /api/templates/: ready messages, kept by administrators.
 *
 * What must stay true: a version never changes, so every change of words is
 * a new one; and what is kept can be rendered, for it was checked first.
 */
#include "api/list.h"
#include "api/templates_own.h"
#include "api/push_own.h"
#include "api/template_use.h"

#include "api/answer.h"
#include "api/idem.h"
#include "auth/audit.h"
#include "base/rand.h"
#include "store/template.h"

struct templates_in {
	const char	*name, *description;
	const struct json *definition;
};
static const struct field templates_rows[] = {
	FIELD_TEXT(struct templates_in, name, "name", 1, TEMPLATE_NAME_MAX,
	    F_REQUIRED | F_LINE),
	FIELD_TEXT(struct templates_in, description, "description", 0, 255,
	    F_TRIM | F_LINE),
	FIELD_OF(FT_JSON, struct templates_in, definition, "definition", 0, 0,
	    F_REQUIRED),
};
const struct fieldset templates_fields =
    FIELDSET(struct templates_in, templates_rows, IN_BODY);

struct template_in { const char *description; struct opt_int active; };
static const struct field template_rows[] = {
	FIELD_TEXT(struct template_in, description, "description", 0, 255,
	    F_TRIM | F_LINE),
	FIELD_OF(FT_INT, struct template_in, active, "active_version", 1,
	    INT32_MAX, 0),
};
const struct fieldset template_fields =
    FIELDSET(struct template_in, template_rows, IN_BODY);

struct version_in { const struct json *definition; struct opt_bool activate; };
static const struct field version_rows[] = {
	FIELD_OF(FT_JSON, struct version_in, definition, "definition", 0, 0,
	    F_REQUIRED),
	FIELD_OF(FT_BOOL, struct version_in, activate, "activate", 0, 0, 0),
};
const struct fieldset template_version_fields =
    FIELDSET(struct version_in, version_rows, IN_BODY);

/* --- shown ----------------------------------------------------------------- */

static void
write_template(struct jw *w, const struct template_row *t)
{
	jw_id(w, "id", t->id);
	jw_str(w, "name", t->name);
	jw_str(w, "description", t->description);
	jw_u64(w, "active_version", t->active_version);
	jw_u64(w, "versions", t->versions);
	jw_time(w, "created_at", t->created_us);
	jw_time(w, "updated_at", t->updated_us);
}

int
template_of_path(struct call *c, struct template_row *t, struct err *e)
{
	int rc = template_find(c->db, c->arena, c->param[0], t, e);

	return rc == 0 ? err_set(e, ERR_NOT_FOUND, "not_found",
	    "no such template") : rc < 0 ? -1 : 0;
}

static int
show(struct call *c, int status, const char *id, struct err *e)
{
	struct template_version v;
	struct template_row t;
	struct jw *w;
	int rc = template_find(c->db, c->arena, id, &t, e);

	if (rc > 0)
		rc = template_version_find(c->db, c->arena, t.id, 0, &v, e);
	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such template");
	w = resp_json(c->resp, status);
	write_template(w, &t);
	jw_raw(w, "definition", v.definition);
	resp_json_end(c->resp);
	return 0;
}

int
template_get(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return show(c, 200, c->param[0], e);
}

struct listing {
	struct jw *w;
	struct template_row t;
	struct template_version v;
	uint64_t active;
};

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	write_template(l->w, &l->t);
	jw_end(l->w);
	return 0;
}

int
templates_get(struct call *c, const void *in, struct err *e)
{
	struct listing row;
	struct list l;
	int64_t n;

	list_read(in, &l);
	if ((n = template_count(c->db, l.q, e)) < 0)
		return -1;
	row.w = list_open(c, &l, n);
	if (template_each(c->db, c->arena, l.q, l.limit, l.offset, &row.t,
	    write_row, &row, e) < 0)
		return -1;
	list_close(c);
	return 0;
}

static int
write_version(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	jw_u64(l->w, "version", l->v.version);
	jw_bool(l->w, "active", l->v.version == l->active);
	jw_time(l->w, "created_at", l->v.created_us);
	jw_end(l->w);
	return 0;
}

int
template_versions_get(struct call *c, const void *in, struct err *e)
{
	struct template_row t;
	struct listing row;
	struct list l;

	if (template_of_path(c, &t, e) < 0)
		return -1;
	list_read(in, &l);
	row.active = t.active_version;
	row.w = list_open(c, &l, (int64_t)t.versions);
	if (template_versions(c->db, c->arena, t.id, l.limit, l.offset,
	    &row.v, write_version, &row, e) < 0)
		return -1;
	list_close(c);
	return 0;
}

static int
show_version(struct call *c, int status, const struct template_row *t,
    uint64_t version, struct err *e)
{
	struct template_version v;
	int rc = template_version_find(c->db, c->arena, t->id, version, &v,
	    e);
	struct jw *w;

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such version");
	w = resp_json(c->resp, status);
	jw_id(w, "id", t->id);
	jw_str(w, "name", t->name);
	jw_u64(w, "version", v.version);
	jw_bool(w, "active", v.version == t->active_version);
	jw_time(w, "created_at", v.created_us);
	jw_raw(w, "definition", v.definition);
	resp_json_end(c->resp);
	return 0;
}

int
template_version_get(struct call *c, const void *in, struct err *e)
{
	struct template_row t;
	uint64_t version;

	(void)in;
	if (!id_read(c->param[1], &version))
		return err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such version");
	return template_of_path(c, &t, e) < 0 ? -1 : show_version(c, 200, &t,
	    version, e);
}

/* --- kept ------------------------------------------------------------------ */

/* As it is kept; -1 when it is no definition. */
static int
definition_text(struct call *c, const struct json *def, const char **text,
    struct err *e)
{
	if (template_check(c->arena, def, e) < 0)
		return template_refuse(c, e);
	*text = json_text(c->arena, def);
	if (strlen(*text) > TEMPLATE_DEFINITION_MAX)
		return field_refuse(c, "definition", "payload_too_large", e,
		    "What the template comes to is too long.");
	return 0;
}

/* Who changed which version of what; never the words. */
static int
audit(struct call *c, const char *event, const char *name, uint64_t version,
    struct err *e)
{
	const struct audit_event ev = { .event = event, .outcome = "ok",
	    .user_id = c->who.user_id, .actor_id = c->who.user_id,
	    .session_id = c->who.session_id,
	    .detail = arena_printf(c->arena, "{\"template\":\"%s\","
	    "\"version\":%" PRIu64 "}", name, version) };

	return audit_add(c->db, c->req, &ev, e);
}

struct making {
	struct call	*c;
	uint64_t	 id, version;
	const char	*name, *description, *definition;
	bool		 activate;
};

static int
make_work(struct db *db, void *arg, struct err *e)
{
	struct making *m = arg;
	struct call *c = m->c;
	int rc = template_insert(db, m->id, m->name, m->description,
	    m->definition, e);

	if (rc < 0)
		return -1;
	/* The key first: who lost the race for it lost the name as well. */
	if (idem_take(c, db, m->id, e) < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_CONFLICT, "name_taken",
		    "a template has this name");
	return audit(c, "template_made", m->name, 1, e);
}

static bool
is_name(const char *s)
{
	return *s >= 'a' && *s <= 'z' && strspn(s,
	    "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

int
templates_post(struct call *c, const void *in_, struct err *e)
{
	const struct templates_in *in = in_;
	struct making m = { .c = c, .id = rand_id(), .name = in->name,
	    .description = in->description == NULL ? "" : in->description };

	if (!is_name(in->name))
		return field_refuse(c, "name", "invalid", e,
		    "A name begins with a letter and has letters, digits and "
		    "underscores.");
	if (definition_text(c, in->definition, &m.definition, e) < 0 ||
	    db_tx(c->db, make_work, &m, e) < 0)
		return -1;
	return show(c, 201, arena_printf(c->arena, "%" PRIu64, m.id), e);
}

int
templates_replay(struct call *c, uint64_t id, struct err *e)
{
	return show(c, 201, arena_printf(c->arena, "%" PRIu64, id), e);
}

static int
add_work(struct db *db, void *arg, struct err *e)
{
	struct making *m = arg;
	struct call *c = m->c;
	int rc = template_add_version(db, m->id, m->definition, m->activate,
	    &m->version, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "no such template");
	if (idem_take(c, db, m->version, e) < 0)
		return -1;
	return audit(c, "template_version", m->name, m->version, e);
}

int
template_versions_post(struct call *c, const void *in_, struct err *e)
{
	const struct version_in *in = in_;
	struct making m = { .c = c, .activate = !in->activate.set ||
	    in->activate.v };
	struct template_row t;

	if (template_of_path(c, &t, e) < 0)
		return -1;
	m.id = t.id;
	m.name = t.name;
	if (definition_text(c, in->definition, &m.definition, e) < 0 ||
	    db_tx(c->db, add_work, &m, e) < 0 ||
	    template_of_path(c, &t, e) < 0)
		return -1;
	return show_version(c, 201, &t, m.version, e);
}

int
template_versions_replay(struct call *c, uint64_t version, struct err *e)
{
	struct template_row t;

	return template_of_path(c, &t, e) < 0 ? -1 : show_version(c, 201, &t,
	    version, e);
}

struct changing {
	struct call	*c;
	struct template_row t;
	const struct template_in *in;
};

static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct changing *k = arg;
	int rc = template_change(db, k->t.id, k->in->description,
	    k->in->active.set ? (uint64_t)k->in->active.v : 0, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return 1;
	return audit(k->c, "template_changed", k->t.name,
	    k->in->active.set ? (uint64_t)k->in->active.v :
	    k->t.active_version, e);
}

int
template_patch(struct call *c, const void *in, struct err *e)
{
	struct changing k = { .c = c, .in = in };
	int rc;

	if (template_of_path(c, &k.t, e) < 0)
		return -1;
	if (k.in->active.set && (uint64_t)k.in->active.v > k.t.versions)
		return field_refuse(c, "active_version", "invalid", e,
		    "There is no such version.");
	if ((rc = db_tx(c->db, change_work, &k, e)) < 0)
		return -1;
	return show(c, 200, c->param[0], e);
}
