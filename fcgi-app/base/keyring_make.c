/*
 * keyring_make.c - new key files and the turning of token keys (S17).
 *
 * A new file is written whole under a temporary name and then linked to its
 * own: link(2) refuses when the name exists, so two that generate at once
 * end with one set of keys, and nothing is ever overwritten.
 */
#include "base/keyring.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/keyring_own.h"
#include "base/rand.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1 made, 0 somebody else has, -1. */
static int
make_file(const char *path, const char *text, struct err *e)
{
	size_t n = strlen(text);
	char temp[PATH_MAX];
	int fd = -1, rc = -1;

	if (snprintf(temp, sizeof(temp), "%s.new.%ld", path,
	    (long)getpid()) >= (int)sizeof(temp))
		return err_set(e, ERR_CONFIG, "key_file", "%s: path too long",
		    path);
	unlink(temp);		/* of a dead process that had our number */
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd < 0)
		return err_errno(e, "key_file", "%s", temp);
	if (write(fd, text, n) != (ssize_t)n || fsync(fd) < 0) {
		err_errno(e, "key_file", "%s", temp);
		goto out;
	}
	if (link(temp, path) == 0)
		rc = 1;
	else if (errno == EEXIST)
		rc = 0;
	else
		err_errno(e, "key_file", "%s", path);
out:
	unlink(temp);
	close(fd);
	return rc;
}

static int
make_dir(const char *path, struct err *e)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	return err_errno(e, "key_dir", "%s", path);
}

static void
sync_dir(const char *path)
{
	int fd;

	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return;
	fsync(fd);
	close(fd);
}

/* 64 hex digits of chance and the tail. */
static int
make_key(const char *dir, const char *name, const char *tail, struct err *e)
{
	char path[PATH_MAX], hex[65], text[160];
	uint8_t key[32];
	int rc;

	if (key_path(path, dir, name, e) < 0)
		return -1;
	rand_fill(key, sizeof(key));
	hex_encode(hex, key, sizeof(key));
	snprintf(text, sizeof(text), "%s\n%s", hex, tail);
	rc = make_file(path, text, e);
	secret_wipe(key, sizeof(key));
	secret_wipe(hex, sizeof(hex));
	secret_wipe(text, sizeof(text));
	return rc;
}

static int
make_vapid(const char *dir, struct err *e)
{
	char path[PATH_MAX], pem[P256_PEM_MAX];
	struct p256_key *k;
	int rc;

	if (key_path(path, dir, "vapid.pem", e) < 0)
		return -1;
	k = p256_new();
	p256_pem(k, pem);
	rc = make_file(path, pem, e);
	secret_wipe(pem, sizeof(pem));
	p256_free(k);
	return rc;
}

static int
make_token(const char *tokens, int64_t use_from_s, char kid[JWS_KID_MAX + 1],
    struct err *e)
{
	char name[JWS_KID_MAX + 5], tail[40];
	uint8_t id[5];
	int rc;

	snprintf(tail, sizeof(tail), "use_from %" PRId64 "\n", use_from_s);
	do {		/* until the name is new; 40 bits of chance */
		rand_fill(id, sizeof(id));
		hex_encode(kid, id, sizeof(id));
		snprintf(name, sizeof(name), "%s.key", kid);
		rc = make_key(tokens, name, tail, e);
	} while (rc == 0);
	return rc;
}

/* Every key file of token/, ended ones too.  Heap; *n of them; or NULL. */
static struct jws_key *
token_list(const char *tokens, size_t *n, struct err *e)
{
	char path[PATH_MAX], kid[JWS_KID_MAX + 1];
	struct jws_key *list, *more;
	struct dirent *d;
	size_t cap = KEYRING_TOKENS_MAX;
	DIR *in;

	*n = 0;
	if ((in = opendir(tokens)) == NULL) {
		err_errno(e, "key_dir", "%s", tokens);
		return NULL;
	}
	if ((list = calloc(cap, sizeof(*list))) == NULL)
		err_errno(e, "key_dir", "out of memory");
	while (list != NULL && (d = readdir(in)) != NULL) {
		if (!key_token_name(d->d_name, kid))
			continue;
		if (*n == cap) {
			more = calloc(cap * 2, sizeof(*list));
			if (more != NULL)
				memcpy(more, list, cap * sizeof(*list));
			secret_wipe(list, cap * sizeof(*list));
			free(list);
			cap *= 2;
			if ((list = more) == NULL) {
				err_errno(e, "key_dir", "out of memory");
				break;
			}
		}
		if (key_path(path, tokens, d->d_name, e) < 0 ||
		    key_token_read(path, kid, &list[*n], e) < 0) {
			secret_wipe(list, cap * sizeof(*list));
			free(list);
			list = NULL;
			break;
		}
		(*n)++;
	}
	closedir(in);
	return list;
}

