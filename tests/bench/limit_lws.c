/*
 * The limit of the live rows: bare libwebsockets on a unix socket.  It says
 * one thing to who connects, and nothing afterwards.
 *
 *	limit_lws PATH
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <libwebsockets.h>

static volatile sig_atomic_t over;
static struct lws_context *context;

static void
leave(int sig)
{
	(void)sig;
	over = 1;
	lws_cancel_service(context);
}

static int
serve(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in,
    size_t len)
{
	static const char ready[] = "{\"type\":\"ready\",\"seq\":0,"
	    "\"unread\":0,\"unseen\":0,\"retry_ms\":1000}";
	unsigned char b[LWS_PRE + sizeof(ready)];

	(void)user;
	(void)in;
	(void)len;
	switch (why) {
	case LWS_CALLBACK_ESTABLISHED:
		lws_callback_on_writable(wsi);
		break;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		memcpy(b + LWS_PRE, ready, sizeof(ready) - 1);
		return lws_write(wsi, b + LWS_PRE, sizeof(ready) - 1,
		    LWS_WRITE_TEXT) < 0 ? -1 : 0;
	default:
		break;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct lws_protocols protocols[] = {
		{ "notifications", serve, 0, 1024, 0, NULL, 0 },
		{ NULL, NULL, 0, 0, 0, NULL, 0 }
	};
	struct lws_context_creation_info info;
	struct rlimit lim;

	if (argc != 2) {
		fputs("usage: limit_lws PATH\n", stderr);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max < 65536 ? lim.rlim_max : 65536;
	setrlimit(RLIMIT_NOFILE, &lim);
	lws_set_log_level(LLL_ERR, NULL);
	memset(&info, 0, sizeof(info));
	info.iface = argv[1];
	info.protocols = protocols;
	info.options = LWS_SERVER_OPTION_UNIX_SOCK;
	if ((context = lws_create_context(&info)) == NULL)
		return 1;
	signal(SIGTERM, leave);
	signal(SIGINT, leave);
	while (!over && lws_service(context, 0) >= 0)
		continue;
	lws_context_destroy(context);
	return 0;
}
