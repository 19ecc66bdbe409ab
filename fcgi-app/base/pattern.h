/*
 * pattern.h - regular expressions (PCRE2), compiled once, with match limits.
 */
#ifndef GP_BASE_PATTERN_H
#define GP_BASE_PATTERN_H

#include "base/cdefs.h"

struct pattern;

/* Compile a constant of ours (anchored both ends, UTF); fatal when broken. */
struct pattern *pattern_new(const char *regex);
void	 pattern_free(struct pattern *p);
/* Whole-string match; a match limit reached counts as no match. */
bool	 pattern_match(const struct pattern *p, const char *s, size_t n);

/*
 * Named patterns used by binders: compiled at first use, kept.
 * Add a row in pattern.c.
 */
enum pattern_id { PAT_ID, PAT_CODE, PAT_REGISTER_ID, PAT_LOCALE, PAT_DATE,
	PAT_TOPIC, PAT_WORD, PAT_URL_HTTPS, PAT_COUNT };
bool	 pattern_is(enum pattern_id id, const char *s);

#endif
