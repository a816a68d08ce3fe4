"""Four threads of one process share a list, and one interpreter lock."""

import time
from itertools import count, takewhile
from threading import Thread

COUNT = 100_000
THREADS = 4


def is_prime(number):
    divisors = takewhile(lambda divisor: divisor * divisor <= number, count(2))
    return number >= 2 and all(number % divisor for divisor in divisors)


def count_primes(numbers):
    return sum(1 for number in numbers if is_prime(number))


if __name__ == "__main__":
    numbers = list(range(COUNT))
    start = time.perf_counter()
    alone = count_primes(numbers)
    print(f"one thread: {alone} primes, took {time.perf_counter() - start:.3}s")

    start = time.perf_counter()
    # ANCHOR: threads
    counts = []
    size = COUNT // THREADS
    parts = [numbers[first : first + size] for first in range(0, COUNT, size)]
    threads = [
        Thread(target=lambda part: counts.append(count_primes(part)), args=(part,))
        for part in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # ANCHOR_END: threads
    seconds = time.perf_counter() - start
    print(f"{THREADS} threads: {sum(counts)} primes, took {seconds:.3}s")
