# Made by scripts/gen-lists; do not edit.  One file: the one that Makefile.am
# includes, a line a file of the tree.

BASE_SOURCES = \
	fcgi-app/base/arena.c \
	fcgi-app/base/arena.h \
	fcgi-app/base/banned.h \
	fcgi-app/base/buf.c \
	fcgi-app/base/buf.h \
	fcgi-app/base/burst.c \
	fcgi-app/base/burst.h \
	fcgi-app/base/cdefs.h \
	fcgi-app/base/channels.c \
	fcgi-app/base/channels.h \
	fcgi-app/base/clock.c \
	fcgi-app/base/clock.h \
	fcgi-app/base/conf.c \
	fcgi-app/base/conf.h \
	fcgi-app/base/conf_check.c \
	fcgi-app/base/conf_lines.c \
	fcgi-app/base/conf_parts.h \
	fcgi-app/base/conf_rows.h \
	fcgi-app/base/conf_sample.c \
	fcgi-app/base/conf_table.c \
	fcgi-app/base/conf_types.c \
	fcgi-app/base/crypto.c \
	fcgi-app/base/crypto.h \
	fcgi-app/base/crypto_jwk.c \
	fcgi-app/base/crypto_kdf.c \
	fcgi-app/base/crypto_own.h \
	fcgi-app/base/crypto_p256.c \
	fcgi-app/base/crypto_seal.c \
	fcgi-app/base/err.c \
	fcgi-app/base/err.h \
	fcgi-app/base/file.c \
	fcgi-app/base/file.h \
	fcgi-app/base/geo.c \
	fcgi-app/base/geo.h \
	fcgi-app/base/gzip.c \
	fcgi-app/base/gzip.h \
	fcgi-app/base/json.c \
	fcgi-app/base/json.h \
	fcgi-app/base/json_walk.c \
	fcgi-app/base/json_walk.h \
	fcgi-app/base/json_write.c \
	fcgi-app/base/jwk.c \
	fcgi-app/base/jwk.h \
	fcgi-app/base/jws.c \
	fcgi-app/base/jws.h \
	fcgi-app/base/keyring.c \
	fcgi-app/base/keyring.h \
	fcgi-app/base/keyring_code.c \
	fcgi-app/base/keyring_make.c \
	fcgi-app/base/keyring_own.h \
	fcgi-app/base/keyring_pepper.c \
	fcgi-app/base/lang.c \
	fcgi-app/base/lang.h \
	fcgi-app/base/lang_rows.def \
	fcgi-app/base/log.c \
	fcgi-app/base/log.h \
	fcgi-app/base/mail.c \
	fcgi-app/base/mail.h \
	fcgi-app/base/metric.c \
	fcgi-app/base/metric.h \
	fcgi-app/base/pattern.c \
	fcgi-app/base/pattern.h \
	fcgi-app/base/phone.cc \
	fcgi-app/base/phone.h \
	fcgi-app/base/rand.c \
	fcgi-app/base/rand.h \
	fcgi-app/base/reason.c \
	fcgi-app/base/reason.h \
	fcgi-app/base/reason_rows.def \
	fcgi-app/base/shm.c \
	fcgi-app/base/shm.h \
	fcgi-app/base/shm_own.h \
	fcgi-app/base/shm_revoke.c \
	fcgi-app/base/text.c \
	fcgi-app/base/text.h \
	fcgi-app/base/totp.c \
	fcgi-app/base/totp.h \
	fcgi-app/base/unicode.c \
	fcgi-app/base/unicode.h \
	fcgi-app/base/zone.c \
	fcgi-app/base/zone.h

STORE_SOURCES = \
	fcgi-app/store/admin_token.c \
	fcgi-app/store/admin_token.h \
	fcgi-app/store/article.c \
	fcgi-app/store/article.h \
	fcgi-app/store/audit.c \
	fcgi-app/store/audit.h \
	fcgi-app/store/audit_page.c \
	fcgi-app/store/audit_page.h \
	fcgi-app/store/bounce.c \
	fcgi-app/store/bounce.h \
	fcgi-app/store/callback.c \
	fcgi-app/store/callback.h \
	fcgi-app/store/campaign.c \
	fcgi-app/store/campaign.h \
	fcgi-app/store/campaign_own.h \
	fcgi-app/store/campaign_run.c \
	fcgi-app/store/cancel.c \
	fcgi-app/store/cancel.h \
	fcgi-app/store/closing.c \
	fcgi-app/store/closing.h \
	fcgi-app/store/communication.c \
	fcgi-app/store/communication.h \
	fcgi-app/store/db.c \
	fcgi-app/store/db.h \
	fcgi-app/store/db_own.h \
	fcgi-app/store/db_prove.c \
	fcgi-app/store/db_run.c \
	fcgi-app/store/db_script.c \
	fcgi-app/store/db_stmt.c \
	fcgi-app/store/db_value.c \
	fcgi-app/store/delivery.c \
	fcgi-app/store/delivery.h \
	fcgi-app/store/delivery_changed.c \
	fcgi-app/store/delivery_cols.h \
	fcgi-app/store/delivery_log.c \
	fcgi-app/store/delivery_log.h \
	fcgi-app/store/delivery_story.c \
	fcgi-app/store/desk.c \
	fcgi-app/store/desk.h \
	fcgi-app/store/device.c \
	fcgi-app/store/device.h \
	fcgi-app/store/device_admin.c \
	fcgi-app/store/device_admin.h \
	fcgi-app/store/device_replace.c \
	fcgi-app/store/device_target.c \
	fcgi-app/store/digest.c \
	fcgi-app/store/digest.h \
	fcgi-app/store/digest_carried.c \
	fcgi-app/store/digest_follow.c \
	fcgi-app/store/digest_own.h \
	fcgi-app/store/digest_rewrite.c \
	fcgi-app/store/frequency.c \
	fcgi-app/store/frequency.h \
	fcgi-app/store/gate_code.c \
	fcgi-app/store/gate_code.h \
	fcgi-app/store/group.c \
	fcgi-app/store/group.h \
	fcgi-app/store/health.c \
	fcgi-app/store/health.h \
	fcgi-app/store/idempotency.c \
	fcgi-app/store/idempotency.h \
	fcgi-app/store/identity.c \
	fcgi-app/store/identity.h \
	fcgi-app/store/inbox.c \
	fcgi-app/store/inbox.h \
	fcgi-app/store/intake.c \
	fcgi-app/store/intake.h \
	fcgi-app/store/job.c \
	fcgi-app/store/job.h \
	fcgi-app/store/job_admin.c \
	fcgi-app/store/job_admin.h \
	fcgi-app/store/job_claim.c \
	fcgi-app/store/job_own.h \
	fcgi-app/store/job_plan.c \
	fcgi-app/store/job_sweep.c \
	fcgi-app/store/known_device.c \
	fcgi-app/store/known_device.h \
	fcgi-app/store/lease.c \
	fcgi-app/store/lease.h \
	fcgi-app/store/live.c \
	fcgi-app/store/live.h \
	fcgi-app/store/mail_domain.c \
	fcgi-app/store/mail_domain.h \
	fcgi-app/store/metrics.c \
	fcgi-app/store/metrics.h \
	fcgi-app/store/mfa.c \
	fcgi-app/store/mfa.h \
	fcgi-app/store/mfa_flow.c \
	fcgi-app/store/mfa_flow.h \
	fcgi-app/store/migrate.c \
	fcgi-app/store/migrate.h \
	fcgi-app/store/notification.c \
	fcgi-app/store/notification.h \
	fcgi-app/store/opt_word.c \
	fcgi-app/store/opt_word.h \
	fcgi-app/store/otp.c \
	fcgi-app/store/otp.h \
	fcgi-app/store/password_mix.c \
	fcgi-app/store/password_mix.h \
	fcgi-app/store/people.c \
	fcgi-app/store/people.h \
	fcgi-app/store/personal.c \
	fcgi-app/store/personal.h \
	fcgi-app/store/personal_rules.c \
	fcgi-app/store/personal_tables.def \
	fcgi-app/store/preference.c \
	fcgi-app/store/preference.h \
	fcgi-app/store/provider.c \
	fcgi-app/store/provider.h \
	fcgi-app/store/provider_rate.c \
	fcgi-app/store/provider_rate.h \
	fcgi-app/store/provider_seat.c \
	fcgi-app/store/provider_seat.h \
	fcgi-app/store/provider_state.c \
	fcgi-app/store/provider_state.h \
	fcgi-app/store/receipt.c \
	fcgi-app/store/receipt.h \
	fcgi-app/store/recipient.c \
	fcgi-app/store/recipient.h \
	fcgi-app/store/revocation.c \
	fcgi-app/store/revocation.h \
	fcgi-app/store/seen.c \
	fcgi-app/store/seen.h \
	fcgi-app/store/session.c \
	fcgi-app/store/session.h \
	fcgi-app/store/session_admin.c \
	fcgi-app/store/session_admin.h \
	fcgi-app/store/sms.c \
	fcgi-app/store/sms.h \
	fcgi-app/store/sms_admin.c \
	fcgi-app/store/social.c \
	fcgi-app/store/social.h \
	fcgi-app/store/span.h \
	fcgi-app/store/stats.c \
	fcgi-app/store/stats.h \
	fcgi-app/store/suppression.c \
	fcgi-app/store/suppression.h \
	fcgi-app/store/system.c \
	fcgi-app/store/system.h \
	fcgi-app/store/template.c \
	fcgi-app/store/template.h \
	fcgi-app/store/throttle.c \
	fcgi-app/store/throttle.h \
	fcgi-app/store/undo.c \
	fcgi-app/store/undo.h \
	fcgi-app/store/user.c \
	fcgi-app/store/user.h \
	fcgi-app/store/user_admin.c \
	fcgi-app/store/user_admin.h \
	fcgi-app/store/user_group.c \
	fcgi-app/store/user_group.h \
	fcgi-app/store/user_list.c \
	fcgi-app/store/user_own.h \
	fcgi-app/store/webhook.c \
	fcgi-app/store/webhook.h \
	fcgi-app/store/webhook_event.c \
	fcgi-app/store/whatsapp.c \
	fcgi-app/store/whatsapp.h

