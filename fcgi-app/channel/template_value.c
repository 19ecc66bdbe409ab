/*
 * template_value.c - the pieces of a text, and values as text by their types.
 */
#include "channel/template_own.h"

#include "base/clock.h"
#include "base/text.h"

const char *const var_type_word[VAR_TYPES] = { "string", "id", "number",
	"date", "url" };

/* --- pieces ---------------------------------------------------------------- */

static bool
name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (!first && ((c >= '0' && c <= '9') || c == '_'));
}

int
piece_next(const char **at, struct piece *x)
{
	const char *p = *at;

	memset(x, 0, sizeof(*x));
	if (*p == '\0')
		return 0;
	if ((*p == '{' || *p == '}') && p[1] == *p) {
		x->p = p;
		x->n = 1;
		*at = p + 2;
		return 1;
	}
	if (*p == '}')
		return -1;
	x->p = p;
	if (*p != '{') {
		x->n = strcspn(p, "{}");
		*at = p + x->n;
		return 1;
	}
	x->variable = true;
	x->p = ++p;
	while (name_char(*p, p == x->p))
		p++;
	x->n = (size_t)(p - x->p);
	if (x->n == 0 || x->n > VAR_NAME_MAX)
		return -1;
	if (*p == '|') {
		x->otherwise = ++p;
		x->otherwise_n = strcspn(p, "{}");
		p += x->otherwise_n;
	}
	if (*p != '}')
		return -1;
	*at = p + 1;
	return 1;
}

bool
var_find(const struct json *def, const char *name, size_t n,
    enum var_type *type, bool *required)
{
	const struct json *vars = json_get(def, "variables"), *v;
	char word[VAR_NAME_MAX + 1];
	const char *t;

	*required = true;
	*type = VAR_STRING;
	if (n == 4 && memcmp(name, "site", 4) == 0)
		return true;
	memcpy(word, name, n);
	word[n] = '\0';
	if ((v = json_get(vars, word)) == NULL)
		return false;
	(void)!json_bool(json_get(v, "required"), required);
	t = json_str(json_get(v, "type"));
	for (int i = 0; t != NULL && i < VAR_TYPES; i++)
		if (strcmp(t, var_type_word[i]) == 0)
			*type = (enum var_type)i;
	return true;
}

/* --- values ---------------------------------------------------------------- */

static bool
clean(const char *s, size_t max)
{
	return utf8_count(s) <= max && !text_has_control(s);
}

static const char *
id_text(struct arena *a, const struct json *j)
{
	const char *s = json_str(j);
	int64_t n;

	if (json_type(j) == JSON_INT && json_int(j, &n))
		return arena_printf(a, "%" PRId64, n);
	if (s == NULL || *s == '\0' || strlen(s) > 64)
		return NULL;
	for (const char *p = s; *p != '\0'; p++)
		if (!name_char(*p, false) && strchr("._:-", *p) == NULL)
			return NULL;
	return s;
}

/* A day as it is; a moment as a day and a time of day, UTC. */
static const char *
date_text(struct arena *a, const struct json *j)
{
	const char *s = json_str(j);
	char out[CLOCK_TEXT_MAX];
	int64_t us;

	if (s == NULL || strlen(s) > 40)
		return NULL;
	if (strlen(s) == 10)
		return clock_parse(arena_printf(a, "%sT00:00:00Z", s), &us) ?
		    s : NULL;
	if (!clock_parse(s, &us))
		return NULL;
	clock_rfc3339(us, false, out);
	return arena_printf(a, "%.10s %.5s UTC", out, out + 11);
}

static const char *
url_text(const struct json *j)
{
	const char *s = json_str(j);

	if (s == NULL || strlen(s) > 2000 || (!text_starts(s, "https://") &&
	    !text_starts(s, "http://")))
		return NULL;
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f ||
		    strchr("\"<>\\^`{|}", *p) != NULL)
			return NULL;
	return s;
}

const char *
var_text(struct arena *a, const struct json *j, enum var_type t)
{
	switch (t) {
	case VAR_STRING:
		return json_str(j) != NULL && clean(json_str(j),
		    VAR_TEXT_MAX) ? json_str(j) : NULL;
	case VAR_ID:
		return id_text(a, j);
	case VAR_NUMBER:
		return json_type(j) == JSON_INT || json_type(j) == JSON_REAL ?
		    json_text(a, j) : NULL;
	case VAR_DATE:
		return date_text(a, j);
	case VAR_URL:
		return url_text(j);
	case VAR_TYPES:
		break;
	}
	return NULL;
}
