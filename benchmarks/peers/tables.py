"""The tables of theirs and ours, as they are printed and as they stand in the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.paired import seconds_text

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- peers: python benchmarks/peers --write -->", "<!-- end of peers -->"
OURS = "packagers"
FASTER = 1.1
Figures = Mapping[str, Any]


def merged(rounds: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Keep of all rounds the best time of everything; what else was found is the same in each."""
    found: dict[str, Any] = {"import": {}, "save": {}, "load": {}, "grid": {}}
    for each in rounds:
        found["import"][each["name"]] = min(each["import"], found["import"].get(each["name"], float("inf")))
        for phase in ("save", "load", "grid"):
            for key, figures in each.get(phase, {}).items():
                known = found[phase].setdefault(key, dict(figures))
                known |= {name: min(figures[name], known[name]) for name in ("seconds", "choose") if name in figures and name in known}
    return found


def page_lines(about: Mapping[str, Any]) -> list[str]:
    """Write all tables."""
    place = f"{about['processor']}, {about['cores']} cores, {about['system']}, Python {about['python']}; {about['date']}; "
    place += "processor time, of children too." if about["clock"] == "processor" else "wall time."
    ways = list(dict.fromkeys(key.partition("\t")[0] for key in about["save"]))
    values = list(dict.fromkeys(key.partition("\t")[2] for key in about["save"]))
    lines = [place, "", "What each was asked to do:", ""]
    lines += [f"* **{way}**: {text}" for way, text in about["abouts"].items()]
    lines += [f"* **{name}** is not in the tables, or not with all values: {why}" for name, why in about["missing"].items()]
    for title, phase, cell in (
        ("To save", "save", _time),
        ("To load, in another process", "load", _time),
        ("On disk", "save", _size),
        ("What comes back: the same, of exactly the same type", "load", _back),
    ):
        lines += ["", f"**{title}**", "", _row(["", *ways]), _row(["---"] + ["--:"] * len(ways))]
        lines += [_row([value, *(cell(about[phase].get(f"{way}\t{value}", {})) for way in ways)]) for value in values]
    lines += ["", f"**A grid of {about['trials']:,} trivial iterations**", "", "| | each |", "|---|--:|"]
    lines += [f"| {way} | {_time(figures)} |" for way, figures in about["grid"].items()]
    lines += ["", "**To import, and to choose what saves a value**", "", "| | import |", "|---|--:|"]
    lines += [f"| {name.replace('ours', OURS)} | {seconds_text(took)} |" for name, took in about["import"].items()]
    chosen = [way for way in ways if any("choose" in figures for key, figures in about["save"].items() if key.startswith(f"{way}\t"))]
    lines += ["", _row(["to choose", *chosen]), _row(["---"] + ["--:"] * len(chosen))]
    lines += [_row([value, *(_time(about["save"].get(f"{way}\t{value}", {}), "choose") for way in chosen)]) for value in values]
    lines += ["", "**Where we lose**, by more than a tenth:", "", *(lost(about, ways, values) or ["* nowhere, among these."])]
    lines += ["", "**What was not done, or failed**", "", *(undone(about) or ["* nothing."])]
    lines += ["", "**Versions**", "", *(f"* {name}: {_listed(found)}" for name, found in about["versions"].items())]
    return lines


def lost(about: Mapping[str, Any], ways: Iterable[str], values: Iterable[str]) -> list[str]:
    """Say who is faster than packagers, or smaller, and at what."""
    lines = []
    for what, phase, name, write in (
        ("save", "save", "seconds", seconds_text),
        ("load", "load", "seconds", seconds_text),
        ("size", "save", "bytes", _bytes),
    ):
        for value in values:
            ours = about[phase].get(f"{OURS}\t{value}", {}).get(name)
            theirs = {way: about[phase].get(f"{way}\t{value}", {}).get(name) for way in ways if not way.startswith(OURS)}
            better = {way: figure for way, figure in theirs.items() if ours and figure and figure * FASTER < ours}
            if better:
                told = ", ".join(f"{way} {write(figure)}" for way, figure in sorted(better.items(), key=lambda item: item[1]))
                lines.append(f"* {what}, {value}: {told}; we {write(ours)}")
    return lines


def undone(about: Mapping[str, Any]) -> list[str]:
    """Say what a system has no way for, and what failed, with its own words."""
    told: dict[str, list[str]] = {}
    for phase in ("save", "load", "grid"):
        for key, figures in about[phase].items():
            way, _, value = key.partition("\t")
            for word in ("not offered", "failed"):
                if word in figures and figures[word] != "was not saved":
                    told.setdefault(f"{way}, to {phase}: {figures[word]}", []).append(value)
    return [f"* {why} ({', '.join(values)})" for why, values in told.items()]


def write_page(about: Mapping[str, Any]) -> None:
    """Write all tables into their page, between its two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text("\n".join([f"{before}{BEGIN}\n", *page_lines(about), "", f"{END}{after}"]), encoding="utf-8")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _time(figures: Figures, name: str = "seconds") -> str:
    return _missing(figures) or (seconds_text(figures[name]) if name in figures else "")


def _size(figures: Figures) -> str:
    return _missing(figures) or _bytes(figures["bytes"])


def _bytes(count: int) -> str:
    return f"{count:,} B" if count < 10_000 else f"{count / 1e3:,.0f} KB" if count < 10_000_000 else f"{count / 1e6:,.0f} MB"


def _back(figures: Figures) -> str:
    return _missing(figures) or (f"no: {figures['differs']}" if figures["differs"] else "yes") + (
        ", unpickled" if figures["unpickles"] else ""
    )


def _missing(figures: Figures) -> str:
    return "fails" if "failed" in figures else "—" if not figures or "not offered" in figures else ""
