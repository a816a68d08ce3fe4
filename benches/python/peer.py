"""Python's side of the comparison: does a piece of work whenever it is told to.

Each line of the standard input is a name and a count; the answer is a line with
the nanoseconds that it took and a sum by which the result can be checked.
"""

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

WORKERS = 2


def add_one(number):
    return number + 1


def mix(task):
    """The same as `benches::mix`, though not as fast: for its result only."""
    bits, rounds = task
    for _ in range(rounds):
        bits = ((bits ^ (bits >> 29)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    return bits


class Peer:
    """Pools and pipes are made once, when they are first needed."""

    def __init__(self):
        self.made = {}

    def kept(self, name, make):
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    def pool(self):
        def make():
            pool = multiprocessing.Pool(WORKERS)
            pool.map(add_one, range(1000))
            return pool

        return self.kept("pool", make)

    # ---- processes

    def start(self, method, count):
        context = multiprocessing.get_context(method)
        begin = time.perf_counter_ns()
        for _ in range(count):
            process = context.Process(target=add_one, args=(1,))
            process.start()
            process.join()
            assert process.exitcode == 0
        return time.perf_counter_ns() - begin, count

    def start_fork(self, count):
        return self.start("fork", count)

    def start_spawn(self, count):
        return self.start("spawn", count)

    # ---- pools

    def pool_map(self, count):
        pool = self.pool()
        begin = time.perf_counter_ns()
        results = pool.map(add_one, range(count))
        return time.perf_counter_ns() - begin, sum(results)

    def pool_map_one_by_one(self, count):
        pool = self.pool()
        begin = time.perf_counter_ns()
        results = pool.map(add_one, range(count), chunksize=1)
        return time.perf_counter_ns() - begin, sum(results)

    def executor_one_by_one(self, count):
        executor = self.kept("executor", lambda: ProcessPoolExecutor(WORKERS))
        list(executor.map(add_one, range(10)))
        begin = time.perf_counter_ns()
        results = list(executor.map(add_one, range(count)))
        return time.perf_counter_ns() - begin, sum(results)

    def pool_apply(self, count):
        pool = self.pool()
        begin = time.perf_counter_ns()
        total = sum(pool.apply(add_one, (number,)) for number in range(count))
        return time.perf_counter_ns() - begin, total

    # ---- queues

    def put_and_get(self, name, make, count):
        def start():
            context = multiprocessing.get_context()
            queue = make(context)
            orders, theirs = context.Pipe()
            producer = context.Process(target=put, args=(theirs, queue), daemon=True)
            producer.start()
            return queue, orders

        queue, orders = self.kept(name, start)
        begin = time.perf_counter_ns()
        orders.send(count)
        total = 0
        for _ in range(count):
            total += queue.get()
        return time.perf_counter_ns() - begin, total

    def queue(self, count):
        return self.put_and_get("queue", lambda context: context.Queue(1024), count)

    def simple_queue(self, count):
        return self.put_and_get(
            "simple_queue", lambda context: context.SimpleQueue(), count
        )

    # ---- shared values

    def locked(self, count):
        """Two processes add one to a number `count` times each."""

        def start():
            number = multiprocessing.Value("Q", 0)
            adders = []
            for _ in range(WORKERS):
                ours, theirs = multiprocessing.Pipe()
                args = (theirs, number)
                multiprocessing.Process(target=add, args=args, daemon=True).start()
                adders.append(ours)
            return number, adders

        number, adders = self.kept("locked", start)
        before = number.value
        begin = time.perf_counter_ns()
        for adder in adders:
            adder.send(count)
        for adder in adders:
            adder.recv()
        return time.perf_counter_ns() - begin, number.value - before

    # ---- pipes

    def round_trip(self, count):
        ours = self.kept("echo", start_echo)
        begin = time.perf_counter_ns()
        total = 0
        for number in range(count):
            ours.send(number)
            total += ours.recv()
        return time.perf_counter_ns() - begin, total

    def send_bytes(self, count):
        """Hands over `count` bytes and waits until they have been counted."""
        ours = self.kept("counter", start_counter)
        message = bytes(count)
        begin = time.perf_counter_ns()
        ours.send_bytes(message)
        return time.perf_counter_ns() - begin, ours.recv()


def put(orders, queue):
    while True:
        for number in range(orders.recv()):
            queue.put(number)


def add(orders, number):
    while True:
        for _ in range(orders.recv()):
            with number.get_lock():
                number.value += 1
        orders.send(None)


def start_echo():
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.Process(target=echo, args=(theirs,), daemon=True).start()
    return ours


def echo(connection):
    while True:
        connection.send(connection.recv())


def start_counter():
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.Process(target=count_bytes, args=(theirs,), daemon=True).start()
    return ours


def count_bytes(connection):
    while True:
        connection.send(len(connection.recv_bytes()))


def main():
    print(sys.version.split()[0], flush=True)
    peer = Peer()
    for line in sys.stdin:
        name, count = line.split()
        nanoseconds, total = getattr(peer, name)(int(count))
        print(nanoseconds, total, flush=True)


if __name__ == "__main__":
    main()
