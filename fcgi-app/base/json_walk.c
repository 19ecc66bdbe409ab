/*
 * json_walk.c - RFC 8259 as an iterative walk.
 *
 * Containers are on a heap stack, so depth cannot overflow ours.  The member
 * names of every open object are kept (decoded, because "\u0061" is "a") and
 * sorted once when the object closes: a hostile object costs n log n, and
 * there is no hash for it to aim at.
 */
#include "base/json_walk.h"
#include "base/log.h"
#include "base/text.h"

struct name {				/* into the input, or into `decoded` */
	const unsigned char	*p;
	size_t			 n;
};

struct level {
	size_t	first;			/* its first name */
	bool	object;
};

struct walk {
	const unsigned char *start, *p, *end;
	enum json_flags	 flags;
	unsigned	 depth, depth_max;
	struct level	*level;		/* `depth` used */
	size_t		 levels;
	struct name	*name;
	size_t		 names, name_cap;
	unsigned char	*decoded;	/* holds n bytes, made at first need */
	size_t		 decoded_n;
	const char	*why;		/* set when the walk failed */
};

static bool
fail(struct walk *w, const char *why)
{
	w->why = why;
	return false;
}

static void *
grown(void *p, size_t *cap, size_t size)
{
	*cap = *cap == 0 ? 16 : *cap * 2;
	p = reallocarray(p, *cap, size);
	if (p == NULL)
		fatal("json: out of memory");
	return p;
}

static void
skip_space(struct walk *w)
{
	while (w->p < w->end && (*w->p == ' ' || *w->p == '\t' ||
	    *w->p == '\n' || *w->p == '\r'))
		w->p++;
}

static bool
digits(struct walk *w)
{
	const unsigned char *from = w->p;

	while (w->p < w->end && *w->p >= '0' && *w->p <= '9')
		w->p++;
	return w->p > from || fail(w, "digit expected");
}

/* Is the integer text from..p within int64? */
static bool
within_int64(const unsigned char *from, const unsigned char *p)
{
	bool minus = *from == '-';
	uint64_t most = (uint64_t)INT64_MAX + minus, v = 0;

	for (from += minus; from < p; from++) {
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*from - '0'), &v))
			return false;
	}
	return v <= most;
}

static bool
number(struct walk *w)
{
	const unsigned char *from = w->p;
	bool integer = true;

	if (*w->p == '-')
		w->p++;
	if (w->p < w->end && *w->p == '0')
		w->p++;
	else if (!digits(w))
		return false;
	if (w->p < w->end && *w->p == '.') {
		integer = false;
		w->p++;
		if (!digits(w))
			return false;
	}
	if (w->p < w->end && (*w->p == 'e' || *w->p == 'E')) {
		integer = false;
		w->p++;
		if (w->p < w->end && (*w->p == '+' || *w->p == '-'))
			w->p++;
		if (!digits(w))
			return false;
	}
	if ((w->flags & JSON_STRICT) && integer && !within_int64(from, w->p))
		return fail(w, "integer out of range");
	return true;
}

static bool
hex4(struct walk *w, unsigned *v)
{
	*v = 0;
	if (w->end - w->p < 4)
		return fail(w, "four hex digits expected");
	for (int i = 0; i < 4; i++, w->p++) {
		unsigned c = *w->p;

		if (c >= '0' && c <= '9')
			c -= '0';
		else if (c >= 'a' && c <= 'f')
			c -= 'a' - 10;
		else if (c >= 'A' && c <= 'F')
			c -= 'A' - 10;
		else
			return fail(w, "four hex digits expected");
		*v = *v << 4 | c;
	}
	return true;
}

