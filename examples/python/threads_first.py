"""The same map and the same queue with threads.

Under the interpreter's global lock these threads take turns: they help where a
program waits, not where it computes.
"""

from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from threading import Thread

WORKERS = 3


def produce(first, numbers):
    for number in range(first, 101, 2):
        numbers.put(number)


def work(numbers, squares):
    while (number := numbers.get()) is not None:
        squares.put(number * number)
    squares.put(None)


if __name__ == "__main__":
    with ThreadPoolExecutor() as pool:
        print(list(pool.map(lambda number: number * number, [1, 2, 3, 4, 5])))

    numbers = Queue(8)
    squares = Queue(8)
    producers = [Thread(target=produce, args=(first, numbers)) for first in (1, 2)]
    workers = [Thread(target=work, args=(numbers, squares)) for _ in range(WORKERS)]
    for thread in producers + workers:
        thread.start()

    def close_line():
        for producer in producers:
            producer.join()
        for _ in workers:
            numbers.put(None)

    Thread(target=close_line).start()
    count = 0
    total = 0
    running = WORKERS
    while running:
        square = squares.get()
        if square is None:
            running -= 1
        else:
            count += 1
            total += square
    print(f"{count} squares, their sum is {total}")
