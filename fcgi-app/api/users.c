/*
 * users.c - /api/users/: sign up as the authentication API had it, and the
 * list for admins.
 *
 * What must stay true (S24, S25): a taken address and a free one cost the
 * same statements, hash and job and get the same answer; the owner of a taken
 * one is told.
 */
#include "api/answer.h"
#include "api/idem.h"
#include "api/list.h"
#include "api/signup.h"
#include "api/user_own.h"

#include "auth/mail_block.h"
#include "auth/notice.h"
#include "auth/password.h"
#include "auth/throttle.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/phone.h"
#include "base/rand.h"
#include "base/text.h"

struct user_in {
	const char *email, *password, *first_name, *last_name;
};
static const struct field user_rows[] = {
	FIELD_OF(FT_EMAIL, struct user_in, email, "email", 0, 254,
	    F_REQUIRED),
	FIELD_TEXT(struct user_in, password, "password", 1, 1024,
	    F_REQUIRED | F_SECRET),
	FIELD_TEXT(struct user_in, first_name, "first_name", 0, 150,
	    F_TRIM | F_LINE),
	FIELD_TEXT(struct user_in, last_name, "last_name", 0, 150,
	    F_TRIM | F_LINE),
};
const struct fieldset users_post_fields =
    FIELDSET(struct user_in, user_rows, IN_BODY);

struct users_in {
	struct list_in	 l;		/* must be first */
	struct opt_bool	 is_staff, is_superuser, is_active, is_verified;
	const char	*gender, *email, *phone, *ordering;
};
static const struct field users_rows[] = {
	LIST_FIELDS(struct users_in, l),
	FIELD_OF(FT_BOOL, struct users_in, is_staff, "is_staff", 0, 0, 0),
	FIELD_OF(FT_BOOL, struct users_in, is_superuser, "is_superuser", 0, 0,
	    0),
	FIELD_OF(FT_BOOL, struct users_in, is_active, "is_active", 0, 0, 0),
	FIELD_OF(FT_BOOL, struct users_in, is_verified, "is_verified", 0, 0,
	    0),
	FIELD_ENUM(struct users_in, gender, "gender", "M|F", 0),
	FIELD_TEXT(struct users_in, email, "email", 0, 254, F_TRIM),
	FIELD_TEXT(struct users_in, phone, "phone", 0, 64, F_TRIM),
	FIELD_ENUM(struct users_in, ordering, "ordering", "id|-id|email|"
	    "-email|first_name|-first_name|last_name|-last_name|created_at|"
	    "-created_at|last_login_at|-last_login_at", 0),
};
const struct fieldset users_get_fields =
    FIELDSET(struct users_in, users_rows, IN_QUERY);

const char *
user_url(struct call *c, uint64_t id)
{
	return arena_printf(c->arena, "%s/api/users/%" PRIu64 "/",
	    conf_str(CONF_PUBLIC_URL), id);
}

void
user_write(struct call *c, struct jw *w, const struct user *u)
{
	jw_str(w, "url", user_url(c, u->id));
	jw_u64(w, "id", u->id);
	jw_str(w, "email", u->email);
	jw_str(w, "phone", u->phone);
	jw_str(w, "first_name", u->first_name);
	jw_str(w, "last_name", u->last_name);
	jw_str(w, "birthday", u->birthday);
	jw_str(w, "gender", u->gender);
	jw_bool(w, "is_verified", USER_PROVED(u));
	jw_bool(w, "email_verified", u->email_verified);
	jw_bool(w, "phone_verified", u->phone_verified);
	jw_bool(w, "is_active", u->is_active);
	jw_bool(w, "is_staff", u->is_staff);
	jw_bool(w, "is_superuser", u->is_superuser);
	jw_time(w, "created_at", u->created_us);
	jw_time(w, "last_login_at", u->last_login_us);
}

/* --- sign-up ------------------------------------------------------------- */

static int
show_new(struct call *c, uint64_t id, struct err *e)
{
	struct user u;
	struct jw *w;
	int rc = user_find(c->db, c->arena, id, &u, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_GONE, "gone",
		    "user %" PRIu64, id);
	resp_no_store(c->resp);
	w = resp_json(c->resp, 201);
	jw_str(w, "url", user_url(c, id));
	jw_str(w, "email", u.email);
	jw_u64(w, "id", id);
	jw_str(w, "first_name", u.first_name);
	jw_str(w, "last_name", u.last_name);
	resp_json_end(c->resp);
	return 0;
}

int
users_replay(struct call *c, uint64_t id, struct err *e)
{
	return show_new(c, id, e);
}

struct joining {
	struct call		*c;
	const struct user_new	*n;
	bool			 tell;
	uint64_t		 notice_id, id;
};

static int
join_work(struct db *db, void *arg, struct err *e)
{
	struct joining *j = arg;
	struct call *c = j->c;
	/* To the owner of a taken address, to nobody else: same rows. */
	struct notice n = {
		.id = j->notice_id, .channel = "email", .to = j->n->email,
		.locale = j->n->locale, .template = "taken",
		.nobody = !j->tell, .life_s = 24 * 60 * 60,
		.request_id = c->req->request_id,
	};

	if (user_insert(db, j->n, &j->id, e) < 0)
		return -1;
	n.user_id = j->id;
	if (idem_take(c, db, j->id, e) < 0 || notice_add(db, &n, e) < 0)
		return -1;
	return answer_audit(c, "register", "ok", j->id, 0, e);
}

