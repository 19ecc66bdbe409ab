/*
 * social.c - to another site and back (S60-S65, S67).
 *
 * What must stay true: a GET starts a sign-in or ends one and changes no
 * signed-in account (S36); an identity is linked only for somebody who proved
 * a credential of the account moments ago; whoever comes back is the browser
 * that left, once (S63); the second factor is asked as after a password,
 * because answer_signin ends this way in too (S67).
 */
#include "api/account.h"
#include "api/answer.h"
#include "api/social_own.h"
#include "auth/country.h"
#include "auth/facebook.h"
#include "auth/oidc.h"
#include "base/conf.h"
#include "base/mail.h"
#include "base/rand.h"
#include "base/text.h"

#define NEXT_MAX	2000
#define RESTORE_PAGE	"/console/restore/"

struct start_in { const char *next; };
static const struct field start_rows[] = {
	FIELD_TEXT(struct start_in, next, "next", 0, NEXT_MAX, F_LINE),
};
const struct fieldset social_start_fields =
    FIELDSET(struct start_in, start_rows, IN_QUERY);
const struct fieldset social_link_start_fields =
    FIELDSET(struct start_in, start_rows, IN_BODY);

struct back_in { const char *code, *state, *iss, *error, *description; };
static const struct field back_rows[] = {
	FIELD_TEXT(struct back_in, code, "code", 0, 4096, F_SECRET),
	FIELD_TEXT(struct back_in, state, "state", 0, 512, F_SECRET),
	FIELD_TEXT(struct back_in, iss, "iss", 0, 512, 0),
	FIELD_TEXT(struct back_in, error, "error", 0, 200, 0),
	FIELD_TEXT(struct back_in, description, "error_description", 0, 2000,
	    0),
};
const struct fieldset social_callback_fields =
    FIELDSET(struct back_in, back_rows, IN_QUERY);

/* --- return addresses --------------------------------------------------------- */

static size_t
own_origin(const char **url)
{
	const char *host;

	*url = conf_str(CONF_PUBLIC_URL);
	host = strstr(*url, "://");
	return host == NULL ? 0 : (size_t)(host - *url) + 3 +
	    strcspn(host + 3, "/");
}

bool
return_allowed(const char *next)
{
	const char *own;
	size_t n = own_origin(&own), len = strlen(next);
	char origin[300];

	if (len == 0 || len > NEXT_MAX)
		return false;
	for (const char *p = next; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '\\')
			return false;
	if (next[0] == '/')
		return next[1] != '/';
	if (!text_starts(next, "https://"))
		return false;
	len = 8 + strcspn(next + 8, "/?#");
	if (len >= sizeof(origin))
		return false;
	memcpy(origin, next, len);
	origin[len] = '\0';
	return (len == n && strncasecmp(origin, own, n) == 0) ||
	    conf_list_has(CONF_RETURN_ORIGINS, origin);
}

const char *
return_url(struct arena *a, const char *next)
{
	const char *own;
	size_t n = own_origin(&own);

	return next[0] == '/' ? arena_printf(a, "%.*s%s", (int)n, own, next) :
	    next;
}

const char *
social_callback_url(struct arena *a, const struct social_provider *p)
{
	return arena_printf(a, "%s/api/auth/social/%s/callback",
	    conf_str(CONF_PUBLIC_URL), p->name);
}

static void
redirect(struct call *c, const char *url)
{
	resp_empty(c->resp, 302);
	resp_header(c->resp, "Location", url);
	resp_no_store(c->resp);
}

/* A refusal on the way of a browser is a page. */
static int
refuse(struct call *c, const struct err *e)
{
	return page_wanted(c->req) ? page_refusal(c, e) : -1;
}

/* --- which there are ----------------------------------------------------------- */

int
social_providers_get(struct call *c, const void *in, struct err *e)
{
	struct jw *w = resp_json(c->resp, 200);
	struct social_provider p;

	(void)in;
	(void)e;
	jw_array(w, "results");
	for (size_t i = 0; social_provider_at(i, &p) == 1; i++) {
		jw_object(w, NULL);
		jw_str(w, "provider", p.name);
		jw_str(w, "label", p.label);
		jw_str(w, "start", arena_printf(c->arena,
		    "%s/api/auth/social/%s/start", conf_str(CONF_PUBLIC_URL),
		    p.name));
		jw_end(w);
	}
	jw_end(w);
	resp_json_end(c->resp);
	return 0;
}

/* --- there ------------------------------------------------------------------------ */

static int
begin(struct call *c, const char *next, uint64_t user_id, const char **url,
    struct err *e)
{
	struct social_provider p;
	struct social_visit v;
	const char *back;

	if (next == NULL || *next == '\0')
		next = "/";
	if (!return_allowed(next)) {
		faults_add(&c->bound.faults, "next",
		    "An address of this site.");
		return err_field(e, "next", "invalid_next", "\"%.100s\"",
		    next);
	}
	if (social_provider(c->param[0], &p, e) < 0 ||
	    country_user(c->req, NULL, e) < 0 ||
	    social_begin(c->db, c->req, &p, next, user_id, &v, e) < 0)
		return -1;
	back = social_callback_url(c->arena, &p);
	if (p.kind == SOCIAL_FACEBOOK)
		*url = facebook_start(c->arena, &p, back, &v);
	else if (oidc_start(c->arena, &p, back, &v, url, e) < 0)
		return -1;
	resp_header(c->resp, "X-Auth-State", v.browser);
	return 0;
}

int
social_start_get(struct call *c, const void *in_, struct err *e)
{
	const struct start_in *in = in_;
	const char *url;

	if (begin(c, in->next, 0, &url, e) < 0)
		return refuse(c, e);
	redirect(c, url);
	return 0;
}

