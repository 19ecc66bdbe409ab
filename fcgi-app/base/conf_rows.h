/*
 * conf_rows.h - every setting, once.  CONF(id, "KEY", type, default, min,
 * max, help); ALIAS("OLD_NAME", id).  Included several times on purpose.
 */
/* where things are */
CONF(CONF_PUBLIC_URL, "GATEPOST_PUBLIC_URL", CONF_URL, "https://localhost:8443", 0, 200,
    "Absolute URL people reach this installation at, without a trailing slash. Links and `url` members are made from it, never from Host.")
CONF(CONF_SITE_NAME, "GATEPOST_SITE_NAME", CONF_TEXT, "Gatepost", 0, 60,
    "Name of the site in messages.")
CONF(CONF_RUN_DIR, "GATEPOST_RUN_DIR", CONF_PATH, "/run/gatepost", 0, 80,
    "Sockets, bells and shared memory.")
CONF(CONF_KEY_DIR, "GATEPOST_KEY_DIR", CONF_PATH, GP_SYSCONFDIR "/gatepost/keys", 0, 200,
    "Key files, mode 0600 (gatepostctl keys generate).")
CONF(CONF_SQL_DIR, "GATEPOST_SQL_DIR", CONF_PATH, GP_DATADIR "/sql", 0, 200,
    "Migrations (gatepostctl migrate).")
CONF(CONF_WWW_DIR, "GATEPOST_WWW_DIR", CONF_PATH, GP_DATADIR "/nginx/html", 0, 200,
    "Static files that nginx serves.")
CONF(CONF_LOG_LEVEL, "GATEPOST_LOG_LEVEL", CONF_TEXT, "info", 0, 8,
    "debug, info, warn or error.")
/* database */
CONF(CONF_DB_SOCKET, "GATEPOST_DB_SOCKET", CONF_PATH, "/run/mysqld/mysqld.sock", 0, 200,
    "MariaDB's unix socket; empty to use host and port.")
CONF(CONF_DB_HOST, "GATEPOST_DB_HOST", CONF_TEXT, "127.0.0.1", 0, 200,
    "MariaDB's host when no socket is set.")
CONF(CONF_DB_PORT, "GATEPOST_DB_PORT", CONF_INT, "3306", 1, 65535,
    "MariaDB's port when no socket is set.")
CONF(CONF_DB_NAME, "GATEPOST_DB_NAME", CONF_TEXT, "gatepost", 1, 64,
    "Database name.")
CONF(CONF_DB_TLS_CA, "GATEPOST_DB_TLS_CA", CONF_PATH, "", 0, 200,
    "CA file; set, the server's certificate is required and verified.")
CONF(CONF_DB_API_PASSWORD, "GATEPOST_DB_API_PASSWORD", CONF_SECRET, "", 0, 200,
    "Password of database user gatepost_api; empty uses unix_socket authentication.")
CONF(CONF_DB_WORKER_PASSWORD, "GATEPOST_DB_WORKER_PASSWORD", CONF_SECRET, "", 0, 200,
    "Password of database user gatepost_worker.")
CONF(CONF_DB_CTL_PASSWORD, "GATEPOST_DB_CTL_PASSWORD", CONF_SECRET, "", 0, 200,
    "Password of database user gatepost_ctl (owner: migrations, doctor).")
CONF(CONF_DB_TIMEOUT_S, "GATEPOST_DB_TIMEOUT_S", CONF_INT, "5", 1, 60,
    "Connect, read and write time-out of the database connection, seconds.")
CONF(CONF_DB_UNSAFE_FLUSH, "GATEPOST_DB_UNSAFE_FLUSH", CONF_BOOL, "no", 0, 0,
    "Start although innodb_flush_log_at_trx_commit is not 1 (R2). Loses acknowledged requests in a crash.")
