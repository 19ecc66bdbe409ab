/*
 * match.c - see match.h.  Owns nothing; copies parameters into the arena.
 */
#include "http/match.h"

#define PARAM_MAX	64

/* A slash at the very end is none, but for the root's own. */
static bool
at_end(const char *start, const char *s)
{
	return *s == '\0' || (*s == '/' && s[1] == '\0' && s != start);
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-';
}

int
match_path(struct arena *a, const char *templ, const char *path,
    struct match *m)
{
	const char *t = templ, *p = path;

	/*
	 * Escapes, "//" and dot segments need no rule of their own (D18): no
	 * template has them and no parameter may hold '%', '/' or '.'.
	 */
	m->params = 0;
	for (; !at_end(templ, t); t++) {
		size_t n = 0;

		if (*t != '{') {
			if (at_end(path, p) || *p++ != *t)
				return 0;
			continue;
		}
		while (is_word(p[n]))
			n++;
		if (n == 0 || n > PARAM_MAX || m->params == MATCH_PARAMS)
			return 0;
		m->param[m->params++] = arena_strndup(a, p, n);
		p += n;
		while (*t != '}' && t[1] != '\0')
			t++;
	}
	return at_end(path, p);
}
