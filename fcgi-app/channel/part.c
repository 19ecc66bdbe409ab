/*
 * part.c - see part.h.
 */
#include "channel/part.h"

#include "base/buf.h"
#include "base/conf.h"
#include "base/json.h"
#include "base/text.h"
#include "channel/mail_page.h"

#define PAGE_MAX	((size_t)192 * 1024)

static const struct json *
locale_part(const struct json *content, const char *locale)
{
	const struct json *parts = json_get(content, "parts"), *p = NULL;
	const char *other = json_str(json_get(parts, "default"));
	char lang[16];
	size_t n;

	if (json_type(parts) != JSON_OBJECT)
		return NULL;
	if (locale != NULL && *locale != '\0' &&
	    strcmp(locale, "default") != 0) {
		p = json_get(parts, locale);
		n = strcspn(locale, "-_");
		if (p == NULL && n < sizeof(lang)) {
			memcpy(lang, locale, n);
			lang[n] = '\0';
			p = json_get(parts, lang);
		}
	}
	if (p == NULL && other != NULL)
		p = json_get(parts, other);
	return p;
}

const struct json *
part_value(const struct json *content, const char *locale,
    const char *channel, const char *name)
{
	const struct json *p = locale_part(content, locale), *v;

	if ((v = json_get(json_get(p, channel), name)) != NULL ||
	    (v = json_get(p, name)) != NULL)
		return v;
	return json_get(content, name);
}

const char *
part_text(const struct json *content, const char *locale,
    const char *channel, const char *name)
{
	return json_str(part_value(content, locale, channel, name));
}

static const char *
or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

/* Line breaks of one kind: a carriage return is a character to pay for. */
static const char *
without_returns(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s), *to = copy;

	for (const char *p = copy; *p != '\0'; p++)
		if (*p != '\r')
			*to++ = *p;
	*to = '\0';
	return copy;
}

const char *
part_sms(struct arena *a, const struct json *content, const char *locale)
{
	const char *text = part_text(content, locale, "sms", "text");
	const char *title = or_empty(part_text(content, locale, "sms",
	    "title"));
	const char *body = or_empty(part_text(content, locale, "sms",
	    "body"));

	if (text == NULL)
		text = *title == '\0' || *body == '\0' ? (*body == '\0' ?
		    title : body) : arena_printf(a, "%s\n%s", title, body);
	return without_returns(a, text);
}

/* With its lines as lines. */
static void
add_escaped(struct buf *b, const char *s)
{
	for (size_t n; *s != '\0'; s += n) {
		n = strcspn(s, "\n");
		html_escape(b, s, n);
		if (s[n] == '\n') {
			buf_str(b, "<br>\n");
			n++;
		}
	}
}

/* Does it hold a letter of a script that runs from right to left? */
static bool
runs_left(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0xd6 && (unsigned char)*s <= 0xdb)
			return true;
	return false;
}

static const char *
page(struct arena *a, const char *title, const char *body, const char *url)
{
	const bool rtl = runs_left(title) || runs_left(body);
	struct buf b;
	const char *s;

	buf_init(&b, PAGE_MAX);
	mail_page_open(&b, NULL, rtl, conf_str(CONF_SITE_NAME), title);
	buf_str(&b, "<p style=\"margin:0\">");
	add_escaped(&b, body);
	buf_str(&b, "</p>\n");
	if (text_starts(url, "https://") || text_starts(url, "http://"))
		mail_page_button(&b, rtl, url, rtl ? "باز کردن" : "Open");
	mail_page_close(&b);
	s = b.over ? NULL : arena_strdup(a, buf_text(&b));
	buf_fini(&b);
	return s;
}

/* A header of one line, whoever wrote it. */
static const char *
one_line(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s);

	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return copy;
}

/* A mail is read elsewhere: what is an address on this site names it. */
static const char *
absolute(struct arena *a, const char *url)
{
	return url[0] == '/' && url[1] != '/' ? arena_printf(a, "%s%s",
	    conf_str(CONF_PUBLIC_URL), url) : url;
}

static void
mail(struct arena *a, const struct message *m, struct rendered *r)
{
	const struct json *c = m->content;
	const char *title = part_text(c, m->locale, "email", "title");
	const char *body = or_empty(part_text(c, m->locale, "email", "body"));
	const char *url = absolute(a, or_empty(part_text(c, m->locale, "email",
	    "url")));
	const char *subject = part_text(c, m->locale, "email", "subject");
	const char *text = part_text(c, m->locale, "email", "text");

	if (title == NULL)
		title = or_empty(m->title);
	if (subject == NULL)
		subject = title;
	r->html = part_text(c, m->locale, "email", "html");
	/* Who gave a text and no page wants none. */
	if (r->html == NULL && text == NULL)
		r->html = page(a, title, body, url);
	if (text == NULL)
		text = *url == '\0' ? body : arena_printf(a, "%s\n\n%s", body,
		    url);
	r->subject = one_line(a, subject);
	r->text = text;
}

int
part_render(struct arena *a, const struct message *m, const char *channel,
    struct rendered *r, struct err *e)
{
	memset(r, 0, sizeof(*r));
	if (strcmp(channel, "email") == 0)
		mail(a, m, r);
	else
		r->text = part_sms(a, m->content, m->locale);
	if (*r->text == '\0' && (r->subject == NULL || *r->subject == '\0'))
		return err_set(e, ERR_INPUT, "no_text",
		    "no text for the channel");
	return 0;
}