/* pools */
CONF(CONF_POOL_GATE, "GATEPOST_POOL_GATE", CONF_INT, "2", 1, 64, "Children of the gate pool.")
CONF(CONF_POOL_MAIN, "GATEPOST_POOL_MAIN", CONF_INT, "4", 1, 256, "Children of the main pool.")
CONF(CONF_POOL_HASH, "GATEPOST_POOL_HASH", CONF_INT, "0", 0, 64, "Password-hashing lanes; 0: cores - 1, at least 1 (D2).")
CONF(CONF_POOL_OUT, "GATEPOST_POOL_OUT", CONF_INT, "1", 1, 64, "Children of the out pool.")
CONF(CONF_RECYCLE, "GATEPOST_RECYCLE", CONF_INT, "10000", 0, 100000000, "Requests after which a child is replaced (with jitter); 0 never.")
CONF(CONF_DEADLINE_S, "GATEPOST_DEADLINE_S", CONF_INT, "20", 2, 120, "A request's deadline, seconds; the child answers 503 and is replaced.")
CONF(CONF_SOCKET_GROUP, "GATEPOST_SOCKET_GROUP", CONF_TEXT, "", 0, 32, "Group that may connect to the sockets (mode 0660); empty: the process's own.")
/* tokens and sessions */
CONF(CONF_ISSUER, "GATEPOST_ISSUER", CONF_TEXT, "", 0, 200, "iss of access tokens; empty: the public URL.")
CONF(CONF_ACCESS_LIFE_S, "GATEPOST_ACCESS_LIFE_S", CONF_INT, "900", 30, 3600, "Life of an access token, seconds.")
CONF(CONF_REFRESH_GRACE_S, "GATEPOST_REFRESH_GRACE_S", CONF_INT, "10", 0, 60, "How long a rotated refresh token still gives the same successor (S3).")
CONF(CONF_SESSION_IDLE_S, "GATEPOST_SESSION_IDLE_S", CONF_INT, "604800", 300, 7776000, "A session ends when not refreshed for this long.")
CONF(CONF_SESSION_MAX_S, "GATEPOST_SESSION_MAX_S", CONF_INT, "7776000", 3600, 31536000, "A session ends after this long, whatever happens.")
CONF(CONF_ORIGINS, "GATEPOST_CSRF_ORIGINS", CONF_LIST, "", 0, 2000, "Origins, besides our own, that may use the cookies on unsafe methods.")
CONF(CONF_CORS_ORIGINS, "GATEPOST_CORS_ORIGINS", CONF_LIST, "", 0, 2000, "Origins that browsers may call the API from (exact).")
CONF(CONF_SITES, "GATEPOST_SITES", CONF_LIST, "", 0, 2000, "Other host names of the same owner that the gate lets people in at, as in their address: wiki.example.com, or host:port.")
/* countries */
CONF(CONF_GEOIP_DB, "GATEPOST_GEOIP_DB", CONF_PATH, "", 0, 200, "MaxMind database for web servers that state no country (nginx with its geoip2 module does). Replace it by rename.")
CONF(CONF_COUNTRY_ALLOW, "GATEPOST_COUNTRY_ALLOW", CONF_LIST, "", 0, 1000, "ISO countries that people may sign up, sign in, refresh and pass the gate from; empty: all.")
CONF(CONF_COUNTRY_DENY, "GATEPOST_COUNTRY_DENY", CONF_LIST, "", 0, 1000, "ISO countries that they may not.")
CONF(CONF_COUNTRY_ROUTES, "GATEPOST_COUNTRY_ROUTES", CONF_LIST, "", 0, 2000, "Countries by path prefix, the longest counts: /api/push/=IR+DE,/api/auth/register/=!RU+KP (! refuses).")
CONF(CONF_COUNTRY_UNKNOWN, "GATEPOST_COUNTRY_UNKNOWN", CONF_TEXT, "deny", 4, 5, "Whether an address without a country meets a country rule: allow or deny. Without a rule nobody is refused.")
CONF(CONF_COUNTRY_LOCAL, "GATEPOST_COUNTRY_LOCAL", CONF_BOOL, "yes", 0, 0, "Loopback and private addresses meet the rules of site, routes and users; no: they are unknown.")
/* identity */
CONF(CONF_REGION, "GATEPOST_REGION", CONF_TEXT, "IR", 2, 2, "Default region of phone numbers in national form.")
CONF(CONF_SMS_PREFIXES, "GATEPOST_SMS_PREFIXES", CONF_LIST, "+98", 0, 2000, "E.164 prefixes that SMS may be sent to; * for all (S45).")
CONF(CONF_PASSWORD_RULE, "GATEPOST_PASSWORD_RULE", CONF_TEXT, "classes", 0, 10, "classes (upper, lower and punctuation) or length (15 or more, NIST).")
CONF(CONF_LEAKED_FILE, "GATEPOST_LEAKED_FILE", CONF_PATH, "", 0, 500, "Filter of leaked passwords (gatepostctl passwords build); empty: only the list that ships. Set and unusable, new passwords get 503 (S54).")
CONF(CONF_ARGON2_M_KIB, "GATEPOST_ARGON2_M_KIB", CONF_INT, "19456", 8192, 1048576, "Argon2id memory, KiB.")
CONF(CONF_ARGON2_T, "GATEPOST_ARGON2_T", CONF_INT, "2", 1, 20, "Argon2id passes.")
CONF(CONF_HASH_MEMORY_MIB, "GATEPOST_HASH_MEMORY_MIB", CONF_INT, "128", 19, 1024, "The most memory one hash may need, MiB; imported ones past it are refused (S55). A lane may take that much.")
CONF(CONF_CODE_LIFE_S, "OTP_EXPIRY_SECONDS", CONF_INT, "300", 60, 600, "Life of a one-time code, seconds.")
CONF(CONF_CODE_RESEND_S, "GATEPOST_CODE_RESEND_S", CONF_INT, "120", 10, 3600, "A destination gets at most one code per this many seconds.")
CONF(CONF_CODE_DAY, "GATEPOST_CODE_DAY", CONF_INT, "10", 1, 1000, "One-time codes a destination and day.")
CONF(CONF_ANON_DAY, "GATEPOST_ANON_DAY", CONF_INT, "100", 1, 1000000, "Requests a day and address on rows with throttle anon.")
CONF(CONF_USER_DAY, "GATEPOST_USER_DAY", CONF_INT, "1000", 1, 10000000, "Requests a day and user on rows with throttle user.")
CONF(CONF_SIGNIN_ADDR_MIN, "GATEPOST_SIGNIN_ADDRESS_MIN", CONF_INT, "30", 1, 1000000, "Sign-ins a minute and address (S42).")
CONF(CONF_SIGNUP_ADDR_HOUR, "GATEPOST_SIGNUP_ADDRESS_HOUR", CONF_INT, "20", 1, 1000000, "Sign-ups an hour and address.")
CONF(CONF_RESET_DEST_HOUR, "GATEPOST_RESET_DESTINATION_HOUR", CONF_INT, "5", 1, 10000, "Password resets an hour and destination.")
CONF(CONF_ACCOUNT_GRACE_DAYS, "GATEPOST_ACCOUNT_GRACE_DAYS", CONF_INT, "14", 0, 90, "Days in which a closed account can be restored; then all of it is deleted.")
CONF(CONF_EXPORT_DAY, "GATEPOST_EXPORT_DAY", CONF_INT, "5", 1, 1000, "Exports of one's own data a day and user.")
CONF(CONF_SIGNIN_NOTICE, "GATEPOST_SIGNIN_NOTICE", CONF_BOOL, "yes", 0, 0, "Tell people on every proved channel when a device signs in that did not before; an address is told of once an hour.")
/* what a stranger's SMS may cost, in money: whole units of your choice, the same in all of these (S46) */
CONF(CONF_SMS_COST, "GATEPOST_SMS_COST", CONF_INT, "100", 1, 100000000, "Cost of one SMS where GATEPOST_SMS_COSTS names no other.")
CONF(CONF_SMS_COSTS, "GATEPOST_SMS_COSTS", CONF_LIST, "", 0, 2000, "Cost of one SMS by prefix, the longest wins: +98=100,+1=900.")
CONF(CONF_SMS_NUMBER_HOUR, "GATEPOST_SMS_NUMBER_HOUR", CONF_INT, "1000", 0, 1000000000000, "Budget of a number an hour; 0: none of its own (so all budgets).")
CONF(CONF_SMS_NUMBER_DAY, "GATEPOST_SMS_NUMBER_DAY", CONF_INT, "2000", 0, 1000000000000, "Budget of a number a day.")
CONF(CONF_SMS_ADDRESS_HOUR, "GATEPOST_SMS_ADDRESS_HOUR", CONF_INT, "5000", 0, 1000000000000, "Budget of an asker's address (IPv6: its /64) an hour.")
CONF(CONF_SMS_ADDRESS_DAY, "GATEPOST_SMS_ADDRESS_DAY", CONF_INT, "20000", 0, 1000000000000, "Budget of an asker's address a day.")
CONF(CONF_SMS_NET_HOUR, "GATEPOST_SMS_NET_HOUR", CONF_INT, "20000", 0, 1000000000000, "Budget of an asker's /24 (IPv6: /48) an hour.")
CONF(CONF_SMS_NET_DAY, "GATEPOST_SMS_NET_DAY", CONF_INT, "100000", 0, 1000000000000, "Budget of an asker's /24 (IPv6: /48) a day.")
CONF(CONF_SMS_PREFIX_HOUR, "GATEPOST_SMS_PREFIX_HOUR", CONF_INT, "200000", 0, 1000000000000, "Budget of a prefix of numbers an hour.")
CONF(CONF_SMS_PREFIX_DAY, "GATEPOST_SMS_PREFIX_DAY", CONF_INT, "0", 0, 1000000000000, "Budget of a prefix of numbers a day.")
CONF(CONF_SMS_COUNTRY_HOUR, "GATEPOST_SMS_COUNTRY_HOUR", CONF_INT, "0", 0, 1000000000000, "Budget of a country an hour.")
CONF(CONF_SMS_COUNTRY_DAY, "GATEPOST_SMS_COUNTRY_DAY", CONF_INT, "0", 0, 1000000000000, "Budget of a country a day.")
CONF(CONF_SMS_SITE_HOUR, "GATEPOST_SMS_SITE_HOUR", CONF_INT, "500000", 0, 1000000000000, "Budget of the whole site an hour.")
CONF(CONF_SMS_SITE_DAY, "GATEPOST_SMS_SITE_DAY", CONF_INT, "2000000", 0, 1000000000000, "Budget of the whole site a day.")
CONF(CONF_SMS_PREFIX_DIGITS, "GATEPOST_SMS_PREFIX_DIGITS", CONF_INT, "5", 1, 12, "Digits after the + that make a prefix: 5 is +98912 or +14155.")
CONF(CONF_SMS_RUN, "GATEPOST_SMS_RUN", CONF_INT, "8", 0, 100, "Different numbers of one hundred adjacent ones that get an SMS within an hour; one more suspends them (S47). 0: not looked at.")
CONF(CONF_SMS_CONVERSION_SAMPLE, "GATEPOST_SMS_CONVERSION_SAMPLE", CONF_INT, "100", 5, 100000, "Codes a prefix's conversion is judged by: its last so many (S48).")
CONF(CONF_SMS_CONVERSION_PERCENT, "GATEPOST_SMS_CONVERSION_PERCENT", CONF_INT, "10", 0, 100, "A prefix is suspended when fewer of them were proved, percent; 0: never.")
CONF(CONF_SMS_CONVERSION_WAIT_S, "GATEPOST_SMS_CONVERSION_WAIT_S", CONF_INT, "300", 1, 3600, "A code not proved within this long counts as not proved.")
CONF(CONF_SMS_SUSPEND_S, "GATEPOST_SMS_SUSPEND_S", CONF_INT, "3600", 10, 604800, "How long such a prefix gets no SMS.")
CONF(CONF_SMS_POW, "GATEPOST_SMS_POW", CONF_TEXT, "auto", 0, 6, "Proof of work before an SMS (S49): off; auto: while a budget is crowded; always: also from each unknown device.")
CONF(CONF_SMS_POW_SHARE, "GATEPOST_SMS_POW_SHARE", CONF_INT, "50", 1, 100, "A budget of an address, prefix, country or the site counts as crowded above this share, percent.")
CONF(CONF_SMS_POW_BITS, "GATEPOST_SMS_POW_BITS", CONF_INT, "16", 4, 28, "Difficulty of a proof of work, bits: 16 is about 65,000 hashes.")
/* mail that nobody may register with (S52) */
CONF(CONF_MAIL_BLOCKED_DOMAINS, "GATEPOST_MAIL_BLOCKED_DOMAINS", CONF_LIST, "", 0, 2000, "E-mail domains that cannot be registered with, those below them included.")
CONF(CONF_MAIL_BLOCKED_FILE, "GATEPOST_MAIL_BLOCKED_FILE", CONF_PATH, "", 0, 200, "File of more such domains, one a line; read again when it changes.")
CONF(CONF_IMPERSONATE_S, "GATEPOST_IMPERSONATE_S", CONF_INT, "3600", 60, 3600, "Longest impersonation, seconds.")
CONF(CONF_IMPERSONATE_TELL, "GATEPOST_IMPERSONATE_TELL", CONF_BOOL, "yes", 0, 0, "Tell people, on every proved channel, that somebody acts in their account.")
CONF(CONF_LIMITS_LOOPBACK, "GATEPOST_LIMITS_LOOPBACK", CONF_BOOL, "yes", 0, 0, "Daily and per-address limits hold for loopback too; quickstart says no.")
/* providers */
CONF(CONF_KAVENEGAR_KEY, "KAVENEGAR_API_KEY", CONF_SECRET, "", 0, 200, "Kavenegar API key.")
ALIAS("KAVENEGAR_API", CONF_KAVENEGAR_KEY)
CONF(CONF_KAVENEGAR_URL, "GATEPOST_KAVENEGAR_URL", CONF_URL, "https://api.kavenegar.com", 0, 200, "Base URL of Kavenegar.")
CONF(CONF_KAVENEGAR_TEMPLATE, "GATEPOST_KAVENEGAR_TEMPLATE", CONF_TEXT, "gatepost-code", 0, 60, "Approved lookup template for codes (%token).")
CONF(CONF_KAVENEGAR_SENDER, "GATEPOST_KAVENEGAR_SENDER", CONF_TEXT, "", 0, 20, "Line number for plain messages; empty: the account's default.")
CONF(CONF_SMTP_HOST, "EMAIL_HOST", CONF_TEXT, "", 0, 200, "SMTP submission server.")
CONF(CONF_SMTP_PORT, "EMAIL_PORT", CONF_INT, "587", 1, 65535, "Its port: 587 STARTTLS, 465 implicit TLS.")
CONF(CONF_SMTP_TLS, "GATEPOST_SMTP_TLS", CONF_TEXT, "starttls", 0, 8, "starttls or implicit.")
CONF(CONF_SMTP_USER, "EMAIL_HOST_USER", CONF_TEXT, "", 0, 254, "SMTP user.")
CONF(CONF_SMTP_PASSWORD, "EMAIL_HOST_PASSWORD", CONF_SECRET, "", 0, 500, "SMTP password.")
CONF(CONF_SMTP_FROM, "DEFAULT_FROM_EMAIL", CONF_TEXT, "", 0, 320, "From of our mail: address or Name <address>.")
CONF(CONF_SMTP_EHLO, "GATEPOST_SMTP_EHLO", CONF_TEXT, "", 0, 200, "EHLO name; empty: host of the public URL.")
CONF(CONF_VAPID_SUBJECT, "VAPID_SUBJECT", CONF_TEXT, "", 0, 200, "mailto: or https: contact in VAPID tokens; empty: mailto: of DEFAULT_FROM_EMAIL.")
CONF(CONF_VAPID_PRIVATE, "VAPID_PRIVATE_KEY", CONF_SECRET, "", 0, 2000, "VAPID key brought along: PEM, path of a PEM file, or raw base64url; empty: vapid.pem of the key directory.")
CONF(CONF_VAPID_PUBLIC, "VAPID_PUBLIC_KEY", CONF_TEXT, "", 0, 200, "Its public key; checked against the private one.")
CONF(CONF_PUSH_HOSTS, "GATEPOST_PUSH_HOSTS", CONF_LIST,
    "fcm.googleapis.com,jmt17.google.com,updates.push.services.mozilla.com,*.push.services.mozilla.com,*.notify.windows.com,web.push.apple.com,*.push.apple.com",
    0, 2000, "Hosts that push endpoints may name (H4).")
