/*
 * Sign in by cookies that nginx sets, and go on (onward.js) to where the
 * visitor came from: by password or code, then the second step where the
 * account has one.  Somebody who is signed in already, or whose session can be
 * refreshed, goes on without being asked.  Visitors also come here in the middle: another site's
 * sign-in, or the link of a mail, leaves `#mfa_token=` for the second step;
 * `#link_token=` is an identity that the owner may connect after signing in.
 * Both are taken out of the address at once.
 */
'use strict';

const $ = (id) => document.getElementById(id);
const said = $('said');
const forms = ['signin', 'ask', 'code', 'second', 'link'];
const state = { register_id: null, mfa_token: null, methods: [], method: null, link_token: null, provider: null };

function show(name, text = '')
{
	for (const f of forms)
		$(f).hidden = f !== name;
	$('where').hidden = (name !== 'signin' && name !== 'ask') || !asked.has('rd');
	$('new').hidden = name !== 'signin';
	document.title = document.querySelector('h1').textContent = words.titles[name] || words.connect_to(state.provider);
	said.textContent = text;
	said.className = '';
	const field = $(name).querySelector('input');
	if (field) {
		if (name === 'code' || name === 'second')
			field.value = '';
		field.focus();
	}
}

async function ask(path, body)
{
	const answer = await ask_json(path, body);
	return { ok: answer.ok, body: { ...await answer.json().catch(() => ({})), when: when_again(answer) } };
}

function sentence(problem)
{
	const first = Object.values(problem.errors || {})[0];
	return [words.answers[problem.code] || (first && first[0]) || problem.detail || words.failed, problem.when].filter(Boolean).join(' ');
}

function start(text)
{
	state.mfa_token = state.register_id = null;
	$('password').value = '';
	show('signin', text);
}

/* --- the second step ------------------------------------------------------- */

function second(token, methods)
{
	state.mfa_token = token;
	state.methods = methods;
	if (methods.length === 0) {
		start(words.no_way);
		return undefined;
	}
	return choose(methods[0]);
}

/* Codes by SMS and mail are sent; the other two are at hand. */
async function choose(method)
{
	let to = '', trouble = '';

	if (method === 'sms' || method === 'email') {
		const { ok, body } = await ask('/api/auth/mfa/challenge/', { mfa_token: state.mfa_token, method });
		if (body.code === 'invalid_mfa_token') {
			start(sentence(body));
			return;
		}
		/* Nothing was sent.  The person may have a code from before, or wait. */
		if (!ok)
			trouble = sentence(body);
		to = body.sent_to ? shown(body.sent_to) : '…';
	}
	state.method = method;
	ways(method);
	$('second_how').textContent = typeof words.how[method] === 'function' ? words.how[method](to) : words.how[method];
	$('factor').inputMode = method === 'recovery' ? 'text' : 'numeric';
	show('second', trouble);
}

function ways(current)
{
	$('ways').replaceChildren(...state.methods.filter((m) => m !== current && m in words.way).map((m) => {
		const button = document.createElement('button');
		button.type = 'button';
		button.className = 'plain';
		button.textContent = words.way[m];
		button.addEventListener('click', () => run($('second'), () => choose(m)));
		return button;
	}));
}

/* A browser that keeps no cookies keeps the site from all else as well. */
function no_cookies()
{
	try {
		return !navigator.cookieEnabled || !localStorage;
	} catch {
		return true;
	}
}

/* --- signed in --------------------------------------------------------------- */

async function leave()
{
	/* There the visitor would be nobody, and be sent back here. */
	if (no_cookies())
		said.textContent = words.no_cookies;
	else if (!await go_on())
		location.replace('/console/');
}

function entered(body)
{
	if (body.mfa_required)
		return second(body.mfa_token, body.methods);
	if (state.link_token) {
		$('link_how').textContent = words.link(state.provider);
		show('link');
		return undefined;
	}
	return leave();
}

