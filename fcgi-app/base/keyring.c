/*
 * keyring.c - reading the key files.  keyring_make.c writes them.
 *
 * A ring is loaded whole or not at all, into a fresh struct that then takes
 * the old one's place, so that no process ever runs on half of a change.
 */
#include "base/keyring.h"
#include "base/clock.h"
#include "base/keyring_own.h"
#include "base/log.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_US		US_PER_S	/* between looks at the files */
#define S_MAX		(INT64_MAX / US_PER_S)

static int
bad(struct err *e, const char *path, const char *what)
{
	return err_set(e, ERR_CONFIG, "key_file", "%s: %s", path, what);
}

int
key_path(char out[PATH_MAX], const char *dir, const char *name,
    struct err *e)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);

	return n > 0 && n < PATH_MAX ? 0 : bad(e, dir, "path too long");
}

int
key_read(const char *path, char text[KEY_FILE_MAX + 1], struct err *e)
{
	size_t n = 0;
	ssize_t got;
	struct stat st;
	int fd, rc = -1;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0) {
		err_errno(e, "key_file", "%s", path);
		/* A start is refused for it; and absence is a case. */
		e->kind = ERR_CONFIG;
		return -1;
	}
	if (fstat(fd, &st) < 0) {
		err_errno(e, "key_file", "%s", path);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		bad(e, path, "not a regular file");
		goto out;
	}
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		err_set(e, ERR_CONFIG, "key_mode",
		    "%s: mode %04o lets others in: chmod 0600", path,
		    (unsigned)st.st_mode & 07777);
		goto out;
	}
	while (n <= KEY_FILE_MAX) {
		got = read(fd, text + n, KEY_FILE_MAX + 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_errno(e, "key_file", "%s", path);
			goto out;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	if (n > KEY_FILE_MAX) {
		bad(e, path, "too long");
		goto out;
	}
	text[n] = '\0';
	if (strlen(text) != n) {
		bad(e, path, "has a NUL");
		goto out;
	}
	rc = 0;
out:
	if (rc < 0)
		secret_wipe(text, KEY_FILE_MAX + 1);
	close(fd);
	return rc;
}

/* The next line without its end, or NULL.  Cuts the text up. */
static char *
line(char **rest)
{
	char *s = *rest, *end;

	if (s == NULL || *s == '\0')
		return NULL;
	if ((end = strchr(s, '\n')) != NULL) {
		*end = '\0';
		*rest = end + 1;
		if (end > s && end[-1] == '\r')
			end[-1] = '\0';
	} else {
		*rest = NULL;
	}
	return s;
}

/* "name <unix s>" */
static bool
line_time(const char *s, const char *name, int64_t *us)
{
	size_t n = strlen(name);
	int64_t v;

	if (s == NULL || strncmp(s, name, n) != 0 || s[n] != ' ' ||
	    !text_i64(s + n + 1, 0, S_MAX, &v))
		return false;
	*us = v * US_PER_S;
	return true;
}

int
key_token_read(const char *path, const char *kid, struct jws_key *k,
    struct err *e)
{
	char text[KEY_FILE_MAX + 1], *rest = text;
	const char *s;
	int rc = -1;

	if (key_read(path, text, e) < 0)
		return -1;
	memset(k, 0, sizeof(*k));
	text_copy(k->kid, sizeof(k->kid), kid);
	if ((s = line(&rest)) == NULL ||
	    hex_decode(k->key, sizeof(k->key), s) < 0)
		bad(e, path, "line 1 is not 64 hex digits");
	else if (!line_time(line(&rest), "use_from", &k->use_from_us))
		bad(e, path, "line 2 is not \"use_from <unix seconds>\"");
	else if ((s = line(&rest)) != NULL &&
	    !line_time(s, "verify_until", &k->verify_until_us))
		bad(e, path, "line 3 is not \"verify_until <unix seconds>\"");
	else if (line(&rest) != NULL)
		bad(e, path, "more than three lines");
	else
		rc = 0;
	secret_wipe(text, sizeof(text));
	return rc;
}

/* 32 bytes hex; with id != NULL a second line 1..255. */
static int
key_plain(const char *dir, const char *name, uint8_t key[32], uint8_t *id,
    struct err *e)
{
	char path[PATH_MAX], text[KEY_FILE_MAX + 1], *rest = text;
	uint64_t v = 0;
	const char *s;
	int rc = -1;

	if (key_path(path, dir, name, e) < 0 || key_read(path, text, e) < 0)
		return -1;
	if ((s = line(&rest)) == NULL || hex_decode(key, 32, s) < 0)
		bad(e, path, "line 1 is not 64 hex digits");
	else if (id != NULL && ((s = line(&rest)) == NULL ||
	    !text_u64(s, 255, &v) || v == 0))
		bad(e, path, "line 2 is not a key id, 1 to 255");
	else if (line(&rest) != NULL)
		bad(e, path, "more lines than a key has");
	else
		rc = 0;
	if (rc == 0 && id != NULL)
		*id = (uint8_t)v;
	secret_wipe(text, sizeof(text));
	return rc;
}

/* As key_plain, 1 found or 0 absent. */
static int
key_optional(const char *dir, const char *name, uint8_t key[32], uint8_t *id,
    struct err *e)
{
	if (key_plain(dir, name, key, id, e) == 0)
		return 1;
	if (e->sys != ENOENT)
		return -1;
	err_clear(e);
	return 0;
}

bool
key_token_name(const char *name, char kid[JWS_KID_MAX + 1])
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");

	if (n < 1 || n > JWS_KID_MAX || strcmp(name + n, ".key") != 0)
		return false;
	memcpy(kid, name, n);
	kid[n] = '\0';
	return true;
}

