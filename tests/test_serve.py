"""The local page over HTTP: nobody else is answered, uploads land whole or not at all."""

import errno
import io
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.staging.many import model_words
from orchestration.staging.web import jobs, loopback, turn, uploads
from orchestration.staging.web.about import about
from orchestration.staging.web.asked import asked
from orchestration.staging.web.dropped import main_file
from orchestration.staging.web.serve import serve, serving
from orchestration.staging.web.site import PAGE, SiteServer
from tests.served import (
    PATIENCE_S,
    SPEC,
    TOO_SHORT,
    FakeStager,
    announce,
    ask,
    ended,
    fake_reading,
    kept,
    running,
    state,
    upload,
    waited,
)

ROOT = Path(__file__).resolve().parents[1]
NIGHT = b"1200\n"  # a file that the fake reads
KAPPA = "kappa 0.10 (0 is chance, 1 is always)"
IMAGE = "<img src=x onerror=alert(1)>.edf"
HEADER = "rec 1 10 12000\nrec.dat 16 200 12 0 0 0 0 ECG\n# a comment\n"


def raw(server: SiteServer, *sent: bytes) -> bytes:
    """What comes back for bytes as they are; then the sender has nothing more to say."""
    with socket.create_connection(server.place, timeout=PATIENCE_S) as connection:
        for some in sent:
            connection.sendall(some)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def head(server: SiteServer, method: str, path: str, *lines: str) -> bytes:
    ours = [f"{method} {path} HTTP/1.1", f"Host: {server.hosts[0]}", f"X-Token: {server.token}"]
    return "\r\n".join([*ours, *lines, "", ""]).encode()


def test_a_recording_is_uploaded_staged_and_downloaded(
    server: SiteServer, stager: FakeStager
) -> None:
    job = upload(server, ("My night.edf", NIGHT), output_s="10", lights_off="22:30")
    told = ended(server, job)
    assert (told["state"], told["title"], told["reasons"]) == ("done", "My night.edf", [])
    results = told["results"]
    assert ["Total sleep time (min)", "421.5"] in results["statistics"]
    assert ["REM latency (min)", "–"] in results["statistics"]
    assert ["Awakenings", "3"] in results["statistics"]
    assert results["notes"] == ["The unit was taken for mV."]
    names = [name for name, _ in results["files"]]
    assert names == [f"My night_hypnogram.{suffix}" for suffix in ("csv", "json", "svg")]
    assert results["drawing"] == "My night_hypnogram.svg"
    answer = ask(server, "GET", f"/jobs/{job}/files/My%20night_hypnogram.csv")
    assert (answer.status, answer.body) == (200, b"stage\nW\n")
    assert "attachment" in answer.headers["Content-Disposition"]
    packed = ask(server, "GET", f"/jobs/{job}/files/{results['archive'].replace(' ', '%20')}")
    assert zipfile.ZipFile(io.BytesIO(packed.body)).namelist() == names
    assert stager.asked == [
        {
            **{"name": "My night", "output_s": 10, "lights_off": "22:30", "lights_on": None},
            **{"polarity": "auto", "force": False},
        }
    ]


def test_an_upload_is_deleted_once_it_is_staged(server: SiteServer) -> None:
    ended(server, upload(server, ("night.edf", NIGHT)))
    waited(lambda: "file-0.edf" not in kept(server))
    assert "night_hypnogram.csv" in kept(server)


def test_a_refusal_tells_its_reasons_and_can_be_overridden_without_another_upload(
    server: SiteServer,
) -> None:
    job = upload(server, ("short.edf", b"120\n"))
    told = ended(server, job)
    assert (told["state"], told["reasons"], told["again"]) == ("refused", [TOO_SHORT], True)
    assert ask(server, "POST", f"/jobs/{job}/again", {"force": True}).status == 200
    told = ended(server, job)
    assert (told["state"], told["results"]["forced"]) == ("done", [TOO_SHORT])
    assert ask(server, "POST", f"/jobs/{job}/again", {"force": True}).status == 409  # it is gone


