# redis-rb with connection_pool, as Rails and Sidekiq use them. Usage: ruby redis.rb PORT USER PASSWORD
require "connection_pool"
require "json"
require "redis"

port, user, password = ARGV
open = -> { Redis.new(host: "127.0.0.1", port: port.to_i, username: user, password: password, timeout: 20) }
pool = ConnectionPool.new(size: 5, timeout: 20, &open)
tell = ->(*what) { puts JSON.generate(what) }

pool.with(&:flushdb)
pool.with do |redis|
  tell.(redis.set("k", "häßlich ☃"), redis.get("k"), redis.get("none"))
  tell.(redis.mapped_hmset("h", "a" => 1, "b" => 2), redis.hgetall("h"))
  begin
    redis.incr("h")
  rescue Redis::CommandError => error
    tell.(error.message)
  end
  tell.(redis.pipelined { |pipe| 200.times { |n| pipe.set("n#{n}", n); pipe.get("n#{n}") } })
  tell.(redis.multi { |transaction| transaction.set("a", 1); transaction.incr("a") })
  watched = redis.watch("a") do
    redis.multi { |transaction| transaction.incr("a") }
  end
  tell.(watched, redis.eval("return {KEYS[1], ARGV[1]}", ["x"], ["y"]))
end
sums = Array.new(20) { |n| Thread.new { 20.times.map { pool.with { |redis| redis.incrby("t#{n}", n) } } } }
tell.(sums.map(&:value))
worker = Thread.new { pool.with { |redis| [redis.brpop("queue", timeout: 20), redis.brpop("none", timeout: 0.2)] } }
pool.with { |redis| redis.lpush("queue", "item") }
tell.(worker.value)
heard = []
subscriber = open.call
listening = Thread.new do
  subscriber.subscribe("news") do |on|
    on.message { |channel, message| subscriber.unsubscribe if heard.push([channel, message]).size == 3 }
  end
  subscriber.get("k")
end
Thread.pass while pool.with { |redis| redis.publish("news", "first") }.zero?
2.times { |n| pool.with { |redis| redis.publish("news", n.to_s) } }
tell.(listening.value, heard)
