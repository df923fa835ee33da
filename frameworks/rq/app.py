"""RQ: one job that is done, one that waits, one that is scheduled."""

import socket
from datetime import timedelta

socket.gethostname = lambda: "host"  # its workers name the machine

from redis import Redis  # noqa: E402
from rq import Queue, SimpleWorker  # noqa: E402

from visits import about, main  # noqa: E402


def visit(url: str, variant: str) -> dict:
    connection = Redis.from_url(url)
    queue = Queue(connection=connection)
    done = queue.enqueue("operator.add", 1, 2)
    SimpleWorker([queue], connection=connection, name="worker").work(burst=True, logging_level="ERROR")
    queue.enqueue("operator.add", 3, 4)
    queue.enqueue_in(timedelta(hours=1), "operator.add", 5, 6)
    return about("rq", "bystander", waiting=1, done=[done.id])


main(visit)
