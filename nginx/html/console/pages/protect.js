/*
 * "Protect a site": from what is required, the lines for nginx.  They are made
 * here, of the very words that nginx/snippets/gatepost-protect.conf explains.
 */
import { html, useState } from '../lib.js';
import { Card, Copy, Head } from '../ui.js';
import { t } from '../i18n.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** The words of $gp_require for these choices. */
export function require_of(v)
{
	const words = ['superuser', 'staff', 'verified', 'mfa'].filter((w) => v[w]);
	for (const g of v.groups.split(/[\s,،]+/).filter((x) => NAME.test(x)))
		words.push(`group:${g}`);
	return words.join(' ');
}

/** The countries as nginx is told them: two letters each, by commas. */
export const countries_of = (s) => [...new Set(s.toUpperCase().split(/[^A-Z]+/).filter((c) => c.length === 2))].join(',');

/** The server{} of the site. */
export function lines_of(v)
{
	const require = require_of(v), countries = countries_of(v.countries);
	const host = NAME.test(v.host) ? v.host : 'app.example.com';
	const path = /^\/[\w./-]*$/.test(v.path) ? v.path : '/';
	const to = /^https?:\/\/[\w.:[\]-]+$/.test(v.to) ? v.to : 'http://127.0.0.1:8080';

	return `server {
	listen 443 ssl http2;
	server_name ${host};
	ssl_certificate     /etc/letsencrypt/live/${host}/fullchain.pem;
	ssl_certificate_key /etc/letsencrypt/live/${host}/privkey.pem;

	include snippets/gatepost-authz.conf;
	location ${path} {
		include snippets/gatepost-protect.conf;
${require ? `\t\tset $gp_require "${require}";\n` : ''}${countries ? `\t\tset $gp_countries ${countries};\n` : ''}\t\tproxy_pass ${to};
		proxy_set_header Host $host;
		proxy_set_header X-Forwarded-For $remote_addr;
		proxy_set_header X-Forwarded-Proto $scheme;
	}
}
`;
}

export default function Protect()
{
	const [v, set_v] = useState({ host: '', path: '/', to: 'http://127.0.0.1:8080', groups: '', countries: '', verified: true, mfa: false, staff: false, superuser: false });
	const set = (name) => (e) => set_v({ ...v, [name]: e.target.type === 'checkbox' ? e.target.checked : e.target.value });
	const input = (name, label, hint, more = {}) => html`<div class="field"><label for=${`protect-${name}`}>${label}</label>
		<input id=${`protect-${name}`} dir="ltr" autocomplete="off" spellcheck=${false} value=${v[name]} onInput=${set(name)} aria-describedby=${hint ? `protect-${name}-hint` : undefined} ...${more} />
		${hint && html`<p class="hint" id=${`protect-${name}-hint`}>${hint}</p>`}</div>`;
	const other = v.host && v.host !== location.hostname;

	return html`<${Head} title=${t('nav.protect')} lead=${t('protect.lead')} />
	<div class="columns">
		<${Card} title=${t('protect.site')}><div class="form">
			${input('host', t('protect.host'), t('protect.host_hint'), { placeholder: 'app.example.com' })}
			${input('path', t('protect.path'))}
			${input('to', t('protect.to'), t('protect.to_hint'))}
		</div><//>
		<${Card} title=${t('protect.who')} lead=${t('protect.who_lead')}><div class="form">
			<div>${['verified', 'mfa', 'staff', 'superuser'].map((w) => html`<div class="field check" key=${w}><label><input type="checkbox" checked=${v[w]} onChange=${set(w)} /><span>${t(`protect.${w}`)}</span></label></div>`)}</div>
			${input('groups', t('protect.groups'), t('protect.groups_hint'))}
			${input('countries', t('protect.countries'), t('protect.countries_hint'), { placeholder: 'IR, DE' })}
		</div><//>
	</div>
	<${Card} title=${t('protect.lines')} lead=${t('protect.lines_lead')}>
		<${Copy} text=${lines_of(v)} block />
		<ol class="recipe">
			<li>${t('protect.step_paste')} <code dir="ltr">/etc/nginx/sites-enabled/</code></li>
			${other && html`<li>${t('protect.step_sites')} <code dir="ltr">GATEPOST_SITES=${NAME.test(v.host) ? v.host : 'app.example.com'}</code></li>`}
			<li><code dir="ltr">nginx -t && nginx -s reload</code></li>
		</ol>
		<p class="soft small">${t('protect.note')}</p>
	<//>`;
}
