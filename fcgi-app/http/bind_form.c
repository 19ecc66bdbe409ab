/*
 * bind_form.c - application/x-www-form-urlencoded, of a body or a query.
 */
#include "http/bind_own.h"
#include "base/text.h"

int
parts_add(struct parts *ps, struct arena *a, const struct part *p,
    struct err *e)
{
	if (ps->n == PARTS_MAX)
		return err_set(e, ERR_TOO_LARGE, "too_many_values",
		    "more than %d parts", PARTS_MAX);
	if (ps->p == NULL)
		ps->p = arena_array(a, PARTS_MAX, sizeof(*ps->p));
	ps->p[ps->n++] = *p;
	return 0;
}

static bool
name_is(const char *have, const char *want)
{
	size_t n = strlen(want);

	return strncmp(have, want, n) == 0 &&
	    (have[n] == '\0' || strcmp(have + n, "[]") == 0);
}

const struct part *
parts_find(const struct parts *ps, const char *name, bool file, size_t i)
{
	for (size_t k = 0; k < ps->n; k++)
		if ((ps->p[k].file != NULL) == file &&
		    name_is(ps->p[k].name, name) && i-- == 0)
			return &ps->p[k];
	return NULL;
}

static int
add_pair(struct arena *a, const char *s, size_t n, struct parts *out,
    struct err *e)
{
	const char *eq = memchr(s, '=', n);
	size_t name_n = eq == NULL ? n : (size_t)(eq - s);
	struct part p = { .type = "" };

	p.name = url_decode(a, s, name_n, true);
	p.text = eq == NULL ? "" :
	    url_decode(a, eq + 1, n - name_n - 1, true);
	if (p.name == NULL || p.text == NULL)
		return err_set(e, ERR_INPUT, "invalid_form",
		    "bad escape, NUL or bad UTF-8");
	p.n = strlen(p.text);
	return parts_add(out, a, &p, e);
}

int
form_parse(struct arena *a, const char *s, size_t n, struct parts *out,
    struct err *e)
{
	memset(out, 0, sizeof(*out));
	/* Decoding only shrinks; a pair costs its rounding besides. */
	if (bind_room(a, n + (size_t)PARTS_MAX * (sizeof(struct part) + 32),
	    e) < 0)
		return -1;
	while (n > 0) {
		const char *amp = memchr(s, '&', n);
		size_t pair = amp == NULL ? n : (size_t)(amp - s);

		if (pair > 0 && add_pair(a, s, pair, out, e) < 0)
			return -1;
		pair += amp != NULL;
		s += pair;
		n -= pair;
	}
	return 0;
}