static size_t
utf8_put(unsigned char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (unsigned char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (unsigned char)(0xc0 | c >> 6);
		out[1] = (unsigned char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (unsigned char)(0xe0 | c >> 12);
		out[1] = (unsigned char)(0x80 | (c >> 6 & 63));
		out[2] = (unsigned char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (unsigned char)(0xf0 | c >> 18);
	out[1] = (unsigned char)(0x80 | (c >> 12 & 63));
	out[2] = (unsigned char)(0x80 | (c >> 6 & 63));
	out[3] = (unsigned char)(0x80 | (c & 63));
	return 4;
}

/*
 * After `\u`.  A lone surrogate is grammar, but no character: JSON_STRICT
 * refuses it, JSON_PLAIN reads it as U+FFFD, as json-c does.
 */
static bool
escape_u(struct walk *w, uint32_t *c)
{
	unsigned hi, lo;

	if (!hex4(w, &hi))
		return false;
	*c = hi;
	if (hi == 0 && (w->flags & JSON_STRICT))
		return fail(w, "NUL in a string");
	if (hi < 0xd800 || hi > 0xdfff)
		return true;
	if (hi < 0xdc00 && w->end - w->p >= 6 && w->p[0] == '\\' &&
	    w->p[1] == 'u') {
		const unsigned char *back = w->p;

		w->p += 2;
		if (!hex4(w, &lo))
			return false;
		if (lo >= 0xdc00 && lo <= 0xdfff) {
			*c = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
			return true;
		}
		w->p = back;
	}
	if (w->flags & JSON_STRICT)
		return fail(w, "lone surrogate");
	*c = 0xfffd;
	return true;
}

/*
 * A string; its opening quote is at p.  With `out` (room for as many bytes as
 * the string has in the input) the decoded text is written there.
 */
static bool
string(struct walk *w, unsigned char *out, size_t *out_n, bool *escaped)
{
	size_t o = 0, step;

	w->p++;
	*escaped = false;
	for (;;) {
		uint32_t c;

		if (w->p >= w->end)
			return fail(w, "string without end");
		if (*w->p == '"')
			break;
		if (*w->p < 0x20)
			return fail(w, "control character in a string");
		if (*w->p != '\\') {
			step = utf8_step(w->p, (size_t)(w->end - w->p));
			if (step == 0)
				return fail(w, "not UTF-8");
			if (out != NULL)
				memcpy(out + o, w->p, step);
			o += step;
			w->p += step;
			continue;
		}
		*escaped = true;
		if (++w->p >= w->end)
			return fail(w, "string without end");
		switch (*w->p++) {
		case '"': c = '"'; break;
		case '\\': c = '\\'; break;
		case '/': c = '/'; break;
		case 'b': c = '\b'; break;
		case 'f': c = '\f'; break;
		case 'n': c = '\n'; break;
		case 'r': c = '\r'; break;
		case 't': c = '\t'; break;
		case 'u':
			if (!escape_u(w, &c))
				return false;
			break;
		default:
			w->p--;
			return fail(w, "unknown escape");
		}
		if (out != NULL)
			o += utf8_put(out + o, c);
	}
	w->p++;
	if (out_n != NULL)
		*out_n = o;
	return true;
}

/* A member's name; remembered when duplicates matter. */
static bool
member_name(struct walk *w)
{
	const unsigned char *from = w->p;
	struct name name;
	bool escaped;

	if (*w->p != '"')
		return fail(w, "member name expected");
	if (!string(w, NULL, NULL, &escaped))
		return false;
	if (w->flags & JSON_STRICT) {
		name.p = from + 1;
		name.n = (size_t)(w->p - from) - 2;
		if (escaped) {
			/* A decoded name is shorter than its text, so n bytes
			 * hold all of them and never move. */
			if (w->decoded == NULL)
				w->decoded = malloc((size_t)(w->end -
				    w->start));
			if (w->decoded == NULL)
				fatal("json: out of memory");
			w->p = from;
			name.p = w->decoded + w->decoded_n;
			if (!string(w, w->decoded + w->decoded_n, &name.n,
			    &escaped))
				return false;
			w->decoded_n += name.n;
		}
		if (w->names == w->name_cap)
			w->name = grown(w->name, &w->name_cap,
			    sizeof(*w->name));
		w->name[w->names++] = name;
	}
	skip_space(w);
	if (w->p >= w->end || *w->p != ':')
		return fail(w, "colon expected");
	w->p++;
	return true;
}

static int
name_compare(const void *va, const void *vb)
{
	const struct name *a = va, *b = vb;
	size_t n = a->n < b->n ? a->n : b->n;
	int d = n == 0 ? 0 : memcmp(a->p, b->p, n);

	return d != 0 ? d : (a->n > b->n) - (a->n < b->n);
}

static bool
names_unique(struct walk *w, size_t first)
{
	size_t n = w->names - first;

	if (n > 1)
		qsort(w->name + first, n, sizeof(*w->name), name_compare);
	for (size_t i = 1; i < n; i++)
		if (name_compare(w->name + first + i - 1,
		    w->name + first + i) == 0)
			return fail(w, "member twice");
	w->names = first;
	return true;
}

static bool
push(struct walk *w, bool object)
{
	if (w->depth == w->depth_max)
		return fail(w, "too deep");
	if (w->depth == w->levels)
		w->level = grown(w->level, &w->levels, sizeof(*w->level));
	w->level[w->depth].first = w->names;
	w->level[w->depth].object = object;
	w->depth++;
	w->p++;
	skip_space(w);
	return true;
}

/* At the closing bracket of the innermost container? */
static bool
at_close(const struct walk *w)
{
	return w->p < w->end &&
	    *w->p == (w->level[w->depth - 1].object ? '}' : ']');
}

static bool
pop(struct walk *w)
{
	const struct level *l = &w->level[w->depth - 1];

	if (l->object && !names_unique(w, l->first))
		return false;
	w->depth--;
	w->p++;
	return true;
}

static bool
word(struct walk *w, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(w->end - w->p) < n || memcmp(w->p, text, n) != 0)
		return fail(w, "value expected");
	w->p += n;
	return true;
}

static bool
scalar(struct walk *w)
{
	bool escaped;

	switch (*w->p) {
	case '"':
		return string(w, NULL, NULL, &escaped);
	case 't':
		return word(w, "true");
	case 'f':
		return word(w, "false");
	case 'n':
		return word(w, "null");
	default:
		if (*w->p == '-' || (*w->p >= '0' && *w->p <= '9'))
			return number(w);
		return fail(w, "value expected");
	}
}

/* After a value: close what ends here, or step over a comma. */
static bool
after_value(struct walk *w)
{
	for (;;) {
		skip_space(w);
		if (w->depth == 0)
			return true;
		if (!at_close(w))
			break;
		if (!pop(w))
			return false;
	}
	if (w->p >= w->end || *w->p != ',')
		return fail(w, "comma or closing bracket expected");
	w->p++;
	skip_space(w);
	if (!w->level[w->depth - 1].object)
		return true;
	if (w->p >= w->end)
		return fail(w, "member name expected");
	return member_name(w);
}

static bool
value(struct walk *w)
{
	do {
		skip_space(w);
		if (w->p >= w->end)
			return fail(w, "value expected");
		if (*w->p == '{' || *w->p == '[') {
			if (!push(w, *w->p == '{'))
				return false;
			if (!at_close(w)) {
				if (w->level[w->depth - 1].object &&
				    (w->p >= w->end || !member_name(w)))
					return w->why != NULL ? false :
					    fail(w, "member name expected");
				continue;
			}
			if (!pop(w))
				return false;
		} else if (!scalar(w)) {
			return false;
		}
		if (!after_value(w))
			return false;
	} while (w->depth > 0);
	return w->p == w->end || fail(w, "something after the value");
}

int
json_walk(const char *p, size_t n, enum json_flags flags, unsigned depth_max,
    struct err *e)
{
	struct walk w = {
		.start = (const unsigned char *)p,
		.p = (const unsigned char *)p,
		.end = (const unsigned char *)p + n,
		.flags = flags,
		.depth_max = depth_max,
	};
	int rc = 0;

	if (!value(&w))
		rc = err_set(e, ERR_INPUT, "invalid_json", "at byte %zu: %s",
		    (size_t)(w.p - w.start), w.why);
	/* A name may be a secret's; the bytes themselves are the caller's. */
	if (w.decoded != NULL)
		explicit_bzero(w.decoded, w.decoded_n);
	free(w.decoded);
	free(w.name);
	free(w.level);
	return rc;
}
