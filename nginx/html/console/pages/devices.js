/* Where pushes of this person arrive: this browser, others, and phones by the app. */
import { html, useEffect, useState } from '../lib.js';
import { List } from '../list.js';
import { Act, Badge, Card, Head, Trouble } from '../ui.js';
import { Time } from '../time.js';
import { confirm } from '../dialog.js';
import { get, new_key, post, sentence_of } from '../api.js';
import { can_push, current, give_back, turn_off, turn_on } from '../push.js';
import { t, visible } from '../i18n.js';
import { me } from '../state.js';
import { toast } from '../toast.js';

function browser_of(agent)
{
	const names = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']];
	const systems = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS/, 'macOS'], [/Linux/, 'Linux']];
	const first = (list) => (list.find(([r]) => r.test(agent)) || [])[1];

	const browser = first(names), system = first(systems);

	return browser && system ? t('devices.on', { browser, system }) : browser || system || agent;
}

const name_of = (d) => (d.user_agent ? browser_of(d.user_agent) : d.browser || t('sessions.unknown'));

/* A message to one browser, and what its push service said of it. */
async function try_one(id, key)
{
	const { deliveries: [one] } = await post(`/api/push/subscriptions/${id}/test/`, undefined, { key, headers: { Prefer: 'wait=10' } });

	if (!one || ['queued', 'sent', 'delivered'].includes(one.state))
		toast(t('devices.test_sent'));
	else
		toast(t('devices.test_failed'), 'bad');
}

/* `mine`: this browser as the account knows it; a subscription that another account left here is not it.  undefined: nobody knows yet. */
function Browser({ mine, changed })
{
	const able = can_push();
	/* An iPad says that it is a Mac, and has fingers. */
	const ios = /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1);
	const denied = able && Notification.permission === 'denied';

	async function enable()
	{
		if (await turn_on(String(me.value.id)) === 'denied')
			throw new Error('denied');
		await changed();
		return true;
	}
	return html`<${Card} title=${t('devices.here')} lead=${t('devices.here_lead')}>
		<div class="line"><div class="line-text"><p class="row"><b>${browser_of(navigator.userAgent)}</b>
			${mine !== undefined && html`<${Badge} tone=${mine ? 'good' : denied ? 'bad' : 'plain'}>${mine ? t('security.on') : denied ? t('devices.blocked') : t('security.off')}<//>`}</p>
			<p class="soft small">${mine === undefined ? t('loading') : !able ? t('devices.cannot') : denied ? t('devices.blocked_text') : mine ? t('devices.on_text') : t('devices.off_text')}</p>
			${!able && ios && html`<p class="soft small">${t('devices.ios')}</p>`}</div>
			${able && mine === null && html`<${Act} kind="primary" icon="bell" disabled=${denied} act=${() => enable().catch((e) => {
				toast(e.message === 'denied' ? t('devices.blocked_text') : e.name === 'Problem' || e.doc ? sentence_of(e) : t('devices.refused'), 'bad');
			})} done=${t('devices.enabled')}>${t('devices.enable')}<//>`}
			${mine && html`<${Act} icon="send" act=${() => try_one(mine.id, new_key()).then(changed)}>${t('devices.test')}<//>`}
		</div>
	<//>`;
}

export default function Devices()
{
	const [mine, set_mine] = useState(/** @type {any} */ (undefined));
	const [trouble, set_trouble] = useState(/** @type {any} */ (null));
	const [version, set_version] = useState(0);

	async function look()
	{
		const sub = await current();
		const { results } = sub ? await get('/api/push/subscriptions/', { limit: 100 }) : { results: [] };
		set_mine(results.find((d) => d.endpoint === sub.endpoint) || null);
		set_trouble(null);
	}
	async function changed()
	{
		await look();
		set_version((v) => v + 1);
	}
	async function remove(d)
	{
		const gone = await confirm({ title: t('devices.remove_title', { name: name_of(d) }), text: t('devices.remove_text'), yes: t('devices.remove'), danger: true,
			act: () => turn_off(d) });
		if (gone)
			await changed();
		return Boolean(gone);
	}
	async function remove_some(rows)
	{
		const answer = await post('/api/push/subscriptions/remove/', { ids: rows.map((d) => d.id) });
		await give_back(rows);
		await changed();
		return answer;
	}
	const first = () => look().catch(set_trouble);

	useEffect(() => { first(); }, []);

	return html`<${Head} title=${t('nav.devices')} lead=${t('devices.lead')} />
		${trouble ? html`<${Trouble} error=${trouble} again=${first} />` : html`<${Browser} mine=${mine} changed=${changed} />`}
		<h2 class="section">${t('devices.all')}</h2>
		<${List} url="/api/push/subscriptions/" name="devices" label=${t('devices.all')} version=${version} paged="whole"
			search="q" search_label=${t('devices.search')} ordering="-seen_at"
			columns=${[
				{ key: 'browser', label: t('devices.browser'), main: true, order: 'browser', csv: (d) => visible(name_of(d)), show: (d) => html`<span><bdi>${name_of(d)}</bdi>
					${mine && mine.id === d.id && html` <${Badge} tone="good">${t('sessions.this')}<//>`}</span>` },
				{ key: 'endpoint', fold: true, label: t('devices.service'), order: 'endpoint', csv: (d) => new URL(d.endpoint).host, show: (d) => html`<bdi>${new URL(d.endpoint).host}</bdi>` },
				{ key: 'seen_at', label: t('devices.seen'), order: 'seen_at', show: (d) => html`<${Time} value=${d.seen_at} />` },
				{ key: 'created_at', label: t('devices.since'), order: 'created_at', show: (d) => html`<${Time} value=${d.created_at} />` },
			]}
			actions=${[{ label: t('devices.remove'), icon: 'trash', danger: true, all: remove_some,
				ask: (rows) => ({ title: t('devices.some', { n: rows.length }), text: t('devices.some_text') }) }]}
			row_actions=${(d) => html`${!(mine && mine.id === d.id) && html`<${Act} kind="small" act=${() => try_one(d.id, new_key()).then(changed)}>
					${t('devices.test')}<span class="hidden"> ${d.browser}</span><//>`}
				<${Act} kind="small danger" act=${() => remove(d)} done=${t('devices.removed')}>${t('devices.remove')}<span class="hidden"> ${d.browser}</span><//>`}
			empty=${{ icon: 'device', title: t('devices.empty'), text: t('devices.empty_text') }} />
		<${Card} title=${t('devices.app')} lead=${t('devices.app_lead')}>
			<${Act} icon="send" act=${async () => {
				const r = await post('/api/users/push-tokens/test/', {}, { key: new_key() });
				toast(r.success ? t('devices.test_sent') : r.message, r.success ? 'good' : 'bad');
			}}>${t('devices.app_test')}<//>
		<//>`;
}
