"""What the names of categories in a mask say of oil."""

from __future__ import annotations

import re

_OIL = {
    *("oil", "oiled", "oily", "slick", "slicks", "spill", "spills", "oilspill", "oilspills"),
    *("oilslick", "oilslicks", "sheen", "sheens", "emulsion", "emulsions", "mousse"),
    *("rainbow", "metallic", "colour", "color"),  # as the Bonn code has it
    *("yes", "true"),
}
_BESIDE_OIL = {
    *("mineral", "crude", "fuel", "thick", "thin", "heavy", "light", "fresh", "weathered"),
    *("emulsified", "film", "layer", "patch", "patches", "cover", "covered", "polluted"),
    *("pollution", "contaminated", "contamination", "area", "areas", "surface", "class", "pixel"),
    *("pixels", "zone", "detected", "detection", "present", "presence", "observed"),
    *("continuous", "discontinuous", "silver", "silvery", "grey", "gray"),
    *("on", "in", "of", "the", "with", "at", "and", "or", "is"),
}
_NO_OIL = {
    *("no", "non", "not", "none", "nothing", "free", "without", "absent", "absence", "false"),
    *("alike", "like", "likes", "look", "lookalike", "lookalikes", "natural", "biogenic"),
    *("clean", "clear", "nooil", "unoiled", "oilfree"),
}
_OTHER = {
    *("water", "sea", "ocean", "open", "marine", "land", "coast", "coastline", "shore", "island"),
    *("beach", "ice", "snow", "cloud", "clouds", "shadow", "rain", "wind", "low", "calm", "wave"),
    *("waves", "front", "ship", "ships", "vessel", "vessels", "boat", "platform", "platforms"),
    *("rig", "rigs", "wake", "algae", "algal", "bloom", "sargassum", "vegetation", "sediment"),
    *("background", "other", "others", "unclassified", "nodata", "data", "missing", "masked"),
    *("mask", "invalid", "fill", "outside", "border", "dark", "spot", "spots", "target"),
}


def means_oil(meaning: str) -> bool | None:
    """Say whether a category is of oil; None where its name leaves that open.

    Parameters
    ----------
    meaning : str
        Such as ``oil_spill``, ``look-alike`` or ``possible_oil``.
    """
    words = {word for word in re.split(r"[\W\d_]+", _apart(meaning).lower()) if word}
    if words & _NO_OIL:
        return False if words <= _NO_OIL | _OIL | _BESIDE_OIL | _OTHER else None
    if words & _OIL:
        return True if words <= _OIL | _BESIDE_OIL | {"water", "sea", "ocean"} else None
    return False if words & _OTHER and words <= _OTHER | _BESIDE_OIL else None


def _apart(name: str) -> str:
    """Put blanks between the words of ``OilSpill``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
