/*
 * gatepostctl routes [--nginx | --json]
 *
 * The route table: for people, for tools, or as the locations that nginx
 * includes (nginx/snippets/gatepost-routes.conf; scripts/check fails when that
 * file is not what is printed here).
 */
#include "api/route.h"
#include "base/json.h"
#include "bin/ctl.h"

#define OUT_MAX		((size_t)1024 * 1024)
#define PARAM		"[A-Za-z0-9_-]+"

static const struct { enum http_method m; const char *name; } methods[] = {
	{ M_GET, "GET" }, { M_HEAD, "HEAD" }, { M_POST, "POST" },
	{ M_PUT, "PUT" }, { M_PATCH, "PATCH" }, { M_DELETE, "DELETE" },
	{ M_OPTIONS, "OPTIONS" },
};
static const char *const access_words[] = {
	[ANYONE] = "anyone", [GUEST] = "guest", [USER] = "user",
	[USER_CLAIM] = "user_claim", [USER_FRESH] = "user+fresh",
	[REFRESH] = "refresh",
	[HOLDER] = "holder", [ROLE_AUTHOR] = "role(author)",
	[ROLE_SENDER] = "role(sender)", [ROLE_ADMIN] = "role(admin)",
	[ROLE_SUPERUSER] = "role(superuser)", [SCOPE_PUSH] = "scope(push)",
	[SCOPE_SEND] = "scope(send)", [SCOPE_ADMIN] = "scope(admin)",
	[OWN_SENDS] = "own_sends",
};
static const char *const throttle_words[] = {
	[THR_NONE] = "none", [THR_ANON] = "anon", [THR_USER] = "user",
	[THR_SIGNIN] = "signin", [THR_SIGNUP] = "signup",
	[THR_REFRESH] = "refresh", [THR_PUSH_TOKEN] = "push_token",
	[THR_PUSH_TEST] = "push_test",
};
static const char *const limit_words[] = {
	[LIMIT_API] = "api", [LIMIT_AUTH] = "auth", [LIMIT_SEND] = "send",
	[LIMIT_NONE] = "none",
};
static const char *const style_words[] = {
	[STYLE_OURS] = "ours", [STYLE_P] = "P", [STYLE_N] = "N",
	[STYLE_C] = "C", [STYLE_A] = "A", [STYLE_X] = "X",
};

static const char *
method_name(enum http_method m)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (methods[i].m == m)
			return methods[i].name;
	return "?";
}

static int
by_path(const void *a, const void *b)
{
	const struct route *const *x = a, *const *y = b;
	int order = strcmp((*x)->path, (*y)->path);

	return order != 0 ? order : (int)(*x)->method - (int)(*y)->method;
}

static const struct route **
sorted(struct ctl *c)
{
	const struct route **r = arena_array(c->arena, routes_count,
	    sizeof(*r));

	for (size_t i = 0; i < routes_count; i++)
		r[i] = &routes[i];
	qsort(r, routes_count, sizeof(*r), by_path);
	return r;
}

static int
print_people(struct ctl *c)
{
	const struct route **r = sorted(c);

	printf("%-7s %-44s %-5s %-16s %-8s %-5s %5s %s\n", "method", "path",
	    "pool", "access", "throttle", "limit", "body", "idempotent");
	for (size_t i = 0; i < routes_count; i++)
		printf("%-7s %-44s %-5s %-16s %-8s %-5s %4dk %s\n",
		    method_name(r[i]->method), r[i]->path,
		    pool_name(r[i]->pool), access_words[route_word(r[i])],
		    throttle_words[r[i]->throttle], limit_words[r[i]->limit],
		    (int)r[i]->body_max_kb,
		    r[i]->idem == IDEM_YES ? "yes" : "");
	return CTL_OK;
}

static const char *
field_type(enum field_type t)
{
	switch (t) {
	case FT_INT:
		return "integer";
	case FT_BOOL:
		return "boolean";
	case FT_TEXTS:
	case FT_INTS:
		return "array";
	case FT_JSON:
		return "any";
	case FT_FILE:
		return "file";
	default:
		return "string";
	}
}

static void
json_route(struct jw *w, const struct route *r)
{
	jw_object(w, NULL);
	jw_str(w, "method", method_name(r->method));
	jw_str(w, "path", r->path);
	jw_str(w, "handler", r->handler_name);
	jw_str(w, "pool", pool_name(r->pool));
	jw_str(w, "access", access_words[route_word(r)]);
	jw_bool(w, "acting", route_acting(r));
	jw_bool(w, "home", route_home(r));
	jw_str(w, "throttle", throttle_words[r->throttle]);
	jw_str(w, "limit", limit_words[r->limit]);
	jw_i64(w, "body_max", (int64_t)r->body_max_kb * 1024);
	jw_bool(w, "idempotent", r->idem == IDEM_YES);
	jw_str(w, "style", style_words[r->style]);
	jw_str(w, "source", r->fields->source == IN_QUERY ? "query" : "body");
	jw_array(w, "fields");
	for (size_t i = 0; i < r->fields->rows; i++) {
		const struct field *f = &r->fields->row[i];

		jw_object(w, NULL);
		jw_str(w, "name", f->name);
		jw_str(w, "type", field_type(f->type));
		jw_bool(w, "required", (f->flags & F_REQUIRED) != 0);
		jw_end(w);
	}
	jw_end(w);
	jw_end(w);
}

