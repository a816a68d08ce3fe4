"""A worker is killed in the middle of a task: Python's pool waits for ever.

The pool replaces the worker, but nobody remembers the task it had in hand. Only
a deadline of our own ends the wait; without it this program would never end.
"""

import os
import signal
from multiprocessing import Pool, TimeoutError


def work(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * 100


if __name__ == "__main__":
    with Pool(2) as pool:
        tasks = [pool.apply_async(work, (number,)) for number in range(6)]
        for index, task in enumerate(tasks):
            try:
                # The others are there within milliseconds: they get 30 seconds.
                print(f"item {index}: {task.get(timeout=1 if index == 3 else 30)}")
            except TimeoutError:
                print(f"item {index}: still no result after 1 s, and none will come")
        print(f"the pool still works: {pool.map(work, [7, 8])}")
