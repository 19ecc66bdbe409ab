/*
 * response.h - an answer being made.  Headers are checked for CR, LF and NUL
 * (H5); the private X-Auth-* headers are what nginx turns into cookies.
 */
#ifndef GP_HTTP_RESPONSE_H
#define GP_HTTP_RESPONSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/lang.h"
#include "http/request.h"

#define RESP_HEADERS_MAX	24
#define RESP_BODY_MAX		((size_t)8 * 1024 * 1024)

/* Writes a body as it is made, by t->write; 0 or -1 with *e set.  What it
 * needs must live as long as the request's arena. */
struct transport;
typedef int resp_streamer(void *arg, const struct transport *t,
	    struct err *e);

struct resp {
	struct arena	*arena;
	int		 status;		/* 0: not set yet */
	const char	*content_type;
	struct { const char *name, *value; } header[RESP_HEADERS_MAX];
	size_t		 headers;
	struct buf	 body;
	struct jw	 json;			/* writes into body */
	resp_streamer	*stream;		/* makes the body instead */
	void		*stream_arg;
	/* Whose language: asked once, when the first sentence is said. */
	enum lang	 (*choose)(void *arg);	/* NULL: English */
	void		*choose_arg;
	enum lang	 lang;
	bool		 chosen;
	bool		 by_reader;		/* resp_read_in */
};

void	 resp_init(struct resp *r, struct arena *a);
void	 resp_fini(struct resp *r);
void	 resp_reset(struct resp *r);	/* forget all; before an error */

/* Add a header; a value that is not clean is dropped and logged. */
void	 resp_header(struct resp *r, const char *name, const char *value);
void	 resp_headerf(struct resp *r, const char *name, const char *fmt, ...)
	    PRINTF(3, 4);

/* Begin a JSON answer: status, type, and the writer at an open object. */
struct jw *resp_json(struct resp *r, int status);
/* End it (closes the object). */
void	 resp_json_end(struct resp *r);
/* Status without a body (204, 304). */
void	 resp_empty(struct resp *r, int status);
void	 resp_text(struct resp *r, int status, const char *type,
	    const char *body);
/* A body that is too long to be held: `body` runs when the answer is sent
 * (not for HEAD).  The status has left by then, so a failure can only cut the
 * body short: its end must be recognisable. */
void	 resp_stream(struct resp *r, int status, const char *type,
	    resp_streamer *body, void *arg);
/* {"message": …} in one go; `message` as resp_say. */
void	 resp_message(struct resp *r, int status, const char *message);

/*
 * What people read leaves through these: the English sentence, a row of
 * base/lang_rows.def, in the answer's language, which Content-Language then
 * states.  Arena or constant.
 */
const char *resp_say(struct resp *r, const char *en)
	    __attribute__((format_arg(2)));
const char *resp_sayf(struct resp *r, const char *en, ...) PRINTF(2, 3);
enum lang resp_lang(struct resp *r);
/* From here on the language of this person's locale, if we have it: who was
 * known only after the answer was begun.  Nothing where the reader chose. */
void	 resp_speak(struct resp *r, const char *locale);
/* The language that whoever reads it chose, if it is one of ours: it wins over
 * all others. */
void	 resp_read_in(struct resp *r, const char *choice);

/* Cookies, by way of nginx (D13).  NULL leaves one untouched. */
void	 resp_set_tokens(struct resp *r, const char *access,
	    const char *refresh);
void	 resp_clear_tokens(struct resp *r);
void	 resp_no_store(struct resp *r);

/* How a kept row dresses its errors (API.md). */
enum style { STYLE_OURS, STYLE_P, STYLE_N, STYLE_C, STYLE_A, STYLE_X };

/* problem+json of RFC 9457: type, title, status, detail, code, request_id,
 * errors; plus the old members of `style`.  Resets what was begun. */
void	 resp_problem(struct resp *r, const struct req *q, enum style style,
	    const struct err *e);
/* Add a text member to the document that resp_problem just made. */
void	 resp_problem_member(struct resp *r, const char *name,
	    const char *value);
void	 resp_problem_number(struct resp *r, const char *name, int64_t value);
/* As resp_problem, with the binder's faults as `errors` (may be NULL). */
struct faults;
void	 resp_problem_faults(struct resp *r, const struct req *q,
	    enum style style, const struct err *e, const struct faults *f);
/* Status of an error kind. */
int	 resp_status_of(enum err_kind k);
/* Public sentence for a code ("invalid_code" -> "The code is wrong or …"), in
 * English, for resp_say; rows in problem.c; a missing one fails check (S73). */
const char *problem_title(const char *code);	/* NULL: no row */
const char *problem_detail(const char *code);	/* NULL: no row */

/* Send it.  HEAD sends no body.  0 or -1 when the peer went away. */
int	 resp_send(struct resp *r, const struct req *q,
	    const struct transport *t) MUST_CHECK;

#endif
