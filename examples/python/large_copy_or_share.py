"""Gives a large array to four processes: as a copy for each, and as one that
all of them see.

The copies go through a pipe as they would through a pool: with the start method
`fork` an argument would cross by inheritance instead.
"""

import time
from array import array
from multiprocessing import Array, Pipe, Process

LENGTH = 250_000
PROCESSES = 4


# ANCHOR: children
def sum_copy(part, numbers, answer):
    answer.send(sum_part(part, numbers.recv()))


def sum_shared(part, numbers, answer):
    answer.send(sum_part(part, numbers.get_obj()))


def sum_part(part, numbers):
    size = len(numbers) // PROCESSES
    return sum(numbers[part * size : (part + 1) * size])
# ANCHOR_END: children


def sums(function, pass_on):
    """Starts the processes, passes each its numbers, and adds their answers."""
    started = []
    for part in range(PROCESSES):
        argument, send = pass_on()
        here, there = Pipe()
        process = Process(target=function, args=(part, argument, there))
        process.start()
        send()
        started.append((process, here))
    total = 0.0
    for process, here in started:
        total += here.recv()
        process.join()
    return total


def by_copy(numbers):
    receiver, sender = Pipe(duplex=False)
    return receiver, lambda: sender.send(numbers)


if __name__ == "__main__":
    # ANCHOR: main
    numbers = array("d", range(LENGTH))
    size = len(numbers) * numbers.itemsize

    start = time.perf_counter()
    total = sums(sum_copy, lambda: by_copy(numbers))
    elapsed = (time.perf_counter() - start) * 1000
    print(f"copied: the sum is {total:.0f}, took {elapsed:.3}ms")
    print(f"sent: {PROCESSES * size} bytes of numbers")

    start = time.perf_counter()
    shared = Array("d", numbers)
    total = sums(sum_shared, lambda: (shared, lambda: None))
    elapsed = (time.perf_counter() - start) * 1000
    print(f"shared: the sum is {total:.0f}, took {elapsed:.3}ms")
    print(f"written once: {size} bytes of numbers")
    # ANCHOR_END: main
