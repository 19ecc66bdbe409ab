/*
 * match.c - see match.h.  Owns nothing; copies parameters into the arena.
 */
#include "http/match.h"

#define PARAM_MAX	64

static size_t
without_slash(const char *s)
{
	size_t n = strlen(s);

	return n > 1 && s[n - 1] == '/' ? n - 1 : n;
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
	const char *t = templ, *t_end = templ + without_slash(templ);
	const char *p = path, *p_end = path + without_slash(path);

	/*
	 * Escapes, "//" and dot segments need no rule of their own (D18): no
	 * template has them and no parameter may hold '%', '/' or '.'.
	 */
	m->params = 0;
	for (; t < t_end; t++) {
		size_t n = 0;

		if (*t != '{') {
			if (p == p_end || *p++ != *t)
				return 0;
			continue;
		}
		while (p + n < p_end && is_word(p[n]))
			n++;
		if (n == 0 || n > PARAM_MAX || m->params == MATCH_PARAMS)
			return 0;
		m->param[m->params++] = arena_strndup(a, p, n);
		p += n;
		while (t < t_end && *t != '}')
			t++;
	}
	return p == p_end;
}
