"""The form that a blank is asked for."""

from warehouse.contracts import Contracts, Form
from warehouse.core.errors import UserError


def form_of_period(
    contracts: Contracts, form: str, period: str, territory: str | None = None
) -> Form:
    """The version of a form in force in a period (YYYY-MM), with the rows of a territory (KATO).

    UserError for an unknown form, and for one that is in force in other periods only.
    """
    try:
        return contracts.form(form, period, territory)
    except KeyError as error:
        valid = [
            f"{version.valid_from} – {version.valid_to or '…'}"
            for version in contracts.form_versions
            if version.code == form
        ]
        if valid:
            given = {"value": form, "period": period, "valid": ", ".join(valid)}
            raise UserError("FORM_NOT_IN_FORCE", **given) from error
        forms = ", ".join(contracts.forms)
        raise UserError("FORM_CODE_UNKNOWN", value=form, forms=forms) from error