NET_SOURCES = \
	fcgi-app/net/egress.c \
	fcgi-app/net/exchange.h \
	fcgi-app/net/fetch.c \
	fcgi-app/net/mx.c \
	fcgi-app/net/mx.h \
	fcgi-app/net/net.c \
	fcgi-app/net/net.h \
	fcgi-app/net/net_begin.c \
	fcgi-app/net/net_own.h \
	fcgi-app/net/net_words.c

HTTP_SOURCES = \
	fcgi-app/http/addr.c \
	fcgi-app/http/bind.c \
	fcgi-app/http/bind.h \
	fcgi-app/http/bind_digest.c \
	fcgi-app/http/bind_form.c \
	fcgi-app/http/bind_own.h \
	fcgi-app/http/bind_type.c \
	fcgi-app/http/cgi.c \
	fcgi-app/http/fcgi.c \
	fcgi-app/http/fcgi.h \
	fcgi-app/http/match.c \
	fcgi-app/http/match.h \
	fcgi-app/http/multipart.c \
	fcgi-app/http/problem.c \
	fcgi-app/http/problem_member.c \
	fcgi-app/http/problem_rows.def \
	fcgi-app/http/request.c \
	fcgi-app/http/request.h \
	fcgi-app/http/response.c \
	fcgi-app/http/response.h

CHANNEL_SOURCES = \
	fcgi-app/channel/account.c \
	fcgi-app/channel/account.h \
	fcgi-app/channel/channel.c \
	fcgi-app/channel/channel.h \
	fcgi-app/channel/digest_text.c \
	fcgi-app/channel/digest_text.h \
	fcgi-app/channel/dsn.c \
	fcgi-app/channel/dsn.h \
	fcgi-app/channel/html_clean.c \
	fcgi-app/channel/html_clean.h \
	fcgi-app/channel/mail_page.c \
	fcgi-app/channel/mail_page.h \
	fcgi-app/channel/part.c \
	fcgi-app/channel/part.h \
	fcgi-app/channel/providers/expo.c \
	fcgi-app/channel/providers/expo.h \
	fcgi-app/channel/providers/expo_judge.c \
	fcgi-app/channel/providers/expo_own.h \
	fcgi-app/channel/providers/expo_receipt.c \
	fcgi-app/channel/providers/kavenegar.c \
	fcgi-app/channel/providers/kavenegar.h \
	fcgi-app/channel/providers/kavenegar_status.c \
	fcgi-app/channel/providers/mime.c \
	fcgi-app/channel/providers/mime.h \
	fcgi-app/channel/providers/providers.h \
	fcgi-app/channel/providers/smtp.c \
	fcgi-app/channel/providers/smtp_token.c \
	fcgi-app/channel/providers/twilio.c \
	fcgi-app/channel/providers/vapid.c \
	fcgi-app/channel/providers/vapid.h \
	fcgi-app/channel/providers/webhook.c \
	fcgi-app/channel/providers/webpush.c \
	fcgi-app/channel/providers/webpush.h \
	fcgi-app/channel/providers/webpush_crypt.c \
	fcgi-app/channel/providers/webpush_crypt.h \
	fcgi-app/channel/providers/whatsapp.c \
	fcgi-app/channel/providers/whatsapp.h \
	fcgi-app/channel/providers/whatsapp_contact.c \
	fcgi-app/channel/providers/whatsapp_judge.c \
	fcgi-app/channel/sms_text.c \
	fcgi-app/channel/sms_text.h \
	fcgi-app/channel/template.c \
	fcgi-app/channel/template.h \
	fcgi-app/channel/template_check.c \
	fcgi-app/channel/template_own.h \
	fcgi-app/channel/template_value.c \
	fcgi-app/channel/text_rows.def \
	fcgi-app/channel/texts.c \
	fcgi-app/channel/texts.h \
	fcgi-app/channel/verp.c \
	fcgi-app/channel/verp.h

AUTH_SOURCES = \
	fcgi-app/auth/admin_cache.c \
	fcgi-app/auth/admin_cache.h \
	fcgi-app/auth/audit.c \
	fcgi-app/auth/audit.h \
	fcgi-app/auth/caller.h \
	fcgi-app/auth/confirm.c \
	fcgi-app/auth/confirm.h \
	fcgi-app/auth/cors.c \
	fcgi-app/auth/cors.h \
	fcgi-app/auth/country.c \
	fcgi-app/auth/country.h \
	fcgi-app/auth/device_name.c \
	fcgi-app/auth/device_name.h \
	fcgi-app/auth/facebook.c \
	fcgi-app/auth/facebook.h \
	fcgi-app/auth/factor.c \
	fcgi-app/auth/factor.h \
	fcgi-app/auth/grant.c \
	fcgi-app/auth/grant.h \
	fcgi-app/auth/grant_act.c \
	fcgi-app/auth/grant_check.c \
	fcgi-app/auth/grant_own.h \
	fcgi-app/auth/grant_site.c \
	fcgi-app/auth/hash.c \
	fcgi-app/auth/hash.h \
	fcgi-app/auth/lane.c \
	fcgi-app/auth/lane.h \
	fcgi-app/auth/leaked.c \
	fcgi-app/auth/leaked.h \
	fcgi-app/auth/leaked_build.c \
	fcgi-app/auth/leaked_own.h \
	fcgi-app/auth/mail_block.c \
	fcgi-app/auth/mail_block.h \
	fcgi-app/auth/notice.c \
	fcgi-app/auth/notice.h \
	fcgi-app/auth/oidc.c \
	fcgi-app/auth/oidc.h \
	fcgi-app/auth/oidc_own.h \
	fcgi-app/auth/oidc_site.c \
	fcgi-app/auth/otp.c \
	fcgi-app/auth/otp.h \
	fcgi-app/auth/otp_again.c \
	fcgi-app/auth/otp_link.c \
	fcgi-app/auth/otp_own.h \
	fcgi-app/auth/otp_user.c \
	fcgi-app/auth/outward.c \
	fcgi-app/auth/outward.h \
	fcgi-app/auth/password.c \
	fcgi-app/auth/password.h \
	fcgi-app/auth/password_common.c \
	fcgi-app/auth/password_mix.c \
	fcgi-app/auth/password_old.c \
	fcgi-app/auth/password_old.h \
	fcgi-app/auth/password_own.h \
	fcgi-app/auth/password_rule.c \
	fcgi-app/auth/password_words.def \
	fcgi-app/auth/pow.c \
	fcgi-app/auth/pow.h \
	fcgi-app/auth/remembered.c \
	fcgi-app/auth/remembered.h \
	fcgi-app/auth/return_to.c \
	fcgi-app/auth/return_to.h \
	fcgi-app/auth/same_origin.c \
	fcgi-app/auth/same_origin.h \
	fcgi-app/auth/site.c \
	fcgi-app/auth/site.h \
	fcgi-app/auth/sms_guard.c \
	fcgi-app/auth/sms_guard.h \
	fcgi-app/auth/sms_number.c \
	fcgi-app/auth/social.c \
	fcgi-app/auth/social.h \
	fcgi-app/auth/social_enter.c \
	fcgi-app/auth/throttle.c \
	fcgi-app/auth/throttle.h \
	fcgi-app/auth/ticket.c \
	fcgi-app/auth/ticket.h \
	fcgi-app/auth/token.c \
	fcgi-app/auth/token.h \
	fcgi-app/auth/token_cache.c \
	fcgi-app/auth/token_cache.h

