"""Both sides send and neither receives: a deadlock, and the way out.

Python's `send` has no deadline, so the twin sends from a thread and gives up
waiting for it.
"""

from multiprocessing import Pipe, Process
from threading import Event, Thread


def echo(here, there):
    here.close()
    try:
        while True:
            there.send(there.recv())
    except EOFError:
        pass


def send_all(connection, message, count, done):
    for _ in range(count):
        connection.send(message)
    done.set()


if __name__ == "__main__":
    here, there = Pipe()
    process = Process(target=echo, args=(here, there))
    process.start()
    there.close()

    message = "x" * 1000
    done = Event()
    sender = Thread(target=send_all, args=(here, message, 10_000, done))
    sender.start()
    stuck = not done.wait(timeout=0.5)
    print(f"stuck after less than 10,000 messages: {stuck}")

    for _ in range(10_000):
        here.recv()
    sender.join()
    print("all echoes have come back")

    for _ in range(1000):
        here.send(message)
        here.recv()
    print("1000 messages in turns: no deadlock")
    here.close()
    process.join()
