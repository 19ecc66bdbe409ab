/* An e-mail, a text or a WhatsApp message by hand, as the replaced system's dashboard had it. */
import { html, useState } from '../lib.js';
import { Field, Form, Submit, use_form } from '../form.js';
import { Card, Head } from '../ui.js';
import { post, wish } from '../api.js';
import { query, set_query } from '../router.js';
import { latin, number, t } from '../i18n.js';
import { toast } from '../toast.js';

const CHANNELS = ['email', 'whatsapp', 'sms'];

/* How many texts it takes: 160 letters of the phone's own alphabet in one, 70 of any other. */
function segments(text)
{
	const own = /^[\n\r !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà^{}\\[~\]|€]*$/.test(text);
	const n = own ? [...text].reduce((s, c) => s + ('^{}\\[~]|€'.includes(c) ? 2 : 1), 0) : text.length;
	const [one, part] = own ? [160, 153] : [70, 67];

	return n <= one ? (n ? 1 : 0) : Math.ceil(n / part);
}

function Message({ channel })
{
	const [key_of] = useState(wish);
	const form = use_form({ to: '', subject: '', message: '', message_type: 'text', template: '', language: '' }, async (v) => {
		const to = channel === 'email' ? v.to.trim() : latin(v.to);
		const body = channel === 'email' ? { to, subject: v.subject, message: v.message }
			: channel === 'sms' ? { to, message: v.message }
			: v.message_type === 'template' ? { to, message_type: 'template', ...(v.template ? { template: v.template } : {}), ...(v.language ? { language: v.language } : {}) }
			: { to, message_type: 'text', message: v.message };
		try {
			await post(`/api/communications/${channel}/`, body, { key: key_of(body) });
		} catch (e) {
			if (e.code === 'window_closed')
				e.errors = { message_type: [t('send.window')] };
			if (e.status > 0 && e.status < 500)
				key_of.done();		/* refused: what is sent next is another wish */
			throw e;
		}
		key_of.done();
		form.reset();
		toast(t('send.accepted'));
	}, channel);
	const template = channel === 'whatsapp' && form.values.message_type === 'template';

	return html`<${Card}><${Form} form=${form} class="form">
		<${Field} form=${form} name="to" label=${channel === 'email' ? t('send.to_email') : t('send.to_phone')} dir="ltr"
			type=${channel === 'email' ? 'email' : 'tel'} hint=${channel === 'email' ? undefined : t('send.to_hint')} autocomplete="off" />
		${channel === 'email' && html`<${Field} form=${form} name="subject" label=${t('send.subject')} maxlength="255" />`}
		${channel === 'whatsapp' && html`<${Field} form=${form} name="message_type" type="select" label=${t('send.kind')} hint=${t('send.kind_hint')}
			options=${[['text', t('send.text')], ['template', t('send.template')]]} />`}
		${template ? html`<div class="pair"><${Field} form=${form} name="template" label=${t('send.template_name')} dir="ltr" placeholder="hello_world" />
			<${Field} form=${form} name="language" label=${t('send.language')} dir="ltr" placeholder="en_US" /></div>`
		: html`<${Field} form=${form} name="message" type="textarea" rows=${channel === 'email' ? 9 : 5} label=${t('send.message')}
			hint=${channel === 'sms' ? t('send.segments', { letters: number([...form.values.message].length), n: number(segments(form.values.message)) }) : undefined} />`}
		<div class="form-actions"><${Submit} form=${form}>${t('send.go')}<//><a href="/console/history/">${t('nav.history')}</a></div>
	<//><//>`;
}

export default function Send()
{
	const channel = CHANNELS.includes(query.value.get('channel')) ? query.value.get('channel') : 'email';

	return html`<${Head} title=${t('nav.send')} lead=${t('send.lead')} />
		<div class="tabs" role="group" aria-label=${t('history.type')}>${CHANNELS.map((c) => html`<button key=${c} type="button" class="tab"
			aria-pressed=${c === channel ? 'true' : 'false'} onClick=${() => set_query({ channel: c === 'email' ? null : c })}>${t(`channel.${c}`)}</button>`)}</div>
		<${Message} key=${channel} channel=${channel} />`;
}
