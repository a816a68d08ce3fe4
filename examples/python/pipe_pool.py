"""A pool from parts: one pipe a worker, and a lost worker is noticed."""

import os
from multiprocessing import Pipe, Process
from multiprocessing.connection import wait
from signal import Signals

WORKERS = 2


class Worker:
    def __init__(self):
        self.connection, theirs = Pipe()
        self.process = Process(target=work, args=(theirs,))
        self.process.start()
        theirs.close()  # the worker alone must hold it, or its end shows nowhere

    def give(self, task, number):
        self.task = task
        self.connection.send(number)

    def retire(self):
        self.connection.send(None)
        self.process.join()


def work(parent):
    while (number := parent.recv()) is not None:
        if number == 5:
            os.abort()
        parent.send(number * number)


def squares(numbers):
    results = [None] * len(numbers)
    left = iter(enumerate(numbers))
    team = [Worker() for _ in range(WORKERS)]
    for worker, (task, number) in zip(team, left):
        worker.give(task, number)
    while team:
        ready = wait([worker.connection for worker in team])[0]
        place = [worker.connection for worker in team].index(ready)
        worker = team[place]
        try:
            results[worker.task] = ready.recv()
        except (EOFError, ConnectionResetError):
            worker.process.join()
            signal = Signals(-worker.process.exitcode)
            end = f"was killed by signal {signal.value} ({signal.name})"
            print(f"task {worker.task} is lost: process {worker.process.pid} {end}")
            team[place] = Worker()
        if (following := next(left, None)) is not None:
            team[place].give(*following)
        else:
            team.pop(place).retire()
    return results


if __name__ == "__main__":
    numbers = range(1, 9)
    for number, square in zip(numbers, squares(numbers)):
        print(f"{number}: {'no result' if square is None else square}")
