/*
 * texts.c - what our own messages say, by template, purpose and locale.
 *
 * {code}, {purpose}, {site}, {minutes}, {detail} and {link} are filled in; in HTML
 * they are escaped.  A template or purpose without a row for each locale
 * fails a unit test, and so does a code's SMS that English sends in two parts.
 */
#include "channel/texts.h"
#include "channel/mail_page.h"
#include "channel/part.h"

#include "base/conf.h"
#include "base/json.h"
#include "base/lang.h"
#include "base/text.h"

#include <strings.h>

#define MAIL_BODY_MAX	((size_t)16 * 1024)

const struct text_row text_rows[] = {
#include "channel/text_rows.def"
};
const size_t text_rows_count = COUNT_OF(text_rows);

const struct purpose_row purpose_rows[] = {
	{ "register", "en", " to register" },
	{ "register", "fa", " برای ثبت‌نام" },
	{ "login", "en", " to sign in" },
	{ "login", "fa", " برای ورود" },
	{ "reset", "en", " to reset your password" },
	{ "reset", "fa", " برای بازنشانی گذرواژه" },
	{ "phone", "en", " to confirm your phone number" },
	{ "phone", "fa", " برای تأیید شمارهٔ تلفن" },
	{ "email", "en", " to confirm your e-mail address" },
	{ "email", "fa", " برای تأیید نشانی ایمیل" },
	{ "mfa", "en", " for the second step" },
	{ "mfa", "fa", " برای مرحلهٔ دوم ورود" },
	{ "reauth", "en", " to confirm that it is you" },
	{ "reauth", "fa", " برای تأیید هویت شما" },
};
const size_t purpose_rows_count = COUNT_OF(purpose_rows);

/* Is `locale` the language `row`, with or without a region ("fa_IR")? */
static bool
speaks(const char *locale, const char *row)
{
	size_t n = strlen(row);

	return locale != NULL && strncasecmp(locale, row, n) == 0 &&
	    strchr("-_.", locale[n]) != NULL;
}

const struct text_row *
text_find(const char *template, const char *locale)
{
	const struct text_row *english = NULL;

	for (size_t i = 0; i < text_rows_count; i++) {
		if (strcmp(text_rows[i].template, template) != 0)
			continue;
		if (speaks(locale, text_rows[i].locale))
			return &text_rows[i];
		if (strcmp(text_rows[i].locale, "en") == 0)
			english = &text_rows[i];
	}
	return english;
}

static const char *
member(const struct json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	return s == NULL ? "" : s;
}

/* In the language of the row, not of the request: that may have none. */
static const char *
purpose_of(const struct message *m, const char *locale)
{
	const char *purpose = member(m->content, "purpose");

	for (size_t i = 0; i < purpose_rows_count; i++)
		if (strcmp(purpose_rows[i].purpose, purpose) == 0 &&
		    strcmp(purpose_rows[i].locale, locale) == 0)
			return purpose_rows[i].text;
	return "";
}

static const char *
site_of(const struct message *m)
{
	const char *site = member(m->content, "site");

	return *site != '\0' ? site : conf_str(CONF_SITE_NAME);
}

static void
add_escaped(struct buf *b, const char *s)
{
	html_escape(b, s, strlen(s));
}

enum escape { ESCAPE_NOTHING, ESCAPE_HTML };

