<?php
// An order and its notification, together or not at all.  The site's own
// database on the same server; its user may call gatepost.gatepost_notify
// (scripts/render-sql site USER@HOST | mariadb).
$db = new PDO(getenv('SITE_DSN'), getenv('SITE_USER'), getenv('SITE_PASSWORD'), [
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
]);
[, $buyer, $product] = $argv;

$db->beginTransaction();
try {
    $db->prepare('INSERT INTO orders (buyer, product) VALUES (?, ?)')->execute([$buyer, $product]);
    $order = $db->lastInsertId();
    // The members of POST /api/notifications/, and a key: the same key again
    // asks for nothing new.
    $db->prepare('CALL gatepost.gatepost_notify(?, ?)')->execute([
        json_encode([
            'user_id' => (int)$buyer,
            'type' => 'order',
            'title' => 'Thank you',
            'body' => "We have your order of $product.",
            'data' => ['orderId' => $order],
        ], JSON_THROW_ON_ERROR),
        "order-$order",
    ]);
    if ($product === 'nothing') {
        throw new RuntimeException('out of stock');
    }
    $db->commit();
    echo "order $order\n";
} catch (Throwable $e) {
    $db->rollBack();
    echo "no order: {$e->getMessage()}\n";
    exit(1);
}
