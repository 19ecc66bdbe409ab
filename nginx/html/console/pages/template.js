/*
 * One template: its words by language, its versions, how it looks on each
 * channel, and a test to oneself.  A version never changes: saving makes the
 * next one.
 */
import { html, useEffect, useMemo, useRef, useState } from '../lib.js';
import { Act, Badge, Card, Head, Loaded, Scroll, use_data } from '../ui.js';
import { Time } from '../time.js';
import { call, get, new_key, patch, post, sentence_of } from '../api.js';
import { confirm } from '../dialog.js';
import { use_unsent } from '../form.js';
import { MailFrame } from '../mail_frame.js';
import { toast } from '../toast.js';
import { number, t, word } from '../i18n.js';

const SAMPLE = { id: '1017', number: 7, boolean: true, url: 'https://example.com/' };

/* A value for each variable, so that the preview has something to show. */
function samples(definition)
{
	const out = {};
	for (const [name, v] of Object.entries((definition && definition.variables) || {}))
		out[name] = v && v.type in SAMPLE ? SAMPLE[v.type] : name.replace(/_/g, ' ');
	return out;
}

function parse(text)
{
	try {
		const v = JSON.parse(text);
		return v && typeof v === 'object' && !Array.isArray(v) ? { value: v } : { wrong: t('template.not_object') };
	} catch (e) {
		return { wrong: e.message };
	}
}

const pretty = (v) => JSON.stringify(v, null, 2);

function Json({ label, hint, value, change, wrong, rows = 8, id })
{
	return html`<div class="field"><label for=${id}>${label}</label>
		<textarea id=${id} class="code" dir="ltr" rows=${rows} spellcheck=${false} value=${value} aria-invalid=${wrong ? 'true' : undefined}
			aria-describedby=${wrong ? `${id}-wrong` : undefined} onInput=${(e) => change(e.target.value)} />
		${hint && html`<p class="hint">${hint}</p>`}
		${wrong && html`<p class="wrong" id=${`${id}-wrong`} dir="auto">${wrong}</p>`}</div>`;
}

/* The words of one language, where they are plain text; cases and channels of their own are in the whole definition. */
function Words({ definition, change })
{
	const locales = Object.keys(definition.locales || {});
	const [shown, set_shown] = useState(definition.default_locale || locales[0] || 'en');
	const part = (definition.locales || {})[shown] || {};
	const set = (member, v) => change({ ...definition, locales: { ...definition.locales, [shown]: { ...part, [member]: v } } });

	return html`<div class="form wide">
		<div class="tabs" role="group" aria-label=${t('template.languages')}>
			${locales.map((l) => html`<button key=${l} type="button" class="tab" aria-pressed=${l === shown ? 'true' : 'false'}
				onClick=${() => set_shown(l)}>${word('language', l)}</button>`)}
			${['en', 'fa'].filter((l) => !locales.includes(l)).map((l) => html`<button key=${l} type="button" class="tab"
				onClick=${() => { change({ ...definition, locales: { ...definition.locales, [l]: { title: '', body: '' } } }); set_shown(l); }}>
				+ ${word('language', l)}</button>`)}
		</div>
		${['title', 'body'].map((m) => (typeof part[m] === 'object' && part[m]
			? html`<p key=${`${shown}-${m}`} class="hint">${t('template.cases', { part: t(`templates.${m}`) })}</p>`
			: html`<div key=${`${shown}-${m}`} class="field"><label for=${`words-${m}`}>${t(`templates.${m}`)}</label>
				${m === 'title' ? html`<input id="words-title" dir="auto" lang=${shown} value=${part.title ?? ''} onInput=${(e) => set('title', e.target.value)} />`
				: html`<textarea id="words-body" dir="auto" lang=${shown} rows="4" value=${part.body ?? ''} onInput=${(e) => set('body', e.target.value)} />`}</div>`))}
	</div>`;
}

/* What is said there, in its language; what is said of it is in the page's. */
function Bubble({ locale, class: kind = '', children })
{
	return html`<div class=${`bubble ${kind}`} lang=${locale} dir=${locale === 'fa' ? 'rtl' : 'ltr'}>${children}</div>`;
}

const title_and_body = (part) => html`<div><b dir="auto">${part.title}</b><p dir="auto">${part.body}</p></div>`;

