"""The engine: the same answers as predict, in turns, bounded, called off, and never taken down by one photo."""

import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundles import tiny_bundle
from crashing_worker import ABORT
from flaneur.bundle.folder import read_bundle
from flaneur.errors import IntegrityError, PhotoError, UsageError
from flaneur.explain.run import explain
from flaneur.explain.target import FirstChoiceError
from flaneur.predict import Model
from flaneur.serve.decoding import decoder as decoder_module
from flaneur.serve.decoding.redrawn import redrawn
from flaneur.serve.engine import Busy, Engine
from flaneur.serve.limits import Limits
from photos import drawn, jpeg
from serving import PATIENT, until

WAIT_S = 240
PHOTOS = [jpeg(drawn(seed, 160, 120), lat=48.8566, lon=2.3522 if seed == 3 else None) for seed in range(12)]


class Gate(Model):
    """A model that answers only while its gate is open, and counts."""

    def __init__(self, bundle):
        super().__init__(bundle)
        self.gate, self.photos = threading.Event(), 0
        self.gate.set()

    def score_batch(self, images, *, threads=1):
        assert self.gate.wait(WAIT_S)
        self.photos += len(images)
        return super().score_batch(images, threads=threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tiny_bundle(tmp_path_factory.mktemp("tiny") / "tiny")
    return next(tmp_path_factory.getbasetemp().glob("tiny*/tiny"))


@pytest.fixture(scope="module")
def model(folder):
    return Model(read_bundle(folder))


@pytest.fixture(scope="module")
def engine(model):
    with Engine([model], PATIENT) as made:
        made.wait_ready(WAIT_S)
        yield made


@pytest.fixture(scope="module")
def gates(folder):
    model = Gate(read_bundle(folder))
    limits = replace(PATIENT, queue_photos=40, client_photos=40, request_photos=5, threads=1, decoders=1)
    with Engine([model], limits) as made:
        made.wait_ready(WAIT_S)
        yield made, model
        model.gate.set()


@pytest.fixture
def gated(gates):
    """An engine of 40 places that has nothing to do and whose model has been closed; opened again afterwards."""
    engine, model = gates
    model.gate.clear()
    yield engine, model
    model.gate.set()
    assert engine.predict("the last", "", PHOTOS[:1]).future.result(WAIT_S)
    stats = engine.stats()
    assert (stats.waiting_photos, stats.running_photos, stats.held_bytes) == (0, 0, 0)


def results(tickets):
    return [ticket.future.result(WAIT_S) for ticket in tickets]


def test_answers_are_those_of_predict(engine, model):
    found = results(engine.predict(f"client {number}", "", [photo]) for number, photo in enumerate(PHOTOS))
    for (score,), (_, expected) in zip(found, model.scores(PHOTOS), strict=True):
        assert np.array_equal(score.logits, expected.logits)
        assert np.allclose(score.embedding, expected.embedding, rtol=1e-6)
        assert score.gps_in_file == expected.gps_in_file
        assert model.fuse([score]).to_dict() == model.fuse([expected]).to_dict()
    assert found[3][0].gps_in_file is not None


def test_photos_of_one_request_keep_their_order_and_one_that_is_broken_costs_no_other(engine, model):
    found = engine.predict("a", "tiny", [PHOTOS[0], b"no photo", PHOTOS[1]]).future.result(WAIT_S)
    assert isinstance(found[1], PhotoError)
    assert found[1].code == "not_an_image"
    both = model.fuse([found[0], found[2]])
    assert both.to_dict() == model.predict([PHOTOS[0], PHOTOS[1]]).to_dict()


def test_a_picture_that_is_only_shown_is_drawn_anew_and_a_broken_one_is_told(engine):
    before = engine.stats().photos_redrawn
    assert engine.redraw("a", PHOTOS[0], 20).future.result(WAIT_S) == [redrawn(PHOTOS[0], 20)]
    (broken,) = engine.redraw("a", b"no photo", 20).future.result(WAIT_S)
    assert broken.code == "not_an_image"
    assert engine.stats().photos_redrawn == before + 1


def test_what_makes_no_sense_is_refused_at_once(engine):
    with pytest.raises(UsageError, match="Did you mean 'tiny'"):
        engine.predict("a", "tinny", PHOTOS[:1])
    with pytest.raises(UsageError, match="0 photos"):
        engine.predict("a", "", [])
    with pytest.raises(UsageError, match="'known'"):
        engine.explain("a", "", PHOTOS[0], {"known": "cities"})
    with pytest.raises(UsageError, match="at least one model"):
        Engine([], Limits())


def assert_alike(one, other):
    """Equal, but for the last digits of numbers: another process may share its work out otherwise."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert_alike(value, other[name])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for value, beside in zip(one, other, strict=True):
            assert_alike(value, beside)
    else:
        assert one == (pytest.approx(other, abs=1e-3) if isinstance(other, float) else other)


@pytest.mark.parametrize("photo", [PHOTOS[3], jpeg(drawn(1, 2400, 1300), lat=1.5, lon=2.5)], ids=["small", "large"])
def test_a_heat_map_is_the_one_of_explain(engine, model, photo):
    here = explain(model, photo, city="rome", against="paris", check=True)
    there = engine.explain("a", "", photo, {"city": "rome", "against": "paris"}).future.result(WAIT_S)
    assert_alike(there.to_dict(), here.to_dict())
    assert np.allclose(there.values, here.values, atol=1e-4, equal_nan=True)
    assert there.image.tobytes() == here.image.tobytes()
    assert there.prediction.thumbnail == here.prediction.thumbnail


@pytest.mark.parametrize(
    ("photo", "how", "kind"),
    [
        (b"no photo", {}, PhotoError),
        (PHOTOS[0], {"city": "atlantis"}, UsageError),
        (PHOTOS[0], {"metod": "occlusion"}, UsageError),
    ],
)
def test_errors_of_explain_are_those_of_explain(engine, model, photo, how, kind):
    with pytest.raises(kind) as here:
        explain(model, photo, **how)
    with pytest.raises(kind) as there:
        engine.explain("a", "", photo, how).future.result(WAIT_S)
    assert (type(there.value), str(there.value)) == (type(here.value), str(here.value))


def test_a_first_choice_held_against_itself_is_told_apart(engine, model):
    first = model.predict(PHOTOS[0]).ranking[0].city.slug
    with pytest.raises(FirstChoiceError):
        engine.explain("a", "", PHOTOS[0], {"against": first}).future.result(WAIT_S)


def test_the_process_that_explains_never_sees_a_file(model, monkeypatch):
    with Engine([model], Limits(decoders=1)) as engine:
        asked, child = [], engine._maps.explainer.child
        plain = child.ask
        monkeypatch.setattr(
            child, "ask", lambda header, blocks, *more: asked.extend(blocks) or plain(header, blocks, *more)
        )
        assert engine.explain("a", "", PHOTOS[0], {"check": False}).future.result(WAIT_S)
        with pytest.raises(PhotoError, match="not a picture"):
            engine.explain("a", "", b"no photo", {}).future.result(WAIT_S)
    assert {len(block) for block in asked} == {3 * 160 * 120, 3 * 80 * 60}


def test_a_heat_map_that_nobody_waits_for_is_given_up_and_the_next_is_made(engine):
    before = engine.stats()
    tickets = [engine.explain("a", "", PHOTOS[0], {"method": "rise"}) for _ in range(3)]
    for ticket in tickets:
        ticket.cancel()
    made = engine.explain("a", "", PHOTOS[1], {"check": False}).future.result(WAIT_S)
    assert made.city.slug in {"paris", "rome", "sao-paulo"}
    now = engine.stats()
    assert now.explanations_cancelled == before.explanations_cancelled + 3
    assert now.explanations_made == before.explanations_made + 1
    assert (now.waiting_explanations, now.running_explanations) == (0, 0)


def test_a_queue_of_q_places_refuses_exactly_two_of_q_plus_two(gated):
    engine, model = gated

    def ask(number):
        try:
            return engine.predict("one client", "", [PHOTOS[number % len(PHOTOS)]])
        except Busy as busy:
            return busy

    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(ask, range(42)))
    refused = [found for found in asked if isinstance(found, Busy)]
    assert [busy.why for busy in refused] == ["client", "client"]
    assert all(1 <= busy.retry_after_s <= 30 for busy in refused)
    assert "Ask again in" in str(refused[0])
    with pytest.raises(Busy):
        engine.check_room("one client")
    model.gate.set()
    assert len(results(found for found in asked if not isinstance(found, Busy))) == 40
    engine.check_room("one client")
    assert engine.stats().refused["client"] == 3


def test_a_greedy_client_does_not_delay_the_others(gated):
    engine, model = gated
    order = []
    for client, count in (("greedy", 30), ("meek", 5)):
        for _ in range(count):
            ticket = engine.predict(client, "", PHOTOS[:1])
            ticket.future.add_done_callback(lambda _, client=client: order.append(client))
    model.gate.set()
    assert engine.predict("last", "", PHOTOS[:1]).future.result(WAIT_S)
    while len(order) < 35:
        engine.predict("meek", "", PHOTOS[:1]).future.result(WAIT_S)
    under_way = 2 * engine.limits.batch + engine.limits.batch + 2  # decoded before the second client came
    assert order[: under_way + 10].count("meek") >= 4


def test_work_of_clients_that_went_away_is_skipped(gated):
    engine, model = gated
    before, cancelled = model.photos, engine.stats().photos_cancelled
    tickets = [engine.predict(f"client {number % 7}", "", PHOTOS[:1]) for number in range(40)]
    for ticket in tickets:
        ticket.cancel()
    stats = engine.stats()
    assert (stats.waiting_photos, stats.running_photos, stats.held_bytes, stats.clients) == (0, 0, 0, 0)
    assert stats.photos_cancelled - cancelled == 40
    kept = engine.predict("one who waits", "", PHOTOS[:1])
    model.gate.set()
    assert len(kept.future.result(WAIT_S)) == 1
    assert model.photos - before <= 1 + engine.limits.batch  # what the network had begun, and the one that counts
    with pytest.raises(CancelledError):
        tickets[0].future.result(0)


def test_decoders_that_abort_cost_only_their_photos(model, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setattr(decoder_module, "WORKER", "crashing_worker")
    with Engine([model], replace(PATIENT, decoders=1)) as engine:
        engine.wait_ready(WAIT_S)
        photos = [photo + (ABORT if number in (7, 40) else b"") for number, photo in enumerate(PHOTOS * 4)]
        tickets = [engine.predict(f"client {number % 3}", "", [photo]) for number, photo in enumerate(photos)]
        found = [answer for (answer,) in results(tickets)]
        codes = {number: one.code for number, one in enumerate(found) if isinstance(one, PhotoError)}
        stats = engine.stats()
    assert codes == {7: "decoder_died", 40: "decoder_died"}
    assert stats.photos_failed == {"decoder_died": 2}
    assert stats.decoders_restarted == 4  # for each, one that tries again and one that goes on


def test_a_models_own_pictures_are_not_counted(model):
    with Engine([model], Limits(decoders=1)) as engine:
        engine.wait_ready()
        stats = engine.stats()
        assert (stats.photos_answered, stats.photos_failed) == (0, {})
        engine.predict("a", "", [PHOTOS[0], b"no photo"]).future.result(WAIT_S)
        stats = engine.stats()
        assert (stats.photos_answered, stats.photos_failed) == (1, {"not_an_image": 1})


def test_decoders_that_died_while_nobody_asked_are_replaced(model):
    with Engine([model], Limits(decoders=2)) as engine:
        engine.wait_ready()
        children = [decoder.child for decoder in engine._photos.decoders]
        while not all(child.alive for child in children):
            time.sleep(0.01)
        before = [child.pid for child in children]
        for child in children:
            child._process.kill()
        while engine.stats().decoders_restarted < 2 or not all(child.alive for child in children):
            time.sleep(0.01)
        assert engine.ready
        assert not {child.pid for child in children} & set(before)


def test_a_decoder_that_cannot_be_started_is_tried_ever_more_rarely(model, monkeypatch):
    with Engine([model], Limits(decoders=1)) as engine:
        engine.wait_ready()
        (decoder,) = engine._photos.decoders
        waits, tries, plain = [], threading.Semaphore(0), engine._photos.queue.take
        monkeypatch.setattr(decoder.child, "start", lambda: tries.release() or decoder.child.kill())
        monkeypatch.setattr(engine._photos.queue, "take", lambda within_s: waits.append(within_s) or plain(0.0001))
        decoder.child.kill()
        for _ in range(12):
            assert tries.acquire(timeout=WAIT_S)
        assert waits[-1] == 30.0
        assert sorted(waits) == waits
        monkeypatch.undo()
        assert engine.predict("a", "", PHOTOS[:1]).future.result(WAIT_S)


def test_models_are_added_and_replaced_while_it_runs(engine, tmp_path):
    tiny_bundle(tmp_path / "other", name="other")
    tiny_bundle(tmp_path / "new", name="other", version="2.0", temperature=3.0)
    old, new = Model(read_bundle(tmp_path / "other")), Model(read_bundle(tmp_path / "new"))
    with pytest.raises(UsageError, match="no model 'other' to replace"):
        engine.replace(old)
    engine.add(old)
    with pytest.raises(UsageError, match="two models"):
        engine.add(new)
    engine.replace(new)
    assert list(engine.models) == ["tiny", "other"]
    assert engine.models["other"] is new
    assert (
        engine.explain("a", "other", PHOTOS[0], {"check": False}).future.result(WAIT_S).prediction.model == "other 2.0"
    )


def test_a_model_that_does_not_answer_its_golden_pictures_is_not_ready(folder):
    class Off(Model):
        def score_batch(self, images, *, threads=1):
            return super().score_batch(images + 1, threads=threads)

    with Engine([Off(read_bundle(folder))], PATIENT) as engine:
        with pytest.raises(IntegrityError, match=r"model 'tiny' does not work here: golden/picture-1\.png: off by"):
            engine.wait_ready(WAIT_S)
        assert not engine.ready


def test_a_network_that_fails_is_the_answer_of_these_requests_alone(gated):
    engine, model = gated
    model.gate.set()
    plain, model.session = model.session, lambda threads: 1 / 0
    with pytest.raises(ZeroDivisionError):
        engine.predict("a", "", PHOTOS[:2]).future.result(WAIT_S)
    model.session = plain
    assert len(engine.predict("a", "", PHOTOS[:2]).future.result(WAIT_S)) == 2


def test_closing_finishes_what_was_accepted_and_takes_nothing_more(folder):
    model = Gate(read_bundle(folder))
    engine = Engine([model], replace(PATIENT, drain_s=WAIT_S))
    engine.wait_ready(WAIT_S)
    assert engine.ready
    model.gate.clear()
    tickets = [engine.predict("a", "", [photo]) for photo in PHOTOS]
    closing = threading.Thread(target=engine.close)
    closing.start()
    until(lambda: not engine.ready)
    with pytest.raises(Busy) as busy:
        engine.predict("a", "", PHOTOS[:1])
    assert busy.value.why == "closing"
    model.gate.set()
    assert len(results(tickets)) == len(PHOTOS)
    closing.join()
    engine.close()  # once more does no harm
    assert engine.stats().decoders == 0


def test_what_is_not_done_when_the_time_for_closing_is_up_is_answered_with_busy(folder):
    model = Gate(read_bundle(folder))
    with Engine([model], replace(PATIENT, drain_s=0.05)) as engine:
        engine.wait_ready(WAIT_S)
        model.gate.clear()
        ticket = engine.predict("a", "", PHOTOS[:1])
        opening = threading.Thread(target=lambda: (wait([ticket.future], WAIT_S), model.gate.set()))
        opening.start()
    opening.join()
    with pytest.raises(Busy, match="stopping"):
        ticket.future.result(0)
