"""Foreign documents with the values of their plugins checked. Pure: no I/O, no clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.config.document import Document
from gateway.config.gie import Gie, read_gie
from gateway.config.gie_picker import PickerReading
from gateway.config.gie_plugins import Converted
from gateway.model.problem import Problem
from gateway.picker.plugins.registry import (
    ParameterError,
    PluginType,
    filter_types,
    known_plugins,
    picker_types,
    scorer_types,
)


def read_foreign(documents: Sequence[Document]) -> Gie:
    """`read_gie`, with every value checked that a plugin is given: an EndpointPickerConfig with a
    wrong one has no spec."""
    read = read_gie(documents, known_plugins())
    pickers: list[PickerReading] = []
    problems = list(read.problems)
    for picker in read.pickers:
        wrong = tuple(_problems(picker))
        problems += wrong
        all_of_it = (*picker.problems, *wrong)
        pickers.append(replace(picker, spec=None, problems=all_of_it) if wrong else picker)
    return replace(read, pickers=tuple(pickers), problems=tuple(problems))


def _problems(picker: PickerReading) -> Iterator[Problem]:
    for plugin in picker.plugins:
        yield from _of_plugin(picker.document, plugin)


def _of_plugin(document: Document, plugin: Converted) -> Iterator[Problem]:
    for name in plugin.unknown:
        message = f'"{plugin.type}" has no parameter "{name}", neither here nor in llm-d v0.10'
        yield document.problem((*plugin.path, name), message, "remove it")
    try:
        _types(plugin.kind)[plugin.type].read(plugin.parameters)
    except ParameterError as error:
        for fault in error.faults:
            first = plugin.names.get(str(fault.path[0]), "") if fault.path else ""
            message = fault.message[:1].lower() + fault.message[1:]
            yield document.problem((*plugin.path, first, *fault.path[1:]), message)


def _types(kind: str) -> Mapping[str, PluginType[Any]]:
    match kind:
        case "filters":
            return filter_types()
        case "scorers":
            return scorer_types()
        case _:
            return picker_types()
