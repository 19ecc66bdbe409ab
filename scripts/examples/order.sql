-- The same in plain SQL: what is rolled back was never asked for.  A variable
-- is text in JSON, and user_id a number.
START TRANSACTION;
INSERT INTO orders (buyer, product) VALUES (@buyer, @product);
CALL gatepost.gatepost_notify(JSON_OBJECT(
    'user_id', CAST(@buyer AS INT),
    'type', 'order',
    'title', 'Thank you',
    'body', CONCAT('We have your order of ', @product, '.'),
    'data', JSON_OBJECT('orderId', CAST(LAST_INSERT_ID() AS CHAR))),
    CONCAT('order-', LAST_INSERT_ID()));
COMMIT;
