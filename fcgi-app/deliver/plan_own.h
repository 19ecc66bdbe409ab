/*
 * plan_own.h - what plan.c (whom) and plan_write.c (the transaction) share.
 */
#ifndef GP_DELIVER_PLAN_OWN_H
#define GP_DELIVER_PLAN_OWN_H

#include "deliver/audience.h"
#include "deliver/plan.h"
#include "store/delivery.h"
#include "store/device.h"

struct target {
	uint64_t	 user_id, device_id;
	const char	*to, *shown, *locale;
	const uint8_t	*p256dh, *auth;
	const char	*state, *reason;	/* "queued" or final */
	const char	*channel;	/* NULL: the notification's */
	struct plan_route *route;	/* NULL: nobody serves it */
	int64_t		 run_us;	/* not before; 0 now */
	int64_t		 ends_us;	/* dead then; 0: as its job */
	bool		 inbox;		/* sent by being there */
	const char	*barred;	/* entry that suppresses it; or NULL */
	bool		 gather;	/* for the digest of run_us */
};

/* One plan job's part of a transaction. */
struct part {
	const struct job *job;
	const struct notification *n;
	struct note	*note;
	struct audience	 au;
	struct plan_route *route;	/* NULL: nobody serves the channel */
	struct target	*target;
	size_t		 targets;
	uint32_t	 base;		/* deliveries before these */
	bool		 last;
	uint64_t	 cursor;	/* to go on after, when not last */
};

/*
 * Recipients of routed parts, whatever part each belongs to: sets `target` of
 * all these parts, which have none yet.  plan_people.c.  0 or -1.
 */
struct person { struct part *part; uint64_t user_id; };
int	 plan_people(struct db *db, struct plan *p, struct arena *a,
	    struct person *who, size_t n, struct err *e) MUST_CHECK;
/* The next slice of a long routed part, after cursor `from`: sets target,
 * cursor and last.  0 or -1. */
int	 plan_people_slice(struct db *db, struct plan *p, struct arena *a,
	    struct part *part, uint64_t from, struct err *e) MUST_CHECK;
/* Is its channel chosen by recipient? */
#define PLAN_ROUTED(part)	((part)->n->channel[0] == '\0')
/* --- plan_devices.c ------------------------------------------------------- */
/* A host name, or the end of a token: what people may see of a target. */
const char *plan_shown(struct arena *a, const struct device_target *d);
/* Queued on the part's route, or failed for want of one. */
void	 plan_set_state(struct target *t, const struct part *p);
void	 plan_from_device(struct arena *a, struct target *t,
	    const struct part *p, const struct device_target *d);
/* One row that says why there is nothing to send. */
void	 plan_nothing(struct arena *a, struct part *p, const char *state,
	    const char *reason);
/* Targets of device ids; d is sorted by plan_by_id. */
void	 plan_from_ids(struct arena *a, struct part *p, const uint64_t *id,
	    size_t n, const struct device_target *d, size_t found);
int	 plan_by_id(const void *a, const void *b);
/* Devices of several short audiences in one read. */
int	 plan_read_devices(struct db *db, struct arena *a, struct part *part,
	    size_t n, struct err *e) MUST_CHECK;
/* Those that go to bare addresses and are queued: skipped where one is on the
 * suppression list.  One read for all of them.  plan_barred.c.  0 or -1. */
int	 plan_barred(struct db *db, struct arena *a, struct part *part,
	    size_t n, struct err *e) MUST_CHECK;
/* --- plan.c ------------------------------------------------------------------ */
struct plan_route *plan_route_for(struct plan *p, const char *channel);

/* Write the parts in one transaction and add items.  1 done, 0 a job is not
 * ours any more (nothing written), -1. */
int	 plan_write(struct db *db, struct plan *p, struct arena *a,
	    struct part *part, size_t n, struct err *e) MUST_CHECK;

#endif
