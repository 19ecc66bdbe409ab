/*
 * personal_rules.c - the rules: a list of columns and a row a table.
 *
 * Order matters to the purge: children before user, the audit last, because
 * no new row about somebody is written once the user's row is gone.
 */
#include "store/personal.h"

/* Numbers that are ids become strings, as everywhere on the wire. */
#define SELECT_ID(n)	#n
#define SELECT_NUM(n)	#n
#define SELECT_BOOL(n)	#n
#define SELECT_TIME(n)	#n
#define SELECT_DATE(n)	"CAST(" #n " AS CHAR)"
#define SELECT_TEXT(n)	#n
#define SELECT_JSON(n)	#n
#define SELECTED(kind, n)	SELECT_##kind(n) ", "
#define COLUMN(kind, n)		{ #n, PERSONAL_##kind },

#define READ(NAME, table, COLS)						\
	DB_STMT(PERSONAL_READ_##NAME, DB_API, DB_READ, "SELECT "	\
	    COLS(SELECTED) "id FROM " table				\
	    " WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");	\
	static const struct personal_col NAME##_col[] = { COLS(COLUMN) }
#define PURGE(NAME, table)						\
	DB_STMT(PERSONAL_PURGE_##NAME, DB_API | DB_WORKER, DB_SAFE,	\
	    "DELETE FROM " table " WHERE user_id = ? LIMIT ?")
