/*
 * articles.c - /api/articles/ (and /api/v1/article/): what users write for
 * each other.
 *
 * What must stay true: people are told of an article once, in the transaction
 * that publishes it first, however many requests publish it; and a draft is
 * nobody's business but its author's and the administrators'.
 */
#include "api/idem.h"
#include "api/list.h"
#include "api/push_own.h"
#include "api/template_use.h"

#include "auth/throttle.h"
#include "base/conf.h"
#include "base/rand.h"
#include "queue/bell.h"
#include "store/article.h"
#include "store/user.h"

#define CONTENT_MAX	20000
#define LIFE_S		(7 * 24 * 60 * 60)
#define DAY_S		86400U
#define TEXT_MAX	((size_t)64 * 1024)
#define LIST_ARENA	((size_t)16 << 20)

struct article_in { const char *title, *content, *status; };
#define ARTICLE_ROWS(flags)						\
	FIELD_TEXT(struct article_in, title, "title", 1,		\
	    ARTICLE_TITLE_MAX, (flags) | F_TRIM | F_LINE),		\
	FIELD_TEXT(struct article_in, content, "content", 1, CONTENT_MAX, \
	    (flags)),							\
	FIELD_ENUM(struct article_in, status, "status", "draft|published", 0)
static const struct field article_rows[] = { ARTICLE_ROWS(F_REQUIRED) };
static const struct field article_change_rows[] = { ARTICLE_ROWS(0) };
const struct fieldset article_fields =
    FIELDSET(struct article_in, article_rows, IN_BODY);
const struct fieldset article_change_fields =
    FIELDSET(struct article_in, article_change_rows, IN_BODY);

struct articles_in {
	struct list_in	 page;
	const char	*status, *ordering;
	struct opt_int	 author;
};
static const struct field articles_rows[] = {
	LIST_FIELDS(struct articles_in, page),
	FIELD_ENUM(struct articles_in, status, "status", "draft|published",
	    0),
	FIELD_OF(FT_INT, struct articles_in, author, "author", 1, INT64_MAX,
	    0),
	FIELD_ENUM(struct articles_in, ordering, "ordering",
	    "-created_at|created_at|title|-title|updated_at|-updated_at", 0),
};
const struct fieldset articles_fields =
    FIELDSET(struct articles_in, articles_rows, IN_QUERY);

/* --- shown ----------------------------------------------------------------- */

static struct article_view
view_of(const struct call *c)
{
	return (struct article_view){ .user_id = c->who.user_id,
	    .all = c->who.is_staff || c->who.is_superuser };
}

static void
write_article(struct jw *w, const struct article *r)
{
	jw_id(w, "id", r->id);
	jw_str(w, "title", r->title);
	jw_str(w, "content", r->content);
	jw_u64(w, "author", r->user_id);
	jw_str(w, "author_email", r->author_email);
	jw_time(w, "created_at", r->created_us);
	jw_time(w, "updated_at", r->updated_us);
	jw_str(w, "status", r->status);
}

static int
find(struct call *c, uint64_t id, struct article *r, struct err *e)
{
	const struct article_view v = view_of(c);
	int rc = article_find(c->db, c->arena, id, &v, r, e);

	return rc == 0 ? err_set(e, ERR_NOT_FOUND, "not_found",
	    "no such article of the caller's") : rc < 0 ? -1 : 0;
}

static int
show(struct call *c, int status, uint64_t id, struct err *e)
{
	struct article r;

	if (find(c, id, &r, e) < 0)
		return -1;
	write_article(resp_json(c->resp, status), &r);
	resp_json_end(c->resp);
	return 0;
}

int
article_get(struct call *c, const void *in, struct err *e)
{
	uint64_t id;

	(void)in;
	return id_of_path(c, 0, &id, e) < 0 ? -1 : show(c, 200, id, e);
}

struct listing { struct jw *w; struct article r; };

static int
write_row(void *arg, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	jw_object(l->w, NULL);
	write_article(l->w, &l->r);
	jw_end(l->w);
	return 0;
}

