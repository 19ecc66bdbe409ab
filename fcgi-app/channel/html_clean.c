/*
 * html_clean.c - see html_clean.h.
 *
 * What must stay true: every "<" of the output was written here as a literal
 * before a name of the list; whatever the input held is written as text.
 */
#include "channel/html_clean.h"

#include "base/buf.h"
#include "base/text.h"

#include <strings.h>

#define DEPTH_MAX	32
#define HREF_MAX	2000

static const struct element { const char *name; bool empty; } elements[] = {
	{ "p", false }, { "br", true }, { "b", false }, { "strong", false },
	{ "i", false }, { "em", false }, { "u", false }, { "s", false },
	{ "a", false }, { "ul", false }, { "ol", false }, { "li", false },
	{ "h1", false }, { "h2", false }, { "h3", false }, { "h4", false },
	{ "blockquote", false }, { "code", false }, { "pre", false },
	{ "hr", true }, { "div", false }, { "span", false },
	{ "table", false }, { "thead", false }, { "tbody", false },
	{ "tr", false }, { "th", false }, { "td", false }, { "sub", false },
	{ "sup", false }, { "small", false },
};
/* What is inside these is no text for people. */
static const char *const swallowed[] = { "script", "style", "title",
	"textarea", "template", "noscript", "iframe", "object", "svg",
	"math", "select", "xmp", "noembed", "noframes", "head" };

struct out {
	struct buf	 b;
	const struct element *open[DEPTH_MAX];
	size_t		 depth;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void
put(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		switch (s[i]) {
		case '<': buf_str(b, "&lt;"); break;
		case '>': buf_str(b, "&gt;"); break;
		case '"': buf_str(b, "&quot;"); break;
		default: buf_char(b, s[i]);	/* "&amp;" stays what it is */
		}
}

static const struct element *
element_of(const char *p, size_t n)
{
	for (size_t i = 0; i < COUNT_OF(elements); i++)
		if (strlen(elements[i].name) == n &&
		    strncasecmp(elements[i].name, p, n) == 0)
			return &elements[i];
	return NULL;
}

/* To the end of a tag: the ">" that stands in no quotes, or the end. */
static const char *
tag_end(const char *p)
{
	char quote = '\0';

	for (; *p != '\0'; p++)
		if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '>')
			return p;
	return p;
}

/* An address that begins with a scheme of ours, letter for letter: no character
 * reference stands before its colon. */
static bool
address_ok(const char *s, size_t n)
{
	static const char *const scheme[] = { "https://", "http://",
	    "mailto:" };
	bool known = false;

	for (size_t i = 0; i < COUNT_OF(scheme); i++)
		known |= n > strlen(scheme[i]) &&
		    strncasecmp(s, scheme[i], strlen(scheme[i])) == 0;
	if (!known || n > HREF_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || strchr("<>\"'`\\", s[i]) !=
		    NULL || s[i] == 0x7f)
			return false;
	return true;
}

/* The value of href among the attributes p … end: its bytes, or NULL. */
static const char *
href_of(const char *p, const char *end, size_t *n)
{
	while (p < end) {
		const char *name, *value = NULL;
		size_t len, size = 0;

		while (p < end && (is_space(*p) || *p == '/'))
			p++;
		name = p;
		while (p < end && !is_space(*p) && *p != '=' && *p != '/')
			p++;
		len = (size_t)(p - name);
		while (p < end && is_space(*p))
			p++;
		if (p < end && *p == '=') {
			char quote;

			p++;
			while (p < end && is_space(*p))
				p++;
			quote = p < end && (*p == '"' || *p == '\'') ? *p++ :
			    '\0';
			value = p;
			while (p < end && (quote != '\0' ? *p != quote :
			    !is_space(*p)))
				p++;
			size = (size_t)(p - value);
			if (quote != '\0' && p < end)
				p++;
		} else if (len == 0) {
			p++;
		}
		if (len == 4 && strncasecmp(name, "href", 4) == 0) {
			*n = size;
			return value;
		}
	}
	return NULL;
}

static void
open_element(struct out *o, const struct element *el, const char *attrs,
    const char *end)
{
	const char *href;
	size_t n = 0;

	if (!el->empty && o->depth == DEPTH_MAX)
		return;
	buf_printf(&o->b, "<%s", el->name);
	if (strcmp(el->name, "a") == 0 &&
	    (href = href_of(attrs, end, &n)) != NULL && address_ok(href, n)) {
		buf_str(&o->b, " href=\"");
		put(&o->b, href, n);
		buf_str(&o->b, "\" rel=\"noopener noreferrer\"");
	}
	buf_char(&o->b, '>');
	if (!el->empty)
		o->open[o->depth++] = el;
}

static void
close_one(struct out *o)
{
	buf_printf(&o->b, "</%s>", o->open[--o->depth]->name);
}

/* Close it and what was opened inside it; one that is not open is nothing. */
static void
close_element(struct out *o, const struct element *el)
{
	size_t i = o->depth;

	while (i > 0 && o->open[i - 1] != el)
		i--;
	while (i > 0 && o->depth >= i)
		close_one(o);
}

/* Behind the end tag of what is swallowed, or the end. */
static const char *
past(const char *p, const char *name)
{
	size_t n = strlen(name);

	for (; *p != '\0'; p++)
		if (p[0] == '<' && p[1] == '/' &&
		    strncasecmp(p + 2, name, n) == 0 &&
		    (is_space(p[2 + n]) || p[2 + n] == '>' || p[2 + n] == '/'
		    || p[2 + n] == '\0')) {
			p = tag_end(p);
			return *p == '\0' ? p : p + 1;
		}
	return p;
}

static const char *
markup(struct out *o, const char *p)
{
	bool closes = p[1] == '/';
	const char *name = p + (closes ? 2 : 1), *end;
	const struct element *el;
	size_t n = strcspn(name, " \t\r\n\f/>");

	if (p[1] == '!' || p[1] == '?') {
		end = strncmp(p, "<!--", 4) == 0 ? strstr(p + 4, "-->") :
		    strchr(p, '>');
		return end == NULL ? p + strlen(p) : strchr(end, '>') + 1;
	}
	if (!((*name | 0x20) >= 'a' && (*name | 0x20) <= 'z')) {
		buf_str(&o->b, "&lt;");
		return p + 1;
	}
	end = tag_end(name);
	el = element_of(name, n);
	for (size_t i = 0; !closes && i < COUNT_OF(swallowed); i++)
		if (strlen(swallowed[i]) == n &&
		    strncasecmp(swallowed[i], name, n) == 0)
			return past(end, swallowed[i]);
	if (el != NULL && closes)
		close_element(o, el);
	else if (el != NULL)
		open_element(o, el, name + n, end);
	return *end == '\0' ? end : end + 1;
}

const char *
html_clean(struct arena *a, const char *html)
{
	struct out o = { .depth = 0 };
	const char *p = html, *s;

	buf_init(&o.b, strlen(html) * 6 + 64);
	while (*p != '\0') {
		size_t n = strcspn(p, "<");

		put(&o.b, p, n);
		p += n;
		if (*p == '<')
			p = markup(&o, p);
	}
	while (o.depth > 0)
		close_one(&o);
	s = arena_strdup(a, o.b.over ? "" : buf_text(&o.b));
	buf_fini(&o.b);
	return s;
}
