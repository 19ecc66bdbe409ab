/*
 * user_groups.c - the groups of people that protected sites ask for.
 *
 * They ride in access tokens, so that the gate answers without a database
 * (D2); a change outdates the person's tokens like any change of role (D8).
 */
#include "api/push_own.h"

#include "api/answer.h"
#include "api/fresh.h"
#include "auth/grant.h"
#include "store/user_group.h"

struct user_groups_in { struct texts groups; };
static const struct field user_groups_rows[] = {
	FIELD_OF(FT_TEXTS, struct user_groups_in, groups, "groups", 0,
	    USER_GROUPS_MAX, F_REQUIRED),
};
const struct fieldset user_groups_fields =
    FIELDSET(struct user_groups_in, user_groups_rows, IN_BODY);

/* A word of nginx's configuration and of a header's list; not a role's. */
static bool
name_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= USER_GROUP_NAME_MAX && s[n] == '\0' &&
	    strcmp(s, "staff") != 0 && strcmp(s, "superuser") != 0;
}

static int
user_exists(struct call *c, uint64_t *id, struct err *e)
{
	struct user u;
	int rc;

	if (id_of_path(c, 0, id, e) < 0 ||
	    (rc = user_find(c->db, c->arena, *id, &u, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_NOT_FOUND, "not_found",
	    "no user %" PRIu64, *id);
}

static int
show(struct call *c, uint64_t id, struct err *e)
{
	const char *name[USER_GROUPS_MAX];
	int n = user_group_all(c->db, c->arena, id, name, e);
	struct jw *w;

	if (n < 0)
		return -1;
	w = resp_json(c->resp, 200);
	jw_u64(w, "user_id", id);
	jw_array(w, "groups");
	for (int i = 0; i < n; i++)
		jw_str(w, NULL, name[i]);
	jw_end(w);
	resp_json_end(c->resp);
	return 0;
}

int
user_groups_get(struct call *c, const void *in, struct err *e)
{
	uint64_t id;

	(void)in;
	return user_exists(c, &id, e) < 0 ? -1 : show(c, id, e);
}

struct change {
	struct call		*c;
	uint64_t		 user_id;
	const char		**name;
	size_t			 n;
	struct grant_ended	 ended;
};

static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct change *x = arg;
	int rc;

	x->ended = (struct grant_ended)GRANT_ENDED_NONE;
	rc = user_group_set(db, x->c->arena, x->user_id,
	    (const char *const *)x->name, x->n, e);
	if (rc <= 0)
		return rc;
	return grant_outdate(db, x->user_id, &x->ended, e) < 0 ? -1 :
	    answer_audit(x->c, "groups_changed", "ok", x->user_id,
	    x->c->who.session_id, e);
}

int
user_groups_put(struct call *c, const void *in_, struct err *e)
{
	const struct user_groups_in *in = in_;
	struct change x = { .c = c };

	if (user_exists(c, &x.user_id, e) < 0)
		return -1;
	x.name = arena_array(c->arena, USER_GROUPS_MAX, sizeof(*x.name));
	for (size_t i = 0; i < in->groups.n; i++) {
		bool twice = false;

		if (!name_ok(in->groups.p[i]))
			return field_refuse(c, "groups", "invalid_group", e,
			    "Item %zu is no name of a group: 1 to %d of a-z, "
			    "0-9, '.', '_' and '-', and no role.", i,
			    USER_GROUP_NAME_MAX);
		for (size_t k = 0; k < x.n; k++)
			twice |= strcmp(x.name[k], in->groups.p[i]) == 0;
		if (!twice)
			x.name[x.n++] = in->groups.p[i];
	}
	/* A group opens gates. */
	if (fresh_caller(c, e) < 0)
		return -1;
	if (db_tx(c->db, change_work, &x, e) < 0)
		return -1;
	grant_publish(&x.ended);
	return show(c, x.user_id, e);
}
