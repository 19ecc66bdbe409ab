/*
 * login.c - sign-in by password: /api/auth/login/, and /api/token/ as the
 * authentication API had it.
 *
 * What must stay true: both cost the same and refuse alike (signin.c).
 */
#include "api/signin.h"

struct login_in {
	const char *username, *email, *phone, *password;
};

static const struct field login_rows[] = {
	FIELD_TEXT(struct login_in, username, "username", 0, 254, F_TRIM),
	FIELD_TEXT(struct login_in, email, "email", 0, 254, F_TRIM),
	FIELD_TEXT(struct login_in, phone, "phone_number", 0, 254, F_TRIM),
	FIELD_TEXT(struct login_in, password, "password", 1, 1024,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset login_fields =
    FIELDSET(struct login_in, login_rows, IN_BODY);

struct token_in { const char *email, *password; };
static const struct field token_rows[] = {
	FIELD_TEXT(struct token_in, email, "email", 1, 254,
	    F_REQUIRED | F_TRIM),
	FIELD_TEXT(struct token_in, password, "password", 1, 1024,
	    F_REQUIRED | F_SECRET),
};
const struct fieldset token_fields =
    FIELDSET(struct token_in, token_rows, IN_BODY);

static const char *
first_of(const char *a, const char *b, const char *c)
{
	if (a != NULL && *a != '\0')
		return a;
	return b != NULL && *b != '\0' ? b : c;
}

int
login_post(struct call *c, const void *in_, struct err *e)
{
	const struct login_in *in = in_;
	const char *typed = first_of(in->username, in->email, in->phone);
	struct password_signin p;
	const struct signin s = { .u = &p.u, .by_password = true,
	    .amr = "pwd", .with = signin_no_failure, .arg = &p };

	if (typed == NULL || *typed == '\0')
		return err_field(e, "username", "required",
		    "no username, email or phone_number");
	if (signin_password(c, typed, in->password, &p, e) < 0)
		return -1;
	return USER_PROVED(&p.u) && p.u.is_active ?
	    answer_signin(c, &s, e) : signin_refuse(c, &p, e);
}

/* An account that is active serves here before it is proved: its session is
 * a claim's (D9). */
int
token_post(struct call *c, const void *in_, struct err *e)
{
	const struct token_in *in = in_;
	struct password_signin p;
	const struct signin s = { .u = &p.u, .by_password = true,
	    .amr = "pwd", .with = signin_no_failure, .arg = &p, .form = SIGNIN_TOKEN };

	if (signin_password(c, in->email, in->password, &p, e) < 0)
		return -1;
	return p.u.is_active ? answer_signin(c, &s, e) :
	    signin_refuse(c, &p, e);
}
