"""Ends of prompts among blocks, and how many are remembered."""

from gateway.picker.kv.batch import Removed, Stored
from gateway.picker.kv.blocks import Block, Blocks, Cache
from gateway.picker.kv.joints import MAX_MARKS, Joints


def line(blocks: Blocks, cache: Cache, first: int, count: int) -> list[Block]:
    """Blocks one after the other, from the first."""
    names = list(range(first, first + count))
    found = blocks.stored(cache, Stored([*names], None, names, 1))
    assert found is not None
    block, ordered = found[1], [found[1]]
    while block.parent is not None and block.parent.depth:
        block = block.parent
        ordered.append(block)
    return ordered[::-1]


def test_how_much_of_a_chain_is_joined_and_held() -> None:
    blocks, one, other = Blocks(1), Cache(1), Cache(2)
    joints = Joints(blocks)
    found = line(blocks, one, 10, 6)
    line(blocks, other, 10, 3)
    chain = (100, 101, 102, 103)
    for index in (1, 2, 3):
        joints.join(chain[index - 1], index, found[2 * index - 1])
    assert joints.known(chain) == 3
    assert joints.held(chain, 3, one.bit) == 3
    assert joints.held(chain, 3, other.bit) == 1
    assert joints.known((1, 2)) == 0


def test_a_joint_outlives_its_block_up_to_a_bound() -> None:
    blocks, one = Blocks(1), Cache(1)
    joints = Joints(blocks, idle=5)
    for number in range(20):
        (block,) = line(blocks, one, 100 + number, 1)
        joints.join(number, 1, block)
        blocks.removed(one, Removed([100 + number]))
    joints.tidy()
    assert len(joints) == 5
    assert joints.known((19,)) == 1
    assert joints.known((0,)) == 0
    line(blocks, one, 119, 1)
    assert joints.held((19,), 1, one.bit) == 1


def test_what_came_back_is_not_forgotten() -> None:
    blocks, one = Blocks(1), Cache(1)
    joints = Joints(blocks, idle=0)
    (block,) = line(blocks, one, 5, 1)
    joints.join(1, 1, block)
    blocks.removed(one, Removed([5]))
    line(blocks, one, 5, 1)
    joints.tidy()
    assert len(joints) == 1


def test_there_are_so_many_joints_at_most() -> None:
    blocks, one = Blocks(1), Cache(1)
    joints = Joints(blocks, limit=3)
    for number, block in enumerate(line(blocks, one, 10, 8)):
        joints.join(number, number + 1, block)
    assert len(joints) == 3


def test_an_end_can_be_moved() -> None:
    blocks, one = Blocks(1), Cache(1)
    joints = Joints(blocks)
    found = line(blocks, one, 10, 4)
    joints.join(1, 1, found[3])
    joints.join(1, 1, found[1])
    assert joints.end(1) is found[1]
    assert found[3].marks is None


def test_no_more_than_so_many_prompts_end_with_one_block() -> None:
    blocks, one = Blocks(1), Cache(1)
    joints = Joints(blocks)
    (block, other) = line(blocks, one, 10, 2)
    for part in range(MAX_MARKS + 10):
        joints.join(part, 1, block)
    assert len(joints) == len(block.marks or ()) == MAX_MARKS
    joints.join(MAX_MARKS + 1, 1, other)
    assert len(joints) == MAX_MARKS + 1
