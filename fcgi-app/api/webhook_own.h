/*
 * webhook_own.h - what the rows that providers call share.  Not for others.
 *
 * They read the raw bytes (FIELDSET_RAW): who may call is in a signature over
 * them, or in a secret part of the path, looked at before anything is parsed.
 */
#ifndef GP_API_WEBHOOK_OWN_H
#define GP_API_WEBHOOK_OWN_H

#include "api/route.h"
#include "base/conf.h"
#include "store/callback.h"

#define WEBHOOK_PAIRS	64
struct webhook_pair { const char *name, *value; };
struct webhook_form {
	struct webhook_pair pair[WEBHOOK_PAIRS];
	size_t		 n;
};
/* Members of a form or a query, decoded, in their order, after those that are
 * there.  0; -1 ERR_INPUT "invalid_form". */
int	 webhook_read(struct call *c, struct webhook_form *f, const void *p,
	    size_t n, struct err *e) MUST_CHECK;
/* The query, and the body if it is a form. */
int	 webhook_read_all(struct call *c, struct webhook_form *f,
	    struct err *e) MUST_CHECK;
/* The first of that name, or "". */
const char *webhook_value(const struct webhook_form *f, const char *name);

/*
 * What callbacks of accounts of table provider may be signed by: the values of
 * setting `k` of those whose kind begins with `kind`.  Pointers into
 * what the process keeps until the next call, which reads again what is older
 * than a second; how many of `max`, or -1 (503: they come again).
 */
int	 webhook_secrets(struct call *c, const char *kind, enum conf_key k,
	    const char **secret, size_t max, struct err *e) MUST_CHECK;

/* callback_take, where an id that could be none of theirs is let be. */
int	 webhook_state(struct call *c, const struct callback *cb,
	    struct err *e) MUST_CHECK;
/* Is a message nothing but a word that stops or starts ("STOP", " stop.")?
 * Then *out says which.  In a `chat`, where people talk, "yes" and "cancel"
 * are none. */
bool	 webhook_opt_word(const char *text, bool chat, bool *out);
/* -1 ERR_FORBIDDEN "bad_signature". */
int	 webhook_unsigned(struct err *e);
/* 200 {received: true}: read, whatever came of it. */
int	 webhook_answer(struct call *c);

#endif
