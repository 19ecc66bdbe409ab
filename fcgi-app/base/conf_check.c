/*
 * conf_check.c - what one row cannot say: words a text may be, settings that
 * need each other, files and modes.  Every finding says how to mend it.
 */
#include "base/conf_parts.h"
#include "base/mail.h"
#include "base/text.h"

#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct check {
	struct buf	*report;
	int		 found;
};

/* Texts that are one of a few words. */
static const struct { enum conf_key k; const char *words[5]; } choice[] = {
	{ CONF_LOG_LEVEL, { "debug", "info", "warn", "error", NULL } },
	{ CONF_PASSWORD_RULE, { "classes", "length", NULL } },
	{ CONF_SMS_POW, { "off", "auto", "always", NULL } },
	{ CONF_POLICY, { "", "l3", NULL } },
	{ CONF_ARTICLE_TELL, { "readers", "author", NULL } },
	{ CONF_USER_SEND, { "all", "proved", "none", NULL } },
	{ CONF_SMTP_TLS, { "starttls", "implicit", NULL } },
	{ CONF_SMTP_PRESET, { "", "gmail", "workspace", "office365", NULL } },
};

/* The first must not pass the second. */
static const struct { enum conf_key least, most; const char *why; } order[] = {
	{ CONF_ACCESS_LIFE_S, CONF_SESSION_IDLE_S,
	    "an access token would outlive its idle session" },
	{ CONF_SESSION_IDLE_S, CONF_SESSION_MAX_S,
	    "the idle time would never end a session" },
	{ CONF_REFRESH_GRACE_S, CONF_ACCESS_LIFE_S,
	    "a rotated refresh token would outlive its access token" },
};

/* If the first is set, the second is needed. */
static const struct { enum conf_key when, need; } pair[] = {
	{ CONF_SMTP_TOKEN_URL, CONF_SMTP_CLIENT },
	{ CONF_SMTP_TOKEN_URL, CONF_SMTP_USER },
	{ CONF_SMTP_TOKEN, CONF_SMTP_USER },
	{ CONF_SMTP_PRESET, CONF_SMTP_FROM },
	{ CONF_SMTP_HOST, CONF_SMTP_FROM },
	{ CONF_VAPID_PUBLIC, CONF_VAPID_PRIVATE },
	{ CONF_WHATSAPP_NUMBER, CONF_WHATSAPP_TOKEN },
	{ CONF_WHATSAPP_VERIFY, CONF_WHATSAPP_SECRET },
	{ CONF_TWILIO_SID, CONF_TWILIO_TOKEN },
	{ CONF_TWILIO_KEY, CONF_TWILIO_KEY_SECRET },
	{ CONF_GOOGLE_ID, CONF_GOOGLE_SECRET },
	{ CONF_FACEBOOK_ID, CONF_FACEBOOK_SECRET },
	{ CONF_OIDC1_NAME, CONF_OIDC1_ISSUER },
	{ CONF_OIDC1_NAME, CONF_OIDC1_ID },
	{ CONF_OIDC2_NAME, CONF_OIDC2_ISSUER },
	{ CONF_OIDC2_NAME, CONF_OIDC2_ID },
	{ CONF_OIDC3_NAME, CONF_OIDC3_ISSUER },
	{ CONF_OIDC3_NAME, CONF_OIDC3_ID },
	{ CONF_OIDC4_NAME, CONF_OIDC4_ISSUER },
	{ CONF_OIDC4_NAME, CONF_OIDC4_ID },
};

/* Of database users that connect over TCP. */
static const enum conf_key db_password[] = { CONF_DB_API_PASSWORD,
	CONF_DB_LIVE_PASSWORD, CONF_DB_WORKER_PASSWORD, CONF_DB_CTL_PASSWORD };

static bool
is_set(enum conf_key k)
{
	return conf_str(k)[0] != '\0';
}

static void
finding(struct check *c, enum conf_key k, const char *what, const char *mend)
{
	buf_printf(c->report, "%s: %s: %s\n", conf_name(k), what, mend);
	c->found++;
}

