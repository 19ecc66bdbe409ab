/*
 * digest_text.c - see digest_text.h.
 */
#include "channel/digest_text.h"

#include "base/buf.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/lang.h"
#include "base/text.h"
#include "channel/mail_page.h"
#include "channel/providers/whatsapp.h"
#include "channel/sms_text.h"

#define TITLE_CHARS	120
#define BODY_CHARS	280
#define PUSH_LINES	5
#define PUSH_CHARS	80
#define SMS_CHARS	60
#define WHATSAPP_CHARS	120		/* of 30 lines: below its 4,096 */
#define HTML_MAX	((size_t)192 * 1024)
#define TEXT_MAX	((size_t)128 * 1024)
/* Below what planning takes (NOTIFICATION_CONTENT_MAX). */
#define CONTENT_MAX	((size_t)60 * 1024)

/* {n} and {site} are filled in. */
static const struct words {
	const char *one, *many, *more, *one_alone, *many_alone;
} words[LANGS] = {
	[LANG_EN] = { "{site}: {n} new message", "{site}: {n} new messages",
	    "… and {n} more", "{n} new message", "{n} new messages" },
	[LANG_FA] = { "{n} پیام تازه از {site}", "{n} پیام تازه از {site}",
	    "… و {n} پیام دیگر", "{n} پیام تازه", "{n} پیام تازه" },
};

static const char *
head_of(const struct digest_text *t, enum lang lang)
{
	return t->total == 1 ? words[lang].one : words[lang].many;
}

static const char *
filled(struct arena *a, enum lang lang, const char *s, size_t n)
{
	char number[LANG_NUMBER_MAX];
	const char *out;
	struct buf b;

	lang_number(number, lang, n);
	buf_init(&b, 4096);
	while (*s != '\0')
		if (text_starts(s, "{n}")) {
			buf_str(&b, number);
			s += 3;
		} else if (text_starts(s, "{site}")) {
			buf_str(&b, conf_str(CONF_SITE_NAME));
			s += 6;
		} else {
			buf_char(&b, *s++);
		}
	out = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return out;
}

/* At most so many characters, one line. */
static const char *
cut(struct arena *a, const char *s, size_t chars)
{
	size_t left = chars, n = 0, all;
	char *out;

	if (s == NULL)
		return "";
	all = strlen(s);
	while (n < all && left > 0) {
		size_t step = utf8_step(s + n, all - n);

		n += step == 0 ? 1 : step;
		left--;
	}
	out = arena_strndup(a, s, n);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return n == all ? out : arena_printf(a, "%s…", out);
}

static size_t
more_than(const struct digest_text *t, size_t shown)
{
	return t->total > shown ? t->total - shown : 0;
}

/* --- a mail ------------------------------------------------------------------- */

static void
escaped(struct buf *b, const char *s)
{
	html_escape(b, s, strlen(s));
}

static bool
is_link(const char *url)
{
	return url != NULL && strlen(url) <= 500 &&
	    (text_starts(url, "https://") || text_starts(url, "http://"));
}

/* Each in the direction of its own script. */
static void
html_line(struct arena *a, struct buf *b, const struct digest_line *l)
{
	const char *title = cut(a, l->title, TITLE_CHARS);
	const char *body = cut(a, l->body, BODY_CHARS);

	buf_str(b, "<div dir=\"auto\" class=\"l\" style=\"padding:12px 0;"
	    "border-top:1px solid #e3e4ea\">\n<p style=\"margin:0;font-weight:600\">");
	if (is_link(l->url)) {
		buf_str(b, "<a href=\"");
		escaped(b, l->url);
		buf_str(b, "\" style=\"color:#4453c9\">");
	}
	escaped(b, title);
	buf_str(b, is_link(l->url) ? "</a></p>\n" : "</p>\n");
	if (*body != '\0') {
		buf_str(b, "<p style=\"margin:4px 0 0\">");
		escaped(b, body);
		buf_str(b, "</p>\n");
	}
	buf_str(b, "</div>\n");
}

static const char *
html(struct arena *a, const struct digest_text *t, enum lang lang)
{
	size_t more = more_than(t, t->lines);
	const char *out;
	struct buf b;

	buf_init(&b, HTML_MAX);
	mail_page_open(&b, lang_tag(lang), lang == LANG_FA,
	    conf_str(CONF_SITE_NAME), filled(a, lang, t->total == 1 ?
	    words[lang].one_alone : words[lang].many_alone, t->total));
	for (size_t i = 0; i < t->lines; i++)
		html_line(a, &b, &t->line[i]);
	if (more > 0) {
		buf_str(&b, "<p class=\"s\" style=\"margin:12px 0 0;"
		    "color:#5a5f6d\">");
		escaped(&b, filled(a, lang, words[lang].more, more));
		buf_str(&b, "</p>\n");
	}
	mail_page_close(&b);
	out = b.over ? NULL : arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return out;
}

