-- 0017: templates.  Forward only; written to be run again after a kill.
-- A version's definition never changes (channel/template.h): what refers to
-- it keeps its meaning.

CREATE TABLE IF NOT EXISTS template (
	id		BIGINT UNSIGNED NOT NULL,
	name		VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	description	VARCHAR(255) NOT NULL DEFAULT '',
	active_version	INT UNSIGNED NOT NULL DEFAULT 1,
	versions	INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'the newest',
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	updated_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (id),
	UNIQUE KEY template_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS template_version (
	template_id	BIGINT UNSIGNED NOT NULL,
	version		INT UNSIGNED NOT NULL,
	made_key	BIGINT UNSIGNED NOT NULL COMMENT 'of the request: its redo meets it (D20)',
	definition	MEDIUMTEXT NOT NULL COMMENT 'JSON',
	created_at	DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
	PRIMARY KEY (template_id, version),
	UNIQUE KEY template_version_made (template_id, made_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The ready ones of the contract, word for word.  Ids below a million are ours.
INSERT IGNORE INTO template (id, name, description) VALUES
    (1, 'new_order', 'To the seller: somebody ordered'),
    (2, 'order_status_update', 'To the buyer: the order went on'),
    (3, 'new_message', 'A message is waiting'),
    (4, 'payment_confirmed', 'A payment went through'),
    (5, 'new_review', 'To the seller: a review'),
    (6, 'product_approved', 'To the seller: a product may be sold'),
    (7, 'welcome', 'To somebody new: the mail carries the link'),
    (8, 'article_published', 'An article was published');
INSERT IGNORE INTO template_version (template_id, version, made_key, definition) VALUES
    (1, 1, 1,
    '{"type": "order", "variables": {"buyer_first_name": {"type": "string"}, "product_name": {"type": "string"}, "orderId": {"type": "id"}}, "data": {"type": "order", "orderId": "{orderId}"}, "default_locale": "en", "locales": {"en": {"title": "New Order! 🎉", "body": "{buyer_first_name} ordered {product_name}"}, "fa": {"title": "سفارش جدید! 🎉", "body": "{buyer_first_name} محصول {product_name} را سفارش داد"}}}');
INSERT IGNORE INTO template_version (template_id, version, made_key, definition) VALUES
    (2, 1, 1,
    '{"type": "order", "variables": {"status": {"type": "string"}, "orderId": {"type": "id"}}, "data": {"type": "order", "orderId": "{orderId}"}, "default_locale": "en", "locales": {"en": {"title": "Order Update", "body": {"by": "status", "cases": {"processing": "Your order is being processed", "shipped": "Your order has been shipped", "delivered": "Your order has been delivered", "cancelled": "Your order has been cancelled"}, "else": "Order status: {status}"}}, "fa": {"title": "وضعیت سفارش", "body": {"by": "status", "cases": {"processing": "سفارش شما در حال آماده‌سازی است", "shipped": "سفارش شما فرستاده شد", "delivered": "سفارش شما تحویل داده شد", "cancelled": "سفارش شما لغو شد"}, "else": "وضعیت سفارش: {status}"}}}}');
INSERT IGNORE INTO template_version (template_id, version, made_key, definition) VALUES
    (3, 1, 1,
    '{"type": "message", "variables": {"sender_first_name": {"type": "string"}, "threadId": {"type": "id"}}, "data": {"type": "message", "threadId": "{threadId}"}, "default_locale": "en", "locales": {"en": {"title": "New message from {sender_first_name}", "body": "Tap to view message"}, "fa": {"title": "پیام جدید از {sender_first_name}", "body": "برای دیدن پیام لمس کنید"}}}');
INSERT IGNORE INTO template_version (template_id, version, made_key, definition) VALUES
    (4, 1, 1,
    '{"type": "payment", "variables": {"product_name": {"type": "string"}, "orderId": {"type": "id"}}, "data": {"type": "payment", "orderId": "{orderId}"}, "default_locale": "en", "locales": {"en": {"title": "Payment Confirmed ✅", "body": "Payment for {product_name} was successful"}, "fa": {"title": "پرداخت تأیید شد ✅", "body": "پرداخت برای {product_name} انجام شد"}}}');
INSERT IGNORE INTO template_version (template_id, version, made_key, definition) VALUES
    (5, 1, 1,
    '{"type": "review", "variables": {"product_name": {"type": "string"}, "rating": {"type": "number"}, "productId": {"type": "id"}}, "data": {"type": "review", "productId": "{productId}"}, "default_locale": "en", "locales": {"en": {"title": "New Review ⭐", "body": "Your product \\"{product_name}\\" received a {rating}-star review"}, "fa": {"title": "نظر جدید ⭐", "body": "محصول شما «{product_name}» یک نظر {rating} ستاره گرفت"}}}');
INSERT IGNORE INTO template_version (template_id, version, made_key, definition) VALUES
    (6, 1, 1,
    '{"type": "product", "variables": {"product_name": {"type": "string"}, "productId": {"type": "id"}}, "data": {"type": "product", "productId": "{productId}"}, "default_locale": "en", "locales": {"en": {"title": "Product Approved ✅", "body": "Your product \\"{product_name}\\" has been approved"}, "fa": {"title": "محصول تأیید شد ✅", "body": "محصول شما «{product_name}» تأیید شد"}}}');
INSERT IGNORE INTO template_version (template_id, version, made_key, definition) VALUES
    (7, 1, 1,
    '{"type": "system", "channels": ["email", "in_app"], "variables": {"first_name": {"type": "string", "required": false}, "link": {"type": "url"}}, "data": {"type": "welcome", "url": "{link}"}, "default_locale": "en", "locales": {"en": {"title": "Welcome to {site}", "body": "Hello {first_name|there}, your account is ready.", "url": "{link}", "email": {"subject": "Welcome to {site}", "text": "Hello {first_name|there}, your account is ready.\\n\\n{link}", "html": "<!doctype html><html lang=\\"en\\" dir=\\"ltr\\"><head><meta charset=\\"utf-8\\"></head><body style=\\"margin:0;padding:24px;font:16px/1.6 system-ui,Tahoma,sans-serif\\"><p>Hello {first_name|there}, your account is ready.</p><p><a href=\\"{link}\\">Open {site}</a></p></body></html>"}}, "fa": {"title": "به {site} خوش آمدید", "body": "سلام {first_name|دوست عزیز}، حساب شما آماده است.", "url": "{link}", "email": {"subject": "به {site} خوش آمدید", "text": "سلام {first_name|دوست عزیز}، حساب شما آماده است.\\n\\n{link}", "html": "<!doctype html><html lang=\\"fa\\" dir=\\"rtl\\"><head><meta charset=\\"utf-8\\"></head><body style=\\"margin:0;padding:24px;font:16px/1.6 system-ui,Tahoma,sans-serif\\"><p>سلام {first_name|دوست عزیز}، حساب شما آماده است.</p><p><a href=\\"{link}\\">ورود به {site}</a></p></body></html>"}}}}');
INSERT IGNORE INTO template_version (template_id, version, made_key, definition) VALUES
    (8, 1, 1,
    '{"type": "article", "channels": ["email", "in_app"], "variables": {"title": {"type": "string"}, "author": {"type": "string"}, "articleId": {"type": "id"}}, "data": {"type": "article", "articleId": "{articleId}"}, "default_locale": "en", "locales": {"en": {"title": "New article: {title}", "body": "{author} published \\"{title}\\""}, "fa": {"title": "نوشتهٔ تازه: {title}", "body": "{author} «{title}» را منتشر کرد"}}}');
