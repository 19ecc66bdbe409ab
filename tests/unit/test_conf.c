/*
 * test_conf.c - settings: grammar, sources, types, messages.
 */
#include "base/conf.h"
#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static char dir[64], path[96], secret[96];

/* Settings of whoever runs the tests must not decide. */
static void
forget_environment(void)
{
#define CONF(id, key, type, def, min, max, help) unsetenv(key);
#define ALIAS(key, of) unsetenv(key);
#include "base/conf_rows.h"
#undef CONF
#undef ALIAS
}

static int
make_dir(void **state UNUSED)
{
	forget_environment();
	memcpy(dir, "/tmp/test_conf.XXXXXX", sizeof("/tmp/test_conf.XXXXXX"));
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/gatepost.env", dir);
	snprintf(secret, sizeof(secret), "%s/secret", dir);
	return 0;
}

static int
remove_dir(void **state UNUSED)
{
	unlink(path);
	unlink(secret);
	return rmdir(dir);
}

static void
put(const char *file, const char *text)
{
	struct err e = ERR_INIT;

	assert_int_equal(file_write(file, text, strlen(text), 0600, &e), 0);
}

static int
load(const char *text, struct err *e)
{
	put(path, text);
	err_clear(e);
	return conf_load(path, e);
}

static void
defaults_hold_before_any_load(void **state UNUSED)
{
	assert_string_equal(conf_str(CONF_PUBLIC_URL),
	    "https://localhost:8443");
	assert_int_equal(conf_int(CONF_DB_PORT), 3306);
	assert_true(conf_bool(CONF_LIMITS_LOOPBACK));
	assert_false(conf_bool(CONF_DB_UNSAFE_FLUSH));
}

static void
values_are_read_as_systemd_reads_them(void **state UNUSED)
{
	static const struct { const char *line, *want; } row[] = {
		{ "GATEPOST_SITE_NAME=x", "x" },
		{ "GATEPOST_SITE_NAME= a  b \t\r", "a  b" },
		{ "  GATEPOST_SITE_NAME = x", "x" },
		{ "export GATEPOST_SITE_NAME=x", "x" },
		{ "GATEPOST_SITE_NAME=\"a b \"", "a b " },
		{ "GATEPOST_SITE_NAME='a \"b\" \\n'", "a \"b\" \\n" },
		{ "GATEPOST_SITE_NAME=\"q\\\" s\\\\ d\\$ t\\` n\\n\"",
		    "q\" s\\ d$ t` n\\n" },
		{ "GATEPOST_SITE_NAME=\"one \\\ntwo\"", "one two" },
		{ "GATEPOST_SITE_NAME=one\\\ntwo", "onetwo" },
		{ "GATEPOST_SITE_NAME=a\\ b\\ ", "a b " },
		{ "GATEPOST_SITE_NAME=a#b # c", "a#b # c" },
		{ "GATEPOST_SITE_NAME=a\"b\"", "a\"b\"" },
		{ "GATEPOST_SITE_NAME=\n", "" },
		{ "# GATEPOST_SITE_NAME=no\n; x\n\n\t# y", "Gatepost" },
		{ "DJANGO_KEY=left=alone\nGATEPOST_SITE_NAME=x\n", "x" },
		{ "GATEPOST_SITE_NAME=\xd8\xb3", "\xd8\xb3" },
	};
	struct err e = ERR_INIT;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("row %zu: %s\n", i, row[i].line);
		if (load(row[i].line, &e) < 0)
			fail_msg("%s", e.detail);
		assert_string_equal(conf_str(CONF_SITE_NAME), row[i].want);
	}
}

