/*
 * test_channel_template.c - definitions that are none are refused by their
 * member; values are put in once, escaped for their place.
 */
#include "channel_case.h"
#include "channel/part.h"
#include "channel/template.h"

#define HEAD "{\"variables\":{\"s\":{\"type\":\"string\"},\"u\":{\"type\":"	\
	"\"url\"},\"n\":{\"type\":\"number\"},\"i\":{\"type\":\"id\"},\"d\":"	\
	"{\"type\":\"date\",\"required\":false},\"o\":{\"type\":\"string\","	\
	"\"required\":false}},\"default_locale\":\"en\",\"locales\":{\"en\":"
#define LOCALE(more) HEAD "{\"title\":\"T\",\"body\":\"B\"" more "}}}"
#define DATA "\"u\":\"https://x.example/?a=1&b=2\",\"n\":4.5,\"i\":77"

static void
a_broken_definition_is_refused_by_its_member(void **state UNUSED)
{
	static const struct { const char *def, *field, *code; } row[] = {
		{ "[]", "", "template_object" },
		{ "{\"colour\":1}", "colour", "template_member" },
		{ "{\"locales\":{}}", "locales", "template_object" },
		{ HEAD "{\"title\":\"T\",\"body\":\"B\"}},\"type\":\"No Type\"}",
		    "type", "template_name" },
		{ "{\"variables\":{\"1a\":{\"type\":\"string\"}}}",
		    "variables.1a", "template_name" },
		{ "{\"variables\":{\"site\":{\"type\":\"string\"}}}",
		    "variables.site", "template_name" },
		{ "{\"variables\":{\"a\":{\"type\":\"money\"}}}",
		    "variables.a", "template_type" },
		{ "{\"channels\":[\"fax\"]}", "channels",
		    "template_channel" },
		{ HEAD "{\"title\":\"T\"}}}", "locales.en",
		    "template_title" },
		{ LOCALE(",\"fax\":{}"), "locales.en.fax",
		    "template_member" },
		{ LOCALE(",\"email\":{\"subject\":7}"),
		    "locales.en.email.subject", "template_text" },
		{ LOCALE(",\"email\":{\"subject\":\"a\\nb\"}"),
		    "locales.en.email.subject", "template_control" },
		{ LOCALE(",\"sms\":{\"text\":\"{none}\"}"),
		    "locales.en.sms.text", "template_variable" },
		{ LOCALE(",\"sms\":{\"text\":\"{o}\"}"),
		    "locales.en.sms.text", "template_default" },
		{ LOCALE(",\"sms\":{\"text\":\"a } b\"}"),
		    "locales.en.sms.text", "template_brace" },
		{ LOCALE(",\"sms\":{\"text\":\"{s\"}"),
		    "locales.en.sms.text", "template_brace" },
		{ LOCALE(",\"sms\":{\"text\":\"{s|{n}}\"}"),
		    "locales.en.sms.text", "template_brace" },
		/* Places of a page where escaping is not enough. */
		{ LOCALE(",\"email\":{\"html\":\"<a href={u}>x</a>\"}"),
		    "locales.en.email.html", "template_place" },
		{ LOCALE(",\"email\":{\"html\":\"<a href='{s}'>x</a>\"}"),
		    "locales.en.email.html", "template_place" },
		{ LOCALE(",\"email\":{\"html\":\"<a HREF='java{u}'>x</a>\"}"),
		    "locales.en.email.html", "template_place" },
		{ LOCALE(",\"email\":{\"html\":\"<p onclick='{s}'>x</p>\"}"),
		    "locales.en.email.html", "template_place" },
		{ LOCALE(",\"email\":{\"html\":\"<p style='a:{s}'>x</p>\"}"),
		    "locales.en.email.html", "template_place" },
		{ LOCALE(",\"email\":{\"html\":\"<script>'{s}'</script>\"}"),
		    "locales.en.email.html", "template_place" },
		{ LOCALE(",\"email\":{\"html\":\"<!-- {s} -->\"}"),
		    "locales.en.email.html", "template_place" },
		{ LOCALE(",\"email\":{\"html\":\"<{s}>\"}"),
		    "locales.en.email.html", "template_place" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *def = cc_json(row[i].def);
		struct err e = ERR_INIT;

		print_message("%s\n", row[i].def);
		assert_int_equal(template_check(cc.a, def, &e), -1);
		assert_string_equal(e.field, row[i].field);
		assert_string_equal(e.code, row[i].code);
		json_free(def);
	}
}

static struct json *
render(const char *text, const char *values, struct template_out *out)
{
	struct json *def = cc_json(text), *data = cc_json(values);
	struct err e = ERR_INIT;

	if (template_check(cc.a, def, &e) < 0 ||
	    template_render(cc.a, def, data, out, &e) < 0)
		fail_msg("%s: %s %s", text, e.field, e.code);
	json_free(data);
	json_free(def);
	return cc_json(arena_printf(cc.a, "{\"parts\":%s}", out->parts));
}

static void
values_are_escaped_for_their_place(void **state UNUSED)
{
	static const char evil[] = "{\"s\":\"<b>\\\"&'{n}\\r\\nBcc: x\"," DATA
	    "}";
	struct template_out out;
	struct json *c = render(LOCALE(",\"url\":\"https://s.example/{s}\","
	    "\"email\":{\"subject\":\"S {s}\",\"text\":\"{s} {n}\",\"html\":"
	    "\"<p title='{s}'>{s}</p><a href='{u}'>{i}</a>"
	    "<a href='/o/{i}'>o</a>\"},\"sms\":{\"text\":\"{{{s}}}\\n{d|-}\"}"
	    ",\"whatsapp\":{\"template\":\"t\",\"parameters\":[\"{s}\"]}"),
	    evil, &out);

	assert_string_equal(part_text(c, "en", "email", "subject"),
	    "S <b>\"&'{n}  Bcc: x");
	assert_string_equal(part_text(c, "en", "email", "text"),
	    "<b>\"&'{n}\r\nBcc: x 4.5");
	assert_string_equal(part_text(c, "en", "email", "html"),
	    "<p title='&lt;b&gt;&quot;&amp;&#39;{n}\r\nBcc: x'>"
	    "&lt;b&gt;&quot;&amp;&#39;{n}\r\nBcc: x</p>"
	    "<a href='https://x.example/?a=1&amp;b=2'>77</a>"
	    "<a href='/o/77'>o</a>");
	assert_string_equal(part_text(c, "en", "sms", "text"),
	    "{<b>\"&'{n}  Bcc: x}\n-");
	assert_string_equal(part_text(c, "en", "web_push", "url"),
	    "https://s.example/%3Cb%3E%22%26%27%7Bn%7D%0D%0ABcc%3A%20x");
	assert_string_equal(json_str(json_at(part_value(c, "en", "whatsapp",
	    "parameters"), 0)), "<b>\"&'{n} Bcc: x");
	json_free(c);
}

static void
a_value_is_judged_by_its_type(void **state UNUSED)
{
	static const struct { const char *data, *field, *code; } row[] = {
		{ "{" DATA "}", "data.s", "required" },
		{ "{\"s\":null," DATA "}", "data.s", "required" },
		{ "{\"s\":7," DATA "}", "data.s", "invalid" },
		{ "{\"s\":\"\\u0007\"," DATA "}", "data.s", "invalid" },
		{ "{\"s\":\"a\"," DATA ",\"x\":1}", "data.x",
		    "unknown_variable" },
		{ "{\"s\":\"a\",\"u\":\"javascript:1\",\"n\":1,\"i\":1}",
		    "data.u", "invalid" },
		{ "{\"s\":\"a\",\"u\":\"https://a b\",\"n\":1,\"i\":1}",
		    "data.u", "invalid" },
		{ "{\"s\":\"a\",\"u\":\"https://a\",\"n\":\"1\",\"i\":1}",
		    "data.n", "invalid" },
		{ "{\"s\":\"a\",\"u\":\"https://a\",\"n\":1,\"i\":\"a b\"}",
		    "data.i", "invalid" },
		{ "{\"s\":\"a\"," DATA ",\"d\":\"2026-02-30\"}", "data.d",
		    "invalid" },
		{ "{\"s\":\"a\"," DATA ",\"d\":\"tomorrow\"}", "data.d",
		    "invalid" },
		{ "[]", "data", "invalid" },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct json *def = cc_json(LOCALE("")),
		    *data = cc_json(row[i].data);
		struct template_out out;
		struct err e = ERR_INIT;

		print_message("%s\n", row[i].data);
		assert_int_equal(template_render(cc.a, def, data, &out, &e),
		    -1);
		assert_string_equal(e.field, row[i].field);
		assert_string_equal(e.code, row[i].code);
		json_free(data);
		json_free(def);
	}
}

static void
a_locale_falls_back_and_a_channel_too(void **state UNUSED)
{
	struct template_out out;
	struct json *c = render("{\"default_locale\":\"en\",\"locales\":{"
	    "\"en\":{\"title\":\"Hi\",\"body\":\"B\",\"expo\":{\"title\":"
	    "\"E\"}},\"fa\":{\"title\":\"سلام\",\"body\":\"ب\"}}}", "{}",
	    &out);

	assert_string_equal(part_text(c, "fa-IR", "expo", "title"), "سلام");
	assert_string_equal(part_text(c, "fa", "sms", "body"), "ب");
	assert_string_equal(part_text(c, "de", "expo", "title"), "E");
	assert_string_equal(part_text(c, "", "web_push", "title"), "Hi");
	assert_string_equal(part_text(c, "default", "expo", "body"), "B");
	assert_string_equal(part_sms(cc.a, c, "en"), "Hi\nB");
	assert_null(part_text(c, "en", "email", "html"));
	json_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_definition_is_refused_by_its_member),
		cmocka_unit_test(values_are_escaped_for_their_place),
		cmocka_unit_test(a_value_is_judged_by_its_type),
		cmocka_unit_test(a_locale_falls_back_and_a_channel_too),
	};

	return cmocka_run_group_tests(tests, cc_setup, NULL);
}
