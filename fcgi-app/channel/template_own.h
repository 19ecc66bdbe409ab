/*
 * template_own.h - what template.c (render) and template_check.c share.
 */
#ifndef GP_CHANNEL_TEMPLATE_OWN_H
#define GP_CHANNEL_TEMPLATE_OWN_H

#include "channel/template.h"

#define VAR_NAME_MAX	32
#define VAR_TEXT_MAX	1000
#define TEXT_MAX	((size_t)60000)

enum var_type { VAR_STRING, VAR_ID, VAR_NUMBER, VAR_DATE, VAR_URL,
	VAR_TYPES };
extern const char *const var_type_word[VAR_TYPES];

/* How a value is put in. */
enum text_form {
	FORM_TEXT,		/* as it is */
	FORM_LINE,		/* one line: controls become spaces */
	FORM_HTML,		/* escaped */
	FORM_URL,		/* percent-encoded, but for a url */
	FORM_WORDS		/* one line without runs of spaces (WhatsApp) */
};

/* The texts a channel may have, and their forms; "" the locale itself. */
struct text_place { const char *channel, *name; enum text_form form; };
extern const struct text_place text_places[];
extern const size_t text_places_count;

/* One piece of a text: words, or a variable.  1 a piece, 0 the end, -1 a
 * brace that stands alone or a name that is none. */
struct piece {
	const char	*p;		/* words, or the variable's name */
	size_t		 n;
	bool		 variable;
	const char	*otherwise;	/* NULL: no words for "not given" */
	size_t		 otherwise_n;
};
int	 piece_next(const char **at, struct piece *x);

/* Type of a declared variable; false: not declared. */
bool	 var_find(const struct json *def, const char *name, size_t n,
	    enum var_type *type, bool *required);
/* A given value as text, or NULL: it is not of the type. */
const char *var_text(struct arena *a, const struct json *j, enum var_type t);

#endif