static void
check_words(struct check *c)
{
	for (size_t i = 0; i < COUNT_OF(choice); i++) {
		char words[80] = "";
		bool known = false;

		for (const char *const *w = choice[i].words; *w != NULL; w++) {
			size_t n = strlen(words);

			known |= strcmp(conf_str(choice[i].k), *w) == 0;
			snprintf(words + n, sizeof(words) - n, "%s%s",
			    n == 0 ? "" : ", ", *w);
		}
		if (!known)
			finding(c, choice[i].k, "unknown word", words);
	}
}

static void
check_order(struct check *c)
{
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		char mend[120];

		if (conf_int(order[i].least) <= conf_int(order[i].most))
			continue;
		snprintf(mend, sizeof(mend), "set it to at most %s (%" PRId64
		    ")", conf_name(order[i].most), conf_int(order[i].most));
		finding(c, order[i].least, order[i].why, mend);
	}
	if (conf_int(CONF_WORKER_LEASE_S) * 1000 <=
	    conf_int(CONF_PROVIDER_TIMEOUT_MS))
		finding(c, CONF_WORKER_LEASE_S,
		    "a job's lease would end while its provider may answer",
		    "make it longer than GATEPOST_PROVIDER_TIMEOUT_MS");
}

static void
check_pairs(struct check *c)
{
	for (size_t i = 0; i < COUNT_OF(pair); i++) {
		char what[120];

		if (!is_set(pair[i].when) || is_set(pair[i].need))
			continue;
		snprintf(what, sizeof(what), "needed because %s is set",
		    conf_name(pair[i].when));
		finding(c, pair[i].need, what, "set it");
	}
}

static bool
is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 ||
	    strcmp(host, "::1") == 0 || text_starts(host, "127.");
}

static void
check_database(struct check *c)
{
	if (is_set(CONF_DB_SOCKET))
		return;
	for (size_t i = 0; i < COUNT_OF(db_password); i++)
		if (!is_set(db_password[i]))
			finding(c, db_password[i],
			    "needed because GATEPOST_DB_SOCKET is empty",
			    "set it, or use the socket");
	if (!is_loopback(conf_str(CONF_DB_HOST)) && !is_set(CONF_DB_TLS_CA))
		finding(c, CONF_DB_TLS_CA,
		    "the database is on another host and its certificate "
		    "would not be verified", "name the CA file");
}

/* https://host[:port] and nothing behind it; "*" is no origin. */
static void
check_origins(struct check *c, enum conf_key k)
{
	const char *s = conf_str(k);

	while (*s != '\0') {
		size_t n = strcspn(s, ","), lead;
		char origin[300];

		lead = strspn(s, " ");
		lead = lead < n ? lead : n;
		snprintf(origin, sizeof(origin), "%.*s", (int)(n - lead),
		    s + lead);
		while (text_ends(origin, " "))
			origin[strlen(origin) - 1] = '\0';
		if (!text_starts(origin, "https://") ||
		    strchr(origin + 8, '/') != NULL || origin[8] == '\0')
			finding(c, k, "an item is no https origin",
			    "write https://host or https://host:port, without "
			    "a path");
		s += n + (s[n] == ',');
	}
}

