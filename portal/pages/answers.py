"""Answers that pages share: redirections and files."""

from urllib.parse import quote, urlencode

from fastapi.responses import RedirectResponse, Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_UNSAFE = set('\\/:*?"<>|\r\n\t\x00')


def to(path: str, **query: str) -> RedirectResponse:
    """After a form: look at `path`."""
    return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, status_code=303)


def local_path(path: str) -> str:
    """A path of ours that a request named, or the first page: nobody is sent elsewhere."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_local and "\\" not in path else "/"


def attachment(content: bytes, name: str, media_type: str) -> Response:
    """A file to be saved, never shown."""
    return Response(
        content, media_type=media_type, headers={"content-disposition": disposition(name)}
    )


def disposition(name: str) -> str:
    """`Content-Disposition` for any file name that people think of."""
    clean = "".join("_" if c in _UNSAFE or not c.isprintable() else c for c in name)[:150]
    clean = clean.lstrip(".") or "file"
    plain = clean.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(clean)}"
