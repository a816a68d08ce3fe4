"""Fifty questions: a process for each of them, then one process for all."""

import time
from multiprocessing import Pipe, Process

QUESTIONS = 50


def square(number):
    return number * number


def answer_one(number, parent):
    parent.send(square(number))


def answer_all(parent):
    while (number := parent.recv()) is not None:
        parent.send(square(number))


if __name__ == "__main__":
    start = time.perf_counter()
    total = 0
    for number in range(1, QUESTIONS + 1):
        here, there = Pipe()
        process = Process(target=answer_one, args=(number, there))
        process.start()
        total += here.recv()
        process.join()
    print(f"a process for each: {total}, took {time.perf_counter() - start:.3}s")

    start = time.perf_counter()
    here, there = Pipe()
    process = Process(target=answer_all, args=(there,))
    process.start()
    total = 0
    for number in range(1, QUESTIONS + 1):
        here.send(number)
        total += here.recv()
    here.send(None)
    process.join()
    print(f"one process for all: {total}, took {time.perf_counter() - start:.3}s")
