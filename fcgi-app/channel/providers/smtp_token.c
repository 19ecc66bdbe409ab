/*
 * smtp_token.c - access tokens for XOAUTH2 and OAUTHBEARER: by refresh token
 * (Gmail, delegated Office 365) or client credentials (Office 365
 * applications); PROVIDERS.md 6.1 and 6.2.
 *
 * Token and secrets are never logged; of a refusal only the endpoint's own
 * word is kept.
 */
#include "channel/providers/providers.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

#define BODY_MAX	((size_t)24 * 1024)
#define LIFE_DEFAULT_S	600

static void
form(struct arena *a, struct buf *b, const char *name, const char *value)
{
	if (*value != '\0')
		form_add(b, a, name, value);
}

int
smtp_token_ask(const struct account *acc, struct arena *a,
    struct out_request *out, struct err *e)
{
	const char *url = account_str(acc, CONF_SMTP_TOKEN_URL);
	const char *refresh = account_str(acc, CONF_SMTP_REFRESH);
	struct buf b;

	if (*url == '\0')
		return 0;
	if (*account_str(acc, CONF_SMTP_CLIENT) == '\0' ||
	    *account_str(acc, CONF_SMTP_USER) == '\0')
		return err_set(e, ERR_CONFIG, "not_configured",
		    "a token endpoint without a client or user");
	buf_init(&b, BODY_MAX);
	form(a, &b, "grant_type", *refresh != '\0' ? "refresh_token" :
	    "client_credentials");
	form(a, &b, "refresh_token", refresh);
	form(a, &b, "client_id", account_str(acc, CONF_SMTP_CLIENT));
	form(a, &b, "client_secret", account_str(acc,
	    CONF_SMTP_CLIENT_SECRET));
	form(a, &b, "scope", account_str(acc, CONF_SMTP_SCOPE));
	*out = (struct out_request){ .kind = SEND_HTTP, .url = url,
	    .log_url = url, .method = "POST", .site_url = true,
	    .header = { "Content-Type: application/x-www-form-urlencoded",
	    "Accept: application/json" },
	    .body = arena_memdup(a, b.p, b.len), .body_len = b.len };
	buf_fini(&b);
	return 1;
}

/* One word of a refusal, of letters and _ only (RFC 6749 5.2). */
static void
refusal(const struct json *doc, const struct in_answer *in, struct err *e)
{
	const char *word = json_str(json_get(doc, "error"));

	if (word == NULL || *word == '\0' || strspn(word,
	    "abcdefghijklmnopqrstuvwxyz_") != strlen(word))
		word = "no_token";
	err_set(e, ERR_CONFIG, "token_refused", "status %ld: %.60s",
	    in->status, word);
}

int
smtp_token_read(const struct in_answer *in, struct arena *a,
    const char **token, int64_t *life_s, struct err *e)
{
	struct err none = ERR_INIT;
	struct json *doc = NULL;
	const char *text;
	int rc = -1;

	if (!in->complete)
		return err_set(e, ERR_UNAVAILABLE, "token_unreachable",
		    "the token endpoint did not answer");
	(void)!json_parse(in->body, in->body_len, JSON_PLAIN, 0, &doc, &none);
	text = json_str(json_get(doc, "access_token"));
	*life_s = LIFE_DEFAULT_S;
	(void)!json_int(json_get(doc, "expires_in"), life_s);
	if (in->status >= 500 || in->status == 429) {
		err_set(e, ERR_UNAVAILABLE, "token_unreachable",
		    "status %ld", in->status);
	} else if (in->status != 200 || text == NULL || *text == '\0' ||
	    text_has_crlf(text, strlen(text)) || *life_s <= 0) {
		refusal(doc, in, e);
	} else {
		*token = arena_strdup(a, text);
		rc = 0;
	}
	json_free(doc);
	return rc;
}
