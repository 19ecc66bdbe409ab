/*
 * test_response.c - http/response: what leaves, and what must not.
 */
#include "http_case.h"

struct case_ { struct arena *a; struct wire w; struct req q; struct resp r; };

static void
begin(struct case_ *c, enum http_method m)
{
	memset(c, 0, sizeof(*c));
	c->a = arena_new(1 << 20);
	wire_init(&c->w, "GET", "/");
	c->q.method = m;
	c->q.request_id = "rid";
	c->q.arena = c->a;
	resp_init(&c->r, c->a);
}

static int
send_it(struct case_ *c)
{
	struct transport t = wire_transport(&c->w);

	return resp_send(&c->r, &c->q, &t);
}

static void
end(struct case_ *c)
{
	resp_fini(&c->r);
	wire_fini(&c->w);
	arena_free(c->a);
}

static void
an_answer_goes_out_whole(void **state UNUSED)
{
	struct case_ c;

	begin(&c, M_GET);
	resp_message(&c.r, 201, "h\xc3\xa9");
	resp_header(&c.r, "Location", "/x");
	assert_int_equal(send_it(&c), 0);
	assert_string_equal(buf_text(&c.w.out),
	    "Status: 201 Created\r\nContent-Type: application/json\r\n"
	    "Location: /x\r\nContent-Length: 17\r\n\r\n"
	    "{\"message\":\"h\xc3\xa9\"}");
	end(&c);
}

static void
head_sends_the_length_and_no_body(void **state UNUSED)
{
	struct case_ c;

	begin(&c, M_HEAD);
	resp_message(&c.r, 200, "hi");
	assert_int_equal(send_it(&c), 0);
	assert_true(wire_has(&c.w, "Content-Length: 16"));
	assert_string_equal(wire_answer(&c.w), "");
	end(&c);
}

static void
no_content_has_no_length(void **state UNUSED)
{
	struct case_ c;

	begin(&c, M_GET);
	resp_empty(&c.r, 204);
	assert_int_equal(send_it(&c), 0);
	assert_string_equal(buf_text(&c.w.out),
	    "Status: 204 No Content\r\n\r\n");
	end(&c);
}

static void
the_reader_s_choice_of_language_stands(void **state UNUSED)
{
	static const struct { const char *chosen, *locale; enum lang want; }
	row[] = {
		{ "", "fa-IR", LANG_FA }, { "fa", "en", LANG_FA },
		{ "en", "fa", LANG_EN }, { "de", "fa", LANG_FA },
		{ "fa", NULL, LANG_FA }, { "", NULL, LANG_EN },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		struct case_ c;

		begin(&c, M_GET);
		resp_read_in(&c.r, row[i].chosen);
		resp_speak(&c.r, row[i].locale);
		assert_int_equal(resp_lang(&c.r), row[i].want);
		resp_reset(&c.r);
		assert_int_equal(resp_lang(&c.r), row[i].want);
		end(&c);
	}
}

static void
a_header_cannot_be_injected(void **state UNUSED)
{
	static const char *const bad[] = { "a\r\nSet-Cookie: x=1", "a\nb",
	    "a\rb", "a\x01" };
	struct case_ c;

	begin(&c, M_GET);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		resp_header(&c.r, "X-Test", bad[i]);
	resp_message(&c.r, 200, "x");
	assert_int_equal(send_it(&c), 0);
	assert_false(wire_has_header(&c.w, "X-Test"));
	assert_null(strstr(buf_text(&c.w.out), "Set-Cookie"));
	end(&c);
}

static void
a_large_body_follows_its_head(void **state UNUSED)
{
	struct case_ c;
	struct jw *w;

	begin(&c, M_GET);
	w = resp_json(&c.r, 200);
	jw_array(w, "a");
	for (int i = 0; i < 20000; i++)
		jw_i64(w, NULL, i);
	jw_end(w);
	resp_json_end(&c.r);
	assert_int_equal(send_it(&c), 0);
	assert_int_equal(strlen(wire_answer(&c.w)), c.r.body.len);
	assert_true(c.r.body.len > 100000);
	end(&c);
}

static void
an_answer_past_its_ceiling_is_500_and_not_half(void **state UNUSED)
{
	struct case_ c;
	struct jw *w;

	begin(&c, M_GET);
	w = resp_json(&c.r, 200);
	jw_array(w, "a");
	while (!c.r.body.over)
		jw_str(w, NULL, "0123456789012345678901234567890123456789");
	assert_int_equal(send_it(&c), 0);
	assert_int_equal(wire_status(&c.w), 500);
	end(&c);
}

static void
no_answer_is_500(void **state UNUSED)
{
	struct case_ c;

	begin(&c, M_GET);
	assert_int_equal(send_it(&c), 0);
	assert_int_equal(wire_status(&c.w), 500);
	end(&c);
}

static void
a_peer_that_left_is_told_of(void **state UNUSED)
{
	struct case_ c;

	begin(&c, M_GET);
	c.w.gone = true;
	resp_message(&c.r, 200, "x");
	assert_int_equal(send_it(&c), -1);
	end(&c);
}

static void
tokens_are_never_stored(void **state UNUSED)
{
	struct case_ c;

	begin(&c, M_GET);
	resp_header(&c.r, "Cache-Control", "max-age=60");
	resp_message(&c.r, 200, "x");
	resp_set_tokens(&c.r, "acc", NULL);
	assert_int_equal(send_it(&c), 0);
	assert_true(wire_has(&c.w, "X-Auth-Access: acc"));
	assert_false(wire_has_header(&c.w, "X-Auth-Refresh"));
	assert_true(wire_has(&c.w, "Cache-Control: no-store"));
	assert_null(strstr(buf_text(&c.w.out), "max-age"));
	end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_goes_out_whole),
		cmocka_unit_test(head_sends_the_length_and_no_body),
		cmocka_unit_test(no_content_has_no_length),
		cmocka_unit_test(the_reader_s_choice_of_language_stands),
		cmocka_unit_test(a_header_cannot_be_injected),
		cmocka_unit_test(a_large_body_follows_its_head),
		cmocka_unit_test(
		    an_answer_past_its_ceiling_is_500_and_not_half),
		cmocka_unit_test(no_answer_is_500),
		cmocka_unit_test(a_peer_that_left_is_told_of),
		cmocka_unit_test(tokens_are_never_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
