"""Where HTTP may be served."""

from __future__ import annotations

import pytest

from streams.errors import SettingError
from streams.http.address import checked, http_address
from streams.settings import Secret, Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "", "192.0.2.1", "[::]", "shop.example", "127.0.0.1.example"])  # noqa: S104
def test_beyond_loopback_a_token_is_needed(host: str) -> None:
    with pytest.raises(SettingError, match=r"set FOOTFALL_HTTP_TOKEN, or listen on 127\.0\.0\.1$"):
        http_address(Settings(http=f"{host}:80"))
    found = http_address(Settings(http=f"{host}:80", http_token=Secret("open sesame")))
    assert found == (host.strip("[]"), 80)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("", None), ("127.0.0.1:0", ("127.0.0.1", 0)), ("localhost:8080", ("localhost", 8080)), ("[::1]:1", ("::1", 1))],
)
def test_on_loopback_none_is(given: str, wanted: tuple[str, int] | None) -> None:
    assert http_address(Settings(http=given)) == wanted


@pytest.mark.parametrize(
    "given", ["8080", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "::1:80", "http://127.0.0.1:80"]
)
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(SettingError, match=r"^FOOTFALL_HTTP is .*, but must be host:port"):
        http_address(Settings(http=given))


def test_an_error_names_the_variables_that_were_read() -> None:
    with pytest.raises(SettingError, match=r"^FOOTFALL_DOOR is '0\.0\.0\.0:80', .* set FOOTFALL_DOOR_TOKEN, or"):
        checked("0.0.0.0:80", Secret(), setting="FOOTFALL_DOOR")
