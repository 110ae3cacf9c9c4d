"""The built site in headless Chromium: what a person sees, and what the page asks for.

    python -m tools.site.browser [--shots FOLDER]

Every page is opened at the width of a desktop and of a phone, light and dark. It must be no wider
than the window (on a desktop its tables too, which a phone scrolls), log no error, and ask nothing
of another host. The filters and the search must find what is there. Chromium is ``$CHROMIUM``, or
``chromium`` on the path (Debian's package).
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    *("", "matrix/", "rules/", "rules/GC201/", "rules/GC101/", "explain/", "preflight/", "api/"),
    *("examples/trainer/", "examples/trl/", "measurements/figures/", "measurements/gpu/"),
    *("measurements/cost/", "measurements/costs/", "measurements/real/", "zh/"),
)
WIDTHS = {1280: 900, 390: 844}
SCHEMES = ("light", "dark")
_CUT_TABLES = """[...document.querySelectorAll(".md-typeset__scrollwrap")]
    .filter(box => box.scrollWidth > box.clientWidth + 1).length"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def problems(site: Path, shots: Path | None) -> list[str]:
    """Return one line for everything that a page does wrong."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    found: list[str] = []
    with served(site) as home, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=quiet)
        for width, height in WIDTHS.items():
            for scheme in SCHEMES:
                size = {"width": width, "height": height}
                context = browser.new_context(viewport=size, color_scheme=scheme)
                visit = _Visit(context.new_page(), home, f"{width} {scheme}", found)
                for name in PAGES:
                    visit.open(name, shots)
                visit.use()
                context.close()
        browser.close()
    return found


class _Visit:
    """One window at one width, in one scheme."""

    def __init__(self, page: Any, home: str, kind: str, found: list[str]) -> None:
        self.page, self.home, self.kind, self.found = page, home, kind, found
        self.name = ""
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.say(f"raises {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)

    def say(self, text: str) -> None:
        self.found.append(f"/{self.name} ({self.kind}): {text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.say(f"asks {request.url}")

    def _logged(self, said: Any) -> None:
        if said.type == "error":
            self.say(f"logs {said.text}")

    def _answered(self, got: Any) -> None:
        if got.status >= 400:
            self.say(f"{got.status} {got.url}")

    def open(self, name: str, shots: Path | None) -> None:
        """Open a page; it must fit the window."""
        self.name = name
        self.page.goto(self.home + name)
        self.page.wait_for_load_state("networkidle")
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.say(f"is {wide} px wider than the window")
        cut = self.page.evaluate(_CUT_TABLES)
        if cut and self.kind.startswith(str(max(WIDTHS))):
            self.say(f"cuts {cut} tables off")
        if shots is not None:
            file = f"{name.strip('/').replace('/', '-') or 'home'}-{self.kind.replace(' ', '-')}"
            self.page.screenshot(path=str(shots / f"{file}.png"))

    def use(self) -> None:
        """Filter the matrix and the rules, and search."""
        self.open("matrix/", None)
        self._filter("[data-gc-matrix]", "gemma3n gc201 5.23.0", "GC201", least=1, most=2)
        self.open("rules/", None)
        self._filter("[data-gc-filter]", "hybridcache", "HybridCache", least=1, most=20)
        opens = self.page.locator("label.md-header__button[for=__search]")
        if opens.is_visible():  # a phone has a button in its place
            opens.click()
        self.page.locator("input.md-search__input").press_sequentially("HybridCache")
        result = self.page.locator(".md-search-result__item").first
        try:
            result.wait_for(timeout=10_000)
        except Exception as error:  # probe boundary: whatever the browser says is the finding
            self.say(f"the search finds nothing: {type(error).__name__}")

    def _filter(self, box: str, text: str, word: str, least: int, most: int) -> None:
        self.page.locator(box).fill(text)
        rows = self.page.locator("tbody tr:not([hidden])").all()
        shown = [row.inner_text() for row in rows if row.is_visible()]
        if not least <= len(shown) <= most or not all(word in row for row in shown):
            self.say(f"filter {text!r} leaves {len(shown)} rows: {shown[:2]}")


def main(arguments: Sequence[str]) -> int:
    shots = Path(arguments[arguments.index("--shots") + 1]) if "--shots" in arguments else None
    if shots is not None:
        shots.mkdir(parents=True, exist_ok=True)
    found = problems(ROOT / "site", shots)
    for line in found:
        print(line, file=sys.stderr)
    views = len(PAGES) * len(WIDTHS) * len(SCHEMES)
    print(f"{views} views of {len(PAGES)} pages: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
