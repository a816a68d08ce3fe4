"""Squares numbers in a pool of worker processes, in the order they were given."""

import sys
from multiprocessing import Pool

I64 = range(-(2**63), 2**63)


def square(number):
    return number * number


def refuse(problem):
    print(f"pool_map.py: {problem}", file=sys.stderr)
    sys.exit(2)


def parse(word):
    """Python's integers have no limit; the ones of the Rust program do."""
    try:
        number = int(word)
    except ValueError:
        refuse(f"{word!r} is not a number to square")
    if number not in I64:
        refuse(f"{word!r} is not a number to square: it is too large")
    return number


if __name__ == "__main__":
    numbers = [parse(word) for word in sys.argv[1:]] or [1, 2, 3, 4, 5]
    with Pool(4) as pool:
        squares = pool.map(square, numbers)
    for number, result in zip(numbers, squares):
        if result not in I64:
            refuse(f"the square of {number} is too large")
    print(squares)
