/*
 * test_channel_texts.c - our own messages: every text in every language, and
 * nothing a value holds becomes markup.
 */
#include "channel_case.h"
#include "channel/texts.h"

static const char *const templates[] = { "code", "signin", "confirm_email", "taken", "password_changed",
	"number_changed", "reset_done", "refresh_reuse", "email_changed",
	"number_undo", "email_undo", "number_added", "email_added", "factors_reset", "change_undone", "new_signin", "account_closing",
	"identity_linked", "identity_unlinked", "provider_test",
	"account_restored", "impersonated", "reset_begun", "mfa_on", "mfa_off",
	"recovery_used", "recovery_new" };
static const char *const purposes[] = { "register", "login", "reset", "phone",
	"email", "mfa", "reauth" };
static const char *const locales[] = { "en", "fa" };
static const char evil[] = "<script>\\\"'&{code}";

static struct rendered
render(const char *template, const char *purpose, const char *locale,
    const char *site, const char *channel)
{
	struct json *content = cc_json(arena_printf(cc.a, "{\"template\":"
	    "\"%s\",\"purpose\":\"%s\",\"locale\":\"%s\",\"minutes\":5,"
	    "\"site\":\"%s\",\"detail\":\"d\"}", template, purpose, locale,
	    site));
	struct json *secret = cc_json("{\"code\":\"428571\"}");
	struct message m = cc_message("code", "", content, secret);
	struct err e = ERR_INIT;
	struct rendered r;

	if (channel_render(cc.a, &m, channel, &r, &e) < 0)
		fail_msg("%s %s: %s", template, locale, e.detail);
	json_free(secret);
	json_free(content);
	return r;
}

static void
s73_every_template_has_a_row_for_each_language(void **state UNUSED)
{
	for (size_t t = 0; t < COUNT_OF(templates); t++)
		for (size_t l = 0; l < COUNT_OF(locales); l++) {
			const struct text_row *row = text_find(templates[t],
			    locales[l]);

			print_message("%s %s\n", templates[t], locales[l]);
			assert_non_null(row);
			assert_string_equal(row->template, templates[t]);
			/* English, where there is none, would pass by. */
			assert_string_equal(row->locale, locales[l]);
			assert_true(*row->subject && *row->text &&
			    *row->heading && *row->body);
			/* A place to go to has a word to press. */
			assert_true(row->page == NULL ||
			    (row->button != NULL && *row->button != '\0'));
		}
	/* And none besides, that this list does not know. */
	assert_int_equal(text_rows_count,
	    COUNT_OF(templates) * COUNT_OF(locales));
}

static void
s73_every_purpose_has_words_in_each_language(void **state UNUSED)
{
	for (size_t i = 0; i < COUNT_OF(purposes); i++)
		for (size_t l = 0; l < COUNT_OF(locales); l++) {
			size_t found = 0;

			print_message("%s %s\n", purposes[i], locales[l]);
			for (size_t k = 0; k < purpose_rows_count; k++)
				found += strcmp(purpose_rows[k].purpose,
				    purposes[i]) == 0 &&
				    strcmp(purpose_rows[k].locale,
				    locales[l]) == 0 &&
				    *purpose_rows[k].text == ' ';
			assert_int_equal(found, 1);
		}
	assert_int_equal(purpose_rows_count,
	    COUNT_OF(purposes) * COUNT_OF(locales));
}

/* No slot is left unfilled, and all is UTF-8 without controls. */
static void
is_whole(const char *s)
{
	assert_non_null(s);
	assert_true(*s != '\0' && utf8_valid(s, strlen(s)));
	assert_false(text_has_control(s));
	assert_null(strchr(s, '{'));
	assert_null(strchr(s, '}'));
}

static void
every_message_renders_whole(void **state UNUSED)
{
	for (size_t t = 0; t < COUNT_OF(templates); t++)
		for (size_t i = 0; i < COUNT_OF(purposes); i++)
			for (size_t l = 0; l < COUNT_OF(locales); l++) {
				struct rendered r = render(templates[t],
				    purposes[i], locales[l], "Gatepost",
				    "email");

				is_whole(r.text);
				is_whole(r.subject);
				is_whole(strstr(r.html, "<body"));
				assert_non_null(strstr(r.text, "Gatepost"));
				assert_non_null(strstr(r.subject, "Gatepost"));
				assert_false(text_has_crlf(r.subject,
				    strlen(r.subject)));
				assert_int_equal(strstr(r.text, "428571") !=
				    NULL, t <= 1);
				assert_int_equal(strstr(r.html, "428571") !=
				    NULL, t <= 1);
				assert_int_equal(strstr(r.text, l == 0 ? "5" :
				    "\xdb\xb5") != NULL, t <= 1);
			}
}

