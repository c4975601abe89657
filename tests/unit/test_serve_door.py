"""Connections that come, ask and go: who may stay, who makes room, and that whoever is served does not."""

import pytest

from flaneur.serve.door import SLOW_S, Door


class Guest:
    """A connection that notes whether it was sent away."""

    def __init__(self, reading=False):
        self.reading, self.gone = reading, False

    def make_room(self):
        self.gone = not self.reading
        return self.gone


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


def entered(door, count, address="192.0.2.1", **options):
    guests = [Guest(**options) for _ in range(count)]
    assert all(door.come_in(guest, address) for guest in guests)
    return guests


def test_the_longest_silent_of_an_address_makes_room_for_its_next(clock):
    door = Door(10, 3, clock)
    other, first, second, third = entered(door, 1, "192.0.2.9") + entered(door, 3)
    door.is_sending(first)
    door.is_served(first)
    door.is_silent(first)  # it has asked since, and waits for the shortest time now
    (fourth,) = entered(door, 1)
    assert [guest.gone for guest in (other, first, second, third, fourth)] == [False, False, True, False, False]
    assert (len(door), door.displaced, door.turned_away) == (4, 1, 0)


def test_who_is_served_stays_and_one_more_is_turned_away(clock):
    door = Door(10, 2, clock)
    first, second = entered(door, 2)
    for guest in (first, second):
        door.is_served(guest)
    assert not door.come_in(Guest(), "192.0.2.1")
    assert door.come_in(Guest(), "192.0.2.2")
    door.leave(first)
    assert door.come_in(Guest(), "192.0.2.1")
    assert (first.gone, second.gone, door.turned_away) == (False, False, 1)


def test_a_body_that_takes_its_time_makes_room_within_its_own_address_only(clock):
    door = Door(3, 2, clock)
    for guest in (slow := entered(door, 2)):
        door.is_sending(guest)
    assert not door.come_in(Guest(), "192.0.2.1")
    clock.now_s = SLOW_S
    for guest in entered(door, 1, "192.0.2.2"):
        door.is_served(guest)
    assert not door.come_in(Guest(), "192.0.2.3")  # all is taken, and nobody is silent
    entered(door, 1)
    assert [guest.gone for guest in slow] == [True, False]


def test_the_longest_silent_of_all_makes_room_where_all_is_taken(clock):
    door = Door(3, 2, clock)
    first, second, third = (entered(door, 1, f"192.0.2.{number}")[0] for number in range(3))
    entered(door, 1, "192.0.2.7")
    assert [guest.gone for guest in (first, second, third)] == [True, False, False]
    assert len(door) == 3


def test_an_answer_on_its_way_is_not_cut_off(clock):
    door = Door(10, 2, clock)
    (reading,), (silent,) = entered(door, 1, reading=True), entered(door, 1)
    entered(door, 1)
    assert (reading.gone, silent.gone) == (False, True)


def test_what_was_turned_away_may_leave_and_nothing_stays_in_the_books(clock):
    door = Door(1, 1, clock)
    (served,) = entered(door, 1)
    door.is_served(served)
    away = Guest()
    assert not door.come_in(away, "192.0.2.1")
    for guest in (away, served):
        for told in (door.is_sending, door.is_served, door.is_silent, door.leave, door.leave):
            told(guest)
    assert (len(door), door._streets, len(door._silent)) == (0, {}, 0)


def test_neighbours_in_one_network_count_as_one(clock):
    door = Door(10, 1, clock)
    (first,) = entered(door, 1, "2001:db8::1")
    entered(door, 1, "2001:db8::2")
    entered(door, 1, "2001:db8:0:1::2")
    entered(door, 1, "::ffff:192.0.2.1")
    entered(door, 1, "::ffff:192.0.2.2")
    assert (first.gone, door.displaced) == (True, 1)