def test_a_file_that_cannot_be_read_says_why_by_the_name_its_owner_knows(
    server: SiteServer,
) -> None:
    told = ended(server, upload(server, ("mine.edf", b"\x00junk")))
    assert told["state"] == "failed"
    assert told["reasons"] == ["mine.edf has no readable header: found b'\\x00jun'."]


def test_an_error_of_ours_is_logged_and_the_next_recording_goes_on(
    server: SiteServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turn, "plain", lambda name: {}[name])
    told = ended(server, upload(server, ("night.edf", NIGHT)))
    assert told["state"] == "failed"
    assert "KeyError" in told["reasons"][0]
    assert "Traceback" in caplog.text
    monkeypatch.undo()
    monkeypatch.setattr(turn, "as_recording", fake_reading)
    assert ended(server, upload(server, ("night.edf", NIGHT)))["state"] == "done"


def test_one_is_staged_at_a_time_and_the_others_know_how_many_are_ahead(
    server: SiteServer, stager: FakeStager
) -> None:
    stager.may.clear()
    ids = [upload(server, (f"{number}.edf", NIGHT)) for number in range(3)]
    waited(lambda: state(server, ids[0])["state"] == "staging")
    assert [state(server, job)["ahead"] for job in ids] == [0, 1, 2]
    stager.may.set()
    assert [ended(server, job)["state"] for job in ids] == ["done"] * 3
    assert stager.most_at_once == 1


def test_a_wfdb_record_is_its_header_and_the_files_that_it_names(server: SiteServer) -> None:
    job = upload(server, ("rec.dat", NIGHT), ("REC.hea", HEADER.encode()))
    assert ended(server, job)["title"] == "REC.hea"
    assert ended(server, job)["state"] == "done"


@pytest.mark.parametrize("name", ["../file-9.dat", "/etc/passwd", "other.dat"])
def test_a_wfdb_header_opens_nothing_that_did_not_come_with_it(
    server: SiteServer, name: str
) -> None:
    header = HEADER.replace("rec.dat", name).encode()
    told = ended(server, upload(server, ("rec.dat", NIGHT), ("rec.hea", header)))
    assert told["state"] == "failed"
    assert "did not come with it" in told["reasons"][0]


def test_the_headers_of_a_record_in_segments_name_each_other(tmp_path: Path) -> None:
    texts = {
        "long.hea": "long/2 1 10 24000\none 12000\n~ 6000\ntwo 6000\n",
        **{f"{name}.hea": f"{name} 1 10 12000\n{name}.dat 16\n" for name in ("one", "two")},
        **{f"{name}.dat": "" for name in ("one", "two")},
    }
    files = {}
    for number, (name, text) in enumerate(texts.items()):
        files[name] = tmp_path / uploads.stored(number, name)
        files[name].write_text(text, encoding="utf-8")
    assert main_file(files) == files["long.hea"]
    lines = files["long.hea"].read_text("utf-8").splitlines()
    segments = [line.split()[0] for line in lines[1:]]
    assert segments == [files["one.hea"].stem, "~", files["two.hea"].stem]
    assert files["two.dat"].name in files["two.hea"].read_text("utf-8")


def test_files_that_make_no_record_are_told_apart(server: SiteServer) -> None:
    told = ended(server, upload(server, ("a.edf", NIGHT), ("b.edf", NIGHT)))
    assert "only where a WFDB header" in told["reasons"][0]
    two = [(name, HEADER.encode()) for name in ("a.hea", "b.hea")]
    assert "Drop the files of one record" in ended(server, upload(server, *two))["reasons"][0]
    odd = ("a.hea", HEADER.replace("rec", "../rec", 1).encode())
    assert "is no WFDB header" in ended(server, upload(server, odd))["reasons"][0]


@pytest.mark.parametrize(
    "name", [IMAGE, "../../../etc/cron.d/x.edf", "C:\\night.edf", "a\0b\u202e.edf", "." * 300]
)
def test_a_name_from_the_browser_is_never_a_path(server: SiteServer, name: str) -> None:
    told = ended(server, upload(server, (name, NIGHT)))
    assert told["state"] == "done"
    assert not set(told["title"]) & set("/\\\0\u202e")
    (file, _), *_ = told["results"]["files"]
    assert not set(file) & set("<>/\\\0")
    assert {path.parent.parent.parent for path in server.jobs.folder.rglob("*.svg")} == {
        server.jobs.folder
    }


