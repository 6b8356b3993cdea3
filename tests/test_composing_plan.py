"""Plans of tracks: from wishes and a seed, as YAML and back, changed by part."""

import dataclasses

import pytest

from lofi_tf.composing.blocks import blocks_of
from lofi_tf.composing.model_checks import check_models
from lofi_tf.composing.plan import PARTS, load_plan, parse_key, plan_of, save_plan
from lofi_tf.composing.planning import (
    PlanOptions,
    instruments,
    make_plan,
    moods,
    parse_sections,
    reseeded,
)
from lofi_tf.composing.step_notes import swung
from lofi_tf.errors import LofiError


@pytest.fixture(scope="module")
def plan():
    return make_plan(7, PlanOptions(mood="warm"))


def test_a_seed_is_one_plan_and_another_seed_another(plan):
    assert make_plan(7, PlanOptions(mood="warm")) == plan != make_plan(8, PlanOptions(mood="warm"))


def test_a_wish_changes_what_it_is_about_alone(plan):
    assert make_plan(7, PlanOptions(mood="warm", qpm=plan.qpm, key="Ebm")) == dataclasses.replace(
        plan, key="Ebm"
    )


@pytest.mark.parametrize("minutes", [0.25, 0.5, 1, 2, 3, 10, 30])
def test_a_track_is_about_as_long_as_asked(minutes):
    for seed in range(5):
        plan = make_plan(seed, PlanOptions(minutes=minutes))
        found = (plan.num_bars + 2) * 4 / plan.qpm  # the last chord rings for two bars
        assert abs(found - minutes) <= 6 * 4 / plan.qpm
        assert max(section.bars for section in plan.sections) <= 8


def test_settings_stay_in_the_moods_ranges():
    for name, mood in moods().items():
        for seed in range(10):
            plan = make_plan(seed, PlanOptions(mood=name))
            assert mood["qpm"][0] <= plan.qpm <= mood["qpm"][1]
            assert mood["swing"][0] <= plan.swing <= mood["swing"][1]
            assert plan.preset == mood["preset"]
            assert mood["minor"] != 1.0 or plan.mode == "minor"


def test_parts_are_played_by_what_their_mood_allows_at_its_level():
    for name, mood in moods().items():
        played = {part: set() for part in PARTS}
        for seed in range(40):
            parts = make_plan(seed, PlanOptions(mood=name)).parts
            for part in PARTS:
                played[part].add(parts[part].program)
                assert parts[part].gain_db == instruments()[part][parts[part].program]
            assert parts["chords"].program != parts["melody"].program
        assert played == {part: set(mood[part]) for part in PARTS}


def test_energy_grows_up_to_the_last_hook():
    for seed in range(20):
        energies = {}
        for section in make_plan(seed).sections:
            energies.setdefault(section.name, []).append(section.energy)
        hooks = energies["hook"]
        assert hooks == sorted(hooks)
        assert len(hooks) == 1 or hooks[0] < hooks[-1]
        for name in ("intro", "break", "outro"):
            assert max(energies.get(name, [0])) < hooks[0]


def layout(plan):
    return tuple((section.name, section.bars) for section in plan.sections)


@pytest.mark.parametrize("minutes", [2, 3])
def test_forty_seeds_have_eight_forms_and_more(minutes):
    plans = [make_plan(seed, PlanOptions(minutes=minutes)) for seed in range(40)]
    assert len({layout(plan) for plan in plans}) >= 8
    assert len({tuple(name for name, _ in layout(plan)) for plan in plans}) >= 8
    assert len({plan.form for plan in plans}) >= 8


