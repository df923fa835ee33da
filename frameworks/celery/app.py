"""Celery: two results, and tasks that wait in two queues, one with a priority."""

import socket

socket.gethostname = lambda: "host"  # its messages name the machine

from celery import Celery  # noqa: E402
from celery.contrib.testing.worker import start_worker  # noqa: E402

from visits import about, main  # noqa: E402


def visit(url: str, variant: str) -> dict:
    app = Celery("shop", broker=url, backend=url)
    app.conf.update(worker_hijack_root_logger=False, task_default_queue="celery", worker_send_task_events=True)

    @app.task(name="shop.add")
    def add(first: int, second: int) -> int:
        return first + second

    @app.task(name="shop.mail")
    def mail(address: str) -> dict:
        return {"sent": address}

    with start_worker(app, perform_ping_check=False, concurrency=1, pool="solo"):
        added = add.delay(1, 2)
        added.get(timeout=20)
        mailed = mail.delay("ann@example.com")
        mailed.get(timeout=20)
        app.control.broadcast("ping")
    add.delay(3, 4)
    mail.apply_async(["bob@example.com"], priority=9)
    mail.apply_async(["zoë@example.com"], queue="mails")
    done = [(added.id, "shop.add", 3), (mailed.id, "shop.mail", {"sent": "ann@example.com"})]
    results = [
        {"shown_as": "Celery result", "holds": {"task_id": task, "status": "SUCCESS", "result": result}}
        for task, _, result in done
    ]
    events = [
        {"shown_as": "Celery event", "holds": {"uuid": task, "name": name, "type": "task-received"}}
        for task, name, _ in done
    ]
    events += [
        {"shown_as": "Celery event", "holds": {"uuid": task, "type": kind}}
        for task, _, _ in done
        for kind in ("task-started", "task-succeeded")
    ]
    control = {"shown_as": "Celery control", "holds": {"method": "ping"}}
    return about(
        "celery", "bystander", waiting=3, results=[added.id, mailed.id], published=[*results, *events, control]
    )


main(visit)
