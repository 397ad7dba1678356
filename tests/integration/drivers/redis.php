<?php
// PHP's redis extension, as FPM workers use it. Usage: php redis.php PORT USER PASSWORD; prints what it got.
[, $port, $user, $password] = $argv;
function tell(...$what) { echo json_encode($what, JSON_UNESCAPED_UNICODE), "\n"; }
function connect($port, $user, $password) {
    $redis = new Redis();
    $redis->connect('127.0.0.1', (int)$port, 20);
    $redis->auth([$user, $password]);
    return $redis;
}

$redis = connect($port, $user, $password);
$redis->flushDb();
tell($redis->set('k', 'häßlich ☃'), $redis->get('k'), $redis->get('none'), $redis->exists('k'));
tell($redis->hMSet('h', ['a' => 1, 'b' => 2]), $redis->hGetAll('h'), $redis->incr('h'), $redis->getLastError());
$pipe = $redis->multi(Redis::PIPELINE);
for ($n = 0; $n < 300; $n++) $pipe->set("n$n", $n)->get("n$n");
tell($pipe->exec());
tell($redis->multi()->set('a', 1)->incr('a')->exec());
$redis->watch('a');
$other = connect($port, $user, $password);
$other->set('a', 9);
tell($redis->multi()->incr('a')->exec(), $redis->get('a'));
tell($redis->eval('return {KEYS[1], ARGV[1]}', ['x', 'y'], 1));
$other->rPush('queue', 'item');
tell($redis->blPop(['queue'], 5), $redis->blPop(['none'], 1));
tell($redis->select(1), $redis->set('k', 'of one'), $redis->select(0), $redis->get('k'));
for ($worker = 0; $worker < 30; $worker++) {  // each request opens and closes
    $each = connect($port, $user, $password);
    $each->incr('requests');
    $each->close();
}
tell($redis->get('requests'));
$subscriber = connect($port, $user, $password);
$heard = [];
$child = pcntl_fork();
if ($child === 0) {
    $publisher = connect($port, $user, $password);
    while ($publisher->publish('news', 'hello') === 0) usleep(1000);
    for ($n = 1; $n < 3; $n++) $publisher->publish('news', "more $n");
    posix_kill(posix_getpid(), SIGKILL);
}
try {
    $subscriber->subscribe(['news'], function ($redis, $channel, $message) use (&$heard) {
        $heard[] = [$channel, $message];
        if (count($heard) === 3) $redis->close();
    });
} catch (RedisException $ended) {  // its way out of a subscription
}
pcntl_waitpid($child, $status);
tell($heard);
// Sessions, by the extension's own handler.
ini_set('session.use_cookies', '0');
ini_set('session.save_handler', 'redis');
ini_set('session.save_path', "tcp://127.0.0.1:$port?auth[user]=$user&auth[pass]=$password");
@session_id('weir');
@session_start();
$_SESSION['cart'] = [1, 2];
@session_write_close();
$_SESSION = [];
@session_start();
tell($_SESSION['cart']);
