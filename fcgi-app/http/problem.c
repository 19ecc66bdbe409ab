/*
 * problem.c - refusals as people and programs read them: RFC 9457, with the
 * members that clients of the replaced systems look for.
 *
 * What must stay true: nothing of e->detail is ever shown; every code that
 * the program sets has a row here.
 */
#include "http/bind.h"
#include "http/response.h"

struct sentence { const char *code, *title, *detail; };

static const struct sentence rows[] = {
	/* by kind, when a code has no row */
	{ "internal", "Internal error",
	    "Something went wrong on our side; it has been recorded." },
	{ "invalid", "The request is not valid",
	    "Some fields are missing or wrong: see errors." },
	{ "unauthorized", "Sign in",
	    "Authentication credentials were not provided." },
	{ "forbidden", "Not allowed",
	    "You do not have permission to perform this action." },
	{ "not_found", "Not found", "Not found." },
	{ "conflict", "Conflict",
	    "The request does not fit the present state." },
	{ "gone", "Gone", "It is no longer there." },
	{ "too_large", "Request body too large",
	    "The body is over this address's limit." },
	{ "unsupported_media", "Unsupported media type",
	    "Send the body as application/json." },
	{ "unprocessable", "Not possible",
	    "The request is well formed but cannot be carried out." },
	{ "rate_limited", "Too many requests",
	    "Request was throttled. Try again later." },
	{ "unavailable", "Service temporarily unavailable",
	    "Try again in a moment." },
	/* the dispatcher */
	{ "bad_request", "The request is not valid",
	    "The request could not be read." },
	{ "method_not_allowed", "Method not allowed",
	    "This address does not take that method: see Allow." },
	{ "required", "The request is not valid",
	    "A field that is needed is missing." },
	{ "invalid_json", "The body is not valid JSON",
	    "Send one JSON object, UTF-8, without duplicate members." },
	{ "invalid_form", "The form is not valid",
	    "The form's encoding is broken." },
	{ "invalid_multipart", "The form is not valid",
	    "The multipart body is broken." },
	{ "too_many_values", "Request body too large",
	    "The body holds too many values." },
	{ "invalid_token", "Sign in",
	    "The token is invalid, expired or was revoked." },
	{ "sign_in_required", "Sign in", "Sign in to go on." },
	{ "csrf", "Cross-site request refused",
	    "A request with cookies needs a same-origin Origin and a JSON "
	    "body." },
	{ "not_verified", "Not verified",
	    "Prove your phone number or e-mail address first." },
	{ "second_proof_required", "A second proof is needed",
	    "This number was not used for long: give the code that was sent "
	    "to your e-mail address." },
	{ "reauth_required", "Sign in again",
	    "This needs a sign-in of the last five minutes." },
	{ "session_required", "Not allowed",
	    "Only a signed-in user may do this, not a token." },
	{ "scope_required", "Not allowed",
	    "The token lacks the scope for this." },
	{ "role_required", "Not allowed",
	    "You do not have permission to perform this action." },
	{ "invalid_idempotency_key", "The Idempotency-Key is not valid",
	    "Use 16 to 255 printable characters." },
	{ "idempotency_mismatch", "The Idempotency-Key was used before",
	    "The key came before with another request." },
	{ "idempotency_race", "A request with this key is running",
	    "Try again in a moment." },
	{ "window_closed", "The recipient has not written to you lately",
	    "Free text needs a message of theirs in the last 24 hours: send "
	    "message_type template instead." },
	{ "bad_signature", "Not allowed",
	    "The request is not signed by the provider." },
	{ "busy", "Service temporarily unavailable",
	    "Too many sign-ins at once; try again in a second." },
	{ "wrong_pool", "Service temporarily unavailable",
	    "The request reached the wrong process." },
	/* identity */
	{ "invalid_credentials", "Sign-in failed",
	    "The name or the password is wrong." },
	{ "invalid_group", "The request is not valid",
	    "That is no name of a group." },
	{ "not_ours", "Not a page to return to",
	    "The address was not signed by the gate." },
	{ "invalid_code", "The code is wrong",
	    "The code is wrong, expired or was used." },
	{ "passwordless_off", "Not allowed",
	    "Signing in with a code alone is switched off here." },
	{ "too_many_tries", "Too many tries",
	    "Too many wrong codes: ask for a new one." },
	{ "invalid_register_id", "Unknown register_id",
	    "The register_id is unknown or its time is over." },
	{ "code_too_soon", "Too many codes",
	    "A code was sent a moment ago: wait before asking for another." },
	{ "too_many_codes", "Too many codes",
	    "No more codes for this address today." },
	{ "code_day", "Too many codes",
	    "No more codes for this address today." },
	{ "too_many_resets", "Too many codes",
	    "Too many resets for this address: wait before the next." },
	{ "too_many_refreshes", "Too many requests",
	    "This session is refreshed too often." },
	{ "too_old", "Service temporarily unavailable",
	    "The request waited too long; try again." },
	{ "hash_failed", "Service temporarily unavailable",
	    "Try again in a moment." },
	{ "account_disabled", "Not allowed",
	    "The account is disabled." },
	{ "country_not_allowed", "Not allowed from here",
	    "This is not possible from the country you are in." },
	{ "account_closing", "The account is closed",
	    "It will be deleted; until then you can restore it." },
	{ "invalid_link", "The link is not valid",
	    "The link or token is unknown, was used, or its time is over." },
	{ "no_channel", "Not possible",
	    "The user has no proved address, or is disabled." },
	{ "invalid_country", "The country is not valid",
	    "Use ISO 3166 codes of two letters." },
	{ "impersonated", "Not allowed",
	    "Not while acting as somebody else." },
	{ "not_impersonable", "Not possible",
	    "Nobody may act as this user." },
	{ "last_superuser", "Not possible",
	    "It is the last active superuser." },
	{ "too_many_exports", "Too many requests",
	    "You had your data several times today: wait before the next." },
	{ "country_not_served", "Not possible",
	    "We do not send messages to this country." },
	{ "number_not_served", "Not possible",
	    "We do not send messages to this kind of number." },
	{ "destination_suspended", "Not possible now",
	    "We send no messages to numbers like this one for now." },
	{ "campaign_state", "Not possible now",
	    "The campaign's state does not allow it." },
	{ "invalid_condition", "The request is not valid",
	    "The audience has a condition that cannot be read." },
	{ "invalid_recipient", "The request is not valid",
	    "Some recipients are no addresses of this kind." },
	{ "unknown_channel", "The request is not valid",
	    "There is no such channel." },
	{ "too_far", "The request is not valid",
	    "The time is too far ahead." },
	{ "sms_budget", "Too many messages",
	    "As many messages were sent as may be: try again later." },
	{ "pow_required", "Some work first",
	    "Solve the challenge and send the answer as pow." },
	{ "email_not_accepted", "The address is not accepted",
	    "Use an address of another e-mail provider." },
	{ "email_nowhere", "The address is not accepted",
	    "No mail can arrive there: look for a mistyped letter." },
	{ "invalid_channel", "The request is not valid",
	    "This code can only go where it proves something." },
	{ "same_email", "The request is not valid",
	    "It is the account's address already." },
	{ "link_gone", "The link does not work any more",
	    "It was used, is too old, or never was." },
	{ "same_number", "The request is not valid",
	    "It is the account's number already." },
	{ "code_required", "The request is not valid",
	    "Give the code, or prove it first." },
	{ "invalid_email", "The address is not valid",
	    "Give an e-mail address." },
	{ "invalid_time_zone", "The time zone is not valid",
	    "Give a name like Asia/Tehran." },
	{ "not_resendable", "It cannot be sent again",
	    "Only what failed, expired or is unsure can be sent again, and "
	    "nothing that carried a code or a link." },
	{ "not_dead", "No dead letter",
	    "Only a dead letter can be redriven or discarded." },
	{ "webhook_off", "The webhook is switched off",
	    "Switch it on first." },
	{ "too_many_webhooks", "Too many webhooks",
	    "Remove one that is not used any more." },
	{ "idempotency_busy", "A request with this key is running",
	    "Try again in a moment." },
	{ "too_many_failures", "Too many tries",
	    "Too many failures: wait before the next try." },
	{ "refresh_reused", "Sign in",
	    "The token was used before: the session has ended." },
	{ "password_too_short", "The password is too short",
	    "Use at least 8 characters." },
	{ "passphrase_too_short", "The password is too short",
	    "Use at least 15 characters." },
	{ "password_too_long", "The password is too long",
	    "Use at most 256 characters." },
	{ "password_classes", "The password is too simple",
	    "Use upper case, lower case and punctuation." },
	{ "password_common", "The password is too common",
	    "It is one of those that people try first." },
	{ "password_leaked", "The password has leaked",
	    "It is on a list of leaked passwords: choose another." },
	{ "password_pattern", "The password is too easy to guess",
	    "Most of it is a repeat, a sequence or a row of keys." },
	{ "password_context", "The password is too easy to guess",
	    "It holds your name, address or number, or the site's name." },
	{ "bad_hash", "The hash is not valid",
	    "It is no password hash that is known here." },
	{ "hash_too_costly", "The hash is not valid",
	    "It costs more than is allowed." },
	{ "wrong_password", "The password is wrong",
	    "The present password is wrong." },
	{ "already_verified", "Nothing to prove",
	    "This address is verified already." },
	{ "no_phone", "Nothing to prove",
	    "The account has no phone number." },
	{ "no_email", "Nothing to prove",
	    "The account has no e-mail address." },
	{ "one_address", "The request is not valid",
	    "Change one verified address at a time." },
	{ "address_taken", "Not possible",
	    "The address belongs to another account." },
	/* sign-in by other sites */
	{ "unknown_provider", "Not found", "No such sign-in is set up here." },
	{ "provider_unavailable", "The other site does not answer",
	    "Try again in a moment, or sign in another way." },
	{ "provider_misconfigured", "The other site refuses us",
	    "The sign-in with it is not set up rightly; sign in another "
	    "way." },
	{ "provider_cancelled", "Sign-in was cancelled",
	    "The other site says that you did not agree." },
	{ "provider_refused", "Sign-in failed",
	    "The other site refused the sign-in. Begin again." },
	{ "invalid_state", "Sign-in was not begun here",
	    "It was begun in another browser, is over, or was used. Begin "
	    "again." },
	{ "invalid_grant", "Sign-in failed",
	    "The code is expired or was used. Begin again." },
	{ "invalid_id_token", "Sign-in failed",
	    "What the other site sent does not prove who you are." },
	{ "wrong_issuer", "Sign-in failed",
	    "The answer came from another site than the one asked." },
	{ "invalid_access_token", "Sign-in failed",
	    "The access token is not valid for this site." },
	{ "invalid_next", "The address is not valid",
	    "Give an address of this site to return to." },
	{ "invalid_redirect_uri", "The address is not valid",
	    "The redirect_uri is not one of the registered." },
	{ "invalid_link_token", "The link is not valid",
	    "Its time is over, or it is for another account or browser." },
	{ "link_session", "Not allowed",
	    "Link from the browser and account that began it." },
	{ "identity_taken", "Not possible",
	    "That sign-in belongs to another account." },
	{ "last_login_method", "Not possible",
	    "It is the only way into the account: add another first." },
	{ "invalid_signed_request", "The request is not valid",
	    "The signature is wrong." },
	/* second factors */
	{ "invalid_mfa_token", "Sign in again",
	    "The mfa_token is unknown, was used or its time is over." },
	{ "method_off", "Not possible",
	    "The account does not offer this method now." },
	{ "second_factor_required", "A second factor is needed",
	    "The account has a second factor: give a code of it." },
	{ "nothing_begun", "Begin again",
	    "No authenticator app was begun, or its time is over." },
	{ "no_factor", "Not possible",
	    "The account has no second factor." },
	{ "address_not_proved", "Not possible",
	    "Prove the phone number or e-mail address first." },
	/* push and sending */
	{ "endpoint_refused", "The endpoint is not valid",
	    "The push endpoint is not one of an allowed push service." },
	{ "invalid_key", "The key is not valid",
	    "The subscription's key is no P-256 point." },
	{ "delivery_failed", "Delivery failed",
	    "The push service refused the message." },
	{ "token_required", "The request is not valid", "Token is required" },
	{ "invalid_push_token", "The request is not valid",
	    "Invalid token format" },
	{ "group_closed", "Not allowed",
	    "This group takes signed-in users only." },
	{ "sms_too_long", "The text is too long for an SMS",
	    "Shorten it: see errors." },
	{ "template_unfit", "The template does not fit",
	    "An administrator has to mend the template article_published." },
	{ "payload_too_large", "The message is too long",
	    "The message does not fit a push payload." },
	{ "icon_too_large", "The icon is too large",
	    "The icon has too many bytes or pixels." },
	{ "invalid_icon", "The icon is not valid",
	    "Send an image or the address of one." },
	{ "invalid_subscription", "The subscription is not valid",
	    "A subscription has endpoint and keys with p256dh and auth." },
	{ "invalid_url", "The address is not valid",
	    "Give an http or https address, or a path of the site." },
	{ "unknown_device", "There is no such device",
	    "The device is unknown or not active any more." },
	{ "no_device", "Nowhere to send to",
	    "The user has no active device." },
	{ "unknown_group", "There is no such group",
	    "The group is unknown." },
	{ "unknown_user", "There is no such user",
	    "The user is unknown." },
	{ "unknown_type", "There is no such type",
	    "There is no such type of notification." },
	{ "unknown_template", "There is no such template",
	    "There is no such template." },
	{ "unknown_channel", "There is no such channel",
	    "Use email, sms, whatsapp, web_push, expo and in_app." },
	{ "wrong_channel", "The channel does not fit",
	    "The channel does not reach such an address." },
	{ "too_many_targets", "The request is not valid",
	    "Say in one way only to whom it goes." },
	{ "too_many_devices", "Too many devices",
	    "Remove a device before adding another." },
	{ "name_taken", "The name is taken",
	    "Another one has this name." },
	{ "unknown_setting", "The setting is not valid",
	    "This provider has no such setting." },
	{ "bad_setting", "The setting is not valid",
	    "The setting does not take this value." },
	{ "unknown_kind", "The request is not valid",
	    "No provider of this kind takes accounts." },
	{ "invalid_name", "The name is not valid",
	    "Use a to z, 0 to 9, _ and -, and no provider's own name." },
	{ "invalid_phone", "The number is not valid",
	    "Enter a valid phone number." },
	{ "not_configured", "Not set up",
	    "Something that this provider needs is missing." },
	{ "too_many_providers", "Not possible",
	    "There are too many accounts." },
	{ "provider_implicit", "Not possible",
	    "The settings file sets this account up: change it there." },
	{ "provider_unknown", "Not possible",
	    "No provider of this kind is known any more." },
	{ "invalid_scope", "The scope is not valid",
	    "Use push, send and admin." },
	{ "invalid_cidr", "The network is not valid",
	    "Use networks like 192.0.2.0/24, separated by commas." },
	{ "bad_url", "The address is not valid",
	    "The address cannot be called." },
	{ "line_break_in_header", "The request is not valid",
	    "A value must be of one line." },
	{ "in_the_past", "The time is over",
	    "Give a time that is still to come." },
};

