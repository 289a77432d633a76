"""Dashboards of letters as PDF with text in it: every tab printed by the browser, page by page.

Superset's own PDF is one picture of the first tab.
"""

from __future__ import annotations

import base64
import io
import time
from typing import Any

from dashboards.data import release_pin
from dashboards.names import in_both

_WINDOW = (1440, 1600)
_PATIENCE_SECONDS = 120
_TAB = ".dashboard-component-tabs .ant-tabs-tab"
# A4 lying, with as many dots across as the window has: 96 to the inch.
_INCHES = (_WINDOW[0] / 96, _WINDOW[0] / 96 / 297 * 210)
_FOR_PAPER = """
.ant-layout, .dashboard-content, .grid-container, .dashboard-grid, #app, body, html {
    height: auto !important; overflow: visible !important; }
.dashboard-component-chart-holder, .superset-legacy-chart-country-map { break-inside: avoid; }
.dashboard-component-tabs .ant-tabs-tab:not(.ant-tabs-tab-active),
.ant-tabs-nav-operations, .ant-tabs-ink-bar, .header-controls, .dt-global-filter {
    display: none !important; }
::-webkit-scrollbar { display: none; }
"""
_WITHOUT_WHAT_ALL_TABS_SHARE = """
.grid-content > *:not(:has(.dashboard-component-tabs)) { display: none !important; }
"""
_TITLE = '<b class="title" style="font-size: 12px; margin-left: 40px; color: #123a63"></b>'
_DEMONSTRATION = (
    '<span style="font-size: 12px; margin-left: 16px; color: #b3261e">'
    f"{in_both('demonstration_data', between=' · ')}</span>"
)
_IS_DRAWN = """
const charts = document.querySelectorAll('.dashboard-component-chart-holder .chart-container');
return charts.length > 0 && document.querySelectorAll('.loading').length === 0;
"""


def printed(addresses: list[str], user: Any, slug: str | None) -> bytes:
    """The PDF of dashboards as `user` sees them; those of a Kazakh slug in a Kazakh frame.

    selenium.common.exceptions.TimeoutException when a chart is not drawn in two minutes.
    """
    from pypdf import PdfWriter
    from superset.utils.urls import headless_url
    from superset.utils.webdriver import WebDriverSelenium

    book = PdfWriter()
    browser = WebDriverSelenium("chrome", _WINDOW)
    driver = browser.auth(user)
    try:
        driver.set_window_size(*_WINDOW)
        driver.get(headless_url(f"/lang/{'kk' if (slug or '').endswith('-kk') else 'ru'}"))
        for address in addresses:
            for page in _print_tabs(driver, address):
                book.append(io.BytesIO(page))
    finally:
        browser.destroy(driver)
    written = io.BytesIO()
    book.write(written)
    return written.getvalue()


def _print_tabs(driver: Any, address: str) -> list[bytes]:
    from superset.utils.urls import modify_url_query

    driver.get(modify_url_query(address, standalone="3"))
    _wait(driver)
    _add_style(driver, _FOR_PAPER)
    pages = [_print(driver)]
    tabs = driver.find_elements("css selector", _TAB)
    for number, tab in enumerate(tabs[1:]):
        if number == 0:
            _add_style(driver, _WITHOUT_WHAT_ALL_TABS_SHARE)
        driver.execute_script("arguments[0].click()", tab)
        _wait(driver)
        pages.append(_print(driver))
    return pages


def _add_style(driver: Any, style: str) -> None:
    driver.execute_script(
        "const style = document.createElement('style'); style.textContent = arguments[0];"
        "document.head.append(style);",
        style,
    )


def _wait(driver: Any) -> None:
    """Until every chart has been drawn, and still is so a moment later."""
    from selenium.webdriver.support.ui import WebDriverWait

    waiting = WebDriverWait(driver, _PATIENCE_SECONDS, poll_frequency=0.3)
    for pause in (0.5, 1.0):
        waiting.until(lambda page: page.execute_script(_IS_DRAWN))
        time.sleep(pause)


def _print(driver: Any) -> bytes:
    width, height = _INCHES
    answer = driver.execute_cdp_cmd(
        "Page.printToPDF",
        {
            "paperWidth": width,
            "paperHeight": height,
            "printBackground": True,
            "displayHeaderFooter": True,
            "headerTemplate": _TITLE + (_DEMONSTRATION if release_pin.is_demonstration() else ""),
            "footerTemplate": "<span></span>",
            **{f"margin{side}": 0.4 for side in ("Top", "Bottom", "Left", "Right")},
        },
    )
    return base64.b64decode(answer["data"])
