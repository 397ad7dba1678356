// node-postgres through a pooler: what an Express application does in a day. Usage: node node.js DSN
const assert = require('node:assert');
const { Client, Pool } = require('pg');

async function one(client) {
  const simple = await client.query('SELECT 1 AS one, NULL AS nothing; SELECT 2 AS two');
  assert.deepStrictEqual(simple.map((result) => result.rows), [[{ one: 1, nothing: null }], [{ two: 2 }]]);
  const typed = await client.query('SELECT $1::int + 1 AS sum, $2::text AS words, $3::bytea AS raw, $4::jsonb AS doc',
    [41, 'häßlich ☃', Buffer.from([0, 255, 10]), { a: [1, 2] }]);
  assert.deepStrictEqual(typed.rows[0],
    { sum: 42, words: 'häßlich ☃', raw: Buffer.from([0, 255, 10]), doc: { a: [1, 2] } });
  await assert.rejects(client.query('SELECT 1/0'), { code: '22012' });
  assert.strictEqual((await client.query('SELECT 3 AS three')).rows[0].three, 3);
}

async function transactions(client) {
  await client.query('BEGIN');
  const { rows: [{ id }] } = await client.query("INSERT INTO notes (words) VALUES ('node') RETURNING id");
  await client.query('ROLLBACK');
  assert.strictEqual((await client.query('SELECT * FROM notes WHERE id = $1', [id])).rowCount, 0);
  await client.query('BEGIN');
  await assert.rejects(client.query('SELECT * FROM missing'), { code: '42P01' });
  await assert.rejects(client.query('SELECT 1'), { code: '25P02' });
  await client.query('ROLLBACK');
}

async function named(client) {
  for (let round = 0; round < 5; round += 1) {
    const result = await client.query({ name: 'double', text: 'SELECT $1::int * 2 AS twice', values: [round] });
    assert.strictEqual(result.rows[0].twice, round * 2);
  }
}

async function many(dsn) {
  const pool = new Pool({ connectionString: dsn, max: 20 });
  const answers = await Promise.all(Array.from({ length: 400 }, (_, number) =>
    pool.query('SELECT $1::int AS mine, repeat($2, 5000) AS filler', [number, 'x'])));
  answers.forEach((answer, number) => assert.strictEqual(answer.rows[0].mine, number));
  await pool.end();
}

(async () => {
  const client = new Client({ connectionString: process.argv[2] });
  await client.connect();
  await one(client);
  await transactions(client);
  await named(client);
  await client.end();
  await many(process.argv[2]);
  console.log('node done');
})().catch((error) => { console.error(error); process.exit(1); });
