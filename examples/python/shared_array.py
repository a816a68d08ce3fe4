"""Several processes count into one shared array."""

from multiprocessing import Array, Process

TEXTS = [
    "the quick brown fox jumps over the lazy dog",
    "pack my box with five dozen liquor jugs",
    "how vexingly quick daft zebras jump",
]


def count_letters(text, shared):
    counts = [0] * 26
    for letter in text.replace(" ", ""):
        counts[ord(letter) - ord("a")] += 1

    with shared.get_lock():
        for index, count in enumerate(counts):
            shared[index] += count


if __name__ == "__main__":
    shared = Array("Q", 26)
    processes = [
        Process(target=count_letters, args=(text, shared)) for text in TEXTS
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    for index, count in enumerate(shared):
        if count >= 6:
            print(f"{chr(ord('a') + index)}: {count}")
