"""What people want summarized. Few texts, often the same: just what a cache is for."""

from typing import Final

_TOPICS: Final = {
    "Photosynthesis": "Plants turn light, water and air into sugar.",
    "The water cycle": "Rain falls, rivers run, the sea evaporates, and it rains again.",
    "Gravity": "Masses attract each other, apples and moons alike.",
    "The French Revolution": "A bankrupt state met a hungry people.",
    "Prime numbers": "They have no divisors but one and themselves, and there is no last one.",
    "The cell": "Every living thing is made of cells, and every cell comes from a cell.",
    "Sorting": "Comparing pairs cannot sort n things in fewer than about n log n steps.",
    "The atom": "A tiny heavy core with a cloud of electrons around it.",
    "The Silk Road": "Goods, ideas and illnesses travelled along it for centuries.",
    "Sound": "Air that is pushed together and pulled apart, some hundred times a second.",
    "Fractions": "A part of a whole, written as one number over another.",
    "Caching": "Remember the answer, and know when to forget it.",
}
_READERS: Final = ("Explain it to a child.", "Explain it for an exam.")

TEXTS: Final = tuple(f"{topic}. {fact} {reader}" for reader in _READERS for topic, fact in _TOPICS.items())
