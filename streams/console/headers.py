"""What each answer tells the browser: to run and load nothing that isn't the console's own, to show it in no frame, and
to keep nothing."""

from __future__ import annotations

from aiohttp import web

_CONTENT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    # What the tables hold can't become markup, whatever a script does with it.
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}

HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _CONTENT.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none at all, a browser doesn't say where a form comes from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


async def secure(request: web.Request, response: web.StreamResponse) -> None:
    """For ``on_response_prepare``."""
    response.headers.update(HEADERS)
    # Scripts and styles are asked for anew each time, and not sent again where they are the same.
    response.headers["Server"] = "footfall"
    response.headers["Cache-Control"] = "no-cache" if request.path.startswith("/static/") else "no-store"
