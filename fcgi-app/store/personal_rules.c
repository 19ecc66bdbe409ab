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

/* --- user ------------------------------------------------------------------ */

#define USER_COLS(C)							\
	C(NUM, id) C(TEXT, phone) C(TIME, phone_verified_at)		\
	C(TEXT, email) C(TIME, email_verified_at) C(TEXT, first_name)	\
	C(TEXT, last_name) C(DATE, birthday) C(TEXT, gender)		\
	C(TEXT, locale) C(TEXT, time_zone) C(BOOL, is_active)		\
	C(BOOL, is_staff) C(BOOL, is_superuser) C(TIME, password_at)	\
	C(TIME, claim_ends_at) C(TIME, last_login_at)			\
	C(TEXT, last_login_ip) C(TEXT, country)				\
	C(TEXT, allowed_countries) C(TIME, created_at) C(TIME, updated_at)
DB_STMT(PERSONAL_READ_USER, DB_API, DB_READ, "SELECT " USER_COLS(SELECTED)
    "id FROM user WHERE id = ? AND id > ? LIMIT ?");
static const struct personal_col USER_col[] = { USER_COLS(COLUMN) };
static const struct personal_held USER_held[] = {
	{ "reg_key", BOOKKEEPING }, { "not_before", BOOKKEEPING },
	{ "phone_proved", DERIVED }, { "email_proved", DERIVED },
	{ "email_cmp", DERIVED }, { "email_unique", DERIVED },
	{ "group_list", DERIVED }, { "password", SECRET },
};
DB_STMT(PERSONAL_PURGE_USER, DB_API | DB_WORKER, DB_SAFE,
    "DELETE FROM user WHERE id = ? LIMIT ?");

/* --- sessions ---------------------------------------------------------------- */

#define SESSION_COLS(C)							\
	C(ID, id) C(TIME, created_at) C(TIME, auth_at)			\
	C(TIME, rotated_at) C(TIME, idle_ends_at) C(TIME, ends_at)	\
	C(TIME, ended_at) C(TEXT, end_reason) C(BOOL, claim)		\
	C(TEXT, amr) C(TEXT, ip) C(TEXT, last_ip) C(TEXT, country)	\
	C(TEXT, user_agent) C(NUM, actor_id)
READ(SESSION, "session", SESSION_COLS);
static const struct personal_held SESSION_held[] = {
	{ "user_id", OWNER }, { "current", SECRET }, { "parent", SECRET },
	{ "newest", SECRET }, { "killed", SECRET },
	{ "killed_at", BOOKKEEPING }, { "minute_at", BOOKKEEPING },
	{ "minute_n", BOOKKEEPING }, { "acting", BOOKKEEPING },
};
PURGE(SESSION, "session");

static const struct personal_held REVOCATION_held[] = {
	{ "id", BOOKKEEPING }, { "session_id", BOOKKEEPING },
	{ "user_id", OWNER }, { "not_before", BOOKKEEPING },
	{ "created_at", BOOKKEEPING }, { "expires_at", BOOKKEEPING },
};

/* --- proofs and credentials -------------------------------------------------- */

#define OTP_COLS(C)							\
	C(ID, id) C(TEXT, purpose) C(TEXT, channel) C(TEXT, target)	\
	C(NUM, issue) C(NUM, tries) C(TIME, created_at) C(TIME, sent_at)\
	C(TIME, expires_at) C(TIME, flow_ends_at) C(TIME, used_at)	\
	C(TIME, proved_at) C(TIME, done_at)
READ(OTP, "otp", OTP_COLS);
static const struct personal_held OTP_held[] = {
	{ "user_id", OWNER }, { "register_hash", SECRET },
	{ "code_mac", SECRET }, { "secret", SECRET },
	{ "used_key", BOOKKEEPING }, { "done_key", BOOKKEEPING },
	{ "by_mail", BOOKKEEPING },
};
PURGE(OTP, "otp");

#define TOKEN_COLS(C)							\
	C(ID, id) C(TEXT, name) C(TEXT, scopes) C(TEXT, cidr)		\
	C(TIME, created_at) C(TIME, expires_at) C(TIME, last_used_at)	\
	C(TEXT, last_used_ip) C(TIME, revoked_at)
READ(TOKEN, "admin_token", TOKEN_COLS);
static const struct personal_held TOKEN_held[] = {
	{ "user_id", OWNER }, { "token_hash", SECRET },
};
PURGE(TOKEN, "admin_token");