static enum article_order
order_of(const char *s)
{
	static const char *const word[] = { "-created_at", "created_at",
	    "title", "-title", "updated_at", "-updated_at" };

	for (int i = 0; s != NULL && i < (int)COUNT_OF(word); i++)
		if (strcmp(s, word[i]) == 0)
			return (enum article_order)i;
	return ARTICLE_NEWEST;
}

int
articles_get(struct call *c, const void *in_, struct err *e)
{
	const struct articles_in *in = in_;
	struct article_page p = { .view = view_of(c),
	    .status = in->status == NULL ? "" : in->status,
	    .author = in->author.set ? (uint64_t)in->author.v : 0,
	    .order = order_of(in->ordering) };
	struct listing row;
	struct arena *a;
	struct list l;
	int64_t n;
	int rc;

	list_read(&in->page, &l);
	if (*p.status != '\0')
		l.more = arena_printf(c->arena, "%s&status=%s", l.more,
		    p.status);
	if (p.author != 0)
		l.more = arena_printf(c->arena, "%s&author=%" PRIu64, l.more,
		    p.author);
	if (in->ordering != NULL)
		l.more = arena_printf(c->arena, "%s&ordering=%s", l.more,
		    in->ordering);
	p.q = l.q;
	p.limit = l.limit;
	p.offset = l.offset;
	if ((n = article_count(c->db, &p, e)) < 0)
		return -1;
	/* A page of the longest ones is more than a request's share. */
	a = arena_new(LIST_ARENA);
	row.w = list_open(c, &l, n);
	rc = article_each(c->db, a, &p, &row.r, write_row, &row, e);
	arena_free(a);
	if (rc < 0)
		return -1;
	list_close(c);
	return 0;
}

/* --- told -------------------------------------------------------------------- */

struct writing {
	struct call	*c;
	uint64_t	 id, note_id;
	const struct article_in *in;
	const char	*status;
	/* What is said if this publishes it first; NULL: it does not. */
	const char	*title, *content, *audience;
	bool		 told;
};