static int
print_json(struct ctl *c)
{
	const struct route **r = sorted(c);
	struct buf b;
	struct jw w;

	buf_init(&b, OUT_MAX);
	jw_init(&w, &b);
	jw_array(&w, NULL);
	for (size_t i = 0; i < routes_count; i++)
		json_route(&w, r[i]);
	jw_end(&w);
	puts(buf_text(&b));
	buf_fini(&b);
	return CTL_OK;
}

/* --- nginx ------------------------------------------------------------------------ */

/* The part between "/api/" and the optional last slash, as a regex. */
static void
write_path(struct buf *b, const char *path)
{
	const char *p = path + strlen("/api/"), *end = path + strlen(path);

	if (end > p && end[-1] == '/')
		end--;
	while (p < end) {
		if (*p == '{') {
			buf_str(b, PARAM);
			p = strchr(p, '}') + 1;
		} else {
			buf_char(b, *p++);
		}
	}
}

/* A path whose reads and writes are of two pools: nginx chooses by method. */
#define POOL_BY_METHOD	POOLS

static enum pool
pool_of(const struct route *r)
{
	for (size_t i = 0; i < routes_count; i++)
		if (strcmp(routes[i].path, r->path) == 0 &&
		    routes[i].pool != r->pool)
			return POOL_BY_METHOD;
	return r->pool;
}

struct group {
	enum pool		pool;
	enum limit_class	limit;
	enum body_kind		body;
	bool			params;
};

static bool
in_group(const struct group *g, const struct route *r)
{
	/* What stands elsewhere has a location of its own. */
	return strncmp(r->path, "/api/", 5) == 0 &&
	    pool_of(r) == g->pool && r->limit == g->limit &&
	    r->body_max_kb == g->body &&
	    (strchr(r->path, '{') != NULL) == g->params;
}

static void
print_group(const struct route **r, const struct group *g)
{
	const char *body = g->body == BODY_3M ? "3m" :
	    g->body == BODY_1M ? "1m" : "64k";
	const char *last = "";
	struct buf b;

	/* The largest are anybody's to send: what is beyond a megabyte of them
	 * is nginx's on disk, not in its memory. */
	buf_init(&b, OUT_MAX);
	for (size_t i = 0; i < routes_count; i++) {
		if (!in_group(g, r[i]) || strcmp(r[i]->path, last) == 0)
			continue;
		if (b.len > 0)
			buf_char(&b, '|');
		write_path(&b, r[i]->path);
		last = r[i]->path;
	}
	if (b.len > 0)
		printf("location ~ \"^/api/(%s)/?$\" {\n"
		    "\tset $gp_limit %s;\n"
		    "\tclient_max_body_size %s;\n"
		    "\tclient_body_buffer_size %s;\n"
		    "\tinclude snippets/gatepost-fcgi.conf;\n"
		    "\tfastcgi_pass %s%s;\n"
		    "}\n", buf_text(&b), limit_words[g->limit], body,
		    g->body == BODY_3M ? "1m" : body,
		    g->pool == POOL_BY_METHOD ? "$gp_pool_by_method" : "gp_",
		    g->pool == POOL_BY_METHOD ? "" : pool_name(g->pool));
	buf_fini(&b);
}

static int
print_nginx(struct ctl *c)
{
	static const enum limit_class limits[] = { LIMIT_NONE, LIMIT_API,
		LIMIT_AUTH, LIMIT_SEND };
	static const enum body_kind bodies[] = { BODY_64K, BODY_1M,
		BODY_3M };
	const struct route **r = sorted(c);

	puts("# Printed by `gatepostctl routes --nginx` from "
	    "fcgi-app/api/routes.def; scripts/check fails on drift.");
	for (int params = 0; params < 2; params++)
		for (int pool = 0; pool <= POOL_BY_METHOD; pool++)
			for (size_t l = 0; l < COUNT_OF(limits); l++)
				for (size_t k = 0; k < COUNT_OF(bodies); k++)
					print_group(r, &(struct group){
					    (enum pool)pool, limits[l],
					    bodies[k], params == 1 });
	return CTL_OK;
}

int
ctl_routes(struct ctl *c)
{
	if (ctl_flag(c, "--nginx"))
		return print_nginx(c);
	return c->json ? print_json(c) : print_people(c);
}
