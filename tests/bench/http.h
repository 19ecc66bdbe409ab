/*
 * The little HTTP/1.1 that the load generator reads: one answer at a time,
 * out of a buffer that grows as bytes come in. It asks "is this answer whole
 * yet, and how long is it", nothing more. Judging what the answer says is the
 * caller's work.
 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <stddef.h>

/* No answer of ours comes near this; one that does is a fault. */
#define HTTP_ANSWER_MAX (1u << 20)

struct http_answer {
	int status;		/* 100…599 */
	size_t len;		/* bytes of the whole answer in the buffer */
	const char *body;	/* inside the buffer; a chunked body is joined */
	size_t body_len;
	int close;		/* the server will close after this answer */
};

/*
 * Looks at the `n` bytes in `buf`. Returns 1 with *a filled when they begin
 * with one whole answer, 0 when more bytes are needed, -1 when they are no
 * HTTP answer. A chunked body is joined in place, so call it once per answer
 * after it returned 1. An answer without Content-Length or chunks (and not
 * 204 or 304) is refused with -1: nginx never sends one on a kept connection.
 * RFC 9112 sections 4, 6.3 and 7.1.
 */
int http_parse(char *buf, size_t n, struct http_answer *a);

/*
 * Finds the string member `name` anywhere in the JSON text and copies its
 * value. Returns 1 when found and it fits, else 0. Escapes are not decoded:
 * it is for tokens, which have none.
 */
int http_json_string(const char *body, size_t n, const char *name,
    char *out, size_t max);

#endif
