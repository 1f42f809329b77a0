import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from agent.approvals import Approval, Deciders, State, Verdict
from agent.errors import NotAllowed, NotPending
from agent.ledger import LEASE_SECONDS, Ledger


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(engine: AsyncEngine, clock: Clock) -> Ledger:
    return Ledger(engine, clock, expires_after=100)


async def propose(ledger: Ledger, deciders: Deciders | None = None, call: str = "r:0") -> Approval:
    return await ledger.propose(
        run="r",
        call=call,
        tool="remember",
        arguments={"text": "x"},
        summary="Remember “x”",
        place="console/local/general/t",
        asker="console/mei",
        asker_name="Mei",
        deciders=deciders or Deciders(),
    )


def by(person: str, press: str = "p1", *, in_place: bool = True, is_bot: bool = False, reason: str = "") -> Verdict:
    return Verdict(press, person, person.title(), in_place, is_bot, reason)


async def test_the_same_call_proposed_twice_is_one_row(ledger: Ledger) -> None:
    assert await propose(ledger) == await propose(ledger)


async def test_twenty_people_press_at_once_and_one_wins(ledger: Ledger) -> None:
    row = await propose(ledger)
    pressed = [ledger.approve(row.id, by(f"p{n}", f"press{n}")) for n in range(20)]
    outcomes = await asyncio.gather(*pressed, return_exceptions=True)
    won = [one for one in outcomes if isinstance(one, Approval)]
    assert len(won) == 1
    assert all(isinstance(one, NotPending) for one in outcomes if one is not won[0])


async def test_the_winning_press_delivered_again_is_no_error(ledger: Ledger) -> None:
    row = await propose(ledger)
    first = await ledger.reject(row.id, by("ann", "press", reason="not now"))
    assert await ledger.reject(row.id, by("ann", "press", reason="not now")) == first


async def test_who_comes_late_is_told_who_was_first(ledger: Ledger) -> None:
    row = await propose(ledger)
    await ledger.approve(row.id, by("ann"))
    with pytest.raises(NotPending, match="Ann has approved this already"):
        await ledger.reject(row.id, by("bob", "p2"))


@pytest.mark.parametrize(
    ("deciders", "verdict"),
    [
        (Deciders("place"), by("stranger", in_place=False)),
        (Deciders("asker"), by("console/ann")),
        (Deciders("others"), by("console/mei")),
        (Deciders("named", ("console/ann",)), by("console/bob")),
        (Deciders("place"), by("console/robot", is_bot=True)),
    ],
)
async def test_who_may_not_decide_decides_nothing(ledger: Ledger, deciders: Deciders, verdict: Verdict) -> None:
    row = await propose(ledger, deciders)
    with pytest.raises(NotAllowed):
        await ledger.approve(row.id, verdict)
    assert (await propose(ledger, deciders)).state is State.PROPOSED


async def test_after_its_expiry_a_press_changes_nothing(ledger: Ledger, clock: Clock) -> None:
    row = await propose(ledger)
    clock.now += 101
    with pytest.raises(NotPending, match="expired"):
        await ledger.approve(row.id, by("ann"))
    assert not await ledger.begin(row.id, row.arguments)


async def test_a_run_that_comes_back_too_late_finds_its_call_expired(ledger: Ledger, clock: Clock) -> None:
    row = await propose(ledger)
    clock.now += 101
    assert not await ledger.begin(row.id, row.arguments)
    assert (await ledger.by_run(row.run))[0].state is State.EXPIRED


async def test_what_nobody_decided_expires_once(ledger: Ledger, clock: Clock) -> None:
    row = await propose(ledger)
    clock.now += 101
    assert [one.id for one in await ledger.overdue()] == [row.id]
    await ledger.expire(row.id)
    assert await ledger.overdue() == []
    assert (await ledger.by_run(row.run))[0].state is State.EXPIRED


async def test_what_has_time_left_does_not_expire(ledger: Ledger) -> None:
    row = await propose(ledger)
    await ledger.expire(row.id)
    assert (await ledger.by_run(row.run))[0].state is State.PROPOSED


