"""Five misfortunes, with both pools of Python's standard library.

Each happens in a process of its own that is thrown away afterwards, as some of
these pools can no longer be ended in good order.
"""

import os
import select
import signal
import sys
import time
from concurrent import futures
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import Pipe, Pool, Process, TimeoutError, active_children


def square(number):
    return number * number


def be_killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


def hang(_):
    time.sleep(1000)


class Stubborn(Exception):
    """Can be packed, but not unpacked: that needs two arguments."""

    def __init__(self, first, second):
        super().__init__(first)


def be_stubborn(_):
    raise Stubborn(1, 2)


class OldPool:
    name = "Pool"

    def __init__(self, workers):
        self.pool = Pool(workers)

    def start(self, function, argument):
        return self.pool.apply_async(function, (argument,)).get


class Executor:
    name = "ProcessPoolExecutor"

    def __init__(self, workers):
        self.pool = ProcessPoolExecutor(workers)

    def start(self, function, argument):
        return self.pool.submit(function, argument).result


def outcome(pool, function, seconds):
    try:
        return pool.start(function, 3)(timeout=seconds)
    except (TimeoutError, futures.TimeoutError):
        return f"no result after {seconds} s"
    except BrokenProcessPool:
        return "the pool is broken"


def tell(pool, event, result, seconds=2):
    print(f"{pool.name}, {event}: {result}")
    print(f"  the next task: {outcome(pool, square, seconds)}")


def worker_killed(pool):
    # Both pools answer the next task: they get the time that a busy machine needs.
    tell(pool, "worker killed", outcome(pool, be_killed, 2), seconds=30)


def stubborn_error(pool):
    tell(pool, "error that cannot travel", outcome(pool, be_stubborn, 2))


def task_hangs(pool):
    tell(pool, "task that hangs", outcome(pool, hang, 1))


def idle_killed(pool):
    outcome(pool, square, 30)
    (worker,) = active_children()
    time.sleep(1)  # until it waits for its next task, with the queue's lock in hand
    worker.kill()
    worker.join()
    tell(pool, "idle worker killed", "nobody waited for it")


def in_a_process(event, kind):
    sys.stderr = open(os.devnull, "w")  # tracebacks of the pools' threads
    event(kind(1))
    sys.stdout.flush()
    for child in active_children():
        child.kill()
    os._exit(0)


def keep_pool(kind, caller):
    pool = kind(2)
    pool.start(hang, 0)
    pool.start(square, 3)(timeout=30)
    caller.send([child.pid for child in active_children()])
    time.sleep(1000)


def parent_killed(kind):
    here, there = Pipe()
    parent = Process(target=keep_pool, args=(kind, there))
    parent.start()
    workers = [os.pidfd_open(pid) for pid in here.recv()]
    parent.kill()
    parent.join()
    ended = select.select(workers, [], [], 4)[0]  # until one ends, at most 4 s
    left = len(workers) - len(ended)
    print(f"{kind.name}, parent killed: {left} of {len(workers)} workers run on")
    for worker in set(workers) - set(ended):
        signal.pidfd_send_signal(worker, signal.SIGKILL)


if __name__ == "__main__":
    for event in (worker_killed, stubborn_error, task_hangs, idle_killed):
        for kind in (OldPool, Executor):
            process = Process(target=in_a_process, args=(event, kind))
            process.start()
            process.join()
    for kind in (OldPool, Executor):
        parent_killed(kind)
