"""Artifacts as cards; that of a model holds the metrics, figures and data that are linked to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from packagers_runs.report.previews import Told, fact_text, mapping_of
from packagers_runs.report.words import cut, short_text, value_text

CARDS = 200
_LINK = "$link"
_SHOWN = 60


@define
class Card:
    """An artifact.

    Attributes:
        anchor: Where it stands on the page.
        key: Its name.
        kind: The artifact type.
        object_type: The type path of the value.
        size: Bytes.
        digest: Of the data.
        address: Its ``store://`` address.
        told: What its manifest tells; ``None`` where that is not there.
        metrics: Of a model: names, short values and whole values.
        inside: Of a model: the cards of what is linked to it, by the name of the link.
        links: Names of links, the anchors of cards elsewhere on the page, and their keys.
        notes: Names of values that are linked, and the values.
    """

    anchor: str
    key: str
    kind: str
    object_type: str
    size: Any
    digest: str
    address: str
    told: Told | None = None
    metrics: list[tuple[str, str, str]] = field(factory=list)
    inside: list[tuple[str, Card]] = field(factory=list)
    links: list[tuple[str, str, str]] = field(factory=list)
    notes: list[tuple[str, str]] = field(factory=list)

    @property
    def is_model(self) -> bool:
        """Whether it is a model."""
        return self.kind == "model"

    @property
    def is_wide(self) -> bool:
        """Whether it takes the whole width: it holds others."""
        return bool(self.inside) or (self.is_model and bool(self.metrics))


def cards_of(artifacts: Sequence[Any], told: Mapping[str, Told], results: Mapping[str, Any]) -> list[Card]:
    """Make the cards of a run, models first; what is inside of another card is not given again.

    Args:
        artifacts: What the run's document says of them.
        told: What their manifests tell, by key.
        results: Of the run, by key.
    """
    cards: dict[str, Card] = {}
    for number, artifact in enumerate(artifacts[:CARDS]):
        card = _card(f"artifact-{number}", artifact)
        card.told = told.get(card.key)
        cards.setdefault(card.key, card)
    order = sorted(cards.values(), key=lambda card: not card.is_model)
    placed: set[str] = set()
    for card in order:
        _link(card, cards, placed, results)
    return [card for card in order if card.key not in placed]


def _card(anchor: str, artifact: Any) -> Card:
    metadata, spec = mapping_of(artifact, "metadata"), mapping_of(artifact, "spec")
    return Card(
        anchor,
        str(metadata.get("key", "")),
        str(artifact.get("kind") or "artifact") if isinstance(artifact, dict) else "artifact",
        str(spec.get("object_type") or ""),
        spec.get("size"),
        str(metadata.get("hash") or ""),
        str(metadata.get("uri") or spec.get("target_path") or ""),
    )


def _link(card: Card, cards: Mapping[str, Card], placed: set[str], results: Mapping[str, Any]) -> None:
    if card.told is None:
        return
    for name, entry in list(card.told.metrics.items())[:_SHOWN]:
        value = _value(entry, results)
        card.metrics.append((cut(str(name)), short_text(value), value_text(value)))
    for name, entry in list(card.told.extra_data.items())[:_SHOWN]:
        key = entry.get(_LINK) if isinstance(entry, dict) else None
        other = cards.get(key) if isinstance(key, str) else None
        if other is None or other is card:
            card.notes.append((cut(str(name)), fact_text(_value(entry, results))))
        elif card.is_model and not other.is_model and other.key not in placed:
            placed.add(other.key)
            card.inside.append((cut(str(name)), other))
        else:
            card.links.append((cut(str(name)), other.anchor, other.key))


def _value(entry: Any, results: Mapping[str, Any]) -> Any:
    """Give what a link says: the result of the run, or what was recorded with the link."""
    if not isinstance(entry, dict) or _LINK not in entry:
        return entry
    key = entry[_LINK]
    if isinstance(key, str) and key in results:
        return results[key]
    return entry.get("value", f"{key}, which is not in this run")
