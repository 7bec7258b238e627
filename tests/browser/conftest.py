"""A real browser on a real service: the demo's community, served as an operator would serve it.

The service is one process for all tests here; they leave it as they found it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.browser.morning import write_morning

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# What a browser would look up on the network by itself.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
)
DESKTOP, PHONE = 1440, 390
LIMIT_MS = 20_000
_LOGIN = re.compile(r"http://\S+/login\S*")
# What CSP forbids is told as an event, and lost unless somebody listens from the start.
_LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(event.violatedDirective + " " + event.blockedURI));
"""


@dataclass(frozen=True)
class Service:
    """A running service. `login`: the one-time link of its start."""

    folder: Path
    url: str
    login: str

    def zos(self, *arguments: str) -> str:
        """Run a command beside the service, and return what it printed."""
        return _zos(self.folder, *arguments)


@dataclass
class Watched:
    """A page and all that went wrong on it."""

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page, and insist that it is there."""
        answer = self.page.goto(self.origin + path, wait_until="load")
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"

    def faults(self) -> list[str]:
        """What the browser complained of: scripts, the console, the policy, requests to elsewhere."""
        violations: list[str] = self.page.evaluate("window.violations || []")
        return [*self.errors, *violations, *self.elsewhere]


Watch = Callable[[BrowserContext], Watched]


def _zos(folder: Path, *arguments: str) -> str:
    command = (sys.executable, "-m", "zos", "--config", str(folder / "zos.yaml"), *arguments)
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The demo's service."""
    folder = tmp_path_factory.mktemp("browser") / "demo"
    made = (sys.executable, "-m", "zos", "demo", "--no-serve", "--dir", str(folder))
    subprocess.run(made, check=True, capture_output=True, timeout=300)
    write_morning(folder / "today.json")
    _zos(folder, "import", "--book", str(folder / "today.json"))
    _zos(folder, "reflect", "trigger", "nightly-channel-reflection")
    process = subprocess.Popen(
        (sys.executable, "-m", "zos", "--config", str(folder / "zos.yaml"), "serve"),
        env={**os.environ, "ZOS_API__PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        login = _login_link(process)
        yield Service(folder, login.split("/login")[0], login)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def _login_link(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := _LOGIN.search(line):
            return found[0]
    raise AssertionError(f"the service ended without a login link: {process.wait(60)}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or another that is on the path."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.fail("The browser tests need Chromium (Debian: apt-get install chromium).")
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=path, args=list(QUIET))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def cookies(browser: Browser, service: Service) -> Path:
    """The state of a browser that has followed the login link."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(service.login)
    if page.locator("form button.primary").count():
        page.locator("form button.primary").first.click()
    page.wait_for_url(service.url + "/")
    kept = service.folder / "browser.json"
    context.storage_state(path=kept)
    context.close()
    return kept


@pytest.fixture
def watch(service: Service) -> Watch:
    """Open a page in a context, and note all that goes wrong on it."""

    def watched(context: BrowserContext) -> Watched:
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        page.add_init_script(_LISTEN)
        found = Watched(page, service.url)
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        page.on(
            "console", lambda said: found.errors.append(said.text) if said.type == "error" else None
        )
        page.on("request", lambda made: _note_elsewhere(found, made.url))
        return found

    return watched


def _note_elsewhere(found: Watched, url: str) -> None:
    if not url.startswith((found.origin, "data:", "blob:", "about:")):
        found.elsewhere.append(f"a request to {url}")
