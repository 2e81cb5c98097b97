#!/usr/bin/env python3
"""Requests a second of `soliton serve` against those of `soliton run` packed, in turns, and what a request spends outside of
the service: on its way through sockets, HTTP and this client.

    tests/bench/serve.py build/release/bin/soliton configs/quickstart.yaml

Needs nothing but Python. The client is one thread with a connection for each of 1 and 16 callers, back to back.
"""

import json
import os
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

CALLS = 3000


def serve(program, file, folder):
    server = subprocess.Popen(
        [program, "serve", file, "--out", folder, "--set", "serve.listen=127.0.0.1:0", "--quiet"],
        stderr=subprocess.PIPE,
        text=True,
    )
    said = server.stderr.readline()
    return server, int(re.search(r":(\d+)/", said).group(1)), re.search(r"/models/(\S+);", said).group(1)


def ask(connection, head, body=b""):
    connection.sendall(head + body)
    return receive(connection)


def receive(connection):
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, rest = got.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
    while len(rest) < length:
        rest += connection.recv(65536)
    assert b" 200 " in head.split(b"\r\n")[0], head
    return rest


def request_for(port, model):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        about = json.loads(ask(connection, f"GET /v2/models/{model} HTTP/1.1\r\nHost: x\r\n\r\n".encode()))
    inputs = []
    for tensor in about["inputs"]:
        count = 1
        for extent in tensor["shape"]:
            count *= extent
        inputs.append({**tensor, "data": [1] * count})
    body = json.dumps({"inputs": inputs}).encode()
    return f"POST /v2/models/{model}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def load(port, request, callers, calls):
    """Requests a second, and the wall seconds of each call."""
    chooser = selectors.DefaultSelector()
    connections = []
    for _ in range(callers):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chooser.register(connection, selectors.EVENT_READ)
        connections.append(connection)
    began, sent, times, asked = time.perf_counter(), {}, [], 0
    for connection in connections:
        sent[connection] = time.perf_counter()
        connection.sendall(request)
        asked += 1
    while len(times) < calls:
        for key, _ in chooser.select():
            receive(key.fileobj)
            now = time.perf_counter()
            times.append(now - sent[key.fileobj])
            if asked < calls:
                sent[key.fileobj] = now
                key.fileobj.sendall(request)
                asked += 1
    rate = len(times) / (time.perf_counter() - began)
    for connection in connections:
        connection.close()
    return rate, times


def seconds_inside(port):
    """Wall seconds of all answered requests, from the whole request to its answer."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        text = ask(connection, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").decode()
    return float(re.search(r"^soliton_wall_seconds_total\S* (\S+)$", text, re.M).group(1))


def run(program, file, clients, folder):
    """Requests a second of a run, which also compares its answers."""
    subprocess.run(
        [program, "run", file, "--processes", "packed", "--quiet", "--out", folder, "--set", f"workload.requests={CALLS}",
         "--set", f"workload.clients={clients}"],
        check=True,
    )
    with open(folder + "/results.json", encoding="utf-8") as results:
        return CALLS / json.load(results)["wall"]["seconds"]


def main():
    program, file = os.path.abspath(sys.argv[1]), sys.argv[2]
    ratios, added = [], []
    for turn in range(3):
        with tempfile.TemporaryDirectory() as folder:
            together = run(program, file, 16, folder + "/run")
            server, port, model = serve(program, file, folder + "/session")
            request = request_for(port, model)
            load(port, request, 1, 100)
            before = seconds_inside(port)
            _, times = load(port, request, 1, CALLS)
            inside = (seconds_inside(port) - before) / CALLS
            rate, _ = load(port, request, 16, CALLS)
            server.send_signal(signal.SIGTERM)
            assert server.wait() == 0
            ratios.append(rate / together)
            added.append(statistics.mean(times) - inside)
            print(f"turn {turn}: run {together:.0f} requests/s, serve {rate:.0f} with 16 callers; one caller waits "
                  f"{1e3 * statistics.mean(times):.3f} ms, {1e3 * inside:.3f} ms of them in the service")
    print(f"serve / run at 16: {statistics.median(ratios):.2f} (goal 0.7); outside of the service {1e3 * statistics.median(added):.3f} ms at 1 (goal 0.2)")


if __name__ == "__main__":
    main()
