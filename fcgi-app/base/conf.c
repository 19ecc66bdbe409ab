/*
 * conf.c - settings: rows, where their values come from, and their types.
 *
 * Every load makes a new generation; conf_str's answers of an older one stay
 * readable, because callers keep them.  A load that fails changes nothing.
 * Messages name the place and the setting, never a secret's value.
 */
#include "base/conf_parts.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#include <limits.h>
#include <strings.h>
#include <sys/stat.h>

#define FILE_MAX	((size_t)256 * 1024)
#define SECRET_MAX	((size_t)16 * 1024)
#define MEMORY_MAX	((size_t)1024 * 1024)

struct value {
	const char	*text;
	int64_t		 num;		/* of CONF_INT, and 0/1 of CONF_BOOL */
};

struct generation {
	struct generation *older;
	struct arena	*a;
	struct value	 value[CONF_KEYS];
	char		*source;	/* NULL: environment only */
	unsigned	 mode;
};

static struct generation *now;

/* One pass over a file or the environment. */
struct pass {
	struct generation *g;
	const char	*where;		/* file name, or "environment" */
	char		*seen[CONF_KEYS];	/* "name:line", NULL: not yet */
};

/* What is wrong with the text of a value, or NULL; `text` may be tidied. */
static const char *
check_text(const struct conf_row *r, char *text)
{
	size_t n = strlen(text);

	if ((int64_t)n < r->min)
		return n == 0 ? "must not be empty" : "too short";
	if ((int64_t)n > r->max)
		return "too long";
	if (!utf8_valid(text, n) || text_has_control(text))
		return "holds bytes that are no text";
	if (r->type != CONF_SECRET && text_has_crlf(text, n))
		return "must be one line";
	if (r->type == CONF_URL && !conf_parse_url(text))
		return "must be an http:// or https:// URL";
	if (r->type == CONF_PATH && n > 0 && text[0] != '/')
		return "must be an absolute path";
	return NULL;
}

static int
set_value(struct generation *g, enum conf_key k, const char *text,
    const char *where, const char *name, struct err *e)
{
	const struct conf_row *r = &conf_row[k];
	struct value v = { .text = NULL };
	const char *wrong = NULL;
	char *copy;

	/* A number left empty in a copied sample means its default. */
	if ((r->type == CONF_INT || r->type == CONF_BOOL) && text[0] == '\0')
		text = r->def;
	copy = arena_strdup(g->a, text);
	v.text = copy;
	switch (r->type) {
	case CONF_INT:
		if (text_i64(text, r->min, r->max, &v.num) == 0)
			return err_set(e, ERR_CONFIG, "config", "%.120s: %s: "
			    "must be a whole number from %" PRId64 " to %"
			    PRId64, where, name, r->min, r->max);
		break;
	case CONF_BOOL:
		if (!conf_parse_bool(text, &v.num))
			wrong = "must be yes or no";
		else
			v.text = v.num != 0 ? "yes" : "no";
		break;
	case CONF_TEXT:
	case CONF_SECRET:
	case CONF_PATH:
	case CONF_URL:
	case CONF_LIST:
		wrong = check_text(r, copy);
		break;
	}
	if (wrong != NULL)
		return err_set(e, ERR_CONFIG, "config", "%.120s: %s: %s",
		    where, name, wrong);
	g->value[k] = v;
	return 0;
}

/* Values' own memory is wiped, too: an arena gives it back as it is. */
static void
wipe_text(const char *text)
{
	char *p;

	memcpy(&p, &text, sizeof(p));
	secret_wipe(p, strlen(p));
}

static struct generation *
generation_new(void)
{
	struct generation *g = calloc(1, sizeof(*g));
	struct err e = ERR_INIT;

	if (g == NULL)
		fatal("conf: out of memory");
	g->a = arena_new(MEMORY_MAX);
	for (unsigned k = 0; k < CONF_KEYS; k++)
		if (set_value(g, k, conf_row[k].def, "default",
		    conf_row[k].key, &e) < 0)
			fatal("conf: %s", e.detail);
	return g;
}

