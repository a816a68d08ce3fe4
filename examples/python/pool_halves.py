"""Two processes, half of the numbers each: one of them ends early and idles."""

import time
from itertools import count, takewhile
from multiprocessing import Process, SimpleQueue

FIRST = 1_000_000_000_001
COUNT = 50


def smallest_factor(number):
    divisors = takewhile(lambda divisor: divisor * divisor <= number, count(2))
    return next((divisor for divisor in divisors if number % divisor == 0), number)


def find_primes(name, first, count, answers):
    start = time.perf_counter()
    numbers = range(first, first + 2 * count, 2)
    primes = [number for number in numbers if smallest_factor(number) == number]
    answers.put((name, len(primes), time.perf_counter() - start))


if __name__ == "__main__":
    half = COUNT // 2
    answers = SimpleQueue()
    halves = [("lower", FIRST), ("upper", FIRST + 2 * half)]
    for name, first in halves:
        Process(target=find_primes, args=(name, first, half, answers)).start()
    for name, primes, seconds in sorted(answers.get() for _ in halves):
        print(f"{name} half: {primes} of {half} are prime, took {seconds:.3}s")
