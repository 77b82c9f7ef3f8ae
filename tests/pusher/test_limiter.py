"""The limiter on a clock of its own: nothing here waits."""

from __future__ import annotations

from pusher.limiter import GENERAL, SEARCH, Limiter


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def limiter() -> tuple[Limiter, Clock]:
    clock = Clock()
    return Limiter(clock=clock, sleep=clock.sleep), clock


def turns(limiter: Limiter, clock: Clock, count: int, *, search: bool = False) -> list[float]:
    times = []
    for _ in range(count):
        limiter.wait(search=search)
        times.append(clock.now)
    return times


def learn(limiter: Limiter, limit: str, interval: str = "10000") -> None:
    limiter.learn(
        {"X-HubSpot-RateLimit-Max": limit, "X-HubSpot-RateLimit-Interval-Milliseconds": interval}
    )


def most_in_a_window(times: list[float], window: float = 10.0) -> int:
    return max(sum(1 for other in times if start <= other < start + window) for start in times)


def test_it_starts_at_the_lowest_tier_and_spaces_evenly() -> None:
    """100 in 10 s, less the reserve, from the first request on."""
    paced, clock = limiter()
    times = turns(paced, clock, 300)

    assert most_in_a_window(times) <= 100
    assert most_in_a_window(times) >= 98


def test_it_learns_the_tier_from_headers() -> None:
    """190 in 10 s: never more, and at least 97 % of it."""
    paced, clock = limiter()
    learn(paced, "190")
    times = turns(paced, clock, 1000)

    assert most_in_a_window(times) <= 190
    assert 1000 / (times[-1] - times[0]) >= 0.97 * 19


def test_nonsense_in_headers_is_ignored() -> None:
    """A gateway may send anything."""
    paced, clock = limiter()
    for limit in ("", "x", "0", "-5"):
        learn(paced, limit)
    paced.learn({})

    assert most_in_a_window(turns(paced, clock, 200)) >= 98


def test_searches_stay_below_five_a_second_and_take_a_general_turn_too() -> None:
    """The account's own limit on searches, which no header announces."""
    paced, clock = limiter()
    learn(paced, "190")
    times = turns(paced, clock, 50, search=True)

    assert most_in_a_window(times, 1.0) <= 5


def test_a_pause_holds_everyone_for_its_time() -> None:
    """Nobody gets a turn before it is over, and then evenly again."""
    paced, clock = limiter()
    turns(paced, clock, 3)
    paused_at = clock.now

    assert paced.pause(GENERAL, 10.0) is True
    assert paced.pause(GENERAL, 5.0) is False
    times = turns(paced, clock, 20)
    assert times[0] >= paused_at + 10.0
    assert times[1] > times[0]


def test_pauses_without_a_time_grow_up_to_the_window() -> None:
    """A stray 429 costs a second; a lasting one never more than HubSpot's memory."""
    paced, clock = limiter()
    waits = []
    for _ in range(6):
        paced.pause(GENERAL, None)
        before = clock.now
        paced.wait()
        waits.append(round(clock.now - before))
    paced.learn({})
    paced.pause(GENERAL, None)
    before = clock.now
    paced.wait()

    assert waits == [1, 2, 4, 8, 10, 10]
    assert round(clock.now - before) == 1


def test_threads_that_wake_late_are_held_to_the_window() -> None:
    """A machine that stalls for seconds lets them all go at once; HubSpot must not notice."""
    clock = Clock()
    late = [0.0]

    def sleep(seconds: float) -> None:
        clock.now += seconds + late.pop() if late else seconds

    paced = Limiter(clock=clock, sleep=sleep)
    times = turns(paced, clock, 95)
    late.append(5.0)
    paced._next[GENERAL] -= 5.0  # turns that were handed out while everything stood still
    times += turns(paced, clock, 150)

    assert most_in_a_window(times) <= 99


def test_a_pause_of_searches_lets_the_rest_go_on() -> None:
    """A 429 of the search endpoint says nothing about the others."""
    paced, clock = limiter()
    paced.pause(SEARCH, 100.0)

    assert turns(paced, clock, 1)[0] < 1001.0
    assert turns(paced, clock, 1, search=True)[0] >= 1100.0


def test_a_pause_ordered_while_a_turn_is_awaited_counts() -> None:
    """Whoever sleeps towards a turn wakes into the pause, and waits again."""
    clock = Clock()
    paced: Limiter

    def sleep(seconds: float) -> None:
        clock.now += seconds
        if not pauses:
            pauses.append(paced.pause(GENERAL, 10.0))

    pauses: list[bool] = []
    paced = Limiter(clock=clock, sleep=sleep)
    paced.wait()
    paced.wait()

    assert clock.now >= 1010.0