static void
generation_free(struct generation *g)
{
	if (g == NULL)
		return;
	arena_free(g->a);
	free(g);
}

/* Before any load the defaults hold. */
static struct generation *
current(void)
{
	if (now == NULL)
		now = generation_new();
	return now;
}

static bool
find_exact(const char *key, size_t n, enum conf_key *k)
{
	for (unsigned i = 0; i < CONF_KEYS; i++)
		if (strlen(conf_row[i].key) == n &&
		    memcmp(conf_row[i].key, key, n) == 0) {
			*k = i;
			return true;
		}
	for (size_t i = 0; i < (size_t)CONF_ALIASES; i++)
		if (strlen(conf_alias[i].key) == n &&
		    memcmp(conf_alias[i].key, key, n) == 0) {
			*k = conf_alias[i].of;
			return true;
		}
	return false;
}

/* Also finds KEY_FILE of a secret; says so in *from_file. */
static bool
find(const char *key, enum conf_key *k, bool *from_file)
{
	size_t n = strlen(key);

	*from_file = false;
	if (find_exact(key, n, k))
		return true;
	if (!text_ends(key, SUFFIX))
		return false;
	*from_file = true;
	return find_exact(key, n - strlen(SUFFIX), k) &&
	    conf_row[*k].type == CONF_SECRET;
}

/* The text of a secret's file, without the line ends an editor leaves. */
static int
read_secret(struct generation *g, const char *path, const char *where,
    const char *key, char **out, struct err *e)
{
	struct arena *a = arena_new(2 * SECRET_MAX);
	struct err why = ERR_INIT;
	char *text;
	size_t n;
	int rc = -1;

	if (file_read(a, path, SECRET_MAX, &text, &n, &why) < 0) {
		err_set(e, ERR_CONFIG, "config", "%.100s: %s: %.100s", where,
		    key, why.detail);
		goto out;
	}
	if (memchr(text, '\0', n) != NULL) {
		err_set(e, ERR_CONFIG, "config", "%.100s: %s: %.80s holds a "
		    "NUL byte", where, key, path);
		goto out;
	}
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	*out = arena_strndup(g->a, text, n);
	rc = 0;
out:
	arena_free(a);
	return rc;
}

/* One name and value of a pass; names that are not ours are left alone. */
static int
take(struct pass *p, const char *where, const char *key, const char *text,
    bool *known, struct err *e)
{
	const char *was;
	enum conf_key k;
	bool from_file;
	char *secret;

	*known = find(key, &k, &from_file);
	if (!*known)
		return 0;
	if (from_file) {
		if (read_secret(p->g, text, where, key, &secret, e) < 0)
			return -1;
		text = secret;
	}
	was = p->g->value[k].text;
	if (set_value(p->g, k, text, where, key, e) < 0)
		return -1;
	if (from_file)
		secret_wipe(secret, strlen(secret));
	if (p->seen[k] != NULL && strcmp(was, p->g->value[k].text) != 0)
		return err_set(e, ERR_CONFIG, "config", "%.100s: %s: already "
		    "set to another value at %.100s", where, key, p->seen[k]);
	p->seen[k] = arena_strdup(p->g->a, where);
	return 0;
}

static int
take_line(void *ctx, unsigned line, const char *key, const char *value,
    struct err *e)
{
	char where[PATH_MAX + 16];
	struct pass *p = ctx;
	bool known;

	snprintf(where, sizeof(where), "%s:%u", p->where, line);
	if (take(p, where, key, value, &known, e) < 0)
		return -1;
	if (!known && text_starts(key, "GATEPOST_"))
		return err_set(e, ERR_CONFIG, "config", "%.150s: %.60s: no "
		    "such setting", where, key);
	return 0;
}

static int
take_env(struct pass *p, const char *key, struct err *e)
{
	const char *text = getenv(key);
	bool known;

	if (text == NULL)
		return 0;
	return take(p, "environment", key, text, &known, e);
}

