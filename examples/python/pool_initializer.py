"""Each worker makes a table of primes once, and uses it in all its tasks."""

from math import isqrt
from multiprocessing import Pool

FIRST = 1_000_000_000_001
COUNT = 50

primes = None


def make_table(limit):
    global primes
    is_prime = bytearray([1]) * (limit + 1)
    for number in range(2, isqrt(limit) + 1):
        if is_prime[number]:
            multiples = range(number * number, limit + 1, number)
            is_prime[number * number :: number] = bytes(len(multiples))
    primes = [number for number in range(2, limit + 1) if is_prime[number]]


def smallest_factor(number):
    return next((prime for prime in primes if number % prime == 0), number)


if __name__ == "__main__":
    with Pool(2, initializer=make_table, initargs=(1_000_100,)) as pool:
        numbers = range(FIRST, FIRST + 2 * COUNT, 2)
        factors = pool.map(smallest_factor, numbers)
    large = sum(1 for factor in factors if factor > 1000)
    print(f"{large} of {COUNT} numbers have no factor below 1000")
    print(f"the parent has a table: {primes is not None}")
