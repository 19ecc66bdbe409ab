/* How the installation is: versions, what the doctor sees, the queue, the settings' findings. */
import { html } from '../lib.js';
import { Act, Badge, Card, Facts, Head, Loaded, Scroll, use_data } from '../ui.js';
import { Time, span } from '../time.js';
import { get } from '../api.js';
import { number, t, word } from '../i18n.js';

const TONE = { ok: 'good', warning: 'warn', bad: 'bad' };

export default function System()
{
	const of = use_data(() => get('/api/admin/system/'), '', { every: 15000 });

	return html`<${Head} title=${t('nav.system')} lead=${t('system.lead')}>
		<${Act} icon="refresh" act=${of.reload}>${t('system.again')}<//>
		<a class="button" href="/console/protect/">${t('nav.protect')}</a>
		<a class="button" href="/api/docs/">${t('system.docs')}</a>
	<//>
	<${Loaded} of=${of}>${(s) => html`
		<${Card} title=${t('system.checks')} lead=${s.checks.every((c) => c.state === 'ok') ? t('system.all_well') : t('system.look')}>
			<${Scroll} class="table-box" label=${t('system.checks')}><table class="table" aria-label=${t('system.checks')}>
				<thead><tr><th scope="col">${t('system.check')}</th><th scope="col">${t('campaigns.state')}</th><th scope="col">${t('system.saw')}</th></tr></thead>
				<tbody>${s.checks.map((c) => html`<tr key=${c.name}>
					<td class="main">${word('check', c.name)}</td>
					<td data-label=${t('campaigns.state')}><${Badge} tone=${TONE[c.state]}>${t(`system.${c.state}`)}<//></td>
					<td class="wide" data-label=${t('system.saw')}><span class="stack"><span>${t(`saw.${c.name}`, { n: number(c.value), none: c.value === 0 })}</span>${c.state !== 'ok' && c.mend && html`<code dir="ltr" class="small">${c.mend}</code>`}</span></td></tr>`)}</tbody>
			</table><//>
		<//>
		<div class="columns halves">
			<div><${Card} title=${t('system.versions')}><${Facts} rows=${[
				['Gatepost', s.version], ['MariaDB', s.database.version],
				[t('system.schema'), t('system.schema_of', { n: number(s.database.migration), all: number(s.database.newest) })],
				[t('system.time'), html`<${Time} value=${s.now} absolute />`],
			]} /><//>
			<${Card} title=${t('system.queue')}><${Facts} rows=${[
				[t('system.due'), number(s.queue.due)], [t('system.ready'), number(s.queue.ready)], [t('system.leaving'), number(s.queue.leased + s.queue.leaving)],
				[t('system.dead'), s.queue.dead ? html`<a href="/console/queue/?state=dead">${number(s.queue.dead)}</a>` : number(0)],
				[t('system.oldest'), s.queue.due ? span(s.queue.oldest_s) : null],
			]} /><//></div>
			<${Card} title=${t('system.settings')} lead=${t('system.settings_lead')}><${Facts} rows=${Object.entries(s.settings).map(([n, v]) => [word('sys', n), html`<span dir=${/_s$|_days$|^user_send$/.test(n) ? undefined : 'ltr'}>${/_s$/.test(n) ? span(v) : /_days$/.test(n) ? (v ? span(v * 86400) : t('system.for_ever')) : n === 'user_send' ? word('may_send', v) : String(v)}</span>`])} /><//>
		</div>
		<p class="soft small">${t('system.terminal')} <code dir="ltr">gatepostctl doctor</code></p>`}<//>`;
}
