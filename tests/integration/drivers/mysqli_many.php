<?php
// PHP's mysqli through a pooler: one request of many that run at the same time, with queries, statements of
// the server's own, several results and what it tells of a connection. Prints what it saw.
// Usage: php mysqli_many.php PORT DATABASE USER PASSWORD NUMBER
declare(strict_types=1);

[, $port, $database, $user, $password, $number] = $argv;
$table = "of_mysqli_$number";
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

function show(mixed ...$what): void
{
    echo json_encode($what, JSON_PARTIAL_OUTPUT_ON_ERROR), "\n";
}

function failing(mysqli $db, callable $work): void
{
    try {
        $work();
        show('no error');
    } catch (mysqli_sql_exception $error) {
        show($error->getCode(), $error->getSqlState(), $error->getMessage(), $db->errno);
    }
}

$db = new mysqli('127.0.0.1', $user, $password, $database, (int) $port);
$db->set_charset('utf8mb4');
$db->query("DROP TABLE IF EXISTS $table");
$db->query("CREATE TABLE $table (id INT AUTO_INCREMENT PRIMARY KEY, moment DATETIME(6), money DECIMAL(20,4),
    large BIGINT UNSIGNED, ratio DOUBLE, raw LONGBLOB, words TEXT, kind INT UNIQUE)");
$insert = $db->prepare("INSERT INTO $table (moment, money, large, ratio, raw, words) VALUES (?, ?, ?, ?, ?, ?)");
$select = $db->prepare("SELECT * FROM $table WHERE id >= ? ORDER BY id");
for ($round = 0; $round < 3; $round++) {
    [$moment, $money, $large, $ratio, $raw, $words] = ['2024-02-29 01:02:03.000004', '-12.5', '18446744073709551615',
        1 / 3, null, "zażółć 🦆 $round"];
    $insert->bind_param('sssdbs', $moment, $money, $large, $ratio, $raw, $words);
    foreach (range(1, 3) as $piece) {
        $insert->send_long_data(4, str_repeat(chr(64 + $piece), 70000));
    }
    $insert->execute();
    show($insert->insert_id, $insert->affected_rows, $db->insert_id, $db->info, $db->warning_count);
    $first = $insert->insert_id;
    $select->bind_param('i', $first);
    $select->execute();
    $result = $select->get_result();
    show($result->num_rows, array_map(fn ($field) => [$field->name, $field->type, $field->flags, $field->decimals],
        $result->fetch_fields()));
    $row = $result->fetch_row();
    $row[5] = md5($row[5]);
    show($row);
    $cursor = $db->prepare('SELECT seq FROM seq_1_to_100');
    $cursor->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
    $cursor->execute();
    $cursor->bind_result($seq);
    for ($sum = 0; $cursor->fetch(); $sum += $seq);
    show($sum);
    $cursor->close();
    $db->multi_query("SELECT 1; DO 0; SELECT $number, NULL; UPDATE $table SET words = 'x' WHERE FALSE");
    do {
        $result = $db->store_result();
        show($result ? $result->fetch_all() : [$db->affected_rows, $db->info]);
    } while ($db->more_results() && $db->next_result());
    failing($db, function () use ($db) {
        $db->multi_query('SELECT 1; SELECT * FROM nowhere; SELECT 2');
        do {
            $result = $db->store_result();
        } while ($db->next_result());
    });
    $call = $db->prepare('CALL several(?)');
    $call->bind_param('i', $number);
    $call->execute();
    do {
        $result = $call->get_result();
        show($result ? $result->fetch_all() : $call->affected_rows);
    } while ($call->next_result());
    $call->close();
    $db->begin_transaction(MYSQLI_TRANS_START_READ_WRITE, 'ours');
    $db->query("INSERT INTO $table (kind) VALUES ($round)");
    failing($db, fn () => $db->query("INSERT INTO $table (kind) VALUES ($round)"));
    $round % 2 ? $db->commit() : $db->rollback();
    $db->autocommit(false);
    $db->query("UPDATE $table SET kind = kind + 1000");
    $db->rollback();
    $db->autocommit(true);
    show($db->query("SELECT COUNT(kind), MAX(kind) FROM $table")->fetch_all());
    $db->query("SELECT CAST('1x' AS INT)");
    show($db->warning_count, $db->get_warnings()->message);
    failing($db, fn () => $db->prepare('SELECT ? FROM missing'));
    failing($db, fn () => $db->query('SELEC 1'));
    $streamed = $db->query("SELECT REPEAT('x', 300) FROM seq_1_to_1500", MYSQLI_USE_RESULT);
    for ($total = 0; $row = $streamed->fetch_row(); $total += strlen($row[0]));
    $streamed->free();
    show($total, $db->ping(), $db->real_escape_string("a'\\"));
    $db->query("SET time_zone = '+0" . $number % 10 . ":00'");
    show($db->query('SELECT @@time_zone, FROM_UNIXTIME(0), DATABASE(), @@character_set_client')->fetch_all());
}
$db->query("DROP TABLE $table");