static int
newest_first(const void *a, const void *b)
{
	const struct jws_key *x = a, *y = b;

	if (x->use_from_us != y->use_from_us)
		return x->use_from_us < y->use_from_us ? 1 : -1;
	return strcmp(x->kid, y->kid);
}

static int
load_tokens(struct keyring *k, const char *dir, struct err *e)
{
	char tokens[PATH_MAX], path[PATH_MAX], kid[JWS_KID_MAX + 1];
	int64_t now = clock_now();
	struct dirent *d;
	struct jws_key key;
	int rc = -1;
	DIR *in;

	if (key_path(tokens, dir, "token", e) < 0)
		return -1;
	if ((in = opendir(tokens)) == NULL) {
		err_errno(e, "key_file", "%s", tokens);
		e->kind = ERR_CONFIG;
		return -1;
	}
	while ((d = readdir(in)) != NULL) {
		if (!key_token_name(d->d_name, kid))
			continue;
		if (key_path(path, tokens, d->d_name, e) < 0 ||
		    key_token_read(path, kid, &key, e) < 0)
			goto out;
		if (key.verify_until_us != 0 && key.verify_until_us < now)
			continue;
		if (k->tokens == KEYRING_TOKENS_MAX) {
			bad(e, tokens, "more than 8 keys that still verify");
			goto out;
		}
		k->token[k->tokens++] = key;
	}
	if (k->tokens == 0) {
		bad(e, tokens, "no key that still verifies");
		goto out;
	}
	qsort(k->token, k->tokens, sizeof(k->token[0]), newest_first);
	rc = 0;
out:
	secret_wipe(&key, sizeof(key));
	closedir(in);
	return rc;
}

static int
load_vapid(struct keyring *k, const char *dir, struct err *e)
{
	char path[PATH_MAX], pem[KEY_FILE_MAX + 1];

	if (key_path(path, dir, "vapid.pem", e) < 0)
		return -1;
	if (key_read(path, pem, e) < 0) {
		if (e->sys != ENOENT)
			return -1;
		err_clear(e);
		return 0;
	}
	k->vapid = p256_from_pem(pem, strlen(pem));
	secret_wipe(pem, sizeof(pem));
	if (k->vapid == NULL)
		return bad(e, path, "not the PEM of a P-256 private key");
	p256_public(k->vapid, k->vapid_public);
	b64url_encode(k->vapid_public_b64, sizeof(k->vapid_public_b64),
	    k->vapid_public, sizeof(k->vapid_public));
	return 0;
}

static int
load_code_next(struct keyring *k, const char *dir, struct err *e)
{
	char path[PATH_MAX];
	struct jws_key next;
	int rc = 0;

	if (key_path(path, dir, "code.next.key", e) < 0)
		return -1;
	if (key_token_read(path, "code", &next, e) == 0) {
		memcpy(k->code_next.key, next.key, sizeof(k->code_next.key));
		k->code_next.use_from_us = next.use_from_us;
		k->code_next.set = true;
	} else if (e->sys == ENOENT) {
		err_clear(e);
	} else {
		rc = -1;
	}
	secret_wipe(&next, sizeof(next));
	return rc;
}

