/*
 * feed_own.h - the parts of the feed: what is asked of the database and when
 * (feed.c), the asking, on a desk (feed_ask.c), admissions (feed_admit.c) and
 * what clients say (feed_order.c).
 */
#ifndef GP_LIVE_FEED_OWN_H
#define GP_LIVE_FEED_OWN_H

#include "live/feed.h"
#include "store/desk.h"

#define ASK_ARENA	((size_t)256 * 1024 * 1024)

/* A row of an inbox, its frame made. */
struct got { uint64_t user_id, seq; struct frame *f; };
struct got_list { struct got *row; size_t n, cap; };
void	 got_free(struct got_list *l);		/* drops the frames */
/* The rows of one person in a sorted list: the first, and how many. */
struct got *got_of(const struct got_list *l, uint64_t user_id, size_t *n);

struct count_list { struct live_count *row; size_t n, cap; };
const struct live_count *count_of(const struct count_list *l,
	    uint64_t user_id);

/* On a desk.  Each adds to its list, sorted afterwards; 0 or -1.  *statements
 * is counted up. */
int	 ask_counts(struct db *db, const uint64_t *user_id, size_t n,
	    struct count_list *out, uint64_t *statements, struct err *e)
	    MUST_CHECK;
int	 ask_changed(struct db *db, int64_t window_us,
	    struct count_list *out, struct err *e) MUST_CHECK;
int	 ask_rows(struct db *db, const struct live_want *w, size_t n,
	    struct got_list *out, uint64_t *statements, struct err *e)
	    MUST_CHECK;
int	 ask_unread(struct db *db, const uint64_t *user_id, size_t n,
	    struct got_list *out, uint64_t *statements, struct err *e)
	    MUST_CHECK;
int	 ask_unread_newest(struct db *db, uint64_t user_id,
	    struct got_list *out, uint64_t *statements, struct err *e)
	    MUST_CHECK;
void	 ask_fini(void);

/* --- feed.c, for the others --------------------------------------------------- */
struct feed {
	struct desk	*read, *write;
	struct feed_stats stats;
	int64_t		 lost_us;	/* since when the database is away; 0 */
};
extern struct feed feed;
/* Something may have come for u. */
void	 feed_dirty(struct person *u);
/* What is known of somebody, from any source.  His rows are asked for when
 * there are more. */
void	 feed_know(const struct live_count *c);
/* Begin what is due, unless it is under way. */
void	 feed_pump(void);
/* Work ended so: is the database there? */
void	 feed_felt(int rc, const struct err *e);

void	 admit_init(void (*soon)(int64_t us));
void	 admit_fini(void);
void	 admit_tick(int64_t now_us);

#endif
