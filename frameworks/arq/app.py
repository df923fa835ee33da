"""arq: one job that is done, one that waits for later."""

from datetime import timedelta

from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Worker

from visits import about, main


async def add(context: dict, first: int, second: int) -> int:
    return first + second


async def visit(url: str, variant: str) -> dict:
    settings = RedisSettings.from_dsn(url)
    pool = await create_pool(settings)
    done = await pool.enqueue_job("add", 1, 2)
    worker = Worker([add], redis_settings=settings, burst=True, max_burst_jobs=1, handle_signals=False)
    await worker.async_run()
    await worker.close()
    waiting = await pool.enqueue_job("add", 3, 4, _defer_by=timedelta(hours=1))
    return about("arq", "bystander", waiting=[waiting.job_id], done=[done.job_id])


main(visit)