const steps = {
	async signin(form)
	{
		if (!form.username.value || !form.password.value) {
			said.textContent = words.both;
			return;
		}
		const { ok, body } = await ask('/api/auth/login/?tokens=cookie',
		    { username: form.username.value, password: form.password.value });
		if (ok) {
			await entered(body);
		} else if (body.code === 'account_closing' && body.restore_token) {
			/* The password was right: the account may still be kept. */
			location.assign(`/console/restore/#${body.restore_token}`);
		} else if (body.code === 'not_verified' && body.register_id) {
			state.register_id = body.register_id;
			$('code_sent').textContent = words.not_proved;
			show('code');
		} else {
			said.textContent = sentence(body);
		}
	},
	async ask(form)
	{
		const to = form.address.value.trim();
		if (!to) {
			said.textContent = words.one;
			return;
		}
		const { ok, body } = await ask('/api/auth/otp/request/',
		    { [to.includes('@') ? 'email' : 'phone_number']: to, next: onward_path() });
		if (!ok) {
			said.textContent = sentence(body);
			return;
		}
		state.register_id = body.register_id;
		$('code_sent').textContent = words.sent(shown(to));
		show('code');
	},
	async code(form)
	{
		const code = digits(form.otp.value);
		if (!code) {
			said.textContent = words.no_code;
			return;
		}
		const { ok, body } = await ask('/api/auth/otp/verify/?tokens=cookie',
		    { register_id: state.register_id, otp_code: code });
		if (ok)
			await entered(body);
		else
			said.textContent = sentence(body);
	},
	async second(form)
	{
		const code = (state.method === 'recovery' ? latin : digits)(form.factor.value);
		if (!code) {
			said.textContent = words.no_code;
			return;
		}
		const { ok, body } = await ask('/api/auth/mfa/verify/?tokens=cookie',
		    { mfa_token: state.mfa_token, code, method: state.method });
		if (ok)
			await entered(body);
		else if (body.code === 'invalid_mfa_token' || body.code === 'too_many_tries')
			start(sentence(body));
		else
			said.textContent = sentence(body);
	},
	async link()
	{
		const { ok } = await ask('/api/auth/social/link/', { link_token: state.link_token });
		state.link_token = null;
		if (ok) {
			await leave();
			return;
		}
		said.textContent = words.no_link;
		$('link').querySelector('button').hidden = $('link_how').hidden = true;
		$('no_link').textContent = words.on;
		$('no_link').className = '';
	},
};

/* One thing at a time: what the person waits for takes no second press. */
async function run(form, step)
{
	const buttons = [...form.querySelectorAll('button')];

	for (const b of buttons)
		b.disabled = true;
	said.textContent = said.className = '';
	try {
		await step(form);
	} catch {
		said.textContent = words.away;
	}
	for (const b of buttons)
		b.disabled = false;
}

for (const name of forms)
	$(name).addEventListener('submit', (event) => {
		event.preventDefault();
		run($(name), steps[name]);
	});
$('by_code').addEventListener('click', () => {
	$('address').value = $('username').value;
	show('ask');
});
$('by_password').addEventListener('click', () => {
	$('username').value = $('address').value;
	show('signin');
});
$('again').addEventListener('click', () => run($('code'), async () => {
	const { ok, body } = await ask('/api/auth/otp/refresh/', { register_id: state.register_id });
	said.textContent = ok ? words.sent_again : sentence(body);
	said.className = ok ? 'good' : '';
}));
for (const id of ['anew', 'second_anew'])
	$(id).addEventListener('click', () => start(''));
$('no_link').addEventListener('click', () => run($('link'), leave));

/* On arrival only with a page to go back to: whoever opens this page by itself wants the form. */
async function arrive()
{
	if (asked.has('sig') && !await go_on() && await refresh())
		await go_on();
}

if (no_cookies())
	said.textContent = words.no_cookies;

/* In the middle: see above. */
$('where').hidden = !asked.has('rd');
const arrived = new URLSearchParams(location.hash.slice(1));
if (location.hash)
	history.replaceState(null, '', location.pathname + location.search);
if (arrived.get('link_token')) {
	state.link_token = arrived.get('link_token');
	state.provider = (arrived.get('provider') || '').replace(/[^\w-]/g, '').replace(/^./, (c) => c.toUpperCase());
	show('signin', words.link_first(state.provider));
	said.className = 'info';
}
/* What was done on the page before, which is no more: said once. */
try {
	const done = sessionStorage.getItem('gatepost-closed');
	if (done) {
		said.textContent = done;
		said.className = 'info';
	}
	sessionStorage.removeItem('gatepost-closed');
} catch {
	/* no storage */
}
if (arrived.get('mfa_token'))
	run($('second'), () => second(arrived.get('mfa_token'), (arrived.get('methods') || '').split(',').filter((m) => m in words.way)));
else if (!state.link_token)
	arrive().catch(() => { /* the form is there */ });
