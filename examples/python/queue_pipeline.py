"""Producers, workers and a collector, joined by two queues, with a clean end.

Python's queues cannot be closed for those who take from them: the end is one
`None` for each of them.
"""

from multiprocessing import Process, Queue

WORKERS = 3


# ANCHOR: stages
def produce(first, numbers):
    for number in range(first, 101, 2):
        numbers.put(number)


def work(numbers, squares):
    while (number := numbers.get()) is not None:
        squares.put(number * number)


def collect(squares, answer):
    count = 0
    total = 0
    while (square := squares.get()) is not None:
        count += 1
        total += square
    answer.put((count, total))
# ANCHOR_END: stages


def start(function, *arguments):
    process = Process(target=function, args=arguments)
    process.start()
    return process


if __name__ == "__main__":
    # ANCHOR: main
    numbers = Queue(8)
    squares = Queue(8)
    answer = Queue(1)

    collector = start(collect, squares, answer)
    workers = [start(work, numbers, squares) for _ in range(WORKERS)]
    producers = [start(produce, first, numbers) for first in (1, 2)]

    for producer in producers:
        producer.join()
    for _ in workers:
        numbers.put(None)
    for worker in workers:
        worker.join()
    squares.put(None)
    count, total = answer.get()
    collector.join()
    # ANCHOR_END: main

    print(f"{count} squares, their sum is {total}")
