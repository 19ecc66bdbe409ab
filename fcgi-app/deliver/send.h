/*
 * send.h - one item: from notification to request, from answer to record.
 */
#ifndef GP_DELIVER_SEND_H
#define GP_DELIVER_SEND_H

#include "deliver/lane.h"
#include "deliver/record.h"

/*
 * Make the request: it->msg, it->req, it->arena.  0, or -1 with a record
 * filled that ends the item (the message cannot be made).  `now_us` is the
 * database's clock.
 */
int	 send_build(struct item *it, int64_t now_us, struct record *r)
	    MUST_CHECK;
/* What of it takes long, as the provider has it: by any thread, while no other
 * touches the item.  0, or -1: send_unmade then ends it. */
bool	 send_wants_seal(const struct item *it);
int	 send_seal(struct item *it, struct err *e) MUST_CHECK;
void	 send_unmade(struct item *it, const char *code, struct record *r);
/* Forget the request, to build it anew. */
void	 send_unbuild(struct item *it);

/* The provider's verdict on an answer, with the rules all providers share. */
void	 send_judge(struct item *it, const struct in_answer *in,
	    struct verdict *v);
/* The rules all providers share, for a verdict that came otherwise. */
void	 send_rules(const struct item *it, const struct in_answer *in,
	    struct verdict *v);
/* Where it may go instead: another lane's name, or NULL.  Marks in the item
 * what the answer means for other accounts; `find` looks for one that traffic
 * flows to and that was not tried. */
const char *send_elsewhere(struct item *it, const struct verdict *v,
	    const struct in_answer *in,
	    const char *(*find)(const struct item *it));
/* What to write for it.  hold_us: how long the provider's breaker stays
 * open; `to` the account it goes to now, or NULL.  Counts the request in
 * it->tries before. */
void	 send_record(struct item *it, const struct verdict *v,
	    const struct in_answer *in, int64_t now_us, int64_t hold_us,
	    const char *to, struct record *r);
/* A record that ends it without a request. */
void	 send_end(struct item *it, const char *state, const char *reason,
	    struct record *r);
/* A record that gives it to another account, uncounted. */
void	 send_move(struct item *it, const char *to, struct record *r);
/* A record that gives it back for a while, uncounted. */
void	 send_hold(struct item *it, int64_t delay_us, struct record *r);

#endif
