"""Messages of graphql-core about values that do not fit, without the values: one of them may be a secret."""

import re

_TYPE = r"'(?P<type>[\w\[\]!]+)'"
# A field's name is repeated where it has letters alone: a secret that slipped into a name's place has digits, or is longer.
_NAME = r"'(?P<name>[_A-Za-z]{1,40})'"
_PLACE = re.compile(
    r"(?P<subject>Variable '\$\w+'|Argument '\w+') has invalid (?:default )?value(?P<path> at [\w.\[\]]+)?: (?P<reason>.*)",
    re.DOTALL,
)
_ABSENT = re.compile(r"(?:Argument|Variable) '\$?\w+' of (?:required|non-null) type '[\w\[\]!]+'[\w '.-]*")
_REASONS = tuple(
    (re.compile(pattern, re.DOTALL), sentence)
    for pattern, sentence in (
        (rf"Expected a value of non-null type {_TYPE} to be provided\.", "a value of type {type} is required."),
        (rf"Expected value of non-null type {_TYPE} not to be None\.", "a value of type {type} is required, not null."),
        (rf"Expected value of type {_TYPE} to be an object.*", "{type} has to be an object."),
        (rf"Expected value of type {_TYPE} to include required field {_NAME}.*", "{type} needs the field {name}."),
        (rf"Expected value of type {_TYPE} not to include unknown field {_NAME}.*", "{type} has no field {name}."),
        (rf"Expected value of type {_TYPE} not to include unknown field.*", "{type} has no such field."),
        (rf"Expected variable '\$\w+' provided to (?:non-null )?type {_TYPE}.*", "a value of type {type} is required."),
        (rf"Within OneOf Input Object type {_TYPE}.*", "{type} takes exactly one of its fields, not null."),
        (rf"Expected value of type {_TYPE}.*", "a value of type {type} is expected."),
        (r"(?P<type>Int|Float|String|Boolean|ID) cannot represent.*", "a value of type {type} is expected."),
        (r"Value .* does not exist in '(?P<type>\w+)' enum\..*", "a value of the enum {type} is expected."),
        (r"Enum '(?P<type>\w+)' cannot represent .*", "a value of the enum {type} is expected."),
        (r"(?P<own>(?:DateTime|URL) has to be [^\n]{1,100})", "{own}"),
    )
)
_QUOTED_TOKEN = re.compile(r"\b(String|Block String|BlockString|Name|Int|Float|Comment) ['\"].*", re.DOTALL | re.IGNORECASE)
_LEXER = re.compile(r"(Syntax Error: Invalid [\w ]+|Syntax Error: Unexpected character)\W.*", re.DOTALL)
_TOO_LONG = re.compile(r"Syntax Error: (?:Source|Document) contains more than .*|.*nested too deeply.*", re.DOTALL)


def is_about_a_value(message: str) -> bool:
    """Whether graphql-core says this of a variable or an argument that does not fit."""
    return bool(_PLACE.fullmatch(message) or _ABSENT.fullmatch(message))


def is_about_size(message: str) -> bool:
    """Whether the parser gave up because the document is too large."""
    return bool(_TOO_LONG.fullmatch(message))


def without_value(message: str) -> str:
    """Return what the message says of where and of the expected type; nothing of the value."""
    place = _PLACE.fullmatch(message)
    if place is not None:
        return f"{place['subject']} does not fit{place['path'] or ''}: {_reason(place['reason'])}"
    if _ABSENT.fullmatch(message):
        return message
    reason = _reason(message)
    return reason[0].upper() + reason[1:]


def without_tokens(message: str) -> str:
    """Return what a syntax error says, with the kinds of tokens and not their texts."""
    return _LEXER.sub(r"\1.", _QUOTED_TOKEN.sub(r"\1.", message))


def _reason(message: str) -> str:
    for pattern, sentence in _REASONS:
        match = pattern.fullmatch(message)
        if match is not None:
            return sentence.format(**match.groupdict())
    return "another value is expected."
