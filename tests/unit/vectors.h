/*
 * vectors.h - for tests: the vector files of GATEPOST_SHARED (or ../shared
 * beside the source tree), and bytes from hex and base64url.
 */
#ifndef GP_TESTS_VECTORS_H
#define GP_TESTS_VECTORS_H

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define VECTORS_MAX	((size_t)4 << 20)

/* json_free it.  Without the file the test is skipped, and says so. */
static inline struct json *
vectors_open(const char *name)
{
	const char *shared = getenv("GATEPOST_SHARED");
	const char *top = getenv("top_srcdir");
	struct arena *a = arena_new(VECTORS_MAX);
	struct err e = ERR_INIT;
	struct json *j = NULL;
	char path[512], *text;
	size_t n;

	if (shared != NULL)
		snprintf(path, sizeof(path), "%s/vectors/%s", shared, name);
	else
		snprintf(path, sizeof(path), "%s/../shared/vectors/%s",
		    top != NULL ? top : ".", name);
	if (file_read(a, path, VECTORS_MAX, &text, &n, &e) < 0) {
		arena_free(a);
		fprintf(stderr, "SKIPPED, NOT PROVED: %s is absent "
		    "(set GATEPOST_SHARED)\n", path);
		skip();
	}
	if (json_parse(text, n, JSON_PLAIN, 0, &j, &e) < 0)
		fail_msg("%s: %s", path, e.detail);
	arena_free(a);
	return j;
}

static inline const char *
vec_str(const struct json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	if (s == NULL)
		fail_msg("vector without %s", name);
	return s;
}

static inline int64_t
vec_int(const struct json *j, const char *name)
{
	int64_t v = 0;

	if (!json_int(json_get(j, name), &v))
		fail_msg("vector without %s", name);
	return v;
}

/* Bytes of a hex text; returns how many. */
static inline size_t
unhex(uint8_t *out, size_t size, const char *hex)
{
	size_t n = strlen(hex) / 2;

	assert_true(n <= size);
	assert_int_equal(hex_decode(out, n, hex), 0);
	return n;
}

static inline size_t
unb64(uint8_t *out, size_t size, const char *s)
{
	ssize_t n = b64url_decode(out, size, s, strlen(s));

	assert_true(n >= 0);
	return (size_t)n;
}

#endif
