"""What a person sees who opens the sandbox in a browser."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from app.sandbox.slack_shown import words_of
from tests.sandbox.running import Sandbox

HOSTILE = "&lt;/li&gt;&lt;script&gt;alert(1)&lt;/script&gt;<x|</li><script>>\"'"
BLOCKS: list[dict[str, Any]] = [
    {"type": "header", "text": {"type": "plain_text", "text": "❌ Checkout failed"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "• *Pay by card*: expected 200 &amp; got &lt;502&gt;"}},
    {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": "Started <!date^1^{date}|21 Nov> · <https://ci.example/7|Open the run>"}],
    },
]


def test_an_empty_sandbox_shows_its_channels_and_what_to_wait_for(sandbox: Sandbox) -> None:
    page = sandbox.http.get("/")

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Nothing was posted yet." in page.text
    private, archived = "#ops-private <small>(private)</small>", "#old-announcements <small>(archived)</small>"
    for channel in ("#general", "#monitoring", private, archived):
        assert channel in page.text


def test_a_message_is_shown_as_slack_would_in_its_channel(sandbox: Sandbox) -> None:
    sandbox.bot().chat_postMessage(channel="C0ACME002", text="❌ Checkout failed", blocks=BLOCKS)

    page = sandbox.http.get("/").text

    shown = page[page.index("<h4>") : page.index("</ol>")]
    assert shown.startswith("<h4>#monitoring</h4>")
    assert "2026-01-02 03:04:05" in shown
    assert "<p class=header>❌ Checkout failed</p>" in shown
    assert "<p class=section>• <b>Pay by card</b>: expected 200 &amp; got &lt;502&gt;</p>" in shown
    assert "<p class=context>Started 21 Nov · Open the run</p>" in shown
    assert "Nothing was posted yet." not in page


def test_nothing_that_was_sent_gets_out_of_its_paragraph(sandbox: Sandbox) -> None:
    sandbox.bot().chat_postMessage(channel="C0ACME001", text=HOSTILE)
    sandbox.bot().chat_postMessage(
        channel="C0ACME001", text="x", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": f"*{HOSTILE}*"}}]
    )

    page = sandbox.http.get("/").text

    assert page.count("<script>") == 1
    assert page.count("&lt;/li&gt;") == 2


def test_the_page_runs_its_own_script_alone_and_talks_to_nobody_else(sandbox: Sandbox) -> None:
    page = sandbox.http.get("/")

    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
        assert policy[directive] == "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
    assert (policy["default-src"], policy["connect-src"], policy["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert re.findall(r"(?:src|href)=", page.text) == []
    assert sandbox.http.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_the_inside_is_given_alone_and_as_it_is_now(sandbox: Sandbox) -> None:
    before = sandbox.http.get("/shown").text
    assert before in sandbox.http.get("/").text

    sandbox.bot().chat_postMessage(channel="C0ACME001", text="A word to all")

    after = sandbox.http.get("/shown").text
    assert ("A word to all" in before, "A word to all" in after) == (False, True)


def test_the_git_servers_are_shown_with_how_to_connect_them(sandbox: Sandbox) -> None:
    page = sandbox.http.get("/").text

    for key in ("github", "gitlab"):
        assert f"<code>{sandbox.url}/{key}</code>, client id <code>sandbox-{key}</code>" in page
        assert f"<code>sandbox-{key}-secret</code>" in page
    state = sandbox.state()
    for repository in state["repositories"]:
        assert f"<tr><td>{repository['path']}" in page
    order = {"repository": "acme/payments-api", "branch": "fresh-branch", "path": "a.txt", "content": "a"}
    assert sandbox.http.post("/control/gitlab/commit", json=order).status_code == 200
    held = sandbox.state()["repositories"]
    [changed] = [each for each in held if each["provider"] == "gitlab" and each["path"] == "acme/payments-api"]
    private = " <small>(private)</small>" * changed["is_private"]
    row = f"acme/payments-api{private}<td>{changed['default_branch']}<td>{changed['branches']}<td>"
    assert (row in page, row in sandbox.http.get("/").text) == (False, True)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("plain", [("plain", False)]),
        ("*all*", [("all", True)]),
        ("2 * 3", [("2 * 3", False)]),
        ("<https://a.example>", [("https://a.example", False)]),
        ("<unended", [("unended", False)]),
        ("&amp;lt;", [("&lt;", False)]),
        ("", [("", False)]),
    ],
)
def test_slacks_markup_is_read(text: str, pieces: list[tuple[str, bool]]) -> None:
    [shown] = words_of({"text": text, "blocks": []})

    assert list(shown.pieces) == pieces or (text == "" and shown.pieces == ())


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_page_takes_over_what_is_new_and_says_when_the_sandbox_is_away(sandbox: Sandbox) -> None:
    [script] = re.findall(r"<script>(.*?)</script>", sandbox.http.get("/").text, re.DOTALL)
    program = f"""
        const answers = ["<p>old</p>", "<p>old</p>", "<p>new</p>", null];
        const shown = {{ innerHTML: "as served", querySelectorAll: () => [] }}, away = {{ hidden: true }}, seen = [];
        globalThis.document = {{ getElementById: (id) => (id === "shown" ? shown : away) }};
        globalThis.fetch = async (address) => {{
          const text = answers.shift();
          if (address !== "shown" || text === null) throw new Error("away");
          return {{ ok: true, text: async () => text }};
        }};
        globalThis.setTimeout = (again) => {{
          seen.push([shown.innerHTML, away.hidden]);
          if (answers.length) again(); else process.stdout.write(JSON.stringify(seen));
        }};
        {{ {script} }}
    """

    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True)  # noqa: S603, S607 - our own page

    assert json.loads(done.stdout) == [["as served", True], ["as served", True], ["<p>new</p>", True], ["<p>new</p>", False]]