#define EXPORT(NAME, n_keys, n_page)					\
	.read = &PERSONAL_READ_##NAME, .col = NAME##_col,		\
	.cols = COUNT_OF(NAME##_col), .keys = (n_keys), .page = (n_page)
#define HELD(NAME)	.held = NAME##_held, .helds = COUNT_OF(NAME##_held)

#define BOOKKEEPING	"bookkeeping: says nothing about the person"
#define SECRET		"a secret, or what one could be guessed from"
#define DERIVED		"made from another column that is exported"
#define OWNER		"the owner: all rows are his"

#include "store/personal_tables.def"

const struct personal_rule personal_rules[] = {
	{ "session", EXPORT(SESSION, 1, 100), HELD(SESSION),
	    { &PERSONAL_PURGE_SESSION }, NULL, false },
	{ "revocation", HELD(REVOCATION), .why = "no more than a number, and "
	    "gone a minute after the last access token it refuses" },
	{ "otp", EXPORT(OTP, 1, 100), HELD(OTP), { &PERSONAL_PURGE_OTP },
	    NULL, true },
	{ "admin_token", EXPORT(TOKEN, 1, 100), HELD(TOKEN),
	    { &PERSONAL_PURGE_TOKEN }, NULL, false },
	{ "known_device", EXPORT(KNOWN, 1, 1000), HELD(KNOWN),
	    { &PERSONAL_PURGE_KNOWN }, NULL, true },
	{ "change_undo", EXPORT(UNDO, 1, 100), HELD(UNDO),
	    { &PERSONAL_PURGE_UNDO }, NULL, false },
	{ "frequency", HELD(FREQUENCY), .purge = { &PERSONAL_PURGE_FREQUENCY } },
	{ "digest", HELD(DIGEST), .purge = { &PERSONAL_PURGE_DIGEST_ITEM,
	    &PERSONAL_PURGE_DIGEST } },
	{ "identity", EXPORT(IDENTITY, 1, 100), HELD(IDENTITY),
	    { &PERSONAL_PURGE_IDENTITY }, NULL, false },
	{ "social_visit", EXPORT(VISIT, 1, 100), HELD(VISIT),
	    { &PERSONAL_PURGE_VISIT }, NULL, false },
	{ "social_offer", EXPORT(OFFER, 1, 100), HELD(OFFER),
	    { &PERSONAL_PURGE_OFFER }, NULL, false },
	/* Kept over the grace time: who comes back is asked for them. */
	{ "mfa", EXPORT(MFA, 1, 10), HELD(MFA), { &PERSONAL_PURGE_MFA },
	    NULL, false },
	{ "recovery_code", EXPORT(RECOVERY, 1, 100), HELD(RECOVERY),
	    { &PERSONAL_PURGE_RECOVERY }, NULL, false },
	{ "mfa_flow", HELD(MFA_FLOW), .purge = { &PERSONAL_PURGE_MFA_FLOW },
	    .at_close = true },
	{ "device", EXPORT(DEVICE, 1, 100), HELD(DEVICE),
	    { &PERSONAL_PURGE_DEVICE_GROUPS, &PERSONAL_PURGE_DEVICE }, NULL,
	    true },
	{ "push_group_user", EXPORT(GROUP, 1, 100), HELD(GROUP),
	    { &PERSONAL_PURGE_GROUP }, NULL, false },
	{ "user_group", EXPORT(DOOR, 1, 100), HELD(DOOR),
	    { &PERSONAL_PURGE_DOOR }, NULL, false },
	{ "gate_code", HELD(GATE), .purge = { &PERSONAL_PURGE_GATE },
	    .at_close = true },
	{ "article", EXPORT(ARTICLE, 1, 10), HELD(ARTICLE),
	    { &PERSONAL_PURGE_ARTICLE }, NULL, false },
	{ "whatsapp_contact", EXPORT(CONTACT, 1, 100), HELD(CONTACT),
	    { &PERSONAL_PURGE_CONTACT }, NULL, true },
	{ "preference", EXPORT(PREFERENCE, 1, 10), HELD(PREFERENCE),
	    { &PERSONAL_PURGE_PREFERENCE }, NULL, false },
	{ "preference_type", EXPORT(PREFERENCE_TYPE, 1, 1000),
	    HELD(PREFERENCE_TYPE), { &PERSONAL_PURGE_PREFERENCE_TYPE }, NULL,
	    false },
	{ "topic_user", EXPORT(TOPIC, 1, 1000), HELD(TOPIC),
	    { &PERSONAL_PURGE_TOPIC }, NULL, false },
	{ "inbox", EXPORT(INBOX, 1, 100), HELD(INBOX),
	    { &PERSONAL_PURGE_INBOX }, NULL, false },
	{ "inbox_count", HELD(INBOX_COUNT),
	    .purge = { &PERSONAL_PURGE_INBOX_COUNT } },
	{ "suppression", HELD(SUPPRESSION),
	    .purge = { &PERSONAL_PURGE_SUPPRESSION } },
	{ "job", HELD(JOB), .purge = { &PERSONAL_PURGE_JOB } },
	{ "campaign", EXPORT(CAMPAIGN, 1, 8), HELD(CAMPAIGN),
	    { &PERSONAL_PURGE_CAMPAIGN }, NULL, false },
	{ "notification", EXPORT(NOTIFICATION, 1, 8), HELD(NOTIFICATION),
	    { &PERSONAL_PURGE_NOTIFICATION }, NULL, false },
	{ "delivery", EXPORT(DELIVERY, 2, 100), HELD(DELIVERY),
	    { &PERSONAL_PURGE_NOTICE, &PERSONAL_PURGE_DELIVERY }, NULL,
	    false, &PERSONAL_ENDS_DELIVERY },
	{ "user", EXPORT(USER, 1, 1), HELD(USER), { &PERSONAL_PURGE_USER },
	    NULL, false },
	/* The salt before the rows: what is erased without its salt is
	 * whole, and a purge under way is known to the verifier. */
	{ "user_salt", HELD(SALT), .purge = { &PERSONAL_PURGE_SALT } },
	{ "audit", EXPORT(AUDIT, 1, 200), HELD(AUDIT),
	    { &PERSONAL_PURGE_AUDIT, &PERSONAL_PURGE_AUDIT_ACTS }, NULL,
	    false },
	{ "closing", HELD(CLOSING), .why = "deleted last, by closing_gone: "
	    "it remembers that the purge is not over" },
};
const size_t personal_rules_count = COUNT_OF(personal_rules);
