"""Web pages that need nothing but themselves: a picture, or the frames of an animation."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {scripts}">
<title>{title}</title>
<style>body {{ margin: 1em; text-align: center; font-family: sans-serif }} img {{ max-width: 100% }}</style>
</head>
<body>
{body}
</body>
</html>
"""

_PLAYER = """<p><img id="frame" src="{first}" alt="{alt}"></p>
<p><button id="play" type="button">pause</button> <input id="place" type="range" min="0" max="{last}" value="0"></p>
<script>
const frames = [
{frames}
];
const frame = document.getElementById("frame"), play = document.getElementById("play"), place = document.getElementById("place");
let running = true;
const show = () => {{ frame.src = frames[place.value]; }};
const step = () => {{ if (running) {{ place.value = (Number(place.value) + 1) % frames.length; show(); }} }};
play.onclick = () => {{ running = !running; play.textContent = running ? "pause" : "play"; }};
place.oninput = show;
setInterval(step, {milliseconds});
</script>"""


def picture_page(png: bytes, title: str, alt: str) -> str:
    """Write a page that shows one picture and runs no script.

    Args:
        png: The picture, as the bytes of a PNG file.
        title: The page's title, as plain text.
        alt: What to read to those who do not see the picture, as plain text.
    """
    body = f'<img src="{_link(png)}" alt="{escape(alt)}">'
    return _PAGE.format(title=escape(title), scripts="'none'", body=body)


def player_page(pngs: Sequence[bytes], milliseconds: float, title: str, alt: str) -> str:
    """Write a page that plays pictures one after the other, with a button and a slider.

    Args:
        pngs: The frames, each as the bytes of a PNG file; at least one.
        milliseconds: How long each is shown.
        title: The page's title, as plain text.
        alt: What to read to those who do not see the pictures, as plain text.
    """
    links = [_link(png) for png in pngs]
    body = _PLAYER.format(
        first=links[0],
        alt=escape(alt),
        last=len(links) - 1,
        frames=",\n".join(f'"{link}"' for link in links),
        milliseconds=milliseconds,
    )
    return _PAGE.format(title=escape(title), scripts="'unsafe-inline'", body=body)


def _link(png: bytes) -> str:
    return "data:image/png;base64," + b64encode(png).decode("ascii")
