/*
 * list.c - paging, and the addresses of the pages beside.
 */
#include "api/list.h"

#include "base/conf.h"
#include "base/text.h"

#define FEW		10
#define PAGE		20

/* list_in is itself the struct: the rows' member is the whole of it. */
struct list_alone { struct list_in list; };
static const struct field list_rows[] = { LIST_FIELDS(struct list_alone, list) };
const struct fieldset list_fields =
    FIELDSET(struct list_in, list_rows, IN_QUERY);
/* Without the last: tokens are few and are not searched. */
const struct fieldset tokens_fields = { list_rows, COUNT_OF(list_rows) - 1,
    sizeof(struct list_in), IN_QUERY };

static void
read_page(const struct list_in *in, struct list *l, bool by_offset)
{
	l->q = in->q == NULL ? "" : in->q;
	l->more = "";
	l->by_offset = by_offset;
	if (l->by_offset) {
		l->limit = in->limit.set ? (unsigned)in->limit.v : FEW;
		l->offset = in->offset.set ? (unsigned)in->offset.v : 0;
	} else {
		l->limit = in->page_size.set ? (unsigned)in->page_size.v : PAGE;
		l->offset = in->page.set ?
		    ((unsigned)in->page.v - 1) * l->limit : 0;
	}
}

void
list_read(const struct list_in *in, struct list *l)
{
	read_page(in, l, in->limit.set || in->offset.set);
}

void
list_read_offset(const struct list_in *in, struct list *l)
{
	read_page(in, l, in->limit.set || in->offset.set ||
	    (!in->page.set && !in->page_size.set));
}

/* Made from the public URL, never from Host. */
static const char *
address(struct call *c, const struct list *l, unsigned offset)
{
	const char *head = arena_printf(c->arena, "%s%s",
	    conf_str(CONF_PUBLIC_URL), c->route->path);
	const char *q = l->q[0] == '\0' ? l->more : arena_printf(c->arena,
	    "&q=%s%s", url_encode(c->arena, l->q), l->more);

	/* The template's parameters are in the path as it came. */
	if (strchr(c->route->path, '{') != NULL)
		head = arena_printf(c->arena, "%s%s",
		    conf_str(CONF_PUBLIC_URL), c->req->path);
	if (l->by_offset)
		return arena_printf(c->arena, "%s?limit=%u&offset=%u%s", head,
		    l->limit, offset, q);
	return arena_printf(c->arena, "%s?page=%u&page_size=%u%s", head,
	    offset / l->limit + 1, l->limit, q);
}

struct jw *
list_open(struct call *c, const struct list *l, int64_t count)
{
	struct jw *w = resp_json(c->resp, 200);
	int64_t end = (int64_t)l->offset + l->limit;

	jw_i64(w, "count", count);
	jw_str(w, "next", end < count ? address(c, l, (unsigned)end) : NULL);
	jw_str(w, "previous", l->offset == 0 ? NULL : address(c, l,
	    l->offset > l->limit ? l->offset - l->limit : 0));
	jw_array(w, "results");
	return w;
}

void
list_close(struct call *c)
{
	jw_end(&c->resp->json);
	resp_json_end(c->resp);
}
