/*
 * bind_digest.c - bound values as byte ranges, for the idempotency MAC.
 *
 * What must stay true: two different bodies never give the same bytes, hence
 * the length before every value; and nothing that is not bound counts, hence
 * a repeated multipart request with another boundary is the same request.
 */
#include "http/bind_own.h"
#include "base/crypto.h"

struct digest {
	struct arena	*a;
	struct crypto_part *part;
	size_t		 n;
};

static void
add(struct digest *d, const void *p, size_t n)
{
	uint64_t *len = arena_alloc(d->a, sizeof(*len));

	*len = n;
	d->part[d->n++] = (struct crypto_part){ len, sizeof(*len) };
	d->part[d->n++] = (struct crypto_part){ p, n };
}

static void
add_str(struct digest *d, const char *s)
{
	if (s != NULL)
		add(d, s, strlen(s));
}

static void
add_texts(struct digest *d, const struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		add_str(d, t->p[i]);
}

static void
add_value(struct digest *d, const struct field *f, const void *m)
{
	const struct json *const *j = m;
	const struct ints *ints = m;
	const struct file *file = m;

	switch (f->type) {
	case FT_INT:
		if (((const struct opt_int *)m)->set)
			add(d, &((const struct opt_int *)m)->v, 8);
		break;
	case FT_BOOL:
		if (((const struct opt_bool *)m)->set)
			add(d, &((const struct opt_bool *)m)->v, 1);
		break;
	case FT_TIME:
		add(d, m, sizeof(int64_t));
		break;
	case FT_JSON:
		if (*j != NULL)
			add_str(d, json_text(d->a, *j));
		break;
	case FT_TEXTS:
		add_texts(d, m);
		break;
	case FT_INTS:
		if (ints->set)
			add(d, ints->p, ints->n * sizeof(*ints->p));
		break;
	case FT_FILE:
		if (file->p != NULL)
			add(d, file->p, file->n);
		break;
	default:
		add_str(d, *(const char *const *)m);
	}
}

const struct crypto_part *
bind_digest(const struct bound *b, struct arena *a, size_t *n)
{
	const struct fieldset *f = b->fields;
	struct digest d = { .a = a };
	size_t most = 0;

	for (size_t i = 0; i < f->rows; i++) {
		const struct field *row = &f->row[i];
		const char *m = (const char *)b->in + row->offset;

		most += 4;
		if (row->type == FT_TEXTS)
			most += 2 * ((const struct texts *)(const void *)m)->n;
	}
	d.part = arena_array(a, most + 1, sizeof(*d.part));
	for (size_t i = 0; i < f->rows; i++) {
		add_str(&d, f->row[i].name);
		add_value(&d, &f->row[i],
		    (const char *)b->in + f->row[i].offset);
	}
	*n = d.n;
	return d.part;
}