#define KNOWN_COLS(C)							\
	C(TIME, created_at) C(TIME, seen_at) C(TIME, expires_at)
/* Its key is a secret's hash: all at once, for a person has a few. */
DB_STMT(PERSONAL_READ_KNOWN, DB_API, DB_READ, "SELECT "
    KNOWN_COLS(SELECTED) "0 FROM known_device"
    " WHERE user_id = ? AND ? = 0 ORDER BY created_at LIMIT ?");
static const struct personal_col KNOWN_col[] = { KNOWN_COLS(COLUMN) };
static const struct personal_held KNOWN_held[] = {
	{ "user_id", OWNER }, { "token_hash", SECRET },
};
PURGE(KNOWN, "known_device");

#define UNDO_COLS(C)							\
	C(ID, id) C(TEXT, kind) C(TEXT, old_value) C(TIME, created_at)	\
	C(TIME, expires_at) C(TIME, used_at)
READ(UNDO, "change_undo", UNDO_COLS);
static const struct personal_held UNDO_held[] = {
	{ "user_id", OWNER }, { "token_hash", SECRET },
	{ "old_key", DERIVED }, { "used_key", BOOKKEEPING },
};
PURGE(UNDO, "change_undo");
/* --- frequency caps: counts of two days ----------------------------------------- */

static const struct personal_held FREQUENCY_held[] = {
	{ "user_id", OWNER }, { "scope", BOOKKEEPING },
	{ "channel", BOOKKEEPING }, { "hour_at", BOOKKEEPING },
	{ "hour_n", BOOKKEEPING }, { "day_at", BOOKKEEPING },
	{ "day_n", BOOKKEEPING }, { "go_at", BOOKKEEPING },
};
PURGE(FREQUENCY, "frequency");

/* --- second factors ----------------------------------------------------------- */

#define MFA_COLS(C)							\
	C(TIME, seed_at) C(BOOL, sms) C(BOOL, email)
DB_STMT(PERSONAL_READ_MFA, DB_API, DB_READ, "SELECT " MFA_COLS(SELECTED)
    "0 FROM mfa WHERE user_id = ? AND ? = 0 LIMIT ?");
static const struct personal_col MFA_col[] = { MFA_COLS(COLUMN) };
static const struct personal_held MFA_held[] = {
	{ "user_id", OWNER }, { "seed", SECRET }, { "seed_id", BOOKKEEPING },
	{ "step", BOOKKEEPING }, { "step_key", BOOKKEEPING },
	{ "next_seed", SECRET }, { "next_id", BOOKKEEPING },
	{ "next_ends_at", BOOKKEEPING }, { "reset_by", BOOKKEEPING },
};
PURGE(MFA, "mfa");

#define RECOVERY_COLS(C)						\
	C(TIME, created_at) C(TIME, used_at)
DB_STMT(PERSONAL_READ_RECOVERY, DB_API, DB_READ, "SELECT "
    RECOVERY_COLS(SELECTED) "0 FROM recovery_code"
    " WHERE user_id = ? AND ? = 0 ORDER BY created_at LIMIT ?");
static const struct personal_col RECOVERY_col[] = {
	RECOVERY_COLS(COLUMN)
};
static const struct personal_held RECOVERY_held[] = {
	{ "user_id", OWNER }, { "code_mac", SECRET },
	{ "used_key", BOOKKEEPING },
};
PURGE(RECOVERY, "recovery_code");

static const struct personal_held MFA_FLOW_held[] = {
	{ "id", BOOKKEEPING }, { "token_hash", SECRET },
	{ "user_id", OWNER }, { "amr", BOOKKEEPING },
	{ "channel", BOOKKEEPING }, { "sent", BOOKKEEPING },
	{ "tries", BOOKKEEPING }, { "created_at", BOOKKEEPING },
	{ "expires_at", BOOKKEEPING }, { "used_at", BOOKKEEPING },
	{ "used_key", BOOKKEEPING },
};
PURGE(MFA_FLOW, "mfa_flow");

/* --- sign-in by other sites ------------------------------------------------------ */

#define IDENTITY_COLS(C)						\
	C(ID, id) C(TEXT, provider) C(TEXT, issuer) C(TEXT, sub)	\
	C(TEXT, email) C(TEXT, name) C(TIME, created_at) C(TIME, used_at)