@pytest.mark.parametrize("minutes", [5, 30])
def test_a_long_track_has_stretches_of_other_themes_and_ends_with_its_first_hook(minutes):
    for seed in range(3):
        plan = make_plan(seed, PlanOptions(minutes=minutes))
        themes = [section.theme for section in plan.sections]
        assert len(set(themes)) >= min(minutes // 2, 12)
        hooks = [section.theme for section in plan.sections if section.name == "hook"]
        assert hooks[0] == hooks[-1]
        assert plan.sections[0].shift == plan.sections[-1].shift == 0
        names = plan.form.split(", ")
        assert all(one != other for one, other in zip(names, names[1:], strict=False))
        assert [s.name for s in plan.sections].count("outro") == 1


def test_what_comes_again_begins_with_its_phrases_and_ends_otherwise():
    found = 0
    for seed in range(40):
        hooks = [s for s in make_plan(seed).sections if s.name == "hook" and s.bars == 8]
        for first, again in zip(hooks, hooks[1:], strict=False):
            assert first.melody[:2] == again.melody[:2] and first.melody != again.melody
            found += 1
    assert found > 20


def test_the_key_changes_in_bridges_alone_and_the_track_ends_in_its_own():
    shifts = set()
    for seed in range(40):
        for section in make_plan(seed, PlanOptions(mood="bright")).sections:
            shifts.add(section.shift)
            assert section.shift == 0 or section.name == "bridge"
    assert len(shifts) > 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C", (0, "major")),
        ("f#m", (6, "minor")),
        ("Bb minor", (10, "minor")),
        ("Ebmaj", (3, "major")),
    ],
)
def test_keys_are_read(text, expected):
    assert parse_key(text) == expected


def test_the_way_to_a_key_is_short():
    shifts = {
        key: dataclasses.replace(make_plan(1), key=key).shift
        for key in ("C", "Am", "F#", "G", "Bm")
    }
    assert shifts == {"C": 0, "Am": 0, "F#": 6, "G": -5, "Bm": 2}


def test_sections_of_a_text():
    assert parse_sections("intro:4, verse,outro:2") == [("intro", 4), ("verse", 8), ("outro", 2)]
    plan = make_plan(1, PlanOptions(sections=parse_sections("verse:6,outro:4")))
    blocks = [(block.start_bar, block.bars, block.is_last) for block in blocks_of(plan)]
    assert blocks == [(0, 4, False), (4, 2, True), (6, 4, True)]


def test_a_plan_comes_back_from_its_file(plan, tmp_path):
    save_plan(plan, tmp_path / "a.yaml")
    assert load_plan(tmp_path / "a.yaml") == plan