static int
take_environment(struct generation *g, struct err *e)
{
	struct pass p = { .g = g, .where = "environment" };
	char name[128];

	for (size_t i = 0; i < CONF_KEYS + (size_t)CONF_ALIASES; i++) {
		const char *key = i < CONF_KEYS ? conf_row[i].key :
		    conf_alias[i - CONF_KEYS].key;

		snprintf(name, sizeof(name), "%s%s", key, SUFFIX);
		/* Both: a KEY_FILE that is no secret's is not ours. */
		if (take_env(&p, key, e) < 0 || take_env(&p, name, e) < 0)
			return -1;
	}
	return 0;
}

int
conf_load(const char *path, struct err *e)
{
	struct arena *a = arena_new(2 * FILE_MAX);
	struct generation *g = generation_new();
	struct pass p = { .g = g, .where = path };
	struct err why = ERR_INIT;
	struct stat st;
	char *text;
	size_t n;
	int rc = -1;

	if (path != NULL) {
		if (file_read(a, path, FILE_MAX, &text, &n, &why) < 0) {
			err_set(e, ERR_CONFIG, "config", "%s", why.detail);
			goto out;
		}
		if (conf_lines(path, text, n, take_line, &p, e) < 0)
			goto out;
		g->source = arena_strdup(g->a, path);
		g->mode = stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
	}
	if (take_environment(g, e) < 0)
		goto out;
	g->older = now;
	now = g;
	g = NULL;
	rc = 0;
out:
	generation_free(g);
	arena_free(a);
	return rc;
}

const char *
conf_str(enum conf_key k)
{
	return current()->value[k].text;
}

int64_t
conf_int(enum conf_key k)
{
	return current()->value[k].num;
}

bool
conf_bool(enum conf_key k)
{
	return current()->value[k].num != 0;
}

bool
conf_list_has(enum conf_key k, const char *item)
{
	const char *s = conf_str(k);
	size_t want = strlen(item);

	while (*s != '\0') {
		const char *next = strchrnul(s, ','), *end = next;

		while (s < end && *s == ' ')
			s++;
		while (end > s && end[-1] == ' ')
			end--;
		if (want > 0 && (size_t)(end - s) == want &&
		    strncasecmp(s, item, want) == 0)
			return true;
		s = *next == ',' ? next + 1 : next;
	}
	return false;
}

/* In the process's own environment, which others of its user may read. */
static void
drop_variable(const char *key)
{
	char *text = getenv(key);

	if (text != NULL && *text != '\0')
		secret_wipe(text, strlen(text));
}

void
conf_drop_secrets(bool (*keep)(enum conf_key k))
{
	for (unsigned k = 0; k < CONF_KEYS; k++) {
		if (conf_row[k].type != CONF_SECRET || keep((enum conf_key)k))
			continue;
		for (struct generation *g = current(); g != NULL;
		    g = g->older) {
			if (*g->value[k].text == '\0')
				continue;
			wipe_text(g->value[k].text);
			g->value[k].text = CONF_DROPPED;
		}
		drop_variable(conf_row[k].key);
		for (size_t i = 0; i < (size_t)CONF_ALIASES; i++)
			if (conf_alias[i].of == (enum conf_key)k)
				drop_variable(conf_alias[i].key);
	}
}

int
conf_set(const char *key, const char *value, struct err *e)
{
	enum conf_key k;

	if (!find_exact(key, strlen(key), &k))
		return err_set(e, ERR_CONFIG, "config", "%.60s: no such "
		    "setting", key);
	return set_value(current(), k, value, "conf_set", key, e);
}

const char *
conf_default(enum conf_key k)
{
	return conf_row[k].def;
}

const char *
conf_fits(enum conf_key k, char *text)
{
	const struct conf_row *r = &conf_row[k];
	int64_t v;

	switch (r->type) {
	case CONF_INT:
		return text_i64(text, r->min, r->max, &v) != 0 ? NULL :
		    "must be a whole number in its range";
	case CONF_BOOL:
		return conf_parse_bool(text, &v) ? NULL : "must be yes or no";
	default:
		return check_text(r, text);
	}
}

const char *
conf_name(enum conf_key k)
{
	return conf_row[k].key;
}

const char *
conf_source(unsigned *mode)
{
	*mode = current()->mode;
	return current()->source;
}
