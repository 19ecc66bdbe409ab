/* The fields of an account at a provider, for a new one and a changed one. */
import { html } from '../lib.js';
import { Field } from '../form.js';
import { FIRST, KINDS } from './provider_kinds.js';
import { t, word } from '../i18n.js';

/** @param {{form: any, kind: string, set?: string[]}} props  `set`: which secrets there are already */
export function AccountFields({ form, kind, set = [] })
{
	const { settings, secrets } = KINDS[kind] || { settings: [], secrets: [] };
	const one = (name, part) => html`<${Field} key=${name} form=${form} name=${`${part}.${name}`} label=${word('setting', name)} dir="ltr" spellcheck=${false}
		type=${part === 'secrets' ? 'password' : 'text'} autocomplete=${part === 'secrets' ? 'new-password' : 'off'}
		hint=${part === 'secrets' && set.includes(name) ? t('provider.secret_set') : undefined} />`;
	const all = [...settings.map((n) => [n, 'settings']), ...secrets.map((n) => [n, 'secrets'])];
	const first = all.filter(([n]) => FIRST.includes(n)), more = all.filter(([n]) => !FIRST.includes(n));

	return html`<div class="pair">${first.map(([n, p]) => one(n, p))}</div>
		${more.length > 0 && html`<details><summary>${t('provider.more')}</summary><div class="pair">${more.map(([n, p]) => one(n, p))}</div></details>`}
		<div class="pair">
			<${Field} form=${form} name="weight" label=${t('providers.weight')} hint=${t('provider.weight_hint')} type="number" min="0" max="1000" />
			<${Field} form=${form} name="daily_limit" label=${t('providers.limit')} hint=${t('provider.none_hint')} type="number" min="0" />
			<${Field} form=${form} name="per_s" label=${t('provider.per_s')} hint=${t('provider.kind_hint')} type="number" min="0" />
			<${Field} form=${form} name="concurrency" label=${t('provider.concurrency')} hint=${t('provider.kind_hint')} type="number" min="0" />
		</div>
		<${Field} form=${form} name="is_active" type="switch" label=${t('provider.active')} />`;
}
