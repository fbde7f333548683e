"""A limit: every place that must know of a field of Limits, from the command line to systemd and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from tasker.api.specs import limits_from, limits_to
from tasker.api.v1 import tasker_pb2 as pb
from tasker.cli import document, facts, spec
from tasker.cli.arguments import parse
from tasker.cli.verbs import limit
from tasker.engine import disklimits, properties
from tasker.errors import TaskerError
from tasker.limits import Limits, check_limits, named
from tests.cli.jobs import ended

FIELDS = [field.name for field in fields(Limits)]
FIXED = "run_time"
"""The one limit that cannot be changed while a job runs."""
OPTIONS = {
    "cpu": "--cpu 0.5",
    "cpu_weight": "--cpu-weight 50",
    "memory": "--memory 1G",
    "memory_high": "--memory-high 512M",
    "memory_swap": "--memory-swap 0",
    "tasks": "--tasks 9",
    "io": "--io-write /=10M",
    "io_weight": "--io-weight 7",
    "run_time": "--time 90s",
}
"""By field: an option that sets it."""


def limits(field: str) -> Limits:
    """What the option alone sets."""
    return spec.limits(parse(["start", *OPTIONS[field].split(), "--", "true"]))


def test_every_field_has_an_option() -> None:
    missing = [field for field in FIELDS if field not in OPTIONS]
    assert not missing, f"OPTIONS in tests/checklists/test_limit.py has no option for {', '.join(missing)}"


@pytest.mark.parametrize("field", OPTIONS)
def test_the_option_sets_it(field: str) -> None:
    assert named(limits(field)) == (field,), f"spec.limits does not set {field} from {OPTIONS[field]}"


@pytest.mark.parametrize("field", [field for field in OPTIONS if field != FIXED])
def test_it_can_be_changed_and_lifted(field: str) -> None:
    option, value = OPTIONS[field].split()
    name = option.removeprefix("--").replace("-", "_")
    assert name in (*limit.FIELDS, *limit.DISKS), f"FIELDS in tasker/cli/verbs/limit.py does not have {name}"
    assert named(limit.changes(parse(["limit", "k3v9", option, value]))[0]) == (field,)
    assert limit.changes(parse(["limit", "k3v9", option, "none"])) == (Limits(), (field,))


@pytest.mark.parametrize("field", FIELDS)
def test_it_has_a_range(field: str) -> None:
    if field == "io":  # tests/test_job.py
        return
    values: list[Any] = [0, 1 << 63]
    accepted = [value for value in values if accepts(Limits(**{field: value}))]
    assert accepted != values, f"check_limits in tasker/limits.py accepts any value of {field}"


def accepts(limits: Limits) -> bool:
    try:
        check_limits(limits)
    except TaskerError:
        return False
    return True


@pytest.mark.parametrize("field", FIELDS)
def test_the_api_carries_it(field: str) -> None:
    assert field in pb.Limits.DESCRIPTOR.fields_by_name, f"message Limits of tasker.proto has no field {field}"
    sent = pb.Limits.FromString(limits_to(limits(field)).SerializeToString())
    assert limits_from(sent) == limits(field), f"limits_to or limits_from in tasker/api/specs.py loses {field}"


@pytest.mark.parametrize("field", FIELDS)
def test_systemd_is_told(field: str) -> None:
    told = {line.field for line in properties.PROPERTIES} | ({"io"} if disklimits.KINDS else set())
    assert field in told, f"PROPERTIES in tasker/engine/properties.py has no line for {field}"


@pytest.mark.parametrize("field", FIELDS)
def test_people_see_it(field: str) -> None:
    job = ended(limits=limits(field))
    assert field in facts.FIELDS, f"FIELDS in tasker/cli/facts.py has no row for {field}"
    label = facts.FIELDS[field][0]
    assert any(row[0].plain.startswith(label) for row in facts.facts(job, 1065.5)), f"tasker get does not show {label}"


@pytest.mark.parametrize("field", FIELDS)
def test_programs_see_it(field: str) -> None:
    job = document.job(ended(limits=limits(field)))
    assert job["limits"][field] not in (None, []), f"the JSON of a job has no {field} (tasker/cli/document.py)"