QUEUE_SOURCES = \
	fcgi-app/queue/backoff.c \
	fcgi-app/queue/backoff.h \
	fcgi-app/queue/bell.c \
	fcgi-app/queue/bell.h \
	fcgi-app/queue/campaign_audience.c \
	fcgi-app/queue/campaign_audience.h \
	fcgi-app/queue/enqueue.c \
	fcgi-app/queue/enqueue.h \
	fcgi-app/queue/message.c \
	fcgi-app/queue/message.h \
	fcgi-app/queue/rate.c \
	fcgi-app/queue/rate.h \
	fcgi-app/queue/reading.c \
	fcgi-app/queue/reading.h \
	fcgi-app/queue/seat.c \
	fcgi-app/queue/seat.h \
	fcgi-app/queue/secret.c \
	fcgi-app/queue/secret.h \
	fcgi-app/queue/turns.c \
	fcgi-app/queue/turns.h \
	fcgi-app/queue/unsubscribe.c \
	fcgi-app/queue/unsubscribe.h

DELIVER_SOURCES = \
	fcgi-app/deliver/accounts.c \
	fcgi-app/deliver/accounts.h \
	fcgi-app/deliver/audience.c \
	fcgi-app/deliver/audience.h \
	fcgi-app/deliver/campaign.c \
	fcgi-app/deliver/campaign.h \
	fcgi-app/deliver/campaign_own.h \
	fcgi-app/deliver/campaign_plan.c \
	fcgi-app/deliver/campaign_release.c \
	fcgi-app/deliver/digest.c \
	fcgi-app/deliver/digest.h \
	fcgi-app/deliver/digest_own.h \
	fcgi-app/deliver/digest_rewrite.c \
	fcgi-app/deliver/hold.c \
	fcgi-app/deliver/hold.h \
	fcgi-app/deliver/hours.c \
	fcgi-app/deliver/hours.h \
	fcgi-app/deliver/intake.c \
	fcgi-app/deliver/intake.h \
	fcgi-app/deliver/item.c \
	fcgi-app/deliver/item.h \
	fcgi-app/deliver/lane.c \
	fcgi-app/deliver/lane.h \
	fcgi-app/deliver/people.c \
	fcgi-app/deliver/people.h \
	fcgi-app/deliver/pick.c \
	fcgi-app/deliver/pick.h \
	fcgi-app/deliver/plan.c \
	fcgi-app/deliver/plan.h \
	fcgi-app/deliver/plan_barred.c \
	fcgi-app/deliver/plan_devices.c \
	fcgi-app/deliver/plan_own.h \
	fcgi-app/deliver/plan_people.c \
	fcgi-app/deliver/plan_write.c \
	fcgi-app/deliver/reach.c \
	fcgi-app/deliver/reach.h \
	fcgi-app/deliver/record.c \
	fcgi-app/deliver/record.h \
	fcgi-app/deliver/routes.c \
	fcgi-app/deliver/routes.h \
	fcgi-app/deliver/send.c \
	fcgi-app/deliver/send.h \
	fcgi-app/deliver/site_notify.c \
	fcgi-app/deliver/site_notify.h

API_SOURCES = \
	fcgi-app/api/access.c \
	fcgi-app/api/account.c \
	fcgi-app/api/account.h \
	fcgi-app/api/admin_audit.c \
	fcgi-app/api/admin_deliveries.c \
	fcgi-app/api/admin_device_test.c \
	fcgi-app/api/admin_devices.c \
	fcgi-app/api/admin_factors.c \
	fcgi-app/api/admin_intake.c \
	fcgi-app/api/admin_jobs.c \
	fcgi-app/api/admin_log.h \
	fcgi-app/api/admin_own.h \
	fcgi-app/api/admin_providers.c \
	fcgi-app/api/admin_resend.c \
	fcgi-app/api/admin_sessions.c \
	fcgi-app/api/admin_stats.c \
	fcgi-app/api/admin_system.c \
	fcgi-app/api/admin_user_change.c \
	fcgi-app/api/admin_users.c \
	fcgi-app/api/admin_webhooks.c \
	fcgi-app/api/answer.c \
	fcgi-app/api/answer.h \
	fcgi-app/api/articles.c \
	fcgi-app/api/bulk.c \
	fcgi-app/api/campaign_own.h \
	fcgi-app/api/campaign_steps.c \
	fcgi-app/api/campaign_write.c \
	fcgi-app/api/campaigns.c \
	fcgi-app/api/challenge.c \
	fcgi-app/api/change.c \
	fcgi-app/api/change.h \
	fcgi-app/api/comm_history.c \
	fcgi-app/api/comm_message.c \
	fcgi-app/api/comm_whatsapp.c \
	fcgi-app/api/communications.c \
	fcgi-app/api/communications.h \
	fcgi-app/api/cursor.c \
	fcgi-app/api/cursor.h \
	fcgi-app/api/dispatch.c \
	fcgi-app/api/dispatch.h \
	fcgi-app/api/dispatch_own.h \
	fcgi-app/api/each.c \
	fcgi-app/api/each.h \
	fcgi-app/api/enter.c \
	fcgi-app/api/export.c \
	fcgi-app/api/facebook.c \
	fcgi-app/api/factor_own.h \
	fcgi-app/api/factor_rows.c \
	fcgi-app/api/factor_send.c \
	fcgi-app/api/fields.c \
	fcgi-app/api/fresh.c \
	fcgi-app/api/fresh.h \
	fcgi-app/api/gate.c \
	fcgi-app/api/gate.h \
	fcgi-app/api/gate_pass.c \
	fcgi-app/api/groups.c \
	fcgi-app/api/health.c \
	fcgi-app/api/icon.c \
	fcgi-app/api/icon.h \
	fcgi-app/api/idem.c \
	fcgi-app/api/idem.h \
	fcgi-app/api/identities.c \
	fcgi-app/api/impersonate.c \
	fcgi-app/api/inbox.c \
	fcgi-app/api/limit.c \
	fcgi-app/api/list.c \
	fcgi-app/api/list.h \
	fcgi-app/api/live_ticket.c \
	fcgi-app/api/login.c \
	fcgi-app/api/metrics.c \
	fcgi-app/api/metrics.h \
	fcgi-app/api/metrics_get.c \
	fcgi-app/api/metrics_own.h \
	fcgi-app/api/mfa_rows.c \
	fcgi-app/api/notifications.c \
	fcgi-app/api/notify.c \
	fcgi-app/api/notify_explain.c \
	fcgi-app/api/notify_own.h \
	fcgi-app/api/notify_read.c \
	fcgi-app/api/notify_to.c \
	fcgi-app/api/number.c \
	fcgi-app/api/origin.c \
	fcgi-app/api/otp_own.c \
	fcgi-app/api/otp_rows.c \
	fcgi-app/api/page.c \
	fcgi-app/api/page.h \
	fcgi-app/api/password_rows.c \
	fcgi-app/api/passwordless.c \
	fcgi-app/api/passwordless.h \
	fcgi-app/api/preferences.c \
	fcgi-app/api/profile.c \
	fcgi-app/api/proof.h \
	fcgi-app/api/provider_change.c \
	fcgi-app/api/provider_own.h \
	fcgi-app/api/provider_test.c \
	fcgi-app/api/push_answer.c \
	fcgi-app/api/push_content.c \
	fcgi-app/api/push_own.h \
	fcgi-app/api/push_send.c \
	fcgi-app/api/push_subscription.c \
	fcgi-app/api/push_tokens.c \
	fcgi-app/api/push_vapid.c \
	fcgi-app/api/push_wait.c \
	fcgi-app/api/qr.c \
	fcgi-app/api/reauth.c \
	fcgi-app/api/route.h \
	fcgi-app/api/route_table.c \
	fcgi-app/api/routes.c \
	fcgi-app/api/routes.def \
	fcgi-app/api/routes.h \
	fcgi-app/api/session_rows.c \
	fcgi-app/api/signin.c \
	fcgi-app/api/signin.h \
	fcgi-app/api/signup.c \
	fcgi-app/api/signup.h \
	fcgi-app/api/silence.c \
	fcgi-app/api/silence.h \
	fcgi-app/api/social.c \
	fcgi-app/api/social_own.h \
	fcgi-app/api/subscriptions.c \
	fcgi-app/api/superuser.c \
	fcgi-app/api/superuser.h \
	fcgi-app/api/suppressions.c \
	fcgi-app/api/suppressions_import.c \
	fcgi-app/api/suppressions_own.h \
	fcgi-app/api/template_use.c \
	fcgi-app/api/template_use.h \
	fcgi-app/api/templates.c \
	fcgi-app/api/templates_own.h \
	fcgi-app/api/templates_try.c \
	fcgi-app/api/tokens.c \
	fcgi-app/api/trial.c \
	fcgi-app/api/unsubscribe.c \
	fcgi-app/api/user.c \
	fcgi-app/api/user_groups.c \
	fcgi-app/api/user_own.h \
	fcgi-app/api/users.c \
	fcgi-app/api/verify_email.c \
	fcgi-app/api/webhook.c \
	fcgi-app/api/webhook_email.c \
	fcgi-app/api/webhook_own.h \
	fcgi-app/api/webhook_sms.c \
	fcgi-app/api/webhook_whatsapp.c