@pytest.mark.parametrize(
    "path",
    [
        *("..%2f..%2ffile-0.edf", "%2e%2e/%2e%2e/x", "../results/night_hypnogram.csv"),
        *("/etc/passwd", "%2fetc%2fpasswd", "outside.txt", "night_hypnogram.csv%00", "", "."),
        *("night_hypnogram.csv/", "%", "NIGHT_hypnogram.csv", "night_hypnogram.csv%0d%0aX:y"),
    ],
)
def test_only_what_was_listed_can_be_downloaded(server: SiteServer, path: str) -> None:
    job = upload(server, ("night.edf", NIGHT))
    assert ended(server, job)["state"] == "done"
    assert (server.jobs.folder / job / "results" / "outside.txt").is_symlink()
    assert ask(server, "GET", f"/jobs/{job}/files/{path}").status == 404


@pytest.mark.parametrize(
    "path", ["/site.py", "/../serve.py", "/%2e%2e/serve.py", "/page.css/", "/etc/passwd", "/jobs"]
)
def test_nothing_else_is_served(server: SiteServer, path: str) -> None:
    assert ask(server, "GET", path).status == 404


def test_every_answer_forbids_what_the_page_does_not_need(server: SiteServer) -> None:
    job = upload(server, ("night.edf", NIGHT))
    ended(server, job)
    paths = [f"/{name}" for name in PAGE] + ["/nothing", "/about", f"/jobs/{job}"]
    paths += [f"/jobs/{job}/files/night_hypnogram.svg"]
    for path in paths:
        headers = ask(server, "GET", path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'"), path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Frame-Options"] == "DENY"
        assert "Access-Control-Allow-Origin" not in headers
        assert "Python" not in headers["Server"]
    assert "sandbox" in headers["Content-Security-Policy"]  # of the last, a result
    page = ask(server, "GET", "/")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert server.token.encode() in page.body


def test_the_page_is_made_of_its_own_files_alone() -> None:
    for name, _ in PAGE.values():
        text = (ROOT / "orchestration" / "staging" / "web" / name).read_text("utf-8")
        assert "http" not in text.replace("http://www.w3.org/2000/svg", ""), name
        assert " style=" not in text
        assert "innerHTML" not in text
        assert not re.search(r"\son\w+=", text)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "", None])
def test_another_name_of_this_address_is_not_answered(
    server: SiteServer, host: str | None
) -> None:
    found = host.format(port=server.server_port) if host else host
    for path in ("/", "/about", "/page.js"):
        assert ask(server, "GET", path, Host=found).status == 421
    twice = head(server, "GET", "/", f"Host: {server.hosts[0]}")
    assert b" 421 " in raw(server, twice).splitlines()[0]


def test_localhost_is_a_name_of_ours(server: SiteServer) -> None:
    assert ask(server, "GET", "/", Host=f"LOCALHOST:{server.server_port}").status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs"),
        ("PUT", "/jobs/x/files/0"),
        ("DELETE", "/jobs/x"),
        ("POST", "/jobs/x/again"),
    ],
)
def test_what_changes_something_needs_the_token_and_our_origin(
    server: SiteServer, method: str, path: str
) -> None:
    ours = f"http://{server.hosts[0]}"
    for token in (None, "", "x" * len(server.token), server.token + "x", "ü"):
        assert ask(server, method, path, {}, X_Token=token).status == 403
    for origin in ("http://evil.example", "null", ours + ".evil.example", "https" + ours[4:]):
        assert ask(server, method, path, {}, Origin=origin).status == 403
    for site in ("cross-site", "same-site"):
        assert ask(server, method, path, {}, Sec_Fetch_Site=site).status == 403
    mine = ask(server, method, path, {}, Origin=ours, Sec_Fetch_Site="same-origin")
    assert mine.status in (400, 404)


