/*
 * test_file.c - small whole files.
 */
#include "base/file.h"
#include "base/buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static char dir[64];

static int
make_dir(void **state UNUSED)
{
	memcpy(dir, "/tmp/test_file.XXXXXX", sizeof("/tmp/test_file.XXXXXX"));
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state UNUSED)
{
	static const char *const name[] = { "f", "big" };
	char path[128];

	for (size_t i = 0; i < COUNT_OF(name); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, name[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static size_t
names_in_dir(void)
{
	struct dirent *d;
	DIR *open_dir = opendir(dir);
	size_t n = 0;

	assert_non_null(open_dir);
	while ((d = readdir(open_dir)) != NULL)
		n += d->d_name[0] != '.';
	closedir(open_dir);
	return n;
}

static void
what_was_written_is_read(void **state UNUSED)
{
	struct arena *a = arena_new(1 << 20);
	struct err e = ERR_INIT;
	char path[128], *got;
	struct stat st;
	mode_t was = umask(077);
	size_t n;

	snprintf(path, sizeof(path), "%s/f", dir);
	assert_int_equal(file_write(path, "old", 3, 0600, &e), 0);
	assert_int_equal(file_write(path, "a\0b", 3, 0644, &e), 0);
	umask(was);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(file_read(a, path, 3, &got, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(got, "a\0b", 4);
	assert_int_equal(names_in_dir(), 1);
	assert_int_equal(file_write(path, "", 0, 0600, &e), 0);
	assert_int_equal(file_read(a, path, 0, &got, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_string_equal(got, "");
	arena_free(a);
}

static void
the_size_limit_is_exact(void **state UNUSED)
{
	struct arena *a = arena_new(1 << 20);
	struct err e = ERR_INIT;
	char path[128], *got, big[10000];
	size_t n;

	snprintf(path, sizeof(path), "%s/big", dir);
	memset(big, 'x', sizeof(big));
	assert_int_equal(file_write(path, big, sizeof(big), 0600, &e), 0);
	assert_int_equal(file_read(a, path, sizeof(big), &got, &n, &e), 0);
	assert_int_equal(n, sizeof(big));
	assert_int_equal(file_read(a, path, sizeof(big) - 1, &got, &n, &e),
	    -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	/* A file whose size stat does not know. */
	assert_int_equal(file_read(a, "/dev/zero", 70000, &got, &n, &e), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	arena_free(a);
}

static void
failures_name_the_file_and_leave_nothing(void **state UNUSED)
{
	struct arena *a = arena_new(1 << 16);
	struct err e = ERR_INIT;
	char path[128], *got;
	size_t before = names_in_dir(), n;

	assert_int_equal(file_read(a, "/nonexistent/x", 10, &got, &n, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	assert_non_null(strstr(e.detail, "/nonexistent/x"));
	assert_int_equal(file_read(a, dir, 10, &got, &n, &e), -1);
	assert_int_equal(e.sys, EISDIR);
	assert_int_equal(file_write("/nonexistent/x", "x", 1, 0600, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	/* The rename fails: a directory has the name.  No temporary stays. */
	snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_write(path, "x", 1, 0600, &e), -1);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(names_in_dir(), before);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(the_size_limit_is_exact),
		cmocka_unit_test(failures_name_the_file_and_leave_nothing),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
