"""Maps over an endless input. Python's `imap` does not wait for its reader.

A thread of the pool reads the input as fast as the workers take it, and the
results pile up in memory: the twin waits until 20,000 items have been read,
though nobody asks for another result, and gives up after a minute.
"""

import threading
from itertools import count
from multiprocessing import Pool

LIMIT = 20_000
read_ahead = threading.Event()


def steps(number):
    total = 0
    while number != 1:
        number = number // 2 if number % 2 == 0 else 3 * number + 1
        total += 1
    return total


def endless():
    for number in count(1):
        if number > LIMIT:
            read_ahead.set()
        yield number


if __name__ == "__main__":
    with Pool(2) as pool:
        for number, result in enumerate(pool.imap(steps, endless()), start=1):
            if result > 100:
                print(f"{number} is the first with more than 100 steps: {result}")
                break
        print("the pool stopped reading:", not read_ahead.wait(timeout=60))
