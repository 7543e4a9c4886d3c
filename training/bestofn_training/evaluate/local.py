"""The adapter of a run, asked on this machine. Importing this module needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from peft import PeftModel
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForCausalLM, AutoTokenizer

from bestofn.chat import Reply, Sampling

from ..data.rows import JudgeInput, RowWriter, read_rows
from ..errors import BadInput, BadRow
from ..models import Judge, Tokenising, TokenSettings
from ..models.loading import loading
from ..recipes import TINY, Recipe
from ..rollout.reward import Rewards, grade_reply
from ..rollout.run import replies_row
from ..trainer.processes import device_for

Way = Literal["written", "scored"]

VERDICT = "<selection>{place}</selection>"
"""What the judge's prompt asks for; scored as the whole reply."""

_TYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


@dataclass(frozen=True, kw_only=True)
class LocalJudge:
    """A trained judge, ready to answer.

    Attributes:
        judge: Model and adapter, in evaluation mode.
        tokenising: Its own.
    """

    judge: Judge
    tokenising: Tokenising

    @classmethod
    def load(cls, folder: Path, recipe: Recipe) -> LocalJudge:
        """What a run left.

        Args:
            folder: Of the run.
            recipe: Its recipe.

        Raises:
            BadInput: there is no adapter yet, or the model cannot be loaded.
        """
        adapter = folder / "adapter"
        if not adapter.is_dir():
            raise BadInput(
                "RUN", f"{folder} holds no adapter: training has not ended; give its command again"
            )
        part = recipe.model
        source = str(folder / "base") if part.name == TINY else part.name
        device = device_for(part.device)
        with loading("model.name", source):
            model = AutoModelForCausalLM.from_pretrained(
                source, dtype=_TYPES[part.dtype], attn_implementation=part.attention
            )
        with loading("RUN", adapter):
            tokenizer = AutoTokenizer.from_pretrained(adapter)
            adapted = PeftModel.from_pretrained(model, str(adapter))
        torch.nn.Module.to(adapted, device).eval()
        judge = Judge(
            adapted,
            compute=None if part.compute == "float32" else _TYPES[part.compute],
            chunk=part.chunk or None,
        )
        judge.check()
        settings = TokenSettings(
            context=recipe.data.context,
            template=part.template,
            end_of_turn=part.end_of_turn or None,
        )
        return cls(judge=judge, tokenising=Tokenising(tokenizer, settings))

    def write(self, row: JudgeInput, n: int, sampling: Sampling) -> list[Reply]:
        """Draw ``n`` replies with the model's own ``generate``.

        Raises:
            BadInput: the prompt leaves no room for a reply.
        """
        prompt = self.tokenising.prompt(row.prompt)
        room = self.tokenising.settings.context - len(prompt)
        if room < 1:
            raise BadInput("prompt", _too_long(len(prompt), self.tokenising.settings.context))
        longest = min(room, sampling.max_tokens or room)
        ids = torch.tensor([prompt], device=self.judge.device)
        model: Any = self.judge.model
        with torch.no_grad(), self.judge.computing():
            made = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                num_return_sequences=n,
                max_new_tokens=longest,
                eos_token_id=self.tokenising.end,
                pad_token_id=self.tokenising.padding,
                **_drawing(sampling),
            )
        return [self._reply(tokens) for tokens in made[:, len(prompt) :].tolist()]

    def score(self, row: JudgeInput) -> list[Reply]:
        """The likeliest of all verdicts, each taken as the whole reply; a tie is no verdict.

        Raises:
            BadInput: prompt and verdict do not fit into the context.
        """
        places = range(1, len(row.order) + 1)
        texts = [VERDICT.format(place=place) for place in places]
        try:
            replies = [self.tokenising.reply(row.prompt, text) for text in texts]
        except BadRow as error:
            raise BadInput("prompt", error.reason) from error
        tokens = [torch.tensor([*reply.prompt, *reply.reply]) for reply in replies]
        lengths = torch.tensor([len(reply) for reply in replies])
        started = torch.tensor([len(reply.prompt) for reply in replies])
        ids = pad_sequence(tokens, batch_first=True, padding_value=self.tokenising.padding)
        at = torch.arange(ids.shape[1])
        mask = at < lengths[:, None]
        completion = mask & (at >= started[:, None])
        device = self.judge.device
        with torch.no_grad():
            found = self.judge.log_probs(ids.to(device), mask.to(device), completion.to(device))
        sums = (found.values * found.mask).sum(dim=1).tolist()
        best = max(sums)
        if sums.count(best) > 1:
            return [Reply(text="", status="empty", error="verdicts are equally likely")]
        return [Reply(text=texts[sums.index(best)])]

    def _reply(self, tokens: Sequence[int]) -> Reply:
        end = self.tokenising.end
        ended = end in tokens
        kept = list(tokens[: tokens.index(end)] if ended else tokens)
        text = str(self.tokenising.tokenizer.decode(kept))
        return Reply(text=text, status="ok" if ended else "length")


def answer(
    local: LocalJudge,
    inputs: Path,
    output: Path,
    *,
    way: Way,
    n: int,
    sampling: Sampling,
    seed: int,
    on_input: Callable[[int], None],
) -> None:
    """Answer every input and write level and index of every reply.

    Args:
        local: The judge.
        inputs: Rows of :class:`~bestofn_training.data.JudgeInput`.
        output: The file of replies, seen whole or not at all.
        way: Whether replies are written, or verdicts scored.
        n: Replies to each input; scoring gives one.
        sampling: How they are drawn.
        seed: Of the draws; those of an input depend on nothing but it and the input's line.
        on_input: Hears how many inputs are done.

    Raises:
        BadRow: an input is broken or too long, naming file and row.
    """
    with RowWriter(output) as writer:
        for done, (row, replies) in enumerate(
            _answers(local, inputs, way, n, sampling, seed), start=1
        ):
            grades = [grade_reply(reply, row.right, len(row.order), Rewards()) for reply in replies]
            writer.add_object(replies_row(row, replies, grades))
            on_input(done)
        writer.keep()


def _answers(
    local: LocalJudge, inputs: Path, way: Way, n: int, sampling: Sampling, seed: int
) -> Iterator[tuple[JudgeInput, list[Reply]]]:
    for line, row in read_rows(inputs, JudgeInput):
        torch.manual_seed(1_000_003 * seed + line)
        try:
            replies = local.score(row) if way == "scored" else local.write(row, n, sampling)
        except BadInput as error:
            if error.field != "prompt":
                raise
            raise BadRow(inputs, line, "prompt", error.message) from error
        yield row, replies


def _drawing(sampling: Sampling) -> dict[str, Any]:
    """The settings of ``generate``, which insists on floats; what is left open is not cut."""

    def number(value: float | None) -> float:
        return 1.0 if value is None else float(value)

    penalty = {"repetition_penalty": number(sampling.repetition_penalty)}
    if sampling.temperature == 0:
        return {"do_sample": False, **penalty}
    return {
        "do_sample": True,
        "temperature": number(sampling.temperature),
        "top_p": number(sampling.top_p),
        "top_k": sampling.top_k or 0,
        **penalty,
    }


def _too_long(tokens: int, context: int) -> str:
    return (
        f"has {tokens} tokens, which leaves no room for a reply in a context of {context}; leave "
        "the row out or train with a longer context"
    )
