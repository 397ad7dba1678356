// mysql2 through a pooler: logging in, with and without TLS, and a pool's work.
// Usage: node mysql_login.js PORT DATABASE USER PASSWORD [CA]
const assert = require('node:assert');
const fs = require('node:fs');
const mysql = require('mysql2/promise');

const [, , port, database, user, password, ca] = process.argv;
const where = {
  host: '127.0.0.1', port: Number(port), database, user, password,
  ...(ca ? { ssl: { ca: fs.readFileSync(ca), rejectUnauthorized: true } } : {}),
};

async function one() {
  const client = await mysql.createConnection(where);
  const [[row]] = await client.query('SELECT DATABASE() AS here, 1 AS one, NULL AS nothing');
  assert.deepStrictEqual({ ...row }, { here: database, one: 1, nothing: null });
  const [[typed]] = await client.execute('SELECT ? + 1 AS sum, ? AS words', [41, 'häßlich ☃']);
  assert.strictEqual(Number(typed.sum), 42);
  assert.strictEqual(typed.words, 'häßlich ☃');
  await assert.rejects(client.query('SELECT * FROM missing'), { errno: 1146, sqlState: '42S02' });
  await client.beginTransaction();
  const [added] = await client.query("INSERT INTO notes (words) VALUES ('mysql2')");
  assert.ok(added.insertId > 0);
  await client.rollback();
  const [left] = await client.query('SELECT * FROM notes WHERE id = ?', [added.insertId]);
  assert.strictEqual(left.length, 0);
  await client.query('SET @mine = 1');
  for (const name of ['proven', user]) {
    await client.changeUser({ user: name, password, database });
    const [[fresh]] = await client.query('SELECT @mine AS mine, DATABASE() AS here');
    assert.deepStrictEqual({ ...fresh }, { mine: null, here: database });
  }
  await client.end();
}

async function refused() {
  await assert.rejects(mysql.createConnection({ ...where, password: 'wrong' }),
    { errno: 1045, sqlState: '28000' });
  await assert.rejects(mysql.createConnection({ ...where, database: 'elsewhere' }), { errno: 1049 });
}

async function many() {
  const pool = mysql.createPool({ ...where, connectionLimit: 20 });
  const answers = await Promise.all(Array.from({ length: 200 }, (_, number) =>
    pool.query('SELECT ? AS mine, REPEAT(?, 5000) AS filler', [number, 'x'])));
  answers.forEach(([[row]], number) => assert.strictEqual(row.mine, number));
  await pool.end();
}

(async () => {
  await one();
  await refused();
  await many();
  console.log('mysql2 done');
})().catch((error) => { console.error(error); process.exit(1); });
