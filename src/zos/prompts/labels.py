"""What people are called in a prompt: members who consented by name, all others `<chat_N>`.

In: members in the order in which they appear, and a `ConsentView`. Out: labels, and texts in which
no name of a member without consent is left. The numbers mean nothing outside one conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from zos.core.consent import ConsentView
from zos.prompts.blocks import inline

_MENTION = re.compile(r"<@!?(\d{1,20})>")
_EMOJI = re.compile(r"<a?(:\w{1,40}:)\d{1,20}>")
_ANONYMOUS = re.compile(r"<chat_\d+>")
_MAX_NAME = 40
# A one-letter name is also a word of somebody's sentence: it is replaced only where it is mentioned.
_MIN_WORD = 2
SOMEONE = "someone"


class Labels:
    """The labels of one conversation.

    Args:
        names: Display names of all members who may appear, by id.
        order: Members by first appearance; numbers are given in this order.
        consent: Who may be named.
        bots: Members who are bots: they are always named.
    """

    def __init__(
        self,
        names: Mapping[int, str],
        order: Iterable[int],
        consent: ConsentView,
        bots: frozenset[int] = frozenset(),
    ) -> None:
        self._names = names
        self._bots = bots
        self._named = {one for one in names if one in bots or consent.allows(one)}
        self._labels: dict[int, str] = {}
        self._anonymous = 0
        for member_id in order:
            self.label(member_id)
        hidden = {one: name for one, name in names.items() if one not in self._named and _key(name)}
        self._hidden = {_key(name): self.label(one) for one, name in hidden.items()}
        self._hidden_names = _pattern(hidden.values())

    def label(self, member_id: int) -> str:
        """Return what `member_id` is called."""
        if member_id not in self._labels:
            self._labels[member_id] = self._new_label(member_id)
        return self._labels[member_id]

    def rewrite(self, text: str) -> str:
        """Return `text` with mentions as labels and without the names of those who may not be named."""
        if "<" in text:
            text = _ANONYMOUS.sub(SOMEONE, text)
            text = _MENTION.sub(lambda found: f"@{self._mentioned(int(found[1]))}", text)
            text = _EMOJI.sub(r"\1", text)
        if self._hidden_names is None:
            return text
        return self._hidden_names.sub(lambda found: self._hidden.get(_key(found[0]), SOMEONE), text)

    def is_name(self, text: str) -> bool:
        """Return whether `text` is what somebody here is called, whoever it is."""
        return _key(text) in {_key(name) for name in self._names.values()}

    def named_in(self, text: str) -> frozenset[int]:
        """Return the members, bots apart, whose own name stands in `text` as a word."""
        return frozenset(
            member_id
            for member_id, label in self._labels.items()
            if member_id in self._named - self._bots and label in text and _word(label).search(text)
        )

    def _mentioned(self, member_id: int) -> str:
        return self.label(member_id) if member_id in self._names else SOMEONE

    def _new_label(self, member_id: int) -> str:
        if member_id not in self._named:
            self._anonymous += 1
            return f"<chat_{self._anonymous}>"
        name = inline(self._names[member_id])[:_MAX_NAME].strip() or "somebody"
        taken = set(self._labels.values())
        label, number = name, 2
        while label in taken:
            label, number = f"{name} ({number})", number + 1
        return label


def anonymous(text: str) -> str:
    """Return `text` with every `<chat_N>` as `someone`: outside its conversation a number says nothing."""
    return _ANONYMOUS.sub(SOMEONE, text)


def _key(name: str) -> str:
    return _bare(name).casefold()


def _bare(name: str) -> str:
    return name.strip().lstrip("@")


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted({_bare(name) for name in names}, key=lambda name: (-len(name), name))
    if not longest_first:
        return None
    parts = [f"@{re.escape(name)}" for name in longest_first]
    parts += [re.escape(name) for name in longest_first if len(name) >= _MIN_WORD]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
