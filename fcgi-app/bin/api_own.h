/*
 * api_own.h - the parts of gatepost-api: main (api.c), its master
 * (api_master.c), what its children do (api_child.c, api_revoke.c), and how
 * it meets the system (api_listen.c).
 */
#ifndef GP_BIN_API_OWN_H
#define GP_BIN_API_OWN_H

#include "api/route.h"
#include "base/keyring.h"
#include "base/shm.h"
#include "bin/program.h"

#include <sys/types.h>

/* What the command line says. */
struct api_options {
	const char	*config;
	const char	*worker;	/* --with-worker PATH, or NULL */
	int		 pool[POOLS];	/* --pool NAME=N; 0: the setting */
	bool		 no_prove, cgi, any_pool;
	int		 only;		/* --only NAME: that pool; -1: all */
};

/* One listening socket a pool. */
struct sockets {
	int		 fd[POOLS];
	bool		 ours;		/* bound here: unlinked at the end */
	char		 path[POOLS][108];
};
/* Take LISTEN_FDS, or bind RUN_DIR/<pool>.sock; of the pool `only`, or with
 * -1 of all.  0 or -1. */
int	 sockets_open(struct sockets *s, const unsigned backlog[POOLS],
	    int only, struct err *e) MUST_CHECK;
void	 sockets_unlink(struct sockets *s);
/* The pool of a name of n characters; -1: none. */
int	 pool_named(const char *name, size_t n);

/* Settings, keys, and what children share; again at SIGHUP.  0 or -1. */
int	 api_load(const struct api_options *o, struct err *e) MUST_CHECK;
struct keyring *api_keys(void);

/* What a child is given. */
struct child {
	enum pool	 pool;
	bool		 every_pool;
	int		 fd;
	struct shm	*shm;		/* NULL: none */
	struct shm_slot	*slot;		/* NULL: none */
	unsigned	 pool_size;
	int		 lane;	/* where hashes are asked for; -1: here */
};
/* Passwords hashed at once: GATEPOST_POOL_HASH, or cores - 1, at least 1. */
unsigned lanes_wanted(void);
/* Serve until told to stop, or recycled.  The exit status. */
int	 child_serve(const struct child *c);
/* Compute hashes (auth/lane.h) until nobody asks any more.  The exit status. */
int	 child_lane(int serve, struct shm_slot *slot);
/* TERM: stop after the request in hand; INT: when nothing waits either. */
void	 child_signals(void);
bool	 child_told(void);
/* One request from the environment.  The exit status. */
int	 child_cgi(struct shm *shm);
/* Copy revocations into shared memory every 500 ms (D8), proving the
 * statements first when that could not be done before. */
int	 revoke_serve(struct shm *shm, bool proved);
/* Prove every statement.  0, EXIT_RETRY or EXIT_CONFIG; logged. */
int	 prove(void);

/* The master.  The exit status. */
int	 master_run(const struct api_options *o);

#endif