static const struct sentence *
find(const char *code)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (strcmp(rows[i].code, code) == 0)
			return &rows[i];
	return NULL;
}

const char *
problem_title(const char *code)
{
	const struct sentence *s = find(code);

	return s == NULL ? NULL : s->title;
}

const char *
problem_detail(const char *code)
{
	const struct sentence *s = find(code);

	return s == NULL ? NULL : s->detail;
}

/* What each kind becomes: a status, and the words when a code has no row. */
static const struct { int status; const char *code; } kind_row[] = {
	[ERR_NONE] = { 500, "internal" },
	[ERR_INTERNAL] = { 500, "internal" },
	[ERR_INPUT] = { 400, "invalid" },
	[ERR_AUTH] = { 401, "unauthorized" },
	[ERR_FORBIDDEN] = { 403, "forbidden" },
	[ERR_NOT_FOUND] = { 404, "not_found" },
	[ERR_CONFLICT] = { 409, "conflict" },
	[ERR_GONE] = { 410, "gone" },
	[ERR_TOO_LARGE] = { 413, "too_large" },
	[ERR_MEDIA] = { 415, "unsupported_media" },
	[ERR_UNPROCESSABLE] = { 422, "unprocessable" },
	[ERR_THROTTLED] = { 429, "rate_limited" },
	[ERR_UNAVAILABLE] = { 503, "unavailable" },
	[ERR_DB_LOST] = { 503, "unavailable" },
	[ERR_DB_DUP] = { 409, "conflict" },
	[ERR_UNSURE] = { 503, "unavailable" },
	[ERR_CONFIG] = { 500, "internal" },
};

