"""The production picker with its default profile."""

from gateway.simulation.picking import ProductionPicker


class Gatehouse(ProductionPicker):
    """As the gateway runs it."""

    name = "gatehouse"
