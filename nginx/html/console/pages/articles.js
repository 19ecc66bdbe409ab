/* What users write for each other: the list. */
import { html } from '../lib.js';
import { List } from '../list.js';
import { Addr, Badge, Head } from '../ui.js';
import { Icon } from '../icons.js';
import { Time } from '../time.js';
import { del, patch } from '../api.js';
import { number, t } from '../i18n.js';

export default function Articles()
{
	const button = html`<a class="button primary" href="/console/articles/new/"><${Icon} name="plus" size="16" />${t('articles.new')}</a>`;

	return html`<${Head} title=${t('nav.articles')} lead=${t('articles.lead')}>${button}<//>
	<${List} url="/api/articles/" name="articles" label=${t('nav.articles')} search="q" search_label=${t('articles.search')} link=${(r) => `/console/articles/${r.id}/`} ordering="-created_at"
		filters=${[{ name: 'status', label: t('articles.status'), options: ['draft', 'published'].map((s) => [s, t(`article.${s}`)]) },
			{ name: 'author', label: t('articles.author_id') }]}
		columns=${[
			{ key: 'title', label: t('articles.title'), main: true, order: 'title' },
			{ key: 'status', label: t('articles.status'), show: (r) => html`<${Badge} state=${r.status} family="article" />` },
			{ key: 'author_email', label: t('articles.author'), show: (r) => html`<${Addr} text=${r.author_email || `#${r.author}`} />` },
			{ key: 'created_at', label: t('articles.made'), order: 'created_at', show: (r) => html`<${Time} value=${r.created_at} />` },
			{ key: 'updated_at', label: t('articles.changed'), order: 'updated_at', show: (r) => html`<${Time} value=${r.updated_at} />` },
		]}
		actions=${[
			{ label: t('articles.publish'), each: (r) => patch(`/api/articles/${r.id}/`, { status: 'published' }), when: (r) => r.status === 'draft',
				ask: (rows) => ({ title: t('articles.publish'), text: t('articles.publish_text', { n: number(rows.length) }) }) },
			{ label: t('articles.unpublish'), each: (r) => patch(`/api/articles/${r.id}/`, { status: 'draft' }), when: (r) => r.status === 'published',
				ask: (rows) => ({ title: t('articles.unpublish_title', { n: rows.length }), text: t('articles.unpublish_text') }) },
			{ label: t('delete'), icon: 'trash', danger: true, each: (r) => del(`/api/articles/${r.id}/`),
				ask: (rows) => ({ title: t('articles.delete'), text: t('articles.delete_text', { n: number(rows.length) }) }) },
		]}
		empty=${{ icon: 'book', title: t('articles.empty'), text: t('articles.empty_text'), action: button }} />`;
}