static void
mistakes_name_the_file_and_line(void **state UNUSED)
{
	static const struct { const char *text, *says; } row[] = {
		{ "\n\nGATEPOST_DB_PORT=x", ":3: GATEPOST_DB_PORT: must be a "
		    "whole number from 1 to 65535" },
		{ "GATEPOST_DB_PORT=0", ":1: GATEPOST_DB_PORT: must" },
		{ "GATEPOST_DB_PORT=65536", ":1: GATEPOST_DB_PORT: must" },
		{ "GATEPOST_DB_PORT=3306 # mysql", ":1: GATEPOST_DB_PORT" },
		{ "# c\nGATEPOST_LIMITS_LOOPBACK=maybe",
		    ":2: GATEPOST_LIMITS_LOOPBACK: must be yes or no" },
		{ "GATEPOST_PUBLIC_URL=example.com",
		    ":1: GATEPOST_PUBLIC_URL: must be an http" },
		{ "GATEPOST_PUBLIC_URL=https://", ":1: GATEPOST_PUBLIC_URL" },
		{ "GATEPOST_PUBLIC_URL=https:///x", ":1: GATEPOST_PUBLIC_URL" },
		{ "GATEPOST_PUBLIC_URL='https://a b'",
		    ":1: GATEPOST_PUBLIC_URL" },
		{ "GATEPOST_KEY_DIR=keys", "must be an absolute path" },
		{ "GATEPOST_DB_NAME=", "must not be empty" },
		{ "GATEPOST_REGION=IRN", "too long" },
		{ "GATEPOST_REGION=I", "too short" },
		{ "GATEPOST_SITE_NAME='a\nb'", "must be one line" },
		{ "GATEPOST_SITE_NAME='a\x1b'", "holds bytes" },
		{ "GATEPOST_SITE_NAME='\xff'", "holds bytes" },
		{ "A=1\nGATEPOST_SITE_NMAE=x", ":2: GATEPOST_SITE_NMAE: no "
		    "such setting" },
		/* no _FILE form of what is no secret */
		{ "GATEPOST_SITE_NAME_FILE=/x", "no such setting" },
		{ "A='x\ny'\nGATEPOST_NOPE=1", ":3: GATEPOST_NOPE" },
		{ "A=x\\\ny\nGATEPOST_NOPE=1", ":3: GATEPOST_NOPE" },
		{ "nonsense", ":1: KEY=value expected" },
		{ "A=1\n=x", ":2: KEY=value expected" },
		{ "1A=x", ":1: KEY=value expected" },
		{ "A B=x", ":1: KEY=value expected" },
		{ "A=1\nB=\"x\nC=1\n", ":2: quote is never closed" },
		{ "A='x' y", ":1: something after the closing quote" },
		{ "GATEPOST_REGION=IR\nGATEPOST_REGION=DE",
		    ":2: GATEPOST_REGION: already set to another value at " },
		{ "KAVENEGAR_API=a\nKAVENEGAR_API_KEY=b",
		    ":2: KAVENEGAR_API_KEY: already set" },
	};
	struct err e = ERR_INIT;

	assert_int_equal(load("GATEPOST_SITE_NAME=before", &e), 0);
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("row %zu: %s\n", i, row[i].text);
		assert_int_equal(load(row[i].text, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		print_message("  %s\n", e.detail);
		assert_non_null(strstr(e.detail, row[i].says));
		assert_int_equal(strncmp(e.detail, path, strlen(path)), 0);
		/* A load that fails changes nothing. */
		assert_string_equal(conf_str(CONF_SITE_NAME), "before");
	}
	assert_int_equal(conf_load("/nonexistent/x.env", &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.detail, "/nonexistent/x.env"));
}

static void
a_nul_byte_is_refused(void **state UNUSED)
{
	struct err e = ERR_INIT;

	assert_int_equal(file_write(path, "A=1\0B=2", 7, 0600, &e), 0);
	assert_int_equal(conf_load(path, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
}

static void
numbers_words_and_urls_are_tidied(void **state UNUSED)
{
	static const struct { const char *word; bool v; } word[] = {
		{ "yes", true }, { "NO", false }, { "true", true },
		{ "False", false }, { "on", true }, { "off", false },
		{ "1", true }, { "0", false }, { "", true },
	};
	struct err e = ERR_INIT;
	char text[200];

	for (size_t i = 0; i < COUNT_OF(word); i++) {
		print_message("%s\n", word[i].word);
		snprintf(text, sizeof(text), "GATEPOST_LIMITS_LOOPBACK=%s",
		    word[i].word);
		assert_int_equal(load(text, &e), 0);
		assert_int_equal(conf_bool(CONF_LIMITS_LOOPBACK), word[i].v);
		assert_string_equal(conf_str(CONF_LIMITS_LOOPBACK),
		    word[i].v ? "yes" : "no");
	}
	assert_int_equal(load("GATEPOST_PUBLIC_URL=https://a.example/x//\n"
	    "EMAIL_PORT=\nGATEPOST_DB_PORT=0065\n", &e), 0);
	assert_string_equal(conf_str(CONF_PUBLIC_URL), "https://a.example/x");
	assert_int_equal(conf_int(CONF_SMTP_PORT), 587);
	assert_int_equal(conf_int(CONF_DB_PORT), 65);
}

static void
old_names_are_read(void **state UNUSED)
{
	struct err e = ERR_INIT;

	assert_int_equal(load("KAVENEGAR_API=k1", &e), 0);
	assert_string_equal(conf_str(CONF_KAVENEGAR_KEY), "k1");
	/* Both names are fine as long as they agree. */
	assert_int_equal(load("KAVENEGAR_API=k2\nKAVENEGAR_API_KEY=k2", &e),
	    0);
	assert_string_equal(conf_str(CONF_KAVENEGAR_KEY), "k2");
}

static void
secrets_come_from_files(void **state UNUSED)
{
	struct err e = ERR_INIT;
	char text[400];

	put(secret, "s3cret \r\n\n");
	snprintf(text, sizeof(text), "EMAIL_HOST_PASSWORD_FILE=%s\n"
	    "KAVENEGAR_API_FILE='%s'", secret, secret);
	assert_int_equal(load(text, &e), 0);
	assert_string_equal(conf_str(CONF_SMTP_PASSWORD), "s3cret ");
	assert_string_equal(conf_str(CONF_KAVENEGAR_KEY), "s3cret ");
	put(secret, "-----BEGIN X-----\nabc\n-----END X-----\n");
	snprintf(text, sizeof(text), "VAPID_PRIVATE_KEY_FILE=%s", secret);
	assert_int_equal(load(text, &e), 0);
	assert_string_equal(conf_str(CONF_VAPID_PRIVATE),
	    "-----BEGIN X-----\nabc\n-----END X-----");
	assert_int_equal(load("VAPID_PRIVATE_KEY=\"-----BEGIN X-----\nabc\n"
	    "-----END X-----\"\n", &e), 0);
	assert_string_equal(conf_str(CONF_VAPID_PRIVATE),
	    "-----BEGIN X-----\nabc\n-----END X-----");
	assert_int_equal(load("EMAIL_HOST_PASSWORD_FILE=/nonexistent/pw",
	    &e), -1);
	assert_non_null(strstr(e.detail, ":1: EMAIL_HOST_PASSWORD_FILE"));
	assert_non_null(strstr(e.detail, "/nonexistent/pw"));
}

static void
messages_hold_no_secret(void **state UNUSED)
{
	struct err e = ERR_INIT;
	char text[700];

	/* Too long, and set twice. */
	memcpy(text, "KAVENEGAR_API_KEY=hunter2", 25);
	memset(text + 25, 'x', 600);
	text[625] = '\0';
	assert_int_equal(load(text, &e), -1);
	assert_null(strstr(e.detail, "hunter2"));
	assert_int_equal(load("EMAIL_HOST_PASSWORD=hunter2\n"
	    "EMAIL_HOST_PASSWORD=hunter3\n", &e), -1);
	assert_null(strstr(e.detail, "hunter"));
}

static void
the_environment_wins(void **state UNUSED)
{
	struct err e = ERR_INIT;

	put(secret, "from a file\n");
	setenv("GATEPOST_SITE_NAME", "env", 1);
	setenv("KAVENEGAR_API", "old name", 1);
	setenv("EMAIL_HOST_PASSWORD_FILE", secret, 1);
	setenv("GATEPOST_DB_SOCKET", "", 1);
	/* Not ours to refuse: a test's own variable. */
	setenv("GATEPOST_ADMIN_TOKEN", "x", 1);
	assert_int_equal(load("GATEPOST_SITE_NAME=file\nKAVENEGAR_API_KEY=k\n"
	    "EMAIL_HOST_PASSWORD=p\n", &e), 0);
	assert_string_equal(conf_str(CONF_SITE_NAME), "env");
	assert_string_equal(conf_str(CONF_KAVENEGAR_KEY), "old name");
	assert_string_equal(conf_str(CONF_SMTP_PASSWORD), "from a file");
	assert_string_equal(conf_str(CONF_DB_SOCKET), "");
	assert_int_equal(conf_load(NULL, &e), 0);
	assert_string_equal(conf_str(CONF_SITE_NAME), "env");
	setenv("GATEPOST_DB_PORT", "none", 1);
	assert_int_equal(conf_load(NULL, &e), -1);
	assert_non_null(strstr(e.detail, "environment: GATEPOST_DB_PORT"));
	unsetenv("GATEPOST_DB_PORT");
	unsetenv("GATEPOST_SITE_NAME");
	unsetenv("KAVENEGAR_API");
	unsetenv("EMAIL_HOST_PASSWORD_FILE");
	unsetenv("GATEPOST_DB_SOCKET");
	unsetenv("GATEPOST_ADMIN_TOKEN");
}

static void
a_second_load_replaces_all_and_breaks_nothing(void **state UNUSED)
{
	struct err e = ERR_INIT;
	const char *first;

	assert_int_equal(load("GATEPOST_SITE_NAME=first\n"
	    "GATEPOST_DB_PORT=1\n", &e), 0);
	first = conf_str(CONF_SITE_NAME);
	assert_int_equal(load("GATEPOST_SITE_NAME=second", &e), 0);
	assert_string_equal(conf_str(CONF_SITE_NAME), "second");
	assert_int_equal(conf_int(CONF_DB_PORT), 3306);
	assert_string_equal(first, "first");
}

static void
lists_are_searched_by_item(void **state UNUSED)
{
	static const struct { const char *item; bool has; } row[] = {
		{ "+98", true }, { "+1", true }, { "+4", false },
		{ "+44", true }, { "", false }, { ",", false }, { "+98 ",
		    false }, { "A.b", true },
	};
	struct err e = ERR_INIT;

	assert_int_equal(conf_set("GATEPOST_SMS_PREFIXES",
	    "+98, +1 ,,+44,a.B", &e), 0);
	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("%s\n", row[i].item);
		assert_int_equal(conf_list_has(CONF_SMS_PREFIXES,
		    row[i].item), row[i].has);
	}
	assert_int_equal(conf_set("GATEPOST_SMS_PREFIXES", "", &e), 0);
	assert_false(conf_list_has(CONF_SMS_PREFIXES, "+98"));
	assert_int_equal(conf_set("GATEPOST_NOPE", "", &e), -1);
	assert_int_equal(conf_set("GATEPOST_DB_PORT", "x", &e), -1);
	assert_int_equal(conf_set("KAVENEGAR_API", "y", &e), 0);
	assert_string_equal(conf_str(CONF_KAVENEGAR_KEY), "y");
}

#define OIDC(name, issuer) "GATEPOST_OIDC1_NAME=" name "\n" \
	"GATEPOST_OIDC1_ISSUER=" issuer "\nGATEPOST_OIDC1_CLIENT_ID=x"

/* Start from a sound set, change some, look for the finding. */
static void
unsafe_settings_are_found(void **state UNUSED)
{
	static const struct { const char *text, *finding; } row[] = {
		{ "", NULL },
		{ "GATEPOST_PUBLIC_URL=http://a.example",
		    "GATEPOST_PUBLIC_URL: " },
		{ "GATEPOST_LOG_LEVEL=loud", "GATEPOST_LOG_LEVEL: " },
		{ "GATEPOST_PASSWORD_RULE=none", "GATEPOST_PASSWORD_RULE: " },
		{ "GATEPOST_SMTP_TLS=none", "GATEPOST_SMTP_TLS: " },
		{ "EMAIL_PORT=465", "GATEPOST_SMTP_TLS: " },
		{ "EMAIL_PORT=465\nGATEPOST_SMTP_TLS=implicit", NULL },
		{ "EMAIL_HOST_USER=u", "EMAIL_HOST_PASSWORD: " },
		{ "EMAIL_HOST=h", "DEFAULT_FROM_EMAIL: " },
		{ "DEFAULT_FROM_EMAIL=nobody", "DEFAULT_FROM_EMAIL: " },
		{ "EMAIL_HOST=h\nDEFAULT_FROM_EMAIL=A <a@b.co>", NULL },
		{ "VAPID_SUBJECT=me", "VAPID_SUBJECT: " },
		{ "VAPID_PUBLIC_KEY=x", "VAPID_PRIVATE_KEY: " },
		{ "GATEPOST_SESSION_IDLE_S=7776000\n"
		    "GATEPOST_SESSION_MAX_S=3600",
		    "GATEPOST_SESSION_IDLE_S: " },
		{ "GATEPOST_WORKER_LEASE_S=15", "GATEPOST_WORKER_LEASE_S: " },
		{ "GATEPOST_DB_SOCKET=", "GATEPOST_DB_API_PASSWORD: " },
		{ "GATEPOST_DB_SOCKET=\nGATEPOST_DB_HOST=db.example\n"
		    "GATEPOST_DB_API_PASSWORD=a\nGATEPOST_DB_CTL_PASSWORD=a\n"
		    "GATEPOST_DB_LIVE_PASSWORD=a\n"
		    "GATEPOST_DB_WORKER_PASSWORD=a\n",
		    "GATEPOST_DB_TLS_CA: " },
		{ "GATEPOST_DB_SOCKET=\nGATEPOST_DB_HOST=127.0.0.1\n"
		    "GATEPOST_DB_API_PASSWORD=a\nGATEPOST_DB_CTL_PASSWORD=a\n"
		    "GATEPOST_DB_LIVE_PASSWORD=a\n"
		    "GATEPOST_DB_WORKER_PASSWORD=a\n", NULL },
		{ "GATEPOST_REGION=ir", "GATEPOST_REGION: " },
		{ "GATEPOST_SMS_PREFIXES=*", NULL },
		{ "GATEPOST_SMS_PREFIXES=+98,0098",
		    "GATEPOST_SMS_PREFIXES: " },
		{ "GATEPOST_CORS_ORIGINS=https://a.example, "
		    "https://b.example:8443", NULL },
		{ "GATEPOST_CORS_ORIGINS=*", "GATEPOST_CORS_ORIGINS: " },
		{ "GATEPOST_CORS_ORIGINS=https://a.example/",
		    "GATEPOST_CORS_ORIGINS: " },
		{ "GATEPOST_CSRF_ORIGINS=https://a.example,http://b.example",
		    "GATEPOST_CSRF_ORIGINS: " },
		{ "GOOGLE_CLIENT_ID=x", "GOOGLE_CLIENT_SECRET: " },
		{ "GATEPOST_OIDC1_NAME=a", "GATEPOST_OIDC1_ISSUER: " },
		{ OIDC("a", "https://a.example"), NULL },
		{ OIDC("A b", "https://a.example"), "GATEPOST_OIDC1_NAME: " },
		{ OIDC("google", "https://a.example"),
		    "GATEPOST_OIDC1_NAME: " },
		{ OIDC("a", "https://a.example") "\nGATEPOST_OIDC2_NAME=a\n"
		    "GATEPOST_OIDC2_ISSUER=https://b.example\n"
		    "GATEPOST_OIDC2_CLIENT_ID=x", "GATEPOST_OIDC2_NAME: " },
		{ OIDC("a", "https://a.example/.well-known/"
		    "openid-configuration"), "GATEPOST_OIDC1_ISSUER: " },
		{ OIDC("a", "https://a.example") "\nGATEPOST_OIDC1_SCOPES="
		    "openidx email", "GATEPOST_OIDC1_SCOPES: " },
		{ "GATEPOST_KEY_DIR=/nonexistent/keys",
		    "GATEPOST_KEY_DIR: " },
		{ "GATEPOST_KEY_DIR=/dev/null", "GATEPOST_KEY_DIR: " },
		{ "GATEPOST_KEY_DIR=/tmp", "GATEPOST_KEY_DIR: " },
	};
	struct err e = ERR_INIT;
	char text[600];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct buf b;
		int n;

		print_message("row %zu: %s\n", i, row[i].text);
		snprintf(text, sizeof(text), "%s%s\n%s", strstr(row[i].text,
		    "KEY_DIR") == NULL ? "GATEPOST_KEY_DIR=" : "A=", dir,
		    row[i].text);
		if (load(text, &e) < 0)
			fail_msg("%s", e.detail);
		buf_init(&b, 10000);
		n = conf_check(&b);
		print_message("%s", buf_text(&b));
		if (row[i].finding == NULL) {
			assert_int_equal(n, 0);
			assert_int_equal(b.len, 0);
		} else {
			size_t lines = 0;

			assert_true(n >= 1);
			assert_int_equal(strncmp(buf_text(&b), row[i].finding,
			    strlen(row[i].finding)), 0);
			for (size_t k = 0; k < b.len; k++)
				lines += b.p[k] == '\n';
			assert_int_equal(lines, n);
		}
		buf_fini(&b);
	}
}

static void
a_readable_settings_file_is_found(void **state UNUSED)
{
	struct err e = ERR_INIT;
	char text[200];
	struct buf b;

	snprintf(text, sizeof(text), "GATEPOST_KEY_DIR=%s\n", dir);
	put(path, text);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(conf_load(path, &e), 0);
	buf_init(&b, 1000);
	assert_int_equal(conf_check(&b), 1);
	assert_non_null(strstr(buf_text(&b), "chmod 0640"));
	buf_fini(&b);
}

/* Every row is in the sample; without the # it loads, and changes nothing. */
static void
the_sample_is_complete_and_loads(void **state UNUSED)
{
	static const char *const key[] = {
#define CONF(id, key, type, def, min, max, help) "\n#" key "=" def "\n",
#define ALIAS(key, of) "old name " key ".\n",
#include "base/conf_rows.h"
#undef CONF
#undef ALIAS
	};
	struct err e = ERR_INIT;
	struct buf b;
	char *p;

	buf_init(&b, 1 << 20);
	conf_sample(&b);
	assert_false(b.over);
	for (size_t i = 0; i < COUNT_OF(key); i++)
		if (strstr(b.p, key[i]) == NULL)
			fail_msg("absent: %s", key[i]);
	for (p = b.p; (p = strchr(p, '\n')) != NULL; p++)
		if (p[1] == '#' && p[2] != ' ')
			p[1] = ' ';
	if (load(b.p, &e) < 0)
		fail_msg("%s", e.detail);
	assert_int_equal(conf_int(CONF_ACCESS_LIFE_S), 900);
	assert_true(conf_list_has(CONF_PUSH_HOSTS, "web.push.apple.com"));
	buf_fini(&b);
}

static void
comments_of_the_sample_fit_a_screen(void **state UNUSED)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	conf_sample(&b);
	for (char *p = b.p, *end; (end = strchr(p, '\n')) != NULL; p = end + 1)
		if (p[0] == '#' && p[1] == ' ')
			assert_true(end - p <= 80);
	buf_fini(&b);
}

