/* TypeScript's worker is any worker; ours is one of service, whose events are its own. */
interface WorkerGlobalScope { clients: Clients; registration: ServiceWorkerRegistration; skipWaiting(): Promise<void> }
interface Event { data: any; notification: any; waitUntil(done: Promise<any>): void }