static int
load_all(struct keyring *k, const char *dir, struct err *e)
{
	int found;

	if (load_tokens(k, dir, e) < 0 ||
	    key_plain(dir, "refresh.key", k->refresh[0].key,
	    &k->refresh[0].id, e) < 0)
		return -1;
	k->refreshes = 1;
	found = key_optional(dir, "refresh.prev.key", k->refresh[1].key,
	    &k->refresh[1].id, e);
	if (found < 0)
		return -1;
	k->refreshes += (size_t)found;
	if (found && k->refresh[0].id == k->refresh[1].id)
		return err_set(e, ERR_CONFIG, "key_file",
		    "%s: refresh.key and refresh.prev.key have one id", dir);
	if (key_plain(dir, "code.key", k->code, NULL, e) < 0 ||
	    key_plain(dir, "seal.key", k->seal, NULL, e) < 0 ||
	    key_plain(dir, "mac.key", k->mac, NULL, e) < 0)
		return -1;
	if (load_code_next(k, dir, e) < 0)
		return -1;
	found = key_optional(dir, "pepper.key", k->pepper.key,
	    &k->pepper.id, e);
	if (found < 0)
		return -1;
	k->pepper.set = found > 0;
	if (key_ring_read(k, dir, e) < 0)
		return -1;
	return load_vapid(k, dir, e);
}

/* Mix what tells one state of a file from another into a sum that does not
 * depend on the order of readdir. */
static void
look_at(uint64_t *sum, int dir, const char *name)
{
	uint64_t part[6], h = UINT64_C(0xcbf29ce484222325);	/* FNV-1a */
	struct stat st;
	size_t i;

	if (fstatat(dir, name, &st, 0) < 0)
		return;
	part[0] = (uint64_t)st.st_ino;
	part[1] = (uint64_t)st.st_size;
	part[2] = (uint64_t)st.st_mtim.tv_sec;
	part[3] = (uint64_t)st.st_mtim.tv_nsec;
	part[4] = (uint64_t)st.st_ctim.tv_sec;
	part[5] = (uint64_t)st.st_ctim.tv_nsec;
	for (i = 0; i < COUNT_OF(part); i++)
		h = (h ^ part[i]) * UINT64_C(0x100000001b3);
	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	*sum += h;
}

/* Not 0: that means "never looked". */
static uint64_t
look(const char *dir)
{
	char tokens[PATH_MAX], kid[JWS_KID_MAX + 1];
	static const char *const names[] = { "refresh.key",
	    "refresh.prev.key", "code.key", "code.next.key", "seal.key", "mac.key",
	    "pepper.key", "pepper.ring", "vapid.pem" };
	struct err ignored = ERR_INIT;
	struct dirent *d;
	uint64_t sum = 1;
	size_t i;
	DIR *in;
	int fd;

	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
		for (i = 0; i < COUNT_OF(names); i++)
			look_at(&sum, fd, names[i]);
		close(fd);
	}
	if (key_path(tokens, dir, "token", &ignored) == 0 &&
	    (in = opendir(tokens)) != NULL) {
		while ((d = readdir(in)) != NULL)
			if (key_token_name(d->d_name, kid))
				look_at(&sum, dirfd(in), d->d_name);
		closedir(in);
	}
	return sum == 0 ? 1 : sum;
}

int
keyring_load(struct keyring *k, const char *dir, struct err *e)
{
	/* Before reading: a change meanwhile is then seen next time. */
	uint64_t seen = look(dir);

	memset(k, 0, sizeof(*k));
	if (load_all(k, dir, e) < 0) {
		keyring_free(k);
		return -1;
	}
	k->seen = seen;
	k->looked_us = clock_mono();
	return 0;
}

void
keyring_refresh(struct keyring *k, const char *dir)
{
	int64_t now = clock_mono();
	struct err e = ERR_INIT;
	struct keyring fresh;
	uint64_t seen;

	if (now - k->looked_us < LOOK_US)
		return;
	k->looked_us = now;
	if ((seen = look(dir)) == k->seen)
		return;
	if (keyring_load(&fresh, dir, &e) < 0) {
		/* Tried again each second, said once a state. */
		if (k->failed != seen)
			log_err(LOG_ERROR_, "keys not reloaded", &e);
		k->failed = seen;
		return;
	}
	keyring_free(k);
	*k = fresh;
	secret_wipe(&fresh, sizeof(fresh));
	log_info("keys reloaded: %zu token keys", k->tokens);
}

void
keyring_free(struct keyring *k)
{
	p256_free(k->vapid);
	secret_wipe(k, sizeof(*k));
}

const struct jws_key *
keyring_signer(const struct keyring *k, int64_t now_us)
{
	size_t i;

	/* Newest first.  One that has ended would sign what none verifies. */
	for (i = 0; i < k->tokens; i++)
		if (k->token[i].use_from_us <= now_us &&
		    (k->token[i].verify_until_us == 0 ||
		    k->token[i].verify_until_us > now_us))
			return &k->token[i];
	return NULL;
}
