"""Whether Block Kit blocks have the shape that Slack accepts: the kinds, the required parts, and the lengths."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue, TypeAdapter, ValidationError


class _PlainText(BaseModel):
    type: Literal["plain_text"]
    text: str = Field(min_length=1, max_length=150)


class _Text(BaseModel):
    type: Literal["plain_text", "mrkdwn"]
    text: str = Field(min_length=1, max_length=3000)


class _Field(BaseModel):
    type: Literal["plain_text", "mrkdwn"]
    text: str = Field(min_length=1, max_length=2000)


class _Block(BaseModel):
    block_id: str | None = Field(default=None, max_length=255)


class _Header(_Block):
    type: Literal["header"]
    text: _PlainText


class _Section(_Block):
    type: Literal["section"]
    text: _Text | None = None
    fields: list[_Field] | None = Field(default=None, min_length=1, max_length=10)


class _Context(_Block):
    type: Literal["context"]
    elements: list[dict[str, JsonValue]] = Field(min_length=1, max_length=10)


class _Actions(_Block):
    type: Literal["actions"]
    elements: list[dict[str, JsonValue]] = Field(min_length=1, max_length=25)


class _Other(_Block):
    type: Literal["divider", "image", "rich_text", "input", "file", "video", "markdown", "table"]


_BLOCKS: TypeAdapter[list[_Header | _Section | _Context | _Actions | _Other]] = TypeAdapter(
    list[Annotated[_Header | _Section | _Context | _Actions | _Other, Field(discriminator="type")]]
)


def blocks_are_valid(blocks: Sequence[JsonValue]) -> bool:
    """Tell whether Slack would take the blocks (docs.slack.dev, "Block Kit" reference); ids must differ."""
    try:
        parsed = _BLOCKS.validate_python(blocks)
    except ValidationError:
        return False
    ids = [each.block_id for each in parsed if each.block_id]
    said = all(each.text or each.fields for each in parsed if isinstance(each, _Section))
    return said and len(set(ids)) == len(ids)
