<?php
// PHP's mysqli and PDO through a pooler, a connection a request as under PHP-FPM.
// Usage: php mysql_login.php PORT DATABASE USER PASSWORD [CA]
declare(strict_types=1);

function same(mixed $expected, mixed $found): void
{
    if ($expected !== $found) {
        throw new RuntimeException('expected ' . var_export($expected, true) . ' got ' . var_export($found, true));
    }
}

[, $port, $database, $user, $password] = $argv;
$ca = $argv[5] ?? null;
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

function improved(string $password, ?string $database): mysqli
{
    global $port, $user, $ca;
    $db = mysqli_init();
    if ($ca !== null) {
        $db->ssl_set(null, null, $ca, null, null);
    }
    $db->real_connect('127.0.0.1', $user, $password, $database, (int) $port, null, $ca === null ? 0 : MYSQLI_CLIENT_SSL);
    return $db;
}

for ($request = 0; $request < 10; $request++) {
    $db = improved($password, $database);
    same($database, $db->query('SELECT DATABASE()')->fetch_row()[0]);
    $statement = $db->prepare('SELECT ? + 1 AS sum, ? AS words');
    $number = 41;
    $words = "o'clock ☃";
    $statement->bind_param('is', $number, $words);
    $statement->execute();
    same(['sum' => 42, 'words' => $words], $statement->get_result()->fetch_assoc());
    $db->begin_transaction();
    $db->query("INSERT INTO notes (words) VALUES ('php')");
    $db->rollback();
    $db->query('SET @mine = 1');
    foreach (['proven', $user] as $name) {
        same(true, $db->change_user($name, $password, $database));
        same([null, $database], $db->query('SELECT @mine, DATABASE()')->fetch_row());
    }
    $db->close();
}
foreach ([['wrong', $database, 1045], [$password, 'elsewhere', 1049]] as [$given, $name, $code]) {
    try {
        improved($given, $name);
        throw new RuntimeException('no error');
    } catch (mysqli_sql_exception $error) {
        same($code, $error->getCode());
    }
}

foreach ([true, false] as $emulated) {
    for ($request = 0; $request < 10; $request++) {
        $options = [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => $emulated];
        if ($ca !== null) {
            $options[PDO::MYSQL_ATTR_SSL_CA] = $ca;
        }
        $db = new PDO("mysql:host=127.0.0.1;port=$port;dbname=$database;charset=utf8mb4", $user, $password, $options);
        same($database, $db->query('SELECT DATABASE()')->fetchColumn());
        $statement = $db->prepare('SELECT ? AS words');
        foreach (["o'clock ☃", 'again'] as $words) {
            $statement->execute([$words]);
            same($words, $statement->fetchColumn());
        }
        $statement = null;
        $db->beginTransaction();
        $db->exec("INSERT INTO notes (words) VALUES ('pdo')");
        $db->rollBack();
        try {
            $db->query('SELECT * FROM missing');
            throw new RuntimeException('no error');
        } catch (PDOException $error) {
            same('42S02', $error->getCode());
        }
        $db = null;
    }
}
echo "php done\n";
