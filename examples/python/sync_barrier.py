"""Processes that work in rounds: nobody starts one before all ended the last."""

from multiprocessing import Array, Barrier, Process

CELLS = 4
ROUNDS = 25


def turn(cell, ring, meeting):
    neighbour = (cell + 1) % CELLS
    for _ in range(ROUNDS):
        value = ring[neighbour]
        meeting.wait()
        ring[cell] = value
        meeting.wait()


if __name__ == "__main__":
    ring = Array("Q", [10, 20, 30, 40])
    meeting = Barrier(CELLS)
    print(f"before: {list(ring)}")

    processes = [
        Process(target=turn, args=(cell, ring, meeting)) for cell in range(CELLS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(f"after {ROUNDS} rounds: {list(ring)}")
