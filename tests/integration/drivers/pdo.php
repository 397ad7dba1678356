<?php
// PHP's PDO through a pooler: what PHP-FPM does, with native and with emulated prepares.
// Usage: php pdo.php PORT DATABASE USER PASSWORD
declare(strict_types=1);

function same(mixed $expected, mixed $found): void
{
    if ($expected !== $found) {
        throw new RuntimeException('expected ' . var_export($expected, true) . ' got ' . var_export($found, true));
    }
}

[, $port, $database, $user, $password] = $argv;
foreach ([true, false] as $emulated) {
    for ($request = 0; $request < 10; $request++) {
        $db = new PDO("pgsql:host=127.0.0.1;port=$port;dbname=$database;sslmode=disable", $user, $password, [
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            PDO::ATTR_EMULATE_PREPARES => $emulated,
        ]);
        same($database, $db->query('SELECT current_database()')->fetchColumn());

        $statement = $db->prepare('SELECT ?::int + 1 AS sum, ?::text AS words');
        foreach ([1, 2, 3] as $number) {
            $statement->execute([$number, "o'clock ☃"]);
            same(['sum' => $number + 1, 'words' => "o'clock ☃"], $statement->fetch(PDO::FETCH_ASSOC));
        }
        $statement = null;

        $db->beginTransaction();
        $db->prepare('INSERT INTO notes (words) VALUES (?)')->execute(["php $request"]);
        $db->rollBack();
        $found = $db->prepare('SELECT count(*) FROM notes WHERE words = ?');
        $found->execute(["php $request"]);
        same(0, (int) $found->fetchColumn());

        try {
            $db->query('SELECT * FROM missing');
            throw new RuntimeException('no error');
        } catch (PDOException $error) {
            same('42P01', $error->getCode());
        }
        same('still here', $db->query("SELECT 'still here'")->fetchColumn());
        $db = null;
    }
}
echo "php done\n";
