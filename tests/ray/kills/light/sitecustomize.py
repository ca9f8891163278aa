"""On the path of these tests' nodes: Ray's workers are forked, see `tests.ray.kills.zygote`.

Python runs this at its start. Of a process that is to become a worker nothing is left to do
but to wait for the worker's end.
"""

from __future__ import annotations

import json
import os
import socket
import sys

zygote = os.environ.get("TTSGRID_TEST_ZYGOTE")
if zygote and any(part.endswith("setup_worker.py") for part in sys.orig_argv[:3]):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(zygote)
        command = sys.orig_argv[1:]
        told = {"command": command, "environment": dict(os.environ), "for": os.getpid()}
        socket.send_fds(line, [json.dumps(told).encode() + b"\n"], [0, 1, 2])
        with line.makefile() as answers:
            pid, status = answers.readline(), answers.readline()
    os._exit(int(status or 1) & 0xFF)
