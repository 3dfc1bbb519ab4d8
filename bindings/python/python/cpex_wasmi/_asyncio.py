"""The ends of calls, in the event loop that waits for them."""

import asyncio
from typing import Any


def settle(future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    """Gives a future its result, unless it was cancelled meanwhile."""
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
