"""Run `luoshi` commands in forks of one process that has already read the program in: `python warm.py SOCKET`.

A page of the documentation is a dozen commands, and each would spend most of its time importing the same thousand
modules. What a command does in a fork is what it does in a process of its own: the same arguments, folder, environment
and streams, its own memory, its own exit status. `SHIM` is the program called `luoshi` while a page runs; it takes the
long way (a real process) for the first command of a page, for servers, and whenever the settings of Luoshi in the
environment are no longer those the warm process began with.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "samples/云岭市2025年卫生健康工作要点.docx"
SETTINGS = ("LUOSHI_", "DJANGO_", "DATABASE_URL")
SHIM = """\
import json, os, socket, sys, time
warm, real, home = {warm!r}, {real!r}, {home!r}
now = {{n: v for n, v in os.environ.items() if n.startswith({settings!r})}}
first = not os.path.exists(home + "/first")
open(home + "/first", "a").close()
if first or now != {environment!r} or sys.argv[1:2] in (["server"], ["mcp"], ["demo"]):
    os.execv(real, [real, *sys.argv[1:]])
for _ in range(12000):
    if os.path.exists(warm):
        break
    time.sleep(0.05)
with socket.socket(socket.AF_UNIX) as line:
    line.connect(warm)
    told = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(line, [len(told).to_bytes(4, "big")], [0, 1, 2])
    line.sendall(told)
    sys.exit(int(line.recv(10)))
"""


def serve(address: str) -> None:
    """Import the program, then fork for each command until the process is ended."""
    from luoshi.cli.main import NOUNS, django_setup

    django_setup()
    for noun in NOUNS:
        importlib.import_module(f"luoshi.cli.{noun}")
    importlib.import_module("luoshi.engines.duckdb")
    # What a reading knows by heart, and the catalogue, are learnt once.
    importlib.import_module("luoshi.plans.read").read_file(SAMPLE)
    importlib.import_module("luoshi.indicators").Catalogue.load()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address + ".part")
        listening.listen()
        Path(address + ".part").rename(address)  # whoever sees it may ask
        while True:
            line, _ = listening.accept()
            with line:
                if os.fork() == 0:
                    listening.close()
                    _attend(line)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _attend(line: socket.socket) -> None:
    """In the fork: run one command in a fork of its own, so that a kill is told too, and say how it ended."""
    size, streams, _, _ = socket.recv_fds(line, 4, 3)
    told = b""
    while len(told) < int.from_bytes(size, "big"):
        told += line.recv(65536)
    child = os.fork()
    if child == 0:
        line.close()
        os._exit(_run(streams, *json.loads(told)))
    _, status = os.waitpid(child, 0)
    line.sendall(str(os.waitstatus_to_exitcode(status) % 256).encode())
    os._exit(0)


def _run(streams: list[int], arguments: list[str], folder: str, environment: dict[str, str]) -> int:
    from luoshi.cli.main import main

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 (numbers, not paths)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else 1


if __name__ == "__main__":
    serve(str(Path(sys.argv[1])))
