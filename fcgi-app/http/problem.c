/*
 * problem.c - refusals as people and programs read them: RFC 9457, with the
 * members that clients of the replaced systems look for.
 *
 * What must stay true: nothing of e->detail is ever shown; every code that
 * the program sets has a row here.
 */
#include "http/bind.h"
#include "http/response.h"

struct sentence { const char *code, *title, *detail; };

static const struct sentence rows[] = {
#include "http/problem_rows.def"
};

static const struct sentence *
find(const char *code)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (strcmp(rows[i].code, code) == 0)
			return &rows[i];
	return NULL;
}

const char *
problem_title(const char *code)
{
	const struct sentence *s = find(code);

	return s == NULL ? NULL : s->title;
}

const char *
problem_detail(const char *code)
{
	const struct sentence *s = find(code);

	return s == NULL ? NULL : s->detail;
}

/* What each kind becomes: a status, and the words when a code has no row. */
static const struct { int status; const char *code; } kind_row[] = {
	[ERR_NONE] = { 500, "internal" },
	[ERR_INTERNAL] = { 500, "internal" },
	[ERR_INPUT] = { 400, "invalid" },
	[ERR_AUTH] = { 401, "unauthorized" },
	[ERR_FORBIDDEN] = { 403, "forbidden" },
	[ERR_NOT_FOUND] = { 404, "not_found" },
	[ERR_CONFLICT] = { 409, "conflict" },
	[ERR_GONE] = { 410, "gone" },
	[ERR_TOO_LARGE] = { 413, "too_large" },
	[ERR_MEDIA] = { 415, "unsupported_media" },
	[ERR_UNPROCESSABLE] = { 422, "unprocessable" },
	[ERR_THROTTLED] = { 429, "rate_limited" },
	[ERR_UNAVAILABLE] = { 503, "unavailable" },
	[ERR_DB_LOST] = { 503, "unavailable" },
	[ERR_DB_DUP] = { 409, "conflict" },
	[ERR_UNSURE] = { 503, "unavailable" },
	[ERR_CONFIG] = { 500, "internal" },
};

/* The method's own code: 405 has no kind of error, for no room below knows. */
int
resp_status_of(enum err_kind k)
{
	return (size_t)k < COUNT_OF(kind_row) ? kind_row[k].status : 500;
}

/*
 * The word clients see.  Kinds that mean our own fault keep their causes to
 * themselves.
 */
static const char *
public_code(const struct err *e)
{
	const char *general = kind_row[e->kind].code;

	switch (e->kind) {
	case ERR_NONE:
	case ERR_INTERNAL:
	case ERR_CONFIG:
	case ERR_DB_LOST:
	case ERR_DB_DUP:
	case ERR_UNSURE:
		return general;
	default:
		return e->code[0] == '\0' ? general : e->code;
	}
}

static bool
of_field(const struct faults *f, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(f->f[k].field, f->f[i].field) == 0)
			return false;
	return true;
}

/* `errors`: a member a field, each a list; the order is that of the row. */
static void
write_errors(struct resp *r, struct jw *w, const struct err *e,
    const struct faults *f, const char *detail)
{
	enum lang l = resp_lang(r);

	if (e->kind != ERR_INPUT || ((f == NULL || f->n == 0) &&
	    e->field[0] == '\0'))
		return;
	jw_object(w, "errors");
	if (f == NULL || f->n == 0) {
		jw_array(w, e->field);
		jw_str(w, NULL, detail);
		jw_end(w);
		jw_end(w);
		return;
	}
	for (size_t i = 0; i < f->n; i++) {
		if (!of_field(f, i))
			continue;
		jw_array(w, f->f[i].field);
		for (size_t k = i; k < f->n; k++)
			if (strcmp(f->f[k].field, f->f[i].field) == 0)
				jw_str(w, NULL, f->f[k].text[l]);
		jw_end(w);
	}
	jw_end(w);
}

/* Members of the system that a kept row comes from (API.md). */
static void
write_old(struct jw *w, enum style style, const char *detail)
{
	switch (style) {
	case STYLE_P:
	case STYLE_N:
		jw_str(w, "error", detail);
		break;
	case STYLE_C:
		jw_bool(w, "success", false);
		jw_str(w, "error", detail);
		break;
	case STYLE_X:
		jw_bool(w, "success", false);
		jw_str(w, "message", detail);
		break;
	case STYLE_OURS:
	case STYLE_A:
		break;
	}
}

static void
write_headers(struct resp *r, const struct err *e, int status)
{
	int wait = e->retry_after_s;

	if (status == 429 || status == 503)
		resp_headerf(r, "Retry-After", "%d", wait > 0 ? wait :
		    status == 503 ? 2 : 1);
	if (status == 401)
		resp_header(r, "WWW-Authenticate",
		    strcmp(e->code, "invalid_token") == 0 ?
		    "Bearer realm=\"gatepost\", error=\"invalid_token\"" :
		    "Bearer realm=\"gatepost\"");
	resp_no_store(r);
}

void
resp_problem_faults(struct resp *r, const struct req *q, enum style style,
    const struct err *e, const struct faults *f)
{
	const char *code = public_code(e);
	const struct sentence *s = find(code);
	int status = resp_status_of(e->kind);
	const char *detail, *one;
	struct jw *w;

	if (strcmp(code, "method_not_allowed") == 0)
		status = 405;
	else if (strcmp(code, "not_acceptable") == 0)
		status = 406;
	if (s == NULL)
		s = find(kind_row[e->kind].code);
	detail = resp_say(r, s->detail);
	/* One fault: say it where the old clients look. */
	one = f != NULL && f->n == 1 ? resp_sayf(r, "%s: %s", f->f[0].field,
	    f->f[0].text[resp_lang(r)]) : detail;
	resp_reset(r);
	w = resp_json(r, status);
	r->content_type = "application/problem+json";
	jw_str(w, "type", arena_printf(r->arena, "urn:gatepost:problem:%s",
	    code));
	jw_str(w, "title", resp_say(r, s->title));
	jw_i64(w, "status", status);
	jw_str(w, "detail", one);
	jw_str(w, "code", code);
	jw_str(w, "request_id", q->request_id);
	write_errors(r, w, e, f, detail);
	write_old(w, style, one);
	resp_json_end(r);
	write_headers(r, e, status);
}

void
resp_problem(struct resp *r, const struct req *q, enum style style,
    const struct err *e)
{
	resp_problem_faults(r, q, style, e, NULL);
}
