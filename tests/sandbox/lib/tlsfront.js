'use strict';
/*
 * A TLS listener that also knows the TCP socket under each TLS socket: only
 * that one can be reset (RST), and node hides it.
 *
 * `onSecure(tlsSocket, rawSocket)` is called once the handshake is done.
 * `upgrade(raw, onSecure)` runs the handshake on a socket of somebody else,
 * for STARTTLS.
 */
const net = require('node:net');
const tls = require('node:tls');

const HANDSHAKE_MS = 20000;

class TlsFront {
	constructor({ key, cert, alpn, counter, onSecure }) {
		this.raws = new Map();
		this.waiting = new Map();
		this.sockets = new Set();
		this.pending = new Map();
		this.server = tls.createServer({ key, cert, ALPNProtocols: alpn,
			minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS,
			noDelay: true });
		/* Before node's own listener, which starts the handshake. */
		this.server.prependListener('connection', (raw) => {
			if (this.waiting.has(raw.remotePort))
				return;
			this.track(raw);
			if (counter) {
				counter.connected();
				raw.once('close', () => counter.disconnected());
			}
		});
		this.server.on('secureConnection', (sock) => {
			const port = sock.remotePort;
			const upgraded = this.waiting.get(port);
			const raw = this.raws.get(port);

			sock.on('error', () => sock.destroy());
			if (upgraded) {
				this.waiting.delete(port);
				upgraded.onSecure(sock, upgraded.raw);
			} else if (raw) {
				onSecure(sock, raw);
			} else {
				sock.destroy();
			}
		});
		this.server.on('tlsClientError', (err, sock) => sock.destroy());
	}

	track(raw) {
		const port = raw.remotePort;

		this.sockets.add(raw);
		this.pending.set(raw, new Set());
		this.raws.set(port, raw);
		raw.on('error', () => raw.destroy());
		raw.once('close', () => {
			this.sockets.delete(raw);
			for (const go of this.pending.get(raw))
				go();
			this.pending.delete(raw);
			this.waiting.delete(port);
			if (this.raws.get(port) === raw)
				this.raws.delete(port);
		});
	}

	/*
	 * Calls `fn` once: when `stream` (a response or an HTTP/2 stream) closes
	 * or when the connection under it does. Node 18 does not tell a response
	 * or a stream that their connection was reset.
	 */
	onceGone(raw, stream, fn) {
		const pending = this.pending.get(raw);
		const go = () => {
			if (pending)
				pending.delete(go);
			stream.removeListener('close', go);
			fn();
		};

		if (pending)
			pending.add(go);
		stream.once('close', go);
	}

	rawOf(sock) {
		return this.raws.get(sock.remotePort) || null;
	}

	upgrade(raw, onSecure) {
		const port = raw.remotePort;

		this.waiting.set(port, { raw, onSecure });
		raw.once('close', () => this.waiting.delete(port));
		this.server.emit('connection', raw);
	}

	listen(port) {
		return listen(this.server, port);
	}

	close() {
		this.server.close();
		for (const raw of this.sockets)
			raw.destroy();
	}
}

/* Resolves to the bound port. */
function listen(server, port) {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen({ host: '127.0.0.1', port, backlog: 1024 }, () => {
			server.removeListener('error', reject);
			server.on('error', () => {});
			resolve(server.address().port);
		});
	});
}

/* RST instead of FIN: what the peer sees is "connection reset". */
function resetSocket(raw) {
	if (raw instanceof net.Socket && !raw.destroyed)
		raw.resetAndDestroy();
}

module.exports = { TlsFront, listen, resetSocket };