static void
an_sms_has_text_only(void **state UNUSED)
{
	struct rendered r = render("code", "login", "en", "Gatepost", "sms");

	assert_string_equal(r.text, "428571 is your Gatepost code to sign in. "
	    "It is good for 5 minutes.");
	assert_null(r.subject);
	assert_null(r.html);
}

static void
an_english_code_is_one_sms_with_the_longest_site_name(void **state UNUSED)
{
	char site[61];

	/* 60 characters are what GATEPOST_SITE_NAME takes. */
	memset(site, 'W', 60);
	site[60] = '\0';
	for (size_t i = 0; i < COUNT_OF(purposes); i++) {
		struct rendered r = render("code", purposes[i], "en", site,
		    "sms");

		/* GSM 03.38's basic alphabet, 160 a part; no character of
		 * its extension, which would count twice. */
		print_message("%zu: %s\n", strlen(r.text), r.text);
		assert_true(strlen(r.text) <= 160);
		assert_null(strpbrk(r.text, "[]{}\\^~|`\t"));
		assert_int_equal(utf8_count(r.text), strlen(r.text));
	}
}

static void
every_notice_fits_what_the_sms_vendor_takes(void **state UNUSED)
{
	char site[61];

	memset(site, 'W', 60);
	site[60] = '\0';
	for (size_t t = 0; t < COUNT_OF(templates); t++)
		for (size_t l = 0; l < COUNT_OF(locales); l++) {
			struct rendered r = render(templates[t], "login",
			    locales[l], site, "sms");

			assert_true(utf8_count(r.text) <= (l == 0 ? 612 :
			    268));
		}
}

static void
pages_state_their_language_and_direction(void **state UNUSED)
{
	assert_non_null(strstr(render("code", "login", "fa", "x",
	    "email").html, "<html lang=\"fa\" dir=\"rtl\">"));
	assert_non_null(strstr(render("code", "login", "en", "x",
	    "email").html, "<html lang=\"en\" dir=\"ltr\">"));
	/* Digits of a code keep their order inside Persian, on its side. */
	assert_non_null(strstr(render("code", "login", "fa", "x",
	    "email").html, "<p dir=\"ltr\" style=\"text-align:right;"));
	assert_non_null(strstr(render("code", "login", "en", "x",
	    "email").html, "<p dir=\"ltr\" style=\"text-align:left;"));
}

/* What the mail asks for is one press away, in either part of it. */
static void
a_button_leads_where_the_text_says(void **state UNUSED)
{
	static const struct { const char *template, *link, *at, *word; } row[] =
	{
		{ "number_undo", "https://id.example/u?token=x",
		    "https://id.example/u?token=x", "Undo the change" },
		{ "account_closing", "https://id.example/r#x",
		    "https://id.example/r#x", "Keep your account" },
		{ "password_changed", "", "https://localhost:8443/console/reset/",
		    "Reset your password" },
		{ "new_signin", "", "https://localhost:8443/console/sessions/",
		    "See your sessions" },
		{ "code", "", NULL, NULL }, { "number_changed", "", NULL, NULL },
		/* Nothing to lead to: no button that leads nowhere. */
		{ "number_undo", "", NULL, NULL },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *content = cc_json(arena_printf(cc.a,
		    "{\"template\":\"%s\",\"locale\":\"en\"}",
		    row[i].template));
		struct json *secret = cc_json(arena_printf(cc.a,
		    "{\"code\":\"428571\",\"link\":\"%s\"}", row[i].link));
		struct message m = cc_message("notice", "", content, secret);
		struct err e = ERR_INIT;
		struct rendered r, sms;

		print_message("%s\n", row[i].template);
		assert_int_equal(channel_render(cc.a, &m, "email", &r, &e), 0);
		assert_int_equal(channel_render(cc.a, &m, "sms", &sms, &e), 0);
		assert_int_equal(strstr(r.html, "<a ") != NULL,
		    row[i].at != NULL);
		if (row[i].at != NULL) {
			assert_non_null(strstr(r.html, arena_printf(cc.a,
			    "href=\"%s\"", row[i].at)));
			assert_non_null(strstr(r.html, arena_printf(cc.a,
			    ">%s</a>", row[i].word)));
			assert_non_null(strstr(r.text, row[i].at));
		}
		/* An SMS is paid by the letter. */
		assert_null(strstr(sms.text, "/console/"));
		json_free(secret);
		json_free(content);
	}
}

