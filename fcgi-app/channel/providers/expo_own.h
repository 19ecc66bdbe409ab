/*
 * expo_own.h - what the files of Expo share; nobody else includes it.
 */
#ifndef GP_CHANNEL_EXPO_OWN_H
#define GP_CHANNEL_EXPO_OWN_H

#include "channel/providers/providers.h"

#include "base/buf.h"
#include "base/json.h"

#define EXPO_MANY_MAX	100u
#define EXPO_ID_MAX	64

/* A POST of JSON to …/push/<path>.  0 or -1. */
int	 expo_request(const struct account *acc, struct arena *a,
	    const char *path, const struct buf *body, struct out_request *out, struct err *e)
	    MUST_CHECK;

/* A ticket's or receipt's word: its row, or the one for words not known. */
struct expo_error { const char *word, *code; enum outcome outcome; };
const struct expo_error *expo_error_of(const struct json *ticket);
/* A ticket's id, or NULL: none that we would ask for again. */
const char *expo_id(const struct json *ticket);
/* The answer is a refusal of the whole request: v, and its word in *word
 * ("": none).  False when it is not (2xx without errors). */
bool	 expo_refused(const struct in_answer *in, const struct json *doc,
	    struct verdict *v, const char **word);

extern const struct receipts expo_receipts;

void	 expo_judge(const struct message *m, const struct out_request *req,
	    const struct in_answer *in, struct verdict *v);
void	 expo_judge_many(const struct message *const *m, size_t n,
	    const struct out_request *req, const struct in_answer *in,
	    struct many_verdicts *out);

#endif
