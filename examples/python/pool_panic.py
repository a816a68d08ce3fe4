"""One bad item: its task raises, the results of all others arrive."""

from multiprocessing import Pool


def parse(word):
    return int(word)


if __name__ == "__main__":
    words = ["10", "20", "thirty", "40"]
    with Pool(2) as pool:
        results = pool.imap(parse, words)
        for index in range(len(words)):
            try:
                print(f"item {index}: {next(results)}")
            except ValueError as problem:
                print(f"item {index}: failed, {problem}")

        # `map` raises the worker's exception; which item it was, it does not say.
        try:
            pool.map(parse, words)
        except ValueError:
            print("map failed")
        print(f"the pool still works: {pool.apply(parse, ('50',))}")