READ(IDENTITY, "identity", IDENTITY_COLS);
static const struct personal_held IDENTITY_held[] = { { "user_id", OWNER } };
PURGE(IDENTITY, "identity");

#define VISIT_COLS(C)							\
	C(ID, id) C(TEXT, provider) C(TEXT, next) C(TIME, ends_at)	\
	C(TIME, used_at)
READ(VISIT, "social_visit", VISIT_COLS);
static const struct personal_held VISIT_held[] = {
	{ "user_id", OWNER }, { "state_hash", SECRET },
	{ "browser_hash", SECRET }, { "used_key", BOOKKEEPING },
};
PURGE(VISIT, "social_visit");

#define OFFER_COLS(C)							\
	C(ID, id) C(TEXT, provider) C(TEXT, issuer) C(TEXT, sub)	\
	C(TEXT, email) C(TEXT, name) C(TIME, ends_at)
READ(OFFER, "social_offer", OFFER_COLS);
static const struct personal_held OFFER_held[] = {
	{ "user_id", OWNER }, { "token_hash", SECRET },
	{ "browser_hash", SECRET },
};
PURGE(OFFER, "social_offer");

/* --- devices ------------------------------------------------------------------- */

#define DEVICE_COLS(C)							\
	C(ID, id) C(TEXT, kind) C(TEXT, device_type) C(TEXT, target)	\
	C(TEXT, browser)						\
	C(TEXT, user_agent) C(BOOL, is_active) C(TIME, dead_at)		\
	C(TEXT, dead_reason) C(TIME, created_at) C(TIME, seen_at)
READ(DEVICE, "device", DEVICE_COLS);
static const struct personal_held DEVICE_held[] = {
	{ "user_id", OWNER }, { "target_hash", DERIVED },
	{ "p256dh", "a key of the browser's, of no use to people" },
	{ "auth", SECRET }, { "vapid", BOOKKEEPING },
};
DB_STMT(PERSONAL_PURGE_DEVICE_GROUPS, DB_API | DB_WORKER, DB_SAFE,
    "DELETE FROM push_group_device WHERE device_id IN"
    " (SELECT id FROM device WHERE user_id = ?) LIMIT ?");
DB_STMT(PERSONAL_PURGE_DEVICE, DB_API | DB_WORKER, DB_SAFE,
    "DELETE FROM device WHERE user_id = ? LIMIT ?");

#define GROUP_COLS(C)	C(ID, group_id) C(TIME, created_at)
DB_STMT(PERSONAL_READ_GROUP, DB_API, DB_READ, "SELECT "
    GROUP_COLS(SELECTED) "group_id FROM push_group_user"
    " WHERE user_id = ? AND group_id > ? ORDER BY group_id LIMIT ?");
static const struct personal_col GROUP_col[] = { GROUP_COLS(COLUMN) };
static const struct personal_held GROUP_held[] = { { "user_id", OWNER } };
PURGE(GROUP, "push_group_user");

/* Which sites' doors are open: a few names, all at once. */
#define DOOR_COLS(C)	C(TEXT, name) C(TIME, created_at)
DB_STMT(PERSONAL_READ_DOOR, DB_API, DB_READ, "SELECT "
    DOOR_COLS(SELECTED) "0 FROM user_group"
    " WHERE user_id = ? AND ? = 0 ORDER BY name LIMIT ?");
static const struct personal_col DOOR_col[] = { DOOR_COLS(COLUMN) };
static const struct personal_held DOOR_held[] = { { "user_id", OWNER } };
PURGE(DOOR, "user_group");
static const struct personal_held GATE_held[] = {
	{ "user_id", OWNER }, { "code_hash", SECRET }, { "bind", SECRET },
	{ "host", "the audit tells it" }, { "session_id", BOOKKEEPING },
	{ "used_key", BOOKKEEPING }, { "expires_at", BOOKKEEPING },
};
PURGE(GATE, "gate_code");

/* --- messages -------------------------------------------------------------------- */

/* What the person sent. */
#define NOTIFICATION_COLS(C)						\
	C(ID, id) C(ID, token_id) C(TEXT, type) C(NUM, class)		\
	C(TEXT, channel) C(TEXT, title) C(JSON, content)		\
	C(JSON, audience) C(TEXT, request_id) C(TIME, created_at)	\
	C(TIME, expires_at) C(TIME, planned_at) C(NUM, total)		\
	C(TIME, cancelled_at)
