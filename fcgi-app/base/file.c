/*
 * file.c - small whole files.  A reader sees the old file or the new one,
 * never a part: writing goes through a temporary name in the same directory.
 */
#include "base/file.h"
#include "base/buf.h"
#include "base/rand.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

int
file_read(struct arena *a, const char *path, size_t max, char **out,
    size_t *n, struct err *e)
{
	char chunk[4096];
	struct buf b;
	int fd, rc = -1;

	buf_init(&b, max);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_errno(e, "file_unreadable", "%s", path);
		goto out;
	}
	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_errno(e, "file_unreadable", "%s", path);
			goto out;
		}
		if (got == 0)
			break;
		buf_add(&b, chunk, (size_t)got);
		if (b.over) {
			err_set(e, ERR_TOO_LARGE, "too_large",
			    "%s: more than %zu bytes", path, max);
			goto out;
		}
	}
	*out = arena_memdup(a, b.p, b.len);
	*n = b.len;
	rc = 0;
out:
	/* It may have been a key. */
	explicit_bzero(chunk, sizeof(chunk));
	buf_fini(&b);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

/* The rename itself must survive a power cut. */
static int
sync_dir_of(const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	int fd, rc;

	if (!text_copy(dir, sizeof(dir), path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	slash = strrchr(dir, '/');
	if (slash == NULL)
		text_copy(dir, sizeof(dir), ".");
	else
		slash[slash == dir] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	/* Some file systems cannot sync a directory; the rename stands. */
	if (rc < 0 && errno == EINVAL)
		rc = 0;
	close(fd);
	return rc;
}

int
file_write(const char *path, const void *p, size_t n, unsigned mode,
    struct err *e)
{
	char tmp[PATH_MAX], tag[B64_SIZE(9)];
	bool made = false;
	int fd = -1, rc = -1;

	rand_token(tag, sizeof(tag), 9);
	if (snprintf(tmp, sizeof(tmp), "%s.%s.tmp", path, tag) >=
	    (int)sizeof(tmp))
		return err_set(e, ERR_INTERNAL, "file_unwritable",
		    "path too long: %.100s", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd < 0) {
		err_errno(e, "file_unwritable", "%s", tmp);
		goto out;
	}
	made = true;
	/* fchmod: the umask must not decide. */
	if (write_all(fd, p, n) < 0 || fchmod(fd, (mode_t)mode) < 0 ||
	    fsync(fd) < 0 || rename(tmp, path) < 0) {
		err_errno(e, "file_unwritable", "%s", path);
		goto out;
	}
	made = false;
	if (sync_dir_of(path) < 0) {
		err_errno(e, "file_unwritable", "directory of %s", path);
		goto out;
	}
	rc = 0;
out:
	if (fd >= 0)
		close(fd);
	if (made)
		unlink(tmp);
	return rc;
}
