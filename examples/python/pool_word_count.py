"""Counts the words of files and folders, several files at a time.

The rule is that of `LC_ALL=C.UTF-8 wc -w` (GNU coreutils 9.1): a word is a run of
printing characters, white space (the non-breaking kind too) ends it, and the
rest is passed over.
"""

import codecs
import os
import sys
import unicodedata
from functools import cache
from multiprocessing import Pool
from pathlib import Path

PROJECT = str(Path(__file__).resolve().parents[2])
SAMPLE = os.path.join(PROJECT, "examples", "data", "texts")
SEPARATORS = frozenset("\t\n\v\f\r \u2060")
PIECE = 64 * 1024


@cache
def kind(character):
    """True for a separator, False for a printing character, None for the rest."""
    category = unicodedata.category(character)
    if character in SEPARATORS or category == "Zs":
        return True
    return None if category in ("Cc", "Cn", "Cs", "Zl", "Zp") else False


def count_words(path):
    """Runs in a worker: the count, or the text of what went wrong."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
    words = 0
    in_word = False
    try:
        with open(path, "rb") as file:
            while piece := file.read(PIECE):
                for character in decoder.decode(piece):
                    separates = kind(character)
                    if separates:
                        in_word = False
                    elif separates is False and not in_word:
                        in_word = True
                        words += 1
    except OSError as problem:
        return problem.strerror
    return words


def complain(path, problem):
    print(f"pool_word_count.py: {path}: {problem}", file=sys.stderr)
    return False


def collect_files(path, files):
    """Adds `path`, or all files below it in the order of their names, to `files`."""
    if os.path.isfile(path):
        files.append(path)
        return True
    if not os.path.isdir(path):
        if os.path.exists(path):
            return complain(path, "neither a file nor a folder")
        return complain(path, "not found")
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as problem:
        return complain(path, problem.strerror)
    complete = True
    for entry in entries:
        if not entry.is_symlink() and (entry.is_file() or entry.is_dir()):
            complete &= collect_files(entry.path, files)
    return complete


if __name__ == "__main__":
    files = []
    complete = True
    for path in sys.argv[1:] or [SAMPLE]:
        complete &= collect_files(path, files)

    total = 0
    with Pool() as pool:
        for file, outcome in zip(files, pool.imap(count_words, files)):
            if isinstance(outcome, str):
                complete = complain(file, outcome)
                continue
            total += outcome
            print(f"{outcome:8} {file.removeprefix(PROJECT + os.sep)}")
    print(f"{total:8} total")
    sys.exit(0 if complete else 1)