/* The method's own code: 405 has no kind of error, for no room below knows. */
int
resp_status_of(enum err_kind k)
{
	return (size_t)k < COUNT_OF(kind_row) ? kind_row[k].status : 500;
}

/*
 * The word clients see.  Kinds that mean our own fault keep their causes to
 * themselves.
 */
static const char *
public_code(const struct err *e)
{
	const char *general = kind_row[e->kind].code;

	switch (e->kind) {
	case ERR_NONE:
	case ERR_INTERNAL:
	case ERR_CONFIG:
	case ERR_DB_LOST:
	case ERR_DB_DUP:
	case ERR_UNSURE:
		return general;
	default:
		return e->code[0] == '\0' ? general : e->code;
	}
}

static bool
of_field(const struct faults *f, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(f->f[k].field, f->f[i].field) == 0)
			return false;
	return true;
}

/* `errors`: a member a field, each a list; the order is that of the row. */
static void
write_errors(struct resp *r, struct jw *w, const struct err *e,
    const struct faults *f, const char *detail)
{
	enum lang l = resp_lang(r);

	if (e->kind != ERR_INPUT || ((f == NULL || f->n == 0) &&
	    e->field[0] == '\0'))
		return;
	jw_object(w, "errors");
	if (f == NULL || f->n == 0) {
		jw_array(w, e->field);
		jw_str(w, NULL, detail);
		jw_end(w);
		jw_end(w);
		return;
	}
	for (size_t i = 0; i < f->n; i++) {
		if (!of_field(f, i))
			continue;
		jw_array(w, f->f[i].field);
		for (size_t k = i; k < f->n; k++)
			if (strcmp(f->f[k].field, f->f[i].field) == 0)
				jw_str(w, NULL, f->f[k].text[l]);
		jw_end(w);
	}
	jw_end(w);
}

