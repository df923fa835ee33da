"""What an app derives from its theme alone, kept for the other apps of this process.

A program starts one app; the tests start hundreds, and each would parse the same style sheets with the same variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.design import ColorSystem

from redis_dash.tui.color_depth import Depth
from redis_dash.tui.theme_styles import ThemeStyles


def _hashable(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value


def _keeping_rules(parse: Callable[..., list[RuleSet]]) -> Callable[..., list[RuleSet]]:
    kept: dict[object, list[RuleSet]] = {}

    def parsed(sheet: Stylesheet, css: str, *others: Any, **named: Any) -> list[RuleSet]:
        key = (css, others, _hashable(named), _hashable(sheet._variables))
        if key not in kept:
            kept[key] = parse(sheet, css, *others, **named)
        return kept[key]

    return parsed


def _keeping_colors(generate: Callable[[ColorSystem], dict[str, str]]) -> Callable[[ColorSystem], dict[str, str]]:
    kept: dict[object, dict[str, str]] = {}

    def generated(system: ColorSystem) -> dict[str, str]:
        key = tuple(_hashable(value) for value in vars(system).values())
        if key not in kept:
            kept[key] = generate(system)
        return dict(kept[key])

    return generated


def _keeping_styles() -> Callable[..., ThemeStyles]:
    kept: dict[object, ThemeStyles] = {}

    def styles(variables: Mapping[str, str], *, colorless: bool, depth: Depth) -> ThemeStyles:
        key = (tuple(variables.items()), colorless, depth)
        if key not in kept:
            kept[key] = ThemeStyles(variables, colorless=colorless, depth=depth)
        return kept[key]

    return styles


def share(patch: pytest.MonkeyPatch) -> None:
    """Let all apps share parsed rules, the colours of themes, and the styles made of them."""
    patch.setattr(Stylesheet, "_parse_rules", _keeping_rules(Stylesheet._parse_rules))
    patch.setattr(ColorSystem, "generate", _keeping_colors(ColorSystem.generate))
    patch.setattr("redis_dash.tui.terminal_app.ThemeStyles", _keeping_styles())
