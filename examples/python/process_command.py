"""Starts a program with `subprocess`, the counterpart of `std::process::Command`."""

import subprocess
import sys


def parent():
    child = subprocess.run(
        [sys.executable, __file__, "child"],
        input="1 2 3 4",
        capture_output=True,
        text=True,
        check=False,
    )
    print("the child answered", child.stdout.strip())
    print("the child's exit status:", child.returncode)


def child():
    print(sum(int(word) for word in sys.stdin.read().split()))


if __name__ == "__main__":
    if sys.argv[1:] == ["child"]:
        child()
    else:
        parent()