def test_another_site_cannot_embed_what_is_here(server: SiteServer) -> None:
    assert ask(server, "GET", "/", Sec_Fetch_Site="cross-site").status == 200  # a link to it
    assert ask(server, "GET", "/about", Sec_Fetch_Site="cross-site").status == 403
    for method in ("OPTIONS", "TRACE", "PATCH"):
        assert ask(server, method, "/").status == 501


def test_recordings_of_others_are_found_by_nobody(server: SiteServer) -> None:
    job = upload(server, ("night.edf", NIGHT))
    assert len(job) == 32
    assert ask(server, "GET", "/jobs/").status == 404
    assert ask(server, "GET", f"/jobs/{job[:-1]}").status == 404


def test_only_loopback_is_bound(stager: FakeStager, tmp_path: Path) -> None:
    for address in ("0.0.0.0", "", "::", "localhost", "192.168.0.1"):
        with pytest.raises(ValueError, match="no loopback address"):
            serve(stager, folder=tmp_path, address=address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_it_may_be_the_other_loopback(stager: FakeStager, tmp_path: Path) -> None:
    try:
        with running(stager, tmp_path, address="::1") as server:
            assert server.url == f"http://[::1]:{server.server_port}/"
            assert ask(server, "GET", "/").status == 200
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        pytest.skip("no IPv6")


def test_a_large_upload_is_not_held_in_memory(server: SiteServer) -> None:
    size, block = 64 * 1024**2, b"1200\n" + bytes(65531)
    job = announce(server, ("large.edf", size))["id"]
    lines = head(server, "PUT", f"/jobs/{job}/files/0", f"Content-Length: {size}")
    tracemalloc.start()
    try:
        answer = raw(server, lines, *[block] * (size // len(block)))
        assert tracemalloc.get_traced_memory()[1] < 6 * 1024**2
    finally:
        tracemalloc.stop()
    assert b" 200 " in answer.splitlines()[0]
    assert ended(server, job)["state"] == "done"


def test_an_upload_that_breaks_off_leaves_nothing_and_says_so(server: SiteServer) -> None:
    job = announce(server, ("night.edf", 1000))["id"]
    lines = head(server, "PUT", f"/jobs/{job}/files/0", "Content-Length: 1000")
    answer = raw(server, lines, b"x" * 500)
    assert b" 400 " in answer.splitlines()[0]
    assert b"broke off after 500 of 1000 bytes" in answer
    assert kept(server) == []
    told = state(server, job)
    assert (told["state"], told["again"]) == ("failed", False)
    assert "broke off" in told["reasons"][0]


def test_a_client_that_vanishes_leaves_nothing(server: SiteServer) -> None:
    job = announce(server, ("night.edf", 1000))["id"]
    with socket.create_connection(server.place) as connection:
        connection.sendall(head(server, "PUT", f"/jobs/{job}/files/0", "Content-Length: 1000"))
        connection.sendall(b"x" * 500)
        waited(lambda: kept(server))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
    assert ended(server, job)["state"] == "failed"
    assert kept(server) == []


def test_an_upload_that_stands_still_ends(
    server: SiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = announce(server, ("night.edf", 1000))["id"]
    monkeypatch.setattr("orchestration.staging.web.site.SiteHandler.timeout", 0.5)
    with socket.create_connection(server.place, timeout=PATIENCE_S) as connection:
        connection.sendall(head(server, "PUT", f"/jobs/{job}/files/0", "Content-Length: 1000"))
        assert b" 408 " in connection.recv(65536).splitlines()[0]
    assert kept(server) == []


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: 999"], 400),  # not what was announced
        (["Content-Length: 1001"], 400),
        (["Content-Length: -1"], 400),
        (["Content-Length: 1e3"], 400),
        (["Content-Length: ²"], 400),
        (["Content-Length: 1000", "Content-Length: 10"], 400),
        (["Content-Length: 99999999999999999999999999"], 400),
        (["Transfer-Encoding: chunked"], 411),
        ([], 411),
    ],
)
def test_a_length_that_lies_is_refused(server: SiteServer, lines: list[str], status: int) -> None:
    job = announce(server, ("night.edf", 1000))["id"]
    answer = raw(server, head(server, "PUT", f"/jobs/{job}/files/0", *lines), b"x" * 1000)
    assert f" {status} ".encode() in answer.splitlines()[0]
    assert b'"error"' in answer
    assert kept(server) == []


def test_bytes_beyond_the_length_are_no_second_request(server: SiteServer) -> None:
    job = announce(server, ("night.edf", len(NIGHT)))["id"]
    lines = head(server, "PUT", f"/jobs/{job}/files/0", f"Content-Length: {len(NIGHT)}")
    answer = raw(server, lines, NIGHT + head(server, "DELETE", f"/jobs/{job}"))
    assert answer.count(b"HTTP/1.") == 1
    assert ended(server, job)["state"] == "done"


def test_a_disk_that_fills_up_is_told_and_nothing_is_left(
    server: SiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def full(self: Path, mode: str = "r", *given: Any, **more: Any) -> Any:
        file = opened(self, mode, *given, **more)
        if mode != "xb":
            return file
        file.close()
        return open("/dev/full", "wb", buffering=0)

    monkeypatch.setattr(Path, "open", full)
    job = announce(server, ("night.edf", 4 * 1024**2))["id"]
    answer = ask(server, "PUT", f"/jobs/{job}/files/0", bytes(4 * 1024**2))
    assert answer.status == 507
    assert "the disk is full" in answer.told["error"]
    assert kept(server) == []
    assert "the disk is full" in state(server, job)["reasons"][0]


def test_what_does_not_fit_is_refused_before_it_is_sent(
    server: SiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask(server, "POST", "/jobs", {"files": [["huge.edf", uploads.LARGEST + 1]]})
    assert answer.status == 413
    assert "at most 8,192 MB" in answer.told["error"]
    usage = shutil.disk_usage(server.jobs.folder)._replace(free=uploads.SPARE + 10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    announce(server, ("first.edf", 6_000))
    answer = ask(server, "POST", "/jobs", {"files": [["second.edf", 6_000]]})
    assert answer.status == 507  # the first is still to come
    assert "Make room" in answer.told["error"]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{", b"\xff", b"[" * 60_000, b'{"files": 1}', b'{"files": []}'),
        *(b'{"files": [["a.edf"]]}', b'{"files": [["a.edf", 0]]}', b'{"files": [["a.edf", -5]]}'),
        *(b'{"files": [["a.edf", true]]}', b'{"files": [["", 5]]}', b'{"files": [[5, 5]]}'),
        *(b'{"files": [["a.edf", 5]], "options": []}', b'{"files": [["a.edf", 1e400]]}'),
        b'{"files": [' + b'["a", 1],' * 64 + b'["a", 1]]}',
    ],
)
def test_an_announcement_that_makes_no_sense_is_answered(server: SiteServer, body: bytes) -> None:
    assert ask(server, "POST", "/jobs", body).status == 400
    assert list(server.jobs.folder.iterdir()) == []


def test_a_question_that_is_too_long_is_not_read(server: SiteServer) -> None:
    assert ask(server, "POST", "/jobs", bytes(100_000)).status == 413


@pytest.mark.parametrize(
    "options",
    [
        *({"output_s": "7"}, {"output_s": "x"}, {"hz": "-1"}, {"hz": "nan"}, {"unit": "kV"}),
        *(
            {"channel": "x" * 100},
            {"channel": 5},
            {"force": "yes"},
            {"model": "/x"},
            {"hz": "1e9"},
            {"polarity": "down"},
        ),
    ],
)
def test_an_option_that_is_not_allowed_is_named(
    server: SiteServer, options: dict[str, object]
) -> None:
    answer = ask(server, "POST", "/jobs", {"files": [["a.edf", 5]], "options": options})
    assert answer.status == 400
    assert "Correct it" in answer.told["error"]


def test_options_that_are_left_out_are_the_stagers_own() -> None:
    assert asked({"channel": "", "hz": "", "lights_off": ""}) == asked({})
    assert asked({"hz": " 256,5 "}).hz == 256.5


def test_the_polarity_that_is_asked_for_reaches_the_stager(
    server: SiteServer, stager: FakeStager
) -> None:
    ended(server, upload(server, ("night.edf", NIGHT), polarity="flip"))
    assert stager.asked[0]["polarity"] == "flip"


def test_a_file_comes_once(server: SiteServer) -> None:
    job = upload(server, ("night.edf", NIGHT))
    assert ask(server, "PUT", f"/jobs/{job}/files/0", NIGHT).status == 409
    assert ask(server, "PUT", f"/jobs/{job}/files/1", NIGHT).status == 409
    assert ask(server, "PUT", f"/jobs/{job}/files/x", NIGHT).status == 404


def test_a_second_upload_of_a_file_leaves_the_first_alone(server: SiteServer) -> None:
    body = NIGHT + bytes(995)
    job = announce(server, ("night.edf", 1000))["id"]
    with socket.create_connection(server.place, timeout=PATIENCE_S) as first:
        first.sendall(head(server, "PUT", f"/jobs/{job}/files/0", "Content-Length: 1000"))
        first.sendall(body[:500])
        waited(lambda: kept(server))
        second = ask(server, "PUT", f"/jobs/{job}/files/0", body)
        assert (second.status, "already" in second.told["error"]) == (409, True)
        assert (state(server, job)["state"], kept(server)) == ("uploading", ["file-0.edf"])
        first.sendall(body[500:])
        assert b" 200 " in first.recv(65536).splitlines()[0]
    assert ended(server, job)["state"] == "done"


def test_what_is_removed_is_gone_even_while_it_is_staged(
    server: SiteServer, stager: FakeStager
) -> None:
    stager.may.clear()
    first, second = (upload(server, (f"{number}.edf", NIGHT)) for number in range(2))
    waited(lambda: state(server, first)["state"] == "staging")
    for job in (first, second):
        assert ask(server, "DELETE", f"/jobs/{job}").status == 200
        assert ask(server, "GET", f"/jobs/{job}").status == 404
    stager.may.set()
    waited(lambda: not list(server.jobs.folder.iterdir()))


def test_uploads_that_nobody_comes_back_for_are_deleted(
    server: SiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = upload(server, ("night.edf", NIGHT))
    refused = upload(server, ("short.edf", b"120\n"))
    assert ended(server, done)["state"] == "done"
    assert ended(server, refused)["state"] == "refused"
    announce(server, ("never.edf", 5))
    monkeypatch.setattr(jobs, "KEPT_S", -1.0)
    monkeypatch.setattr(jobs, "SWEPT_S", 0.01)
    ended(server, upload(server, ("another.edf", NIGHT)))  # wakes the worker
    waited(lambda: len(list(server.jobs.folder.iterdir())) == 2)
    assert state(server, done)["state"] == "done"


def test_the_page_says_how_long_uploads_are_kept(server: SiteServer) -> None:
    assert jobs.KEPT_S == 3600
    assert b"is kept for about an hour" in ask(server, "GET", "/").body


def test_the_oldest_that_has_ended_makes_room(
    server: SiteServer, stager: FakeStager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST", 2)
    first = upload(server, ("0.edf", NIGHT))
    ended(server, first)
    stager.may.clear()
    for number in (1, 2):
        upload(server, (f"{number}.edf", NIGHT))
    assert ask(server, "GET", f"/jobs/{first}").status == 404
    assert ask(server, "POST", "/jobs", {"files": [["3.edf", 5]]}).status == 429
    stager.may.set()


def hung_up(connection: socket.socket) -> bool:
    """Whether the other side has nothing more to say."""
    connection.settimeout(PATIENCE_S)
    try:
        return not connection.recv(10)
    except ConnectionError:
        return True


def test_slow_requests_neither_block_the_page_nor_last(
    server: SiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    monkeypatch.setattr(loopback, "HEAD_S", 1e6)  # none goes but for who comes after it
    monkeypatch.setattr(loopback, "CONNECTIONS", 4)
    slow = [socket.create_connection(server.place) for _ in range(12)]
    try:
        for connection in slow:
            with suppress(ConnectionError):  # of those that have made room
                connection.sendall(b"GET / HTTP/1.1\r\nHost")
        assert ask(server, "GET", "/").status == 200
        assert all(hung_up(connection) for connection in slow[:9])
        monkeypatch.setattr(loopback, "HEAD_S", 0.0)
        assert all(hung_up(connection) for connection in slow)
        waited(lambda: set(threading.enumerate()) <= before)
    finally:
        for connection in slow:
            connection.close()


def test_where_all_are_busy_a_new_request_is_told(
    server: SiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = announce(server, ("night.edf", 1000))["id"]
    waited(lambda: not server.connections)
    monkeypatch.setattr(loopback, "CONNECTIONS", 1)
    with socket.create_connection(server.place) as busy:
        busy.sendall(head(server, "PUT", f"/jobs/{job}/files/0", "Content-Length: 1000") + b"x")
        waited(lambda: kept(server))
        assert raw(server).startswith(b"HTTP/1.0 503 ")


def test_its_folder_is_the_owners_alone_and_goes_at_the_end(
    stager: FakeStager, tmp_path: Path
) -> None:
    with running(stager, tmp_path) as server:
        job = upload(server, ("short.edf", b"120\n"))
        ended(server, job)
        (place,) = tmp_path.iterdir()
        for folder in (place, place / job):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_an_end_does_not_wait_for_what_is_being_staged(
    stager: FakeStager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FAREWELL_S", 0.1)
    stager.may.clear()
    with running(stager, tmp_path) as server:
        job = upload(server, ("night.edf", NIGHT))
        waited(lambda: state(server, job)["state"] == "staging")
    assert list(tmp_path.iterdir()) == []
    stager.may.set()
    waited(lambda: all(thread.name != "staging" for thread in threading.enumerate()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "from pathlib import Path; from tests.served import FakeStager; "
        "from orchestration.staging.web.serve import serve; "
        f"serve(FakeStager(), folder=Path({str(tmp_path)!r}))"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=-1, stderr=-1, encoding="utf-8") as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            assert "http://127.0.0.1:" in line
            assert len(list(tmp_path.iterdir())) == 1
            process.send_signal(number)
            said, errors = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")
    assert "is deleted" in said
    assert list(tmp_path.iterdir()) == []


def test_it_tells_the_model_and_what_it_was_trained_on(server: SiteServer) -> None:
    told = ask(server, "GET", "/about").told
    assert told["model"] == f"{model_words(SPEC)}."
    assert "kappa 0.10" in told["model"]
    assert "trained on 12 generated nights" in told["trained_on"]
    assert ["On people it had not seen", f"{KAPPA}, accuracy 0.60"] in told["rows"]
    assert ["Stages", "W, N, R"] in told["rows"]
    silent = about(replace(SPEC, origin={}))
    assert "not tell" in silent["trained_on"]
    assert "nothing is known" in silent["model"]
    assert [title for title, _ in silent["rows"]] == ["Stages"]
    odd = about(replace(SPEC, origin={"scores": 1, "subjects": [2]}))
    assert odd["rows"] == silent["rows"]


def test_a_port_that_is_taken_is_an_error_that_leaves_nothing(
    server: SiteServer, stager: FakeStager, tmp_path: Path
) -> None:
    before = list(tmp_path.iterdir())
    with pytest.raises(OSError), serving(stager, server.server_port, tmp_path):  # noqa: PT011
        pass
    assert list(tmp_path.iterdir()) == before


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_cannot_be_is_an_error_that_leaves_nothing(
    stager: FakeStager, tmp_path: Path, port: int
) -> None:
    with pytest.raises(ValueError, match=f"port is {port}; allowed are 1 to 65535"):
        serve(stager, port, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_length_and_a_long_name_are_told_as_the_command_tells_them(server: SiteServer) -> None:
    told = ended(server, upload(server, ("n" * 300 + ".edf", b"28800\n")))
    assert told["title"] == "n" * 119 + "…"
    assert ["Length", "8 h 00 min"] in told["results"]["facts"]
