"""Takes results as they come: one slow item holds up no other.

Python's `imap_unordered` does not say which item a result belongs to, so the
function hands its number back.
"""

from multiprocessing import Event, Pool

gate = None


def keep_gate(event):
    global gate
    gate = event


def square(number):
    if number == 0:
        gate.wait()
    return number, number * number


if __name__ == "__main__":
    event = Event()
    arrived = []
    with Pool(2, initializer=keep_gate, initargs=(event,)) as pool:
        for result in pool.imap_unordered(square, range(6)):
            arrived.append(result)
            if len(arrived) == 5:
                event.set()

    print(f"last to arrive: item {arrived[-1][0]}")
    print(f"sorted again: {sorted(arrived)}")
