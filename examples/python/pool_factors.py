"""The same work with a `Pool`: all results at once, or one by one in order."""

from itertools import count, takewhile
from multiprocessing import Pool

FIRST = 1_000_000_000_001
COUNT = 50


def smallest_factor(number):
    divisors = takewhile(lambda divisor: divisor * divisor <= number, count(2))
    return next((divisor for divisor in divisors if number % divisor == 0), number)


# ANCHOR: map
if __name__ == "__main__":
    numbers = range(FIRST, FIRST + 2 * COUNT, 2)
    with Pool(2) as pool:
        factors = pool.map(smallest_factor, numbers)
        primes = [pair for pair in zip(numbers, factors) if pair[0] == pair[1]]
        print(f"{len(primes)} of {len(numbers)} numbers are prime")
        # ANCHOR_END: map

        # Python's `imap` reads ahead without bound, so the input has an end.
        for number, factor in zip(numbers, pool.imap(smallest_factor, numbers)):
            if factor == number:
                print(f"{number} is the first prime")
                break
            if factor > 1000:
                print(f"{factor} divides {number}")
