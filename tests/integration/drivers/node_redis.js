// node-redis, with RESP2 and RESP3. Usage: node node_redis.js PORT USER PASSWORD PROTOCOL; prints what it got.
const { createClient } = require('redis');

const [port, username, password, protocol] = process.argv.slice(2);
const tell = (...what) => console.log(JSON.stringify(what));
const open = async (database = 0) => {
  const client = createClient({
    socket: { host: '127.0.0.1', port: Number(port), reconnectStrategy: false }, username, password, database, RESP: Number(protocol),
  });
  client.on('error', (error) => { console.error(error); process.exit(1); });
  await client.connect();
  return client;
};

async function main() {
  const client = await open();
  await client.flushDb();
  tell(await client.set('k', 'häßlich ☃'), await client.get('k'), await client.get('none'));
  tell(await client.hSet('h', { a: '1', b: '2' }), await client.hGetAll('h'));
  tell(await client.zAdd('z', [{ score: 1.5, value: 'x' }]), await client.zScore('z', 'x'));
  tell(await client.incr('h').catch((error) => error.message));
  tell(await Promise.all(Array.from({ length: 500 }, (_, n) => client.incrBy('sum', n))));
  tell(await client.multi().set('a', '1').incr('a').get('a').exec());
  tell(await client.eval('return {KEYS[1], ARGV[1]}', { keys: ['x'], arguments: ['y'] }));
  const subscriber = await open();
  const heard = [];
  let enough;
  const all = new Promise((done) => { enough = done; });
  const hear = (message, channel) => heard.push([channel, message]) === 20 && enough();
  await subscriber.subscribe('news', hear);
  await subscriber.pSubscribe('sp*', hear);
  for (let n = 0; n < 20; n += 1) await client.publish(n % 2 ? 'news' : 'sports', `${n}`);
  await all;
  await subscriber.unsubscribe();
  await subscriber.pUnsubscribe();
  tell(heard, await subscriber.get('k'));
  const worker = await open();
  const popped = worker.blPop('queue', 20);
  await client.rPush('queue', 'item');
  tell(await popped, await worker.blPop('none', 0.1));
  const other = await open(1);
  tell(await other.flushDb(), await other.set('k', 'of one'), await client.get('k'), await other.get('k'));
  await Promise.all([client, subscriber, worker, other].map((each) => each.close()));
}

main().catch((error) => { console.error(error); process.exit(1); });
