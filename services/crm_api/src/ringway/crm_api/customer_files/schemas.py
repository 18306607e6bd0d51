"""Payloads of imports of customers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from ringway.crm_api.core.customer_files.filling import Rule
from ringway.crm_api.core.phone import REGIONS, NumberCheck
from ringway.crm_api.customer_files.jobs import State
from ringway.crm_api.customers.words import MAX_TAGS, Tag
from ringway.crm_api.imports.schemas import Encoding
from ringway.crm_api.schemas import Body, Text, View

_Header = Annotated[Text, Field(min_length=1, max_length=200)]
_Target = Annotated[Text, Field(min_length=1, max_length=110)]
Reason = Annotated[
    Text, Field(min_length=3, max_length=500, examples=["Asked for it by letter of 3 May."])
]


class ImportOptions(Body):
    """How a file is read, and what becomes of customers who exist already."""

    mapping: dict[_Header, _Target] = Field(
        default_factory=dict,
        max_length=100,
        description="Header to `phone` (several times), `name`, `title`, `kind`, `sex`, "
        "`birth_date`, `email`, `street`, `city`, `region`, `postal_code`, `country`, `language`, "
        "`grade`, `intent`, `lead_status`, `tags`, `data.<key>`, or `-`. Left out: found by usual "
        "names in English and Chinese.",
        examples=[{"Tel": "phone", "Who": "name", "Card": "data.card"}],
    )
    region: str | None = Field(
        default=None,
        pattern="^[A-Z]{2}$",
        examples=["CN"],
        description="Of numbers without country code.",
    )
    number_check: NumberCheck = NumberCheck.VALID
    encoding: Encoding | None = Field(default=None, description="Left out: found out.")
    rule: Rule = Field(
        default=Rule.SKIP,
        description="Of rows whose customer exists: `skip`, `update_empty` (fill what he lacks), "
        "`overwrite` (what the row has replaces what he has), `create` (him a second time).",
    )
    match_by: str = Field(
        default="phone",
        pattern=r"^(phone|email|data\.[^\x00-\x1f]{1,100})$",
        description="What tells that he exists: any of his numbers, his first e-mail address, "
        "or the text of an own field.",
    )
    owner_id: UUID | None = Field(
        default=None, description="Who gets the new ones. Left out: the public pool."
    )
    tags: list[Tag] = Field(
        default_factory=list, max_length=MAX_TAGS, description="For all rows.", examples=[["expo"]]
    )
    is_dry_run: bool = Field(default=False, description="Only say what would happen.")

    @model_validator(mode="after")
    def _region_is_known(self) -> Self:
        if self.region is not None and self.region not in REGIONS:
            raise ValueError(f"region: {self.region} is not one such as CN, US, RO")
        return self


class PreviewRow(View):
    """One of the first rows of a dry run."""

    line: int
    outcome: str = Field(description="`created`, `updated`, `unchanged`, `skipped`, `refused`.")
    name: str
    phones_e164: list[str]


class FileErrorView(View):
    """A row that did not become a customer. ``code`` is stable."""

    line: int = Field(description="As an editor counts, from 1.")
    column: str
    value: str
    code: str
    reason: str


class CustomerImportView(View):
    """An import of customers.

    ``counts``: `read`, `created`, `updated`, `unchanged`, `skipped`, `duplicates` (in the file),
    `refused`; of an undo `removed`, `restored`, and what could not be undone: `left_changed`,
    `left_in_use`, `left_gone`. While it runs they say how far it is.
    """

    import_id: UUID
    batch_number: str | None = Field(description="Null for a dry run.")
    state: State
    is_dry_run: bool
    file_name: str
    encoding: str
    columns: dict[str, str] = Field(description="What each header was taken for.")
    options: ImportOptions
    counts: dict[str, int]
    preview: list[PreviewRow] = Field(description="The first rows of a dry run.")
    failure_code: str
    failure: str
    created_by: UUID
    created_at: datetime
    finished_at: datetime | None
    errors_url: str


def options_of(stored: dict[str, Any]) -> ImportOptions:
    """Return the options of a stored job."""
    return ImportOptions.model_validate(
        {name: stored[name] for name in ImportOptions.model_fields if name in stored}
    )