/* seconds, never earlier than asked */
static int64_t
whole_s(int64_t us)
{
	return us / US_PER_S + (us % US_PER_S > 0);
}

/* Write the key's end into its file. */
static int
end_token(const char *tokens, const struct jws_key *k, int64_t until_s,
    struct err *e)
{
	char path[PATH_MAX], name[JWS_KID_MAX + 5], hex[65], text[200];
	int rc;

	snprintf(name, sizeof(name), "%s.key", k->kid);
	if (key_path(path, tokens, name, e) < 0)
		return -1;
	hex_encode(hex, k->key, sizeof(k->key));
	snprintf(text, sizeof(text), "%s\nuse_from %" PRId64
	    "\nverify_until %" PRId64 "\n", hex, k->use_from_us / US_PER_S,
	    until_s);
	rc = file_write(path, text, strlen(text), 0600, e);
	secret_wipe(hex, sizeof(hex));
	secret_wipe(text, sizeof(text));
	return rc;
}

int
keyring_generate(const char *dir, struct err *e)
{
	static const struct { const char *name, *tail; } files[] = {
		{ "refresh.key", "1\n" }, { "code.key", "" },
		{ "seal.key", "" }, { "mac.key", "" },
		{ "pepper.key", "1\n" },
	};
	char tokens[PATH_MAX], path[PATH_MAX], kid[JWS_KID_MAX + 1];
	struct jws_key *list;
	size_t i, n;
	int made = 0, rc;

	if (key_path(tokens, dir, "token", e) < 0 || make_dir(dir, e) < 0 ||
	    make_dir(tokens, e) < 0)
		return -1;
	if ((list = token_list(tokens, &n, e)) == NULL)
		return -1;
	secret_wipe(list, n * sizeof(*list));
	free(list);
	if (n == 0) {
		/* Readable by all before anything runs: usable at once. */
		if (make_token(tokens, clock_now() / US_PER_S, kid, e) < 0)
			return -1;
		made++;
	}
	for (i = 0; i < COUNT_OF(files); i++) {
		if (key_path(path, dir, files[i].name, e) < 0)
			return -1;
		if (access(path, F_OK) == 0)
			continue;
		rc = make_key(dir, files[i].name, files[i].tail, e);
		if (rc < 0)
			return -1;
		made += rc;
	}
	if (key_path(path, dir, "vapid.pem", e) < 0)
		return -1;
	if (access(path, F_OK) < 0) {
		if ((rc = make_vapid(dir, e)) < 0)
			return -1;
		made += rc;
	}
	sync_dir(tokens);
	sync_dir(dir);
	return made;
}

int
keyring_rotate(const char *dir, int64_t use_from_us, int64_t life_s,
    char kid[JWS_KID_MAX + 1], struct err *e)
{
	int64_t now = clock_now(), from_s = whole_s(use_from_us), until_s;
	char tokens[PATH_MAX], path[PATH_MAX], name[JWS_KID_MAX + 5];
	size_t i, n = 0, alive = 0;
	struct jws_key *list;
	int rc = -1;

	if (life_s < 0 || from_s < 0 || life_s > INT64_MAX / US_PER_S - from_s)
		return err_set(e, ERR_CONFIG, "bad_time", "keyring_rotate");
	until_s = from_s + life_s;
	if (key_path(tokens, dir, "token", e) < 0 ||
	    (list = token_list(tokens, &n, e)) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if (list[i].verify_until_us == 0 ||
		    list[i].verify_until_us >= now)
			alive++;
	if (alive >= KEYRING_TOKENS_MAX) {
		err_set(e, ERR_CONFIG, "too_many_keys",
		    "%s: %zu keys still verify; wait until one has ended",
		    tokens, alive);
		goto out;
	}
	/* The new one first: dying in between leaves keys that work. */
	if (make_token(tokens, from_s, kid, e) < 0)
		goto out;
	for (i = 0; i < n; i++) {
		if (list[i].verify_until_us == 0 ||
		    list[i].verify_until_us > until_s * US_PER_S) {
			if (end_token(tokens, &list[i], until_s, e) < 0)
				goto out;
		} else if (list[i].verify_until_us < now) {
			snprintf(name, sizeof(name), "%s.key", list[i].kid);
			if (key_path(path, tokens, name, e) < 0)
				goto out;
			unlink(path);
		}
	}
	sync_dir(tokens);
	rc = 0;
out:
	secret_wipe(list, n * sizeof(*list));
	free(list);
	return rc;
}
