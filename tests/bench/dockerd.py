"""A container engine of our own: own folders, own socket, no bridge that another one could use.

Several can run on one computer. The chains of the firewall are shared by all engines in one
network namespace, so a test that is about what is let through gives its engine a namespace.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import filelock
import requests
from docker.errors import APIError, DockerException

from tests.bench import cache, processes, tools


class Dockerd:
    """Use `with Dockerd() as daemon`; after the block nothing of it is left."""

    def __init__(
        self,
        namespace: str | None = None,
        *,
        live_restore: bool = False,
        disk_bytes: int | None = None,
    ) -> None:
        """`disk_bytes` gives it a disk of its own of that size."""
        tools.need_linux_root()
        tools.need("dockerd", "iptables")
        # Short, because the address of a socket holds no more than 107 letters.
        self.folder = Path(tempfile.mkdtemp(prefix="dbench-"))
        self.host = f"unix://{self.folder}/docker.sock"
        self.log = self.folder / "dockerd.log"
        self._namespace = namespace
        self._live_restore = live_restore
        if disk_bytes is not None:
            (self.folder / "data").mkdir()
            small = ["mount", "-t", "tmpfs", "-o", f"size={disk_bytes}", "tmpfs"]
            subprocess.run([*small, f"{self.folder}/data"], check=True)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dockerd:
        try:
            self.start()
        except BaseException:
            self._sweep()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self.carry_on()
            if self._process is not None and self._process.poll() is not None:
                self.start()  # ended by a test: what it left is only known to a new one
            self._remove_all()
            self.stop()
        finally:
            self._sweep()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        command = [tools.tool("dockerd"), "--bridge=none", "-H", self.host]
        command += ["--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec"]
        command += ["-p", f"{self.folder}/pid"]
        if self._live_restore:
            command += ["--live-restore"]
        if self._namespace:
            # Not `ip netns exec`: that would hide the control groups.
            command = ["nsenter", f"--net=/run/netns/{self._namespace}", *command]
        (self.folder / "pid").unlink(missing_ok=True)
        # Two that start at the same moment take each other's chains of the firewall away.
        with filelock.FileLock(cache.folder() / "dockerd-start.lock"):
            self._process = processes.start(command, self.log)
            processes.until(self._answers, self._process, self.log)

    def stop(self) -> None:
        if self._process is not None:
            processes.end(self._process)

    def kill(self) -> None:
        """As a power cut would: containers and their keepers live on."""
        containerd = self.folder / "exec/containerd/containerd.pid"
        for pid in (self.pid, int(containerd.read_text())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)
        # It has lost its parent. Where nobody collects it, the next engine would wait for it.
        containerd.unlink()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def carry_on(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)

    @contextlib.contextmanager
    def client(self) -> Iterator[docker.APIClient]:
        client = docker.APIClient(base_url=self.host, version="1.41", timeout=30)
        try:
            yield client
        finally:
            client.close()

    def _answers(self) -> bool:
        # By our own hand first: the SDK leaves its socket open where nobody listens.
        with socket.socket(socket.AF_UNIX) as door:
            if door.connect_ex(f"{self.folder}/docker.sock") != 0:
                return False
        try:
            with self.client() as client:
                return bool(client.ping())
        except (DockerException, requests.RequestException):
            return False

    def _remove_all(self) -> None:
        with self.client() as client:
            for container in client.containers(all=True):
                with contextlib.suppress(APIError):
                    client.remove_container(container["Id"], force=True, v=True)
            for network in client.networks():
                if network["Name"] not in ("bridge", "host", "none"):
                    with contextlib.suppress(APIError):
                        client.remove_network(network["Id"])

    def _sweep(self) -> None:
        self.stop()
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in sorted(mounts, reverse=True):
            if mount.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
