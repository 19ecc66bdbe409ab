/*
 * fields.c - refusing one member by name, and ids in their written form.
 */
#include "api/push_own.h"

#include "base/text.h"

int
field_refuse(struct call *c, const char *field, const char *code,
    struct err *e, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	faults_vaddf(&c->bound.faults, c->arena, field, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	text = arena_vprintf(c->arena, fmt, ap);
	va_end(ap);
	return err_field(e, field, code, "%s", text);
}

int
id_read(const char *text, uint64_t *id)
{
	return text != NULL && text_u64(text, INT64_MAX, id) && *id != 0;
}

int
id_of_path(const struct call *c, size_t i, uint64_t *id, struct err *e)
{
	if (id_read(c->param[i], id))
		return 0;
	return err_set(e, ERR_NOT_FOUND, "not_found", "no such id");
}

const char *
text_cut(struct arena *a, const char *s, size_t n)
{
	size_t bytes = 0;

	for (size_t k = 0; k < n && s[bytes] != '\0'; k++) {
		size_t step = utf8_step(s + bytes, strlen(s + bytes));

		if (step == 0)
			break;
		bytes += step;
	}
	return arena_strndup(a, s, bytes);
}
