"""Telling people apart: precision, recall and F1 on sets whose truth is known, and speed, with Splink and recordlinkage
on the same records in the same run.

Nobody is shown the truth. Our weights, and the bands of the catalogue, were made with other seeds of the synthetic set
than those used here, and no FEBRL label was used for anything. Splink is given our normalised columns and our keys as
blocking rules; its result at 0.5 is printed, and the best it could reach had somebody chosen its threshold by the truth.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from bench.row import Row
from luoshi.records.matching import Matcher, scheme
from luoshi.simulate.identities import labelled, population, table, written_again

Pairs = set[tuple[int, int]]
PERSONS = 10_000
SEED = 20_260  # not one of those the bands were chosen with
ARRIVALS = 20_000


def rows(residents: int) -> Iterator[Row]:
    """F1 (unit `F1`, more is better, so a ratio above 1 beats the best peer), then seconds."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    for difficulty in ("easy", "medium", "hard"):
        yield from _chinese(difficulty)
    for number in (1, 2, 3, 4):
        yield from _febrl(number)
    yield from _speed(residents)


def quality(found: Pairs, truth: Pairs) -> tuple[float, float, float]:
    """Precision, recall and F1 of pairs."""
    right = len(found & truth)
    precision, recall = right / max(len(found), 1), right / max(len(truth), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)


def at(scored: dict[tuple[int, int], float], threshold: float) -> Pairs:
    """Pairs of at least that probability."""
    return {pair for pair, probability in scored.items() if probability >= threshold}


def _ours(
    matcher: Matcher, left: pa.Table, right: pa.Table | None = None
) -> tuple[dict[tuple[int, int], float], pa.Table]:
    matcher.learn_from(left, right)
    found = matcher.within(left, least=0.01) if right is None else matcher.between(left, right, least=0.01)
    columns = (found.column(name).to_pylist() for name in ("left", "right", "probability"))
    return {(a, b): p for a, b, p in zip(*columns, strict=True)}, found


def _best(scored: dict[tuple[int, int], float], truth: Pairs) -> float:
    """The best F1 any threshold could give."""
    ordered = sorted(scored.items(), key=lambda item: -item[1])
    right, best = 0, 0.0
    for number, (pair, _) in enumerate(ordered, 1):
        right += pair in truth
        best = max(best, 2 * right / (number + len(truth)))
    return best


def _row(name: str, scored: dict[tuple[int, int], float], peers: dict[str, dict[tuple[int, int], float]], truth: Pairs,
         more: str) -> Row:  # fmt: skip
    told = quality(at(scored, 0.5), truth)
    reached = {peer: quality(at(theirs, 0.5), truth)[2] for peer, theirs in peers.items()}
    if "Splink" in peers:
        reached["Splink, best threshold by the truth"] = _best(peers["Splink"], truth)
    ours, theirs = told[2], max(reached.values())
    size = f"precision {told[0]:.4f}, recall {told[1]:.4f}; {more}"
    return Row(name, ours, theirs, peers=reached, size=size, unit="F1")


def _chinese(difficulty: str) -> Iterator[Row]:
    made = labelled(PERSONS, difficulty=difficulty, seed=SEED)
    truth, matcher = made.pairs, Matcher(scheme("cn"))
    start = time.perf_counter()
    scored, found = _ours(matcher, made.rows)
    taken = time.perf_counter() - start
    band = found.column("band").to_pylist()
    ids = list(zip(found.column("left").to_pylist(), found.column("right").to_pylist(), strict=True))
    same = {pair for pair, b in zip(ids, band, strict=True) if b == "same"}
    review = {pair for pair, b in zip(ids, band, strict=True) if b == "review"}
    start = time.perf_counter()
    theirs = _splink_chinese(matcher)
    splink_taken = time.perf_counter() - start
    more = (
        f"band same {len(same):,} (precision {quality(same, truth)[0]:.4f}), review {len(review):,} "
        f"({len(review & truth):,} true); {len(made.person):,} records, {len(truth):,} true pairs; "
        f"{taken:.1f} s, Splink {splink_taken:.1f} s"
    )
    peers = {"Splink": theirs, "recordlinkage": _recordlinkage_chinese(matcher)}
    yield _row(f"matching: Chinese, {difficulty}", scored, peers, truth, more)


def _frame(matcher: Matcher, side: str = "a") -> Any:
    """Our normalised columns, as a data frame."""
    return matcher.connection.execute(f"SELECT * FROM prepared_{side} ORDER BY rid").df()


