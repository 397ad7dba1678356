"""redis-py: what a Flask or Celery application does. Usage: redis_py.py PORT USER PASSWORD; prints what it got."""

import sys
import threading

import redis

port, user, password = sys.argv[1:]
pool = redis.ConnectionPool(port=int(port), username=user, password=password, socket_timeout=20)
client = redis.Redis(connection_pool=pool)


def tell(*what):
    print(*what)


client.flushdb()
tell(client.set("k", "häßlich ☃".encode()), client.get("k").decode(), client.get("none"))
tell(client.hset("h", mapping={"a": 1, "b": 2}), client.hgetall("h"), client.expire("h", 100), client.ttl("h") > 90)
tell(client.zadd("z", {"one": 1, "two": 2}), client.zrange("z", 0, -1, withscores=True))
try:
    client.incr("h")
except redis.ResponseError as error:
    tell(error)
with client.pipeline(transaction=False) as pipeline:
    for number in range(500):
        pipeline.set(f"n{number}", number).get(f"n{number}")
    tell(pipeline.execute())
with client.pipeline() as pipeline:
    tell(pipeline.set("a", 1).incr("a").lpush("a", 1).execute(raise_on_error=False))
tell(client.transaction(lambda pipe: (pipe.multi(), pipe.incr("a")), "a"))
double = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)")
tell([double(keys=["double"], args=[number]) for number in range(5)])
tell(sorted(client.scan_iter("n1*", count=10)))
listener = client.pubsub()
listener.subscribe("news")
listener.psubscribe("n*")
tell(listener.get_message(timeout=20), listener.get_message(timeout=20))
tell(client.publish("news", "hello"))
tell(listener.get_message(timeout=20), listener.get_message(timeout=20))
listener.unsubscribe()
listener.punsubscribe()
tell(listener.get_message(timeout=20), listener.get_message(timeout=20))
listener.close()
worker = threading.Thread(target=lambda: tell([client.blpop("queue", 20) for _ in range(3)]))
worker.start()
for number in range(3):
    client.rpush("queue", number)
worker.join()
tell(client.xadd("s", {"f": 1}, id="1-1"), client.xread({"s": "0"}, block=1000), client.xread({"s": "$"}, block=10))
with client.lock("lock", timeout=10) as lock:
    tell(lock.owned(), client.set("lock", 1, nx=True))
client.client_setname("web")
tell(client.client_getname(), client.ping(), client.echo("x"))
