'use strict';
/*
 * What the eye would stumble over on an open page, at the width that it has now.  Of a page with an open dialog, the dialog alone.
 *
 *	const faults = await layout_faults(page);
 *	const faults = await layout_faults(page, { within: '.dialog', but: [['text is cut', '.code', 'why']], met });
 *
 * `within` is a part to look at instead; `but` are known faults of others, by how the sentence begins and a selector of the
 * element, and those that are met are added to `met`.
 *
 * Each is a sentence; none is well.  What it looks for: the document or a dialog wider than its window; text that is cut or
 * stands out of its box; a word broken in two that had room on a line of its own (code excepted); the choice of a field that
 * its width hides; a line in a table's cell that is higher or lower than its row's; a control out of its box or under something
 * else; a target smaller than WCAG 2.2 lets it be (2.5.8).
 */

/** @param {import('playwright-core').Page} page @returns {Promise<string[]>} */
async function layout_faults(page, { within = '', but = [], met = new Set() } = {})
{
	const found = await page.evaluate(find_faults, [within, but]);

	found.known.forEach((i) => met.add(but[i]));
	return found.faults;
}

/* Runs in the page. */
function find_faults([within, but])
{
	const faults = new Set(), known = new Set();
	const root = document.documentElement;
	const dialogs = document.querySelectorAll('dialog[open]');
	const scope = within ? document.querySelector(within) : dialogs[dialogs.length - 1] || document.body;
	const styles = new Map();
	const style = (el) => styles.get(el) || styles.set(el, getComputedStyle(el)).get(el);
	const short = (el) => `<${el.tagName.toLowerCase()}${el.className && typeof el.className === 'string' ? ` class="${el.className}"` : ''}> “${(el.textContent || el.value
		|| el.getAttribute('aria-label') || '').trim().replace(/\s+/g, ' ').slice(0, 60)}”`;
	const add = (what, el) => {
		const i = but.findIndex(([begins, selector]) => what.startsWith(begins) && el.matches(selector));
		return i < 0 ? faults.add(`${what}: ${short(el)}`) : known.add(i);
	};
	const seen = new Map();
	/* For the ear alone, or not there at all. */
	const hides = (el) => el !== null && (seen.has(el) ? seen.get(el) : seen.set(el, el.matches('.hidden, .skip, .toasts, [hidden], option, noscript')
		|| style(el).clipPath === 'inset(50%)' || hides(el.parentElement)).get(el));
	const unseen = (el) => hides(el) || !el.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
	const turns = (el) => ['auto', 'scroll'].includes(style(el).overflowX);
	const clips = (el) => ['hidden', 'clip'].includes(style(el).overflowX);
	const clamped = (el) => style(el).webkitLineClamp !== 'none';
	const inline = (el) => ['inline', 'contents'].includes(style(el).display);

	if (root.scrollWidth > root.clientWidth)
		faults.add(`the document is wider than its window: ${root.scrollWidth} > ${root.clientWidth}`);
	if (scope !== document.body && scope.scrollWidth > scope.clientWidth)
		add(`the dialog is wider than its window by ${scope.scrollWidth - scope.clientWidth}`, scope);

	/* A table may be wider than its place, and code; nothing else is. */
	for (const el of scope.querySelectorAll('*'))
		if (el.scrollWidth > el.clientWidth + 1 && el.clientWidth > 0 && turns(el) && !el.matches('pre, code, textarea, input, select') && !unseen(el)
		    && ![...el.querySelectorAll('table, pre')].some((t) => style(t).display !== 'block' || t.tagName === 'PRE'))
			add(`scrolls sideways by ${el.scrollWidth - el.clientWidth}`, el);

	/* ---- text ---- */
	const range = document.createRange();
	const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
	/* A line cannot break inside of it. */
	const parts = /[^\s\u00ad\u200b\u2010-\u2014/?&=-]+/g;
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const el = node.parentElement;

		if (!/\S/.test(node.data) || unseen(el) || el.closest('textarea, select, svg, script, style'))
			continue;
		range.selectNodeContents(node);
		const rects = [...range.getClientRects()].filter((r) => r.width > 0);
		const sides = rects.length > 0 ? [Math.min(...rects.map((r) => r.left)), Math.max(...rects.map((r) => r.right))] : [0, 0];
		/* Its box, and every box that may hide a part of it. */
		let own = null;
		for (let box = el; box && box !== root; box = box.parentElement) {
			if (inline(box))
				continue;
			const r = box.getBoundingClientRect();
			/* Of kept blanks the last of a line hangs over. */
			const over = style(el).whiteSpace.startsWith('pre') ? 8 : 1.5;
			const out = sides[1] > r.right + over || sides[0] < r.left - over;
			if (turns(box))
				break;
			if (clips(box)) {
				const ends = style(box).textOverflow === 'ellipsis';
				if ((out || (ends && box.scrollWidth > box.clientWidth + 1)) && !(ends && box.closest('[title]')))
					add('text is cut', el);
				if (box === own && !clamped(box) && box.scrollHeight > box.clientHeight + 3)
					add('text is cut below', el);
				break;
			}
			if (!own && out)
				add(`text stands out of its box (<${box.tagName.toLowerCase()} class="${box.className}">) by ${Math.round(Math.max(sides[1] - r.right, r.left - sides[0]))}`, el);
			own = own || box;
			if (style(box).position === 'fixed')
				break;
		}
		if (rects.length < 2 || el.closest('code, pre, kbd, [data-verbatim]'))
			continue;
		const room = own ? own.clientWidth - parseFloat(style(own).paddingLeft) - parseFloat(style(own).paddingRight) : Infinity;
		for (const m of node.data.matchAll(parts)) {
			if (m[0].length < 2)
				continue;
			range.setStart(node, m.index);
			range.setEnd(node, m.index + m[0].length);
			const of_word = [...range.getClientRects()].filter((r) => r.width > 0);
			const lines = new Set(of_word.map((r) => Math.round(r.top / 4)));
			if (lines.size > 1 && of_word.reduce((n, r) => n + r.width, 0) < room - 1 && Math.max(...of_word.map((r) => r.top)) - Math.min(...of_word.map((r) => r.top)) > 8)
				add(`the word “${m[0].slice(0, 40)}” is broken in two`, el);
		}
	}

	/* ---- rows: what fills one line of its cell stands on the row's line ---- */
	for (const row of scope.querySelectorAll('tbody tr')) {
		if (style(row).display !== 'table-row' || unseen(row))
			continue;
		const middles = [];
		for (const cell of row.cells) {
			/* A bar above its words. */
			if (cell.querySelector('progress'))
				continue;
			const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
			let top = Infinity, bottom = -Infinity;

			for (let node = texts.nextNode(); node; node = texts.nextNode()) {
				if (!/\S/.test(node.data) || unseen(node.parentElement))
					continue;
				range.selectNodeContents(node);
				for (const r of range.getClientRects()) {
					top = Math.min(top, r.top);
					bottom = Math.max(bottom, r.bottom);
				}
			}
			if (bottom - top > 0 && bottom - top < 1.8 * parseFloat(style(cell).fontSize))
				middles.push([(top + bottom) / 2, cell]);
		}
		const mid = middles.map((m) => m[0]).sort((a, b) => a - b)[middles.length >> 1];
		for (const [at, cell] of middles)
			if (Math.abs(at - mid) > 2.5)
				add(`a cell’s text is off its row’s line by ${Math.round(10 * (at - mid)) / 10}`, cell);
	}

	/* ---- what fields hide ---- */
	const pen = document.createElement('canvas').getContext('2d');
	const named = (el) => el.getAttribute('aria-label') || (el.labels && el.labels[0] ? el.labels[0].textContent.trim().slice(0, 40) : el.name);
	for (const el of scope.querySelectorAll('select, input[type="date"], input[type="datetime-local"], input[type="time"]')) {
		if (unseen(el))
			continue;
		const s = style(el), width = el.getBoundingClientRect().width;
		let wanted;
		if (el.tagName === 'SELECT') {
			pen.font = s.font;
			wanted = pen.measureText(el.selectedOptions[0] ? el.selectedOptions[0].textContent.trim() : '').width + parseFloat(s.paddingLeft) + parseFloat(s.paddingRight)
				+ (s.appearance === 'none' ? 0 : 18);
		} else {
			/* The page's policy refuses the attribute, not this. */
			const before = el.style.cssText;
			el.style.cssText = `${before}; position: fixed; width: max-content; min-width: 0; max-width: none;`;
			wanted = el.getBoundingClientRect().width;
			el.style.cssText = before;
		}
		if (wanted > width + 2)
			add(`what a field says is cut (${Math.round(width)} of ${Math.round(wanted)}, ${named(el)})`, el);
	}
	for (const el of scope.querySelectorAll('input[placeholder], textarea[placeholder]')) {
		if (unseen(el) || el.value)
			continue;
		const s = style(el);
		pen.font = s.font;
		const room = el.clientWidth - parseFloat(s.paddingLeft) - parseFloat(s.paddingRight);
		if (pen.measureText(el.placeholder).width > room + 1 && el.tagName === 'INPUT')
			faults.add(`a field’s hint is cut: “${el.placeholder}”`);
	}

	/* ---- controls ---- */
	const kinds = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [role="option"], [role="tab"]';
	const places = [...document.querySelectorAll('*')].filter((el) => el.scrollTop || el.scrollLeft).map((el) => [el, el.scrollTop, el.scrollLeft]);
	const whole = (el) => {
		const label = el.matches('input[type="checkbox"], input[type="radio"], input[type="file"]') && el.closest('label');
		return label || el;
	};
	const targets = [...new Set([...scope.querySelectorAll(kinds)].filter((el) => !unseen(el) && !el.disabled).map(whole))];
	const boxes = targets.map((el) => {
		const r = el.getBoundingClientRect();
		return { el, r, x: (r.left + r.right) / 2, y: (r.top + r.bottom) / 2, small: r.width < 24 || r.height < 24 };
	}).filter((b) => b.r.width > 0 && b.r.height > 0);
	const away = (b, x, y) => Math.hypot(Math.max(b.r.left - x, 0, x - b.r.right), Math.max(b.r.top - y, 0, y - b.r.bottom));
	for (const b of boxes) {
		if (!b.small)
			continue;
		/* A link within a sentence is as high as its line. */
		if (b.el.tagName === 'A' && inline(b.el) && [...b.el.parentElement.childNodes].some((n) => n !== b.el && n.nodeType === 3 && /\S/.test(n.data)))
			continue;
		const near = boxes.find((o) => o !== b && !o.el.contains(b.el) && !b.el.contains(o.el) && (o.small ? Math.hypot(o.x - b.x, o.y - b.y) < 24 : away(o, b.x, b.y) < 12));
		if (near)
			add(`too small to press (${Math.round(b.r.width)}×${Math.round(b.r.height)}) and too near another (${short(near.el)})`, b.el);
	}
	for (const { el } of boxes) {
		el.scrollIntoView({ block: 'center', inline: 'nearest' });
		const r = el.getClientRects()[0] || el.getBoundingClientRect();
		for (let box = el.parentElement; box && box !== document.body && box !== scope; box = box.parentElement) {
			if (turns(box) || ['absolute', 'fixed', 'sticky'].includes(style(el).position))
				break;
			if (inline(box))
				continue;
			const b = box.getBoundingClientRect();
			if (r.right > b.right + 1.5 || r.left < b.left - 1.5) {
				add(`a control is out of its box (<${box.tagName.toLowerCase()} class="${box.className}">) by ${Math.round(Math.max(r.right - b.right, b.left - r.left))}`, el);
				break;
			}
			if (['absolute', 'fixed'].includes(style(box).position))
				break;
		}
		const x = (r.left + r.right) / 2, y = (r.top + r.bottom) / 2;
		if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight)
			continue;
		const hit = document.elementFromPoint(x, y);
		if (hit && hit !== el && !el.contains(hit) && !hit.closest('.toasts') && !(hit.closest('label') && hit.closest('label').control === el)
		    && !(el.closest('label') && el.closest('label').contains(hit)))
			add(`a control is under another thing (${short(hit)})`, el);
	}
	for (const el of document.querySelectorAll('*'))
		if (el.scrollTop || el.scrollLeft) {
			const was = places.find((p) => p[0] === el);
			el.scrollTop = was ? was[1] : 0;
			el.scrollLeft = was ? was[2] : 0;
		}
	return { faults: [...faults].slice(0, 20), known: [...known] };
}

module.exports = { layout_faults };
