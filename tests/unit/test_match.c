/*
 * test_match.c - http/match: paths against templates (D18).
 */
#include "http/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void
paths_match_as_templates_say(void **state UNUSED)
{
	static const char long_ok[] = "/a/0123456789012345678901234567890123"
	    "456789012345678901234567890123/b/";
	static const char too_long[] = "/a/01234567890123456789012345678901234"
	    "56789012345678901234567890123x/b/";
	static const struct { const char *t, *p; int ok; const char *a, *b; }
	    row[] = {
		{ "/api/x/", "/api/x/", 1, NULL, NULL },
		{ "/api/x/", "/api/x", 1, NULL, NULL },
		{ "/api/x", "/api/x/", 1, NULL, NULL },
		{ "/api/x/", "/api/x//", 0, NULL, NULL },
		{ "/api/x/", "//api/x", 0, NULL, NULL },
		{ "/api/x/", "/api/xy", 0, NULL, NULL },
		{ "/api/x/", "/api", 0, NULL, NULL },
		{ "/api/x/", "/API/x", 0, NULL, NULL },
		{ "/api/x/", "/api/./x", 0, NULL, NULL },
		{ "/api/x/", "/api/%78", 0, NULL, NULL },
		{ "/a/{id}/b/", "/a/7/b", 1, "7", NULL },
		{ "/a/{id}/b/", long_ok, 1, long_ok, NULL },
		{ "/a/{id}/b/", too_long, 0, NULL, NULL },
		{ "/a/{id}/b/", "/a//b", 0, NULL, NULL },
		{ "/a/{id}/", "/a/..", 0, NULL, NULL },
		{ "/a/{id}/", "/a/%2e", 0, NULL, NULL },
		{ "/a/{id}/", "/a/x y", 0, NULL, NULL },
		{ "/a/{id}/", "/a/x/y", 0, NULL, NULL },
		{ "/a/{id}/", "/a/", 0, NULL, NULL },
		{ "/a/{id}/m/{m}/", "/a/A_z-9/m/_/", 1, "A_z-9", "_" },
	};
	struct arena *a = arena_new(1 << 16);
	struct match m;

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		if (match_path(a, row[i].t, row[i].p, &m) != row[i].ok)
			fail_msg("%s against %s", row[i].p, row[i].t);
		if (row[i].ok == 0)
			continue;
		assert_int_equal(m.params, (row[i].a != NULL) +
		    (row[i].b != NULL));
		if (row[i].a == long_ok)
			assert_int_equal(strlen(m.param[0]), 64);
		else if (row[i].a != NULL)
			assert_string_equal(m.param[0], row[i].a);
		if (row[i].b != NULL)
			assert_string_equal(m.param[1], row[i].b);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_match_as_templates_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
