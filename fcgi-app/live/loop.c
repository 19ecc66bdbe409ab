/*
 * loop.c - see loop.h.
 */
#include "live/loop.h"

#include <ev.h>

static struct {
	struct ev_loop	*ev;
	struct file { ev_io io; void (*ready)(void); } file[LOOP_FILES];
	size_t		 files;
	ev_timer	 tick, soon;
	void		(*on_tick)(void);
	void		(*on_soon)(void);
} lp;

int
loop_open(struct err *e)
{
	lp.files = 0;
	lp.ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	return lp.ev == NULL ? err_set(e, ERR_INTERNAL, "loop",
	    "no loop over epoll") : 0;
}

void *
loop_native(void)
{
	return lp.ev;
}

static void
readable(struct ev_loop *ev, ev_io *io, int events)
{
	(void)ev;
	(void)events;
	((struct file *)io->data)->ready();
}

void
loop_watch(int fd, void (*ready)(void))
{
	struct file *f = &lp.file[lp.files++];

	f->ready = ready;
	ev_io_init(&f->io, readable, fd, EV_READ);
	f->io.data = f;
	ev_io_start(lp.ev, &f->io);
}

void
loop_unwatch(int fd)
{
	for (size_t i = 0; i < lp.files; i++)
		if (lp.file[i].io.fd == fd)
			ev_io_stop(lp.ev, &lp.file[i].io);
}

static void
ticked(struct ev_loop *ev, ev_timer *t, int events)
{
	(void)ev;
	(void)t;
	(void)events;
	lp.on_tick();
}

void
loop_every(int64_t us, void (*tick)(void))
{
	lp.on_tick = tick;
	ev_timer_init(&lp.tick, ticked, 0, (double)us / 1e6);
	ev_timer_again(lp.ev, &lp.tick);
}

static void
waited(struct ev_loop *ev, ev_timer *t, int events)
{
	(void)events;
	ev_timer_stop(ev, t);
	lp.on_soon();
}

void
loop_soon(int64_t us, void (*then)(void))
{
	lp.on_soon = then;
	ev_timer_stop(lp.ev, &lp.soon);
	/* From now, and not from when this turn of the loop began. */
	ev_now_update(lp.ev);
	ev_timer_init(&lp.soon, waited, (double)us / 1e6, 0);
	ev_timer_start(lp.ev, &lp.soon);
}

void
loop_run(void)
{
	ev_run(lp.ev, 0);
}

void
loop_end(void)
{
	ev_break(lp.ev, EVBREAK_ALL);
}

void
loop_close(void)
{
	if (lp.ev == NULL)
		return;
	for (size_t i = 0; i < lp.files; i++)
		ev_io_stop(lp.ev, &lp.file[i].io);
	ev_timer_stop(lp.ev, &lp.tick);
	ev_timer_stop(lp.ev, &lp.soon);
	ev_loop_destroy(lp.ev);
	lp.ev = NULL;
}
