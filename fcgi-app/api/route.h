/*
 * route.h - the surface of the program: a row an endpoint, in routes.def.
 *
 * A row states its whole policy; there are no defaults, so leaving one out
 * does not compile.  The dispatcher does, in the order of D17: 404, 405, 413,
 * 415, 401, 403, 429 by address or caller, 400 (binding), replay of an
 * Idempotency-Key; then the handler (429 by destination, 409, 422).
 */
#ifndef GP_API_ROUTE_H
#define GP_API_ROUTE_H

#include "auth/caller.h"
#include "http/bind.h"
#include "http/match.h"
#include "http/response.h"
#include "store/db.h"

enum pool { POOL_GATE, POOL_MAIN, POOL_HASH, POOL_OUT, POOLS };

/* Who may call (D19). */
enum access {
	ANYONE = 1,
	GUEST,			/* anyone who is not signed in */
	USER,			/* signed in; a claim's session: own profile
				 * and otp rows only (USER_CLAIM) */
	USER_CLAIM,		/* as USER, an unproved claim too */
	USER_FRESH,		/* signed in or re-authenticated ≤ 5 min ago */
	REFRESH,		/* a refresh token; the handler judges it */
	HOLDER,			/* of a register_id; the handler judges it */
	ROLE_AUTHOR, ROLE_SENDER, ROLE_ADMIN, ROLE_SUPERUSER,
	SCOPE_PUSH, SCOPE_SEND, SCOPE_ADMIN,
	OWN_SENDS		/* a user, or a token that may push or send;
				 * the handler shows each his own */
};

/*
 * A superuser who acts as somebody else (S70) may use a row only where its
 * word says so: ACTING(USER).  All others refuse, so a new row is closed to
 * him until somebody has thought about it.  On rows that need no credential
 * he counts as nobody.
 */
#define ACTING_BIT	0x100
#define ACTING(word)	((enum access)((word) | ACTING_BIT))
#define route_acting(r)	(((r)->access & ACTING_BIT) != 0)
/*
 * A row that makes an account or has a code sent for whoever asks says
 * HOME(ANYONE): it refuses, before it looks at anything, where the site's
 * country rule lets nobody sign in (S12).
 */
#define HOME_BIT	0x200
#define HOME(word)	((enum access)((word) | HOME_BIT))
#define route_home(r)	(((r)->access & HOME_BIT) != 0)
#define route_word(r)	((enum access)((r)->access & \
			    ~(ACTING_BIT | HOME_BIT)))

/* Throttle of the row, by address or caller (429 before binding). */
enum route_throttle { THR_NONE, THR_ANON, THR_USER, THR_SIGNIN, THR_SIGNUP,
	THR_REFRESH /* the session's own counter */,
	THR_PUSH_TOKEN, THR_PUSH_TEST /* of a user, by the hour */ };

/* nginx's coarse class; printed by `gatepostctl routes --nginx`. */
enum limit_class { LIMIT_API, LIMIT_AUTH, LIMIT_SEND, LIMIT_NONE };

enum idem { IDEM_NO, IDEM_YES };
enum body_kind { BODY_64K = 64, BODY_1M = 1024, BODY_3M = 3072 };

struct shm;
struct shm_slot;

struct call {
	struct req	*req;
	struct resp	*resp;
	struct arena	*arena;
	struct db	*db;
	const struct route *route;
	struct caller	 who;
	const char	*param[MATCH_PARAMS];	/* of {…} in the template */
	struct bound	 bound;
	/* Idempotency (set when the row is IDEM_YES and a key was sent): */
	bool		 idem;
	uint8_t		 idem_scope[16], idem_key[16], idem_mac[32];
	/* For shm_wait_begin (D1); NULL and 0 without a master. */
	struct shm	*shm;
	struct shm_slot	*slot;
	unsigned	 pool_size;
	/* How a sign-in ended, for the metrics; NULL: the request was none. */
	const char	*signin;
};

/* `in` is the bound struct of the row's fieldset (NULL for FIELDSET_NONE).
 * 0: the answer is in c->resp; -1: *e becomes a problem document. */
typedef int route_handler(struct call *c, const void *in, struct err *e);
/* Render again what object `id` answered at first (D25). */
typedef int route_replay(struct call *c, uint64_t id, struct err *e);

struct route {
	enum http_method	 method;
	const char		*path;		/* "/api/auth/login/" */
	const char		*handler_name;
	route_handler		*handler;
	enum pool		 pool;
	enum access		 access;
	enum body_kind		 body_max_kb;
	enum route_throttle	 throttle;
	enum limit_class	 limit;
	enum idem		 idem;
	route_replay		*replay;	/* NULL unless IDEM_YES */
	enum style		 style;		/* STYLE_OURS refuses unknown members */
	const struct fieldset	*fields;
};

extern const struct route routes[];
extern const size_t routes_count;

/* Find by path: 1 and *r, or 0 with *allow = methods that the path has
 * (0: no such path). */
int	 route_find(struct arena *a, enum http_method m, const char *path,
	    const struct route **r, const char *param[], unsigned *allow);
const char *pool_name(enum pool p);

#include "api/routes.h"

#endif
