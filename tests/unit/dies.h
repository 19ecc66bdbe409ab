/*
 * dies.h - run a call in a child that must end through fatal(): for tests of
 * what happens when our own code is misused.
 */
#ifndef GP_TEST_DIES_H
#define GP_TEST_DIES_H

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIES_STATUS	70

/* What `fn` writes to standard error goes to `out`.  Returns the exit status
 * of the child, 0 when `fn` came back, or -1. */
static inline int
dies(void (*fn)(void), char *out, size_t out_size)
{
	int fd[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	fflush(NULL);
	if (pipe(fd) != 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		dup2(fd[1], STDERR_FILENO);
		close(fd[0]);
		close(fd[1]);
		fn();
		_exit(0);
	}
	close(fd[1]);
	while (n + 1 < out_size &&
	    (got = read(fd[0], out + n, out_size - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(fd[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#endif
