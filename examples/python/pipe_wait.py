"""Waits for many at once: for messages of several processes, and for their ends."""

from multiprocessing import Pipe, Process
from multiprocessing.connection import wait


def take_turns(parent, inherited):
    for connection in inherited:
        connection.close()
    try:
        while True:
            parent.send(f"turn {parent.recv()} is mine")
    except EOFError:
        pass


if __name__ == "__main__":
    connections = []
    processes = []
    for _ in range(3):
        here, there = Pipe()
        # A child inherits our ends of all earlier pipes: it has to close them, or
        # hanging up on one child would go unnoticed while another one lives.
        process = Process(target=take_turns, args=(there, [*connections, here]))
        process.start()
        there.close()
        connections.append(here)
        processes.append(process)

    for turn, chosen in [(1, 2), (2, 0), (3, 1)]:
        connections[chosen].send(turn)
        for ready in wait(connections):
            print(f"connection {connections.index(ready)}: {ready.recv()}")

    # A process counts as ready once it has ended.
    connections.pop(1).close()
    sentinels = [process.sentinel for process in processes]
    for ended in wait(sentinels):
        print(f"process {sentinels.index(ended)} has ended")
    for connection in connections:
        connection.close()