WORKER_SOURCES = \
	fcgi-app/worker/acting.c \
	fcgi-app/worker/acting.h \
	fcgi-app/worker/campaign.c \
	fcgi-app/worker/depart.c \
	fcgi-app/worker/hooks.c \
	fcgi-app/worker/hooks.h \
	fcgi-app/worker/loop.c \
	fcgi-app/worker/loop.h \
	fcgi-app/worker/loop_own.h \
	fcgi-app/worker/mark.c \
	fcgi-app/worker/outcome.c \
	fcgi-app/worker/pace.c \
	fcgi-app/worker/pair.c \
	fcgi-app/worker/purge.c \
	fcgi-app/worker/purge.h \
	fcgi-app/worker/receipt.c \
	fcgi-app/worker/route.c \
	fcgi-app/worker/seat.c \
	fcgi-app/worker/sweep.c \
	fcgi-app/worker/sweep.h \
	fcgi-app/worker/tick.c \
	fcgi-app/worker/together.c \
	fcgi-app/worker/token.c

LIVE_SOURCES = \
	fcgi-app/live/admit.c \
	fcgi-app/live/admit.h \
	fcgi-app/live/conn.c \
	fcgi-app/live/feed.c \
	fcgi-app/live/feed.h \
	fcgi-app/live/feed_admit.c \
	fcgi-app/live/feed_ask.c \
	fcgi-app/live/feed_order.c \
	fcgi-app/live/feed_own.h \
	fcgi-app/live/feed_session.c \
	fcgi-app/live/frame.c \
	fcgi-app/live/frame.h \
	fcgi-app/live/front.c \
	fcgi-app/live/front_asked.c \
	fcgi-app/live/front_context.c \
	fcgi-app/live/front_own.h \
	fcgi-app/live/hub.c \
	fcgi-app/live/hub.h \
	fcgi-app/live/live.h \
	fcgi-app/live/loop.c \
	fcgi-app/live/loop.h \
	fcgi-app/live/orders.c \
	fcgi-app/live/orders.h \
	fcgi-app/live/sweep.c \
	fcgi-app/live/sweep.h

BIN_API_SOURCES = \
	fcgi-app/bin/api.c \
	fcgi-app/bin/api_child.c \
	fcgi-app/bin/api_listen.c \
	fcgi-app/bin/api_master.c \
	fcgi-app/bin/api_own.h \
	fcgi-app/bin/api_revoke.c \
	fcgi-app/bin/api_seat.c \
	fcgi-app/bin/api_seat.h \
	fcgi-app/bin/program.c \
	fcgi-app/bin/program.h

BIN_WORKER_SOURCES = \
	fcgi-app/bin/program.c \
	fcgi-app/bin/program.h \
	fcgi-app/bin/worker.c \
	fcgi-app/bin/worker_own.h \
	fcgi-app/bin/worker_system.c

BIN_LIVE_SOURCES = \
	fcgi-app/bin/live.c \
	fcgi-app/bin/live_own.h \
	fcgi-app/bin/live_system.c \
	fcgi-app/bin/program.c \
	fcgi-app/bin/program.h

BIN_CTL_SOURCES = \
	fcgi-app/bin/ctl.c \
	fcgi-app/bin/ctl.h \
	fcgi-app/bin/ctl_audit.c \
	fcgi-app/bin/ctl_bounces.c \
	fcgi-app/bin/ctl_config.c \
	fcgi-app/bin/ctl_deliveries.c \
	fcgi-app/bin/ctl_doctor.c \
	fcgi-app/bin/ctl_doctor_social.c \
	fcgi-app/bin/ctl_import.c \
	fcgi-app/bin/ctl_import.h \
	fcgi-app/bin/ctl_import_read.c \
	fcgi-app/bin/ctl_jobs.c \
	fcgi-app/bin/ctl_keys.c \
	fcgi-app/bin/ctl_migrate.c \
	fcgi-app/bin/ctl_partitions.c \
	fcgi-app/bin/ctl_passwords.c \
	fcgi-app/bin/ctl_provider.c \
	fcgi-app/bin/ctl_routes.c \
	fcgi-app/bin/ctl_sms.c \
	fcgi-app/bin/ctl_superuser.c \
	fcgi-app/bin/program.c \
	fcgi-app/bin/program.h

UNIT_TESTS = \
	test_worker_crash \
	test_worker_send \
	test_admin_token \
	test_api_dispatch \
	test_api_icon \
	test_arena \
	test_auth_audit \
	test_auth_bearer \
	test_auth_confirm \
	test_auth_constant_time \
	test_auth_country \
	test_auth_grant \
	test_auth_lane \
	test_auth_leaked \
	test_auth_oidc \
	test_auth_otp \
	test_auth_password \
	test_auth_password_old \
	test_auth_site \
	test_auth_throttle \
	test_auth_token \
	test_bind \
	test_buf \
	test_burst \
	test_channel_digest_text \
	test_channel_dsn \
	test_channel_expo \
	test_channel_kavenegar \
	test_channel_mime \
	test_channel_sms_text \
	test_channel_smtp \
	test_channel_template \
	test_channel_texts \
	test_channel_twilio \
	test_channel_webpush \
	test_channel_whatsapp \
	test_clock \
	test_conf \
	test_crypto \
	test_crypto_p256 \
	test_db \
	test_deliver_lane \
	test_dispatch \
	test_err \
	test_file \
	test_hours \
	test_json \
	test_json_write \
	test_jwk \
	test_jws \
	test_jws_hostile \
	test_keyring \
	test_lang \
	test_live_hub \
	test_log \
	test_mail \
	test_match \
	test_migrate \
	test_net \
	test_net_egress \
	test_pattern \
	test_phone \
	test_problem \
	test_queue_backoff \
	test_queue_claim \
	test_queue_load \
	test_queue_rate \
	test_queue_seat \
	test_rand \
	test_reason \
	test_request \
	test_response \
	test_retry_matrix \
	test_shm \
	test_shm_board \
	test_store_away \
	test_store_bulk \
	test_store_campaign \
	test_store_cancel \
	test_store_device \
	test_store_frequency \
	test_store_gate \
	test_store_lost \
	test_store_otp \
	test_store_personal \
	test_store_receipt \
	test_store_session \
	test_store_time \
	test_store_user \
	test_store_whatsapp \
	test_text \
	test_totp \
	test_unicode \
	test_vapid \
	test_webpush_crypt

