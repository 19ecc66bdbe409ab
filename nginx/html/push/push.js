'use strict';
/*
 * The page that turns pushes on in this browser and sends it a test.
 *
 * Only same-origin calls; the session lives in cookies that scripts cannot read. A pasted token stays in its field: it is neither
 * stored nor put into an address. All text that comes from outside is set as text, never as markup.
 */
(() => {
	const SW = '/gatepost-sw.js';
	/* Not '/': a site on the same host may have a worker of its own there, and a registration of the same scope would replace it. */
	const SCOPE = '/push/';
	const KEPT = 'gatepost-push', TOLD = '/push/endpoint', WHOSE = 'X-Gatepost-User';	/* as the service worker has them */
	const WORDS = {
		fa: {
			title: 'اعلان‌های مرورگر', lead: 'در این مرورگر روشنشان کنید و یک اعلان آزمایشی برای خود بفرستید.',
			device: 'همین مرورگر', looking: 'در حال بررسی…', turn_on: 'روشن کردن اعلان‌ها', turn_off: 'خاموش کردن', subscription: 'اشتراک',
			account: 'حساب', name: 'شمارهٔ تلفن یا ایمیل', password: 'گذرواژه', sign_in: 'ورود', sign_out: 'خروج',
			test: 'ارسال آزمایشی',
			test_text: 'همهٔ مسیر را طی می‌کند: API، صف، سرویس اعلان و همین مرورگر. برای ارسال باید مدیر باشید یا توکنی با دسترسی push داشته باشید.',
			head: 'عنوان', body: 'متن', token: 'توکن', token_empty: '(خالی: نشست شما)', send: 'ارسال به همین مرورگر',
			hello: 'سلام از Gatepost', hello_text: 'اگر این را می‌خوانید، اعلان‌ها به این مرورگر می‌رسند.',
			got: 'اعلان‌های رسیده تا وقتی این صفحه باز است', nothing: 'هنوز چیزی نیست.',
			on: 'اعلان‌ها در این مرورگر روشن‌اند.', others: 'اعلان‌های این مرورگر به حساب دیگری تعلق دارند.',
			take: 'اگر روشن کنید، از این پس اعلان‌های شما به این مرورگر می‌رسند و اعلان‌های آن حساب دیگر نمی‌رسند.', blocked: 'اعلان‌های این سایت مسدودند.',
			unblock: 'در تنظیمات مرورگر برای این سایت (کنار نشانی) اجازه دهید و صفحه را دوباره بارگذاری کنید.',
			off: 'اعلان‌ها در این مرورگر خاموش‌اند.', will_ask: 'مرورگر از شما اجازه می‌خواهد.',
			who: (name) => `وارد شده‌اید: ${name}.`, stranger: 'وارد نشده‌اید. این مرورگر هنوز اعلان‌های کسی را می‌گیرد که آن‌ها را روشن کرد.',
			nobody: 'وارد نشده‌اید.', untitled: '(بدون عنوان)', no_key: (why) => `سرور کلیدی نداد: ${why}`,
			not_saved: (why) => `اشتراک انجام شد، ولی سرور آن را ذخیره نکرد: ${why}`,
			second: 'این حساب تأیید دومرحله‌ای دارد: از صفحهٔ ورود کنسول وارد شوید و برگردید.',
			sending: 'در حال ارسال…', accepted: 'ثبت شد؛ در راه است.', sent: 'فرستاده شد.',
			not_yours: 'ارسال فقط برای مدیران است: با حساب مدیر وارد شوید یا توکنی با دسترسی push وارد کنید.',
			none_here: 'این مرورگر از اعلان‌ها در اینجا پشتیبانی نمی‌کند.',
			ios: 'در آیفون و آیپد (۱۶٫۴ به بالا): Share ← Add to Home Screen، سپس این صفحه را از آنجا باز کنید.',
			private: 'شاید پنجرهٔ ناشناس است، یا مرورگر از Web Push پشتیبانی نمی‌کند.', insecure: 'اعلان‌ها به نشانی امن (https) نیاز دارند.',
			refused: (why) => `مرورگر service worker را نپذیرفت: ${why}`, untrusted: 'علت معمول: گواهی‌ای که مرورگر به آن اعتماد ندارد.',
		},
		en: {
			hello: 'Hello from Gatepost', hello_text: 'If you can read this, pushes reach this browser.',
			on: 'Notifications are on in this browser.', others: 'The notifications of this browser are another account’s.',
			take: 'Turn them on, and this browser gets yours from then on, and theirs no more.', blocked: 'Notifications are blocked for this site.',
			unblock: 'Allow them in the browser’s site settings (beside the address), then reload this page.',
			off: 'Notifications are off in this browser.', will_ask: 'Your browser will ask for permission.',
			who: (name) => `Signed in as ${name}.`, stranger: 'Not signed in. This browser still gets the pushes of whoever turned them on.',
			nobody: 'Not signed in.', untitled: '(no title)', no_key: (why) => `The server gave no key: ${why}`,
			not_saved: (why) => `Subscribed, but the server did not save it: ${why}`,
			second: 'This account needs a second factor: sign in through the console, then come back.',
			sending: 'Sending…', accepted: 'Accepted; it is on its way.', sent: 'Sent.',
			not_yours: 'Sending needs an administrator: sign in as one, or paste a token with the push scope.',
			none_here: 'This browser has no push notifications here.',
			ios: 'On iPhone and iPad (16.4 or later): Share → Add to Home Screen, then open this page from there.',
			private: 'A private window, or a browser without Web Push?', insecure: 'They need a secure (https) address.',
			refused: (why) => `The browser refused the service worker: ${why}`, untrusted: 'A certificate that the browser does not trust is the usual cause.',
		},
	};
	const say = speak(WORDS);
	const $ = (id) => document.getElementById(id);
	let registration = null;
	let user = null;

	/* ---- the API ---- */

	async function call(method, path, body, token)
	{
		const headers = { Accept: 'application/json', 'X-Gatepost': '1' };

		if (body !== undefined)
			headers['Content-Type'] = 'application/json';
		if (token)
			headers.Authorization = `Bearer ${token}`;
		const answer = await fetch(path, {
			method, headers, cache: 'no-store',
			credentials: token ? 'omit' : 'same-origin',
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		let json = null;
		try {
			json = await answer.json();
		} catch {
			/* an empty or foreign body: the status says enough */
		}
		return { status: answer.status, ok: answer.ok, json: json || {} };
	}

	/* As call(), with one refresh when the access cookie ran out. Tabs share the cookies: one of them refreshes at a time. */
	async function call_signed_in(method, path, body)
	{
		const first = await call(method, path, body);
		if (first.status !== 401)
			return first;
		const refresh = async () => {
			const again = await call(method, path, body);	/* another tab may have refreshed while we waited */
			if (again.status !== 401)
				return again;
			const fresh = await call('POST', '/api/auth/token/refresh/?tokens=cookie', {});
			return fresh.ok ? call(method, path, body) : again;
		};
		return navigator.locks ? navigator.locks.request('gatepost-refresh', refresh) : refresh();
	}

	/* What went wrong, in the server's own words where it has some. */
	function reason(answer)
	{
		const j = answer.json;
		const fields = j.errors ? Object.entries(j.errors).map(([f, e]) => `${f}: ${[].concat(e).join(' ')}`).join('; ') : '';
		return [j.detail || j.title || (typeof j.error === 'string' ? j.error : '') || `status ${answer.status}`, fields].filter(Boolean).join(' — ');
	}

	/* ---- showing ---- */

	function note(el, text, kind)
	{
		el.textContent = text;
		el.classList.toggle('good', kind === 'good');
		el.classList.toggle('bad', kind === 'bad');
		el.hidden = false;
	}

	function hint(text)
	{
		$('hint').textContent = text;
		$('hint').hidden = !text;
	}

	async function current()
	{
		return registration ? registration.pushManager.getSubscription() : null;
	}

	/* What an account was told last of this browser, and whose it is; null: nothing that is known. */
	async function told()
	{
		const had = await caches.open(KEPT).then((c) => c.match(TOLD)).catch(() => null);
		return had ? { endpoint: await had.text(), user: had.headers.get(WHOSE) } : null;
	}

	/* Whether another account than the one that is signed in turned them on. */
	async function others()
	{
		const had = user && await told();
		return Boolean(had && had.user && had.user !== String(user.id));
	}

	async function render()
	{
		const sub = await current();
		const foreign = sub !== null && await others();

		$('enable').hidden = sub !== null && !foreign;
		$('enable').disabled = registration === null || Notification.permission === 'denied';
		$('disable').hidden = sub === null;
		$('send-button').disabled = sub === null;
		$('details').hidden = sub === null;
		$('subscription').textContent = sub ? JSON.stringify(sub.toJSON(), null, 2) : '';
		if (sub) {
			note($('state'), foreign ? say.others : say.on, foreign ? '' : 'good');
			hint(foreign ? say.take : '');
		} else if (Notification.permission === 'denied') {
			note($('state'), say.blocked, 'bad');
			hint(say.unblock);
		} else {
			note($('state'), say.off);
			hint(say.will_ask);
		}
		$('signin').hidden = user !== null;
		$('signout').hidden = user === null;
		if (user)
			note($('who'), say.who(`\u2068${user.email || user.phone_number || user.id}\u2069`), 'good');
		else
			note($('who'), sub ? say.stranger : say.nobody);
	}

	function received(payload, at)
	{
		const li = document.createElement('li');
		const title = document.createElement('strong');

		const text = document.createElement('span');
		const time = document.createElement('time');

		title.textContent = String(payload.title || payload.head || say.untitled);
		text.textContent = String(payload.body || '');
		time.textContent = new Date(at).toLocaleTimeString(document.documentElement.lang);
		title.dir = text.dir = 'auto';	/* a message may be in a script written from right to left */
		li.append(title, text, time);
		li.dataset.payload = JSON.stringify(payload);
		$('received').prepend(li);
		while ($('received').childElementCount > 50)
			$('received').lastElementChild.remove();
		$('none').hidden = true;
	}

	/* ---- subscribing ---- */

	function to_bytes(base64url)
	{
		const raw = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'));
		return Uint8Array.from(raw, (c) => c.charCodeAt(0));
	}

	function same_bytes(a, b)
	{
		return a.length === b.length && a.every((x, i) => x === b[i]);
	}

	/*
	 * Subscribes with the server's key; a subscription made with an older key can receive nothing any more and is replaced, and so is
	 * another account's, whose messages that are on their way come to nobody.
	 */
	async function subscribe()
	{
		const answer = await call('GET', '/api/push/vapid-key/');
		if (!answer.ok)
			throw new Error(say.no_key(reason(answer)));
		const key = to_bytes(answer.json.public_key);
		const old = await current();
		if (old) {
			const with_key = old.options && old.options.applicationServerKey;
			if (with_key && same_bytes(new Uint8Array(with_key), key) && !await others())
				return old;
			await old.unsubscribe();
		}
		return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
	}

	/* Tells the account about this browser. Repeating it is harmless: the server knows a subscription by its endpoint. */
	async function save(sub)
	{
		if (!user || !sub)
			return;
		const had = await told();
		const answer = await call_signed_in('POST', '/api/push/subscriptions/',
			{ subscription: sub.toJSON(), ...(had && had.endpoint !== sub.endpoint ? { replaces: had.endpoint } : {}) });
		if (!answer.ok)
			throw new Error(say.not_saved(reason(answer)));
		await caches.open(KEPT).then((c) => c.put(TOLD, new Response(sub.endpoint, { headers: { [WHOSE]: String(user.id) } }))).catch(() => {});
	}

	/* What a visit mends: a key that changed on the server, a subscription the account never heard of.  Another's is theirs. */
	async function mend()
	{
		if (await current() && !await others())
			await save(await subscribe());
		await render();
	}

	async function enable()
	{
		const permission = await Notification.requestPermission();
		await who_am_i();		/* of this moment: another tab may have signed somebody else in */
		if (permission === 'granted')
			await save(await subscribe());
		await render();
	}

	async function disable()
	{
		const sub = await current();
		if (sub && user) {
			const list = await call_signed_in('GET', '/api/push/subscriptions/?limit=100');
			const row = ((list.json && list.json.results) || []).find((r) => r.endpoint === sub.endpoint);
			if (row)
				await call_signed_in('DELETE', `/api/push/subscriptions/${encodeURIComponent(row.id)}/`);
		}
		if (sub)
			await sub.unsubscribe();
		await caches.delete(KEPT).catch(() => {});
		await render();
	}

	/* ---- the account ---- */

	async function sign_in(event)
	{
		event.preventDefault();
		const form = event.target;
		const answer = await call('POST', '/api/auth/login/?tokens=cookie',
			{ username: form.elements.username.value.trim(), password: form.elements.password.value });
		form.elements.password.value = '';
		if (!answer.ok)
			return note($('who'), reason(answer), 'bad');
		if (answer.json.mfa_required)
			return note($('who'), say.second, 'bad');
		await who_am_i();
		await mend();
	}

	async function who_am_i()
	{
		const answer = await call_signed_in('GET', '/api/auth/profile/');
		/* Nobody is signed in when that was said, not when nothing was. */
		if (answer.ok || answer.status === 401)
			user = answer.ok ? answer.json : null;
		else if (!user)
			throw new Error(reason(answer));
		await render();
	}

	async function sign_out()
	{
		const answer = await call('POST', '/api/auth/logout/', {});

		/* Who believes to be signed out, and is not, leaves the account open. */
		if (!answer.ok && answer.status !== 401)
			throw new Error(reason(answer));
		user = null;
		await render();
	}

	/* ---- the test ---- */

	async function send(event)
	{
		event.preventDefault();
		const f = event.target.elements;
		const sub = await current();
		const message = { subscription_info: sub.toJSON(), title: f.title.value, body: f.body.value, url: '/push/', ttl: 60 };
		const token = f.token.value.trim();

		note($('sent'), say.sending);	/* neither good nor bad yet */
		const answer = token ? await call('POST', '/api/push/send/single/', message, token)
			: await call_signed_in('POST', '/api/push/send/single/', message);
		if (answer.status === 202)
			note($('sent'), say.accepted, 'good');
		else if (answer.ok)
			note($('sent'), answer.json.message || say.sent, 'good');
		else if (!token && (answer.status === 401 || answer.status === 403))
			note($('sent'), say.not_yours, 'bad');
		else
			note($('sent'), reason(answer), 'bad');
	}

	/* ---- start ---- */

	/* Runs an action of a button: shows its failure, and keeps it from being started twice. */
	function guarded(button, where, action)
	{
		let busy = false;
		return async (event) => {
			if (event.type === 'submit')
				event.preventDefault();
			if (busy)
				return;
			busy = true;
			button.setAttribute('aria-busy', 'true');
			try {
				await action(event);
			} catch (e) {
				note(where, e.message || String(e), 'bad');
			} finally {
				busy = false;
				button.removeAttribute('aria-busy');
			}
		};
	}

	async function start()
	{
		$('send').elements.title.value = say.hello;
		$('send').elements.body.value = say.hello_text;
		/* Outside its scope the page would wait for its worker for ever. */
		if (!location.pathname.startsWith(SCOPE)) {
			location.replace(SCOPE);
			return;
		}
		const ios = /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1);

		if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) {
			note($('state'), say.none_here, 'bad');
			hint(ios ? say.ios
				: window.isSecureContext ? say.private : say.insecure);
			return;
		}
		$('enable').addEventListener('click', guarded($('enable'), $('state'), enable));
		$('disable').addEventListener('click', guarded($('disable'), $('state'), disable));
		$('signin').addEventListener('submit', guarded($('signin'), $('who'), sign_in));
		$('signout').addEventListener('click', guarded($('signout'), $('who'), sign_out));
		$('send').addEventListener('submit', guarded($('send-button'), $('sent'), send));
		navigator.serviceWorker.addEventListener('message', (event) => {
			const m = event.data || {};
			if (m.type === 'gatepost-push')
				received(m.payload, m.at);
			else if (m.type === 'gatepost-resubscribed')
				render();
		});
		navigator.serviceWorker.startMessages();
		try {
			await navigator.serviceWorker.register(SW, { scope: SCOPE, updateViaCache: 'none' });
			registration = await navigator.serviceWorker.ready;
		} catch (e) {
			note($('state'), say.refused(e.message), 'bad');
			hint(say.untrusted);
			return;
		}
		await render();
		/* Shown again: who it is may have changed in another tab, or since "back" left this page aside. */
		const look = () => !document.hidden && who_am_i().catch(() => {});
		document.addEventListener('visibilitychange', look);
		window.addEventListener('pageshow', (event) => event.persisted && look());
		await who_am_i();
		await mend();
	}

	start().catch((e) => note($('state'), e.message || String(e), 'bad'));
})();
