/* A new campaign: what, to whom (with how many that are), and when. */
import { html, useEffect, useRef, useState } from '../lib.js';
import { Card, Head } from '../ui.js';
import { Field, Form, Submit, use_form } from '../form.js';
import { post, sentence_of, wish } from '../api.js';
import { dialog } from '../dialog.js';
import { go } from '../router.js';
import { server_now } from '../time.js';
import { latin, number, t } from '../i18n.js';

const CHANNELS = ['email', 'sms', 'whatsapp', 'web_push', 'expo'];
const words_of = (s) => s.split(/[\s,،]+/).filter(Boolean);
/** Numbers of users; what is none stays as it is, for the API to refuse. @param {string} s */
export const ids_of = (s) => words_of(s).map((w) => (/^\d{1,15}$/.test(latin(w)) ? Number(latin(w)) : w));

/** The audience of the form's values, as the API takes it. */
function audience_of(v)
{
	const a = {};

	if (v.who === 'all')
		return { all: true };
	if (v.who === 'group')
		return { group: v.group.trim() };
	if (v.who === 'ids')
		return { ids: ids_of(v.ids) };
	if (v.locale)
		a.locale = [v.locale];
	if (v.countries.trim())
		a.country = words_of(v.countries.toUpperCase());
	if (v.seen)
		a.last_seen_after = new Date(server_now() - Number(v.seen) * 86400e3).toISOString();
	if (v.has)
		a.has = [v.has];
	return Object.keys(a).length ? a : { all: true };
}

/* How many the audience is now, asked a moment after the last change. */
function Audience({ values })
{
	const [said, set_said] = useState({ text: '', wrong: false });
	const turn = useRef(0);
	const audience = JSON.stringify(audience_of(values));

	useEffect(() => {
		const mine = ++turn.current;
		const timer = setTimeout(async () => {
			const a = JSON.parse(audience);
			if ((a.group === '' || (a.ids && a.ids.length === 0)))
				return set_said({ text: '', wrong: false });
			try {
				const got = await post('/api/campaigns/audience/', { audience: a });
				if (mine === turn.current)
					set_said({ text: t(got.complete ? 'campaign_new.count' : 'campaign_new.at_least', { n: got.people }), wrong: false });
			} catch (e) {
				if (mine === turn.current)
					set_said({ text: Object.values(e.errors || {}).flat().join(' ') || sentence_of(e), wrong: true });
			}
			return undefined;
		}, 400);
		return () => clearTimeout(timer);
	}, [audience]);
	return html`<p class=${`audience-count ${said.wrong ? 'wrong' : ''}`} role="status" dir="auto">${said.text}</p>`;
}

function Check({ values, close })
{
	return html`<div>
		<p>${t('campaign_new.check')}</p>
		<dl class="facts">
			<div><dt>${t('campaigns.name')}</dt><dd dir="auto">${values.name}</dd></div>
			<div><dt>${t('templates.title')}</dt><dd dir="auto">${values.title}</dd></div>
			<div><dt>${t('campaigns.channels')}</dt><dd>${CHANNELS.filter((c) => values[c]).map((c) => t(`channel.${c}`)).join(', ')}</dd></div>
		</dl>
		<${Audience} values=${values} />
		<div class="dialog-actions"><button type="button" class="button" onClick=${() => close(undefined)}>${t('cancel')}</button>
			<button type="button" class="button primary" onClick=${() => close(true)}>${values.at ? t('campaign_new.schedule') : t('campaign_new.start')}</button></div>
	</div>`;
}

