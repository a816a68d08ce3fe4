"""The conversation of `pipe_ping_pong` over a named meeting point.

What ipc-channel's one-shot server is in Rust, `Listener` and `Client` are here:
the child is a program of its own and is told a name to connect to.
"""

import subprocess
import sys
import time
from multiprocessing.connection import Client, Listener


def parent():
    with Listener(family="AF_UNIX") as server:
        process = subprocess.Popen([sys.executable, __file__, server.address])
        connection = server.accept()

    number = 0
    for _ in range(3):
        connection.send(number)
        reply = connection.recv()
        print(f"ping {number}, pong {reply}")
        number = reply

    start = time.perf_counter()
    for _ in range(1000):
        connection.send(number)
        number = connection.recv()
    elapsed = time.perf_counter() - start
    print(f"1000 rounds more, up to {number}, took {elapsed * 1000:.3}ms")

    connection.close()
    print("the child's exit status:", process.wait())


def child(address):
    connection = Client(address)
    try:
        while True:
            connection.send(connection.recv() + 1)
    except EOFError:
        pass


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1])
    else:
        parent()
