/*
 * admin_users.c - users as administrators see them: list and one.
 */
#include "api/admin_own.h"

#include "api/answer.h"
#include "api/list.h"
#include "api/push_own.h"
#include "base/buf.h"
#include "base/text.h"
#include "store/group.h"

#define IDS_MOST	100		/* users asked for by number */

struct users_in {
	struct list_in	 list;
	struct opt_bool	 staff, superuser, active, verified;
	const char	*group, *ids, *ordering;
};
static const struct field users_rows[] = {
	LIST_FIELDS(struct users_in, list),
	FIELD_OF(FT_BOOL, struct users_in, staff, "is_staff", 0, 0, F_LOOSE),
	FIELD_OF(FT_BOOL, struct users_in, superuser, "is_superuser", 0, 0,
	    F_LOOSE),
	FIELD_OF(FT_BOOL, struct users_in, active, "is_active", 0, 0,
	    F_LOOSE),
	FIELD_OF(FT_BOOL, struct users_in, verified, "is_verified", 0, 0,
	    F_LOOSE),
	FIELD_TEXT(struct users_in, group, "group", 1, GROUP_NAME_MAX,
	    F_TRIM),
	FIELD_TEXT(struct users_in, ids, "ids", 1, IDS_MOST * 21, F_TRIM),
	FIELD_ENUM(struct users_in, ordering, "ordering", USER_ORDERINGS, 0),
};
const struct fieldset admin_users_fields =
    FIELDSET(struct users_in, users_rows, IN_QUERY);

void
admin_write_user(struct jw *w, const struct user_seen *s)
{
	const char *p = s->u.allowed_countries;

	answer_user(w, NULL, &s->u);
	jw_time(w, "last_login_at", s->u.last_login_us);
	jw_str(w, "last_login_ip", s->last_login_ip);
	jw_str(w, "country", s->u.country);
	jw_array(w, "allowed_countries");
	while (p != NULL && *p != '\0') {
		size_t n = strcspn(p, ",");

		jw_strn(w, NULL, p, n);
		p += n + (p[n] == ',');
	}
	jw_end(w);
	jw_time(w, "purge_at", s->purge_us);
}

struct listing { struct jw *w; struct user_seen s; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	admin_write_user(l->w, &l->s);
	jw_end(l->w);
	return 0;
}

static int
either(struct opt_bool b)
{
	return b.set ? b.v : -1;
}

/* The filters again, for the addresses of the pages beside. */
static const char *
filter_text(struct call *c, const struct users_in *in)
{
	static const char *const word[] = { "false", "true" };
	const struct { const char *name; struct opt_bool b; } row[] = {
		{ "is_staff", in->staff }, { "is_superuser", in->superuser },
		{ "is_active", in->active }, { "is_verified", in->verified },
	};
	const char *out = "";

	for (size_t i = 0; i < COUNT_OF(row); i++)
		if (row[i].b.set)
			out = arena_printf(c->arena, "%s&%s=%s", out,
			    row[i].name, word[row[i].b.v]);
	if (in->group != NULL)
		out = arena_printf(c->arena, "%s&group=%s", out,
		    url_encode(c->arena, in->group));
	if (in->ids != NULL)
		out = arena_printf(c->arena, "%s&ids=%s", out,
		    url_encode(c->arena, in->ids));
	if (in->ordering != NULL)
		out = arena_printf(c->arena, "%s&ordering=%s", out,
		    in->ordering);
	return out;
}

/* "7,8,9" as a JSON array. */
static int
read_ids(struct call *c, const char *s, const char **json, struct err *e)
{
	struct buf b;
	size_t n = 0;

	buf_init(&b, IDS_MOST * 21 + 3);
	for (;; s++) {
		size_t len = strcspn(s, ",");
		uint64_t id;

		if (len > 20 || n == IDS_MOST || !text_u64(arena_strndup(
		    c->arena, s, len), INT64_MAX, &id) || id == 0)
			break;
		buf_printf(&b, "%c%" PRIu64, n++ == 0 ? '[' : ',', id);
		s += len;
		if (*s == '\0') {
			buf_char(&b, ']');
			*json = arena_strdup(c->arena, buf_text(&b));
			buf_fini(&b);
			return 0;
		}
	}
	buf_fini(&b);
	return field_refuse(c, "ids", "invalid", e,
	    "Up to %d ids of users, separated by commas.", IDS_MOST);
}

int
admin_users_get(struct call *c, const void *in_, struct err *e)
{
	const struct users_in *in = in_;
	struct user_filter f = { .staff = either(in->staff),
	    .superuser = either(in->superuser), .active = either(in->active),
	    .verified = either(in->verified),
	    .ordering = in->ordering == NULL ? "id" : in->ordering };
	struct listing row;
	struct group g;
	struct list l;
	int64_t n;
	int rc;

	if (in->group != NULL) {
		if ((rc = group_resolve(c->db, c->arena, in->group, &g,
		    e)) < 0)
			return -1;
		if (rc == 0)
			return field_refuse(c, "group", "unknown_group", e,
			    "There is no such group.");
		f.group_id = g.id;
	}
	if (in->ids != NULL && read_ids(c, in->ids, &f.ids, e) < 0)
		return -1;
	list_read(&in->list, &l);
	l.more = filter_text(c, in);
	f.q = l.q;
	f.limit = l.limit;
	f.offset = l.offset;
	if ((n = user_admin_count(c->db, &f, e)) < 0)
		return -1;
	row.w = list_open(c, &l, n);
	if (user_admin_each(c->db, c->arena, &f, &row.s, write_row, &row,
	    e) < 0)
		return -1;
	list_close(c);
	return 0;
}

int
admin_user(struct call *c, struct user_seen *s, struct err *e)
{
	uint64_t id;
	int rc;

	if (id_of_path(c, 0, &id, e) < 0 ||
	    (rc = user_admin_find(c->db, c->arena, id, s, e)) < 0)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_NOT_FOUND, "not_found",
	    "no such user");
}

int
admin_may(const struct call *c, uint64_t user_id, const struct user_roles *r,
    struct err *e)
{
	return user_id == c->who.user_id || c->who.is_superuser ||
	    !(r->is_staff || r->is_superuser) ? 0 : err_set(e, ERR_FORBIDDEN,
	    "role_required", "account %" PRIu64 " is an admin's", user_id);
}

int
admin_answer(struct call *c, uint64_t id, struct err *e)
{
	struct user_seen s;
	struct jw *w;
	int rc = user_admin_find(c->db, c->arena, id, &s, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "gone meanwhile");
	w = resp_json(c->resp, 200);
	admin_write_user(w, &s);
	resp_json_end(c->resp);
	return 0;
}

int
admin_user_get(struct call *c, const void *in, struct err *e)
{
	struct user_seen s;

	(void)in;
	return admin_user(c, &s, e) < 0 ? -1 : admin_answer(c, s.u.id, e);
}
