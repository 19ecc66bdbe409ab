/* Credentials of sites and scripts: made, watched, revoked.  Their text is shown once. */
import { html, useState } from '../lib.js';
import { List } from '../list.js';
import { Act, Badge, Copy, Head } from '../ui.js';
import { Actions, Field, Form, use_form } from '../form.js';
import { Person } from '../person.js';
import { Time, server_now } from '../time.js';
import { dialog } from '../dialog.js';
import { post, wish } from '../api.js';
import { t } from '../i18n.js';

const SCOPES = ['push', 'send', 'admin'];

const over = (k) => (k.revoked_at ? 'revoked' : k.expires_at && new Date(k.expires_at).getTime() <= server_now() ? 'expired' : '');

function Made({ token, close })
{
	const sample = token.scopes.includes('send')
		? `curl -X POST ${location.origin}/api/notifications/ \\\n  -H 'Authorization: Bearer ${token.token}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{"email": "you@example.com", "title": "Hello", "body": "It works."}'`
		: `curl ${location.origin}/api/push/groups/ -H 'Authorization: Bearer ${token.token}'`;

	return html`<div class="notice warn"><div>${t('tokens.once')}</div></div>
		<p class="token-text"><${Copy} text=${token.token} block /></p>
		<p class="soft">${t('tokens.sample')}</p>
		<${Copy} text=${sample} block />
		<div class="dialog-actions"><button type="button" class="button primary" onClick=${() => close(true)}>${t('tokens.kept')}</button></div>`;
}

function New({ close })
{
	const [key_of] = useState(wish);
	const form = use_form({ name: '', push: true, send: false, admin: false, expires: '', cidr: '' }, async (v) => {
		const scopes = SCOPES.filter((s) => v[s]);
		if (scopes.length === 0)
			return form.refuse('push', t('tokens.one_scope'));
		const body = { name: v.name.trim(), scopes };
		if (v.expires)
			body.expires_at = new Date(v.expires).toISOString().replace(/\.\d+Z$/, 'Z');
		if (v.cidr.trim())
			body.cidr = v.cidr.trim();
		return close(await post('/api/push/token/generate/', body, { key: key_of(body) }));
	});

	return html`<${Form} form=${form} labels=${{ expires_at: t('tokens.expires') }}>
		<${Field} form=${form} name="name" label=${t('tokens.name')} hint=${t('tokens.name_hint')} autocomplete="off" />
		<fieldset class="scopes"><legend>${t('tokens.scopes')}</legend>
			${SCOPES.map((s) => html`<${Field} key=${s} form=${form} name=${s} type="checkbox" label=${t(`scope.${s}`)} hint=${t(`scope.${s}_hint`)} />`)}
		</fieldset>
		<${Field} form=${form} name="expires" type="datetime-local" label=${t('tokens.expires')} hint=${t('tokens.expires_hint')} />
		<${Field} form=${form} name="cidr" label=${t('tokens.cidr')} hint=${t('tokens.cidr_hint')} dir="ltr" autocomplete="off" spellcheck=${false} />
		<${Actions} form=${form} close=${close}>${t('tokens.make')}<//>
	<//>`;
}

export default function Tokens()
{
	const [version, set_version] = useState(0);

	async function make()
	{
		const token = await dialog({ title: t('tokens.new'), body: New });
		if (!token)
			return;
		set_version((v) => v + 1);
		await dialog({ title: t('tokens.made', { name: token.name || t('tokens.unnamed') }), body: Made, props: { token }, wide: true });
	}
	const button = html`<${Act} kind="primary" icon="plus" act=${make}>${t('tokens.new')}<//>`;

	return html`<${Head} title=${t('nav.tokens')} lead=${t('tokens.lead')}>${button}<//>
	<${List} url="/api/push/tokens/" name="tokens" label=${t('nav.tokens')} version=${version} paged="whole" search="q" search_label=${t('tokens.search')}
		filters=${[
			{ name: 'state', label: t('log.state'), test: (k, v) => (over(k) || 'live') === v, options: ['live', 'expired', 'revoked'].map((s) => [s, t(`tokens.${s}`)]) },
			{ name: 'scopes', label: t('tokens.scopes'), options: SCOPES.map((s) => [s, t(`scope.${s}_short`)]) },
		]}
		columns=${[
			{ key: 'name', label: t('tokens.name'), main: true, order: 'name', text: (k) => `${k.name} ${k.id}`, csv: (k) => k.name, show: (k) => html`<span class="stack"><span dir="auto">${k.name || t('tokens.unnamed')}</span><span class="soft small"><bdi>${k.id}</bdi></span></span>` },
			{ key: 'scopes', label: t('tokens.scopes'), csv: (k) => k.scopes.join(' '), show: (k) => html`<span class="row marks">${k.scopes.map((s) => html`<${Badge} key=${s} tone=${s === 'admin' ? 'warn' : 'plain'}>${t(`scope.${s}_short`)}<//>`)}</span>` },
			{ key: 'revoked_at', label: t('log.state'), csv: (k) => over(k) || 'live', show: (k) => (over(k) ? html`<${Badge} tone="plain">${t(`tokens.${over(k)}`)}<//>` : html`<${Badge} tone="good">${t('tokens.live')}<//>`) },
			{ key: 'cidr', fold: true, label: t('tokens.cidr'), show: (k) => (k.cidr ? html`<bdi>${k.cidr}</bdi>` : html`<span class="soft">${t('tokens.anywhere')}</span>`) },
			{ key: 'user_id', fold: true, label: t('tokens.by'), csv: (k) => k.user_id, show: (k) => html`<${Person} id=${k.user_id} />` },
			{ key: 'last_used_at', label: t('tokens.used'), order: 'last_used_at', show: (k) => html`<span class="stack"><${Time} value=${k.last_used_at} none=${t('users.never')} />${k.last_used_ip && html`<bdi class="soft small">${k.last_used_ip}</bdi>`}</span>` },
			{ key: 'expires_at', label: t('tokens.expires'), order: 'expires_at', show: (k) => html`<${Time} value=${k.expires_at} none=${t('tokens.no_end')} />` },
			{ key: 'created_at', label: t('log.when'), order: 'created_at', show: (k) => html`<${Time} value=${k.created_at} />` },
		]}
		actions=${[{ label: t('tokens.revoke'), icon: 'block', danger: true, when: (k) => !k.revoked_at, many: '/api/push/tokens/revoke/',
			ask: (rows) => ({ title: t('tokens.revoke_title', { n: rows.length }), text: t('tokens.revoke_text') }) }]}
		empty=${{ icon: 'key', title: t('tokens.empty'), text: t('tokens.empty_text'), action: button }} />`;
}
