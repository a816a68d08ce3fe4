"""The numbers one after another, then shared by threads, which gain nothing.

Of the threads of one CPython process, only the one that holds the global
interpreter lock (GIL) runs Python code.
"""

import time
from itertools import count, takewhile
from multiprocessing.pool import ThreadPool

FIRST = 1_000_000_000_001
COUNT = 50


def smallest_factor(number):
    divisors = takewhile(lambda divisor: divisor * divisor <= number, count(2))
    return next((divisor for divisor in divisors if number % divisor == 0), number)


if __name__ == "__main__":
    numbers = range(FIRST, FIRST + 2 * COUNT, 2)

    start = time.perf_counter()
    alone = [smallest_factor(number) for number in numbers]
    print(f"one thread took {time.perf_counter() - start:.3}s")

    start = time.perf_counter()
    with ThreadPool(2) as pool:
        together = pool.map(smallest_factor, numbers)
    print(f"several threads took {time.perf_counter() - start:.3}s")

    print(f"the same factors in the same order: {alone == together}")
