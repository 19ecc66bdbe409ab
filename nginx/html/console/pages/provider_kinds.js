/* What each kind of provider is set up with, as the programs know it (channel/providers). */
export const KINDS = {
	kavenegar: { channel: 'sms', settings: ['url', 'template', 'sender'], secrets: ['api_key'] },
	twilio: { channel: 'sms', settings: ['account_sid', 'api_key', 'from', 'url'], secrets: ['auth_token', 'api_key_secret'] },
	smtp: { channel: 'email', settings: ['preset', 'host', 'port', 'tls', 'user', 'from', 'ehlo', 'token_url', 'client_id', 'scope'],
		secrets: ['password', 'token', 'refresh_token', 'client_secret'] },
	whatsapp: { channel: 'whatsapp', settings: ['phone_number_id', 'url', 'version', 'code_template', 'code_languages'],
		secrets: ['access_token', 'app_secret'] },
	twilio_whatsapp: { channel: 'whatsapp', settings: ['account_sid', 'api_key', 'from', 'code_content', 'url'], secrets: ['auth_token', 'api_key_secret'] },
	expo: { channel: 'expo', settings: ['project', 'url'], secrets: ['access_token'] },
};

/** The first things to fill in; the others stand behind "more". */
export const FIRST = ['host', 'port', 'user', 'from', 'password', 'api_key', 'account_sid', 'auth_token', 'phone_number_id', 'access_token', 'sender', 'template', 'project'];

/** The form's flat names ("settings.host") as the API takes them; empty secrets stay as they are. */
export function body_of(kind, v)
{
	const { settings, secrets } = KINDS[kind] || { settings: [], secrets: [] };
	const pick = (names, part) => Object.fromEntries(names.map((n) => [n, v[`${part}.${n}`]])
		.filter(([, x]) => x !== undefined && x !== '').map(([n, x]) => [n, n === 'port' ? Number(x) : x]));

	return { settings: pick(settings, 'settings'), secrets: pick(secrets, 'secrets'),
		weight: Number(v.weight), daily_limit: Number(v.daily_limit), per_s: Number(v.per_s), concurrency: Number(v.concurrency), is_active: v.is_active };
}
