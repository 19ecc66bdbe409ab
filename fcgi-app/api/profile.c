/*
 * profile.c - what people keep about themselves.
 */
#include "api/answer.h"

#include "base/pattern.h"
#include "base/zone.h"

struct profile_in {
	const char *first_name, *last_name, *birthday, *gender, *locale,
	    *time_zone;
};
static const struct field profile_rows[] = {
	FIELD_TEXT(struct profile_in, first_name, "first_name", 0, 150,
	    F_TRIM | F_LINE),
	FIELD_TEXT(struct profile_in, last_name, "last_name", 0, 150,
	    F_TRIM | F_LINE),
	FIELD_OF(FT_DATE, struct profile_in, birthday, "birthday", 0, 0,
	    F_NULLABLE),
	FIELD_ENUM(struct profile_in, gender, "gender", "M|F", F_NULLABLE),
	FIELD_PATTERN(struct profile_in, locale, "locale", PAT_LOCALE, 2, 16,
	    F_NULLABLE),
	FIELD_TEXT(struct profile_in, time_zone, "time_zone", 1, 64,
	    F_TRIM | F_NULLABLE),
};
const struct fieldset profile_fields =
    FIELDSET(struct profile_in, profile_rows, IN_BODY);

static int
own(struct call *c, struct user *u, struct err *e)
{
	int rc = user_find(c->db, c->arena, c->who.user_id, u, e);

	return rc == 0 ? err_set(e, ERR_AUTH, "invalid_token",
	    "user %" PRIu64 " is gone", c->who.user_id) : rc;
}

static int
show(struct call *c, struct err *e)
{
	struct user u;
	struct jw *w;

	if (own(c, &u, e) < 0)
		return -1;
	w = resp_json(c->resp, 200);
	answer_user(w, NULL, &u);
	/* Whoever acts is to see that they do, all the time. */
	if (c->who.act_id != 0)
		jw_u64(w, "acted_by", c->who.act_id);
	resp_no_store(c->resp);
	resp_json_end(c->resp);
	return 0;
}

int
profile_get(struct call *c, const void *in, struct err *e)
{
	(void)in;
	return show(c, e);
}

/* An explicit null empties a nullable member; absent leaves it. */
static const char *
or_null(const struct call *c, const char *name, const char *value)
{
	return value == NULL && bind_is_null(&c->bound, name) ? "" : value;
}

int
profile_post(struct call *c, const void *in_, struct err *e)
{
	const struct profile_in *in = in_;
	const struct user_profile p = {
		.first_name = in->first_name,
		.last_name = in->last_name,
		.birthday = or_null(c, "birthday", in->birthday),
		.gender = or_null(c, "gender", in->gender),
		.locale = or_null(c, "locale", in->locale),
		.time_zone = or_null(c, "time_zone", in->time_zone),
	};

	if (p.time_zone != NULL && *p.time_zone != '\0' &&
	    zone_find(p.time_zone) == NULL)
		return err_field(e, "time_zone", "invalid_time_zone",
		    "not a name of the zone database");
	if (user_set_profile(c->db, c->who.user_id, &p, e) < 0)
		return -1;
	return show(c, e);
}