int
social_link_start_post(struct call *c, const void *in_, struct err *e)
{
	const struct start_in *in = in_;
	const char *url;

	if (begin(c, in->next, c->who.user_id, &url, e) < 0)
		return -1;
	resp_no_store(c->resp);
	jw_str(resp_json(c->resp, 200), "authorization_url", url);
	resp_json_end(c->resp);
	return 0;
}

/* --- and back ----------------------------------------------------------------------- */

/* For a browser: its cookies and the way on.  An account that is closing is
 * given back by its page, by a token behind the "#". */
static int
onward(struct call *c, const struct signin *s, const char *next,
    struct err *e)
{
	struct signed_in in;
	const char *token;

	if (s->u->is_active) {
		if (signin_begin(c, s, &in, e) < 0)
			return -1;
		answer_onward(c, 302, &in, next);
		return 0;
	}
	if (account_closing(c, s->u, "login", &token, e) < 0)
		return -1;
	redirect(c, return_url(c->arena, arena_printf(c->arena,
	    RESTORE_PAGE "#%s", token)));
	return 0;
}

/* S61: the owner signs in the old way first; the page then asks. */
static int
offered(struct call *c, const struct social_provider *p,
    const struct social_entry *x, const char *next, struct err *e)
{
	if (answer_audit(c, "identity_offer", "ok", x->u.id, 0, e) < 0)
		return -1;
	if (next == NULL)
		return err_set(e, ERR_CONFLICT, "address_taken",
		    "the address is another account's");
	/* The offer is this browser's, for as long as its cookie. */
	resp_header(c->resp, "X-Auth-State", c->req->state_cookie);
	redirect(c, return_url(c->arena, answer_signin_page(c->arena,
	    next, arena_printf(c->arena, "link_token=%s&provider=%s",
	    x->offer, p->name))));
	return 0;
}

/* Where the provider's account is the mailbox that codes go to, a code there is
 * no second factor: whoever reads the mail has both. */
static const char *
channel_of(const struct social_person *who, const struct user *u)
{
	char cmp[MAIL_MAX + 1], his[MAIL_MAX + 1], ours[MAIL_MAX + 1];

	return who->email != NULL && u->email_verified &&
	    mail_parse(who->email, cmp, his) &&
	    mail_parse(u->email, cmp, ours) && strcmp(his, ours) == 0 ?
	    "email" : NULL;
}

int
social_finish(struct call *c, const struct social_provider *p,
    const struct social_person *who, const char *next, struct err *e)
{
	struct social_entry x;
	struct signin s = { .u = &x.u, .amr = "social" };

	/* The site's rule, before an account is made of it. */
	if (country_user(c->req, NULL, e) < 0 ||
	    social_enter(c->db, c->arena, c->req, p, who, &x, e) < 0)
		return answer_refused(c, "login", 0, e);
	if (x.found == SOCIAL_OFFERED)
		return offered(c, p, &x, next, e);
	s.channel = channel_of(who, &x.u);
	if (next != NULL)
		return onward(c, &s, next, e);
	return x.u.is_active ? answer_signin(c, &s, e) :
	    account_inactive(c, &x.u, "login", e);
}

static int
link_back(struct call *c, const struct social_provider *p,
    const struct social_visit *v, const struct social_person *who,
    struct err *e)
{
	const struct identity i = { .id = rand_id(), .provider = p->name,
	    .issuer = who->issuer, .sub = who->sub, .email = who->email,
	    .name = who->name };

	/* Still the same person in the same browser? */
	if (c->who.kind != CALLER_SESSION || c->who.user_id != v->user_id)
		return err_set(e, ERR_FORBIDDEN, "link_session",
		    "begun by user %" PRIu64, v->user_id);
	if (social_link(c->db, c->arena, c->req, &c->who, &i, e) < 0)
		return -1;
	redirect(c, return_url(c->arena, v->next));
	return 0;
}

/* Who came back, as the provider says, and of which visit. */
static int
who_came(struct call *c, const struct back_in *in, struct social_provider *p,
    struct social_visit *v, struct social_person *who, struct err *e)
{
	const struct oidc_answer answer = { .code = in->code,
	    .iss = in->iss };
	const char *back, *token;

	if (social_back(c->db, c->req, p, in->state, v, e) < 0)
		return -1;
	if (in->error != NULL && *in->error != '\0')
		return err_set(e, ERR_INPUT, strcmp(in->error,
		    "access_denied") == 0 ? "provider_cancelled" :
		    "provider_refused", "%s: %.60s", p->name, in->error);
	if (in->code == NULL || *in->code == '\0')
		return err_field(e, "code", "required", "no code");
	back = social_callback_url(c->arena, p);
	if (p->kind == SOCIAL_FACEBOOK)
		return facebook_exchange(c->arena, p, back, in->code,
		    v->verifier, &token, e) < 0 ? -1 : facebook_person(
		    c->arena, p, token, false, who, e);
	return oidc_finish(c->arena, p, back, v, &answer, who, e);
}

static int
come_back(struct call *c, const struct back_in *in, struct err *e)
{
	struct social_person who;
	struct social_provider p;
	struct social_visit v;

	if (social_provider(c->param[0], &p, e) < 0)
		return -1;
	if (who_came(c, in, &p, &v, &who, e) < 0)
		return answer_refused(c, "login", 0, e);
	if (v.user_id != 0)
		return link_back(c, &p, &v, &who, e);
	return social_finish(c, &p, &who, v.next, e);
}

int
social_callback_get(struct call *c, const void *in, struct err *e)
{
	if (come_back(c, in, e) < 0)
		return refuse(c, e);
	return 0;
}