test_admin_token_SOURCES = tests/unit/test_admin_token.c
test_admin_token_LDADD = $(GP_TEST_LIBS)
test_admin_token_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_api_dispatch_SOURCES = tests/unit/test_api_dispatch.c
test_api_dispatch_LDADD = $(GP_TEST_LIBS)
test_api_dispatch_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_api_icon_SOURCES = tests/unit/test_api_icon.c
test_api_icon_LDADD = $(GP_TEST_LIBS)
test_api_icon_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_arena_SOURCES = tests/unit/test_arena.c
test_arena_LDADD = $(GP_TEST_LIBS)
test_arena_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_audit_SOURCES = tests/unit/test_auth_audit.c
test_auth_audit_LDADD = $(GP_TEST_LIBS)
test_auth_audit_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_bearer_SOURCES = tests/unit/test_auth_bearer.c
test_auth_bearer_LDADD = $(GP_TEST_LIBS)
test_auth_bearer_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_confirm_SOURCES = tests/unit/test_auth_confirm.c
test_auth_confirm_LDADD = $(GP_TEST_LIBS)
test_auth_confirm_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_constant_time_SOURCES = tests/unit/test_auth_constant_time.c
test_auth_constant_time_LDADD = $(GP_TEST_LIBS)
test_auth_constant_time_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_country_SOURCES = tests/unit/test_auth_country.c
test_auth_country_LDADD = $(GP_TEST_LIBS)
test_auth_country_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_grant_SOURCES = tests/unit/test_auth_grant.c
test_auth_grant_LDADD = $(GP_TEST_LIBS)
test_auth_grant_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_lane_SOURCES = tests/unit/test_auth_lane.c
test_auth_lane_LDADD = $(GP_TEST_LIBS)
test_auth_lane_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_leaked_SOURCES = tests/unit/test_auth_leaked.c
test_auth_leaked_LDADD = $(GP_TEST_LIBS)
test_auth_leaked_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_oidc_SOURCES = tests/unit/test_auth_oidc.c
test_auth_oidc_LDADD = $(GP_TEST_LIBS)
test_auth_oidc_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_otp_SOURCES = tests/unit/test_auth_otp.c
test_auth_otp_LDADD = $(GP_TEST_LIBS)
test_auth_otp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_password_SOURCES = tests/unit/test_auth_password.c
test_auth_password_LDADD = $(GP_TEST_LIBS)
test_auth_password_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_password_old_SOURCES = tests/unit/test_auth_password_old.c
test_auth_password_old_LDADD = $(GP_TEST_LIBS)
test_auth_password_old_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_site_SOURCES = tests/unit/test_auth_site.c
test_auth_site_LDADD = $(GP_TEST_LIBS)
test_auth_site_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_throttle_SOURCES = tests/unit/test_auth_throttle.c
test_auth_throttle_LDADD = $(GP_TEST_LIBS)
test_auth_throttle_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_auth_token_SOURCES = tests/unit/test_auth_token.c
test_auth_token_LDADD = $(GP_TEST_LIBS)
test_auth_token_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_bind_SOURCES = tests/unit/test_bind.c
test_bind_LDADD = $(GP_TEST_LIBS)
test_bind_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_buf_SOURCES = tests/unit/test_buf.c
test_buf_LDADD = $(GP_TEST_LIBS)
test_buf_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_burst_SOURCES = tests/unit/test_burst.c
test_burst_LDADD = $(GP_TEST_LIBS)
test_burst_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_digest_text_SOURCES = tests/unit/test_channel_digest_text.c
test_channel_digest_text_LDADD = $(GP_TEST_LIBS)
test_channel_digest_text_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_dsn_SOURCES = tests/unit/test_channel_dsn.c
test_channel_dsn_LDADD = $(GP_TEST_LIBS)
test_channel_dsn_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_expo_SOURCES = tests/unit/test_channel_expo.c
test_channel_expo_LDADD = $(GP_TEST_LIBS)
test_channel_expo_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_kavenegar_SOURCES = tests/unit/test_channel_kavenegar.c
test_channel_kavenegar_LDADD = $(GP_TEST_LIBS)
test_channel_kavenegar_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_mime_SOURCES = tests/unit/test_channel_mime.c
test_channel_mime_LDADD = $(GP_TEST_LIBS)
test_channel_mime_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_sms_text_SOURCES = tests/unit/test_channel_sms_text.c
test_channel_sms_text_LDADD = $(GP_TEST_LIBS)
test_channel_sms_text_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_smtp_SOURCES = tests/unit/test_channel_smtp.c
test_channel_smtp_LDADD = $(GP_TEST_LIBS)
test_channel_smtp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_template_SOURCES = tests/unit/test_channel_template.c
test_channel_template_LDADD = $(GP_TEST_LIBS)
test_channel_template_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_texts_SOURCES = tests/unit/test_channel_texts.c
test_channel_texts_LDADD = $(GP_TEST_LIBS)
test_channel_texts_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_twilio_SOURCES = tests/unit/test_channel_twilio.c
test_channel_twilio_LDADD = $(GP_TEST_LIBS)
test_channel_twilio_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_webpush_SOURCES = tests/unit/test_channel_webpush.c
test_channel_webpush_LDADD = $(GP_TEST_LIBS)
test_channel_webpush_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_channel_whatsapp_SOURCES = tests/unit/test_channel_whatsapp.c
test_channel_whatsapp_LDADD = $(GP_TEST_LIBS)
test_channel_whatsapp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_clock_SOURCES = tests/unit/test_clock.c
test_clock_LDADD = $(GP_TEST_LIBS)
test_clock_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_conf_SOURCES = tests/unit/test_conf.c
test_conf_LDADD = $(GP_TEST_LIBS)
test_conf_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_crypto_SOURCES = tests/unit/test_crypto.c
test_crypto_LDADD = $(GP_TEST_LIBS)
test_crypto_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_crypto_p256_SOURCES = tests/unit/test_crypto_p256.c
test_crypto_p256_LDADD = $(GP_TEST_LIBS)
test_crypto_p256_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_db_SOURCES = tests/unit/test_db.c
test_db_LDADD = $(GP_TEST_LIBS)
test_db_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_deliver_lane_SOURCES = tests/unit/test_deliver_lane.c
test_deliver_lane_LDADD = $(GP_TEST_LIBS)
test_deliver_lane_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_dispatch_SOURCES = tests/unit/test_dispatch.c
test_dispatch_LDADD = $(GP_TEST_LIBS)
test_dispatch_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_err_SOURCES = tests/unit/test_err.c
test_err_LDADD = $(GP_TEST_LIBS)
test_err_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_file_SOURCES = tests/unit/test_file.c
test_file_LDADD = $(GP_TEST_LIBS)
test_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_hours_SOURCES = tests/unit/test_hours.c
test_hours_LDADD = $(GP_TEST_LIBS)
test_hours_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_json_SOURCES = tests/unit/test_json.c
test_json_LDADD = $(GP_TEST_LIBS)
test_json_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_json_write_SOURCES = tests/unit/test_json_write.c
test_json_write_LDADD = $(GP_TEST_LIBS)
test_json_write_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_jwk_SOURCES = tests/unit/test_jwk.c
test_jwk_LDADD = $(GP_TEST_LIBS)
test_jwk_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_jws_SOURCES = tests/unit/test_jws.c
test_jws_LDADD = $(GP_TEST_LIBS)
test_jws_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_jws_hostile_SOURCES = tests/unit/test_jws_hostile.c
test_jws_hostile_LDADD = $(GP_TEST_LIBS)
test_jws_hostile_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_keyring_SOURCES = tests/unit/test_keyring.c
test_keyring_LDADD = $(GP_TEST_LIBS)
test_keyring_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_lang_SOURCES = tests/unit/test_lang.c
test_lang_LDADD = $(GP_TEST_LIBS)
test_lang_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_live_hub_SOURCES = tests/unit/test_live_hub.c
test_live_hub_LDADD = $(GP_TEST_LIBS)
test_live_hub_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_log_SOURCES = tests/unit/test_log.c
test_log_LDADD = $(GP_TEST_LIBS)
test_log_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_mail_SOURCES = tests/unit/test_mail.c
test_mail_LDADD = $(GP_TEST_LIBS)
test_mail_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_match_SOURCES = tests/unit/test_match.c
test_match_LDADD = $(GP_TEST_LIBS)
test_match_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_migrate_SOURCES = tests/unit/test_migrate.c
test_migrate_LDADD = $(GP_TEST_LIBS)
test_migrate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_net_SOURCES = tests/unit/test_net.c
test_net_LDADD = $(GP_TEST_LIBS)
test_net_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_net_egress_SOURCES = tests/unit/test_net_egress.c
test_net_egress_LDADD = $(GP_TEST_LIBS)
test_net_egress_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_pattern_SOURCES = tests/unit/test_pattern.c
test_pattern_LDADD = $(GP_TEST_LIBS)
test_pattern_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_phone_SOURCES = tests/unit/test_phone.c
test_phone_LDADD = $(GP_TEST_LIBS)
test_phone_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_problem_SOURCES = tests/unit/test_problem.c
test_problem_LDADD = $(GP_TEST_LIBS)
test_problem_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_queue_backoff_SOURCES = tests/unit/test_queue_backoff.c
test_queue_backoff_LDADD = $(GP_TEST_LIBS)
test_queue_backoff_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_queue_claim_SOURCES = tests/unit/test_queue_claim.c
test_queue_claim_LDADD = $(GP_TEST_LIBS)
test_queue_claim_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_queue_load_SOURCES = tests/unit/test_queue_load.c
test_queue_load_LDADD = $(GP_TEST_LIBS)
test_queue_load_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_queue_rate_SOURCES = tests/unit/test_queue_rate.c
test_queue_rate_LDADD = $(GP_TEST_LIBS)
test_queue_rate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_queue_seat_SOURCES = tests/unit/test_queue_seat.c
test_queue_seat_LDADD = $(GP_TEST_LIBS)
test_queue_seat_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_rand_SOURCES = tests/unit/test_rand.c
test_rand_LDADD = $(GP_TEST_LIBS)
test_rand_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_reason_SOURCES = tests/unit/test_reason.c
test_reason_LDADD = $(GP_TEST_LIBS)
test_reason_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_request_SOURCES = tests/unit/test_request.c
test_request_LDADD = $(GP_TEST_LIBS)
test_request_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_response_SOURCES = tests/unit/test_response.c
test_response_LDADD = $(GP_TEST_LIBS)
test_response_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_retry_matrix_SOURCES = tests/unit/test_retry_matrix.c
test_retry_matrix_LDADD = $(GP_TEST_LIBS)
test_retry_matrix_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_shm_SOURCES = tests/unit/test_shm.c
test_shm_LDADD = $(GP_TEST_LIBS)
test_shm_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_shm_board_SOURCES = tests/unit/test_shm_board.c
test_shm_board_LDADD = $(GP_TEST_LIBS)
test_shm_board_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_away_SOURCES = tests/unit/test_store_away.c
test_store_away_LDADD = $(GP_TEST_LIBS)
test_store_away_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_bulk_SOURCES = tests/unit/test_store_bulk.c
test_store_bulk_LDADD = $(GP_TEST_LIBS)
test_store_bulk_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_campaign_SOURCES = tests/unit/test_store_campaign.c
test_store_campaign_LDADD = $(GP_TEST_LIBS)
test_store_campaign_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_cancel_SOURCES = tests/unit/test_store_cancel.c
test_store_cancel_LDADD = $(GP_TEST_LIBS)
test_store_cancel_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_device_SOURCES = tests/unit/test_store_device.c
test_store_device_LDADD = $(GP_TEST_LIBS)
test_store_device_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_frequency_SOURCES = tests/unit/test_store_frequency.c
test_store_frequency_LDADD = $(GP_TEST_LIBS)
test_store_frequency_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_gate_SOURCES = tests/unit/test_store_gate.c
test_store_gate_LDADD = $(GP_TEST_LIBS)
test_store_gate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_lost_SOURCES = tests/unit/test_store_lost.c
test_store_lost_LDADD = $(GP_TEST_LIBS)
test_store_lost_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_otp_SOURCES = tests/unit/test_store_otp.c
test_store_otp_LDADD = $(GP_TEST_LIBS)
test_store_otp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_personal_SOURCES = tests/unit/test_store_personal.c
test_store_personal_LDADD = $(GP_TEST_LIBS)
test_store_personal_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_receipt_SOURCES = tests/unit/test_store_receipt.c
test_store_receipt_LDADD = $(GP_TEST_LIBS)
test_store_receipt_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_session_SOURCES = tests/unit/test_store_session.c
test_store_session_LDADD = $(GP_TEST_LIBS)
test_store_session_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_time_SOURCES = tests/unit/test_store_time.c
test_store_time_LDADD = $(GP_TEST_LIBS)
test_store_time_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_user_SOURCES = tests/unit/test_store_user.c
test_store_user_LDADD = $(GP_TEST_LIBS)
test_store_user_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_store_whatsapp_SOURCES = tests/unit/test_store_whatsapp.c
test_store_whatsapp_LDADD = $(GP_TEST_LIBS)
test_store_whatsapp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_text_SOURCES = tests/unit/test_text.c
test_text_LDADD = $(GP_TEST_LIBS)
test_text_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_totp_SOURCES = tests/unit/test_totp.c
test_totp_LDADD = $(GP_TEST_LIBS)
test_totp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_unicode_SOURCES = tests/unit/test_unicode.c
test_unicode_LDADD = $(GP_TEST_LIBS)
test_unicode_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_vapid_SOURCES = tests/unit/test_vapid.c
test_vapid_LDADD = $(GP_TEST_LIBS)
test_vapid_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_webpush_crypt_SOURCES = tests/unit/test_webpush_crypt.c
test_webpush_crypt_LDADD = $(GP_TEST_LIBS)
test_webpush_crypt_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_worker_crash_SOURCES = tests/unit/test_worker_crash.c
test_worker_crash_LDADD = $(GP_TEST_LIBS)
test_worker_crash_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

