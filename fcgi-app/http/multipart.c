/*
 * multipart.c - multipart/form-data (RFC 7578 over RFC 2046 §5.1).
 *
 * Files are not copied: a part points into the body, which lives as long as
 * the request.  Texts are copied, to get their NUL.
 */
#include "http/bind_own.h"
#include "base/text.h"

#define BOUNDARY_MAX	70		/* RFC 2046 §5.1.1 */
#define HEAD_MAX	2048		/* headers of one part */

struct cursor { const char *p; size_t n; };

static int
broken(struct err *e, const char *why)
{
	return err_set(e, ERR_INPUT, "invalid_multipart", "%s", why);
}

/*
 * Value of `name=` in a header's parameters, quoted or bare, into the arena;
 * NULL when absent.  Browsers escape only '"' in file names, as %22.
 */
static const char *
parameter(struct arena *a, const char *s, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n;) {
		size_t from;
		bool quoted = false;

		for (; i < n && (quoted || s[i] != ';'); i++)
			quoted = quoted != (s[i] == '"');
		for (i += i < n; i < n && (s[i] == ' ' || s[i] == '\t');)
			i++;
		if (n - i <= len || strncasecmp(s + i, name, len) != 0 ||
		    s[i + len] != '=')
			continue;
		i += len + 1;
		if (i < n && s[i] == '"') {
			for (from = ++i; i < n && s[i] != '"';)
				i++;
			return i < n ? arena_strndup(a, s + from, i - from) :
			    NULL;
		}
		for (from = i; i < n && s[i] != ';' && s[i] != ' ';)
			i++;
		return arena_strndup(a, s + from, i - from);
	}
	return NULL;
}

/* A header's value in the head of a part; *n its length; NULL absent. */
static const char *
header(const char *head, size_t head_n, const char *name, size_t *n)
{
	size_t len = strlen(name);

	while (head_n > 0) {
		const char *end = memmem(head, head_n, "\r\n", 2);
		size_t line = end == NULL ? head_n : (size_t)(end - head);

		if (line > len && head[len] == ':' &&
		    strncasecmp(head, name, len) == 0) {
			head += len + 1;
			for (line -= len + 1; line > 0 && *head == ' '; line--)
				head++;
			*n = line;
			return head;
		}
		line += end == NULL ? 0 : 2;
		head += line;
		head_n -= line;
	}
	return NULL;
}

/* `type` (a file's) as one clean word; "" when it is none. */
static const char *
part_type(struct arena *a, const char *s, size_t n)
{
	const char *t = s == NULL ? "" : arena_strndup(a, s, n);

	return text_has_control(t) || !utf8_valid(t, strlen(t)) ? "" : t;
}

static int
add_part(struct arena *a, const char *head, size_t head_n, const char *body,
    size_t n, struct parts *out, struct err *e)
{
	struct part p = { .n = n };
	const char *disposition, *type;
	size_t disposition_n = 0, type_n = 0;

	disposition = header(head, head_n, "Content-Disposition",
	    &disposition_n);
	if (disposition == NULL || disposition_n < 9 ||
	    strncasecmp(disposition, "form-data", 9) != 0)
		return broken(e, "a part without form-data");
	p.name = parameter(a, disposition, disposition_n, "name");
	p.file = parameter(a, disposition, disposition_n, "filename");
	if (p.name == NULL || !utf8_valid(p.name, strlen(p.name)))
		return broken(e, "a part without a name");
	if (p.file != NULL && !utf8_valid(p.file, strlen(p.file)))
		p.file = "";
	type = header(head, head_n, "Content-Type", &type_n);
	p.type = part_type(a, type, type_n);
	if (p.file != NULL) {
		p.text = body;
		/* A file input left empty is not a file. */
		return n == 0 && p.file[0] == '\0' ? 0 :
		    parts_add(out, a, &p, e);
	}
	if (memchr(body, '\0', n) != NULL || !utf8_valid(body, n))
		return broken(e, "a text part is not UTF-8");
	p.text = arena_strndup(a, body, n);
	return parts_add(out, a, &p, e);
}

/* From just after a delimiter line to the next delimiter. */
static int
next_part(struct arena *a, struct cursor *c, const char *mark, size_t mark_n,
    struct parts *out, struct err *e)
{
	const char *blank = memmem(c->p, c->n, "\r\n\r\n", 4), *body, *end;
	size_t head_n, left;

	if (blank == NULL || (head_n = (size_t)(blank - c->p)) > HEAD_MAX)
		return broken(e, "a part's head does not end");
	body = blank + 4;
	left = c->n - head_n - 4;
	if ((end = memmem(body, left, mark, mark_n)) == NULL)
		return broken(e, "no closing delimiter");
	if (add_part(a, c->p, head_n, body, (size_t)(end - body), out, e) < 0)
		return -1;
	c->p = end + mark_n;
	c->n = left - (size_t)(end - body) - mark_n;
	return 0;
}

/* After a delimiter: 1 another part follows, 0 it was the last, -1. */
static int
after_delimiter(struct cursor *c, struct err *e)
{
	if (c->n >= 2 && memcmp(c->p, "--", 2) == 0)
		return 0;
	while (c->n > 0 && (*c->p == ' ' || *c->p == '\t')) {
		c->p++;
		c->n--;
	}
	if (c->n < 2 || memcmp(c->p, "\r\n", 2) != 0)
		return broken(e, "a delimiter line is broken");
	c->p += 2;
	c->n -= 2;
	return 1;
}

int
multipart_parse(struct arena *a, const char *content_type, const uint8_t *p,
    size_t n, struct parts *out, struct err *e)
{
	const char *boundary = parameter(a, content_type,
	    strlen(content_type), "boundary");
	char mark[BOUNDARY_MAX + 5];
	struct cursor c;
	const char *first;
	int more, mark_n;

	memset(out, 0, sizeof(*out));
	if (boundary == NULL || boundary[0] == '\0' ||
	    strlen(boundary) > BOUNDARY_MAX)
		return broken(e, "no boundary");
	if (bind_room(a, n + (size_t)PARTS_MAX * (sizeof(struct part) + 64),
	    e) < 0)
		return -1;
	mark_n = snprintf(mark, sizeof(mark), "\r\n--%s", boundary);
	/* The first delimiter may open the body, without its line break. */
	first = memmem(p, n, mark + 2, (size_t)mark_n - 2);
	if (first == NULL)
		return broken(e, "no delimiter");
	c.p = first + mark_n - 2;
	c.n = n - (size_t)(c.p - (const char *)p);
	while ((more = after_delimiter(&c, e)) == 1)
		if (next_part(a, &c, mark, (size_t)mark_n, out, e) < 0)
			return -1;
	return more;
}
