/*
 * cors.h - which pages of other origins may read our answers (S37): those of
 * GATEPOST_CORS_ORIGINS, and with cookies those that stand in
 * GATEPOST_CSRF_ORIGINS too.  Exact, and never "*".
 */
#ifndef GP_AUTH_CORS_H
#define GP_AUTH_CORS_H

#include "base/buf.h"
#include "http/request.h"
#include "http/response.h"

bool	 cors_allowed(const struct req *q);
/* The headers of an answer to q: none where no origin is listed, and Vary for
 * whoever asks where one is.  Into an answer, or as the lines of one. */
void	 cors_resp(const struct req *q, struct resp *r);
void	 cors_lines(const struct req *q, struct buf *b);

#endif
