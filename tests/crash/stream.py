"""What is sent and written while things are killed, and what was answered.

Every accepted message carries a name of its own, so that afterwards the
database and the sandbox can be asked about exactly it.
"""
import random
import secrets
import threading
import time

import requests

from instance import session

PUSH = "/api/push/send/"


class Stream(threading.Thread):
    """A thread that makes one kind of request until told to stop.

    answered: names whose answer was 2xx. unknown: names whose answer never
    came (they may exist or not). refused: statuses of the others.
    """

    def __init__(self, inst, pause_s):
        super().__init__(daemon=True)
        self.inst, self.pause_s = inst, pause_s
        self.done = threading.Event()
        self.answered, self.unknown, self.refused = {}, {}, {}
        self.serial, self.fault = 0, None
        self.mark = secrets.token_hex(4)
        self.http = session(inst.ca)

    def run(self):
        try:
            while not self.done.is_set():
                self.serial += 1
                self.one(f"{self.mark}-{self.serial}")
                self.done.wait(random.uniform(0, 2 * self.pause_s))
        except Exception as e:              # judged by the main thread
            self.fault = e

    def finish(self):
        self.done.set()
        self.join(60)
        if self.is_alive():
            self.fault = self.fault or RuntimeError("a request never ended")

    def post(self, name, method, path, body, what, token=None, headers=None):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = self.http.request(method, self.inst.url + path, json=body,
                                       headers=headers, timeout=30)
        except requests.RequestException:
            self.unknown[name] = what
            return None
        if answer.status_code // 100 == 2:
            self.answered[name] = what
            return answer
        status = answer.status_code
        self.refused[status] = self.refused.get(status, 0) + 1
        # a 5xx may have come after the commit
        if status >= 500:
            self.unknown[name] = what
        return None


class Pushes(Stream):
    """Single and group sends to the sandbox's push service.

    answered[title] = how many recipients it has.
    """

    def __init__(self, inst, pause_s, subscriptions, group):
        super().__init__(inst, pause_s)
        self.subs, self.group = subscriptions, group

    def one(self, name):
        body = {"title": name, "body": "a message of the crash test", "ttl": 3600}
        if self.serial % 4:
            path, n = PUSH + "single/", 1
            body["subscription_info"] = random.choice(self.subs)
        else:
            path, n = PUSH + "group/", self.group
            body["subscription_info_list"] = random.sample(self.subs, n)
        self.post(name, "POST", path, body, n, self.inst.admin_token,
                  {"Prefer": "respond-async"})


class Codes(Stream):
    """Sign-ups by phone: each sends one code by SMS. answered[phone] = 1."""

    def __init__(self, inst, pause_s):
        super().__init__(inst, pause_s)
        self.base = random.randrange(10**7)

    def one(self, name):
        phone = f"+98913{(self.base + self.serial) % 10**7:07d}"
        self.post(phone, "POST", "/api/auth/register/",
                  {"phone_number": phone, "password": "Crash-Test-9!",
                   "first_name": name}, 1)


class Profiles(Stream):
    """One person changes the first name, again and again, in order.

    last: the newest value whose answer was 2xx; tried: every newer one.
    """

    def __init__(self, inst, pause_s, user):
        super().__init__(inst, pause_s)
        self.user, self.last, self.tried = user, None, []

    def one(self, name):
        self.tried.append(name)
        if self.post(name, "PATCH", "/api/auth/profile/", {"first_name": name},
                     1, self.user["access"]) is not None:
            self.last, self.tried = name, []
        elif 401 in self.refused:
            # 15 minutes are over: sign in again, the rest stands
            del self.refused[401]
            fresh = self.inst.login(self.user)
            self.user["access"] = fresh["access_token"]


def pause(least, most):
    time.sleep(random.uniform(least, most))
