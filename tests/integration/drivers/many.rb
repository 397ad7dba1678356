# Ruby's pg as ActiveRecord uses it: 30 clients at the same time, each with settings made at connect,
# named prepared statements and nested transactions. Prints what each of them saw.
# Usage: ruby many.rb PORT DATABASE USER PASSWORD
require 'pg'

ZONES = %w[UTC Europe/Berlin Asia/Kolkata America/Lima].freeze

def connect(number)
  port, database, user, password = ARGV
  db = PG.connect(host: '127.0.0.1', port: port, dbname: database, user: user, password: password,
                  sslmode: 'disable', application_name: "ruby #{number}")
  db.set_client_encoding('UTF8')
  db.exec("SET client_min_messages TO 'warning'")
  db.exec('SET standard_conforming_strings = on')
  db.exec('SET intervalstyle = iso_8601')
  db.exec_params("SELECT set_config('statement_timeout', $1, false)", ["#{60_000 + number}"]) if (number % 10).zero?
  db.exec("SET SESSION statement_timeout TO #{60_000 + number}") unless (number % 10).zero?
  db.exec("SET SESSION timezone TO '#{ZONES[number % ZONES.size]}'")
  db
end

def rows(result) = result.values.inspect

def settings(db, seen)
  seen << rows(db.exec("SELECT '2024-07-01 12:00+00'::timestamptz::text, '36 hours'::interval::text"))
  seen << rows(db.exec("SELECT current_setting('statement_timeout'), current_setting('intervalstyle')"))
  seen << rows(db.exec('SHOW max_identifier_length'))
  types = %w[int2 int4 int8 oid float4 float8 numeric bool timestamp timestamptz]
  db.exec("SELECT oid, typname FROM pg_type WHERE typname IN (#{types.map { |t| "'#{t}'" }.join(', ')})")
end

def prepared(db, number, seen)
  db.prepare('a1', 'SELECT $1::int + $2::int')
  db.prepare('a2', number.even? ? 'SELECT upper($1::text)' : 'SELECT lower($1::text)')
  5.times { |round| seen << rows(db.exec_prepared('a1', [round, number])) }
  seen << rows(db.exec_prepared('a2', ["Name #{number}"]))
  seen << db.describe_prepared('a1').nfields
  db.exec('DEALLOCATE a1')
  begin
    db.exec_prepared('a1', [1, 2])
  rescue PG::InvalidSqlStatementName => e
    seen << e.result.error_field(PG::Result::PG_DIAG_SQLSTATE)
  end
  db.prepare('a1', 'SELECT $1::text || $1::text')
  seen << rows(db.exec_prepared('a1', [number.to_s]))
end

def transactions(db, number, seen)
  db.exec_params('DELETE FROM notes WHERE words LIKE $1', ["ruby #{number} %"])
  db.transaction do
    db.exec_params('INSERT INTO notes (words) VALUES ($1)', ["ruby #{number} kept"])
    db.exec('SAVEPOINT active_record_1')
    begin
      db.exec_params('INSERT INTO notes (id, words) VALUES (NULL, $1)', ["ruby #{number} lost"])
    rescue PG::NotNullViolation => e
      seen << e.result.error_field(PG::Result::PG_DIAG_SQLSTATE)
      db.exec('ROLLBACK TO SAVEPOINT active_record_1')
    end
    db.exec('SET LOCAL statement_timeout TO 5000')
    seen << rows(db.exec('SHOW statement_timeout'))
  end
  seen << rows(db.exec('SHOW statement_timeout'))
  begin
    db.transaction { db.exec('SELECT 1/0') }
  rescue PG::DivisionByZero => e
    seen << e.message.lines.first.chomp
  end
  seen << rows(db.exec_params('SELECT words FROM notes WHERE words LIKE $1', ["ruby #{number} %"]))
end

def client(number)
  seen = []
  db = connect(number)
  3.times do
    settings(db, seen)
    transactions(db, number, seen)
  end
  prepared(db, number, seen)
  db.exec('DISCARD ALL') if (number % 3).zero?
  seen << rows(db.exec('SHOW client_encoding'))
  db.exec_params('DELETE FROM notes WHERE words LIKE $1', ["ruby #{number} %"])
  db.finish
  seen
end

clients = Array.new(30) { |number| Thread.new { client(number) } }
clients.each_with_index { |thread, number| thread.value.each { |line| puts "#{number}: #{line}" } }
