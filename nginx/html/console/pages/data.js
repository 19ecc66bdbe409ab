/* What is kept about this person, to take along; and the end of the account. */
import { html } from '../lib.js';
import { Act, Card, Head } from '../ui.js';
import { confirm } from '../dialog.js';
import { del, get } from '../api.js';
import { gone, me } from '../state.js';
import { date } from '../time.js';
import { t } from '../i18n.js';

async function take()
{
	const doc = await get('/api/auth/export/');
	const a = document.createElement('a');

	a.href = URL.createObjectURL(new Blob([JSON.stringify(doc, null, 2)], { type: 'application/json' }));
	a.download = `gatepost-${me.value.id}-${new Date().toISOString().slice(0, 10)}.json`;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 10000);
	return true;
}

async function end()
{
	const done = await confirm({ title: t('data.delete'), text: t('data.delete_text'), detail: t('data.delete_detail'), yes: t('data.delete_yes'), danger: true,
		typed: me.value.email || me.value.phone_number, act: () => del('/api/auth/account/') });

	if (!done)
		return;
	await gone();
	/* The page that there is without an account says it. */
	try {
		sessionStorage.setItem('gatepost-closed', t('data.deleted', { when: date(done.value.purge_at) }));
	} catch {
		/* no storage: the message with the link says it */
	}
	location.assign('/console/signin/');
}

export default function Data()
{
	return html`<${Head} title=${t('nav.data')} lead=${t('data.lead')} />
		<${Card} title=${t('data.export')} lead=${t('data.export_lead')}><${Act} kind="primary" icon="download" act=${take} done=${t('data.exported')}>${t('data.export_go')}<//><//>
		<${Card} title=${t('data.delete')} lead=${t('data.delete_lead')} class="grave"><${Act} kind="danger" icon="trash" act=${end}>${t('data.delete')}<//><//>`;
}
