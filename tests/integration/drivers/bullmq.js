// BullMQ: queues, workers that block, Lua, events by streams. Usage: node bullmq.js PORT USER PASSWORD
const { Queue, QueueEvents, Worker } = require('bullmq');

const [port, username, password] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port), username, password, maxRetriesPerRequest: null };
const jobs = 100;

async function main() {
  const queue = new Queue('mails', { connection });
  await queue.obliterate({ force: true });
  const events = new QueueEvents('mails', { connection });
  await events.waitUntilReady();
  const work = async (job) => {
    if (job.data.number === 7 && job.attemptsMade === 0) throw new Error('once');
    return job.data.number * 2;
  };
  const workers = [1, 2, 3].map(() => new Worker('mails', work, { connection, concurrency: 5 }));
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  const added = await queue.addBulk(Array.from({ length: jobs }, (_, number) => (
    { name: 'mail', data: { number }, opts: { attempts: 2, delay: number % 10 === 0 ? 50 : 0 } })));
  const results = await Promise.all(added.map((job) => job.waitUntilFinished(events, 60000)));
  console.log(JSON.stringify([results, await queue.getJobCounts('completed', 'failed', 'waiting')]));
  await Promise.all(workers.map((worker) => worker.close()));
  await events.close();
  await queue.close();
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