/* Host, or host:port. */
static void
check_sites(struct check *c)
{
	const char *s = conf_str(CONF_SITES);

	while (*s != '\0') {
		size_t n;

		s += strspn(s, " ,");
		n = strcspn(s, " ,");
		if (n > 0 && strspn(s, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") < n)
			finding(c, CONF_SITES, "an item is no host name",
			    "write host or host:port, without https:// and "
			    "without a path");
		s += n;
	}
}

static void
check_prefixes(struct check *c)
{
	const char *s = conf_str(CONF_SMS_PREFIXES);

	if (conf_list_has(CONF_SMS_PREFIXES, "*"))
		return;
	while (*s != '\0') {
		size_t n, d;

		s += strspn(s, " ,");
		if (*s == '\0')
			break;
		n = strcspn(s, " ,");
		d = *s == '+' ? strspn(s + 1, "0123456789") : 0;
		if (d == 0 || d + 1 != n)
			finding(c, CONF_SMS_PREFIXES,
			    "an item is no E.164 prefix",
			    "write + and digits, such as +98");
		s += n;
	}
}

static void
check_files(struct check *c)
{
	const char *dir = conf_str(CONF_KEY_DIR), *source;
	struct stat st;
	unsigned mode;

	if (stat(dir, &st) != 0)
		finding(c, CONF_KEY_DIR, "cannot be read",
		    "gatepostctl keys generate");
	else if (!S_ISDIR(st.st_mode))
		finding(c, CONF_KEY_DIR, "is no directory",
		    "name the directory of the key files");
	else if ((st.st_mode & 027) != 0)
		finding(c, CONF_KEY_DIR, "others can reach the keys",
		    "chmod 0750 it, or 0700");
	source = conf_source(&mode);
	if (source == NULL || (mode & 006) == 0)
		return;
	buf_printf(c->report, "%s: every user can read or write it: chmod "
	    "0640 it\n", source);
	c->found++;
}

static void
check_mail(struct check *c)
{
	bool implicit = strcmp(conf_str(CONF_SMTP_TLS), "implicit") == 0;

	static const enum conf_key list[] = { CONF_MAIL_BLOCKED_FILE,
		CONF_MAIL_BLOCKED_MX_FILE };

	for (size_t i = 0; i < COUNT_OF(list); i++)
		if (is_set(list[i]) && access(conf_str(list[i]), R_OK) != 0)
			finding(c, list[i], "cannot be read",
			    "make it, or leave the setting empty");
	if (conf_int(CONF_SMTP_PORT) == 465 && !implicit)
		finding(c, CONF_SMTP_TLS, "port 465 speaks TLS from the start",
		    "set it to implicit");
	if (conf_int(CONF_SMTP_PORT) == 587 && implicit)
		finding(c, CONF_SMTP_TLS, "port 587 begins without TLS",
		    "set it to starttls");
	if (is_set(CONF_SMTP_USER) && !is_set(CONF_SMTP_PASSWORD) &&
	    !is_set(CONF_SMTP_TOKEN) && !is_set(CONF_SMTP_TOKEN_URL))
		finding(c, CONF_SMTP_PASSWORD, "is empty and EMAIL_HOST_USER "
		    "is set", "set it, or a token");
	if (is_set(CONF_BOUNCE_ADDRESS) && (!mail_parse(
	    conf_str(CONF_BOUNCE_ADDRESS), NULL, NULL) ||
	    strcspn(conf_str(CONF_BOUNCE_ADDRESS), "+@") > 12 ||
	    strchr(conf_str(CONF_BOUNCE_ADDRESS), '+') != NULL))
		finding(c, CONF_BOUNCE_ADDRESS, "is no plain address",
		    "write one with at most 12 characters before the @");
	if (is_set(CONF_SMTP_FROM) &&
	    strchr(conf_str(CONF_SMTP_FROM), '@') == NULL)
		finding(c, CONF_SMTP_FROM, "holds no address",
		    "write address, or Name <address>");
	if (is_set(CONF_VAPID_SUBJECT) &&
	    !text_starts(conf_str(CONF_VAPID_SUBJECT), "mailto:") &&
	    !text_starts(conf_str(CONF_VAPID_SUBJECT), "https:"))
		finding(c, CONF_VAPID_SUBJECT, "is no contact",
		    "write mailto:address or an https URL");
}

/* Pairs of capitals with something between. */
static bool
are_countries(const char *s, const char *between)
{
	while (*s != '\0') {
		if (s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' ||
		    (s[2] != '\0' && strchr(between, s[2]) == NULL))
			return false;
		s += 2;
		s += strspn(s, between);
	}
	return true;
}

static void
check_countries(struct check *c)
{
	const char *unknown = conf_str(CONF_COUNTRY_UNKNOWN);

	for (int k = CONF_COUNTRY_ALLOW; k <= CONF_COUNTRY_DENY; k++)
		if (!are_countries(conf_str((enum conf_key)k), ", "))
			finding(c, (enum conf_key)k, "is no list of countries",
			    "write capitals, such as IR,DE");
	if (strcmp(unknown, "allow") != 0 && strcmp(unknown, "deny") != 0)
		finding(c, CONF_COUNTRY_UNKNOWN, "is neither",
		    "write allow or deny");
	for (const char *p = conf_str(CONF_COUNTRY_ROUTES); *p != '\0';) {
		size_t n = strcspn(p, ", ");
		const char *eq = memchr(p, '=', n);
		char list[512];

		if (eq != NULL)
			snprintf(list, sizeof(list), "%.*s",
			    (int)(n - (size_t)(eq - p)) - 1, eq + 1);
		if (*p != '/' || eq == NULL || list[0] == '\0' ||
		    !are_countries(list + (list[0] == '!'), "+")) {
			finding(c, CONF_COUNTRY_ROUTES, "holds no rule",
			    "write /prefix/=IR+DE or /prefix/=!RU");
			break;
		}
		p += n;
		p += strspn(p, ", ");
	}
}

/* Names are part of our addresses, and of the one registered there. */
static void
check_social(struct check *c)
{
	static const enum conf_key row[][3] = {
		{ CONF_OIDC1_NAME, CONF_OIDC1_ISSUER, CONF_OIDC1_SCOPES },
		{ CONF_OIDC2_NAME, CONF_OIDC2_ISSUER, CONF_OIDC2_SCOPES },
		{ CONF_OIDC3_NAME, CONF_OIDC3_ISSUER, CONF_OIDC3_SCOPES },
		{ CONF_OIDC4_NAME, CONF_OIDC4_ISSUER, CONF_OIDC4_SCOPES },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		const char *name = conf_str(row[i][0]), *scopes;
		bool taken = strcmp(name, "google") == 0 ||
		    strcmp(name, "facebook") == 0;

		if (*name == '\0')
			continue;
		for (size_t k = 0; k < i; k++)
			taken |= strcmp(name, conf_str(row[k][0])) == 0;
		if (taken)
			finding(c, row[i][0], "is another provider's name",
			    "choose one that is free");
		if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")]
		    != '\0')
			finding(c, row[i][0], "is no name for an address",
			    "write a-z, 0-9 and -");
		if (strstr(conf_str(row[i][1]), "/.well-known/") != NULL)
			finding(c, row[i][1], "is a document's address",
			    "write the issuer: what stands before "
			    "/.well-known/");
		scopes = strstr(conf_str(row[i][2]), "openid");
		if (scopes == NULL || (scopes[6] != ' ' && scopes[6] != '\0'))
			finding(c, row[i][2], "lacks openid",
			    "begin it with openid");
	}
}

/* WHAT:CHANNEL/hour=N: deliver/hold reads them. */
static bool
is_cap(const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n), *end = p + n, *slash;

	slash = colon == NULL ? NULL : memchr(colon, '/',
	    (size_t)(end - colon));
	if (slash == NULL || colon == p || slash - colon < 2 ||
	    colon - p > 64)
		return false;
	if (text_starts(slash, "/hour="))
		p = slash + 6;
	else if (text_starts(slash, "/day="))
		p = slash + 5;
	else
		return false;
	n = strspn(p, "0123456789");
	return n > 0 && n < 7 && p + n == end && strspn(p, "0") < n;
}

