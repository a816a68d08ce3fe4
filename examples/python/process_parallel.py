"""Splits one piece of work over four processes and puts the answers together."""

import time
from itertools import count, takewhile
from multiprocessing import Process, SimpleQueue

LIMIT = 100_000
PARTS = 4


def count_primes(first, end):
    return sum(1 for number in range(first, end) if is_prime(number))


def is_prime(number):
    divisors = takewhile(lambda divisor: divisor * divisor <= number, count(2))
    return number >= 2 and all(number % divisor for divisor in divisors)


def count_part(part, answers):
    first = LIMIT // PARTS * part
    end = LIMIT // PARTS * (part + 1)
    answers.put((part, count_primes(first, end)))


if __name__ == "__main__":
    start = time.perf_counter()
    alone = count_primes(0, LIMIT)
    print(f"one process: {alone} primes, took {time.perf_counter() - start:.3}s")

    start = time.perf_counter()
    answers = SimpleQueue()
    processes = [
        Process(target=count_part, args=(part, answers)) for part in range(PARTS)
    ]
    for process in processes:
        process.start()

    # The answers come in any order, each with the number of its part.
    counts = dict(answers.get() for _ in processes)
    for process in processes:
        process.join()
    for part in range(PARTS):
        print(f"part {part}: {counts[part]} primes")
    together = sum(counts.values())
    elapsed = time.perf_counter() - start
    print(f"four processes: {together} primes, took {elapsed:.3}s")