/* The message, ready before the transaction. */
static int
prepare(struct call *c, struct writing *x, const char *title,
    uint64_t author, const char *name, struct err *e)
{
	bool readers = strcmp(conf_str(CONF_ARTICLE_TELL), "readers") == 0;
	struct template_used used;
	struct json *data = NULL;
	const char *text;
	struct buf b;
	struct jw w;
	int rc;

	buf_init(&b, TEXT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	jw_str(&w, "title", title);
	jw_str(&w, "author", *name != '\0' ? name : conf_str(CONF_SITE_NAME));
	jw_id(&w, "articleId", x->id);
	jw_end(&w);
	text = arena_strdup(c->arena, buf_text(&b));
	buf_fini(&b);
	if (json_parse(text, strlen(text), JSON_PLAIN, 0, &data, e) < 0)
		return -1;
	rc = template_use(c, "article_published", data, &used, e);
	json_free(data);
	if (rc < 0)
		/* An administrator changed the template: not the author's
		 * fault, and no reason not to publish. */
		return e->kind == ERR_INPUT ? err_set(e, ERR_CONFLICT,
		    "template_unfit", "article_published") : -1;
	buf_init(&b, TEXT_MAX);
	jw_init(&w, &b);
	jw_object(&w, NULL);
	template_content(&w, used.name, used.version, &used.out);
	jw_end(&w);
	x->content = arena_strdup(c->arena, buf_text(&b));
	buf_fini(&b);
	x->title = text_cut(c->arena, used.out.title, 255);
	x->audience = readers ?
	    "{\"all\":true,\"channels\":[\"email\",\"in_app\"]}" :
	    arena_printf(c->arena, "{\"user_ids\":[%" PRIu64 "],\"channels\":"
	    "[\"email\",\"in_app\"]}", author);
	x->note_id = rand_id();
	return 0;
}

static int
tell(struct db *db, struct writing *x, struct err *e)
{
	const struct enqueue m = { .id = x->note_id,
	    .user_id = x->c->who.user_id, .type = "article",
	    .class = CLASS_CAMPAIGN, .channel = "", .title = x->title,
	    .content = x->content, .audience = x->audience,
	    .request_id = x->c->req->request_id, .life_s = LIFE_S };
	int rc;

	x->told = false;
	if (x->content == NULL)
		return 0;
	if ((rc = article_first_published(db, x->id, e)) <= 0)
		return rc;
	if (enqueue(db, &m, NULL, NULL, e) < 0)
		return -1;
	x->told = true;
	return 0;
}

static bool
publishes(const char *status)
{
	return status != NULL && strcmp(status, "published") == 0;
}

/* Everybody is written to: so many a day an author (administrators as they
 * like). */
static int
pace(struct call *c, struct err *e)
{
	if (c->who.is_staff || c->who.is_superuser ||
	    (c->req->loopback && !conf_bool(CONF_LIMITS_LOOPBACK)))
		return 0;
	return throttle_or_fail(c->db, "article", &c->who.user_id,
	    sizeof(c->who.user_id), (uint32_t)conf_int(CONF_ARTICLE_DAY),
	    DAY_S, "rate_limited", e);
}

/* The caller's name, as he is the author. */
static int
own_name(struct call *c, const char **name, struct err *e)
{
	struct user u;
	int rc = user_find(c->db, c->arena, c->who.user_id, &u, e);

	*name = rc == 1 ? arena_printf(c->arena, "%s%s%s", u.first_name,
	    *u.first_name != '\0' && *u.last_name != '\0' ? " " : "",
	    u.last_name) : "";
	return rc < 0 ? -1 : 0;
}

/* --- written ------------------------------------------------------------------ */

static int
make_work(struct db *db, void *arg, struct err *e)
{
	struct writing *x = arg;
	struct call *c = x->c;

	if (article_insert(db, x->id, c->who.user_id, x->in->title,
	    x->in->content, x->status, e) < 0)
		return -1;
	if (idem_take(c, db, x->id, e) < 0)
		return -1;
	return tell(db, x, e);
}

int
articles_post(struct call *c, const void *in_, struct err *e)
{
	const struct article_in *in = in_;
	struct writing x = { .c = c, .id = rand_id(), .in = in,
	    .status = in->status == NULL ? "published" : in->status };
	const char *name;

	if (publishes(x.status) && (pace(c, e) < 0 ||
	    own_name(c, &name, e) < 0 ||
	    prepare(c, &x, in->title, c->who.user_id, name, e) < 0))
		return -1;
	if (db_tx(c->db, make_work, &x, e) < 0)
		return -1;
	if (x.told)
		(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	return show(c, 201, x.id, e);
}

int
articles_replay(struct call *c, uint64_t id, struct err *e)
{
	return show(c, 201, id, e);
}

static int
change_work(struct db *db, void *arg, struct err *e)
{
	struct writing *x = arg;
	int rc = article_change(db, x->id, x->in->title, x->in->content,
	    x->in->status, e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "not_found",
		    "it was removed meanwhile");
	return tell(db, x, e);
}

/* The article of the path, which the caller may change. */
static int
find_own(struct call *c, struct article *r, struct err *e)
{
	uint64_t id;

	if (id_of_path(c, 0, &id, e) < 0 || find(c, id, r, e) < 0)
		return -1;
	if (r->user_id == c->who.user_id || view_of(c).all)
		return 0;
	return err_set(e, ERR_FORBIDDEN, "forbidden", "another's article");
}

int
article_change_any(struct call *c, const void *in_, struct err *e)
{
	const struct article_in *in = in_;
	struct writing x = { .c = c, .in = in };
	struct article r;

	if (find_own(c, &r, e) < 0)
		return -1;
	x.id = r.id;
	if (publishes(in->status) && r.published_us == 0 &&
	    (pace(c, e) < 0 || prepare(c, &x, in->title != NULL ? in->title :
	    r.title, r.user_id, r.author_name, e) < 0))
		return -1;
	if (db_tx(c->db, change_work, &x, e) < 0)
		return -1;
	if (x.told)
		(void)bell_ring(conf_str(CONF_RUN_DIR), "worker");
	return show(c, 200, r.id, e);
}

int
article_delete(struct call *c, const void *in, struct err *e)
{
	struct article r;

	(void)in;
	if (find_own(c, &r, e) < 0 || article_remove(c->db, r.id, e) < 0)
		return -1;
	resp_empty(c->resp, 204);
	return 0;
}
