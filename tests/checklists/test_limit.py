"""A limit: every place that must know of a row of limits.ROWS, from the command line to systemd and back."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tasker.api.specs import limits_from, limits_to
from tasker.api.v1 import tasker_pb2 as pb
from tasker.cli.grammar import spec
from tasker.cli.grammar.arguments import parse
from tasker.cli.show import details, json
from tasker.cli.verbs import limit
from tasker.engine import disklimits, properties
from tasker.limits import IO_ROWS, LASTING, ROWS, IoLimit, Limits, LimitRow, named
from tasker.measures import CORES, COUNT, CPUS, SIZE, TIME, WEIGHT
from tests.cli.jobs import ended

WORDS = {CORES: "0.5", SIZE: "1G", COUNT: "9", WEIGHT: "50", TIME: "90s", CPUS: "0"}
"""By measure: a value as a person types it."""
FIELDS = [pytest.param(row, id=row.field) for row in ROWS]
OF_DISKS = [pytest.param(row, id=row.field) for row in IO_ROWS]


def limits(row: LimitRow) -> Limits:
    """What the option of a row alone sets."""
    return spec.limits(parse(["start", row.option, WORDS[row.measure], "--", "true"]))


def test_every_field_is_a_row() -> None:
    rows = [row.field for row in ROWS]
    missing = [field.name for field in fields(Limits) if field.name not in (*rows, "io")]
    assert not missing, f"in Limits of tasker/limits.py, these fields are no row: {', '.join(missing)}"


@pytest.mark.parametrize("row", FIELDS)
def test_its_measure_is_tried(row: LimitRow) -> None:
    assert row.measure in WORDS, f"WORDS in tests/checklists/test_limit.py has no value of the measure of {row.field}"
    assert named(limits(row)) == (row.field,)


@pytest.mark.parametrize("row", [row for row in FIELDS if row.id in LASTING])
def test_it_can_be_changed_and_lifted(row: LimitRow) -> None:
    set_, lifted = (limit.changes(parse(["limit", "k3v9", row.option, word])) for word in (WORDS[row.measure], "none"))
    assert named(set_[0]) == (row.field,)
    assert lifted == (Limits(), (row.field,))


@pytest.mark.parametrize("row", FIELDS)
def test_the_api_carries_it(row: LimitRow) -> None:
    has = row.field in pb.Limits.DESCRIPTOR.fields_by_name
    assert has, f"message Limits of tasker.proto has no field {row.field}"
    sent = pb.Limits.FromString(limits_to(limits(row)).SerializeToString())
    assert limits_from(sent) == limits(row), f"limits_to or limits_from in tasker/api/specs.py loses {row.field}"


@pytest.mark.parametrize("row", OF_DISKS)
def test_the_api_carries_it_of_a_disk(row: LimitRow) -> None:
    has = row.field in pb.IoLimit.DESCRIPTOR.fields_by_name
    assert has, f"message IoLimit of tasker.proto has no field {row.field}"
    sent = Limits(io=(IoLimit("/", **{row.field: 4096}),))
    assert limits_from(limits_to(sent)) == sent, f"tasker/api/specs.py loses {row.field} of a disk"


@pytest.mark.parametrize("row", FIELDS)
def test_systemd_is_reported(row: LimitRow) -> None:
    told = [line.field for line in properties.PROPERTIES]
    assert row.field in told, f"PROPERTIES in tasker/engine/properties.py has no line for {row.field}"


@pytest.mark.parametrize("row", OF_DISKS)
def test_systemd_is_told_of_a_disk(row: LimitRow) -> None:
    assert row.field in disklimits.KINDS, f"KINDS in tasker/engine/disklimits.py has no line for {row.field}"


@pytest.mark.parametrize("row", FIELDS)
def test_people_and_programs_see_it(row: LimitRow) -> None:
    job = ended(limits=limits(row))
    labels = [found[0].text for found in details.facts(job, 1065.5)]
    assert any(label.startswith(row.label) for label in labels), f"tasker get does not show {row.label}"
    assert json.job(job)["limits"][row.field] is not None
