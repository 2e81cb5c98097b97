#!/usr/bin/env python3
"""Requests a second of `soliton serve` against those of `soliton run` packed, in turns, and what HTTP adds to one request.

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


def run(program, file, clients, folder):
    """Requests a second of a run whose answers are not compared either."""
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
            alone, together = (run(program, file, clients, f"{folder}/run{clients}") for clients in (1, 16))
            server, port, model = serve(program, file, folder + "/session")
            request = request_for(port, model)
            load(port, request, 1, 100)
            _, times = load(port, request, 1, CALLS)
            rate, _ = load(port, request, 16, CALLS)
            server.send_signal(signal.SIGTERM)
            assert server.wait() == 0
            ratios.append(rate / together)
            added.append(statistics.median(times) - 1 / alone)
            print(f"turn {turn}: run {alone:.0f} and {together:.0f} requests/s with 1 and 16 clients; serve {rate:.0f} with 16, "
                  f"p50 of one {1e3 * statistics.median(times):.3f} ms")
    print(f"serve / run at 16: {statistics.median(ratios):.2f} (goal 0.7); HTTP adds {1e3 * statistics.median(added):.3f} ms at 1 (goal 0.2)")


if __name__ == "__main__":
    main()
