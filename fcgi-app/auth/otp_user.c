/*
 * otp_user.c - flows of signed-in people: found without a register_id, and
 * the new e-mail address as it was typed.  The row's target is as compared,
 * and mail goes to the one the person knows.
 */
#include "auth/otp_own.h"

#include "base/buf.h"
#include "base/json.h"
#include "queue/secret.h"

int
otp_mail_seal(struct otp_row_new *row, const char *typed, uint8_t *out,
    size_t cap, struct err *e)
{
	struct buf b;
	struct jw w;
	size_t n = 0;
	int rc;

	buf_init(&b, OTP_SECRET_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "email", typed == NULL ? row->target : typed);
	jw_end(&w);
	rc = job_secret_seal(out, cap, &n, row->id, buf_text(&b), e);
	buf_fini(&b);
	row->secret = out;
	row->secret_len = n;
	return rc;
}

int
otp_flow_mail(struct arena *a, const struct otp_flow *f, const char **typed,
    struct err *e)
{
	const char *text, *s = NULL;
	struct json *j = NULL;

	*typed = f->target;
	if (f->secret == NULL)
		return 0;
	if (job_secret_open(a, f->secret, f->secret_len, f->id, &text,
	    e) < 0 || json_parse(text, strlen(text), JSON_STRICT, 0, &j,
	    e) < 0)
		return -1;
	if ((s = json_str(json_get(j, "email"))) != NULL)
		*typed = arena_strdup(a, s);
	json_free(j);
	return 0;
}

int
otp_check_user(struct db *db, struct arena *a, const struct req *q,
    uint64_t user_id, const char *code, struct otp_flow *f, struct err *e)
{
	struct otp_row r;
	int rc = otp_row_of_user(db, a, user_id, &r, e);

	memset(f, 0, sizeof(*f));
	if (rc <= 0)
		return rc < 0 ? -1 : err_field(e, "otp_code",
	    "invalid_code", "no open flow");
	return otp_check_row(db, q, &r, code, f, e);
}