def _splink(frames: list[Any], settings: Any, rules: list[Any], training: list[Any]) -> dict[tuple[int, int], float]:
    from splink import DuckDBAPI, Linker

    backend = DuckDBAPI()
    tables = [backend.register(frame, dataset_display_name=f"t{i}") for i, frame in enumerate(frames)]
    linker = Linker(tables if len(tables) > 1 else tables[0], settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(rules, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    pairs = zip(found["rid_l"], found["rid_r"], found["match_probability"], strict=True)
    return {(min(int(a), int(b)), max(int(a), int(b))): float(p) for a, b, p in pairs}


def _splink_chinese(matcher: Matcher) -> dict[tuple[int, int], float]:
    import splink.comparison_level_library as levels
    import splink.comparison_library as compare
    from splink import SettingsCreator, block_on

    frame = _frame(matcher)
    name = compare.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            levels.NullLevel("name"),
            levels.ExactMatchLevel("name", term_frequency_adjustments=True),
            levels.ExactMatchLevel("name_p", term_frequency_adjustments=True),
            levels.ExactMatchLevel("name_f"),
            levels.JaroWinklerLevel("name_p", 0.9),
            levels.ExactMatchLevel("name_s"),
            levels.ElseLevel(),
        ],
    )
    place = compare.CustomComparison(
        output_column_name="place",
        comparison_levels=[
            levels.NullLevel("place"),
            levels.And(levels.ExactMatchLevel("place_a"), levels.ExactMatchLevel("place_d")),
            levels.And(levels.ExactMatchLevel("place_h"), levels.ExactMatchLevel("place_d")),
            levels.ExactMatchLevel("place_d"),
            levels.ExactMatchLevel("place_9"),
            levels.ExactMatchLevel("place_6"),
            levels.ElseLevel(),
        ],
    )
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rid",
        comparisons=[
            name,
            compare.ExactMatch("sex"),
            compare.DamerauLevenshteinAtThresholds("birth", [1, 2]),
            compare.DamerauLevenshteinAtThresholds("id", [1, 2]),
            compare.DamerauLevenshteinAtThresholds("phone", [1]),
            place,
            compare.DamerauLevenshteinAtThresholds("mother", [2]),
            compare.ExactMatch("record"),
            compare.ExactMatch("household"),
            compare.ExactMatch("other"),
            compare.ExactMatch("twin"),
        ],
        blocking_rules_to_generate_predictions=[block_on(*key) for key in scheme("cn").keys],
        retain_intermediate_calculation_columns=False,
    )
    sure = [block_on("id"), block_on("name", "birth", "phone"), block_on("name", "birth", "place_a")]
    training = [block_on("name_p", "birth_y"), block_on("birth", "sex"), block_on("phone", "sex"), block_on("id")]
    return _splink([frame], settings, sure, training)


def _recordlinkage_chinese(matcher: Matcher) -> dict[tuple[int, int], float]:
    frame = _frame(matcher).set_index("rid")
    keys = [
        ["id"],
        ["name_p", "birth"],
        ["birth", "name_s"],
        ["phone"],
        ["name_p", "place_9"],
        ["birth", "sex", "place_9"],
    ]
    compared = [
        ("exact", "name"), ("string", "name_p"), ("exact", "sex"), ("string", "birth"), ("string", "id"),
        ("exact", "phone"), ("exact", "place_a"), ("exact", "place_9"), ("exact", "household"), ("exact", "mother"),
    ]  # fmt: skip
    return _recordlinkage(frame, None, keys, compared)


def _recordlinkage(
    left: Any, right: Any, keys: list[list[str]], compared: list[tuple[str, str]]
) -> dict[tuple[int, int], float]:
    """The toolkit's own unsupervised classifier, expectation and maximisation over binary agreement."""
    import recordlinkage

    indexer = recordlinkage.Index()
    for key in keys:
        indexer.block(key)
    pairs = indexer.index(left) if right is None else indexer.index(left, right)
    compare = recordlinkage.Compare()
    for kind, column in compared:
        if kind == "exact":
            compare.exact(column, column, label=f"{kind} {column}")
        else:
            compare.string(column, column, method="jarowinkler", threshold=0.92, label=f"{kind} {column}")
    features = compare.compute(pairs, left) if right is None else compare.compute(pairs, left, right)
    classifier = recordlinkage.ECMClassifier()
    classifier.fit(features)
    believed = classifier.prob(features)
    return {(min(int(a), int(b)), max(int(a), int(b))): float(p) for (a, b), p in believed.items()}