async def test_what_ran_in_a_process_that_died_is_unknown_after_a_while(ledger: Ledger, clock: Clock) -> None:
    row = await propose(ledger)
    await ledger.approve(row.id, by("ann"))
    await ledger.begin(row.id, row.arguments)
    assert await ledger.died() == []
    clock.now += LEASE_SECONDS + 1
    assert [one.id for one in await ledger.died()] == [row.id]
    assert (await ledger.cut(row.id)).state is State.UNKNOWN
    assert await ledger.died() == []


async def test_what_runs_in_another_process_is_not_taken_for_dead(engine: AsyncEngine, clock: Clock) -> None:
    here, there = (Ledger(engine, clock, 1_000.0, runner) for runner in ("here", "there"))
    row = await propose(here)
    await here.approve(row.id, by("ann"))
    assert await here.begin(row.id, row.arguments)
    assert not await there.begin(row.id, row.arguments)
    assert (await here.finish(row.id, "Remembered.")).state is State.DONE


async def test_whoever_ran_a_call_that_was_given_up_still_says_how_it_ended(ledger: Ledger) -> None:
    row = await propose(ledger)
    await ledger.approve(row.id, by("ann"))
    await ledger.begin(row.id, row.arguments)
    assert (await ledger.cut(row.id)).state is State.UNKNOWN
    assert (await ledger.finish(row.id, "Remembered.")).state is State.DONE


async def test_an_approved_call_that_nobody_takes_up_is_found(ledger: Ledger, clock: Clock) -> None:
    row = await propose(ledger)
    await ledger.approve(row.id, by("ann"))
    assert await ledger.left() == []
    clock.now += LEASE_SECONDS + 1
    assert [one.id for one in await ledger.left()] == [row.id]


async def test_an_edit_is_what_runs_and_nothing_else(ledger: Ledger) -> None:
    row = await propose(ledger)
    edited = await ledger.approve_edited(row.id, by("ann"), {"text": "y"}, "Remember “y”")
    assert edited.edited
    assert edited.fingerprint != row.fingerprint
    assert not await ledger.begin(row.id, {"text": "x"})
    assert await ledger.begin(row.id, {"text": "y"})


async def test_a_call_runs_once(ledger: Ledger) -> None:
    row = await propose(ledger)
    assert not await ledger.begin(row.id, row.arguments)
    await ledger.approve(row.id, by("ann"))
    assert await ledger.begin(row.id, row.arguments)
    done = await ledger.finish(row.id, "Remembered.")
    assert (done.state, done.result) == (State.DONE, "Remembered.")
    assert not await ledger.begin(row.id, row.arguments)


async def test_a_call_cut_off_while_it_ran_is_unknown_until_a_person_decides(ledger: Ledger) -> None:
    row = await propose(ledger)
    await ledger.approve(row.id, by("ann"))
    await ledger.begin(row.id, row.arguments)
    assert not await ledger.begin(row.id, row.arguments)
    assert [(one.id, one.state) for one in await ledger.pending()] == [(row.id, State.UNKNOWN)]
    await ledger.retry(row.id, by("ann", "p9"))
    assert await ledger.begin(row.id, row.arguments)


async def test_what_was_withdrawn_is_not_run_unless_it_has_begun(ledger: Ledger) -> None:
    proposed, approved, begun = [await propose(ledger, call=f"r:{number}") for number in range(3)]
    for row in (approved, begun):
        await ledger.approve(row.id, by("ann"))
    await ledger.begin(begun.id, begun.arguments)
    await ledger.withdraw("r")
    assert not await ledger.begin(approved.id, approved.arguments)
    with pytest.raises(NotPending, match="Mei has left this as it is already"):
        await ledger.approve(proposed.id, by("ann", "p2"))
    assert [row.state for row in await ledger.by_run("r")] == [State.ABANDONED, State.ABANDONED, State.STARTED]
