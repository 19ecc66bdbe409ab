/*
 * api_notify.c - sd_notify(3) as one datagram; libsystemd is not needed.
 */
#include "bin/api_own.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void
notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    !text_copy(sa.sun_path, sizeof(sa.sun_path), path))
		return;
	n = strlen(path);
	if (sa.sun_path[0] == '@')
		sa.sun_path[0] = '\0';		/* abstract */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)&sa,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		log_warn("notify %s: %s", path, strerror(errno));
	close(fd);
}

int64_t
notify_watchdog_us(void)
{
	const char *s = getenv("WATCHDOG_USEC");
	uint64_t us;

	if (s == NULL || text_u64(s, INT64_MAX, &us) == 0)
		return 0;
	return (int64_t)(us / 2);
}
