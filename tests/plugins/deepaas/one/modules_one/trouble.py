"""A module that does all that modules should not."""

import os
import subprocess
import sys
import time

from webargs import fields


def get_metadata():
    return {"id": "trouble", "name": "trouble", "description": "trouble"}


def get_predict_args():
    return {
        "files": fields.Field(required=True, type="file", location="form", description="image"),
        "what": fields.Str(missing="nothing", description="what to do"),
    }


def _hang():
    time.sleep(3600)


def _die():
    print("about to die", flush=True)
    os._exit(3)


def _print():
    for _ in range(64):
        sys.stdout.write("x" * 2**20)
    sys.stdout.flush()
    raise ValueError("that was much")


def _print_for_ever():
    while True:
        sys.stdout.write("again\n" * 10_000)


def _hoard():
    return len(bytearray(64 * 2**30))


def _answer_much():
    return "x" * 15_000_000


def _leave_a_child():
    return subprocess.Popen(["sleep", "600"], start_new_session=True).pid


def _raise_lines():
    raise ValueError("one\nTwoError: two\n" + "z" * 5000 + "\x1b[31m")


def _look():
    return {"environment": dict(os.environ), "folder": os.getcwd()}


_DEEDS = {
    "nothing": lambda: "done",
    "hang": _hang,
    "die": _die,
    "print": _print,
    "print for ever": _print_for_ever,
    "hoard": _hoard,
    "answer much": _answer_much,
    "leave a child": _leave_a_child,
    "raise lines": _raise_lines,
    "look": _look,
}


def predict(files, what):
    return _DEEDS[what]()
