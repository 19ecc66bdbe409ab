/*
 * front_context.c - libwebsockets as we use it: no port of its own, our loop,
 * no timer a connection.
 */
#include <libwebsockets.h>

#include <string.h>

#include "base/log.h"
#include "live/front_own.h"
#include "live/hub.h"
#include "live/loop.h"

#define HEADERS_MAX	16384
#define HEADER_POOL	64

static void
say(int level, const char *line)
{
	int n = (int)strcspn(line, "\n");

	(level & LLL_ERR ? log_warn : log_debug)("libwebsockets: %.*s", n,
	    line);
}

struct lws_context *
front_context(lws_callback_function *callback, struct lws_vhost **host,
    struct err *e)
{
	static struct lws_protocols protocols[] = {	/* kept by it */
		{ "gatepost", NULL, 0, 256, 0, NULL, 0 },
		{ NULL, NULL, 0, 0, 0, NULL, 0 },
	};
	/* sweep.c asks who is there: the library's own watch is a timer a
	 * connection, in a list that is walked at every pong. */
	static const lws_retry_bo_t never = { .secs_since_valid_hangup = 0 };
	void *loops[] = { loop_native() };
	struct lws_context_creation_info info = {
	    .port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols,
	    .options = LWS_SERVER_OPTION_VALIDATE_UTF8 |
		LWS_SERVER_OPTION_DISABLE_IPV6 | LWS_SERVER_OPTION_LIBEV,
	    .foreign_loops = loops, .retry_and_idle_policy = &never,
	    .gid = (int)-1, .uid = (int)-1,
	    .max_http_header_data2 = HEADERS_MAX,
	    .max_http_header_pool2 = HEADER_POOL,
	    .timeout_secs = 10, .keepalive_timeout = 5,
	    .fd_limit_per_thread = hub_raise_files(), .vhost_name = "gatepost" };
	struct lws_context *context;

	protocols[0].callback = callback;
	lws_set_log_level(LLL_ERR | LLL_WARN, say);
	if ((context = lws_create_context(&info)) == NULL) {
		err_set(e, ERR_INTERNAL, "lws", "no context (is "
		    "libwebsockets-evlib-ev installed?)");
		return NULL;
	}
	if ((*host = lws_get_vhost_by_name(context, "gatepost")) == NULL) {
		err_set(e, ERR_INTERNAL, "lws", "no host");
		lws_context_destroy(context);
		return NULL;
	}
	return context;
}
