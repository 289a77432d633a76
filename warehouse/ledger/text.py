"""Text as every database can keep it."""

import re

# NUL is refused by Postgres; a lone surrogate, as Python makes it of a file name in a foreign
# encoding, by all.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with a replacement character for each that no database keeps."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
