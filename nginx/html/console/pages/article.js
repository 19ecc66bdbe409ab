/* The editor of an article; "new" begins one. */
import { html, useState } from '../lib.js';
import { Act, Badge, Card, Head, Loaded, use_data } from '../ui.js';
import { Field, Form, Submit, use_form } from '../form.js';
import { confirm } from '../dialog.js';
import { del, get, patch, post, wish } from '../api.js';
import { go } from '../router.js';
import { toast } from '../toast.js';
import { t } from '../i18n.js';

function Editor({ article, set })
{
	const [key_of] = useState(wish);
	const fresh = !article.id;
	const form = use_form({ title: article.title, content: article.content, status: article.status }, async (v) => {
		if (v.status === 'published' && article.status !== 'published'
		    && !await confirm({ title: t('articles.publish'), text: t('article.publish_text'), yes: t('articles.publish') }))
			return false;
		if (v.status === 'draft' && article.status === 'published'
		    && !await confirm({ title: t('article.unpublish_title', { name: article.title }), text: t('articles.unpublish_text'), yes: t('articles.unpublish'), danger: true }))
			return false;
		const got = fresh ? await post('/api/articles/', v, { key: key_of(v) }) : await patch(`/api/articles/${article.id}/`, v);
		toast(t('saved'));
		if (fresh)
			go(`/console/articles/${got.id}/`, { replace: true });
		else
			set(got);
		return true;
	});

	async function remove()
	{
		const done = await confirm({ title: t('articles.delete'), text: t('article.delete_text'), yes: t('delete'), danger: true, typed: article.title,
			act: () => del(`/api/articles/${article.id}/`) });
		if (done)
			go('/console/articles/');
	}
	return html`<${Head} title=${fresh ? t('articles.new') : article.title} back=${['/console/articles/', t('nav.articles')]}
			lead=${!fresh && html`<${Badge} state=${article.status} family="article" /> <span class="soft">${article.author_email}</span>`}>
			${!fresh && html`<${Act} kind="danger" icon="trash" act=${remove}>${t('delete')}<//>`}
		<//>
		<${Card}><${Form} form=${form} class="form wide">
			<${Field} form=${form} name="title" label=${t('articles.title')} maxlength="200" required />
			<${Field} form=${form} name="content" label=${t('articles.content')} type="textarea" rows="14" required />
			<${Field} form=${form} name="status" label=${t('articles.status')} type="select" hint=${t('article.status_hint')}
				options=${['draft', 'published'].map((s) => [s, t(`article.${s}`)])} />
			<div class="form-actions"><${Submit} form=${form}>${t('save')}<//></div>
		<//><//>`;
}

export default function Article({ params })
{
	const fresh = params.id === 'new';
	const of = use_data(async () => (fresh ? { title: '', content: '', status: 'draft' } : get(`/api/articles/${encodeURIComponent(params.id)}/`)), params.id);

	return html`<${Loaded} of=${of} head>${(a) => html`<${Editor} key=${`${a.id}-${a.updated_at}`} article=${a} set=${of.set} />`}<//>`;
}
