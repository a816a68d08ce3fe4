"""A team of worker processes made of processes and pipes: a pool by hand."""

from itertools import count, takewhile
from multiprocessing import Pipe, Process
from multiprocessing.connection import wait

FIRST = 1_000_000_000_001
COUNT = 50
WORKERS = 2


def smallest_factor(number):
    divisors = takewhile(lambda divisor: divisor * divisor <= number, count(2))
    return next((divisor for divisor in divisors if number % divisor == 0), number)


def work(parent):
    # A forked child inherits the other ends too, so a word must say that it ends.
    while (number := parent.recv()) is not None:
        parent.send((number, smallest_factor(number)))


if __name__ == "__main__":
    team = {}
    for _ in range(WORKERS):
        here, there = Pipe()
        team[here] = Process(target=work, args=(there,))
        team[here].start()

    left = iter(range(FIRST, FIRST + 2 * COUNT, 2))
    for worker in team:
        worker.send(next(left))  # one number each, to begin with
    primes = []
    missing = COUNT
    while missing:
        for worker in wait(team):  # whoever is first
            number, factor = worker.recv()
            missing -= 1
            if (following := next(left, None)) is not None:
                worker.send(following)
            if factor == number:
                primes.append(number)

    print(f"primes: {sorted(primes)}")
    for worker, process in team.items():
        worker.send(None)
        process.join()
        print(f"a worker's exit status: {process.exitcode}")
