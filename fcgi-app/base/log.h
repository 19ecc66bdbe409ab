/*
 * log.h - JSON lines on standard error (systemd puts them in the journal).
 *
 * {"ts":"…","level":"…","prog":"…","msg":"…",…}  CR, LF and control bytes are
 * escaped, so that nothing a client sends can forge a line (H5).  Never put a
 * code, password, token, key or full provider URL here (H6).
 */
#ifndef GP_BASE_LOG_H
#define GP_BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

void	 log_init(const char *prog, enum log_level least);
bool	 log_has(enum log_level level);	/* is it written at all? */

/* One request's or job's id on every line until cleared with NULL. */
void	 log_context(const char *request_id);

void	 log_debug(const char *fmt, ...) PRINTF(1, 2);
void	 log_info(const char *fmt, ...) PRINTF(1, 2);
void	 log_warn(const char *fmt, ...) PRINTF(1, 2);
void	 log_error(const char *fmt, ...) PRINTF(1, 2);

/* Log an error once, at the top: kind, code, sys, detail. */
void	 log_err(enum log_level level, const char *what, const struct err *e);

/*
 * Members of one event line, for what machines read (access, audit head):
 *   log_event("request", LOG_KV("route", r), LOG_KI("status", 200));
 */
struct log_kv { const char *key, *str; int64_t num; };
#define LOG_KV(k, v)	((struct log_kv){ (k), (v), 0 })
#define LOG_KI(k, v)	((struct log_kv){ (k), NULL, (int64_t)(v) })
#define log_event(msg, ...) \
	log_event_n((msg), (const struct log_kv[]){ __VA_ARGS__ }, \
	    COUNT_OF(((const struct log_kv[]){ __VA_ARGS__ })))
void	 log_event_n(const char *msg, const struct log_kv *kv, size_t n);

/* Say why and end this process with exit status 70 (it is restarted). */
void	 fatal(const char *fmt, ...) PRINTF(1, 2) NORETURN;

#endif