/* Fill {…} of a row's text. */
static void
fill(struct buf *b, const char *text, const struct text_row *row,
    const struct message *m, enum escape how)
{
	char minutes[LANG_NUMBER_MAX];
	enum lang lang = LANG_EN;
	const struct { const char *name, *value; } slots[] = {
		{ "{code}", member(m->secret, "code") },
		{ "{purpose}", purpose_of(m, row->locale) },
		{ "{site}", site_of(m) },
		{ "{minutes}", minutes },
		{ "{detail}", member(m->content, "detail") },
		{ "{link}", member(m->secret, "link") },
	};
	int64_t n = 0;

	(void)!json_int(json_get(m->content, "minutes"), &n);
	(void)!lang_of_locale(row->locale, &lang);
	lang_number(minutes, lang, n < 0 ? 0 : (uint64_t)n);
	while (*text != '\0') {
		const char *value = NULL;
		size_t skip = 1;

		for (size_t i = 0; *text == '{' && i < COUNT_OF(slots); i++)
			if (text_starts(text, slots[i].name)) {
				value = slots[i].value;
				skip = strlen(slots[i].name);
			}
		if (value == NULL)
			buf_char(b, *text);
		else if (how == ESCAPE_HTML)
			add_escaped(b, value);
		else
			buf_str(b, value);
		text += skip;
	}
}

static const char *
filled(struct arena *a, const char *text, const struct text_row *row,
    const struct message *m)
{
	struct buf b;
	const char *s;

	buf_init(&b, MAIL_BODY_MAX);
	fill(&b, text, row, m, ESCAPE_NOTHING);
	s = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return s;
}

static bool
carries_code(const char *template)
{
	return strcmp(template, "code") == 0 ||
	    strcmp(template, "signin") == 0;
}

/* Where the mail's button leads, or "". */
static const char *
way_of(struct arena *a, const struct text_row *row, const struct message *m)
{
	if (row->button == NULL)
		return "";
	return row->page == NULL ? member(m->secret, "link") :
	    arena_printf(a, "%s%s", conf_str(CONF_PUBLIC_URL), row->page);
}

/* A small page that reads in every mail program; right-to-left for fa. */
static const char *
page(struct arena *a, const struct text_row *row, const struct message *m)
{
	bool rtl = strcmp(row->locale, "fa") == 0;
	const char *side = rtl ? "right" : "left";
	struct buf b;
	const char *s;

	buf_init(&b, MAIL_BODY_MAX);
	mail_page_open(&b, row->locale, rtl, site_of(m),
	    filled(a, row->heading, row, m));
	if (carries_code(row->template)) {
		/* It reads from the left, and stands where the text does. */
		buf_printf(&b, "<p dir=\"ltr\" style=\"text-align:%s;margin:0 0 "
		    "12px;font:600 34px/1.2 ui-monospace,monospace;"
		    "letter-spacing:6px\">", side);
		add_escaped(&b, member(m->secret, "code"));
		buf_str(&b, "</p>\n");
	}
	buf_str(&b, "<p style=\"margin:0\">");
	fill(&b, row->body, row, m, ESCAPE_HTML);
	buf_str(&b, "</p>\n");
	if (*way_of(a, row, m) != '\0')
		mail_page_button(&b, rtl, way_of(a, row, m), row->button);
	mail_page_close(&b);
	s = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return s;
}

int
channel_render(struct arena *a, const struct message *m, const char *channel,
    struct rendered *r, struct err *e)
{
	const char *template = member(m->content, "template");
	const char *locale = member(m->content, "locale");
	const struct text_row *row;

	/* Codes and notices are ours; all else brings its words along. */
	if (*template == '\0')
		return part_render(a, m, channel, r, e);
	memset(r, 0, sizeof(*r));
	if (*locale == '\0')
		locale = m->locale;
	row = text_find(template, locale);
	if (row == NULL)
		return err_set(e, ERR_INPUT, "no_template",
		    "no text for template \"%.40s\"", template);
	if (carries_code(template) &&
	    *member(m->secret, "code") == '\0')
		return err_set(e, ERR_INPUT, "bad_code",
		    "a code's message has none");
	r->text = filled(a, row->text, row, m);
	if (strcmp(channel, "email") == 0) {
		r->subject = filled(a, row->subject, row, m);
		if (row->page != NULL)
			r->text = arena_printf(a, "%s\n\n%s", r->text,
			    way_of(a, row, m));
		r->html = page(a, row, m);
	}
	return 0;
}
