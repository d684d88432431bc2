"""Serves moto on a free port, which it prints, until standard input closes.

The pipe closes with whoever started this, however that process ends: no server is left behind.
"""

import os
import sys

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.buffer.read()
os._exit(0)