static const char *
mail_text(struct arena *a, const struct digest_text *t, enum lang lang)
{
	size_t more = more_than(t, t->lines);
	const char *out;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < t->lines; i++) {
		const struct digest_line *l = &t->line[i];
		const char *body = cut(a, l->body, BODY_CHARS);

		buf_printf(&b, "%s* %s\n", i > 0 ? "\n" : "", cut(a,
		    l->title, TITLE_CHARS));
		if (*body != '\0')
			buf_printf(&b, "  %s\n", body);
		if (is_link(l->url))
			buf_printf(&b, "  %s\n", l->url);
	}
	if (more > 0)
		buf_printf(&b, "\n%s\n", filled(a, lang, words[lang].more, more));
	out = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return out;
}

/* --- a line each ----------------------------------------------------------------- */

static const char *
one_line(struct arena *a, const struct digest_line *l, size_t chars)
{
	const char *title = l->title == NULL ? "" : l->title;
	const char *body = l->body == NULL ? "" : l->body;

	if (*title == '\0' || *body == '\0')
		return cut(a, *title == '\0' ? body : title, chars);
	return cut(a, arena_printf(a, "%s: %s", title, body), chars);
}

/* The first `n` of them and how many more there are. */
static const char *
lines(struct arena *a, const struct digest_text *t, enum lang lang,
    const char *head, size_t n, size_t chars)
{
	size_t more = more_than(t, n);
	const char *out;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_str(&b, head);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", b.len > 0 ? "\n" : "", one_line(a,
		    &t->line[i], chars));
	if (more > 0)
		buf_printf(&b, "%s%s", b.len > 0 ? "\n" : "", filled(a,
		    lang, words[lang].more, more));
	out = arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return out;
}

/* As many lines as its segments hold. */
static const char *
sms(struct arena *a, const struct digest_text *t, enum lang lang)
{
	const char *head = filled(a, lang, head_of(t, lang), t->total);
	const char *out = head;

	for (size_t n = 1; n <= t->lines; n++) {
		const char *s = lines(a, t, lang, head, n, SMS_CHARS);
		struct sms_size size;

		sms_measure(s, &size);
		if (size.segments > DIGEST_SMS_SEGMENTS)
			break;
		out = s;
	}
	return out;
}

static void
write_template(struct arena *a, struct jw *w, const struct digest_text *t)
{
	jw_object(w, "whatsapp");
	jw_str(w, "template", t->template);
	jw_str(w, "language", whatsapp_language(a,
	    conf_str(CONF_WHATSAPP_DIGEST_LANGUAGES), t->locale));
	jw_array(w, "parameters");
	jw_str(w, NULL, arena_printf(a, "%zu", t->total));
	jw_end(w);
	jw_end(w);
}

/* NULL: more than a notification may hold. */
static const char *
content(struct arena *a, const struct digest_text *t, enum lang lang,
    const char **title)
{
	size_t few = t->lines < PUSH_LINES ? t->lines : PUSH_LINES;
	const char *out;
	struct buf b;
	struct jw w;

	*title = filled(a, lang, head_of(t, lang), t->total);
	buf_init(&b, CONTENT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "title", *title);
	jw_str(&w, "body", t->channel == CHANNEL_WHATSAPP ? lines(a, t, lang,
	    "", t->lines, WHATSAPP_CHARS) : lines(a, t, lang, "", few,
	    PUSH_CHARS));
	jw_str(&w, "locale", lang_tag(lang));
	if (t->channel == CHANNEL_EMAIL) {
		const char *page = html(a, t, lang);

		jw_str(&w, "text", mail_text(a, t, lang));
		if (page != NULL)
			jw_str(&w, "html", page);
	} else if (t->channel == CHANNEL_SMS) {
		jw_str(&w, "text", sms(a, t, lang));
	} else if (t->channel == CHANNEL_WHATSAPP && t->template != NULL) {
		write_template(a, &w, t);
	}
	jw_object(&w, "data");
	jw_str(&w, "type", "digest");
	jw_str(&w, "count", arena_printf(a, "%zu", t->total));
	jw_end(&w);
	jw_end(&w);
	out = b.over ? NULL : arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return out;
}

const char *
digest_content(struct arena *a, const struct digest_text *t,
    const char **title)
{
	struct digest_text fits = *t;
	enum lang lang = LANG_EN;
	const char *out;

	(void)!lang_of_locale(t->locale, &lang);
	/* Long ones leave room for fewer. */
	while ((out = content(a, &fits, lang, title)) == NULL &&
	    fits.lines > 0)
		fits.lines /= 2;
	return out;
}