static void
check_caps(struct check *c)
{
	const char *p = conf_str(CONF_CAPS);

	while (*p != '\0') {
		size_t n = strcspn(p, ", ");

		if (n > 0 && !is_cap(p, n)) {
			finding(c, CONF_CAPS, "holds no rule",
			    "write campaign:email/day=2 or *:*/hour=10");
			break;
		}
		p += n;
		p += strspn(p, ", ");
	}
}

int
conf_check(struct buf *report)
{
	const char *region = conf_str(CONF_REGION);
	struct check c = { .report = report };

	if (!text_starts(conf_str(CONF_PUBLIC_URL), "https://"))
		finding(&c, CONF_PUBLIC_URL,
		    "browsers keep our cookies over https only",
		    "write https://…");
	if (region[0] < 'A' || region[0] > 'Z' || region[1] < 'A' ||
	    region[1] > 'Z')
		finding(&c, CONF_REGION, "is no country",
		    "write two capital letters, such as IR");
	check_words(&c);
	check_order(&c);
	check_pairs(&c);
	check_database(&c);
	check_origins(&c, CONF_ORIGINS);
	check_origins(&c, CONF_CORS_ORIGINS);
	check_origins(&c, CONF_RETURN_ORIGINS);
	check_sites(&c);
	check_prefixes(&c);
	check_files(&c);
	check_mail(&c);
	check_countries(&c);
	check_social(&c);
	check_caps(&c);
	return c.found;
}