CONF(CONF_EGRESS_ALLOW, "GATEPOST_EGRESS_ALLOW", CONF_LIST, "", 0, 2000, "host:port pairs that may be called although they are private, loopback or not on port 443: an issuer of your own network; tests.")
CONF(CONF_EGRESS_CA, "GATEPOST_EGRESS_CA", CONF_PATH, "", 0, 200, "CA file trusted for outgoing TLS besides the system's. For tests.")
CONF(CONF_PUSH_WAIT_S, "GATEPOST_PUSH_WAIT_S", CONF_INT, "5", 0, 15, "How long the kept push sends wait for the outcome without Prefer.")
/* sign-in by other sites */
CONF(CONF_RETURN_ORIGINS, "GATEPOST_RETURN_ORIGINS", CONF_LIST, "", 0, 2000, "Origins, besides our own, that a sign-in by another site may return to (next=).")
CONF(CONF_GOOGLE_ID, "GOOGLE_CLIENT_ID", CONF_TEXT, "", 0, 200, "Google: client id; set, /api/auth/social/google/ signs in. Register PUBLIC_URL/api/auth/social/google/callback there.")
CONF(CONF_GOOGLE_SECRET, "GOOGLE_CLIENT_SECRET", CONF_SECRET, "", 0, 500, "Google: client secret.")
CONF(CONF_FACEBOOK_ID, "FACEBOOK_APP_ID", CONF_TEXT, "", 0, 40, "Facebook: app id; set, /api/auth/social/facebook/ signs in.")
CONF(CONF_FACEBOOK_SECRET, "FACEBOOK_APP_SECRET", CONF_SECRET, "", 0, 200, "Facebook: app secret.")
CONF(CONF_FACEBOOK_URL, "GATEPOST_FACEBOOK_URL", CONF_URL, "https://www.facebook.com", 0, 200, "Facebook: where its dialog is.")
CONF(CONF_FACEBOOK_GRAPH, "GATEPOST_FACEBOOK_GRAPH_URL", CONF_URL, "https://graph.facebook.com", 0, 200, "Facebook: where its Graph is.")
CONF(CONF_FACEBOOK_VERSION, "GATEPOST_FACEBOOK_VERSION", CONF_TEXT, "v25.0", 2, 10, "Facebook: version of the Graph.")
CONF(CONF_FACEBOOK_REDIRECTS, "GATEPOST_FACEBOOK_REDIRECT_URIS", CONF_LIST, "", 0, 2000, "Facebook: redirect_uri values, besides our own callback, that POST /api/auth/login/facebook/ takes (exact).")
CONF(CONF_OIDC1_NAME, "GATEPOST_OIDC1_NAME", CONF_TEXT, "", 0, 24, "OpenID Connect issuer 1: its name in our addresses (a-z, 0-9, -); its callback is PUBLIC_URL/api/auth/social/NAME/callback.")
CONF(CONF_OIDC1_LABEL, "GATEPOST_OIDC1_LABEL", CONF_TEXT, "", 0, 60, "OpenID Connect issuer 1: its name for people; empty: the name.")
CONF(CONF_OIDC1_ISSUER, "GATEPOST_OIDC1_ISSUER", CONF_URL, "", 0, 200, "OpenID Connect issuer 1: exactly the issuer that its discovery document states.")
CONF(CONF_OIDC1_ID, "GATEPOST_OIDC1_CLIENT_ID", CONF_TEXT, "", 0, 200, "OpenID Connect issuer 1: client id.")
CONF(CONF_OIDC1_SECRET, "GATEPOST_OIDC1_CLIENT_SECRET", CONF_SECRET, "", 0, 500, "OpenID Connect issuer 1: client secret; empty: a public client.")
CONF(CONF_OIDC1_SCOPES, "GATEPOST_OIDC1_SCOPES", CONF_TEXT, "openid email profile", 6, 200, "OpenID Connect issuer 1: scopes to ask for.")
CONF(CONF_OIDC2_NAME, "GATEPOST_OIDC2_NAME", CONF_TEXT, "", 0, 24, "OpenID Connect issuer 2: its name in our addresses (a-z, 0-9, -); its callback is PUBLIC_URL/api/auth/social/NAME/callback.")
CONF(CONF_OIDC2_LABEL, "GATEPOST_OIDC2_LABEL", CONF_TEXT, "", 0, 60, "OpenID Connect issuer 2: its name for people; empty: the name.")
CONF(CONF_OIDC2_ISSUER, "GATEPOST_OIDC2_ISSUER", CONF_URL, "", 0, 200, "OpenID Connect issuer 2: exactly the issuer that its discovery document states.")
CONF(CONF_OIDC2_ID, "GATEPOST_OIDC2_CLIENT_ID", CONF_TEXT, "", 0, 200, "OpenID Connect issuer 2: client id.")
CONF(CONF_OIDC2_SECRET, "GATEPOST_OIDC2_CLIENT_SECRET", CONF_SECRET, "", 0, 500, "OpenID Connect issuer 2: client secret; empty: a public client.")
CONF(CONF_OIDC2_SCOPES, "GATEPOST_OIDC2_SCOPES", CONF_TEXT, "openid email profile", 6, 200, "OpenID Connect issuer 2: scopes to ask for.")
CONF(CONF_OIDC3_NAME, "GATEPOST_OIDC3_NAME", CONF_TEXT, "", 0, 24, "OpenID Connect issuer 3: its name in our addresses (a-z, 0-9, -); its callback is PUBLIC_URL/api/auth/social/NAME/callback.")
CONF(CONF_OIDC3_LABEL, "GATEPOST_OIDC3_LABEL", CONF_TEXT, "", 0, 60, "OpenID Connect issuer 3: its name for people; empty: the name.")
CONF(CONF_OIDC3_ISSUER, "GATEPOST_OIDC3_ISSUER", CONF_URL, "", 0, 200, "OpenID Connect issuer 3: exactly the issuer that its discovery document states.")
CONF(CONF_OIDC3_ID, "GATEPOST_OIDC3_CLIENT_ID", CONF_TEXT, "", 0, 200, "OpenID Connect issuer 3: client id.")
CONF(CONF_OIDC3_SECRET, "GATEPOST_OIDC3_CLIENT_SECRET", CONF_SECRET, "", 0, 500, "OpenID Connect issuer 3: client secret; empty: a public client.")
CONF(CONF_OIDC3_SCOPES, "GATEPOST_OIDC3_SCOPES", CONF_TEXT, "openid email profile", 6, 200, "OpenID Connect issuer 3: scopes to ask for.")
CONF(CONF_OIDC4_NAME, "GATEPOST_OIDC4_NAME", CONF_TEXT, "", 0, 24, "OpenID Connect issuer 4: its name in our addresses (a-z, 0-9, -); its callback is PUBLIC_URL/api/auth/social/NAME/callback.")
CONF(CONF_OIDC4_LABEL, "GATEPOST_OIDC4_LABEL", CONF_TEXT, "", 0, 60, "OpenID Connect issuer 4: its name for people; empty: the name.")
CONF(CONF_OIDC4_ISSUER, "GATEPOST_OIDC4_ISSUER", CONF_URL, "", 0, 200, "OpenID Connect issuer 4: exactly the issuer that its discovery document states.")
CONF(CONF_OIDC4_ID, "GATEPOST_OIDC4_CLIENT_ID", CONF_TEXT, "", 0, 200, "OpenID Connect issuer 4: client id.")
CONF(CONF_OIDC4_SECRET, "GATEPOST_OIDC4_CLIENT_SECRET", CONF_SECRET, "", 0, 500, "OpenID Connect issuer 4: client secret; empty: a public client.")
CONF(CONF_OIDC4_SCOPES, "GATEPOST_OIDC4_SCOPES", CONF_TEXT, "openid email profile", 6, 200, "OpenID Connect issuer 4: scopes to ask for.")
/* worker */
CONF(CONF_WORKER_INFLIGHT, "GATEPOST_WORKER_INFLIGHT", CONF_INT, "96", 1, 1024, "Requests in flight at once in a worker.")
CONF(CONF_WORKER_LEASE_S, "GATEPOST_WORKER_LEASE_S", CONF_INT, "30", 5, 300, "Lease of a claimed job, seconds.")
CONF(CONF_WORKER_BATCH, "GATEPOST_WORKER_BATCH", CONF_INT, "256", 1, 2000, "Jobs claimed at a time.")
CONF(CONF_PROVIDER_TIMEOUT_MS, "GATEPOST_PROVIDER_TIMEOUT_MS", CONF_INT, "15000", 500, 60000, "Whole time of one provider request, ms.")
