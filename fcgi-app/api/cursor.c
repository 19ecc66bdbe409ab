/*
 * cursor.c - see cursor.h.
 */
#include "api/cursor.h"

#include "api/push_own.h"
#include "base/conf.h"

int
cursor_read(struct call *c, const struct cursor_in *in, struct cursor *k,
    struct err *e)
{
	const struct { const char *name, *text; uint64_t *id; } end[] = {
		{ "before", in->before, &k->span.before },
		{ "after", in->after, &k->span.after },
	};

	*k = (struct cursor){ .limit = in->limit.set ?
	    (unsigned)in->limit.v : CURSOR_FEW };
	k->span.up = in->ordering != NULL && in->ordering[0] != '-';
	for (size_t i = 0; i < COUNT_OF(end); i++)
		if (end[i].text != NULL && !id_read(end[i].text, end[i].id))
			return field_refuse(c, end[i].name, "invalid", e,
			    "Give the id of a row.");
	return 0;
}

static const char *
place(struct call *c, const char *name, uint64_t id)
{
	return id == 0 ? "" : arena_printf(c->arena, "&%s=%" PRIu64, name,
	    id);
}

void
cursor_next(struct call *c, struct jw *w, const struct cursor *k,
    uint64_t last, const char *more)
{
	const struct span *s = &k->span;

	jw_str(w, "next", last == 0 ? NULL : arena_printf(c->arena,
	    "%s%s?limit=%u%s%s%s%s", conf_str(CONF_PUBLIC_URL),
	    c->route->path, k->limit,
	    place(c, "before", s->up ? s->before : last),
	    place(c, "after", s->up ? last : s->after),
	    s->up ? "&ordering=created_at" : "", more));
	jw_null(w, "previous");
}