test_worker_send_SOURCES = tests/unit/test_worker_send.c
test_worker_send_LDADD = $(GP_TEST_LIBS)
test_worker_send_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

SQL_FILES = \
	sql/0001_core.sql \
	sql/0002_country.sql \
	sql/0003_account.sql \
	sql/0004_abuse.sql \
	sql/0005_password.sql \
	sql/0006_undo.sql \
	sql/0007_social.sql \
	sql/0008_gate.sql \
	sql/0009_mail_domain.sql \
	sql/0010_factors.sql \
	sql/0011_passwordless.sql \
	sql/0012_group_list.sql \
	sql/0013_frequency.sql \
	sql/0014_expo.sql \
	sql/0015_log.sql \
	sql/0016_webhook.sql \
	sql/0017_template.sql \
	sql/0018_article.sql \
	sql/0019_campaign.sql \
	sql/0020_whatsapp.sql \
	sql/0021_notify.sql \
	sql/0022_routing.sql \
	sql/0023_flow_session.sql \
	sql/0024_opt_word.sql \
	sql/0025_sms_network.sql \
	sql/0026_digest.sql \
	sql/0027_fair.sql \
	sql/0028_rate.sql \
	sql/0029_segments.sql \
	sql/0030_carried.sql \
	sql/0031_live.sql \
	sql/0032_seat.sql \
	sql/0033_touched.sql \
	sql/0034_inbox_old.sql \
	sql/0035_device_dead.sql \
	sql/0036_signin_hour.sql \
	sql/grants.sql \
	sql/users.sql

