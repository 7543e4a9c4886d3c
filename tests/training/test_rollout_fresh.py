"""Rows that were sampled from judge inputs which have been made anew since."""

from __future__ import annotations

import pytest
from bestofn_training.data import DataSettings, RandomSplit, build
from bestofn_training.errors import BadData
from bestofn_training.recipes import check_files, parse_recipe
from bestofn_training.rollout import RolloutSettings, rollout

from bestofn.backends import OpenAIBackend
from bestofn.benchmarks import shipped
from bestofn.testing import FaultyServer, judging


def test_rows_of_other_inputs_than_those_beside_them_are_refused(tmp_path):
    record = {"loss": {"kind": "sft"}, "weights": {"kind": "none"}}
    files = {"folder": str(tmp_path), "lower": "lower.sft.jsonl"}
    recipe = parse_recipe({**record, "data": files})

    def sample() -> None:
        with FaultyServer(answer=judging("random")).in_process() as server:
            backend = OpenAIBackend("judge", base_url=server.url)
            rollout(tmp_path / "lower.jsonl", backend, tmp_path, settings=RolloutSettings(n=6))

    build([shipped.load(limit=6)], RandomSplit(), tmp_path)
    sample()
    rows = check_files(recipe)["lower"].rows
    build([shipped.load(limit=6)], RandomSplit(), tmp_path)  # the same files again
    assert check_files(recipe)["lower"].rows == rows
    assert "Out of date" not in (tmp_path / "card.md").read_text()
    build([shipped.load(limit=6)], RandomSplit(), tmp_path, settings=DataSettings(seed=1))
    with pytest.raises(
        BadData, match=r"lower: .*lower\.sft\.jsonl was made from other judge inputs"
    ):
        check_files(recipe)
    assert "Out of date" in (tmp_path / "card.md").read_text()
    sample()
    check_files(recipe)
    assert "Out of date" not in (tmp_path / "card.md").read_text()


def test_a_card_of_somebody_else_says_nothing_about_rows(tmp_path):
    (tmp_path / "card.json").write_text('{"model": "card"}')
    build([shipped.load(limit=6)], RandomSplit(), tmp_path / "data")
    (tmp_path / "data" / "lower.jsonl").rename(tmp_path / "lower.jsonl")
    record = {"loss": {"kind": "grpo"}, "weights": {"kind": "none"}}
    files = {"folder": str(tmp_path), "lower": "lower.jsonl"}
    assert check_files(parse_recipe({**record, "data": files}))["lower"].rows
