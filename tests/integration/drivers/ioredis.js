// ioredis: what an Express application does. Usage: node ioredis.js PORT USER PASSWORD; prints what it got.
const Redis = require('ioredis');

const [port, username, password] = process.argv.slice(2);
const options = { port: Number(port), username, password, maxRetriesPerRequest: 0 };
const tell = (...what) => console.log(JSON.stringify(what));

async function main() {
  const client = new Redis(options);
  await client.flushdb();
  tell(await client.set('k', 'häßlich ☃'), await client.get('k'), await client.get('none'));
  tell(await client.hset('h', { a: 1, b: 2 }), await client.hgetall('h'));
  tell(await client.incr('h').catch((error) => error.message));
  tell(await Promise.all(Array.from({ length: 500 }, (_, n) => client.incrby('sum', n))));
  const pipeline = client.pipeline();
  for (let n = 0; n < 200; n += 1) pipeline.set(`n${n}`, n).get(`n${n}`);
  tell(await pipeline.exec());
  tell(await client.multi().set('a', 1).incr('a').exec());
  await client.watch('a');
  await client.multi({ pipeline: false });
  await client.incr('a');
  tell(await client.exec());
  client.defineCommand('twice', { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)" });
  tell(await client.twice('t', 4), await client.twice('t', 5));
  const subscriber = new Redis(options);
  const heard = [];
  const all = new Promise((done) => {
    subscriber.on('message', (channel, message) => heard.push([channel, message]) === 20 && done());
  });
  tell(await subscriber.subscribe('news', 'sports'));
  for (let n = 0; n < 20; n += 1) await client.publish(n % 2 ? 'news' : 'sports', `${n}`);
  await all;
  tell(heard, await subscriber.unsubscribe(), await subscriber.get('k'));
  const worker = new Redis(options);
  const popped = worker.blpop('queue', 20);
  await client.rpush('queue', 'item');
  tell(await popped, await worker.blpop('none', 0.1));
  tell(await client.info('server').then((text) => text.includes('redis_version')));
  const other = new Redis({ ...options, db: 1 });
  tell(await other.flushdb(), await other.set('k', 'of one'), await client.get('k'), await other.get('k'));
  await Promise.all([client, subscriber, worker, other].map((each) => each.quit()));
}

main().catch((error) => { console.error(error); process.exit(1); });
