"""The configuration: defaults, then the TOML file, the environment, a profile of the file, then flags."""

from redis_dash.config.choices import Choices, ChosenLimit, choices_for, place_of
from redis_dash.config.dashboard_file import KindOfKeys
from redis_dash.config.load import Settings, config_path, load, settings
from redis_dash.config.settings import BoardPattern, CachePattern, Config, LimitPattern, parse_rule
from redis_dash.config.url import DEFAULT_URL, ONE_DATABASE, Url

__all__ = [
    "DEFAULT_URL",
    "ONE_DATABASE",
    "BoardPattern",
    "CachePattern",
    "Choices",
    "ChosenLimit",
    "Config",
    "KindOfKeys",
    "LimitPattern",
    "Settings",
    "Url",
    "choices_for",
    "config_path",
    "load",
    "parse_rule",
    "place_of",
    "settings",
]
