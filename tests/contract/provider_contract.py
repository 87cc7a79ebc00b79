"""What every provider has to keep, checked by one class that each of them inherits.

A subclass gives the fixtures `provider` and `launch`, and may raise `start_limit_s`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import EndpointState, EngineKind, Handle, Launch, Status
from core.errors import AppError
from core.progress import Cancelled, CancelToken, Progress, silent
from core.providers.base import Provider
from tests.contract.launches import until

Deployed = Callable[[], Handle]


class ProviderContract:
    start_limit_s = 5.0  # an id exists by then; the model may be far from loaded
    poll_limit_s = 2.5
    run_limit_s = 60.0

    @pytest.fixture
    def provider(self) -> Provider:
        raise NotImplementedError

    @pytest.fixture
    def launch(self) -> Launch:
        raise NotImplementedError

    @pytest.fixture
    def started(self, provider: Provider, launch: Launch) -> Iterator[Deployed]:
        """Starts it, and takes away what is left after the test."""

        def start() -> Handle:
            provider.fetch_engine(launch.plan, silent, CancelToken())
            return provider.start(launch)

        yield start
        for handle in provider.find_ours(launch.install_id):
            provider.delete(handle)

    def until(self, provider: Provider, handle: Handle, *states: EndpointState) -> Status:
        return until(provider, handle, *states, limit_s=self.run_limit_s)

    # --- the class says what it is ------------------------------------------------------------

    def test_names_itself(self, provider: Provider) -> None:
        assert provider.id
        assert isinstance(provider.engine, EngineKind)
        assert provider.billable is False

    def test_check_is_quick_and_quiet_when_it_can_be_used(self, provider: Provider) -> None:
        before = time.monotonic()
        provider.check()
        assert time.monotonic() - before < 10

    # --- bringing the engine ------------------------------------------------------------------

    def test_fetching_twice_gives_the_same_engine(self, provider: Provider, launch: Launch) -> None:
        first = provider.fetch_engine(launch.plan, silent, CancelToken())
        assert provider.fetch_engine(launch.plan, silent, CancelToken()) == first

    def test_fetching_reports_the_step_it_belongs_to(
        self, provider: Provider, launch: Launch
    ) -> None:
        seen: list[Progress] = []
        provider.fetch_engine(launch.plan, seen.append, CancelToken())
        assert {progress.step for progress in seen} <= {"fetch_engine"}

    # --- starting -----------------------------------------------------------------------------

    def test_start_returns_once_there_is_an_id(
        self, provider: Provider, launch: Launch, started: Deployed
    ) -> None:
        provider.fetch_engine(launch.plan, silent, CancelToken())
        before = time.monotonic()
        handle = started()
        assert time.monotonic() - before < self.start_limit_s
        assert handle.provider == provider.id
        assert handle.deployment_id == launch.deployment_id
        assert handle.ref

    def test_it_comes_to_run_and_says_where(self, provider: Provider, started: Deployed) -> None:
        handle = started()
        states = (EndpointState.RUNNING, EndpointState.FAILED, EndpointState.GONE)
        status = self.until(provider, handle, *states)
        assert status.state is EndpointState.RUNNING, status
        assert status.url
        assert status.url.startswith("http://")

    def test_a_second_start_adopts_the_first(
        self, provider: Provider, launch: Launch, started: Deployed
    ) -> None:
        first = started()
        assert provider.start(launch) == first
        assert provider.find_ours(launch.install_id) == (first,)

    def test_start_after_stop_makes_no_second_one(
        self, provider: Provider, launch: Launch, started: Deployed
    ) -> None:
        first = started()
        provider.stop(first)
        again = provider.start(launch)
        assert again.deployment_id == first.deployment_id
        assert provider.find_ours(launch.install_id) == (again,)
        self.until(provider, again, EndpointState.RUNNING)

    def test_another_installation_sees_nothing_of_it(
        self, provider: Provider, started: Deployed
    ) -> None:
        started()
        assert provider.find_ours("another-installation") == ()

    # --- looking ------------------------------------------------------------------------------

    def test_poll_never_waits(self, provider: Provider, started: Deployed) -> None:
        handle = started()
        for _ in range(5):
            before = time.monotonic()
            provider.poll(handle)
            assert time.monotonic() - before < self.poll_limit_s

    def test_poll_of_an_unknown_one_says_gone(self, provider: Provider) -> None:
        assert provider.poll(_stranger(provider)).state is EndpointState.GONE

    # --- stopping and starting again ----------------------------------------------------------

    def test_stopping_twice_is_fine_and_keeps_it(
        self, provider: Provider, launch: Launch, started: Deployed
    ) -> None:
        handle = started()
        self.until(provider, handle, EndpointState.RUNNING)
        provider.stop(handle)
        provider.stop(handle)
        assert provider.poll(handle).state is EndpointState.STOPPED
        assert provider.find_ours(launch.install_id) == (handle,)

    def test_a_stopped_one_runs_again(self, provider: Provider, started: Deployed) -> None:
        handle = started()
        self.until(provider, handle, EndpointState.RUNNING)
        provider.resume(handle)  # runs already: nothing happens
        assert self.until(provider, handle, EndpointState.RUNNING).url
        provider.stop(handle)
        provider.resume(handle)
        assert self.until(provider, handle, EndpointState.RUNNING).url

    def test_stopping_an_unknown_one_is_fine(self, provider: Provider) -> None:
        provider.stop(_stranger(provider))

    def test_resuming_an_unknown_one_says_that_it_is_gone(self, provider: Provider) -> None:
        with pytest.raises(AppError) as caught:
            provider.resume(_stranger(provider))
        assert caught.value.code == "endpoint_gone"

    # --- taking it away -----------------------------------------------------------------------

    def test_deleting_twice_is_fine_and_leaves_the_model(
        self, provider: Provider, launch: Launch, started: Deployed
    ) -> None:
        handle = started()
        provider.delete(handle)
        provider.delete(handle)
        assert provider.poll(handle).state is EndpointState.GONE
        assert provider.find_ours(launch.install_id) == ()
        assert Path(launch.model_path).exists()

    def test_deleting_an_unknown_one_is_fine(self, provider: Provider) -> None:
        provider.delete(_stranger(provider))

    def test_a_lost_journal_loses_nothing(
        self, provider: Provider, launch: Launch, started: Deployed
    ) -> None:
        handle = started()
        assert provider.find_ours(launch.install_id) == (handle,)
        assert provider.find_ours(launch.install_id)[0].deployment_id == launch.deployment_id

    # --- secrets and cancelling ---------------------------------------------------------------

    def test_no_key_in_what_it_hands_out(
        self, provider: Provider, launch: Launch, started: Deployed
    ) -> None:
        key = Path(launch.key_path).read_text(encoding="ascii").strip()
        handle = started()
        status = self.until(provider, handle, EndpointState.RUNNING)
        said = f"{handle!r} {status!r} {provider!r} {launch!r} {vars(provider)!r}"
        assert key not in said
        assert key[-8:] not in said

    def test_a_cancelled_fetch_ends_as_cancelled(self, provider: Provider, launch: Launch) -> None:
        token = CancelToken()
        token.cancel()
        try:
            provider.fetch_engine(launch.plan, silent, token)
        except Cancelled:
            return  # whoever has nothing left to fetch may also simply return


def _stranger(provider: Provider) -> Handle:
    handle = Handle(provider=provider.id, ref="no-such-thing", deployment_id="no-such-deployment")
    return replace(handle)
