"""A conversation between two processes over one pipe.

The child inherits a copy of the parent's end. It must close that copy, or its
`recv` would wait for ever: it would be waiting for itself to hang up.
"""

import time
from multiprocessing import Pipe, Process, SimpleQueue


# ANCHOR: child
def answer(here, there, result):
    here.close()
    rounds = 0
    try:
        while True:
            there.send(there.recv() + 1)
            rounds += 1
    except EOFError:
        result.put(rounds)
# ANCHOR_END: child


if __name__ == "__main__":
    # ANCHOR: parent
    here, there = Pipe()
    result = SimpleQueue()
    process = Process(target=answer, args=(here, there, result))
    process.start()
    there.close()

    number = 0
    for _ in range(3):
        here.send(number)
        reply = here.recv()
        print(f"ping {number}, pong {reply}")
        number = reply
    # ANCHOR_END: parent

    start = time.perf_counter()
    for _ in range(1000):
        here.send(number)
        number = here.recv()
    elapsed = time.perf_counter() - start
    print(f"1000 rounds more, up to {number}, took {elapsed * 1000:.3}ms")

    here.close()
    print(f"the child counted {result.get()} rounds")
    process.join()