NGINX_FILES = \
	nginx/README.md \
	nginx/example-site.conf.in \
	nginx/gatepost-http.conf.in \
	nginx/gatepost-legacy.conf \
	nginx/gatepost-limits.conf \
	nginx/gatepost-site.conf.in \
	nginx/html/api/openapi.yaml \
	nginx/html/console/api.js \
	nginx/html/console/app.js \
	nginx/html/console/base.css \
	nginx/html/console/boot.js \
	nginx/html/console/chart.js \
	nginx/html/console/code.js \
	nginx/html/console/console.css \
	nginx/html/console/dialog.js \
	nginx/html/console/form.js \
	nginx/html/console/i18n.js \
	nginx/html/console/icons.js \
	nginx/html/console/index.html \
	nginx/html/console/lib.js \
	nginx/html/console/list.js \
	nginx/html/console/list_whole.js \
	nginx/html/console/live.js \
	nginx/html/console/mail_frame.js \
	nginx/html/console/outside.js \
	nginx/html/console/page.js \
	nginx/html/console/pages.js \
	nginx/html/console/pages/article.js \
	nginx/html/console/pages/articles.js \
	nginx/html/console/pages/audit.js \
	nginx/html/console/pages/campaign.js \
	nginx/html/console/pages/campaign_new.js \
	nginx/html/console/pages/campaigns.js \
	nginx/html/console/pages/data.js \
	nginx/html/console/pages/deliveries.js \
	nginx/html/console/pages/delivery.js \
	nginx/html/console/pages/devices.js \
	nginx/html/console/pages/group.js \
	nginx/html/console/pages/groups.js \
	nginx/html/console/pages/history.js \
	nginx/html/console/pages/inbox.js \
	nginx/html/console/pages/intake.js \
	nginx/html/console/pages/overview.js \
	nginx/html/console/pages/phones.js \
	nginx/html/console/pages/preferences.js \
	nginx/html/console/pages/profile.js \
	nginx/html/console/pages/protect.js \
	nginx/html/console/pages/provider.js \
	nginx/html/console/pages/provider_form.js \
	nginx/html/console/pages/provider_kinds.js \
	nginx/html/console/pages/providers.js \
	nginx/html/console/pages/queue.js \
	nginx/html/console/pages/security.js \
	nginx/html/console/pages/send.js \
	nginx/html/console/pages/sessions.js \
	nginx/html/console/pages/signed_in.js \
	nginx/html/console/pages/subscriptions.js \
	nginx/html/console/pages/suppressions.js \
	nginx/html/console/pages/system.js \
	nginx/html/console/pages/targets.js \
	nginx/html/console/pages/template.js \
	nginx/html/console/pages/templates.js \
	nginx/html/console/pages/tokens.js \
	nginx/html/console/pages/user.js \
	nginx/html/console/pages/user_edit.js \
	nginx/html/console/pages/users.js \
	nginx/html/console/pages/webhook.js \
	nginx/html/console/pages/webhook_parts.js \
	nginx/html/console/pages/webhooks.js \
	nginx/html/console/pages_admin.js \
	nginx/html/console/pages_admin2.js \
	nginx/html/console/pages_user.js \
	nginx/html/console/palette.js \
	nginx/html/console/person.js \
	nginx/html/console/push.js \
	nginx/html/console/reauth.js \
	nginx/html/console/register/index.html \
	nginx/html/console/register/register.js \
	nginx/html/console/reset/index.html \
	nginx/html/console/reset/reset.js \
	nginx/html/console/restore/index.html \
	nginx/html/console/restore/restore.js \
	nginx/html/console/router.js \
	nginx/html/console/signin/index.html \
	nginx/html/console/signin/onward.js \
	nginx/html/console/signin/others.js \
	nginx/html/console/signin/pow.js \
	nginx/html/console/signin/signin.css \
	nginx/html/console/signin/signin.js \
	nginx/html/console/signin/words.js \
	nginx/html/console/state.js \
	nginx/html/console/theme.js \
	nginx/html/console/time.js \
	nginx/html/console/toast.js \
	nginx/html/console/ui.js \
	nginx/html/console/words/en/admin.js \
	nginx/html/console/words/en/admin2.js \
	nginx/html/console/words/en/frame.js \
	nginx/html/console/words/en/user.js \
	nginx/html/console/words/fa/admin.js \
	nginx/html/console/words/fa/admin2.js \
	nginx/html/console/words/fa/frame.js \
	nginx/html/console/words/fa/user.js \
	nginx/html/docs/docs.css \
	nginx/html/docs/mend.js \
	nginx/html/docs/redoc.html \
	nginx/html/docs/redoc.js \
	nginx/html/docs/swagger.html \
	nginx/html/docs/swagger.js \
	nginx/html/docs/theme.js \
	nginx/html/gatepost-bell.js \
	nginx/html/gatepost-sw.js \
	nginx/html/gatepost.js \
	nginx/html/icons/icon-192.png \
	nginx/html/icons/icon-512.png \
	nginx/html/icons/maskable-512.png \
	nginx/html/icons/maskable.svg \
	nginx/html/index.css \
	nginx/html/index.html \
	nginx/html/index.js \
	nginx/html/manifest.fa.webmanifest \
	nginx/html/manifest.webmanifest \
	nginx/html/page.css \
	nginx/html/push/icon.svg \
	nginx/html/push/index.html \
	nginx/html/push/push.css \
	nginx/html/push/push.js \
	nginx/nginx.conf.in \
	nginx/snippets/gatepost-authz.conf \
	nginx/snippets/gatepost-errors.conf \
	nginx/snippets/gatepost-fcgi.conf \
	nginx/snippets/gatepost-geo-off.conf \
	nginx/snippets/gatepost-geo-on.conf.in \
	nginx/snippets/gatepost-live.conf \
	nginx/snippets/gatepost-protect.conf \
	nginx/snippets/gatepost-routes.conf \
	nginx/snippets/gatepost-security.conf

MAN_FILES = \
	scripts/man/gatepost-api.8 \
	scripts/man/gatepost-live.8 \
	scripts/man/gatepost-worker.8 \
	scripts/man/gatepost.env.5 \
	scripts/man/gatepostctl.8

UNIT_FILES = \
	scripts/packaging/gatepost-api.service \
	scripts/packaging/gatepost-gate.socket \
	scripts/packaging/gatepost-hash.socket \
	scripts/packaging/gatepost-live.service \
	scripts/packaging/gatepost-live.socket \
	scripts/packaging/gatepost-main.socket \
	scripts/packaging/gatepost-out.service \
	scripts/packaging/gatepost-out.socket \
	scripts/packaging/gatepost-worker.service

