"""A body that goes on, all or in part, before it is judged."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.modes import HELD, body_mode, mode_place
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        processor = manager.processor
        if processor is None:
            continue
        general = body_mode(processor, None)
        if general not in HELD:
            yield mode_place(processor, None), f"{processor.name} sends bodies as {general}"
        for route in manager.judged:
            mode, place = body_mode(processor, route), mode_place(processor, route)
            leads = route.action.given and route.protocol != "unjudged"
            own = route.of_filter(processor)["overrides.processing_mode"].given
            if leads and own and route.has(processor) and mode not in HELD:
                yield place, f"{route.shown} sends bodies as {mode}"


DANGER: Final = Danger(
    name="body-mode",
    level="danger",
    reason="what is to be judged reaches the backend before or without the verdict",
    fix="request_body_mode: BUFFERED, or FULL_DUPLEX_STREAMED",
    find=_find,
)
