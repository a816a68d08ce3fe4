"""A process that owns a table and serves it to others: a manager.

The lock is needed: `table["visits"] += 1` is a question and an order to the manager,
and somebody else's may come between the two.
"""

from multiprocessing import Lock, Manager, Process


def count(table, lock):
    for _ in range(100):
        with lock:
            table["visits"] += 1


if __name__ == "__main__":
    with Manager() as manager:
        table = manager.dict(visits=0)
        lock = Lock()
        client = Process(target=count, args=(table, lock))
        client.start()
        count(table, lock)
        client.join()
        print(f"visits: {table['visits']}")
