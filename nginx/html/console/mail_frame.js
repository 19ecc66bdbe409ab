/*
 * A mail as its reader sees it, with nothing in it that does anything.
 *
 * Mails carry their styles at their elements, which no policy without
 * unsafe-inline lets a page hold.  So nothing is handed to a parser that acts:
 * the mail is parsed where scripts do not run and nothing is fetched
 * (DOMParser), and what is on the lists below is made anew in a frame, its
 * styles through CSSOM, which policies do not speak of.  Should the lists let
 * something through: the frame runs no scripts and opens nothing (sandbox),
 * has the console's policy and, of its own, one that fetches nothing.  What is
 * in it stays in it, however it is placed.
 */
import { html, useEffect, useRef, useState } from './lib.js';
import { t } from './i18n.js';

const EMPTY = `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:">`
	+ '<meta name="referrer" content="no-referrer"><title>-</title>';
/* Others are left out and what is in them stays, as mail programs do it; of DROPPED nothing stays. */
const KEPT = new Set(('a abbr address article aside b big blockquote br caption center cite code col colgroup dd del div dl dt em figcaption figure'
	+ ' font footer h1 h2 h3 h4 h5 h6 header hr i img ins li main mark ol p pre q s section small span strike strong sub sup table tbody td tfoot th'
	+ ' thead time tr tt u ul wbr').split(' '));
const DROPPED = new Set(('applet audio base canvas dialog embed frame frameset head iframe input link math meta noframes noscript object script select style'
	+ ' svg template textarea title video').split(' '));
const ATTRIBUTES = new Set(('align alt bgcolor border cellpadding cellspacing class color colspan dir face height hidden id lang reversed role rowspan'
	+ ' size start title valign width').split(' '));
const OWN = 'a{color:LinkText;text-decoration:underline}img:not([src]){outline:1px dashed GrayText;min-width:1em;min-height:1em}';

/*
 * What the policies refuse they report, and a browser's console full of that hides what matters; so what is refused is not asked for.
 * A parsed document has the page's policy: styles and handlers of events stand under other names in it, sheets as the element that
 * is raw text in a head.
 */
function quiet(source)
{
	return source.replace(/<(\/?)style\b/gi, '<$1noframes data-sheet=""').replace(/<[a-z][^\s/>]*(?=[\s/])(?:"[^"]*"|'[^']*'|[^'">])*>/gi,
		(tag) => tag.replace(/"[^"]*"|'[^']*'|([\s/])(style|on[a-z]+)(?=\s*=)/gi, (all, before, name) => (before ? `${before}data-${name}` : all)));
}

function without_fetches(css, count)
{
	return css.replace(/@import\b[^;{}]*;?|@font-face\s*\{[^}]*\}/gi, '').replace(/url\(\s*(?!["']?data:)(?:"[^"]*"|'[^']*'|[^)"']*)\s*\)/gi, () => {
		count.left++;
		return 'url("data:,")';
	});
}

/* The sheets of the mail, read in the light or the dark whatever the browser is in. */
function sheet_of(mail, dark, count)
{
	const texts = [...mail.querySelectorAll('[data-sheet]')].map((s) => (s.getAttribute('media') ? `@media ${s.getAttribute('media')}{${s.textContent}}`
		: s.textContent));

	return without_fetches(texts.join('\n'), count).replace(/\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)/gi,
		(_, scheme) => ((scheme.toLowerCase() === 'dark') === dark ? '(min-width:0)' : '(max-width:0)'));
}

function dress(from, to, count)
{
	for (const { name, value } of from.attributes)
		if (ATTRIBUTES.has(name))
			to.setAttribute(name, value);
	if (from.hasAttribute('data-style'))
		to.style.cssText = without_fetches(from.getAttribute('data-style'), count);
}

function copy(from, to, count)
{
	for (const node of from.childNodes) {
		const name = node.nodeType === Node.ELEMENT_NODE ? node.localName : '';

		if (node.nodeType === Node.TEXT_NODE)
			to.append(node.data);
		if (!name || DROPPED.has(name))
			continue;
		if (!KEPT.has(name)) {
			copy(node, to, count);
			continue;
		}
		const made = to.ownerDocument.createElement(name);
		dress(node, made, count);
		if (name === 'a' && node.hasAttribute('href'))
			made.title = node.getAttribute('href');
		if (name === 'img' && /^data:image\//i.test(node.getAttribute('src') || ''))
			made.src = node.getAttribute('src');
		else if (name === 'img')
			count.left++;
		to.append(made);
		copy(node, made, count);
	}
}

/* How many pictures were left out. */
function draw(frame, source, dark)
{
	const page = frame.contentDocument, { CSSStyleSheet } = frame.contentWindow;
	const mail = new DOMParser().parseFromString(quiet(source), 'text/html');
	const schemes = /** @type {HTMLMetaElement} */ (mail.querySelector('meta[name="color-scheme" i], meta[name="supported-color-schemes" i]'));
	const sheets = [new CSSStyleSheet(), new CSSStyleSheet()];
	const count = { left: 0 };
	const css = sheet_of(mail, dark, count);
	const both = /\bdark\b/i.test(schemes?.content || '') || /color-scheme\s*:[^;}]*\bdark\b/i.test(css);

	sheets[0].replaceSync(OWN);
	sheets[1].replaceSync(css);
	page.adoptedStyleSheets = sheets;
	page.body.replaceWith(page.createElement('body'));
	for (const [from, to] of [[mail.documentElement, page.documentElement], [mail.body, page.body]]) {
		for (const { name } of [...to.attributes])
			to.removeAttribute(name);
		dress(from, to, count);
	}
	/* A mail that knows no dark is shown in the light. */
	page.documentElement.style.colorScheme = both && dark ? 'dark' : 'light';
	copy(mail.body, page.body, count);
	return count.left;
}

/* As high as what is in it, up to where it turns; measured from low, for a mail may be as high as its window. */
function fit(frame)
{
	frame.style.height = '6rem';
	frame.style.height = `min(${frame.contentDocument.documentElement.scrollHeight + 2}px, 44rem)`;
}

/** @param {{source: string, dark: boolean}} props  `source`: the mail's HTML, whoever wrote it */
export function MailFrame({ source, dark })
{
	const frame = useRef(null);
	const [ready, set_ready] = useState(false);
	const [left, set_left] = useState(0);

	useEffect(() => {
		if (!ready)
			return undefined;
		set_left(draw(frame.current, source, dark));
		fit(frame.current);
		for (const img of frame.current.contentDocument.images)
			img.addEventListener('load', () => frame.current && fit(frame.current), { once: true });
		let width = frame.current.clientWidth;
		const watch = new ResizeObserver(() => {
			if (frame.current && frame.current.clientWidth !== width) {
				width = frame.current.clientWidth;
				fit(frame.current);
			}
		});
		watch.observe(frame.current);
		return () => watch.disconnect();
	}, [ready, source, dark]);

	return html`<iframe ref=${frame} class="mail-frame" sandbox="allow-same-origin" tabindex="0" title=${t('template.mail')} srcdoc=${EMPTY}
			onLoad=${() => set_ready(true)} />
		${left > 0 && html`<p class="small soft">${t('template.pictures', { n: left })}</p>`}`;
}
