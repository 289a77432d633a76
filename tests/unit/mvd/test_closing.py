"""Closing a period: locks first, then a name for the release that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.request import Services
from mvd.closing import close, look
from tests.unit.warehouse.builds import build, leave_out, submit
from warehouse.core.clock import utc_now
from warehouse.core.errors import UserError
from warehouse.core.settings import Settings
from warehouse.core.texts import LANGUAGES
from warehouse.ledger import IncomingFile
from warehouse.ledger.records import BuildState
from warehouse.ledger.tags import tags
from warehouse.releases import publication

PERIOD = "2025-06"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.ledger.close()


def publish(services: Services, mark: int = 1) -> str:
    draft = build(services.home, services.ledger, mark, only_in_force=True)
    settings = Settings(home=services.home.root)
    return publication.publish(services.home, services.ledger, draft, settings).release_id


def test_it_shows_how_far_each_form_has_come(services: Services) -> None:
    submit(services.home, services.ledger, "430000000")
    state = look(services, PERIOD, ["1-M"])
    (form,) = state.forms
    assert (form.expected, form.reported, form.is_locked) == (20, 1, False)
    assert "430000000" not in form.missing
    assert (state.release_id, state.is_released) == (None, False)


def test_a_closed_period_takes_nothing_more_and_its_release_has_a_name(services: Services) -> None:
    submit(services.home, services.ledger, "430000000")
    release_id = publish(services)
    assert close(services, PERIOD, ["1-M"], reason="final", by="operator") == "final-2025-06"
    (tag,) = tags(services.ledger)
    assert (tag.release_id, tag.tagged_by) == (release_id, "operator")
    with pytest.raises(UserError, match="PERIOD_LOCKED"):
        services.ledger.register(
            IncomingFile(
                form_code="1-M",
                form_version="2019",
                territory_kato="150000000",
                period=PERIOD,
                file_name="late.xlsx",
                file_sha256="0" * 64,
                file_size=1,
            ),
        )


def test_closing_twice_changes_nothing(services: Services) -> None:
    submit(services.home, services.ledger)
    publish(services)
    names = {close(services, PERIOD, ["1-M"], reason="final", by=None) for _ in range(2)}
    assert names == {"final-2025-06"}
    assert len(tags(services.ledger)) == 1


def test_what_is_not_released_cannot_be_final(services: Services) -> None:
    submit(services.home, services.ledger, "430000000")
    publish(services)
    submit(services.home, services.ledger, "150000000")
    with pytest.raises(UserError, match="CLOSING_NOT_RELEASED"):
        close(services, PERIOD, ["1-M"], reason="final", by=None)
    # The locks stay, so that the next build holds all there will ever be.
    assert look(services, PERIOD, ["1-M"]).forms[0].is_locked
    publish(services, mark=2)
    assert close(services, PERIOD, ["1-M"], reason="final", by=None) == "final-2025-06"


@pytest.mark.parametrize("state", ["refused", "failed"])
def test_a_release_without_an_accepted_report_is_not_final_whatever_became_of_its_build(
    services: Services, state: BuildState
) -> None:
    submit(services.home, services.ledger, "430000000")
    publish(services)
    lacking = submit(services.home, services.ledger, "150000000")
    draft = build(services.home, services.ledger, 2, only_in_force=True)
    services.ledger.record_release(draft.release_id, state=state)
    assert not look(services, PERIOD, ["1-M"]).is_released
    with pytest.raises(UserError, match="CLOSING_NOT_RELEASED") as refused:
        close(services, PERIOD, ["1-M"], reason="final", by=None)
    for language in LANGUAGES:
        assert f"1-M 150000000 {PERIOD} ({lacking})" in refused.value.text(language)
    assert tags(services.ledger) == []
    # The operator returns what is refused; then the release holds everything, without a build.
    services.ledger.send_back(lacking, by="operator", comment="contradicts itself")
    assert close(services, PERIOD, ["1-M"], reason="final", by=None) == "final-2025-06"


def test_a_release_that_holds_a_returned_report_is_not_final(services: Services) -> None:
    submit(services.home, services.ledger, "430000000")
    returned = submit(services.home, services.ledger, "150000000")
    publish(services)
    services.ledger.send_back(returned, by="operator", comment="wrong month")
    assert look(services, PERIOD, ["1-M"]).overtaken == (f"1-M 150000000 {PERIOD} ({returned})",)
    with pytest.raises(UserError, match="CLOSING_NOT_RELEASED"):
        close(services, PERIOD, ["1-M"], reason="final", by=None)


def test_a_period_that_was_opened_again_gets_another_name(services: Services) -> None:
    submit(services.home, services.ledger)
    publish(services)
    close(services, PERIOD, ["1-M"], reason="final", by=None)
    services.ledger.set_lock("1-M", PERIOD, is_locked=False, reason="a mistake", by="operator")
    submit(services.home, services.ledger, value=2.0)
    second = publish(services, mark=2)
    assert close(services, PERIOD, ["1-M"], reason="final", by=None) == "final-2025-06-2"
    assert tags(services.ledger)[-1].release_id == second


def test_without_forms_every_form_in_force_is_meant(services: Services) -> None:
    state = look(services, PERIOD)
    expected = {f.code for f in services.contracts.form_versions if f.valid_in(PERIOD)}
    assert {form.form for form in state.forms} == expected


def test_a_period_that_is_none_is_refused(services: Services) -> None:
    with pytest.raises(UserError, match="PERIOD_INVALID"):
        look(services, "July")


def test_a_month_that_has_not_begun_cannot_be_closed(services: Services) -> None:
    later = f"{utc_now().year + 1}-01"
    submit(services.home, services.ledger)
    publish(services)
    with pytest.raises(UserError, match="CLOSING_NOT_BEGUN"):
        close(services, later, ["1-M"], reason="final", by=None)
    assert services.ledger.locks(later) == []


def test_a_month_of_which_nothing_is_released_has_no_final_release(services: Services) -> None:
    submit(services.home, services.ledger)
    publish(services)
    with pytest.raises(UserError, match="CLOSING_NOTHING_RELEASED"):
        close(services, "2025-05", ["1-M"], reason="final", by=None)
    assert tags(services.ledger) == []


@pytest.mark.parametrize("territory", ["999999999", "150000000"], ids=["unknown", "known again"])
def test_a_month_of_which_a_report_was_left_out_is_not_final(
    services: Services, territory: str
) -> None:
    submit(services.home, services.ledger, "430000000")
    left = submit(services.home, services.ledger, territory)
    leave_out(services.home, publish(services), left)
    with pytest.raises(UserError, match="CLOSING_NOT_RELEASED") as refused:
        close(services, PERIOD, ["1-M"], reason="final", by=None)
    for language in LANGUAGES:
        assert f"1-M {territory} {PERIOD} ({left})" in refused.value.text(language)
    assert tags(services.ledger) == []
