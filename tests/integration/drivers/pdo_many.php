<?php
// PHP's PDO through a pooler: one request of many that run at the same time, with prepared statements of
// the server's own, transactions and errors. Prints what it saw.
// Usage: php pdo_many.php PORT DATABASE USER PASSWORD NUMBER
declare(strict_types=1);

[, $port, $database, $user, $password, $number] = $argv;

function show(PDOStatement $statement): void
{
    echo json_encode($statement->fetchAll(PDO::FETCH_NUM)), "\n";
}

$db = new PDO("pgsql:host=127.0.0.1;port=$port;dbname=$database;sslmode=disable", $user, $password,
    [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => false]);
$zones = ['UTC', 'Europe/Berlin', 'America/Lima'];
$db->exec("SET NAMES 'UTF8'");
$db->exec("SET TIME ZONE '" . $zones[$number % 3] . "'");
$sum = $db->prepare('SELECT ?::int + ?::int, ?::text');
$zone = $db->prepare("SELECT '2024-07-01 12:00+00'::timestamptz::text WHERE ?::int > 0");
$delete = $db->prepare('DELETE FROM notes WHERE words LIKE ?');
$insert = $db->prepare('INSERT INTO notes (words) VALUES (?)');
$select = $db->prepare('SELECT words FROM notes WHERE words LIKE ? ORDER BY words');
for ($round = 0; $round < 5; $round++) {
    $delete->execute(["php $number %"]);
    $sum->execute([$round, $number, "häßlich ☃ o'clock"]);
    show($sum);
    $zone->execute([1]);
    show($zone);
    $db->beginTransaction();
    foreach ([1, 2, 3] as $row) {
        $insert->execute(["php $number $row"]);
    }
    $db->commit();
    $db->beginTransaction();
    $insert->execute(["php $number lost"]);
    $db->rollBack();
    $select->execute(["php $number %"]);
    show($select);
    try {
        $wrong = $db->prepare('SELECT 1 / ?::int');
        $wrong->execute([0]);
    } catch (PDOException $error) {
        echo $error->getCode(), "\n";
    }
    $wrong = null;
    show($db->query('SHOW client_encoding'));
}
$delete->execute(["php $number %"]);
