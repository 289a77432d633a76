"""The data dictionary: a page per indicator and per form, made from the contracts."""
