"""Two networks side by side on one computer, joined by a cable: ours and a neighbour's."""

from __future__ import annotations

import secrets
import subprocess
import sys

from tests.bench import tools

OUR_ADDRESS = "10.213.77.1"
NEIGHBOUR_ADDRESS = "10.213.77.2"

# Exit 0: something answered there. What it says comes first, so that a reader sees why not.
_CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2).close()
except OSError as error:
    print(error)
    sys.exit(1)
"""
_LISTEN = """
import socket, sys
server = socket.create_server(("0.0.0.0", int(sys.argv[1])))
print("ready", flush=True)
while True:
    server.accept()[0].close()
"""


class Neighbourhood:
    """Use `with Neighbourhood() as near`. The neighbour knows the way to all of our networks."""

    def __init__(self) -> None:
        tools.need_linux_root()
        tools.need("ip")
        mark = secrets.token_hex(3)
        self.ours, self.neighbour = f"dbo{mark}", f"dbn{mark}"

    def __enter__(self) -> Neighbourhood:
        for name in (self.ours, self.neighbour):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        cable, end = f"{self.ours}v", f"{self.neighbour}v"
        peer = ["type", "veth", "peer", "name", end, "netns", self.neighbour]
        _ip("-n", self.ours, "link", "add", cable, *peer)
        _ip("-n", self.ours, "addr", "add", f"{OUR_ADDRESS}/24", "dev", cable)
        _ip("-n", self.neighbour, "addr", "add", f"{NEIGHBOUR_ADDRESS}/24", "dev", end)
        _ip("-n", self.ours, "link", "set", cable, "up")
        _ip("-n", self.neighbour, "link", "set", end, "up")
        _ip("-n", self.neighbour, "route", "add", "default", "via", OUR_ADDRESS)
        return self

    def forget_the_way(self) -> None:
        """From now on the neighbour knows nothing but the cable."""
        _ip("-n", self.neighbour, "route", "del", "default")

    def __exit__(self, *_error: object) -> None:
        for name in (self.neighbour, self.ours):
            subprocess.run([tools.tool("ip"), "netns", "del", name], check=False)


def named(namespace: str) -> str:
    return f"/run/netns/{namespace}"


def of_process(pid: int) -> str:
    """The network of a process, and so of the container that it is the first process of."""
    return f"/proc/{pid}/ns/net"


def connects(network: str, host: str, port: int) -> bool:
    """Whether a program in this network gets through to there within two seconds."""
    done = subprocess.run([*inside(network, _CONNECT), host, str(port)], check=False)
    return done.returncode == 0


def listen(network: str, port: int) -> subprocess.Popen[bytes]:
    """A server on all addresses of this network; to be ended by `processes.end`."""
    process = subprocess.Popen(
        [*inside(network, _LISTEN), str(port)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    return process


def inside(network: str, program: str) -> list[str]:
    """A command that runs a small Python program in this network."""
    return [tools.tool("nsenter"), f"--net={network}", sys.executable, "-c", program]


def _ip(*words: str) -> None:
    subprocess.run([tools.tool("ip"), *words], check=True)