/* Members of the system that a kept row comes from (API.md). */
static void
write_old(struct jw *w, enum style style, const char *detail)
{
	switch (style) {
	case STYLE_P:
	case STYLE_N:
		jw_str(w, "error", detail);
		break;
	case STYLE_C:
		jw_bool(w, "success", false);
		jw_str(w, "error", detail);
		break;
	case STYLE_X:
		jw_bool(w, "success", false);
		jw_str(w, "message", detail);
		break;
	case STYLE_OURS:
	case STYLE_A:
		break;
	}
}

static void
write_headers(struct resp *r, const struct err *e, int status)
{
	int wait = e->retry_after_s;

	if (status == 429 || status == 503)
		resp_headerf(r, "Retry-After", "%d", wait > 0 ? wait :
		    status == 503 ? 2 : 1);
	if (status == 401)
		resp_header(r, "WWW-Authenticate",
		    strcmp(e->code, "invalid_token") == 0 ?
		    "Bearer realm=\"gatepost\", error=\"invalid_token\"" :
		    "Bearer realm=\"gatepost\"");
	resp_no_store(r);
}

void
resp_problem_faults(struct resp *r, const struct req *q, enum style style,
    const struct err *e, const struct faults *f)
{
	const char *code = public_code(e);
	const struct sentence *s = find(code);
	int status = resp_status_of(e->kind);
	const char *detail, *one;
	struct jw *w;

	if (strcmp(code, "method_not_allowed") == 0)
		status = 405;
	if (s == NULL)
		s = find(kind_row[e->kind].code);
	detail = resp_say(r, s->detail);
	/* One fault: say it where the old clients look. */
	one = f != NULL && f->n == 1 ? resp_sayf(r, "%s: %s", f->f[0].field,
	    f->f[0].text[resp_lang(r)]) : detail;
	resp_reset(r);
	w = resp_json(r, status);
	r->content_type = "application/problem+json";
	jw_str(w, "type", arena_printf(r->arena, "urn:gatepost:problem:%s",
	    code));
	jw_str(w, "title", resp_say(r, s->title));
	jw_i64(w, "status", status);
	jw_str(w, "detail", one);
	jw_str(w, "code", code);
	jw_str(w, "request_id", q->request_id);
	write_errors(r, w, e, f, detail);
	write_old(w, style, one);
	resp_json_end(r);
	write_headers(r, e, status);
}

void
resp_problem(struct resp *r, const struct req *q, enum style style,
    const struct err *e)
{
	resp_problem_faults(r, q, style, e, NULL);
}