def _febrl(number: int) -> Iterator[Row]:
    """One of the four sets the toolkit carries: three to find doubles in, one of two files to join."""
    import recordlinkage.datasets as sets

    spec = scheme("western")
    if number < 4:
        frame, links = getattr(sets, f"load_febrl{number}")(return_links=True)
        place = {name: i for i, name in enumerate(frame.index)}
        truth = {(min(place[a], place[b]), max(place[a], place[b])) for a, b in links}
        frames = [frame]
    else:
        one, two, links = sets.load_febrl4(return_links=True)
        place = {name: i for i, name in enumerate([*one.index, *two.index])}
        truth = {(place[a], place[b]) for a, b in links}
        frames = [one, two]
    given, first = [], 0
    for frame in frames:
        columns = {c: pa.array([None if v != v else str(v) for v in frame[c]], pa.string()) for c in spec.columns}
        given.append(pa.table({"rid": pa.array(range(first, first + len(frame)), pa.int64()), **columns}))
        first += len(frame)
    matcher = Matcher(spec)
    start = time.perf_counter()
    scored, _ = _ours(matcher, given[0], given[1] if number == 4 else None)
    taken = time.perf_counter() - start
    ready = [_frame(matcher, side) for side in "ab"[: len(frames)]]
    start = time.perf_counter()
    theirs = _splink_febrl(ready)
    splink_taken = time.perf_counter() - start
    keys = [
        ["surname", "postcode"],
        ["given", "postcode"],
        ["birth"],
        ["number"],
        ["given", "surname"],
        ["suburb", "street"],
    ]
    compared = [("string", c) for c in ("given", "surname", "road", "building", "suburb", "birth", "number")]
    compared += [("exact", c) for c in ("street", "postcode", "state")]
    indexed = [frame.set_index("rid") for frame in ready]
    toolkit = _recordlinkage(indexed[0], indexed[1] if number == 4 else None, keys, compared)
    more = f"{first:,} records, {len(truth):,} true pairs; {taken:.1f} s, Splink {splink_taken:.1f} s"
    yield _row(f"matching: FEBRL {number}", scored, {"Splink": theirs, "recordlinkage": toolkit}, truth, more)


def _splink_febrl(frames: list[Any]) -> dict[tuple[int, int], float]:
    import splink.comparison_library as compare
    from splink import SettingsCreator, block_on

    settings = SettingsCreator(
        link_type="dedupe_only" if len(frames) == 1 else "link_only",
        unique_id_column_name="rid",
        comparisons=[
            compare.NameComparison("given"),
            compare.NameComparison("surname"),
            compare.DamerauLevenshteinAtThresholds("birth", [1, 2]),
            compare.DamerauLevenshteinAtThresholds("number", [1, 2]),
            compare.DamerauLevenshteinAtThresholds("street", [1]),
            compare.JaroWinklerAtThresholds("road", [0.9, 0.78]).configure(term_frequency_adjustments=True),
            compare.JaroWinklerAtThresholds("building", [0.9, 0.78]).configure(term_frequency_adjustments=True),
            compare.JaroWinklerAtThresholds("suburb", [0.9, 0.78]).configure(term_frequency_adjustments=True),
            compare.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
            compare.ExactMatch("state"),
        ],
        blocking_rules_to_generate_predictions=[block_on(*key) for key in scheme("western").keys],
    )
    sure = [block_on("number"), block_on("given", "surname", "birth"), block_on("road", "suburb", "surname")]
    training = [block_on("birth"), block_on("given", "surname"), block_on("number")]
    return _splink(frames, settings, sure, training)


def _speed(residents: int) -> Iterator[Row]:
    """Seconds for a region matched in itself, and arrivals in sets of 5,000 against all of it."""
    people = population(residents, seed=SEED)
    known = table(people)
    step = max(1, len(people) // ARRIVALS)
    again = [written_again(people[i], difficulty="medium", seed=i) for i in range(0, len(people), step)][:ARRIVALS]
    matcher = Matcher(scheme("cn"), memory="2GB", threads=2)
    sample = known.take(list(range(0, len(people), max(1, len(people) // 100_000))))
    both = pa.concat_tables([sample, table(again, first=10**9)])
    start = time.perf_counter()
    matcher.learn_from(both)
    learned = time.perf_counter() - start
    start = time.perf_counter()
    found = matcher.within(known).num_rows
    taken = time.perf_counter() - start
    size = f"{residents:,} residents, {found:,} pairs in the two upper bands, learning from {both.num_rows:,} {learned:.1f} s"
    yield Row("matching: a region in itself", taken, size=size)
    matcher.keep(known)
    start, worked = time.perf_counter(), time.process_time()
    for first in range(0, len(again), 5_000):
        matcher.arrive(table(again[first : first + 5_000], first=10**9 + first))
    taken, worked = time.perf_counter() - start, time.process_time() - worked
    size = f"{len(again):,} arrivals in sets of 5,000 against {residents:,}; {len(again) / worked:,.0f} a second of processor"
    yield Row("matching: arrivals a second", len(again) / taken, size=size, unit="/s")
