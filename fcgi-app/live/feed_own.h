/*
 * feed_own.h - the parts of the feed: what is asked of the database and when
 * (feed.c), the asking, on a desk (feed_ask.c), admissions (feed_admit.c) and
 * what clients say (feed_order.c).
 */
#ifndef GP_LIVE_FEED_OWN_H
#define GP_LIVE_FEED_OWN_H

#include "live/feed.h"
#include "store/desk.h"

#define ASK_BYTES	((size_t)16 * 1024 * 1024)	/* of frames */
/* A statement's rows: of the longest content that is accepted, 64 KB each,
 * they fit the arena. */
#define ASK_ROWS	2000u
#define ASK_ARENA	((size_t)256 * 1024 * 1024)

/* A row of an inbox, its frame made. */
struct got { uint64_t user_id, seq; struct frame *f; };
struct got_list { struct got *row; size_t n, cap, bytes; };
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
/* What is asked in one go is bounded by ASK_BYTES, and a little: *asked is how
 * many of w, or of the people, were asked about; the others are asked about
 * when these have been told. */
int	 ask_rows(struct db *db, const struct live_want *w, size_t n,
	    struct got_list *out, size_t *asked, uint64_t *statements,
	    struct err *e) MUST_CHECK;
/* The newest UNREAD_MAX of each; `rows`: how many he has at most. */
struct unread_of { uint64_t user_id, rows; };
int	 ask_unread(struct db *db, const struct unread_of *u, size_t n,
	    struct got_list *out, size_t *asked, uint64_t *statements,
	    struct err *e) MUST_CHECK;
void	 ask_fini(void);

/* --- feed.c, for the others --------------------------------------------------- */
struct feed {
	struct desk	*news;		/* nothing else: it waits for nothing */
	struct desk	*look;		/* searches, admissions, sessions */
	struct desk	*write;		/* what clients say */
	struct feed_stats stats;
	int64_t		 lost_us;	/* since when the database is away; 0 */
};
extern struct feed feed;
/* Something may have come for u. */
void	 feed_dirty(struct person *u);
/* What is known of somebody, by a question that began then (monotonic): what
 * was heard since is newer.  His rows are asked for when there are more. */
void	 feed_know(const struct live_count *c, int64_t began_us);
/* Begin what is due, unless it is under way. */
void	 feed_pump(void);
/* Is it unknown, for longer than a revocation may take, who is revoked?  Then
 * nothing new is told until it is known. */
bool	 session_unsure(void);
/* Work ended so: is the database there? */
void	 feed_felt(int rc, const struct err *e);

void	 admit_init(void (*soon)(int64_t us));
void	 admit_fini(void);
void	 admit_tick(int64_t now_us);

#endif