function Preview({ shown, locale })
{
	const p = shown.locales[locale];
	const [dark, set_dark] = useState(() => getComputedStyle(document.documentElement).colorScheme === 'dark');

	if (!p)
		return null;
	return html`<div class="previews">
		<section class="preview"><h3>${t('channel.web_push')}</h3>
			<${Bubble} locale=${locale} class="pushed"><img src="/push/icon.svg" alt="" width="32" height="32" />${title_and_body(p.web_push)}<//>
			<p class=${`small ${p.web_push.bytes > p.web_push.bytes_max ? 'bad-text' : 'soft'}`}>
				${t('template.bytes', { n: number(p.web_push.bytes), max: number(p.web_push.bytes_max) })}</p></section>
		<section class="preview"><h3>${t('channel.sms')}</h3>
			<${Bubble} locale=${locale}><p class="lines" dir="auto">${p.sms.text}</p><//>
			<p class=${`small ${p.sms.fits ? 'soft' : 'bad-text'}`}>${t('template.segments', { n: number(p.sms.segments), units: number(p.sms.units),
				encoding: p.sms.encoding === 'ucs2' ? 'UCS-2' : 'GSM-7' })}</p></section>
		<section class="preview mail"><div class="mail-head"><h3>${t('channel.email')}</h3>
				${p.email.html && html`<button type="button" class="tab" aria-pressed=${dark ? 'true' : 'false'} onClick=${() => set_dark(!dark)}>${t('template.dark')}</button>`}</div>
			<${Bubble} locale=${locale}><b dir="auto">${p.email.subject}</b>${!p.email.html && html`<p class="lines" dir="auto">${p.email.text}</p>`}<//>
			${p.email.html && html`<${MailFrame} source=${p.email.html} dark=${dark} />
				<details><summary class="small">${t('template.text')}</summary><${Bubble} locale=${locale}><p class="lines" dir="auto">${p.email.text}</p><//></details>
				<details><summary class="small">${t('template.html')}</summary><pre class="scroll" dir="ltr" tabindex="0">${p.email.html}</pre></details>`}</section>
		<section class="preview"><h3>${t('channel.expo')}</h3><${Bubble} locale=${locale}>${title_and_body(p.expo)}<//></section>
		<section class="preview"><h3>${t('channel.in_app')}</h3><${Bubble} locale=${locale}>${title_and_body(p.in_app)}<//></section>
	</div>`;
}

