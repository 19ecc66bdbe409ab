/*
 * gatepostctl superuser [--email E] [--phone P] [--first-name A]
 *     [--last-name B] [--password-file F]
 *
 * Makes a proved, active superuser.  On a terminal it asks for what was not
 * given; the password is never an argument.  An account that has the e-mail
 * or phone already is promoted, and gets the password when one is given.
 */
#include <termios.h>
#include <unistd.h>

#include "auth/password.h"
#include "auth/token.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/mail.h"
#include "base/phone.h"
#include "base/rand.h"
#include "base/text.h"
#include "bin/ctl.h"
#include "store/revocation.h"
#include "store/user.h"

#define LINE_MAX_	1100

/* One line from the terminal, NULL at its end or when there is none. */
static const char *
ask(struct ctl *c, const char *prompt, bool hidden)
{
	struct termios was, now;
	char line[LINE_MAX_];
	bool got;

	if (!isatty(STDIN_FILENO))
		return NULL;
	printf("%s: ", prompt);
	fflush(stdout);
	if (hidden && tcgetattr(STDIN_FILENO, &was) == 0) {
		now = was;
		now.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
	}
	got = fgets(line, sizeof(line), stdin) != NULL;
	if (hidden) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		putchar('\n');
	}
	if (!got)
		return NULL;
	line[strcspn(line, "\r\n")] = '\0';
	return line[0] == '\0' ? NULL : arena_strdup(c->arena, line);
}

static const char *
given(struct ctl *c, const char *option, const char *prompt)
{
	const char *v = ctl_option(c, option);

	return v != NULL ? v : ask(c, prompt, false);
}

static int
read_password(struct ctl *c, const char **password, struct err *e)
{
	const char *file = ctl_option(c, "--password-file");
	const char *again;
	char *text;
	size_t n;

	if (file != NULL) {
		if (file_read(c->arena, file, LINE_MAX_, &text, &n, e) < 0)
			return -1;
		text[strcspn(text, "\r\n")] = '\0';
		*password = text;
		return 0;
	}
	*password = ask(c, "Password", true);
	if (*password == NULL)
		return 0;
	again = ask(c, "Password, again", true);
	if (again == NULL || strcmp(again, *password) != 0)
		return err_set(e, ERR_INPUT, "mismatch",
		    "the two are not the same");
	return 0;
}

struct making {
	struct ctl	*c;
	struct user_new	 n;
	struct user	 old;		/* id 0: none yet */
	uint64_t	 id;
};

/* New or promoted: one transaction, so nothing is half a superuser. */
static int
make_work(struct db *db, void *arg, struct err *e)
{
	static const struct user_roles all = { true, true, true };
	struct making *m = arg;
	int64_t not_before;

	if (m->old.id == 0)
		return user_insert(db, &m->n, &m->id, e);
	m->id = m->old.id;
	if (m->n.password != NULL &&
	    user_set_password(db, m->id, m->n.password, e) < 0)
		return -1;
	if (m->n.phone != NULL && !m->old.phone_verified &&
	    user_prove_phone(db, m->id, m->n.phone, e) < 0)
		return -1;
	if (m->n.email != NULL && !m->old.email_verified &&
	    user_prove_email(db, m->id, m->n.email_unique, e) < 0)
		return -1;
	if (user_set_roles(db, m->id, &all, e) < 0)
		return -1;
	return revocation_outdate(db, m->id,
	    (uint32_t)conf_int(CONF_ACCESS_LIFE_S), &not_before, e) < 0 ?
	    -1 : 0;
}

static int
find_old(struct making *m, struct err *e)
{
	struct ctl *c = m->c;
	int rc = 0;

	if (m->n.email != NULL)
		rc = user_by_email(c->db, c->arena, m->n.email_cmp,
		    m->n.email_unique, &m->old, e);
	if (rc == 0 && m->n.phone != NULL)
		rc = user_by_phone(c->db, c->arena, m->n.phone, &m->old, e);
	if (rc <= 0)
		m->old.id = 0;
	return rc < 0 ? -1 : 0;
}

int
ctl_superuser(struct ctl *c)
{
	char cmp[MAIL_MAX + 1], unique[MAIL_MAX + 1], phone[PHONE_MAX];
	char phc[PASSWORD_PHC_MAX];
	struct making m = { .c = c, .n = { .reg_key = rand_id(),
	    .is_staff = true, .is_superuser = true, .is_active = true } };
	const char *typed, *password = NULL;
	struct err e = ERR_INIT;

	if ((typed = given(c, "--phone", "Phone (empty: none)")) != NULL) {
		if (!phone_normalise(typed, conf_str(CONF_REGION), phone))
			return ctl_fail("that is no phone number", NULL, typed);
		m.n.phone = phone;
		m.n.phone_verified = true;
	}
	if ((m.n.email = given(c, "--email", "E-mail (empty: none)")) !=
	    NULL) {
		if (!mail_parse(m.n.email, cmp, unique))
			return ctl_fail("that is no e-mail address", NULL,
			    m.n.email);
		m.n.email_cmp = cmp;
		m.n.email_unique = unique;
		m.n.email_verified = true;
	}
	if (m.n.phone == NULL && m.n.email == NULL)
		return ctl_fail("a superuser needs a phone or an e-mail", NULL,
		    "--phone P or --email E");
	m.n.first_name = given(c, "--first-name", "First name");
	m.n.last_name = given(c, "--last-name", "Last name");
	if (m.n.first_name == NULL)
		m.n.first_name = "";
	if (m.n.last_name == NULL)
		m.n.last_name = "";
	if (read_password(c, &password, &e) < 0)
		return ctl_fail("no password", &e, NULL);
	if (keyring_load(&c->keys, conf_str(CONF_KEY_DIR), &e) < 0)
		return ctl_fail("the keys do not load", &e,
		    "gatepostctl keys generate");
	token_use(&c->keys);
	if (find_old(&m, &e) < 0)
		return ctl_fail("the account was not looked up", &e,
		    "gatepostctl doctor");
	if (password == NULL && m.old.id == 0)
		return ctl_fail("a new superuser needs a password", NULL,
		    "--password-file FILE");
	if (password != NULL) {
		const struct password_context about = { m.n.email, m.n.phone,
			m.n.first_name, m.n.last_name };

		if (password_rule("password", password, &about, &e) < 0 ||
		    password_hash(phc, password, &e) < 0)
			return ctl_fail("the password will not do", &e, NULL);
		m.n.password = phc;
	}
	if (db_tx(c->db, make_work, &m, &e) < 0)
		return ctl_fail("the superuser was not made", &e,
		    "gatepostctl doctor");
	ctl_say(c, "%s superuser %" PRIu64 "\n",
	    m.old.id == 0 ? "made" : "promoted", m.id);
	keyring_free(&c->keys);
	return CTL_OK;
}