/* At the pace of codes and as many a day, whoever asks; counted for free
 * addresses, too.  1, 0, -1. */
static int
may_tell(struct db *db, const char *unique, struct err *e)
{
	const struct throttle_rule rule[] = {
		{ "taken_told", 1, (uint32_t)conf_int(CONF_CODE_RESEND_S) },
		{ "taken_told_day", (uint32_t)conf_int(CONF_CODE_DAY),
		    24 * 60 * 60 },
	};

	if (throttle_all_or_fail(db, rule, COUNT_OF(rule), unique,
	    strlen(unique), "taken_told", e) >= 0)
		return 1;
	if (e->kind != ERR_THROTTLED)
		return -1;
	err_clear(e);
	return 0;
}

int
users_post(struct call *c, const void *in_, struct err *e)
{
	const struct user_in *in = in_;
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1], phc[PASSWORD_PHC_MAX];
	const struct password_context about = { in->email, NULL,
		in->first_name, in->last_name };
	struct user_new n = {
		.reg_key = rand_id(), .email = in->email, .email_cmp = cmp,
		.email_unique = unique, .password = phc, .is_active = true,
		.first_name = in->first_name == NULL ? "" : in->first_name,
		.last_name = in->last_name == NULL ? "" : in->last_name,
		.locale = lang_to_keep(c->req->accept_language), .country = c->req->country,
	};
	struct joining j = { .c = c, .n = &n, .notice_id = rand_id() };
	bool taken;
	int rc;

	if (!mail_parse(in->email, cmp, unique))
		return err_field(e, "email", "invalid_email",
		    "the binder let it pass");
	if (password_rule("password", in->password, &about, e) < 0 ||
	    mail_reach_check(c->db, "email", cmp, e) < 0 ||
	    signup_taken(c, NULL, unique, &taken, e) < 0 ||
	    (rc = may_tell(c->db, unique, e)) < 0)
		return -1;
	j.tell = taken && rc == 1;
	if (password_hash(phc, in->password, e) < 0 ||
	    db_tx(c->db, join_work, &j, e) < 0)
		return -1;
	notice_ring();
	return show_new(c, j.id, e);
}

/* --- the list --------------------------------------------------------------- */

static enum user_flag
flag_of(const struct opt_bool *b)
{
	return !b->set ? USER_ANY : b->v ? USER_YES : USER_NO;
}

static void
order_of(const char *word, struct user_page *p)
{
	static const char *const names[USER_ORDERS] = {
		[USER_BY_ID] = "id", [USER_BY_EMAIL_] = "email",
		[USER_BY_FIRST_NAME] = "first_name",
		[USER_BY_LAST_NAME] = "last_name",
		[USER_BY_CREATED] = "created_at",
		[USER_BY_LAST_LOGIN] = "last_login_at",
	};

	if (word == NULL)
		return;
	p->down = *word == '-';
	for (size_t i = 0; i < USER_ORDERS; i++)
		if (strcmp(names[i], word + p->down) == 0)
			p->order = (enum user_order)i;
}

/* The filters as they came, for the pages beside. */
static const char *
filters_text(struct call *c, const struct users_in *in)
{
	struct arena *a = c->arena;
	const struct { const char *name; const struct opt_bool *b; } flags[] = {
		{ "is_staff", &in->is_staff },
		{ "is_superuser", &in->is_superuser },
		{ "is_active", &in->is_active },
		{ "is_verified", &in->is_verified },
	};
	const struct { const char *name, *v; } texts[] = {
		{ "gender", in->gender }, { "email", in->email },
		{ "phone", in->phone }, { "ordering", in->ordering },
	};
	const char *out = "";

	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (flags[i].b->set)
			out = arena_printf(a, "%s&%s=%s", out, flags[i].name,
			    flags[i].b->v ? "true" : "false");
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (texts[i].v != NULL)
			out = arena_printf(a, "%s&%s=%s", out, texts[i].name,
			    url_encode(a, texts[i].v));
	return out;
}

struct listing { struct call *c; struct jw *w; struct user u; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	user_write(l->c, l->w, &l->u);
	jw_end(l->w);
	return 0;
}

int
users_get(struct call *c, const void *in_, struct err *e)
{
	const struct users_in *in = in_;
	struct user_page p = { .gender = in->gender };
	struct listing row = { .c = c };
	char phone[PHONE_MAX];
	struct list l;
	int64_t n;

	list_read_offset(&in->l, &l);
	l.more = filters_text(c, in);
	p.q = l.q;
	p.limit = l.limit;
	p.offset = l.offset;
	p.is_staff = flag_of(&in->is_staff);
	p.is_superuser = flag_of(&in->is_superuser);
	p.is_active = flag_of(&in->is_active);
	p.is_verified = flag_of(&in->is_verified);
	if (in->email != NULL)
		p.email = text_lower(c->arena, in->email);
	/* In any form; what is no number is nobody's. */
	if (in->phone != NULL)
		p.phone = phone_normalise(in->phone, conf_str(CONF_REGION),
		    phone) ? phone : "-";
	order_of(in->ordering, &p);
	if ((n = user_count(c->db, &p, e)) < 0)
		return -1;
	row.w = list_open(c, &l, n);
	if (user_each(c->db, c->arena, &p, &row.u, write_row, &row, e) < 0)
		return -1;
	list_close(c);
	return 0;
}
