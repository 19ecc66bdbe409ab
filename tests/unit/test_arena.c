/*
 * test_arena.c - request memory: aligned, zeroed, bounded, forgotten.
 */
#include "base/arena.h"

#include "dies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
memory_is_zeroed_and_aligned(void **state UNUSED)
{
	struct arena *a = arena_new(1 << 20);

	for (size_t n = 1; n < 3000; n += 37) {
		unsigned char *p = arena_alloc(a, n);

		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xa5, n);
	}
	arena_free(a);
}

static void
allocations_do_not_overlap(void **state UNUSED)
{
	struct arena *a = arena_new(1 << 20);
	char *p[200];

	for (size_t i = 0; i < COUNT_OF(p); i++) {
		p[i] = arena_alloc(a, 100 + i * 20);
		memset(p[i], (int)i, 100 + i * 20);
	}
	for (size_t i = 0; i < COUNT_OF(p); i++)
		for (size_t k = 0; k < 100 + i * 20; k++)
			assert_int_equal((unsigned char)p[i][k], i);
	arena_free(a);
}

static void
reset_forgets_and_wipes(void **state UNUSED)
{
	struct arena *a = arena_new(1 << 20);
	char *first = arena_strdup(a, "a secret of this request");
	size_t left = arena_left(a);

	(void)arena_alloc(a, 100000);
	assert_true(arena_used(a) >= 100000);
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	assert_true(arena_left(a) >= left);
	assert_int_equal(first[0], 0);	/* the first block is kept */
	assert_ptr_equal(arena_alloc(a, 16), first);
	arena_free(a);
}

static void
texts_are_copied_with_their_end(void **state UNUSED)
{
	struct arena *a = arena_new(1 << 16);

	assert_string_equal(arena_strdup(a, ""), "");
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(arena_printf(a, "%s-%d", "x", 42), "x-42");
	assert_memory_equal(arena_memdup(a, "a\0b", 3), "a\0b", 4);
	assert_non_null(arena_memdup(a, NULL, 0));
	arena_free(a);
	arena_free(NULL);
}

static void
pass_the_ceiling(void)
{
	struct arena *a = arena_new(64 * 1024);

	for (int i = 0; i < 100; i++)
		(void)arena_alloc(a, 4096);
}

static void
ask_more_than_the_ceiling(void)
{
	(void)arena_alloc(arena_new(64 * 1024), SIZE_MAX - 8);
}

static void
overflow_a_product(void)
{
	(void)arena_array(arena_new(64 * 1024), SIZE_MAX / 2, 3);
}

static void
the_ceiling_ends_the_process(void **state UNUSED)
{
	static void (*const row[])(void) = { pass_the_ceiling,
		ask_more_than_the_ceiling, overflow_a_product };
	char out[4096];

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		print_message("row %zu\n", i);
		assert_int_equal(dies(row[i], out, sizeof(out)), DIES_STATUS);
		assert_non_null(strstr(out, "arena: "));
	}
}

static void
what_is_left_can_be_asked_for(void **state UNUSED)
{
	struct arena *a = arena_new(256 * 1024);

	/* In pieces that fit a block's tail, all of `left` is there. */
	while (arena_left(a) >= 32 * 1024)
		(void)arena_alloc(a, 16 * 1024);
	assert_true(arena_used(a) <= 256 * 1024 + 16 * 1024);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(allocations_do_not_overlap),
		cmocka_unit_test(reset_forgets_and_wipes),
		cmocka_unit_test(texts_are_copied_with_their_end),
		cmocka_unit_test(the_ceiling_ends_the_process),
		cmocka_unit_test(what_is_left_can_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