READ(NOTIFICATION, "notification", NOTIFICATION_COLS);
static const struct personal_held NOTIFICATION_held[] = {
	{ "user_id", OWNER }, { "scope", BOOKKEEPING },
	{ "idem_key", BOOKKEEPING }, { "body_mac", BOOKKEEPING },
};
/* What a site's program sent in the name of its maker stays the site's; what
 * the person wrote goes.  The name goes last: it finds the row. */
DB_STMT(PERSONAL_PURGE_NOTIFICATION, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE notification SET title = IF(token_id IS NULL, '', title),"
    " content = IF(token_id IS NULL, '{}', content),"
    " audience = IF(token_id IS NULL, '{}', audience), user_id = NULL"
    " WHERE user_id = ? LIMIT ?");

/* What the person sent to many: the site's, once it is under way. */
#define CAMPAIGN_COLS(C)						\
	C(ID, id) C(ID, token_id) C(TEXT, name) C(TEXT, type)		\
	C(TEXT, channels) C(TEXT, title) C(JSON, content)		\
	C(JSON, audience) C(TEXT, request_id) C(TEXT, state)		\
	C(TEXT, reason) C(TEXT, detail) C(TIME, start_at)		\
	C(TIME, ends_at) C(NUM, rate) C(NUM, people) C(NUM, planned)	\
	C(TIME, planned_at) C(NUM, released) C(TIME, created_at)	\
	C(TIME, started_at) C(TIME, paused_at) C(TIME, ended_at)
