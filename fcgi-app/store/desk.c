/*
 * desk.c - see desk.h.
 */
#include "store/desk.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"

struct op {
	struct op	*next;
	desk_run	*run;
	desk_done	*done;
	void		*arg;
	int		 rc;
	struct err	 e;
};

struct queue { struct op *head, **tail; };

struct desk {
	pthread_t	 thread;
	pthread_mutex_t	 lock;
	pthread_cond_t	 more;
	struct queue	 todo, done;
	bool		 stop;
	size_t		 pending;	/* the loop's alone */
	int		 wake_fd;
	struct db	*db;
};

static void
queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void
queue_add(struct queue *q, struct op *op)
{
	op->next = NULL;
	*q->tail = op;
	q->tail = &op->next;
}

static struct op *
queue_take(struct queue *q)
{
	struct op *op = q->head;

	if (op != NULL && (q->head = op->next) == NULL)
		q->tail = &q->head;
	return op;
}

static void *
work(void *arg)
{
	static const uint64_t one = 1;
	struct desk *d = arg;
	struct op *op;

	pthread_mutex_lock(&d->lock);
	for (;;) {
		while ((op = queue_take(&d->todo)) == NULL && !d->stop)
			pthread_cond_wait(&d->more, &d->lock);
		if (op == NULL)
			break;
		pthread_mutex_unlock(&d->lock);
		err_clear(&op->e);
		op->rc = op->run(d->db, op->arg, &op->e);
		pthread_mutex_lock(&d->lock);
		queue_add(&d->done, op);
		/* Full only after 2^64 - 1 rings: it wakes all the same. */
		(void)!write(d->wake_fd, &one, sizeof(one));
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

struct desk *
desk_new(enum db_program program, int wake_fd)
{
	struct desk *d = calloc(1, sizeof(*d));
	sigset_t all, was;

	if (d == NULL)
		fatal("desk: out of memory");
	queue_init(&d->todo);
	queue_init(&d->done);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->more, NULL);
	d->wake_fd = wake_fd;
	d->db = db_new(program);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	if (pthread_create(&d->thread, NULL, work, d) != 0)
		fatal("desk: no thread");
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return d;
}

void
desk_free(struct desk *d)
{
	struct op *op;

	if (d == NULL)
		return;
	pthread_mutex_lock(&d->lock);
	d->stop = true;
	pthread_cond_signal(&d->more);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	while ((op = queue_take(&d->done)) != NULL)
		free(op);
	db_free(d->db);
	pthread_cond_destroy(&d->more);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

void
desk_post(struct desk *d, desk_run *run, desk_done *done, void *arg)
{
	struct op *op = calloc(1, sizeof(*op));

	if (op == NULL)
		fatal("desk: out of memory");
	op->run = run;
	op->done = done;
	op->arg = arg;
	d->pending++;
	pthread_mutex_lock(&d->lock);
	queue_add(&d->todo, op);
	pthread_cond_signal(&d->more);
	pthread_mutex_unlock(&d->lock);
}

size_t
desk_pending(const struct desk *d)
{
	return d->pending;
}

size_t
desk_reap(struct desk *d)
{
	struct op *op;
	size_t n = 0;

	for (;;) {
		pthread_mutex_lock(&d->lock);
		op = queue_take(&d->done);
		pthread_mutex_unlock(&d->lock);
		if (op == NULL)
			return n;
		d->pending--;
		op->done(op->arg, op->rc, &op->e);
		free(op);
		n++;
	}
}
