"""The settings tree as inputs: the one place where a setting becomes a field on a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nicegui import ui

from launcher.domain.plan import Composed, Origin
from launcher.errors import InvalidRequest
from launcher.forms.fields import RECIPE, FormField, Kind, fields
from launcher.forms.scopes import beside_any_preset, is_of_presets
from launcher.forms.values import entries, in_one_piece, to_settings
from launcher.presets import Preset
from launcher.services.choosing.lists import OF_OURS, as_code, meaning
from launcher.services.planning.compose import compose_so_far, usual_value
from launcher.ui.next_steps import on_page
from launcher.ui.pages.train.local_files import what_is_wrong
from launcher.ui.state.drafts import Draft
from launcher.ui.widgets.elements import Text, attributes, box, details
from launcher.ui.widgets.inputs import Field, options
from launcher.ui.widgets.typed_numbers import has_thousands
from pod_image.contract.knobs import Setting
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.settings import SETTINGS

_ORIGINS = {Origin.YOU: "changed by you", Origin.PRESET: "from the preset", Origin.DEFAULT: ""}
_WIDE = {Kind.LIST}


class Refused(ValueError):
    """What was entered is no value of that setting; the text is for the person."""


def parse(form_field: FormField, raw: Any) -> Any:
    """What was entered, as a value of the setting. Raises Refused."""
    text = "" if raw is None else str(raw).strip()
    if form_field.kind is Kind.LIST:
        return entries(form_field, text)
    if form_field.kind is Kind.INTEGER:
        return _number(form_field, text, int)
    if form_field.kind is Kind.NUMBER:
        return _number(form_field, text, float)
    return text


def _number(form_field: FormField, text: str, kind: Callable[[str], float]) -> float:
    # A comma as the decimal sign is what half of the world types; in a whole number it parts the thousands alone.
    point = "."
    if has_thousands(text):
        if form_field.kind is not Kind.INTEGER:
            raise Refused(f"Write {text.replace(',', '')} without a comma.")
        point = ""
    try:
        return kind(text.replace(",", point))
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        limits = f", {form_field.limits}" if form_field.limits else ""
        raise Refused(f"Enter {what}{limits}.") from None


def shown(form_field: FormField, value: Any) -> str:
    """A value as it stands in the input."""
    if form_field.kind is Kind.LIST:
        return in_one_piece(form_field, value)
    if form_field.kind is Kind.NUMBER:
        return f"{float(value):.10g}"
    return str(value)


def without_its_name(said: Said, name: str) -> str:
    """What is said of a setting, for the field below whose label it stands."""
    if isinstance(said, Sentence) and said.parts[:1] == (setting(name),):
        said = Sentence(*said.parts[1:])
    return on_page(said).strip()


def check(form_field: FormField, value: Any) -> None:
    """Raises Refused when the value alone is out of its range or shape."""
    try:
        to_settings({form_field.name: value})
    except InvalidRequest as error:
        sentence = without_its_name(error.message, form_field.name)
        raise Refused(
            f"{sentence[:1].upper()}{sentence[1:]} {on_page(error.hint)}".strip()
        ) from None


@dataclass
class Choice:
    """A preset and what differs from it, always composable: what does not apply is put aside, not sent."""

    draft: Draft
    preset: Preset | None = None
    errors: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    """By setting, what is wrong with what its value names, such as a file that is not there; it may be put right
    elsewhere, so it keeps nobody from asking again.
    """
    _composed: tuple[Any, Composed] | None = field(default=None, init=False, repr=False)
    """What was composed last, beside what it was made of."""

    def enter(self, form_field: FormField, raw: Any) -> None:
        """Take in what a person entered; an unusable value is kept out and its reason kept in `errors`."""
        self.draft.touched = True
        try:
            value = parse(form_field, raw)
            check(form_field, value)
        except Refused as error:
            self.errors[form_field.name] = str(error)
            return
        self.put(form_field.name, value)

    def put(self, name: str, value: Any) -> None:
        """Take this value of a setting; what the setting is anyway is no choice of the person."""
        self.draft.touched = True
        self.reset(name)
        if value != usual_value(self.preset, self.draft.given, name):
            self.draft.given[name] = value

    def choose_preset(self, preset: Preset | None) -> None:
        """Take another preset; what presets are for goes back to it, which run and which voice it is stays."""
        before, given = self._values, self.draft.given
        self.preset = preset
        self.draft.preset = preset.name if preset else ""
        self.draft.given, self.draft.notes = beside_any_preset(given), ()
        self.errors.clear()
        now = self._values
        for name, value in given.items():
            if is_of_presets(name) and _is_chosen_alike(name, before, now):
                self.put(name, value)
        self.set_aside(given)

    @property
    def _values(self) -> dict[str, Any]:
        return self.composed.settings.model_dump(mode="json")

    def let_go_of_preset(self) -> None:
        """The preset is gone: what it said stays chosen, as if a person had said it."""
        if self.preset is not None:
            self.draft.given = {**self.preset.values, **self.draft.given}
        self.preset, self.draft.preset = None, ""

    def choose_recipe(self, recipe: str, preset: Preset | None) -> None:
        """Train something else: by a preset for it, where there is one."""
        self.choose_preset(preset)
        self.put(RECIPE, recipe)

    def set_aside(self, before: Mapping[str, Any]) -> None:
        """Keep what of these values does not stand any more, so that it can be brought back."""
        self.draft.set_aside |= what_is_left_of(before, self.draft.given)

    @property
    def can_come_back(self) -> dict[str, Any]:
        """Of what was set aside, what runs of this recipe can have and what does not stand there anyway."""
        values = self._values
        known = {one.name: one for _, members in fields() for one in members}
        return {
            name: value
            for name, value in self.draft.set_aside.items()
            if known[name].is_for(str(values[RECIPE])) and values.get(name) != value
        }

    def bring_back(self) -> None:
        for name, value in self.can_come_back.items():
            self.put(name, value)
            del self.draft.set_aside[name]

    def reset(self, name: str) -> None:
        self.draft.given.pop(name, None)
        self.errors.pop(name, None)
        self.found.pop(name, None)

    @property
    def composed(self) -> Composed:
        """The settings as they would be sent; required ones may still be empty. Put together once for each change."""
        made_of = (self.preset, dict(self.draft.given), self.draft.notes)
        if self._composed is None or self._composed[0] != made_of:
            self._composed = (made_of, compose_so_far(*made_of))
        return self._composed[1]

    @property
    def changed(self) -> list[str]:
        """What of the preset's business is otherwise by the person's will."""
        names = [name for name, origin in self.composed.origins.items() if origin is Origin.YOU]
        return [name for name in names if is_of_presets(name)]


def _is_chosen_alike(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a value that was chosen by others, as a base voice by language and size, still fits them."""
    by = SETTINGS[name].knob.picks_by
    return bool(by) and all(before[other] == now[other] for other in by)


