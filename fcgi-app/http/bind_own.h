/*
 * bind_own.h - what bind.c, bind_type.c, bind_form.c and multipart.c share.
 * Not for others: bind.h is the face.
 */
#ifndef GP_HTTP_BIND_OWN_H
#define GP_HTTP_BIND_OWN_H

#include "http/bind.h"

/* One pair of a form or query, or one part of a multipart body. */
struct part {
	const char	*name;
	const char	*text;		/* NUL-terminated, n bytes */
	size_t		 n;
	const char	*file;		/* file name, or NULL: no file */
	const char	*type;		/* Content-Type of the part, or "" */
};
#define PARTS_MAX	256
struct parts {
	struct part	*p;
	size_t		 n;
};

/* Values a JSON body may hold: json-c spends about 100 bytes on each. */
#define JSON_VALUES_MAX	50000

/* A pair a "&": -1 ERR_INPUT "invalid_form", ERR_TOO_LARGE. */
int	 form_parse(struct arena *a, const char *s, size_t n,
	    struct parts *out, struct err *e) MUST_CHECK;
/* RFC 7578.  -1 ERR_INPUT "invalid_multipart", ERR_TOO_LARGE. */
int	 multipart_parse(struct arena *a, const char *content_type,
	    const uint8_t *p, size_t n, struct parts *out, struct err *e)
	    MUST_CHECK;
/* One more; -1 ERR_TOO_LARGE when there are PARTS_MAX. */
int	 parts_add(struct parts *ps, struct arena *a, const struct part *p,
	    struct err *e) MUST_CHECK;
/* The i-th of a name (`name` or `name[]`), files or texts; NULL none. */
const struct part *parts_find(const struct parts *ps, const char *name,
	    bool file, size_t i);

/* A JSON document of a body: 0 and *doc, an object; -1 "invalid_json",
 * ERR_TOO_LARGE "too_many_values". */
int	 body_json(const char *p, size_t n, struct json **doc, struct err *e)
	    MUST_CHECK;

/* One value on its way from the wire to a struct's member. */
struct value {
	const struct json *j;		/* NULL when it is text */
	const char	*text;
	size_t		 text_n;
};
struct binding {
	struct arena	*a;
	struct bound	*b;
	const struct field *f;
	void		*dst;
	bool		 form;		/* every value is text there */
};
/* Convert by type; faults are added, memory that would pass the request's
 * share is -1 ERR_TOO_LARGE. */
int	 bind_value(struct binding *x, const struct value *v, struct err *e)
	    MUST_CHECK;
/* The list types from a form: repeated names. */
int	 bind_repeated(struct binding *x, struct err *e) MUST_CHECK;
/* A share of the arena left for the answer; -1 ERR_TOO_LARGE. */
int	 bind_room(struct arena *a, size_t n, struct err *e) MUST_CHECK;
void	 bind_fault(struct binding *x, const char *fmt, ...) PRINTF(2, 3);

#endif
