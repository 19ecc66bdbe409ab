/*
 * problem_member.c - one more member on a problem document just made.
 */
#include "http/response.h"

static void
add_member(struct resp *r, const char *name, const char *text, int64_t number)
{
	struct buf member;
	struct jw w;

	if (r->body.len == 0 || r->body.p[r->body.len - 1] != '}')
		return;
	buf_init(&member, 1024);
	jw_init(&w, &member);
	jw_object(&w, NULL);
	if (text != NULL)
		jw_str(&w, name, text);
	else
		jw_i64(&w, name, number);
	jw_end(&w);
	r->body.len--;
	buf_char(&r->body, ',');
	buf_str(&r->body, buf_text(&member) + 1);	/* without its '{' */
	buf_fini(&member);
}

void
resp_problem_member(struct resp *r, const char *name, const char *value)
{
	add_member(r, name, value, 0);
}

void
resp_problem_number(struct resp *r, const char *name, int64_t value)
{
	add_member(r, name, NULL, value);
}
