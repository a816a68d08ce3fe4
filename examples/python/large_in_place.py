"""Four processes sort four parts of one array in place; nothing is sent back.

Python sorts lists only: each part is copied out of the shared memory and back.
"""

from heapq import merge
from multiprocessing import Process, RawArray

LENGTH = 100_000
PROCESSES = 4


def sort_part(numbers, start, end):
    numbers[start:end] = sorted(numbers[start:end])


if __name__ == "__main__":
    numbers = RawArray("I", [index * 61_803 % LENGTH for index in range(LENGTH)])
    size = LENGTH // PROCESSES
    bounds = [(part * size, (part + 1) * size) for part in range(PROCESSES)]
    processes = [
        Process(target=sort_part, args=(numbers, *bound)) for bound in bounds
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    merged = list(merge(*(numbers[start:end] for start, end in bounds)))
    print(f"{LENGTH} numbers, sorted: {merged == list(range(LENGTH))}")