READ(CAMPAIGN, "campaign", CAMPAIGN_COLS);
static const struct personal_held CAMPAIGN_held[] = {
	{ "user_id", OWNER }, { "live", BOOKKEEPING },
	{ "cursor_id", BOOKKEEPING }, { "rate_at", BOOKKEEPING },
	{ "judged", BOOKKEEPING }, { "version", BOOKKEEPING },
};
DB_STMT(PERSONAL_PURGE_CAMPAIGN, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE campaign SET user_id = NULL WHERE user_id = ? LIMIT ?");

/* What was sent to the person. */
#define DELIVERY_COLS(C)						\
	C(ID, notification_id) C(NUM, seq) C(TEXT, channel)		\
	C(TEXT, target) C(ID, device_id) C(TEXT, provider)		\
	C(TEXT, state) C(TEXT, reason) C(NUM, attempts)			\
	C(TEXT, attempt_log) C(TEXT, provider_id) C(TIME, created_at)	\
	C(TIME, sent_at) C(TIME, updated_at)
DB_STMT(PERSONAL_READ_DELIVERY, DB_API, DB_READ, "SELECT "
    DELIVERY_COLS(SELECTED) "notification_id, seq FROM delivery"
    " WHERE user_id = ? AND (notification_id > ?"
    " OR (notification_id = ? AND seq > ?))"
    " ORDER BY notification_id, seq LIMIT ?");
static const struct personal_col DELIVERY_col[] = { DELIVERY_COLS(COLUMN) };
static const struct personal_held DELIVERY_held[] = {
	{ "user_id", OWNER }, { "target_hash", DERIVED },
	{ "trouble", DERIVED },
};
/*
 * The sender's accounts stay whole: the row keeps its state and loses whom it
 * was for.  Codes and notices name their one recipient in the notification
 * too.  Both look at the same rows, in one transaction.
 */
DB_STMT(PERSONAL_PURGE_NOTICE, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE notification SET audience = '{}', content = '{}'"
    " WHERE user_id IS NULL AND type IN ('code', 'notice') AND id IN"
    " (SELECT notification_id FROM (SELECT notification_id FROM delivery"
    " WHERE user_id = ? ORDER BY notification_id, seq LIMIT ?) AS d)");
DB_STMT(PERSONAL_PURGE_DELIVERY, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE delivery SET target = '', provider_id = '', attempt_log = '',"
    " device_id = 0, target_hash = UNHEX(MD5(CONCAT(notification_id, ':',"
    " seq))), user_id = 0"
    " WHERE user_id = ? ORDER BY notification_id, seq LIMIT ?");

static const struct personal_held JOB_held[] = {
	{ "id", BOOKKEEPING }, { "class", BOOKKEEPING },
	{ "state", BOOKKEEPING }, { "run_at", BOOKKEEPING },
	{ "kind", BOOKKEEPING }, { "notification_id", BOOKKEEPING },
	{ "seq", BOOKKEEPING }, { "user_id", OWNER },
	{ "device_id", BOOKKEEPING }, { "provider", BOOKKEEPING },
	{ "attempt", BOOKKEEPING }, { "tries", BOOKKEEPING },
	{ "crashes", BOOKKEEPING }, { "repeat_ok", BOOKKEEPING },
	{ "owner", BOOKKEEPING }, { "lease_ends_at", BOOKKEEPING },
	{ "expires_at", BOOKKEEPING }, { "waiter", BOOKKEEPING },
	{ "secret", SECRET }, { "last_error", BOOKKEEPING },
	{ "created_at", BOOKKEEPING }, { "stop", BOOKKEEPING },
};
/* Found by their deliveries, which have an index; the queue has none. */
DB_STMT(PERSONAL_PURGE_JOB, DB_API | DB_WORKER, DB_SAFE,
    "DELETE j FROM delivery d JOIN job j ON j.notification_id ="
    " d.notification_id AND j.seq = d.seq"
    " WHERE d.user_id = ? AND j.state IN (0, 3, 9) AND ? > 0");

/* --- who wrote to us ---------------------------------------------------------------- */

#define CONTACT_COLS(C)							\
	C(TEXT, contact) C(TEXT, sender) C(TIME, last_in_at)
DB_STMT(PERSONAL_READ_CONTACT, DB_API, DB_READ, "SELECT "
    CONTACT_COLS(SELECTED) "0 FROM whatsapp_contact"
    " WHERE user_id = ? AND ? = 0 ORDER BY contact, sender LIMIT ?");
static const struct personal_col CONTACT_col[] = { CONTACT_COLS(COLUMN) };
static const struct personal_held CONTACT_held[] = {
	{ "user_id", OWNER }, { "closed_at", BOOKKEEPING },
};
PURGE(CONTACT, "whatsapp_contact");
/* --- wishes, inbox ------------------------------------------------------------ */

#define PREFERENCE_COLS(C)						\
	C(TEXT, default_channel) C(NUM, on_mask) C(NUM, off_mask)	\
	C(NUM, quiet_from) C(NUM, quiet_to) C(TEXT, quiet_zone)		\
	C(TEXT, digest) C(TIME, updated_at)
DB_STMT(PERSONAL_READ_PREFERENCE, DB_API, DB_READ, "SELECT "
    PREFERENCE_COLS(SELECTED) "0 FROM preference"
    " WHERE user_id = ? AND ? = 0 LIMIT ?");
static const struct personal_col PREFERENCE_col[] = {
	PREFERENCE_COLS(COLUMN)
};
static const struct personal_held PREFERENCE_held[] = {
	{ "user_id", OWNER },
};
PURGE(PREFERENCE, "preference");

#define PREFERENCE_TYPE_COLS(C)						\
	C(TEXT, type) C(NUM, on_mask) C(NUM, off_mask)
DB_STMT(PERSONAL_READ_PREFERENCE_TYPE, DB_API, DB_READ, "SELECT "
    PREFERENCE_TYPE_COLS(SELECTED) "0 FROM preference_type"
    " WHERE user_id = ? AND ? = 0 ORDER BY type LIMIT ?");
static const struct personal_col PREFERENCE_TYPE_col[] = {
	PREFERENCE_TYPE_COLS(COLUMN)
};
static const struct personal_held PREFERENCE_TYPE_held[] = {
	{ "user_id", OWNER },
};
PURGE(PREFERENCE_TYPE, "preference_type");

#define TOPIC_COLS(C)	C(TEXT, topic) C(TIME, created_at)
DB_STMT(PERSONAL_READ_TOPIC, DB_API, DB_READ, "SELECT "
    TOPIC_COLS(SELECTED) "0 FROM topic_user"
    " WHERE user_id = ? AND ? = 0 ORDER BY topic LIMIT ?");
static const struct personal_col TOPIC_col[] = { TOPIC_COLS(COLUMN) };
static const struct personal_held TOPIC_held[] = { { "user_id", OWNER } };
PURGE(TOPIC, "topic_user");

/* What it says is in the notification, which is its sender's. */
#define INBOX_COLS(C)							\
	C(NUM, seq) C(ID, notification_id) C(TIME, created_at)		\
	C(TIME, seen_at) C(TIME, read_at) C(TIME, archived_at)
DB_STMT(PERSONAL_READ_INBOX, DB_API, DB_READ, "SELECT "
    INBOX_COLS(SELECTED) "seq FROM inbox"
    " WHERE user_id = ? AND seq > ? ORDER BY seq LIMIT ?");
static const struct personal_col INBOX_col[] = { INBOX_COLS(COLUMN) };
static const struct personal_held INBOX_held[] = { { "user_id", OWNER } };
PURGE(INBOX, "inbox");
static const struct personal_held INBOX_COUNT_held[] = {
	{ "user_id", OWNER }, { "seq", DERIVED }, { "unread", DERIVED },
	{ "unseen", DERIVED },
};
PURGE(INBOX_COUNT, "inbox_count");

/* Of an administrator: what he did is in the audit; the rows stay. */
static const struct personal_held SUPPRESSION_held[] = {
	{ "id", BOOKKEEPING }, { "channel", "the audit tells it" },
	{ "address_hash", "another's" }, { "shown", "another's" },
	{ "reason", "the audit tells it" }, { "user_id", OWNER },
	{ "created_at", "the audit tells it" },
};
DB_STMT(PERSONAL_PURGE_SUPPRESSION, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE suppression SET user_id = NULL WHERE user_id = ? LIMIT ?");

/* --- closing, audit ---------------------------------------------------------------- */

static const struct personal_held CLOSING_held[] = {
	{ "user_id", OWNER }, { "asked_at", "the audit tells it" },
	{ "purge_at", "an account that closes has no export" },
	{ "was_active", BOOKKEEPING }, { "close_key", BOOKKEEPING },
	{ "link_hash", SECRET }, { "token_hash", SECRET },
	{ "token_ends_at", BOOKKEEPING },
	{ "restored_at", "the audit tells it" },
	{ "restored_key", BOOKKEEPING }, { "purging_at", BOOKKEEPING },
};

#define AUDIT_COLS(C)							\
	C(ID, id) C(TIME, at) C(TEXT, event) C(TEXT, outcome)		\
	C(NUM, actor_id) C(ID, session_id) C(TEXT, request_id)		\
	C(TEXT, ip) C(TEXT, country) C(TEXT, user_agent) C(JSON, detail)
/* An administrator's address is his, not the reader's. */
DB_STMT(PERSONAL_READ_AUDIT, DB_API, DB_READ,
    "SELECT id, at, event, outcome, actor_id, session_id, request_id,"
    " IF(actor_id IN (0, user_id), ip, ''), country,"
    " IF(actor_id IN (0, user_id), user_agent, ''), detail, id FROM audit"
    " WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");
static const struct personal_col AUDIT_col[] = { AUDIT_COLS(COLUMN) };
static const struct personal_held AUDIT_held[] = {
	{ "user_id", OWNER }, { "personal_mac", BOOKKEEPING },
	{ "row_mac", BOOKKEEPING }, { "seal_no", BOOKKEEPING },
	{ "chain", BOOKKEEPING },
};
/* D12: who acted owns the address; rows stay, and so does the chain. */
DB_STMT(PERSONAL_PURGE_AUDIT, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE audit SET ip = '', user_agent = '' WHERE user_id = ?"
    " AND actor_id IN (0, user_id) AND (ip <> '' OR user_agent <> '')"
    " LIMIT ?");
DB_STMT(PERSONAL_PURGE_AUDIT_ACTS, DB_API | DB_WORKER, DB_SAFE,
    "UPDATE audit SET ip = '', user_agent = '' WHERE actor_id = ?"
    " AND (ip <> '' OR user_agent <> '') LIMIT ?");

static const struct personal_held SALT_held[] = {
	{ "user_id", OWNER }, { "salt", SECRET },
};
PURGE(SALT, "user_salt");

#define ARTICLE_COLS(C)							\
	C(ID, id) C(TEXT, title) C(TEXT, content) C(TEXT, status)	\
	C(TIME, published_at) C(TIME, created_at) C(TIME, updated_at)
READ(ARTICLE, "article", ARTICLE_COLS);
static const struct personal_held ARTICLE_held[] = {
	{ "user_id", OWNER }, { "made_key", BOOKKEEPING },
};
PURGE(ARTICLE, "article");

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
	    false },
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
