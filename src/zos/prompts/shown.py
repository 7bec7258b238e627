"""What was assembled, as the blocks that prompts print.

In: material and its reactions, reflections. Out: `Trusted` blocks, empty where there is nothing, so
that a prompt can ask `{% if messages %}`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from zos.llm.output import Reflection
from zos.llm.request import MaterialItem
from zos.observe.store import StoredMessage, StoredReaction
from zos.prompts.assembly import Assembled
from zos.prompts.blocks import Trusted, data_block, indented, inline

_EMPTY = Trusted("")
_MAX_LISTED = 5


def messages_block(assembled: Assembled) -> Trusted:
    """Return the messages, one item each: reference, time, channel, speaker, whom it answers, text."""
    channels = {one.channel_id for one in assembled.messages.values()}
    return _block(
        "messages",
        (
            message_line(item, assembled.messages[item.ref], with_channel=len(channels) > 1)
            for item in assembled.material.items
            if item.ref in assembled.messages
        ),
    )


def message_line(item: MaterialItem, message: StoredMessage, *, with_channel: bool) -> str:
    """Return one message as an item of the block."""
    place = f" #{inline(message.channel_name)}" if with_channel else ""
    bot = " (bot)" if item.is_bot else ""
    answered = f" to [{item.reply_to}]" if item.reply_to else ""
    head = f"[{item.ref}] {item.at:%Y-%m-%d %H:%M}{place} {item.speaker}{bot}{answered}"
    return f"{head}: {indented(item.text)}"


def insights_block(assembled: Assembled) -> Trusted:
    """Return the insights, one item each: reference, day, topic, confidence, statements."""
    return _block(
        "insights",
        (
            f"[{item.ref}] {item.at:%Y-%m-%d} about {inline(item.speaker)} "
            f"(confidence {assembled.insights[item.ref].confidence:.1f}): {indented(item.text)}"
            for item in assembled.material.items
            if item.ref in assembled.insights
        ),
    )


def reactions_block(assembled: Assembled) -> Trusted:
    """Return the reactions to the messages shown; of members without consent only the number."""
    shown = [item.ref for item in assembled.material.items if item.ref in assembled.reactions]
    return _block(
        "reactions",
        (f"[{ref}] {_reacted(assembled.reactions[ref], assembled)}" for ref in shown),
    )


def reflections_block(reflections: Sequence[Reflection]) -> Trusted:
    """Return the statements of `reflections` with their references."""
    return _block(
        "reflections",
        (
            f"- {one.text} [{', '.join(one.sources)}]"
            for reflection in reflections
            for one in reflection.statements
        ),
    )


def lines_block(kind: str, lines: Iterable[str]) -> Trusted:
    """Return `lines`, each one item, as a block."""
    return _block(kind, (inline(line) for line in lines))


def _block(kind: str, lines: Iterable[str]) -> Trusted:
    text = "\n".join(lines)
    return data_block(kind, text) if text else _EMPTY


def _reacted(reactions: Sequence[StoredReaction], assembled: Assembled) -> str:
    counts: Counter[str] = Counter()
    who: dict[str, list[str]] = {}
    for one in reactions:
        emoji = one.emoji if one.emoji_id is None else f":{one.emoji_name}:"
        counts[emoji] += one.count
        who.setdefault(emoji, []).extend(_named(one, assembled))
    return ", ".join(
        f"{inline(emoji)} ×{count}{_by(who[emoji])}" for emoji, count in counts.items()
    )


def _named(reaction: StoredReaction, assembled: Assembled) -> Iterator[str]:
    if reaction.member_id is not None:
        label = assembled.labels.label(reaction.member_id)
        if not label.startswith("<"):
            yield label


def _by(names: Sequence[str]) -> str:
    return f" by {', '.join(names[:_MAX_LISTED])}" if names else ""


def topic_words(kind: str, title: str) -> Mapping[str, str]:
    """Return what prompts may print of the topic: `topic.kind` and `topic.title`."""
    return {"kind": kind.replace("_", " "), "title": title}
