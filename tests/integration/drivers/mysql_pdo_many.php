<?php
// PHP's PDO for MySQL through a pooler: one request of many that run at the same time, its prepares emulated
// or the server's own. Prints what it saw.
// Usage: php mysql_pdo_many.php PORT DATABASE USER PASSWORD NUMBER emulated|real
declare(strict_types=1);

[, $port, $database, $user, $password, $number, $prepares] = $argv;
$table = "of_pdo_{$prepares}_$number";

function show(mixed $what): void
{
    echo json_encode($what, JSON_PARTIAL_OUTPUT_ON_ERROR), "\n";
}

function rows(PDOStatement $statement): void
{
    show([$statement->rowCount(), $statement->fetchAll(PDO::FETCH_NUM)]);
}

function failing(callable $work): void
{
    try {
        $work();
        show('no error');
    } catch (PDOException $error) {
        show($error->errorInfo);
    }
}

$file = tempnam(sys_get_temp_dir(), 'pdo');
file_put_contents($file, implode('', array_map(fn ($n) => "file $n\n", range(1, 500))));
$db = new PDO("mysql:host=127.0.0.1;port=$port;dbname=$database;charset=utf8mb4", $user, $password, [
    PDO::ATTR_EMULATE_PREPARES => $prepares === 'emulated', PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
    PDO::MYSQL_ATTR_LOCAL_INFILE => true, PDO::MYSQL_ATTR_FOUND_ROWS => $number % 3 === 0]);
$db->exec("DROP TABLE IF EXISTS $table");
$db->exec("CREATE TABLE $table (id INT AUTO_INCREMENT PRIMARY KEY, day DATE, moment DATETIME(6), money DECIMAL(20,4),
    large BIGINT UNSIGNED, raw BLOB, doc JSON, words TEXT, kind INT UNIQUE)");
$insert = $db->prepare("INSERT INTO $table (day, moment, money, large, raw, doc, words) VALUES (?, ?, ?, ?, ?, ?, ?)");
$select = $db->prepare("SELECT * FROM $table WHERE words = :words ORDER BY id");
$sum = $db->prepare('SELECT ? + ?, ?');
for ($round = 0; $round < 3; $round++) {
    $insert->execute(['2024-02-29', '1999-12-31 23:59:59.123456', '-1234.5678', '18446744073709551615', "a'\\\0b",
        '{"a":"☃"}', "zażółć 🦆 $round"]);
    show(['inserted', $db->lastInsertId(), $insert->rowCount()]);
    $insert->execute([null, null, null, null, null, null, "zażółć 🦆 $round"]);
    show($db->lastInsertId());
    $select->execute(['words' => "zażółć 🦆 $round"]);
    rows($select);
    show(array_map(fn ($column) => array_diff_key($select->getColumnMeta($column), ['table' => 0]), range(0, 8)));
    $sum->bindValue(1, $round, PDO::PARAM_INT);
    $sum->bindValue(2, (int) $number, PDO::PARAM_INT);
    $sum->bindValue(3, $round % 2 ? 'text' : 7, $round % 2 ? PDO::PARAM_STR : PDO::PARAM_INT);
    $sum->execute();
    rows($sum);
    $db->beginTransaction();
    $db->exec("INSERT INTO $table (kind) VALUES (" . (100 + $round) . ')');
    failing(fn () => $db->exec("INSERT INTO $table (kind) VALUES (" . (100 + $round) . ')'));
    show($db->inTransaction());
    $round % 2 ? $db->commit() : $db->rollBack();
    rows($db->query("SELECT COUNT(*) FROM $table WHERE kind IS NOT NULL"));
    show($db->exec("UPDATE $table SET words = 'x' WHERE words = 'x' OR day IS NULL"));
    $db->setAttribute(PDO::ATTR_AUTOCOMMIT, 0);
    $db->exec("DELETE FROM $table");
    $db->rollBack();
    $db->setAttribute(PDO::ATTR_AUTOCOMMIT, 1);
    rows($db->query("SELECT COUNT(*) FROM $table"));
    failing(fn () => $db->query('SELECT * FROM missing'));
    failing(fn () => $db->prepare('SELEC ?')->execute([1]));
    failing(fn () => $db->query('SELECT ' . 'x'));
    $call = $db->prepare('CALL several(?)');
    $call->execute([$number]);
    do {
        rows($call);
    } while ($call->nextRowset() && $call->columnCount() > 0);
    $call->closeCursor();
    if ($prepares === 'emulated') {
        $several = $db->query("SELECT 1; SELECT $number, NULL; DO 0");
        do {
            show($several->columnCount() ? $several->fetchAll(PDO::FETCH_NUM) : $several->rowCount());
        } while ($several->nextRowset());
    }
    $db->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, false);
    $stream = $db->query("SELECT seq, REPEAT('x', 300) FROM seq_1_to_1500");
    $total = 0;
    foreach ($stream as $row) {
        $total += $row[0] + strlen($row[1]);
    }
    $stream = null;
    show($total);
    $db->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, true);
    $long = $db->prepare('SELECT LENGTH(?), REPEAT(?, 100000)');
    $long->execute([str_repeat('é', 100000), 'big']);
    show(array_map(fn ($value) => is_string($value) ? strlen($value) : $value, $long->fetch(PDO::FETCH_NUM)));
    show($db->exec("LOAD DATA LOCAL INFILE '$file' INTO TABLE $table (words)"));
    $db->exec("SET time_zone = '+0" . $number % 10 . ":00'");
    rows($db->query('SELECT @@time_zone, FROM_UNIXTIME(0), DATABASE()'));
}
$db->exec("DROP TABLE $table");
unlink($file);
