// mysql2 through a pooler: 30 connections with query() and execute(), transactions, streams, several results,
// files and errors. Prints what each of them saw. Usage: node mysql2_many.js PORT DATABASE USER PASSWORD
const { Readable } = require('node:stream');
const mysql = require('mysql2/promise');

const [port, database, user, password] = process.argv.slice(2);
const CLIENTS = 30;

const told = (result) => (Array.isArray(result) ? result.map(told) : result && result.constructor.name === 'ResultSetHeader'
  // Where sessions are not tracked mysql2 takes the length of the text for its first letter.
  ? { affected: result.affectedRows, id: result.insertId, info: result.info.replace(/^[^A-Z]/, ''), warnings: result.warningStatus }
  : result);

async function failing(seen, work) {
  try {
    await work();
    seen.push('no error');
  } catch (error) {
    seen.push([error.code, error.errno, error.sqlState, error.sqlMessage]);
  }
}

async function types(db, table, seen) {
  const row = [new Date(Date.UTC(2024, 1, 29)), '1999-12-31 23:59:59.123456', '-70:00:07.005', '-12345.0123456789',
    '18446744073709551615', -128, 1 / 3, Buffer.from([0, 255, 39, 92]), '{"a":[1,null,"☃"]}', 'zażółć 🦆 \'"\\', null];
  const names = '(day, moment, span, money, large, small, ratio, raw, doc, words, nothing)';
  for (const ask of ['query', 'execute']) {
    const insert = `INSERT INTO ${table} ${names} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    seen.push(told((await db[ask](insert, row))[0]));
    const [rows, fields] = await db[ask](`SELECT * FROM ${table} WHERE small = ?`, [-128]);
    seen.push(rows, fields.map((field) => [field.name, field.columnType, field.flags, field.columnLength]));
    seen.push((await db[ask]('SELECT ? AS a, ? AS b, ? AS c', ['text', 42, null]))[0]);
    seen.push(told((await db[ask](`UPDATE ${table} SET words = ? WHERE small = ?`, ['other', -128]))[0]));
    seen.push((await db.query('SELECT ROW_COUNT() AS changed'))[0], (await db.query('SELECT LAST_INSERT_ID() AS id'))[0]);
    seen.push(told((await db[ask](`DELETE FROM ${table} WHERE small = ?`, [-128]))[0]));
  }
}

async function statements(db, number, seen) {
  // A text of its own each time: mysql2 goes on giving out a statement that was closed.
  const statement = await db.prepare(`SELECT ? * 2 AS twice, ? AS words, ${seen.length} AS said`);
  for (let round = 0; round < 8; round += 1) {
    seen.push((await statement.execute([round, round % 2 ? 'text' : number]))[0]);
    seen.push((await db.execute('SELECT ? + ? AS sum', [round, number]))[0]);
  }
  await statement.close();
  await failing(seen, () => db.execute('SELECT * FROM missing WHERE id = ?', [1]));
  await failing(seen, () => db.execute('SELEC ?', [1]));
}

async function transactions(db, table, seen) {
  for (const end of ['rollback', 'commit']) {
    await db.beginTransaction();
    await db.execute(`INSERT INTO ${table} (words) VALUES (?)`, ['in a transaction']);
    await failing(seen, () => db.query(`INSERT INTO ${table} (id) VALUES (900), (900)`));
    seen.push((await db.execute(`SELECT COUNT(*) AS n FROM ${table} WHERE words = ?`, ['in a transaction']))[0]);
    await db[end]();
    seen.push((await db.query(`SELECT COUNT(*) AS n FROM ${table}`))[0]);
  }
}

async function results(db, table, number, seen) {
  seen.push(told((await db.query('SELECT 1 AS one; DO 0; SELECT ? AS mine, NULL AS nothing', [number]))[0]));
  seen.push(told((await db.query('CALL several(?)', [number]))[0]));
  seen.push(told((await db.execute('CALL several(?)', [number]))[0]));
  await failing(seen, () => db.query('SELECT 1; SELECT * FROM nowhere; SELECT 2'));
  let sum = 0;
  const rows = db.connection.query("SELECT seq, REPEAT('x', 400) AS filler FROM seq_1_to_3000").stream();
  for await (const row of rows) sum += Number(row.seq) + row.filler.length;
  seen.push(sum);
  const [[big]] = await db.execute("SELECT REPEAT('big', 2000000) AS words, LENGTH(?) AS size", ['y'.repeat(1 << 20)]);
  seen.push([big.words.length, big.size]);
  const lines = Array.from({ length: 2000 }, (_, line) => Buffer.from(`file ${line}\n`));
  seen.push(told((await db.query({
    sql: `LOAD DATA LOCAL INFILE 'anything' INTO TABLE ${table} (words)`,
    infileStreamFactory: () => Readable.from(lines),
  }))[0]));
  seen.push((await db.query(`SELECT COUNT(*) AS n, MAX(words) AS last FROM ${table} WHERE words LIKE 'file %'`))[0]);
}

async function client(number) {
  const seen = [];
  const table = `of_mysql2_${number}`;
  const db = await mysql.createConnection({
    host: '127.0.0.1', port, user, password, database, timezone: 'Z', multipleStatements: true,
    // MariaDB tells which texts are JSON only by capabilities of its own.
    jsonStrings: true, supportBigNumbers: true, bigNumberStrings: true, charset: number % 2 ? 'utf8mb4_unicode_ci' : 'utf8mb4_general_ci',
  });
  for (let round = 0; round < 2; round += 1) {
    await db.query(`DROP TABLE IF EXISTS ${table}`);
    await db.query(`CREATE TABLE ${table} (id INT AUTO_INCREMENT PRIMARY KEY, day DATE, moment DATETIME(6), span TIME(3),
      money DECIMAL(30,10), large BIGINT UNSIGNED, small TINYINT, ratio DOUBLE, raw BLOB, doc JSON, words TEXT, nothing INT)`);
    await types(db, table, seen);
    await statements(db, number, seen);
    await transactions(db, table, seen);
    await results(db, table, number, seen);
    await db.query('SET time_zone = ?', [`+0${number % 10}:00`]);
    seen.push((await db.query('SELECT @@time_zone AS zone, DATABASE() AS db, @@collation_connection AS collation'))[0]);
    await db.ping();
  }
  await db.query(`DROP TABLE ${table}`);
  await db.end();
  return seen;
}

(async () => {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  clients.forEach((seen, number) => seen.forEach((line) => console.log(`${number}: ${JSON.stringify(line)}`)));
})().catch((error) => { console.error(error); process.exit(1); });
