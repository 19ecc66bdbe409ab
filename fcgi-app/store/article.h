/*
 * article.h - table article.
 */
#ifndef GP_STORE_ARTICLE_H
#define GP_STORE_ARTICLE_H

#include "store/db.h"

#define ARTICLE_TITLE_MAX	200

struct article {
	uint64_t	 id, user_id;
	const char	*title, *content, *status;	/* "draft", "published" */
	const char	*author_email;		/* NULL: none */
	const char	*author_name;		/* "" none */
	int64_t		 created_us, updated_us, published_us;
};
/* Who looks: published ones, and his own; `all` for administrators. */
struct article_view { uint64_t user_id; bool all; };

enum article_order { ARTICLE_NEWEST, ARTICLE_OLDEST, ARTICLE_TITLE,
	ARTICLE_TITLE_DOWN, ARTICLE_UPDATED, ARTICLE_UPDATED_DOWN };
struct article_page {
	struct article_view view;
	const char	*q, *status;		/* "" any */
	uint64_t	 author;		/* 0 any */
	enum article_order order;
	unsigned	 limit, offset;
};

/* 1, 0 (none that may be seen), -1. */
int	 article_find(struct db *db, struct arena *a, uint64_t id,
	    const struct article_view *v, struct article *r, struct err *e)
	    MUST_CHECK;
/* With its content (a page's contents come to less than an answer holds
 * where the binder bounds them).  Rows or -1. */
int64_t	 article_count(struct db *db, const struct article_page *p,
	    struct err *e);
int	 article_each(struct db *db, struct arena *a,
	    const struct article_page *p, struct article *r,
	    int (*row)(void *arg, struct err *e), void *arg, struct err *e)
	    MUST_CHECK;

/* Write all but the times.  Meeting its own id is a success.  0 or -1. */
int	 article_insert(struct db *db, uint64_t id, uint64_t user_id,
	    const char *title, const char *content, const char *status,
	    struct err *e) MUST_CHECK;
/* NULL: unchanged.  1, 0 it is gone, -1. */
int	 article_change(struct db *db, uint64_t id, const char *title,
	    const char *content, const char *status, struct err *e)
	    MUST_CHECK;
/* The first time that it is published: 1 this call did it (and people are
 * to be told, in the same transaction), 0 it was before or is none, -1. */
int	 article_first_published(struct db *db, uint64_t id, struct err *e)
	    MUST_CHECK;
/* 1 gone, 0 was not there, -1. */
int	 article_remove(struct db *db, uint64_t id, struct err *e) MUST_CHECK;

#endif
