-- 0035: devices that are gone for long are found by why and when they went.
ALTER TABLE device
	ADD KEY IF NOT EXISTS device_dead (dead_reason, dead_at);