def test_parts_that_are_drawn_anew_are_followed_by_those_that_are_not_kept(plan):
    found = reseeded(plan, 5, ["chords"], ["melody"])
    new = found.parts["chords"].seed
    assert new != plan.parts["chords"].seed
    assert found.parts["melody"] == plan.parts["melody"]
    assert found.parts["bass"].seed == plan.parts["bass"].seed
    assert found.parts["bass"].over == {"chords": new, "drums": plan.parts["drums"].seed}
    assert reseeded(plan, 5, ["chords"], ["melody"]) == found != reseeded(plan, 6, ["chords"], [])


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"mood": "calmm"}, "unknown mood. Did you mean 'calm'? Allowed: bright"),
        ({"qpm": 20.0}, "qpm must be 40 to 200. Received: 20"),
        ({"minutes": 0.1}, "minutes must be 0.25 to 30. Received: 0.1"),
        ({"energy": 1.5}, "energy must be 0 to 1. Received: 1.5"),
        ({"key": "H"}, "a key is such as C, F#m or Bb minor. Received: 'H'"),
    ],
)
def test_wishes_out_of_range_are_refused(wishes, message):
    with pytest.raises(LofiError, match="^" + message.replace("?", r"\?")):
        make_plan(1, PlanOptions(**wishes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(tempo=80), "unknown setting in p"),
        (lambda v: v.pop("qpm"), "p: qpm is missing"),
        (lambda v: v["parts"]["bass"].pop("model"), "p: part bass: model is missing"),
        (lambda v: v["sections"][0].pop("bars"), "p: section 1: bars is missing"),
        (lambda v: v["sections"][0].update(name="chorus"), "section 1: unknown name. Allowed: br"),
        (lambda v: v["sections"][0].update(bars=1.5), "section 1: bars must be a whole number"),
        (lambda v: v["sections"][0].update(bars="eight"), "whole number. Received: 'eight'"),
        (lambda v: v["sections"][1].update(fill="maybe"), "section 2: fill must be true or false"),
        (lambda v: v["sections"][1].update(parts="drums"), "list of drums .*Received: 'drums'"),
        (lambda v: v["sections"][1].update(parts=["drum"]), "Did you mean 'drums'"),
        (lambda v: v["sections"][1].update(drops={"bass": [[0]]}), r"2 items. Received: \[0\]"),
        (lambda v: v["sections"][1].update(drops={"bass": [[0, 99]]}), r"0 to 8. .*\[0, 99\]"),
        (lambda v: v["sections"][1].update(drops={"bass": [[2, 2]]}), r"0 to 8. .*\[2, 2\]"),
        (lambda v: v["sections"][1].update(drops={"bas": [[0, 1]]}), "Did you mean 'bass'"),
        (lambda v: v.update(sections=[]), "p: sections must have at least one item"),
        (lambda v: v.update(sections=None), "p: sections must be a list of items. Received: None"),
        (lambda v: v.update(sections=["intro"]), "section 1 must be a mapping"),
        (lambda v: v.update(parts="drums"), "parts must be a mapping.*Received: 'drums'"),
        (
            lambda v: v["parts"].pop("bass"),
            "a plan needs the parts drums, bass, chords, melody. Received",
        ),
        (lambda v: v["parts"]["bass"].update(program=200), "at most 127. Received: 200"),
        (lambda v: v["parts"]["bass"].pop("over"), "bass follows chords and drums"),
        (
            lambda v: v["sections"][1].update(melody=["call", "reply"]),
            "section 2: a phrase is rest, or",
        ),
        (lambda v: v["sections"][1].update(melody=[]), "melody must have at least one item"),
        (lambda v: v["sections"][1].update(shift=7), "shift must be at least -6 and at most 6"),
        (
            lambda v: v["colour"].update(ninths=2),
            "p: colour: ninths must be at least 0 and at most 1",
        ),
        (lambda v: v.update(schema_version=9), "schema_version must be 1 to 2. Received: 9"),
        (lambda v: v.update(sections=5), "p: sections must be a list"),
    ],
)
def test_a_plan_that_is_none_is_refused(plan, change, message):
    values = plan.to_dict()
    change(values)
    with pytest.raises(LofiError, match=message):
        plan_of(values, "p")


@pytest.mark.parametrize(
    ("step", "swing", "expected"),
    [
        (1, 0.5, 1.0),
        (1, 2 / 3, 4 / 3),
        (2, 0.6, 2.0),
        (3, 0.6, 3.2),
        (1.5, 0.6, 1.6),
        (-1, 0.6, -0.8),
    ],
)
def test_swing_moves_every_second_sixteenth(step, swing, expected):
    assert swung(step, swing) == pytest.approx(expected)


def test_the_models_of_a_plan_make_what_their_parts_are(plan):
    check_models(plan)


@pytest.mark.parametrize(
    ("part", "model", "message"),
    [
        ("chords", "groovae_4bar", "model of chords: it must make chord progressions of four bars"),
        ("drums", "groove_humanize", "model of drums: it must make grooves of four bars"),
        ("drums", "cat-drums_2bar_small", "model of drums: it must make grooves of four bars"),
        ("bass", "cat-mel_2bar_small", "model of bass: it must make lines of two bars over chords"),
        ("melody", "lofi_chords", "model of melody: it must make lines of two bars over chords"),
        ("melody", "nonsense", "model of melody: no such folder, nor a model of that name"),
    ],
)
def test_a_model_of_other_music_is_refused(plan, part, model, message):
    parts = plan.parts | {part: dataclasses.replace(plan.parts[part], model=model)}
    with pytest.raises(LofiError, match=f"^{message}"):
        check_models(dataclasses.replace(plan, parts=parts))