EXTRA_FILES = \
	fcgi-app/LAYERS \
	fcgi-app/README.md \
	fcgi-app/STYLE.md \
	scripts/api-docs \
	scripts/api-pages \
	scripts/bench \
	scripts/check \
	scripts/check-console \
	scripts/check-contract \
	scripts/check-layers \
	scripts/check-man \
	scripts/check-openapi \
	scripts/check-reasons \
	scripts/check-words \
	scripts/console-vendor \
	scripts/crash \
	scripts/demo \
	scripts/deps \
	scripts/examples/client/.gitignore \
	scripts/examples/client/client.ts \
	scripts/examples/client/package.json \
	scripts/examples/client/plain.js \
	scripts/examples/client/session.ts \
	scripts/examples/client/terminal.js \
	scripts/examples/client/tsconfig.json \
	scripts/examples/order.php \
	scripts/examples/order.sql \
	scripts/fuzz \
	scripts/gen-examples \
	scripts/gen-grants \
	scripts/gen-lists \
	scripts/gen-proofs \
	scripts/gen-sample \
	scripts/lib.sh \
	scripts/packaging/gatepost.sysusers \
	scripts/packaging/gatepost.tmpfiles \
	scripts/pump \
	scripts/quickstart \
	scripts/render-nginx \
	scripts/render-sql \
	scripts/stop \
	tests/PROOFS.md \
	tests/STATEMENTS \
	tests/UNEXERCISED \
	tests/UNPROVED \
	tests/bench/bench_inbox.c \
	tests/bench/bench_leaked.c \
	tests/bench/bench_webpush.c \
	tests/bench/django_peer/__init__.py \
	tests/bench/django_peer/models.py \
	tests/bench/django_peer/site.py \
	tests/bench/http.c \
	tests/bench/http.h \
	tests/bench/instance.py \
	tests/bench/limit_argon2.c \
	tests/bench/limit_fcgi.c \
	tests/bench/limit_lws.c \
	tests/bench/limit_p256.c \
	tests/bench/limits.py \
	tests/bench/load.c \
	tests/bench/load.h \
	tests/bench/load_main.c \
	tests/bench/peer_webpush.js \
	tests/bench/peer_ws.js \
	tests/bench/report.py \
	tests/bench/rows_campaign.py \
	tests/bench/rows_live.py \
	tests/bench/rows_log.py \
	tests/bench/rows_push.py \
	tests/bench/rows_request.py \
	tests/bench/rows_smtp.py \
	tests/bench/rows_timing.py \
	tests/bench/sink.py \
	tests/bench/smtp.c \
	tests/bench/test_load.py \
	tests/bench/test_timing.py \
	tests/bench/ws_load.c \
	tests/browser/api_docs.js \
	tests/browser/autopush.test.js \
	tests/browser/chromium.js \
	tests/browser/chromium_account.js \
	tests/browser/chromium_bell.js \
	tests/browser/chromium_inbox.js \
	tests/browser/chromium_signin.js \
	tests/browser/chromium_site.js \
	tests/browser/chromium_smoke.js \
	tests/browser/chromium_social.js \
	tests/browser/console.js \
	tests/browser/console_account.js \
	tests/browser/console_admin.js \
	tests/browser/console_admin2.js \
	tests/browser/console_awkward.js \
	tests/browser/console_ends.js \
	tests/browser/console_lists.js \
	tests/browser/console_more.js \
	tests/browser/console_outside.js \
	tests/browser/console_pictures.js \
	tests/browser/console_staff.js \
	tests/browser/console_truth.js \
	tests/browser/console_user.js \
	tests/browser/firefox.js \
	tests/browser/firefox_console.js \
	tests/browser/firefox_push.js \
	tests/browser/firefox_renew.js \
	tests/browser/gatepost_js.test.js \
	tests/browser/instance.js \
	tests/browser/layout.js \
	tests/browser/work.js \
	tests/crash/judge.py \
	tests/crash/kills.py \
	tests/crash/live_kills.py \
	tests/crash/service.py \
	tests/crash/stream.py \
	tests/crash/test_judge.py \
	tests/e2e/callback_case.py \
	tests/e2e/conftest.py \
	tests/e2e/expo_case.py \
	tests/e2e/factor_people.py \
	tests/e2e/people.py \
	tests/e2e/push_case.py \
	tests/e2e/row_bodies.py \
	tests/e2e/test_abuse.py \
	tests/e2e/test_account.py \
	tests/e2e/test_account_social.py \
	tests/e2e/test_accounts.py \
	tests/e2e/test_admin_users.py \
	tests/e2e/test_articles.py \
	tests/e2e/test_assets.py \
	tests/e2e/test_audit.py \
	tests/e2e/test_bounce_address.py \
	tests/e2e/test_bounces.py \
	tests/e2e/test_callbacks.py \
	tests/e2e/test_campaigns.py \
	tests/e2e/test_communications.py \
	tests/e2e/test_conflicts.py \
	tests/e2e/test_country.py \
	tests/e2e/test_ctl.py \
	tests/e2e/test_delivery_log.py \
	tests/e2e/test_digest.py \
	tests/e2e/test_expo.py \
	tests/e2e/test_expo_receipts.py \
	tests/e2e/test_factors.py \
	tests/e2e/test_gate_rules.py \
	tests/e2e/test_gate_sites.py \
	tests/e2e/test_hash_lanes.py \
	tests/e2e/test_identity.py \
	tests/e2e/test_impersonation.py \
	tests/e2e/test_import.py \
	tests/e2e/test_inbox.py \
	tests/e2e/test_kavenegar_status.py \
	tests/e2e/test_kept.py \
	tests/e2e/test_live.py \
	tests/e2e/test_live_frames.py \
	tests/e2e/test_locale.py \
	tests/e2e/test_mail_mx.py \
	tests/e2e/test_master.py \
	tests/e2e/test_metrics.py \
	tests/e2e/test_nginx_edge.py \
	tests/e2e/test_notify.py \
	tests/e2e/test_once.py \
	tests/e2e/test_openapi.py \
	tests/e2e/test_operation.py \
	tests/e2e/test_passwordless.py \
	tests/e2e/test_passwords.py \
	tests/e2e/test_pool_secrets.py \
	tests/e2e/test_providers.py \
	tests/e2e/test_published.py \
	tests/e2e/test_push_groups.py \
	tests/e2e/test_push_outage.py \
	tests/e2e/test_push_send.py \
	tests/e2e/test_push_subscriptions.py \
	tests/e2e/test_push_tokens.py \
	tests/e2e/test_refusals.py \
	tests/e2e/test_samples.py \
	tests/e2e/test_schema.py \
	tests/e2e/test_sessions.py \
	tests/e2e/test_sessions_more.py \
	tests/e2e/test_sms_guard.py \
	tests/e2e/test_sms_pumping.py \
	tests/e2e/test_social.py \
	tests/e2e/test_sql_notify.py \
	tests/e2e/test_statements.py \
	tests/e2e/test_switches.py \
	tests/e2e/test_takeover.py \
	tests/e2e/test_templates.py \
	tests/e2e/test_time.py \
	tests/e2e/test_trouble.py \
	tests/e2e/test_twilio.py \
	tests/e2e/test_undo.py \
	tests/e2e/test_units.py \
	tests/e2e/test_verify_email.py \
	tests/e2e/test_webhooks.py \
	tests/e2e/test_whatsapp.py \
	tests/fixtures/matrix.json \
	tests/fixtures/providers/expo.json \
	tests/fixtures/providers/kavenegar.json \
	tests/fixtures/providers/smtp.json \
	tests/fixtures/providers/twilio.json \
	tests/fixtures/providers/webpush.json \
	tests/fixtures/providers/whatsapp.json \
	tests/fixtures/switches.json \
	tests/fuzz/corpus/answer/kavenegar \
	tests/fuzz/corpus/bind/form \
	tests/fuzz/corpus/bind/json \
	tests/fuzz/corpus/bind/multipart \
	tests/fuzz/corpus/json/object \
	tests/fuzz/corpus/text/mail \
	tests/fuzz/corpus/text/url \
	tests/fuzz/fuzz_answer.c \
	tests/fuzz/fuzz_bind.c \
	tests/fuzz/fuzz_json.c \
	tests/fuzz/fuzz_jws.c \
	tests/fuzz/fuzz_keys.c \
	tests/fuzz/fuzz_text.c \
	tests/lib/contract.js \
	tests/lib/contract.py \
	tests/lib/crowd.py \
	tests/lib/db-seed \
	tests/lib/fcgi_ask.py \
	tests/lib/fcgi_echo.py \
	tests/lib/gateway_echo.py \
	tests/lib/instance.py \
	tests/lib/live.py \
	tests/lib/mmdb.py \
	tests/lib/open_push.js \
	tests/lib/open_push.py \
	tests/lib/openapi_lint.js \
	tests/lib/openapi_lint.test.js \
	tests/lib/page_types.js \
	tests/lib/pages/around.d.ts \
	tests/lib/pages/calls.d.ts \
	tests/lib/pages/vendor.d.ts \
	tests/lib/pages/worker.d.ts \
	tests/lib/ports.py \
	tests/lib/raw_ws.py \
	tests/lib/record.py \
	tests/lib/run-unit \
	tests/lib/verify_webhook.js \
	tests/lib/with-mariadb \
	tests/package.json \
	tests/sandbox/README.md \
	tests/sandbox/autopush.js \
	tests/sandbox/lib/body.js \
	tests/sandbox/lib/caller.js \
	tests/sandbox/lib/control.js \
	tests/sandbox/lib/ece.js \
	tests/sandbox/lib/expo.js \
	tests/sandbox/lib/expo_rules.js \
	tests/sandbox/lib/facebook.js \
	tests/sandbox/lib/faults.js \
	tests/sandbox/lib/kavenegar.js \
	tests/sandbox/lib/kavenegar_methods.js \
	tests/sandbox/lib/kavenegar_rules.js \
	tests/sandbox/lib/kavenegar_store.js \
	tests/sandbox/lib/messages.js \
	tests/sandbox/lib/mime.js \
	tests/sandbox/lib/oidc.js \
	tests/sandbox/lib/oidc_lies.js \
	tests/sandbox/lib/push.js \
	tests/sandbox/lib/push_errors.js \
	tests/sandbox/lib/push_rules.js \
	tests/sandbox/lib/pushkit.js \
	tests/sandbox/lib/site.js \
	tests/sandbox/lib/smtp.js \
	tests/sandbox/lib/smtp_auth.js \
	tests/sandbox/lib/smtp_script.js \
	tests/sandbox/lib/smtp_session.js \
	tests/sandbox/lib/subscriptions.js \
	tests/sandbox/lib/testkit.js \
	tests/sandbox/lib/tlsfront.js \
	tests/sandbox/lib/twilio.js \
	tests/sandbox/lib/vapid.js \
	tests/sandbox/lib/web.js \
	tests/sandbox/lib/whatsapp.js \
	tests/sandbox/page/index.html \
	tests/sandbox/page/page.css \
	tests/sandbox/page/page.js \
	tests/sandbox/sandbox.js \
	tests/sandbox/test/control.test.js \
	tests/sandbox/test/expo.test.js \
	tests/sandbox/test/facebook.test.js \
	tests/sandbox/test/kavenegar.test.js \
	tests/sandbox/test/oidc.test.js \
	tests/sandbox/test/push.test.js \
	tests/sandbox/test/smtp.test.js \
	tests/sandbox/test/twilio.test.js \
	tests/sandbox/test/whatsapp.test.js \
	tests/tsconfig.json \
	tests/unit/auth_case.h \
	tests/unit/chance.h \
	tests/unit/channel_case.h \
	tests/unit/dbcase.h \
	tests/unit/dbproxy.h \
	tests/unit/dbtest.h \
	tests/unit/dies.h \
	tests/unit/dispatch_case.h \
	tests/unit/hours_oracle.py \
	tests/unit/http_case.h \
	tests/unit/jws_case.h \
	tests/unit/pems.h \
	tests/unit/read_gzip.py \
	tests/unit/read_mail.py \
	tests/unit/read_push.js \
	tests/unit/shm_case.h \
	tests/unit/vectors.h \
	tests/unit/worktest.h

