"""Runs commands in namespaces of their own, with the places and the network that a machine for them has. Run by `unshare`.

It reads what to do as JSON, and writes how it went as JSON. Nothing of it touches the machine: the changed places are
overlays in memory, all else is read-only, and the network has nothing but itself.
"""

import array
import fcntl
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

LIMIT: Final = 60.0
IFF_UP: Final = 1
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def prepare(task: dict[str, Any]) -> None:
    """The places: overlays in memory where something is put, and nothing else that can be written but /tmp."""
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "tmpfs", "/mnt")
    mount("--bind", "/tmp", "/tmp")
    for number, place in enumerate(task["places"]):
        upper, work = Path(f"/mnt/{number}/upper"), Path(f"/mnt/{number}/work")
        upper.mkdir(parents=True)
        work.mkdir()
        mount("-t", "overlay", "overlay", "-o", f"lowerdir={place},upperdir={upper},workdir={work}", place)
    for folder in task["folders"]:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for name, content in task["files"].items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content)
        Path(name).chmod(0o600 if "token" in name else 0o644)
    for name, leads_to in task["links"].items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).symlink_to(leads_to)
    for place in (*task["places"], *task["writable"]):
        mount("--bind", place, place)
    for place in ("/", *task["places"]):
        if place not in task["writable"]:
            mount("-o", "remount,bind,ro", place)


def connect_loopback() -> None:
    """A new network has a loopback that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = array.array("B", struct.pack("16sH14s", b"lo", 0, b""))
        fcntl.ioctl(sock, SIOCGIFFLAGS, request)
        flags = struct.unpack("16sH14s", request.tobytes())[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | IFF_UP, b""))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer as any other."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:
        return None


def answer_to(wanted: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request, once there is one that has the wanted words."""
    deadline = time.monotonic() + LIMIT
    while True:
        found = asked(wanted)
        if (found["status"] and wanted.get("until", "") in found["body"]) or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def asked(wanted: dict[str, Any]) -> dict[str, Any]:
    """One answer. Its status is 0 where nothing answers yet."""
    try:
        context = ssl.create_default_context(cafile=wanted["authority"]) if "authority" in wanted else None
        opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=context))
        request = urllib.request.Request(wanted["url"], headers=wanted.get("headers", {}))  # noqa: S310  # ours
        with opener.open(request, timeout=10) as response:
            return {"status": response.status, "body": response.read().decode(), "headers": dict(response.headers)}
    except urllib.error.HTTPError as refused:
        with refused:
            return {"status": refused.code, "body": refused.read().decode(), "headers": dict(refused.headers)}
    except OSError as error:
        return {"status": 0, "body": str(error), "headers": {}}


def ended(process: "subprocess.Popen[bytes]") -> int:
    """How a process ends at SIGTERM."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def main() -> None:
    """Do what standard input says."""
    task = json.load(sys.stdin)
    try:
        prepare(task)
        connect_loopback()
    except (OSError, subprocess.CalledProcessError) as error:
        print(json.dumps({"not_here": str(error)}))
        return
    begun = [
        subprocess.Popen(one["command"], env=one["environment"], stdout=sys.stderr, cwd="/")
        for one in task["processes"]
    ]
    try:
        answers = [answer_to(one) for one in task["requests"]]
        done = [subprocess.run(one, capture_output=True, text=True, check=False) for one in task["commands"]]
    finally:
        codes = [ended(process) for process in reversed(begun)]
    after = [
        subprocess.run(one["command"], env=one["environment"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       check=False)
        for one in task["afterwards"]
    ]  # fmt: skip
    said = [{"code": one.returncode, "output": one.stdout, "errors": one.stderr} for one in (*done, *after)]
    print(json.dumps({"answers": answers, "codes": codes, "said": said, "uid": os.getuid()}))


if __name__ == "__main__":
    main()
