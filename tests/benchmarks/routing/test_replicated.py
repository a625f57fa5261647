"""Two gateways before one fleet know of each other what they say."""

from benchmarks.routing.policies.replicated import TwoApart, TwoSharing
from tests.simulation.fleet import asking, fleet, placed

DOCUMENTS = 4
SEEDS = range(4)


def scattered(policy: TwoApart) -> int:
    """How many documents, about which four questions are asked and answered, more than one engine
    gets."""
    seen = fleet(DOCUMENTS)
    places: dict[int, set[int]] = {document: set() for document in range(DOCUMENTS)}
    for number in range(4 * DOCUMENTS):
        document, now = number % DOCUMENTS, number * 10.0
        outcome = placed(policy, asking(number, (document, 16_000)), seen, now)
        policy.first_token(outcome, now + 1)
        policy.finished(outcome, now + 2)
        places[document].add(outcome.endpoint)
    return sum(len(each) > 1 for each in places.values())


def test_a_document_stays_where_it_is_if_the_gateways_share() -> None:
    assert sum(scattered(TwoSharing(seed)) for seed in SEEDS) == 0


def test_apart_documents_are_scattered() -> None:
    assert sum(scattered(TwoApart(seed)) for seed in SEEDS) >= DOCUMENTS
