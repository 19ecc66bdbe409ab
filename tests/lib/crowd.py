"""Clients that keep asking, each in a thread of its own, until a block is left."""
import random
import threading
import time


class Crowd:
    """`asks` are called again and again, each every `pause` seconds; who was
    held up catches up at most a second."""

    def __init__(self, asks, pause=0.0):
        self.pause, self.over = pause, threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(a,), daemon=True) for a in asks]

    def _run(self, ask):
        # Not all at the same moment.
        next_at = time.monotonic() + random.uniform(0, self.pause)
        self.over.wait(next_at - time.monotonic())
        while not self.over.is_set():
            ask()
            next_at = max(next_at + self.pause, time.monotonic() - 1)
            self.over.wait(max(0, next_at - time.monotonic()))

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join(60)
        assert not any(t.is_alive() for t in self.threads), "a request never ended"