DrawBeside = Callable[[FormField, Field], None]


def what_is_left_of(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `before` that `now` does not hold; which recipe it was is no value that anybody typed."""
    return {
        name: value for name, value in before.items() if name != RECIPE and now.get(name) != value
    }


@dataclass(frozen=True)
class _Group:
    """Fields as they were asked for."""

    name: str
    left_out: frozenset[str]
    suggestions: Mapping[str, list[str]]


class SettingsForm:
    """Draws fields for a choice and keeps them in step with it. `on_change` hears every change; `beside` draws what
    stands in a field beside its input.
    """

    def __init__(
        self,
        choice: Choice,
        on_change: Callable[[], None],
        beside: DrawBeside = lambda one, entry: None,
    ) -> None:
        self.choice = choice
        self._on_change, self._beside = on_change, beside
        self._fields: dict[str, tuple[FormField, Field, ui.element]] = {}
        self._meanings: dict[str, Text] = {}
        """What a code stands for, by setting, below its field."""
        self._drawn: list[tuple[ui.element, _Group]] = []
        self._values = self.choice.composed.settings.model_dump(mode="json")
        self._recipe = str(self._values[RECIPE])
        self._search = ""
        self._groups = dict(fields())

    def draw(
        self,
        group: str,
        *,
        leave_out: Iterable[str] = (),
        suggestions: Mapping[str, list[str]] | None = None,
    ) -> None:
        """The fields of one group: basic ones at once, the rest behind "More settings"."""
        group_drawn = _Group(group, frozenset(leave_out), suggestions or {})
        place = box("div", "stack")
        self._drawn.append((place, group_drawn))
        with place:
            self._draw_group(group_drawn)

    def _draw_group(self, group: _Group) -> None:
        """Those that runs of the recipe can have: the others would make the page several times as heavy."""
        members = [one for one in self._groups[group.name] if one.name not in group.left_out]
        members = [one for one in members if one.is_for(self._recipe)]
        basic = [one for one in members if one.level == "basic"]
        advanced = [one for one in members if one not in basic]
        with box("div", "fields"):
            for one in basic:
                self._draw_field(one, group.suggestions.get(one.name, []))
        if advanced:
            title = f"More settings: {group.name.lower()}"
            with details(title, marker=f"more-{group.name}"), box("div", "fields"):
                for one in advanced:
                    self._draw_field(one, group.suggestions.get(one.name, []))

    def _follow_the_recipe(self) -> None:
        """Draw the fields anew where another recipe is chosen than the one they are drawn for."""
        if self._recipe == self._values[RECIPE]:
            return
        self._recipe = str(self._values[RECIPE])
        self._fields.clear()
        self._meanings.clear()
        for place, group in self._drawn:
            place.clear()
            with place:
                self._draw_group(group)

    def search(self, text: str) -> int:
        """Mark the fields that match, open what hides them and bring the first into view; returns how many."""
        words = text.casefold().split()
        found = 0
        for form_field, entry, place in self._fields.values():
            text_of = f"{form_field.label} {form_field.help} {form_field.name}".casefold()
            is_hit = bool(words) and all(word in text_of for word in words)
            is_hit = is_hit and place.visible
            place.classes(add="search-hit" if is_hit else "", remove="" if is_hit else "search-hit")
            if is_hit:
                _uncover(entry, is_first=found == 0)
            found += is_hit
        return found

    def refresh(self) -> None:
        """Bring every field up to date: value, origin, error, and whether it applies."""
        composed = self.choice.composed
        values = self._values = composed.settings.model_dump(mode="json")
        self._follow_the_recipe()
        for name, (form_field, entry, place) in self._fields.items():
            applies = form_field.applies(values)
            place.set_visibility(applies)
            if not applies:
                continue
            error = self.choice.errors.get(name)
            found = self.choice.found.get(name)
            origin = "" if self._is_needed(form_field) else self._origin(name)
            entry.show(error=error or found, origin=origin or None)
            if error is None:
                entry.show(value=shown(form_field, values[name]))
            if name in self._meanings and form_field.setting is not None:
                self._meanings[name].text = meaning(form_field.setting, str(values[name]))

    def _origin(self, name: str) -> str:
        """Where the value comes from; "changed by you" only where a person has changed it."""
        draft = self.choice.draft
        is_taken = name in draft.taken and draft.given.get(name) == draft.taken[name]
        origin = self.choice.composed.origins[name]
        return draft.taken_from if is_taken and origin is Origin.YOU else _ORIGINS[origin]

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def reveal(self, name: str) -> None:
        """Bring the person to the field, out of whatever hides it. Nothing where there is none."""
        if name in self._fields:
            self._fields[name][1].run_method("reveal")

    def label_of(self, name: str) -> str:
        return self._fields[name][0].label if name in self._fields else name

    def _draw_field(self, one: FormField, suggestions: list[str]) -> None:
        with box("div", "wide" if one.kind in _WIDE or one.kind is Kind.CHOICE else "") as place:
            entry = Field(
                one.name,
                one.label,
                kind=_input_kind(one),
                on_commit=partial(self._entered, one),
                unit=one.unit or None,
                hint=_hint(one),
                options=options(list(one.choices)),
                suggestions=suggestions,
                required=self._is_needed(one),
                placeholder=None if self._is_needed(one) else one.empty_means or None,
                help_href=f"/help?topic=settings#{one.name.replace('_', '-')}",
                rows=2,
            )
            self._beside(one, entry)
            if one.setting is not None and one.setting.knob.picks in OF_OURS:
                with entry:
                    self._meanings[one.name] = Text("span", "", "field-meaning")
        self._fields[one.name] = (one, entry, place)

    def _is_needed(self, one: FormField) -> bool:
        setting = one.setting
        return setting is not None and setting.is_required(self._values)

    def _entered(self, one: FormField, raw: Any) -> Awaitable[None] | None:
        is_coded = one.setting is not None and one.setting.knob.picks in OF_OURS
        self.choice.enter(one, as_code(one.setting, str(raw)) if one.setting and is_coded else raw)
        self.refresh()
        self._on_change()
        setting = one.setting
        is_to_look = (
            setting is not None and setting.knob.is_local and one.name not in self.choice.errors
        )
        return self._look(one.name, setting) if setting is not None and is_to_look else None

    async def _look(self, name: str, local: Setting) -> None:
        """Whether the files are there, told at the field unless something else was entered meanwhile."""
        value = self._values[name]
        wrong = await what_is_wrong(local, value)
        if wrong and self._values[name] == value:
            self.choice.found[name] = wrong
            self.refresh()


def _uncover(entry: Field, *, is_first: bool) -> None:
    """Open what hides the field; the first of several is scrolled to."""
    for around in entry.ancestors():
        if around.tag == "details":
            attributes(around, open="")
    # A person may have closed them since: the attributes alone would not change then.
    entry.run_method("uncover", is_first)


def _input_kind(one: FormField) -> Any:
    if one.kind is Kind.CHOICE:
        return "choice"
    if one.kind is Kind.LIST:
        return "area"
    return "number" if one.kind in (Kind.INTEGER, Kind.NUMBER) else "text"


def _hint(one: FormField) -> str:
    parts = [on_page(one.help)]
    if one.limits:
        default = shown(one, one.default)
        parts.append(f"{one.limits}; default {default}.")
    if one.kind is Kind.LIST:
        parts.append("One per line." if one.separator == "\n" else "Separate them by commas.")
    return " ".join(parts)
