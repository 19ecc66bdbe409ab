/*
 * problem_member.c - one more member on a problem document just made.
 */
#include "http/response.h"

void
resp_problem_member(struct resp *r, const char *name, const char *value)
{
	struct buf member;
	struct jw w;

	if (r->body.len == 0 || r->body.p[r->body.len - 1] != '}')
		return;
	buf_init(&member, 1024);
	jw_init(&w, &member);
	jw_object(&w, NULL);
	jw_str(&w, name, value);
	jw_end(&w);
	r->body.len--;
	buf_char(&r->body, ',');
	buf_str(&r->body, buf_text(&member) + 1);	/* without its '{' */
	buf_fini(&member);
}