function Editor({ template, reload })
{
	const [definition, set_definition] = useState(template.definition);
	const [text, set_text] = useState(() => pretty(template.definition));
	const [whole, set_whole] = useState(false);
	const [values, set_values] = useState(() => pretty(samples(template.definition)));
	const [shown, set_shown] = useState(/** @type {any} */ (null));
	const [trouble, set_trouble] = useState('');
	const [locale, set_locale] = useState('');
	const turn = useRef(0);
	const definition_of = parse(text), values_of = parse(values);
	const changed = pretty(definition) !== pretty(template.definition);
	const locales = useMemo(() => (shown ? Object.keys(shown.locales) : []), [shown]);
	const here = locales.includes(locale) ? locale : locales[0];

	use_unsent(changed);
	const change = (d) => {
		set_definition(d);
		set_text(pretty(d));
	};
	const write = (s) => {
		set_text(s);
		const got = parse(s);
		if (got.value)
			set_definition(got.value);
	};
	useEffect(() => {
		const mine = ++turn.current;
		const timer = setTimeout(async () => {
			const data = parse(values).value;
			if (!data)
				return;
			try {
				const got = await post(`/api/templates/${template.id}/preview/`, { definition, data });
				if (mine === turn.current) {
					set_shown(got);
					set_trouble('');
				}
			} catch (e) {
				if (mine === turn.current)
					set_trouble(sentence_of(e));
			}
		}, 350);
		return () => clearTimeout(timer);
	}, [definition, values]);

	async function save(activate)
	{
		await post(`/api/templates/${template.id}/versions/`, { definition, activate }, { key: new_key() });
		toast(t(activate ? 'template.saved_active' : 'template.saved'));
		reload();
	}
	async function test(channel)
	{
		await post(`/api/templates/${template.id}/test/`, { data: values_of.value, channel }, { key: new_key() });
		toast(t('template.tested', { channel: t(`channel.${channel}`) }));
	}

	return html`<div class="columns halves">
		<${Card} title=${t('template.words')} lead=${t('template.words_lead')} actions=${html`<button type="button" class="button small" aria-pressed=${whole ? 'true' : 'false'}
			onClick=${() => set_whole(!whole)}>${t(whole ? 'template.as_words' : 'template.as_json')}</button>`}>
			${whole ? html`<${Json} id="definition" label=${t('template.definition')} value=${text} change=${write} wrong=${definition_of.wrong} rows="18" />`
			: html`<${Words} definition=${definition} change=${change} />`}
			<hr />
			<${Json} id="values" label=${t('template.values')} hint=${t('template.values_hint')} value=${values} change=${set_values} wrong=${values_of.wrong} rows="5" />
			<div class="form-actions">
				<${Act} kind="primary" disabled=${!changed || Boolean(definition_of.wrong)} act=${() => save(true)}>${t('template.save_active')}<//>
				<${Act} disabled=${!changed || Boolean(definition_of.wrong)} act=${() => save(false)}>${t('template.save')}<//>
			</div>
		<//>
		<${Card} title=${t('template.preview')} lead=${changed ? t('template.preview_unsaved') : t('template.preview_lead')}>
			${trouble && html`<p class="trouble" role="alert" dir="auto">${trouble}</p>`}
			${shown && html`
				<div class="tabs" role="group" aria-label=${t('template.languages')}>${locales.map((l) => html`<button key=${l} type="button"
					class="tab" aria-pressed=${l === here ? 'true' : 'false'} onClick=${() => set_locale(l)}>${word('language', l)}</button>`)}</div>
				<${Preview} shown=${shown} locale=${here} />`}
			<hr />
			<h3 class="small-head">${t('template.test')}</h3>
			<p class="soft small">${t('template.test_lead')}</p>
			<div class="form-actions">${['web_push', 'email', 'sms', 'expo'].map((c) => html`<${Act} key=${c} kind="small" icon="send" disabled=${Boolean(values_of.wrong)}
				act=${() => test(c)}>${t(`channel.${c}`)}<//>`)}</div>
		<//>
	</div>`;
}

function Versions({ template, reload })
{
	const of = use_data(() => get(`/api/templates/${template.id}/versions/`, { page_size: 50 }), `${template.versions}-${template.active_version}`);

	async function activate(v)
	{
		return confirm({ title: t('template.activate', { n: number(v.version) }), text: t('template.activate_text'), yes: t('template.activate_yes'),
			act: async () => {
				await patch(`/api/templates/${template.id}/`, { active_version: v.version });
				reload();
			} });
	}
	return html`<${Card} title=${t('template.versions')} lead=${t('template.versions_lead')}>
		<${Loaded} of=${of}>${(list) => html`<${Scroll} class="table-box" label=${t('template.versions')}><table class="table" aria-label=${t('template.versions')}>
			<thead><tr><th scope="col">${t('template.version')}</th><th scope="col">${t('template.made')}</th><th scope="col"><span class="hidden">${t('list.actions')}</span></th></tr></thead>
			<tbody>${list.results.map((v) => html`<tr key=${v.version}>
				<td class="main">${t('template.version_n', { n: number(v.version) })} ${v.version === template.active_version && html`<${Badge} tone="good">${t('state.active')}<//>`}</td>
				<td data-label=${t('template.made')}><${Time} value=${v.created_at} /></td>
				<td class="row-actions">${v.version !== template.active_version && html`<${Act} kind="small" act=${() => activate(v)}>${t('template.activate_yes')}
					<span class="hidden"> ${number(v.version)}</span><//>`}</td></tr>`)}</tbody></table><//>`}<//>
	<//>`;
}

export default function Template({ params })
{
	const of = use_data(() => call('GET', `/api/templates/${encodeURIComponent(params.id)}/`), params.id);

	return html`<${Loaded} of=${of} head>${(d) => html`
		<${Head} title=${d.name} lead=${d.description} back=${['/console/templates/', t('nav.templates')]} />
		<${Editor} key=${`${d.active_version}-${d.versions}`} template=${d} reload=${of.reload} />
		<${Versions} template=${d} reload=${of.reload} />`}<//>`;
}
