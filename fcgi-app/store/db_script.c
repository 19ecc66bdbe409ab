/*
 * db_script.c - text of several statements, taken apart here and sent one by
 * one, so that an error names its statement and the connection never allows
 * several in one packet.  Understands quotes, comments and DELIMITER lines.
 */
#include "store/db_own.h"

#include <strings.h>

struct script {
	const char	*p;		/* what is left */
	char		 delimiter[8];
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Past a quoted text, comment, or one character. */
static const char *
step(const char *p)
{
	const char *end;

	switch (*p) {
	case '\'':
	case '"':
	case '`':
		for (end = p + 1; *end != '\0' && *end != *p; end++)
			if (*end == '\\' && *p != '`' && end[1] != '\0')
				end++;
		return *end != '\0' ? end + 1 : end;
	case '#':
		return p + strcspn(p, "\n");
	case '-':
		if (p[1] == '-' && (p[2] == '\0' || is_space(p[2])))
			return p + strcspn(p, "\n");
		return p + 1;
	case '/':
		/* A hint, or "executable" comment, is part of the text and
		 * passes through like any other. */
		if (p[1] == '*' && (end = strstr(p + 2, "*/")) != NULL)
			return end + 2;
		return p + 1;
	default:
		return p + 1;
	}
}

static const char *
skip_blank(const char *p)
{
	const char *next;

	for (;; p = next) {
		while (is_space(*p))
			p++;
		next = step(p);
		if (!(*p == '#' || (*p == '-' && next > p + 1) ||
		    (*p == '/' && next > p + 1 && p[2] != '!')))
			return p;
	}
}

/* A line "DELIMITER xx".  True when it was one. */
static bool
take_delimiter(struct script *s)
{
	size_t n;
	const char *p;

	if (strncasecmp(s->p, "DELIMITER", 9) != 0 || !is_space(s->p[9]))
		return false;
	p = s->p + 9 + strspn(s->p + 9, " \t");
	n = strcspn(p, " \t\r\n");
	if (n == 0 || n >= sizeof(s->delimiter))
		return false;
	memcpy(s->delimiter, p, n);
	s->delimiter[n] = '\0';
	s->p = p + strcspn(p, "\n");
	return true;
}

/* Next statement: its length and *out, or 0 at the end. */
static size_t
next_statement(struct script *s, const char **out)
{
	size_t d, n;
	const char *p;

	do {
		s->p = skip_blank(s->p);
		d = strlen(s->delimiter);
		if (strncmp(s->p, s->delimiter, d) == 0)
			s->p += d;	/* an empty one */
		else if (!take_delimiter(s))
			break;
	} while (true);
	for (p = s->p; *p != '\0' && strncmp(p, s->delimiter, d) != 0;)
		p = step(p);
	*out = s->p;
	n = (size_t)(p - s->p);
	s->p = *p != '\0' ? p + d : p;
	return n;
}

int
db_script(struct db *db, const char *sql, struct err *e)
{
	struct script s = { .p = sql, .delimiter = ";" };
	const char *text;
	char said[160];
	size_t n;

	if (db_ready(db, e) != FATE_OK)
		return -1;
	while ((n = next_statement(&s, &text)) > 0) {
		if (db_query(db, text, n, e) == FATE_OK)
			continue;
		(void)snprintf(said, sizeof(said), "%.*s", (int)
		    sizeof(said) - 1, e->detail);
		n = strcspn(text, "\n(");
		snprintf(e->detail, sizeof(e->detail), "%.*s: %s",
		    n < 80 ? (int)n : 80, text, said);
		return -1;
	}
	return 0;
}