static void
values_never_become_markup_nor_slots(void **state UNUSED)
{
	for (size_t t = 0; t < COUNT_OF(templates); t++)
		for (size_t l = 0; l < COUNT_OF(locales); l++) {
			struct rendered r = render(templates[t], "login",
			    locales[l], evil, "email");

			assert_null(strstr(r.html, "<script"));
			assert_non_null(strstr(r.html, "&lt;script&gt;&quot;"
			    "&#39;&amp;{code}"));
			/* A mail's plain part has no markup to escape. */
			assert_non_null(strstr(r.text,
			    "<script>\"'&{code}"));
		}
}

static void
locales_fall_back_to_their_language_then_english(void **state UNUSED)
{
	static const struct { const char *asked, *got; } row[] = {
		{ "fa", "fa" }, { "fa-IR", "fa" }, { "fa_IR", "fa" },
		{ "FA", "fa" }, { "en-GB", "en" }, { "de", "en" },
		{ "", "en" }, { "f", "en" }, { "fat", "en" },
		{ "english", "en" }, { NULL, "en" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++)
		assert_string_equal(text_find("code", row[i].asked)->locale,
		    row[i].got);
	assert_null(text_find("nothing", "en"));
	assert_null(text_find("", "en"));
}

static void
the_recipient_s_locale_serves_when_content_has_none(void **state UNUSED)
{
	struct json *content = cc_json("{\"template\":\"taken\"}");
	struct message m = cc_message("notice", "", content, NULL);
	struct err e = ERR_INIT;
	struct rendered r;

	m.locale = "fa-IR";
	assert_int_equal(channel_render(cc.a, &m, "email", &r, &e), 0);
	assert_non_null(strstr(r.html, "lang=\"fa\""));
	/* The settings name the site when content does not. */
	assert_non_null(strstr(r.subject, "Gatepost"));
	m.locale = NULL;
	assert_int_equal(channel_render(cc.a, &m, "email", &r, &e), 0);
	assert_non_null(strstr(r.html, "lang=\"en\""));
	json_free(content);
}

static void
what_cannot_be_said_is_refused(void **state UNUSED)
{
	static const struct { const char *content, *code; } row[] = {
		{ "{}", "no_text" }, { "[]", "no_text" },
		{ "{\"template\":\"welcome\"}", "no_template" },
		{ "{\"template\":7}", "no_text" },
		{ "{\"template\":\"code\"}", "bad_code" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *content = cc_json(row[i].content);
		struct message m = cc_message("notice", "", content, NULL);
		struct err e = ERR_INIT;
		struct rendered r;

		assert_int_equal(channel_render(cc.a, &m, "sms", &r, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_string_equal(e.code, row[i].code);
		json_free(content);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s73_every_template_has_a_row_for_each_language),
		cmocka_unit_test(s73_every_purpose_has_words_in_each_language),
		cmocka_unit_test(every_message_renders_whole),
		cmocka_unit_test(an_sms_has_text_only),
		cmocka_unit_test(
		    an_english_code_is_one_sms_with_the_longest_site_name),
		cmocka_unit_test(every_notice_fits_what_the_sms_vendor_takes),
		cmocka_unit_test(pages_state_their_language_and_direction),
		cmocka_unit_test(a_button_leads_where_the_text_says),
		cmocka_unit_test(values_never_become_markup_nor_slots),
		cmocka_unit_test(
		    locales_fall_back_to_their_language_then_english),
		cmocka_unit_test(
		    the_recipient_s_locale_serves_when_content_has_none),
		cmocka_unit_test(what_cannot_be_said_is_refused),
	};

	return cmocka_run_group_tests(tests, cc_setup, cc_teardown);
}