export default function CampaignNew()
{
	const [key_of] = useState(wish);
	const draft = useRef(false);
	const form = use_form({ name: '', title: '', body: '', url: '', html: '', who: 'all', group: '', ids: '', locale: '', countries: '', seen: '',
		has: '', at: '', rate: '', email: true, sms: false, whatsapp: false, web_push: true, expo: false }, async (v) => {
		const start = !draft.current;
		/** @type {Record<string, any>} */
		const body = { name: v.name, title: v.title, body: v.body, channels: CHANNELS.filter((c) => v[c]), audience: audience_of(v), start };
		if (v.url)
			body.url = v.url;
		if (v.html && v.email)
			body.html = v.html;
		if (v.at)
			body.at = new Date(v.at).toISOString();
		if (v.rate)
			body.rate = Number(v.rate);
		if (start && !await dialog({ title: t('campaign_new.sure'), body: Check, props: { values: v } }))
			return false;
		const made = await post('/api/campaigns/', body, { key: key_of(body) });
		return go(`/console/campaigns/${made.id}/`);
	});
	const v = form.values;

	return html`<${Head} title=${t('campaigns.new')} back=${['/console/campaigns/', t('nav.campaigns')]} />
	<${Form} form=${form} class="form wide" labels=${{ channels: t('campaigns.channels'), audience: t('campaign_new.audience') }}>
		<div class="columns halves">
			<${Card} title=${t('campaign_new.message')}><div class="form">
				<${Field} form=${form} name="name" label=${t('campaigns.name')} hint=${t('campaign_new.name_hint')} required />
				<${Field} form=${form} name="title" label=${t('templates.title')} required />
				<${Field} form=${form} name="body" label=${t('templates.body')} type="textarea" required />
				<${Field} form=${form} name="url" label=${t('campaign_new.url')} dir="ltr" inputmode="url" />
				${v.email && html`<details><summary>${t('campaign_new.html')}</summary>
					<${Field} form=${form} name="html" label=${t('campaign_new.html_label')} hint=${t('campaign_new.html_hint')} type="textarea" rows="8" dir="ltr" spellcheck=${false} /></details>`}
				<fieldset class="field" id=${form.id('channels')} tabindex="-1"><legend>${t('campaigns.channels')}</legend>
					<div class="ticks">${CHANNELS.map((c) => html`<${Field} key=${c} form=${form} name=${c} label=${t(`channel.${c}`)} type="checkbox" />`)}</div>
					${form.errors.channels && html`<p class="wrong">${form.errors.channels.join(' ')}</p>`}
				</fieldset>
			</div><//>
			<div><${Card} title=${t('campaign_new.audience')}><div class="form">
				<${Field} form=${form} name="who" label=${t('campaign_new.who')} type="select"
					options=${['all', 'group', 'filter', 'ids'].map((w) => [w, t(`campaign_new.who.${w}`)])} />
				${v.who === 'group' && html`<${Field} form=${form} name="group" label=${t('campaign_new.group')} />`}
				${v.who === 'ids' && html`<${Field} form=${form} name="ids" label=${t('campaign_new.ids')} type="textarea" rows="3" dir="ltr" inputmode="numeric" />`}
				${v.who === 'filter' && html`<div class="pair">
					<${Field} form=${form} name="locale" label=${t('campaign_new.locale')} type="select" options=${[['', t('list.any')], ['en', t('language.en')], ['fa', t('language.fa')]]} />
					<${Field} form=${form} name="countries" label=${t('campaign_new.countries')} hint="IR, DE" dir="ltr" />
					<${Field} form=${form} name="seen" label=${t('campaign_new.seen')} type="select" options=${[['', t('list.any')], ...[7, 30, 90].map((n) => [String(n), t('campaign_new.days', { n: number(n) })])]} />
					<${Field} form=${form} name="has" label=${t('campaign_new.has')} type="select" options=${[['', t('list.any')], ...['email', 'sms', 'web_push', 'expo'].map((c) => [c, t(`channel.${c}`)])]} />
				</div>`}
				<${Audience} values=${v} />
				${form.errors.audience && html`<p class="wrong" id=${form.id('audience')} tabindex="-1">${form.errors.audience.join(' ')}</p>`}
			</div><//>
			<${Card} title=${t('campaign_new.time')}><div class="form">
				<${Field} form=${form} name="at" label=${t('campaign_new.at')} hint=${t('campaign_new.at_hint')} type="datetime-local" />
				<${Field} form=${form} name="rate" label=${t('campaign_new.rate')} hint=${t('campaign_new.rate_hint')} type="number" min="0" max="10000" />
			</div><//></div>
		</div>
		<div class="form-actions">
			<span onClickCapture=${() => { draft.current = false; }}><${Submit} form=${form}>${v.at ? t('campaign_new.schedule') : t('campaign_new.start')}<//></span>
			<button type="button" class="button" disabled=${form.busy} onClick=${() => { draft.current = true; form.submit().finally(() => { draft.current = false; }); }}>${t('campaign_new.draft')}</button>
		</div>
	<//>`;
}
