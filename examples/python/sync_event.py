"""Waits for a sign, first by looking again and again, then asleep."""

import time
from multiprocessing import Event, Process, SimpleQueue, Value

PAUSE = 0.1


def wait_busily(ready, flag, answer):
    ready.set()
    while flag.value == 0:
        pass
    answer.put(time.process_time())


def wait_asleep(ready, event, answer):
    ready.set()
    event.wait()
    answer.put(time.process_time())


def run(function, sign, give):
    ready = Event()
    answer = SimpleQueue()
    process = Process(target=function, args=(ready, sign, answer))
    process.start()
    ready.wait()
    time.sleep(PAUSE)
    give(sign)
    seconds = answer.get()
    process.join()
    return seconds


def raise_flag(flag):
    flag.value = 1


if __name__ == "__main__":
    seconds = run(wait_busily, Value("I", 0), raise_flag)
    print(f"looking took {seconds * 1000:.3}ms of a core")
    seconds = run(wait_asleep, Event(), lambda event: event.set())
    print(f"sleeping took {seconds * 1000:.3}ms of a core")