static bool
keeps_google(enum conf_key k)
{
	return k == CONF_GOOGLE_SECRET;
}

/* The text itself is gone, wherever it stood: in the values of every load and
 * in the environment. */
static void
h6_secrets_that_are_dropped_are_wiped(void **state UNUSED)
{
	struct err e = ERR_INIT;
	const char *older, *newer, *variable;

	assert_int_equal(setenv("FACEBOOK_APP_SECRET", "planted-one", 1), 0);
	assert_int_equal(setenv("GOOGLE_CLIENT_SECRET", "planted-two", 1), 0);
	assert_return_code(conf_load(NULL, &e), 0);
	older = conf_str(CONF_FACEBOOK_SECRET);
	assert_return_code(conf_load(NULL, &e), 0);
	newer = conf_str(CONF_FACEBOOK_SECRET);
	variable = getenv("FACEBOOK_APP_SECRET");
	assert_string_equal(older, "planted-one");
	conf_drop_secrets(keeps_google);
	assert_string_equal(conf_str(CONF_FACEBOOK_SECRET), CONF_DROPPED);
	for (size_t i = 0; i < 11; i++)
		assert_true(older[i] == '\0' && newer[i] == '\0' &&
		    variable[i] == '\0');
	/* What is kept stays, and what was not set is not set. */
	assert_string_equal(conf_str(CONF_GOOGLE_SECRET), "planted-two");
	assert_string_equal(getenv("GOOGLE_CLIENT_SECRET"), "planted-two");
	assert_string_equal(conf_str(CONF_OIDC1_SECRET), "");
	unsetenv("FACEBOOK_APP_SECRET");
	unsetenv("GOOGLE_CLIENT_SECRET");
	assert_return_code(conf_load(NULL, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold_before_any_load),
		cmocka_unit_test(values_are_read_as_systemd_reads_them),
		cmocka_unit_test(mistakes_name_the_file_and_line),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(numbers_words_and_urls_are_tidied),
		cmocka_unit_test(old_names_are_read),
		cmocka_unit_test(secrets_come_from_files),
		cmocka_unit_test(messages_hold_no_secret),
		cmocka_unit_test(the_environment_wins),
		cmocka_unit_test(a_second_load_replaces_all_and_breaks_nothing),
		cmocka_unit_test(lists_are_searched_by_item),
		cmocka_unit_test(unsafe_settings_are_found),
		cmocka_unit_test(a_readable_settings_file_is_found),
		cmocka_unit_test(the_sample_is_complete_and_loads),
		cmocka_unit_test(comments_of_the_sample_fit_a_screen),
		cmocka_unit_test(h6_secrets_that_are_dropped_are_wiped),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
