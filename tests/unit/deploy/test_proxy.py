"""What the proxy lets in, and what it writes down."""

import re
from pathlib import Path

CONFIG = (Path(__file__).parents[3] / "deploy" / "proxy" / "nginx.conf").read_text("utf-8")
PORTAL = CONFIG.split("server_name ${PORTAL_NAME};")[1].split("server_name ${SUPERSET_NAME};")[0]
LOCATIONS = dict(re.findall(r"location ~ (\S+) \{(.*?)\}", PORTAL, re.DOTALL))


def location_of(path: str) -> str:
    """What holds for a path: the first regular expression that fits, else the rest."""
    return next((held for shape, held in LOCATIONS.items() if re.search(shape, path)), "")


def test_files_alone_may_be_large() -> None:
    assert "client_max_body_size 64k;" in PORTAL.split("location")[0]
    for path in ("/periods/2025-06/files", "/api/v1/uploads", "/api/v1/signatures"):
        assert "client_max_body_size 420m;" in location_of(path), path
    for path in ("/enrol/files", "/sign-in", "/receipts", "/api/v1/locks", "/x/periods/1/files"):
        assert "client_max_body_size" not in location_of(path), path


def test_no_log_holds_a_query_or_a_link() -> None:
    (line,) = re.findall(r"log_format events(.*?);", CONFIG, re.DOTALL)
    variables = set(re.findall(r"\$(\w+)", line))
    whole = {"request", "request_uri", "uri", "args", "query_string", "http_referer", "http_cookie"}
    assert not variables & whole
    assert "logged" in variables
    assert re.search(r"map \$uri \$logged \{\s*~\^/enrol/ /enrol/-;\s*default \$uri;", CONFIG)


def test_errors_of_requests_that_hold_secrets_are_not_written_down() -> None:
    for path in ("/enrol/abc", "/sign-in", "/sign-in/oidc/callback"):
        assert "error_log /dev/stderr crit;" in location_of(path), path
