/*
 * desk.h - a thread with a database connection of its own, that does what is
 * posted to it, in order.
 *
 * The loop never waits for the database: it posts work and is called back on
 * its own thread when that is done (desk_reap).  Between post and callback
 * the work's argument belongs to the desk.
 */
#ifndef GP_STORE_DESK_H
#define GP_STORE_DESK_H

#include "store/db.h"

struct desk;

/* `wake_fd`: an eventfd that is written when something is done. */
struct desk *desk_new(enum db_program program, int wake_fd);
/* Waits for what is posted, calls nobody back. */
void	 desk_free(struct desk *d);

typedef int desk_run(struct db *db, void *arg, struct err *e);
typedef void desk_done(void *arg, int rc, const struct err *e);
void	 desk_post(struct desk *d, desk_run *run, desk_done *done, void *arg);
/* Posted and not called back yet. */
size_t	 desk_pending(const struct desk *d);
/* Call back what is done.  How many. */
size_t	 desk_reap(struct desk *d);

#endif
