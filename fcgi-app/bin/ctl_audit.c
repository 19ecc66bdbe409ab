/*
 * gatepostctl audit verify
 *
 * Walks the chain of audit rows from its first link and says where it breaks.
 */
#include "auth/audit.h"
#include "auth/token.h"
#include "base/conf.h"
#include "bin/ctl.h"

int
ctl_audit(struct ctl *c)
{
	const char *word = ctl_word(c, 0);
	struct err e = ERR_INIT;
	uint64_t at = 0;
	int rc;

	if (word == NULL || strcmp(word, "verify") != 0)
		return ctl_usage(c);
	if (keyring_load(&c->keys, conf_str(CONF_KEY_DIR), &e) < 0)
		return ctl_fail("the keys do not load", &e,
		    "gatepostctl keys generate");
	token_use(&c->keys);
	rc = audit_verify(c->db, &at, &e);
	keyring_free(&c->keys);
	if (rc < 0)
		return ctl_fail("the chain was not walked", &e,
		    "gatepostctl doctor");
	if (rc == 1) {
		fprintf(stderr, "gatepostctl: the chain breaks at row %" PRIu64
		    "\n    restore the table from a backup and compare the "
		    "audit_head lines of the journal\n", at);
		return CTL_FAILED;
	}
	ctl_say(c, "the chain is whole\n");
	return CTL_OK;
}
