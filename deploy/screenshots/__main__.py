"""Takes the pictures anew, into this folder."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.screenshots.pictures import take
from deploy.screenshots.shop import open_shop
from streams.console.server import Console
from streams.http.address import Address
from streams.http.serving import serving


def main() -> None:
    with (
        TemporaryDirectory() as folder,
        open_shop(Path(folder)) as settings,
        serving(Console(settings).app, Address("127.0.0.1", 0)) as at,
    ):
        if at is not None:
            for picture in take(f"http://{at.host}:{at.port}", Path(__file__).parent):
                print(f"{picture.name}: {picture.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
